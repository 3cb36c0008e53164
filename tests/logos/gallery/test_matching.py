"""A box gets the brand that exceeds its threshold most, or none; of two finds of one box one stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.logos.evidence import Look
from monitor.logos.gallery.embedder import unit
from monitor.logos.gallery.entries import Calibration, Gallery, GalleryEntry
from monitor.logos.gallery.matching import WEAKEST_STRENGTH, Matcher, merge
from monitor.messages import Box

CALIBRATION = Calibration(
    false_alarm_rate=0.001,
    confidence=0.9,
    proposals=10,
    negatives=1000,
    nearest_negative=0.5,
    method="order-statistic",
    margin=0.1,
)


def entry(brand: str, embeddings: list[list[float]], threshold: float) -> GalleryEntry:
    rows = unit(np.array(embeddings, np.float32))
    return GalleryEntry(brand=brand, embeddings=rows, threshold=threshold, calibration=CALIBRATION)


def find(brand: str, score: float, x: float, threshold: float = 0.5, width: float = 0.2) -> Look:
    return Look(brand, score, threshold, Box(x, 0.1, width, 0.2))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 12))
def test_similarity_is_that_of_the_nearest_reference(seed: int, brands: int, boxes: int) -> None:
    rng = np.random.default_rng(seed)
    entries = tuple(
        entry(f"brand {number}", rng.normal(0, 1, (int(rng.integers(1, 5)), 8)).tolist(), 0.6)
        for number in range(brands)
    )
    embeddings = unit(rng.normal(0, 1, (boxes, 8)).astype(np.float32))
    matcher = Matcher(Gallery(version=1, entries=entries))
    similarities = matcher.similarities(embeddings)
    assert similarities.shape == (boxes, brands)
    for number, one in enumerate(entries):
        for place in range(boxes):
            nearest = max(float(embeddings[place] @ row) for row in one.embeddings)
            assert similarities[place, number] == pytest.approx(nearest, abs=1e-5)
    weakest = 0.6 + WEAKEST_STRENGTH * 0.4
    for row, matches in zip(similarities, matcher.match(embeddings), strict=True):
        assert [similarity for _, similarity in matches] == sorted(row[row >= weakest].tolist(), reverse=True)
        for one, similarity in matches:
            assert similarity == row[int(one.brand.removeprefix("brand "))]


def test_the_brand_that_exceeds_its_threshold_most_comes_first_not_the_one_most_alike() -> None:
    gallery = Gallery(
        version=1, entries=(entry("strict", [[1, 0.1]], 0.98), entry("lenient", [[1, -0.3]], 0.5))
    )
    (matches,) = Matcher(gallery).match(unit(np.array([[1, 0]], np.float32)))
    assert [one.brand for one, _ in matches] == ["lenient", "strict"]


def test_an_empty_gallery_matches_nothing() -> None:
    assert Matcher(Gallery()).match(np.eye(3, dtype=np.float32)) == [[], [], []]
    assert (
        Matcher(Gallery(version=1, entries=(entry("a", [[1, 0]], 0.5),))).match(np.empty((0, 2), np.float32))
        == []
    )


def names(looks: tuple[Look, ...]) -> list[str]:
    return [look.brand for look in looks]


@pytest.mark.parametrize(
    ("trained", "matched", "winner"),
    [
        ((0.9, 0.5), (0.8, 0.7), "trained"),  # .8 of the way to certainty against .33
        ((0.62, 0.58), (0.8, 0.6), "matched"),  # .1 against .5
        ((0.75, 0.5), (0.75, 0.5), "trained"),  # a draw
    ],
)
def test_of_two_names_for_one_box_the_stronger_stays(
    trained: tuple[float, float], matched: tuple[float, float], winner: str
) -> None:
    kept = merge(
        [find("trained", trained[0], 0.1, trained[1]), find("matched", matched[0], 0.11, matched[1])],
        0.45,
        0.8,
    )
    assert names(kept) == [winner]


def test_half_of_a_matched_logo_is_no_second_one_but_another_place_is() -> None:
    whole, half, elsewhere = (
        find("A", 0.9, 0.1, width=0.4),
        find("A", 0.8, 0.1, width=0.12),
        find("A", 0.7, 0.7),
    )
    assert [one.score for one in merge([half, whole, elsewhere], 0.45, 0.8)] == [0.9, 0.7]


def test_a_match_inside_another_brands_box_stays() -> None:
    """A sponsor's mark on a shirt maker's."""
    kept = merge([find("shirt", 0.9, 0.1, width=0.8), find("sponsor", 0.8, 0.3)], 0.45, 0.8)
    assert names(kept) == ["shirt", "sponsor"]
