"""Whatever bytes a publisher sends become 8-bit BGR pixels or a `DataError` that says why."""

import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.errors import DataError, ErrorCode
from monitor.logos import Picture, decode_picture
from monitor.logos.decoding import decode_transparent
from monitor.pictures import pixels_alone, read_header
from tests.pictures.writing import exif_block, with_exif

RED_BGR = (30, 40, 200)


def decoded(data: bytes, *, max_bytes: int = 1_000_000, max_pixels: int = 1_000_000) -> Picture:
    return decode_picture(data, max_bytes=max_bytes, max_pixels=max_pixels)


def refusal(data: bytes, **limits: int) -> DataError:
    with pytest.raises(DataError) as caught:
        decoded(data, **limits)
    return caught.value


def photograph(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """Smooth colours, so that JPEG keeps them; the upper left quarter is red."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 200 // width, y * 200 // height, np.full_like(x, 60)], 2).astype(np.uint8)
    pixels[: height // 2, : width // 2] = RED_BGR
    return pixels


def encoded(extension: str, pixels: NDArray[np.generic], *options: int) -> bytes:
    return cv2.imencode(extension, pixels, list(options))[1].tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *between: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + body + png_chunk(b"IEND", b"")


def with_orientation(data: bytes, orientation: int) -> bytes:
    """The picture with EXIF's tag 0x0112 in it."""
    return with_exif(data, exif_block({0x0112: orientation}))


def cmyk_jpeg(cmyk: tuple[int, int, int, int]) -> bytes:
    """A baseline JPEG of one 8x8 block a component, four components, each flat (only the DC coefficient is
    coded)."""
    quantisers = b"\xff\xdb\x00\x43\x00" + bytes([4]) * 64  # one unit of DC is half a grey level
    components = b"".join(bytes([number, 0x11, 0]) for number in range(1, 5))
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 8 + 12, 8, 8, 8, 4) + components
    dc = (
        b"\xff\xc4" + struct.pack(">HB", 2 + 17 + 1, 0x00) + bytes([1] + [0] * 15) + bytes([8])
    )  # code 0: 8 bits follow
    ac = (
        b"\xff\xc4" + struct.pack(">HB", 2 + 17 + 1, 0x10) + bytes([1] + [0] * 15) + bytes([0])
    )  # code 0: end of block
    scan = (
        b"\xff\xda"
        + struct.pack(">HB", 6 + 8, 4)
        + b"".join(bytes([n, 0]) for n in range(1, 5))
        + b"\0\x3f\0"
    )
    bits = ""
    for value in cmyk:
        level = 2 * (value - 128)
        assert 128 <= abs(level) <= 255, "the one Huffman code is for differences of 8 bits"
        bits += "0" + format(level if level > 0 else level + 255, "08b") + "0"
    bits += "1" * (-len(bits) % 8)
    entropy = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    adobe = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0\0"  # transform 0: CMYK, stored inverted
    return b"\xff\xd8" + adobe + quantisers + frame + dc + ac + scan + entropy + b"\xff\xd9"


@pytest.mark.parametrize(
    ("extension", "media_type"), [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp")]
)
def test_the_three_formats_decode(extension: str, media_type: str) -> None:
    picture = decoded(encoded(extension, photograph()))
    assert (picture.media_type, picture.width, picture.height) == (media_type, 64, 48)
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels[10, 10].astype(int) - RED_BGR).max() < 12


