"""Canvases show what their boxes say, whatever was turned, stretched and recoloured on the way."""

import numpy as np

from training.data.pictures import AnnotatedPicture
from training.logos.canvases import VMWARE_WORDMARK, Canvas, CanvasMix, CanvasSource, draw_svg
from training.logos.dense_loss import LOGO_RANGE, targets_of
from training.logos.dense_network import STRIDE


def drawn_canvases(pictures: list[AnnotatedPicture], labels: tuple[str, ...], mix: CanvasMix) -> list[Canvas]:
    source = CanvasSource(pictures, labels, mix, np.random.default_rng(3))
    return [source.draw() for _ in range(60)]


def test_boxes_follow_the_logos(drawn: list[AnnotatedPicture]) -> None:
    """Red stands out of the grey inside the disc's boxes and nowhere else."""
    canvases = drawn_canvases(drawn, ("bar", "disc"), CanvasMix(background=0.0))
    seen = 0
    for canvas in canvases:
        redness = canvas.pixels[:, :, 2].astype(int) - canvas.pixels[:, :, :2].max(2)
        for (x1, y1, x2, y2), label in zip(canvas.boxes, canvas.labels, strict=True):
            width, height = x2 - x1, y2 - y1
            if label != 1 or min(x1, y1) < 2 or max(x2, y2) > 158 or redness.max() < 60:
                continue
            seen += 1
            rows, columns = np.nonzero(redness > 0.6 * redness.max())
            found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert np.abs(found - [x1, y1, x2, y2]).max() < 4 + 0.08 * max(width, height)
    assert seen > 10


def test_logos_come_at_a_windows_size(drawn: list[AnnotatedPicture]) -> None:
    for canvas in drawn_canvases(drawn, ("bar", "disc"), CanvasMix(background=0.0)):
        assert canvas.pixels.shape == (160, 160, 3)
        sides = (canvas.boxes[:, 2:] - canvas.boxes[:, :2]).max(1)
        assert (sides < 175).all()
        assert len(canvas.boxes) > 0


def test_backgrounds_show_no_marked_logo(drawn: list[AnnotatedPicture]) -> None:
    without = [picture for picture in drawn if not picture.boxes] + drawn[:1]
    canvases = drawn_canvases(without, ("disc",), CanvasMix(background=1.0))
    assert sum(len(canvas.boxes) == 0 for canvas in canvases) > 30


def test_the_wordmark_is_drawn_where_its_box_is(drawn: list[AnnotatedPicture]) -> None:
    wordmark = draw_svg(VMWARE_WORDMARK, 256)
    assert wordmark.shape[1] == 256
    assert 0.2 < (wordmark[:, :, 3] > 128).mean() < 0.8
    grey = [picture for picture in drawn if not picture.boxes] + drawn[:1]
    canvases = drawn_canvases(grey, ("disc", "vmware"), CanvasMix(background=1.0, wordmark=1.0))
    for canvas in canvases:
        (box,) = canvas.boxes[canvas.labels == 1]
        x1, y1, x2, y2 = box.astype(int)
        inside = canvas.pixels[max(y1, 0) : y2 + 1, max(x1, 0) : x2 + 1].astype(int)
        assert inside.std(axis=(0, 1)).max() > 8, "letters stand out"


def test_false_alarms_come_back_as_background(drawn: list[AnnotatedPicture]) -> None:
    source = CanvasSource(
        drawn, ("bar", "disc"), CanvasMix(background=1.0, mined=1.0), np.random.default_rng(0)
    )
    number = next(n for n, picture in enumerate(drawn) if not picture.boxes)
    source.learn_false_alarms([(number, 120.0, 90.0, 60.0)])
    assert all(len(source.draw().boxes) == 0 for _ in range(20))


def test_window_centres_are_assigned_by_size() -> None:
    pixels = np.zeros((160, 160, 3), np.uint8)
    boxes = np.array([[20, 20, 84, 52], [100, 100, 120, 120], [90, 10, 150, 70]], np.float32)
    targets = targets_of([Canvas(pixels, boxes, np.array([1, 0, -1]))])
    state = targets.state[0].reshape(20, 20)
    row, column = 36 // STRIDE, 52 // STRIDE
    assert state[row, column] == 1
    assert targets.brand[0].reshape(20, 20)[row, column] == 1
    x, y = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
    left, top, right, bottom = targets.distances[0].reshape(20, 20, 4)[row, column].tolist()
    assert (x - left, y - top, x + right, y + bottom) == (20, 20, 84, 52)
    assert state[110 // STRIDE, 110 // STRIDE] == -1, (
        f"20 px is under {LOGO_RANGE[0]}: left to a larger level"
    )
    assert state[40 // STRIDE, 120 // STRIDE] == -1, "ignored boxes are open"
    assert state[150 // STRIDE, 20 // STRIDE] == 0
    assert set(state[20 // STRIDE : 52 // STRIDE + 1, 20 // STRIDE].tolist()) == {0}, "the rim is background"
