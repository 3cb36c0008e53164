"""Charts as Vega-Lite specs and as SVG: one definition for a page, a file and print.

A chart's title stands in the page, not in the drawing, so that it wraps on a phone. Text takes the page's
colour (`currentColor`), so one drawing serves light, dark and paper.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import msgspec
import vl_convert

from monitor.reports.figures import BrandFeeling, BrandVoice, Unit
from monitor.reports.timeline import Bucket

# Told apart by people with red-green blindness, and in grey print (Okabe and Ito 2008).
POSITIVE: Final = "#0072B2"
NEUTRAL: Final = "#A6A6A6"
NEGATIVE: Final = "#D55E00"
WORDS: Final = "#0072B2"
PICTURE: Final = "#E69F00"

# Pixels of a phone's column: larger screens scale the drawing up, and its text stays readable on small ones.
_WIDTH: Final = 340
# The renderer measures text with Liberation Sans, which it carries; Arial and Helvetica are as wide.
_FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
# Labels of the time axis that fit side by side on that width.
_MOST_LABELS: Final = 6
# An interval wider than this, around a half, says nothing yet: it takes about 40 opinions to be narrower.
_VAGUE: Final = 0.3
# Brands in a chart; the table beside it has all of them.
MOST_BRANDS: Final = 8


class Drawing(msgspec.Struct, frozen=True):
    """A chart with its finding as title, what is counted and how many, and the picture."""

    title: str
    note: str
    svg: str


def share_chart(voice: Sequence[BrandVoice], brand_posts: int) -> Drawing:
    """Posts that name a brand, and posts that show its logo."""
    shown = voice[:MOST_BRANDS]
    rows = [
        {"brand": each.brand, "channel": channel, "posts": posts, "label": f"{posts:,}" if posts else ""}
        for each in shown
        for channel, posts in (("named in words", each.words), ("logo shown", each.picture))
    ]
    order = [each.brand for each in shown]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("brand:N", sort=order, title=None),
        yOffset=alt.YOffset("channel:N", sort=["named in words", "logo shown"]),
        x=alt.X("posts:Q", title="posts", axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5)),
    )
    bars = base.mark_bar().encode(
        color=alt.Color(
            "channel:N",
            title=None,
            scale=alt.Scale(domain=["named in words", "logo shown"], range=[WORDS, PICTURE]),
            legend=alt.Legend(orient="top"),
        )
    )
    numbers = base.mark_text(align="left", dx=3, color="currentColor").encode(text="label:N")
    return Drawing(
        title=_share_title(voice),
        note=f"Posts per brand; a post may name and show several. n = {brand_posts:,} posts about brands."
        + _left_out(len(voice)),
        svg=_svg(bars + numbers, height=alt.Step(26, **{"for": "position"})),
    )


def health_chart(feeling: Sequence[BrandFeeling]) -> Drawing:
    """Share of positive ones among the opinions of each brand, with its interval."""
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
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("brand:N", sort=[_with_n(each) for each in told[:MOST_BRANDS]], title=None)
    )
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    whiskers = base.mark_rule(strokeWidth=2, color=POSITIVE).encode(
        x=alt.X("low:Q", scale=scale, title="positive share of opinions", axis=axis), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=POSITIVE, opacity=1).encode(x="health:Q")
    numbers = base.mark_text(dy=-9, color="currentColor").encode(x="health:Q", text="label:N")
    even = alt.Chart(alt.InlineData(values=[{"even": 0.5}])).mark_rule(strokeDash=[3, 3], color=NEUTRAL)
    return Drawing(
        title=_health_title(told),
        note="Positive / (positive + negative) texts that name the brand; the bar is the 95% interval: "
        "the fewer opinions (n), the wider." + _left_out(len(told)),
        svg=_svg(even.encode(x="even:Q") + whiskers + points + numbers, height=alt.Step(30)),
    )


def trend_chart(brand: str, buckets: Sequence[Bucket], unit: Unit) -> Drawing:
    """Texts that name one brand over time, by sentiment."""
    parts = (("negative", NEGATIVE), ("neutral", NEUTRAL), ("positive", POSITIVE))
    rows = [
        {"start": bucket.label, "sentiment": name, "order": order, "mentions": getattr(bucket.point, name)}
        for bucket in buckets
        for order, (name, _) in enumerate(parts)
    ]
    every = math.ceil(len(buckets) / _MOST_LABELS)
    labels = [bucket.label for bucket in buckets[::every]]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            x=alt.X(
                "start:O",
                sort=None,
                title=f"{unit} published",
                axis=alt.Axis(labelAngle=0, values=labels),
            ),
            y=alt.Y("mentions:Q", title="mentions", axis=alt.Axis(tickMinStep=1, format=",d", tickCount=4)),
            color=alt.Color(
                "sentiment:N",
                title=None,
                scale=alt.Scale(domain=[name for name, _ in parts], range=[colour for _, colour in parts]),
                legend=alt.Legend(orient="top"),
            ),
            order="order:Q",
        )
    )
    n = sum(bucket.point.positive + bucket.point.neutral + bucket.point.negative for bucket in buckets)
    return Drawing(
        title=_trend_title(brand, buckets, unit),
        note=f"Texts that name {brand}, per {unit}. n = {n:,}.",
        svg=_svg(chart, height=170),
    )


def _share_title(voice: Sequence[BrandVoice]) -> str:
    leader = voice[0]
    title = f"{leader.brand} leads with {leader.share:.0%} of the voice"
    own = [(place, each) for place, each in enumerate(voice, 1) if each.own]
    if own and not leader.own:
        place, ours = own[0]
        title += f"; {ours.brand} is number {place} with {ours.share:.0%}"
    return title


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
    return f"{verdict}: {focus.health:.0%} of {_counted(focus.opinions, 'opinion')} positive"


def _trend_title(brand: str, buckets: Sequence[Bucket], unit: Unit) -> str:
    worst = max(buckets, key=lambda bucket: bucket.point.negative)
    if not worst.point.negative:
        return f"No text spoke against {brand}"
    total = worst.point.positive + worst.point.neutral + worst.point.negative
    when = {"day": f"on {worst.label}", "week": f"in the week of {worst.label}", "month": f"in {worst.label}"}
    counts = f"{worst.point.negative:,} of {_counted(total, 'mention')}"
    return f"{brand} drew most criticism {when[unit]}: {counts}"


def _with_n(each: BrandFeeling) -> str:
    return f"{each.brand} (n = {each.opinions:,})"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _left_out(brands: int) -> str:
    left = brands - MOST_BRANDS
    return f" {left} more in the table." if left > 0 else ""


def _svg(chart: alt.Chart | alt.LayerChart, height: Any) -> str:
    """Drawn inside the process: no browser, no network."""
    spec = (
        chart.properties(
            width=_WIDTH, height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
        )
        .configure(background="transparent", font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="currentColor",
            titleColor="currentColor",
            domainColor=NEUTRAL,
            tickColor=NEUTRAL,
            gridColor=NEUTRAL,
            gridOpacity=0.25,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            labelLimit=140,
        )
        .configure_axisY(grid=False)
        .configure_legend(labelColor="currentColor", labelFontSize=11, symbolType="square")
        .configure_text(fontSize=11)
        .to_dict()
    )
    svg: str = vl_convert.vegalite_to_svg(
        spec, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    )
    return svg