def test_progressive_jpeg() -> None:
    assert decoded(encoded(".jpg", photograph(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)).width == 64


def test_lossless_webp_with_alpha_is_put_on_white() -> None:
    transparent = np.dstack([photograph(), np.zeros((48, 64), np.uint8)])
    picture = decoded(encoded(".webp", transparent, cv2.IMWRITE_WEBP_QUALITY, 101))
    assert (picture.pixels == 255).all()


def test_sixteen_bit_png_keeps_its_tones() -> None:
    exact = photograph()
    assert (
        np.abs(decoded(encoded(".png", exact.astype(np.uint16) * 257)).pixels.astype(int) - exact).max() <= 1
    )


def test_grey_png_becomes_three_channels() -> None:
    assert decoded(encoded(".png", photograph()[:, :, 0])).pixels.shape == (48, 64, 3)


def test_palette_png() -> None:
    rows = b"".join(b"\0" + bytes([0] * 8 + [1] * 8) for _ in range(16))
    palette = png_chunk(b"PLTE", bytes([200, 40, 30, 10, 20, 250]))  # RGB
    pixels = decoded(png(16, 16, 8, 3, rows, palette)).pixels
    assert pixels[0, 0].tolist() == list(RED_BGR)
    assert pixels[0, 15].tolist() == [250, 20, 10]


def test_palette_png_with_a_transparent_colour_is_put_on_white() -> None:
    rows = b"".join(b"\0" + bytes([0] * 8 + [1] * 8) for _ in range(16))
    palette = png_chunk(b"PLTE", bytes([200, 40, 30, 10, 20, 250]))
    pixels = decoded(png(16, 16, 8, 3, rows, palette, png_chunk(b"tRNS", bytes([255, 0])))).pixels
    assert pixels[0, 0].tolist() == list(RED_BGR)
    assert pixels[0, 15].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_transparent_png_is_blended_onto_white(kind: type[np.unsignedinteger]) -> None:
    most = np.iinfo(kind).max
    pixels = np.zeros((16, 16, 4), kind)
    pixels[:, :8, 3], pixels[:, 8:, 3] = most, most // 2
    result = decoded(encoded(".png", pixels)).pixels
    assert result[0, 0].tolist() == [0, 0, 0]
    assert abs(int(result[0, 15, 0]) - 128) <= 1


def test_sixteen_bit_transparency_counts_twice() -> None:
    data = encoded(".png", np.zeros((20, 20, 4), np.uint16))
    assert decoded(data, max_pixels=800).width == 20
    assert "half of it" in refusal(data, max_pixels=799).detail


def test_a_large_transparent_picture_takes_little_beside_its_pixels() -> None:
    side = 3_000
    data = encoded(".png", np.zeros((side, side, 4), np.uint8))
    script = f"""
import resource, sys
from monitor.logos import decode_picture
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = sys.stdin.buffer.read()
before = most()
decode_picture(data, max_bytes=len(data), max_pixels={side**2})
print((most() - before) * 1024 / {side**2})
"""
    ran = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
    assert float(ran.stdout) < 10  # bytes a pixel: of all four channels twice, then of the alpha and the rest


def test_many_scans_are_refused() -> None:
    """Each makes the decoder go over the whole picture, and takes some 30 bytes."""
    jpeg = encoded(".jpg", photograph(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    first = jpeg.index(b"\xff\xda")
    scan = jpeg[first : jpeg.index(b"\xff", first + 20)]
    end = jpeg.rindex(b"\xff\xd9")
    assert decoded(jpeg[:end] + scan * 50 + jpeg[end:]).width == 64
    for hidden in (b"", b"\xff\x01\xff\xff"):  # a marker without a body: what follows is no length
        many = refusal(jpeg[:end] + hidden + scan * 120 + jpeg[end:])
        assert (many.code, many.detail) == (
            ErrorCode.IMAGE_CORRUPT,
            "the JPEG is damaged: more than 100 scans",
        )


def test_many_segments_are_refused() -> None:
    jpeg = encoded(".jpg", photograph())
    assert decoded(jpeg[:2] + b"\xff\xfe\x00\x02" * 300 + b"\xff" * 1000 + jpeg[2:]).width == 64
    assert "segments" in refusal(jpeg[:2] + b"\xff\xfe\x00\x02" * 2_000 + jpeg[2:]).detail


def test_only_what_makes_pixels_is_decoded() -> None:
    """Each packed text unpacks to 8 MB from 8 kB, and nobody reads it."""
    data = encoded(".png", photograph())
    packed = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(8_000_000)))
    profile = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(8_000_000)))
    exif = png_chunk(b"eXIf", exif_block({0x0112: 1}))
    filled = data[:33] + packed * 5 + profile + png_chunk(b"gAMA", bytes(4)) + exif + data[33:]
    assert pixels_alone(filled) == pixels_alone(data) == data
    np.testing.assert_array_equal(decoded(filled).pixels, decoded(data).pixels)


