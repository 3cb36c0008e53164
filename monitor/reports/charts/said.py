"""Where it is said: sources."""

from collections.abc import Sequence
from typing import Final

import altair as alt

from monitor.reports.charts.drawing import (
    NEUTRAL,
    POSITIVE,
    Drawing,
    left_out,
    styled,
)
from monitor.reports.labels import label
from monitor.reports.origins import SourceShare

_MOST_SOURCES: Final = 8


def sources_chart(sources: Sequence[SourceShare]) -> Drawing:
    """Where mentions about brands come from, by how the texts feel. `sources` holds one at least."""
    shown = sources[:_MOST_SOURCES]
    rows = [
        {"source": each.source, "kind": kind, "order": order, "mentions": n}
        for each in shown
        for order, (kind, n) in enumerate((("texts", each.texts), ("pictures", each.images)))
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("source:N", sort=[each.source for each in shown], title=None)
    )
    bars = base.mark_bar().encode(
        x=alt.X(
            "sum(mentions):Q",
            title="number of mentions",
            scale=alt.Scale(domain=[0, 1.12 * shown[0].mentions], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
        color=alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=["texts", "pictures"], range=[POSITIVE, NEUTRAL]),
            legend=alt.Legend(orient="top"),
        ),
        order="order:Q",
    )
    totals = alt.Chart(
        alt.InlineData(
            values=[
                {"source": each.source, "mentions": each.mentions, "label": f"{each.share:.0%}"}
                for each in shown
            ]
        )
    )
    numbers = totals.mark_text(align="left", dx=3, color="currentColor").encode(
        y=alt.Y("source:N", sort=[each.source for each in shown]), x="mentions:Q", text="label:N"
    )
    n = round(shown[0].mentions / shown[0].share)
    return Drawing(
        title=f"{label(shown[0].source)} brings {shown[0].share:.0%} of what is said and shown about the "
        "brands",
        note=f"Mentions that name or show a brand, and their share. n = {n:,}."
        + left_out(len(sources), _MOST_SOURCES),
        spec=styled(bars + numbers, height=alt.Step(24)),
    )
