"""Who is talked about: share of voice now, and what changed since the period before."""

from collections.abc import Sequence

import altair as alt

from monitor.reports.changes import BrandChange
from monitor.reports.charts.drawing import (
    MOST_BRANDS,
    PICTURE,
    POSITIVE,
    QUIET,
    WORDS,
    Drawing,
    left_out,
    styled,
)
from monitor.reports.voice import BrandVoice
from monitor.reports.wording import signed


def share_chart(voice: Sequence[BrandVoice], brand_posts: int) -> Drawing:
    """Posts that name a brand, and posts that show its logo. `voice` holds one brand at least."""
    shown = voice[:MOST_BRANDS]
    rows = [
        {"brand": each.brand, "channel": channel, "posts": posts, "label": f"{posts:,}" if posts else ""}
        for each in shown
        for channel, posts in (("named in words", each.words), ("logo shown", each.picture))
    ]
    order = [each.brand for each in shown]
    longest = max(max(each.words, each.picture) for each in shown)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("brand:N", sort=order, title=None),
        yOffset=alt.YOffset("channel:N", sort=["named in words", "logo shown"]),
        x=alt.X(
            "posts:Q",
            title="posts that name or show the brand",
            # Room for the number beside the longest bar.
            scale=alt.Scale(domain=[0, 1.15 * longest], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
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
        + left_out(len(voice)),
        spec=styled(bars + numbers, height=alt.Step(26, **{"for": "position"})),
    )


def change_chart(changes: Sequence[BrandChange]) -> Drawing | None:
    """How each brand's share of voice moved since the period before; None without a period before."""
    told = [each for each in changes if each.share.difference is not None]
    if not told:
        return None
    shown = _shown(told)
    rows = [
        {
            "brand": each.brand,
            "points": 100 * (each.share.difference or 0),
            "low": 100 * (each.share.low or 0),
            "high": 100 * (each.share.high or 0),
            "sure": "beyond chance" if each.share.significant else "may be chance",
            "label": signed(100 * (each.share.difference or 0), 1),
        }
        for each in shown
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("brand:N", sort=[each.brand for each in shown], title=None),
        color=alt.Color(
            "sure:N",
            title=None,
            scale=alt.Scale(domain=["beyond chance", "may be chance"], range=[POSITIVE, QUIET]),
            legend=alt.Legend(orient="top", symbolType="circle"),
        ),
    )
    whiskers = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="change in share of voice, percentage points"), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x="points:Q")
    numbers = base.mark_text(dy=-9).encode(x="points:Q", text="label:N", color=alt.value("currentColor"))
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(strokeDash=[3, 3], color=QUIET)
    first = shown[0].share
    return Drawing(
        title=_change_title(told),
        note=f"Share of voice now minus before, with its 95% interval. n = {first.n:,} brand posts now, "
        f"{first.n_before:,} before. Beyond chance: p < 0.05 over all brands (z test, Holm)."
        + left_out(len(told)),
        spec=styled(zero.encode(x="zero:Q") + whiskers + points + numbers, height=alt.Step(30)),
    )


def _shown(told: Sequence[BrandChange]) -> list[BrandChange]:
    """As many as there is room for: the movers first, who make the title, then the most present."""
    chosen = sorted(told, key=lambda each: not each.share.significant)[:MOST_BRANDS]
    return [each for each in told if each in chosen]


def _share_title(voice: Sequence[BrandVoice]) -> str:
    leader = voice[0]
    title = f"{leader.brand} leads with {leader.share:.0%} of the voice"
    own = [(place, each) for place, each in enumerate(voice, 1) if each.own]
    if own and not leader.own:
        place, ours = own[0]
        title += f"; {ours.brand} is number {place} with {ours.share:.0%}"
    return title


def _change_title(told: Sequence[BrandChange]) -> str:
    sure = [each for each in told if each.share.significant]
    if not sure:
        return "No brand's share of voice moved more than chance explains"
    most = max(sure, key=lambda each: abs(each.share.difference or 0))
    difference = 100 * (most.share.difference or 0)
    title = f"{most.brand} {'gained' if difference > 0 else 'lost'} {abs(difference):.1f} points of voice"
    ours = next((each for each in sure if each.own and each is not most), None)
    if ours is not None:
        moved = 100 * (ours.share.difference or 0)
        title += f"; {ours.brand} {'gained' if moved > 0 else 'lost'} {abs(moved):.1f}"
    return title
