"""What several targets begin with, and how bytes become the text they mean."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def text_of(data: bytes) -> str:
    """Any bytes as a text: UTF-8, lone surrogates for what is none."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def written_texts() -> Iterator[str]:
    """The texts of the samples, and some that are hard to read."""
    for line in (ROOT / "samples" / "texts.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)["text"]
    yield "#RedBull @vmware vmware's VM-ware https://vmware.com a@vmware.com"
    yield "I don\u2019t like it!!! :( \U0001f44d\U0001f3fd sooooo BAD &amp; isn 't <3"
    yield "\uff36\uff2d\uff37\uff41\uff52\uff45 Citroe\u0308n Citro\u00ebn \u0130kea stra\u00dfe \ufdfa"
    yield "\u30bd\u30cb\u30fcvmware\u3092 \ud55c\uad6d\uc5b4vmware\ub294 \u0e20\u0e32\u0e29\u0e32vmware"
    yield "\ud800 \udfff \x00 \u202e \u200d"


def small_pictures() -> Iterator[bytes]:
    """JPEG, PNG and WebP of 16 x 12 pixels, every colour model, turned by EXIF, interlaced, moving."""
    drawn = Image.radial_gradient("L").resize((16, 12))
    turned = Image.Exif()
    turned[0x0112] = 6
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield _file(drawn.convert(mode), "PNG")
    palette = drawn.convert("P")
    palette.info["transparency"] = 0
    yield _file(palette, "PNG", transparency=0)
    yield _file(drawn.convert("RGB"), "PNG", save_all=True, append_images=[drawn.convert("RGB")])
    for mode in ("L", "RGB", "CMYK"):
        yield _file(drawn.convert(mode), "JPEG")
        yield _file(drawn.convert(mode), "JPEG", progressive=True, exif=turned, restart_marker_blocks=1)
    for mode in ("RGB", "RGBA"):
        yield _file(drawn.convert(mode), "WEBP")
        yield _file(drawn.convert(mode), "WEBP", lossless=True, exif=turned)
    yield _file(drawn.convert("RGBA"), "WEBP", save_all=True, append_images=[drawn.convert("RGBA")])


def _file(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
