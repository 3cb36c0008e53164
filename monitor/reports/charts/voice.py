"""Who is talked about: share of voice."""

from collections.abc import Sequence

import altair as alt

from monitor.reports.charts.drawing import (
    MOST_BRANDS,
    PICTURE,
    WORDS,
    Drawing,
    left_out,
    styled,
)
from monitor.reports.voice import BrandVoice


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
            title="number of posts",
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
        note=f"Posts per brand; n = {brand_posts:,} posts about brands. Shares are of {_all(voice):,}: "
        "a post about two brands counts for both." + left_out(len(voice)),
        spec=styled(bars + numbers, height=alt.Step(26, **{"for": "position"})),
    )


def _all(voice: Sequence[BrandVoice]) -> int:
    return round(voice[0].posts / voice[0].share)


def _share_title(voice: Sequence[BrandVoice]) -> str:
    leader = voice[0]
    title = f"{leader.brand} leads with {leader.share:.0%} of the voice"
    own = [(place, each) for place, each in enumerate(voice, 1) if each.own]
    if own and not leader.own:
        place, ours = own[0]
        title += f"; {ours.brand} is number {place} with {ours.share:.0%}"
    return title
