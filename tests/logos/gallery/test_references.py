"""Reference files: every kind a brand's people have, cut to the logo; what cannot serve is told why."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.logos.crops import CropGeometry
from monitor.logos.gallery.references import LONGEST_KEPT, parse_box, read_reference, stored_reference
from monitor.logos.gallery.views import scenes, sheet, views
from tests.pictures.writing import exif_block, with_exif

SAMPLES = Path(__file__).parents[3] / "samples"


def written(path: Path, pixels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def disc(width: int = 200, height: int = 160, channels: int = 4) -> np.ndarray:
    """A red disc of 80 px at (100, 80), on nothing or on white."""
    pixels = np.full((height, width, channels), 255, np.uint8)
    if channels == 4:
        pixels[:] = 0
    colour = (0, 0, 220, 255)[:channels]
    cv2.circle(pixels, (100, 80), 40, colour, -1)
    return pixels


@pytest.mark.parametrize("name", ["logo.png", "logo.webp"])
def test_transparent_pictures_are_cut_to_what_is_opaque(tmp_path: Path, name: str) -> None:
    reference = read_reference(written(tmp_path / name, disc()))
    left, top, right, bottom = reference.box
    assert reference.transparent
    assert right - left == pytest.approx(81, abs=2)
    assert bottom - top == pytest.approx(81, abs=2)
    assert reference.pixels[(top + bottom) // 2, (left + right) // 2, 2] > 200


@pytest.mark.parametrize("name", ["logo.png", "logo.webp"])
def test_a_turned_logo_is_upright_with_its_transparency(tmp_path: Path, name: str) -> None:
    """And a box is in pixels as they are seen."""
    lying = np.zeros((160, 200, 4), np.uint8)
    lying[60:100, 50:150] = (0, 0, 220, 255)
    stored = written(tmp_path / name, lying)
    stored.write_bytes(with_exif(stored.read_bytes(), exif_block({0x0112: 6})))
    for reference in (read_reference(stored), read_reference(stored, (60, 50, 100, 150))):
        left, top, right, bottom = reference.box
        assert (right - left, bottom - top) == pytest.approx((40, 100), abs=2)
        middle = reference.pixels[top + 3 : bottom - 3, left + 3 : right - 3]
        assert middle[..., 2].min() > 200
        assert middle[..., 3].min() == 255
        assert reference.pixels[0, 0, 3] == 0


@pytest.mark.parametrize("name", ["logo.png", "logo.jpg", "logo.webp"])
def test_a_plain_ground_is_cut_away(tmp_path: Path, name: str) -> None:
    reference = read_reference(written(tmp_path / name, disc(channels=3)))
    left, top, right, bottom = reference.box
    assert not reference.transparent
    assert right - left == pytest.approx(81, abs=8)
    assert bottom - top == pytest.approx(81, abs=8)


def test_16_bit_and_grey_pictures(tmp_path: Path) -> None:
    deep = read_reference(written(tmp_path / "deep.png", disc().astype(np.uint16) * 257))
    plain = read_reference(written(tmp_path / "plain.png", disc()))
    np.testing.assert_allclose(deep.pixels.astype(int), plain.pixels.astype(int), atol=1)
    grey = read_reference(written(tmp_path / "grey.png", disc(channels=3)[..., 0]))
    assert grey.pixels.shape[2] == 4


def test_drawings_are_drawn(tmp_path: Path) -> None:
    reference = read_reference(SAMPLES / "material" / "vmware.svg")
    assert reference.transparent
    assert max(reference.pixels.shape[:2]) == LONGEST_KEPT
    odd = tmp_path / "odd.svg"
    odd.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 99999"><path d="M0 9h1v99H0z"/></svg>'
    )
    with pytest.raises(SetupError, match=r"the logo is 1 x \d+ px"):
        read_reference(odd)


def test_a_box_says_where_a_photograph_shows_it(tmp_path: Path) -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    photograph[100:150, 200:300] = (200, 0, 0)
    reference = read_reference(written(tmp_path / "photo.png", photograph), (200, 100, 300, 150))
    left, top, right, bottom = reference.box
    assert (right - left, bottom - top) == (100, 50)
    assert (reference.pixels[top:bottom, left:right, :3] == (200, 0, 0)).all()
    assert reference.pixels.shape[1] == 150, "a quarter of its width beside it on either side"


def test_large_references_are_kept_small(tmp_path: Path) -> None:
    reference = read_reference(written(tmp_path / "large.png", cv2.resize(disc(), (4000, 3200))))
    assert max(reference.pixels.shape[:2]) == LONGEST_KEPT
    left, top, right, bottom = reference.box
    assert 0 <= left < right <= reference.pixels.shape[1]
    assert 0 <= top < bottom <= reference.pixels.shape[0]


@settings(deadline=None, max_examples=40)
@given(st.integers(21, 700), st.integers(8, 700), st.integers(0, 2**16))
def test_stored_references_come_back(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    reference = read_reference(written(tmp_path_factory.mktemp("stored") / "logo.png", pixels))
    back = stored_reference(reference.name, reference.sha256, reference.png(), reference.box)
    np.testing.assert_array_equal(back.pixels, reference.pixels)
    assert back.box == reference.box
    left, top, right, bottom = back.box
    assert 0 <= left < right <= back.pixels.shape[1]
    assert 0 <= top < bottom <= back.pixels.shape[0]


def test_a_long_thin_logo_is_stored_and_comes_back(tmp_path: Path) -> None:
    """Scaled down, its short side is under what publishers' pictures must have."""
    pixels = np.zeros((20, 3000, 4), np.uint8)
    pixels[5:15, 100:2900] = (0, 0, 200, 255)
    with pytest.raises(SetupError, match="it needs 20 px"):
        read_reference(written(tmp_path / "hair.png", pixels[:12]), (100, 5, 2900, 9))
    reference = read_reference(written(tmp_path / "thin.png", pixels))
    assert reference.pixels.shape[0] < 8
    back = stored_reference(reference.name, reference.sha256, reference.png(), reference.box)
    np.testing.assert_array_equal(back.pixels, reference.pixels)