def test_a_malformed_animation_ends_no_process() -> None:
    """OpenCV 5.0 crashes at a second frame with a filter that PNG does not know."""
    pixels = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
    still = encoded(".png", pixels)
    rows = zlib.compress((b"\x09" + bytes(48)) * 12)
    moving = b"".join(
        (
            still[:33],
            png_chunk(b"acTL", struct.pack(">II", 2, 0)),
            still[33:-12],
            png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 16, 12, 0, 0, 0, 1, 0, 0)),
            png_chunk(b"fdAT", b"\0\0\0\2" + rows),
            still[-12:],
        )
    )
    script = f"""
from monitor.logos import decode_picture
for _ in range(5):
    picture = decode_picture({moving!r}, max_bytes=10_000, max_pixels=10_000)
print(picture.width, picture.height)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert ran.stdout.split() == [b"16", b"12"]
    np.testing.assert_array_equal(decoded(moving).pixels, pixels)


def test_cmyk_jpeg() -> None:
    # Adobe stores CMYK inverted: 255 is no ink. No ink at all is white; full cyan takes the red away.
    assert (decoded(cmyk_jpeg((255, 255, 255, 255))).pixels >= 250).all()
    blue, green, red = decoded(cmyk_jpeg((1, 255, 255, 255))).pixels[4, 4].tolist()
    assert red < 10
    assert min(blue, green) > 240


def half_there(channels: int, kind: type[np.unsignedinteger] = np.uint8) -> NDArray[np.unsignedinteger]:
    """Blue, red in the upper left quarter; the last channel, opacity, is none in the right third."""
    pixels = np.dstack([photograph(), np.full((48, 64), 255, np.uint8)])
    pixels[:6, :, 3] = 128
    pixels[:, 43:, 3] = 0
    chosen = pixels[..., -channels:] if channels == 2 else pixels[..., :channels]
    return chosen.astype(kind) * (257 if kind is np.uint16 else 1)


def grey_and_alpha(depth: int) -> bytes:
    pixels = half_there(2, np.uint8 if depth == 8 else np.uint16)
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in pixels)
    return png(64, 48, depth, 4, rows)


def palette_and_alpha() -> bytes:
    rows = b"".join(b"\0" + bytes([n > 9] * 20 + [2] * 44) for n in range(48))
    palette = png_chunk(b"PLTE", bytes([200, 40, 30, 10, 20, 250, 9, 9, 9]))
    return png(64, 48, 8, 3, rows, palette, png_chunk(b"tRNS", bytes([255, 128, 0])))


TURNABLE = {
    "jpeg": encoded(".jpg", photograph()),
    "png": encoded(".png", photograph()),
    "transparent png": encoded(".png", half_there(4)),
    "transparent png of 16 bits": encoded(".png", half_there(4, np.uint16)),
    "grey transparent png": grey_and_alpha(8),
    "grey transparent png of 16 bits": grey_and_alpha(16),
    "palette png": palette_and_alpha(),
    "webp": encoded(".webp", photograph(), cv2.IMWRITE_WEBP_QUALITY, 80),
    "lossless transparent webp": encoded(".webp", half_there(4), cv2.IMWRITE_WEBP_QUALITY, 101),
    "transparent webp": encoded(".webp", half_there(4), cv2.IMWRITE_WEBP_QUALITY, 80),
}
SEEN = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}
"""What each orientation makes of the stored pixels (CIPA DC-008, 4.6.5.1.5)."""


@pytest.mark.parametrize("orientation", SEEN)
@pytest.mark.parametrize("kind", TURNABLE)
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    """To the colours, and to where they are seen through."""
    stored = TURNABLE[kind]
    turned = with_orientation(stored, orientation)
    np.testing.assert_array_equal(decoded(turned).pixels, SEEN[orientation](decoded(stored).pixels))
    limits = {"max_bytes": 1_000_000, "max_pixels": 1_000_000}
    np.testing.assert_array_equal(
        decode_transparent(turned, **limits), SEEN[orientation](decode_transparent(stored, **limits))
    )


@pytest.mark.parametrize(
    "kind", [kind for kind in TURNABLE if "transparent" in kind or kind == "palette png"]
)
def test_what_is_seen_through_is_white(kind: str) -> None:
    picture = decoded(with_orientation(TURNABLE[kind], 6)).pixels
    assert picture.shape == (64, 48, 3)
    assert (picture[44:] > 250).all(), "the right third lies below, turned"
    assert picture[10, 10].min() < 160


def test_opencv_agrees_where_it_turns_by_itself() -> None:
    for kind in ("jpeg", "png"):
        for orientation in SEEN:
            turned = with_orientation(TURNABLE[kind], orientation)
            np.testing.assert_array_equal(
                decoded(turned).pixels, cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
            )


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated(extension: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    data = encoded(extension, noise)
    error = refusal(data[: int(len(data) * share)])
    assert error.code is ErrorCode.IMAGE_TRUNCATED
    assert "whole file" in error.detail


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_every_cut_is_refused(extension: str) -> None:
    """A picture that was cut anywhere is never taken for a whole one."""
    data = encoded(extension, photograph(16, 16))
    for length in range(len(data) - 1):
        assert refusal(data[:length]).code in (
            ErrorCode.IMAGE_EMPTY,
            ErrorCode.IMAGE_TRUNCATED,
            ErrorCode.IMAGE_FORMAT_UNSUPPORTED,
        )


def test_trailing_bytes_do_not_matter() -> None:
    for extension in (".jpg", ".png", ".webp"):
        assert decoded(encoded(extension, photograph()) + b"\0" * 100).width == 64


def test_no_bytes() -> None:
    assert refusal(b"").code is ErrorCode.IMAGE_EMPTY


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"GIF89a" + bytes(40), "GIF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"  <svg/>", "SVG"),
        (b"BM" + bytes(60), "BMP"),
        (b"II*\0" + bytes(60), "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"<!DOCTYPE html><html>404</html>", "HTML"),
        (b"hello, this is no picture at all", "no picture format"),
        (b"x", "no picture format"),
    ],
)
def test_other_formats_are_named(data: bytes, named: str) -> None:
    error = refusal(data)
    assert error.code is ErrorCode.IMAGE_FORMAT_UNSUPPORTED
    assert named in error.detail


def test_a_huge_png_is_refused_by_its_header() -> None:
    error = refusal(png(60_000, 60_000, 8, 2, b""), max_pixels=50_000_000)
    assert error.code is ErrorCode.IMAGE_TOO_MANY_PIXELS
    assert "60,000 x 60,000" in error.detail
    assert "MONITOR_IMAGE_MAX_PIXELS" in error.detail


def test_opencv_has_its_own_limit_too() -> None:
    assert int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"]) < 60_000 * 60_000


def test_the_pixel_limit_is_exact() -> None:
    data = encoded(".png", photograph(48, 64))
    assert decoded(data, max_pixels=48 * 64).width == 64
    assert refusal(data, max_pixels=48 * 64 - 1).code is ErrorCode.IMAGE_TOO_MANY_PIXELS


def test_the_byte_limit_is_exact() -> None:
    data = encoded(".png", photograph())
    assert decoded(data, max_bytes=len(data)).width == 64
    error = refusal(data, max_bytes=len(data) - 1)
    assert error.code is ErrorCode.IMAGE_TOO_MANY_BYTES
    assert f"{len(data):,}" in error.detail


def test_tracking_pixels_are_too_small() -> None:
    assert refusal(encoded(".png", photograph(8, 7))).code is ErrorCode.IMAGE_TOO_SMALL
    assert decoded(encoded(".png", photograph(8, 8))).width == 8


def test_a_damaged_png_is_corrupt() -> None:
    data = bytearray(encoded(".png", photograph()))
    data[60] ^= 0xFF
    assert refusal(bytes(data)).code is ErrorCode.IMAGE_CORRUPT


def test_a_png_with_too_few_rows_is_corrupt() -> None:
    assert refusal(png(100, 100, 8, 7, b"\0" * 50)).code is ErrorCode.IMAGE_CORRUPT


def test_a_webp_that_holds_something_else_is_corrupt() -> None:
    body = b"WEBPJUNK" + struct.pack("<I", 16) + bytes(16)
    assert refusal(b"RIFF" + struct.pack("<I", len(body)) + body).code is ErrorCode.IMAGE_CORRUPT


@pytest.mark.parametrize("form", ["VP8X", "VP8L", "VP8 "])
def test_webp_sizes_come_from_each_kind_of_header(form: str) -> None:
    pixels = photograph(40, 72)
    data = {
        "VP8X": encoded(".webp", np.dstack([pixels, pixels[:, :, 0]]), cv2.IMWRITE_WEBP_QUALITY, 80),
        "VP8L": encoded(".webp", pixels, cv2.IMWRITE_WEBP_QUALITY, 101),
        "VP8 ": encoded(".webp", pixels, cv2.IMWRITE_WEBP_QUALITY, 80),
    }[form]
    assert data[12:16].decode() == form
    header = read_header(data)
    assert (header.width, header.height, header.has_alpha) == (72, 40, form == "VP8X")


MAGIC = st.sampled_from(
    [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8 ", b"RIFF\x20\0\0\0WEBPVP8X"]
)


@given(magic=MAGIC, rest=st.binary(max_size=400))
def test_random_bytes_never_crash(magic: bytes, rest: bytes) -> None:
    refusal(magic + rest)


WHOLE = [encoded(extension, photograph(16, 24)) for extension in (".jpg", ".png", ".webp")]


@given(
    data=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
)
def test_damaged_files_never_crash(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        picture = decoded(bytes(damaged))
    except DataError:
        return
    assert picture.pixels.ndim == 3
    assert picture.pixels.dtype == np.uint8
