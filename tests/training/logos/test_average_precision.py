"""Our average precision is COCO's, and its interval comes from the pictures."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from faster_coco_eval import COCO
from faster_coco_eval import COCOeval_faster as CocoEvaluation

from training.data.pictures import LogoBox
from training.logos.average_precision import (
    Found,
    Scored,
    average_precision,
    mean_average_precision,
    operating_point,
    resampled,
)

LABELS = ("nike", "puma", "vmware")


def random_pictures(seed: int, count: int = 40) -> list[Scored]:
    """Boxes found roughly where they are, some missed, some made up, some to be ignored."""
    rng = np.random.default_rng(seed)
    pictures = []
    for number in range(count):
        marked, found = [], []
        for _ in range(rng.integers(0, 4)):
            x, y, w, h = rng.uniform(0, 300), rng.uniform(0, 300), rng.uniform(20, 120), rng.uniform(20, 120)
            label = str(rng.choice(LABELS))
            marked.append(LogoBox(label, x, y, w, h, ignore=bool(rng.random() < 0.15)))
            for _ in range(rng.integers(0, 3)):
                dx, dy, dw, dh = rng.normal(0, 0.12, 4) * (w, h, w, h)
                guess = label if rng.random() < 0.8 else str(rng.choice(LABELS))
                corners = (x + dx, y + dy, x + dx + w + dw, y + dy + h + dh)
                found.append(Found(guess, float(rng.random()), corners))
        if rng.random() < 0.3:
            found.append(Found(str(rng.choice(LABELS)), float(rng.random()), (10.0, 10.0, 60.0, 60.0)))
        pictures.append(Scored(tuple(found), tuple(marked), f"group{number // 3}"))
    return pictures


def coco_map(pictures: list[Scored]) -> tuple[float, float]:
    """At IoU .5 and at .75."""
    truth = {
        "images": [{"id": number, "width": 500, "height": 500} for number in range(len(pictures))],
        "categories": [{"id": number, "name": label} for number, label in enumerate(LABELS)],
        "annotations": [],
    }
    results = []
    for number, picture in enumerate(pictures):
        for box in picture.marked:
            truth["annotations"].append(
                {
                    "id": len(truth["annotations"]) + 1,
                    "image_id": number,
                    "category_id": LABELS.index(box.label),
                    "bbox": [box.x, box.y, box.width, box.height],
                    "area": box.width * box.height,
                    "iscrowd": 0,
                }
            )
        for found in picture.found:
            x1, y1, x2, y2 = found.corners
            results.append(
                {
                    "image_id": number,
                    "category_id": LABELS.index(found.label),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "score": found.score,
                }
            )
    with redirect_stdout(io.StringIO()):
        coco = COCO(truth)
        evaluation = CocoEvaluation(coco, coco.loadRes(results), "bbox")
        evaluation.run()
    return float(evaluation.stats[1]), float(evaluation.stats[2])


def without_ignored(pictures: list[Scored]) -> list[Scored]:
    return [
        Scored(picture.found, tuple(box for box in picture.marked if not box.ignore), picture.group)
        for picture in pictures
    ]


@pytest.mark.parametrize("seed", range(5))
def test_equals_faster_coco_eval(seed: int) -> None:
    pictures = without_ignored(random_pictures(seed))
    ours = [mean_average_precision(pictures, draws=10, needed=needed).value for needed in (0.5, 0.75)]
    assert ours == pytest.approx(coco_map(pictures), abs=1e-3)


def test_a_detection_on_an_ignored_box_counts_as_nothing() -> None:
    box = (10.0, 10.0, 40.0, 40.0)
    hit = Scored((Found("nike", 0.5, box),), (LogoBox("nike", 10, 10, 30, 30),), "a")
    doubtful = Scored((Found("nike", 0.9, box),), (LogoBox("nike", 10, 10, 30, 30, ignore=True),), "b")
    assert average_precision([hit, doubtful], "nike") == pytest.approx(1.0)
    wrong = Scored((Found("nike", 0.9, (200.0, 200.0, 240.0, 240.0)),), (), "c")
    assert average_precision([hit, wrong], "nike") == pytest.approx(0.5)
    point = operating_point([hit, doubtful, wrong], {"nike": 0.0})
    assert (point.hits, point.false, point.missed) == (1, 1, 0)


def test_a_second_detection_of_one_logo_is_false() -> None:
    box = (10.0, 10.0, 40.0, 40.0)
    twice = Scored(
        (Found("nike", 0.9, box), Found("nike", 0.8, box)), (LogoBox("nike", 10, 10, 30, 30),), "a"
    )
    point = operating_point([twice], {"nike": 0.5})
    assert (point.hits, point.false, point.missed) == (1, 1, 0)
    assert average_precision([twice], "nike") == pytest.approx(1.0)


def test_the_interval_holds_the_value_and_narrows_with_more_pictures() -> None:
    few, many = (mean_average_precision(random_pictures(1, count), draws=200) for count in (20, 400))
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low


def test_the_threshold_trades_recall_for_precision() -> None:
    pictures = random_pictures(3, 200)
    loose, strict = (operating_point(pictures, dict.fromkeys(LABELS, score)) for score in (0.1, 0.8))
    assert strict.recall < loose.recall
    assert loose.hits + loose.missed == strict.hits + strict.missed


def test_every_draw_has_as_many_groups_as_there_are() -> None:
    member, times = resampled(["b", "a", "b", "c"], draws=200, seed=1)
    assert member.tolist() == [1, 0, 1, 2]
    assert times.shape == (200, 3)
    assert (times.sum(1) == 3).all()
    assert np.abs(times.mean(0) - 1).max() < 0.2, "each is drawn once on average"
    assert (times == resampled(["b", "a", "b", "c"], draws=200, seed=1)[1]).all()
    assert (times != resampled(["b", "a", "b", "c"], draws=200, seed=2)[1]).any()