OPAQUE = cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize("png", [b"", b"no picture", OPAQUE])
def test_a_damaged_stored_reference_is_told(png: bytes) -> None:
    with pytest.raises(SetupError, match=r"stored reference 'logo.png' is damaged"):
        stored_reference("logo.png", "00", png, (0, 0, 5, 5))


def faulty(folder: Path, kind: str) -> Path:
    path = folder / "logo.png"
    match kind:
        case "missing":
            return path
        case "empty":
            path.write_bytes(b"")
        case "words":
            path.write_text("a logo, honestly")
        case "cut off":
            path.write_bytes(cv2.imencode(".png", disc())[1].tobytes()[:300])
        case "see-through":
            written(path, np.zeros((100, 100, 4), np.uint8))
        case "one colour":
            written(path, np.full((100, 100, 3), 200, np.uint8))
        case "tiny":
            written(path, np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8))
        case "thin":
            line = np.zeros((100, 200, 4), np.uint8)
            line[50:53] = 255
            written(path, line)
        case "huge":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(21 * 2**20))
        case "broken svg":
            path.write_text("<svg oops")
        case "gif":
            path.write_bytes((SAMPLES / "broken" / "animation.gif").read_bytes())
        case "bomb":
            path.write_bytes((SAMPLES / "broken" / "huge-declared.png").read_bytes())
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "No such file"),
        ("empty", "0 bytes"),
        ("words", "no picture format known"),
        ("cut off", "ends early"),
        ("see-through", "every pixel is transparent"),
        ("one colour", "of one colour"),
        ("tiny", "12 x 12 px; it needs 20 px"),
        ("thin", "it needs 20 px on the long side and 5 on the short"),
        ("huge", "save it smaller"),
        ("broken svg", "the SVG cannot be drawn"),
        ("gif", "GIF"),
        ("bomb", "pixels"),
    ],
)
def test_what_cannot_serve_is_told_with_the_file(tmp_path: Path, kind: str, says: str) -> None:
    with pytest.raises(SetupError, match=says) as refusal:
        read_reference(faulty(tmp_path, kind))
    assert "logo.png" in str(refusal.value)


def test_boxes_are_read_and_wrong_ones_told(tmp_path: Path) -> None:
    assert parse_box("10,20,30,40") == (10, 20, 40, 60)
    assert parse_box(" whole ") is None
    for wrong in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,2,3,4", "1,2,0,4", "1.5,2,3,4"):
        with pytest.raises(SetupError, match=r"write x,y,w,h"):
            parse_box(wrong)
    with pytest.raises(SetupError, match="the picture has 200 x 160 px"):
        read_reference(written(tmp_path / "p.png", disc(channels=3)), (150, 100, 250, 150))


def test_views_show_the_logo_on_grounds_it_can_be_seen_on() -> None:
    geometry = CropGeometry()
    coloured = views(read_reference(SAMPLES / "material" / "cocacola.svg"), geometry)
    assert len(coloured) >= 2
    assert {crops.shape for crops in coloured} == {(5, 128, 128, 3)}
    for crops in coloured:
        assert all(crop.std() > 10 for crop in crops), "logo and ground differ"
    photograph = read_reference(SAMPLES / "pictures" / "vmware-wall.jpg", (100, 100, 300, 160))
    assert len(views(photograph, geometry)) == 1
    assert sheet(photograph, geometry).shape == (128, 640, 3)


def test_scenes_hold_the_logo_in_their_box() -> None:
    for picture, box in scenes(read_reference(SAMPLES / "material" / "nike.svg")):
        left, top, right, bottom = box.astype(int)
        height, width = picture.shape[:2]
        assert (right - left) / width == pytest.approx(1 / 3, abs=0.05)
        inside = picture[top:bottom, left:right]
        assert inside.std() > 20
        outside = picture.copy()
        outside[top - 1 : bottom + 1, left - 1 : right + 1] = picture[0, 0]
        assert (outside == picture[0, 0]).all()
        assert height >= bottom - top
