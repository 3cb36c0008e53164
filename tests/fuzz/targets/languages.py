"""Languages of texts: any tag of a publisher and any text have one, of two or three letters."""

import re
from collections.abc import Iterator

from monitor.texts import read
from monitor.texts.language import DETECTED, UNDETERMINED, language_of, primary_subtag
from tests.fuzz.material import ROOT, text_of

LONGEST = 600
WORDS = (
    b"en-GB",
    b"zh-Hant",
    b"i-klingon",
    b"x-",
    b"-u-",
    b"_",
    b"und",
    b"\xed\xa0\x80",
    b"\xe2\x80\x8d",
    b"@a",
)

_CODE = re.compile("[a-z]{2,3}")


def seeds() -> Iterator[bytes]:
    """A tag, a line's end, the text."""
    lines = (ROOT / "tests" / "texts" / "language_corpus.tsv").read_text("utf-8").splitlines()
    for line in lines[2::20]:
        yield line.replace("\t", "\n").encode()
    yield b"en_US.UTF-8\nhttps://a.de @b #c \xf0\x9f\x98\x80 Mein Paket"
    yield b"sl-rozaj-biske-1994-x-private\n"


def check(data: bytes) -> None:
    """One tag and text."""
    tag, _, text = text_of(data).partition("\n")
    reading, subtag = read(text), primary_subtag(tag)
    assert subtag is None or (_CODE.fullmatch(subtag) and subtag != UNDETERMINED), subtag
    assert primary_subtag(subtag or "") == subtag, "the code of a code is itself"
    assert language_of(reading, tag) == (subtag or language_of(reading, None))
    spans = [(word.start, word.end) for word in reading.words[::2]]
    for found in (language_of(reading, None), language_of(reading, None, lambda: spans)):
        assert found in (*DETECTED, UNDETERMINED), found
