"""Brand against brand: share of voice and health over time, a line a brand."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import altair as alt

from monitor.reports.charts.drawing import Drawing, styled
from monitor.reports.feeling import Unit
from monitor.reports.intervals import wilson
from monitor.reports.versus import Line, Point
from monitor.reports.wording import counted, percent

# Of Okabe and Ito (2008), told apart with red-green blindness; dashes tell them apart in grey print.
_COLOURS: Final = ("#00558C", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
_SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross")

_MOST_LABELS: Final = 6
"""Labels of the time axis that fit side by side."""

_FEWEST: Final = 10
"""Opinions of a unit that make a point: of fewer the line would tell noise."""

_ENOUGH: Final = 20
"""Opinions of the period that let a brand be ranked by its health."""


def versus_share_chart(lines: Sequence[Line], unit: Unit) -> Drawing | None:
    """Each brand's share of what is said, over time; None with fewer than two units or brands."""
    if len(lines) < 2 or len(lines[0].points) < 2:
        return None
    n = sum(line.mentions for line in lines)
    return Drawing(
        title=_share_title(lines),
        note=f"Share of the mentions of all watched brands, per {unit}. n = {n:,} mentions of these.",
        spec=_drawn(lines, unit, "share of mentions", lambda point: point.share, zero=True),
    )


def versus_health_chart(lines: Sequence[Line], unit: Unit) -> Drawing | None:
    """Each brand's health over time; None where fewer than two brands have points enough."""

    def health(point: Point) -> float | None:
        return point.health if point.opinions >= _FEWEST else None

    told = [line for line in lines if sum(health(point) is not None for point in line.points) >= 2]
    if len(told) < 2:
        return None
    n = sum(line.opinions for line in told)
    return Drawing(
        title=_health_title(told),
        note=f"Positive among the positive and negative texts that name the brand, per {unit} with "
        f"{_FEWEST} of them or more. n = {n:,} opinions.",
        spec=_drawn(told, unit, "positive share of opinions", health, zero=False),
    )


def _drawn(
    lines: Sequence[Line], unit: Unit, title: str, value: Callable[[Point], float | None], *, zero: bool
) -> dict[str, Any]:
    brands = [line.brand for line in lines]
    labels = [point.label for point in lines[0].points]
    rows = [
        {"start": point.label, "brand": line.brand, "value": told}
        for line in lines
        for point in line.points
        if (told := value(point)) is not None
    ]
    every = math.ceil(len(labels) / _MOST_LABELS)
    highest = max(row["value"] for row in rows)  # type: ignore[type-var]
    domain = [0, max(0.05, 1.08 * highest)] if zero else [0, 1]  # type: ignore[operator]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "start:O",
            sort=None,
            scale=alt.Scale(domain=labels),
            title=f"{unit} published",
            axis=alt.Axis(labelAngle=0, values=labels[::every]),
        ),
        y=alt.Y(
            "value:Q",
            title=title,
            scale=alt.Scale(domain=domain, nice=False),
            axis=alt.Axis(format=".0%", tickCount=5, grid=True),
        ),
        color=alt.Color(
            "brand:N",
            title=None,
            sort=brands,
            scale=alt.Scale(domain=brands, range=list(_COLOURS[: len(brands)])),
            legend=alt.Legend(orient="top", columns=2, symbolType="stroke"),
        ),
    )
    strokes = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(
            "brand:N",
            sort=brands,
            scale=alt.Scale(domain=brands, range=list(_DASHES[: len(brands)])),
            legend=alt.Legend(orient="top", columns=2, title=None, symbolType="stroke"),
        )
    )
    points = base.mark_point(filled=True, size=22, opacity=1).encode(
        shape=alt.Shape(
            "brand:N",
            sort=brands,
            scale=alt.Scale(domain=brands, range=list(_SHAPES[: len(brands)])),
            legend=None,
        )
    )
    return styled(strokes + points, height=200)


def _share_title(lines: Sequence[Line]) -> str:
    first, *others = sorted(lines, key=lambda line: -line.mentions)
    ours = next((line for line in lines if line.own), lines[0])
    if ours is first:
        return f"{ours.brand} is spoken of most: {_n(ours)}, {others[0].brand} next with {_n(others[0])}"
    return f"{first.brand} is spoken of most: {_n(first)}; {ours.brand} in {_n(ours)}"


def _n(line: Line) -> str:
    return counted(line.mentions, "mention")


def _health_title(lines: Sequence[Line]) -> str:
    """Ranks brands only where their intervals stand apart."""
    known = [line for line in lines if line.opinions >= _ENOUGH]
    if len(known) < 2:
        return "Too few opinions to say which brand is liked better"
    ours = next((line for line in known if line.own), known[0])
    low, high = wilson(ours.positive, ours.opinions)
    others = [line for line in known if line is not ours]
    best = max(others, key=lambda line: line.positive / line.opinions)
    best_low, best_high = wilson(best.positive, best.opinions)
    if best_low > high:
        return f"{best.brand} is liked better than {ours.brand}: {_health(best)} to {_health(ours)} positive"
    if low > best_high:
        return f"{ours.brand} is liked best: {_health(ours)} positive, {best.brand} next with {_health(best)}"
    return (
        f"{ours.brand} is liked about as much as {best.brand}: {_health(ours)} and {_health(best)} positive"
    )


def _health(line: Line) -> str:
    return percent(line.positive / line.opinions)
