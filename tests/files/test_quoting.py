"""Rows whose quotes are wrong cost only themselves, and no piece of a cell is ever taken for a row."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.files.quoting import Cells, Fault
from monitor.files.tables import dialect_of, rows


def read(text: str) -> tuple[list[list[str]], list[Fault]]:
    """The rows that are there, and the faults."""
    found = list(rows(io.StringIO(text, newline=""), dialect_of(text)))
    return [one.cells for one in found if isinstance(one, Cells)], [
        one for one in found if isinstance(one, Fault)
    ]


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ('2,"He said "great" and left",2026-03-01\n', "line 4"),
        ('2,"never closed,2026-03-01\n', "line 4"),
        ('2,"first line\nsecond "line" here\nthird, line\nlast line",2026-03-01\n', "lines 4 to 7"),
        ('2,"first\nsecond" and more,2026-03-01\n', "lines 4 to 5"),
        ('2,"""quoted"" and "not" so\n\n2026, too",2026-03-01\n', "lines 4 to 6"),
        ('2,"a" b,"c" d\n', "line 4"),
        ("2,never quoted, but with commas,2026-03-01\n", "line 4"),
    ],
)
def test_a_row_whose_quotes_are_wrong_costs_only_itself(bad: str, where: str) -> None:
    good = ['1,"good, one",2026-03-01\n', "0,plain,2026-03-01\n"]
    after = ["3,plain,2026-03-02\n", '4,"two\nlines",2026-03-02\n', '5,"say ""hi""",2026-03-02\n']
    found, faults = read("id,text,date\n" + "".join([*good, bad, *after]))
    assert [cells[0] for cells in found] == ["1", "0", "3", "4", "5"]
    assert found[3][1] == "two\nlines"
    assert [fault.where for fault in faults] == [where]
    assert faults[0].raw == bad


def test_several_of_them_cost_one_each() -> None:
    bad = '{0},"it "{0}" is",x\n'
    found, faults = read("id,text,by\n1,one,x\n" + "".join(bad.format(n) for n in range(2, 6)) + "6,six,x\n")
    assert [cells[0] for cells in found] == ["1", "6"]
    assert [fault.where for fault in faults] == ["line 3", "line 4", "line 5", "line 6"]


def test_a_quote_left_open_at_the_end_takes_no_row_with_it() -> None:
    found, faults = read('id,text\n1,fine\n2,"open\n3,three\n4,four\n')
    assert [cells[0] for cells in found] == ["1", "3", "4"]
    assert [fault.where for fault in faults] == ["line 3"]


def test_a_cell_may_be_long() -> None:
    found, faults = read(f'id,text\n1,"{"x" * 200_000}"\n2,{"y" * 200_000}\n')
    assert [len(cells[1]) for cells in found] == [200_000, 200_000]
    assert not faults


def test_blanks_in_front_of_a_quote_are_no_part_of_the_cell() -> None:
    assert read('id, text\n1, "two\nlines, and a comma"\n')[0] == [["1", "two\nlines, and a comma"]]


_WORDS = st.sampled_from(["good", "bad", "it is", ", and", "\nsecond line, yes", "\n\n", '"', "é", " 5 inch"])
_TEXTS = st.lists(_WORDS, min_size=1, max_size=8).map("".join)


def _written(cells: list[Any], quoting: Any) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet, quoting=quoting, lineterminator="\n").writerow(cells)
    return sheet.getvalue()


@settings(max_examples=300)
@given(texts=st.lists(_TEXTS, min_size=6, max_size=12), at=st.integers(0, 11), everything=st.booleans())
def test_no_piece_of_a_cell_becomes_a_row(texts: list[str], at: int, everything: bool) -> None:
    """A table of any texts, one of which has words in quotes that nobody doubled: what is read of the others
    was written."""
    quoting = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
    texts[at % len(texts)] += ", it is"
    table = [[str(100 + n), text, f"2026-03-{n + 1:02}T10:00:00Z"] for n, text in enumerate(texts)]
    lines = [_written(cells, quoting) for cells in table]
    faulty = table[at % len(texts)][0]
    lines[at % len(texts)] = lines[at % len(texts)].replace("it is", 'it "is" so')
    found, _ = read("id,text,date\n" + "".join(lines))
    known = {cells[0]: cells for cells in table}
    for cells in found:
        assert cells[0] == faulty or cells == known.get(cells[0])
