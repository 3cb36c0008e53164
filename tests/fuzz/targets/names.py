"""Brand matcher: every name found stands in the text where it says, as it says, apart from the others.

A third of the inputs bring a spelling of their own, which must be refused or found as it is written.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.errors import SetupError
from tests.fuzz.material import text_of, written_texts

LONGEST = 400
WORDS = (
    b"vmware",
    b"Red Bull",
    b"red-bull",
    b"#vmware",
    b"@",
    b"http://",
    b"www.",
    b"\xcc\x81",
    b"\xed\xa0\x80",
)
_FOLDER = tempfile.TemporaryDirectory(prefix="brand-monitor-fuzz-")
_FILE = Path(_FOLDER.name) / "brands.toml"
SHIPPED = BrandMatcher(load_brands())
_HARD = BrandMatcher(
    Brands(
        Brand(name, aliases)
        for name, aliases in (
            ("Red Bull", ("#redbull", "@red_bull")),
            ("McDonald's", ("C&A",)),
            ("Stra\u00dfe 7", ("\u0130stanbul",)),
            ("\u30bd\u30cb\u30fc", ("\uc0bc\uc131",)),
        )
    )
)


def seeds() -> Iterator[bytes]:
    """One byte of what is looked for: 0 the shipped spellings, 1 hard ones, 2 the text's own, up to 00."""
    for text in written_texts():
        for choice in (b"\0", b"\1"):
            yield choice + text.encode("utf-8", "surrogatepass")
    for spelling in ("Red Bull", "#tag", "C&A", "\u0130", "\u00df", "a_b", "A.B.", "\ufb01"):
        yield b"\2" + f"{spelling}\x00 x {spelling} {spelling}y".encode()


def check(data: bytes) -> None:
    """One text."""
    choice, rest = data[0] if data else 0, data[1:]
    if choice % 3 < 2:
        check_text(text_of(rest), (SHIPPED, _HARD)[choice % 3])
        return
    given, _, rest = rest.partition(b"\0")
    spelling = text_of(given)
    _FILE.write_text(f"[[brand]]\nname = {json.dumps(spelling)}")
    try:
        matcher = BrandMatcher(load_brands(_FILE))
    except SetupError:
        return
    assert matcher.find(spelling), spelling
    check_text(text_of(rest), matcher)


def check_text(text: str, matcher: BrandMatcher) -> None:
    """Every name found stands where it says, as it says, after the one before."""
    after = 0
    for found in matcher.find(text):
        assert after <= found.start < found.end <= len(text), (found, text)
        assert text[found.start : found.end] == found.matched
        after = found.end
