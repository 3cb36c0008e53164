"""Charts of names that nobody would expect: each is drawn; one that cannot be leaves a line in the log."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import altair as alt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.reports.charts import Drawing, sources_chart
from monitor.reports.charts.drawing import styled
from monitor.reports.origins import SourceShare

NAMES = (
    *("constructor", "__proto__", "toString", "hasOwnProperty"),
    *(
        "x" * 19 + "\U0001f600" * 40,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 60,
        "\U0001f1e9\U0001f1ea" * 60,
    ),
    *("a\ufffeb", "\uffff", "\x01\x08", "two\u2028lines", "\u202eevil", "half \ud83d"),
    *(
        "w" * 2_000,
        "Z" + "\u0301" * 500,
        " ",
        "\u200b",
        "<b>&\"'",
        "a.b['c']\\",
        "datum",
        "null",
        "NaN",
        "50%",
    ),
)


def source(name: str) -> SourceShare:
    return SourceShare(
        source=name,
        mentions=10,
        texts=10,
        images=0,
        share=0.5,
        positive=1,
        neutral=2,
        negative=3,
        unsure=0,
        unscored=0,
    )


def drawn(names: Sequence[str]) -> str:
    """All that the chart of these sources says."""
    svg = sources_chart([source(name) for name in names]).svg
    assert svg is not None
    return " ".join(ET.fromstring(svg).itertext())


@pytest.mark.parametrize("name", NAMES)
def test_a_source_of_any_name_is_drawn(name: str) -> None:
    assert drawn([name, "forum"]).count("50%") >= 2


def test_names_that_look_alike_are_two_bars() -> None:
    said = drawn(["forum", "for\u200bum"])
    assert "forum (2)" in said
    assert said.count("50%") == 2


def test_a_long_name_leaves_room_for_its_bar() -> None:
    assert "w" * 19 + "\u2026" in drawn(["w" * 2_000])


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(), max_size=60), min_size=1, max_size=4, unique=True))
def test_whatever_the_names_they_are_drawn(names: list[str]) -> None:
    assert drawn(names).count("50%") >= len(names)


def test_a_chart_that_cannot_be_drawn_leaves_a_line_in_the_log() -> None:
    broken = Drawing(title="Who is talked about", note="", spec={"mark": "no such mark"})
    with capture_logs() as logged:
        assert broken.svg is None
    (line,) = logged
    assert line["event"] == "chart left out"
    assert line["title"] == "Who is talked about"
    assert line["log_level"] == "error"


def test_texts_are_twelve_pixels_at_least() -> None:
    look = styled(alt.Chart(alt.InlineData(values=[{"n": 1}])).mark_bar(), height=10)["config"]
    sizes = [
        size
        for part in look.values()
        if isinstance(part, dict)
        for key, size in part.items()
        if "ontSize" in key
    ]
    assert min(sizes) == 12
