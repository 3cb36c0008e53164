"""How people feel: brand health now, sentiment and health over time."""

import math
from collections.abc import Sequence
from typing import Final

import altair as alt

from monitor.insights.happenings import Happening
from monitor.reports.charts.drawing import (
    MOST_BRANDS,
    MOST_COLUMNS,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    QUIET,
    Drawing,
    left_out,
    styled,
)
from monitor.reports.feeling import BrandFeeling, Unit
from monitor.reports.labels import label
from monitor.reports.timeline import Bucket
from monitor.reports.wording import counted

# Labels of the time axis that fit side by side.
_MOST_LABELS: Final = 6
# An interval wider than this, around a half, says nothing yet: it takes about 40 opinions to be narrower.
_VAGUE: Final = 0.3


def health_chart(feeling: Sequence[BrandFeeling]) -> Drawing:
    """Share of positive ones among the opinions of each brand, with its interval; one opinion at least."""
    told = sorted((each for each in feeling if each.opinions), key=lambda each: -each.opinions)
    rows = [
        {
            "brand": _with_n(each),
            "health": each.health,
            "low": each.health_low,
            "high": each.health_high,
            "label": f"{each.health:.0%}",
        }
        for each in told[:MOST_BRANDS]
    ]
    # A little beyond 0 and 1: points and numbers at the ends stand clear of the axis.
    scale = alt.Scale(domain=[-0.04, 1.04], nice=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("brand:N", sort=[_with_n(each) for each in told[:MOST_BRANDS]], title=None)
    )
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    whiskers = base.mark_rule(strokeWidth=2, color=POSITIVE).encode(
        x=alt.X("low:Q", scale=scale, title="positive share of opinions", axis=axis), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=POSITIVE, opacity=1).encode(x="health:Q")
    numbers = base.mark_text(dy=-9, color="currentColor").encode(x="health:Q", text="label:N")
    n = sum(each.opinions for each in told)
    even = alt.Chart(alt.InlineData(values=[{"even": 0.5}])).mark_rule(strokeDash=[3, 3], color=QUIET)
    return Drawing(
        title=_health_title(told),
        note="Positive among the positive and negative texts that name the brand; the bar is where that "
        f"share likely lies: the fewer opinions (in brackets), the wider. n = {n:,}." + left_out(len(told)),
        spec=styled(even.encode(x="even:Q") + whiskers + points + numbers, height=alt.Step(30)),
    )


def trend_chart(
    brand: str, buckets: Sequence[Bucket], unit: Unit, found: Happening | None = None
) -> Drawing | None:
    """Texts that name one brand over time, by sentiment; None where none has one. `found`: the largest thing
    that happened to it in that time."""
    n = sum(bucket.point.sure for bucket in buckets)
    if not n:
        return None
    parts = (("negative", NEGATIVE), ("neutral", NEUTRAL), ("positive", POSITIVE))
    rows = [
        {"start": bucket.label, "sentiment": name, "order": order, "mentions": getattr(bucket.point, name)}
        for bucket in buckets
        for order, (name, _) in enumerate(parts)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=_time_axis(buckets, unit),
            y=alt.Y(
                "mentions:Q",
                title=f"texts per {unit}",
                axis=alt.Axis(tickMinStep=1, format=",d", tickCount=4),
            ),
            color=alt.Color(
                "sentiment:N",
                title=None,
                scale=alt.Scale(domain=[name for name, _ in parts], range=[colour for _, colour in parts]),
                legend=alt.Legend(orient="top"),
            ),
            order="order:Q",
        )
    )
    unsure = sum(bucket.point.unsure for bucket in buckets)
    unscored = sum(bucket.point.unscored for bucket in buckets)
    left = f" The model was not sure of {counted(unsure, 'more text')}." if unsure else ""
    left += f" {counted(unscored, 'text')} not scored." if unscored else ""
    return Drawing(
        title=found.title if found is not None else _trend_title(brand, buckets, n),
        note=f"Texts that name {brand}, per {unit}; negative at the bottom, positive on top. n = {n:,}."
        + left,
        spec=styled(chart, height=170),
    )


def health_over_time_chart(
    brand: str, buckets: Sequence[Bucket], unit: Unit, found: Happening | None = None
) -> Drawing | None:
    """One brand's health over time with its 95% interval; None with opinions in fewer than two units.
    `found`: as in `trend_chart`."""
    told = [bucket for bucket in buckets if bucket.point.opinions]
    if len(told) < 2:
        return None
    rows = []
    for bucket in told:
        low, high = bucket.point.health_interval or (0.0, 1.0)
        rows.append({"start": bucket.label, "health": bucket.point.health, "low": low, "high": high})
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], grid=True)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=_time_axis(buckets, unit))
    whiskers = base.mark_rule(strokeWidth=2, color=POSITIVE, opacity=0.5).encode(
        y=alt.Y("low:Q", scale=scale, title="positive share of opinions", axis=axis), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=45, color=POSITIVE, opacity=1).encode(y="health:Q")
    overall = _overall(told)
    usual = alt.Chart(alt.InlineData(values=[{"overall": overall}])).mark_rule(strokeDash=[3, 3], color=QUIET)
    counts = sorted(bucket.point.opinions for bucket in told)
    return Drawing(
        title=_held_title(brand, overall, found),
        note=f"Positive among positive and negative texts, per {unit}; the lines are where that share likely "
        f"lies; dashed: {overall:.0%} "
        f"over all. n = {sum(counts):,} opinions, {counts[0]:,} to {counts[-1]:,} per {unit}.",
        spec=styled(usual.encode(y="overall:Q") + whiskers + points, height=170),
    )


def _time_axis(buckets: Sequence[Bucket], unit: Unit) -> alt.X:
    every = math.ceil(len(buckets) / _MOST_LABELS)
    return alt.X(
        "start:O",
        sort=None,
        scale=alt.Scale(domain=[bucket.label for bucket in buckets]),
        title=f"{unit} published",
        axis=alt.Axis(labelAngle=0, values=[bucket.label for bucket in buckets[::every]]),
    )


def _health_title(told: Sequence[BrandFeeling]) -> str:
    focus = next((each for each in told if each.own), told[0])
    assert focus.health is not None
    low, high = focus.health_low or 0.0, focus.health_high or 0.0
    if low > 0.5:
        verdict = f"{focus.brand} is liked more than disliked"
    elif high < 0.5:
        verdict = f"{focus.brand} is disliked more than liked"
    elif high - low > _VAGUE:
        verdict = f"Too few opinions to say whether {focus.brand} is liked"
    else:
        verdict = f"Opinions of {focus.brand} are divided"
    return f"{verdict}: {focus.health:.0%} of {counted(focus.opinions, 'opinion')} positive"


def _trend_title(brand: str, buckets: Sequence[Bucket], n: int) -> str:
    negative = sum(bucket.point.negative for bucket in buckets)
    verb = "is" if negative == 1 else "are"
    return f"{negative:,} of {counted(n, 'text')} about {brand} {verb} negative"


def _held_title(brand: str, overall: float, found: Happening | None) -> str:
    if found is None or not found.moved_health:
        return f"{brand}'s health is {overall:.0%} over all"
    return f"{brand}'s health {found.moved_health}"


def _overall(told: Sequence[Bucket]) -> float:
    return sum(bucket.point.positive for bucket in told) / sum(bucket.point.opinions for bucket in told)


def _with_n(each: BrandFeeling) -> str:
    n = f" ({each.opinions:,})"
    return label(each.brand, MOST_COLUMNS - len(n)) + n
