"""What is said and where: terms that set praise apart from criticism, and sources."""

from collections.abc import Sequence
from typing import Final

import altair as alt

from monitor.reports.charts.drawing import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Drawing,
    left_out,
    styled,
)
from monitor.reports.labels import label
from monitor.reports.origins import SourceShare
from monitor.reports.terms import Term
from monitor.reports.wording import counted

# Beyond 1.96 standard errors a term is no chance find (95%).
_SURE: Final = 1.96
_MOST_TERMS: Final = 8
_MOST_SOURCES: Final = 8


def terms_chart(brand: str, terms: Sequence[Term]) -> Drawing | None:
    """Words of praise to the right, of criticism to the left; None where chance alone explains them all."""
    praise = [each for each in terms if each.z > _SURE][:_MOST_TERMS]
    criticism = [each for each in terms if each.z < -_SURE][:_MOST_TERMS]
    shown = [*praise, *reversed(criticism)]
    if not shown:
        return None
    rows = [
        {
            "term": each.term,
            "z": each.z,
            "side": "positive" if each.z > 0 else "negative",
            "label": f"{each.positive:,} : {each.negative:,}",
        }
        for each in shown
    ]
    # Room for the numbers beside the longest bars, also on a phone: two sides share the width.
    both = bool(praise and criticism)
    widest = (2 if both else 1.4) * max(abs(each.z) for each in shown)
    scale = alt.Scale(domain=[-widest if criticism else 0, widest if praise else 0], nice=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("term:N", sort=[each.term for each in shown], title=None),
        x=alt.X(
            "z:Q", title="standard errors from even use", scale=scale, axis=alt.Axis(tickCount=5, format="d")
        ),
    )
    bars = base.mark_bar().encode(
        color=alt.Color(
            "side:N",
            title=None,
            scale=alt.Scale(domain=["negative", "positive"], range=[NEGATIVE, POSITIVE]),
            legend=alt.Legend(orient="top"),
        )
    )
    right = base.transform_filter("datum.z > 0").mark_text(align="left", dx=3, color="currentColor")
    left = base.transform_filter("datum.z < 0").mark_text(align="right", dx=-3, color="currentColor")
    return Drawing(
        title=_terms_title(brand, praise, criticism),
        note="Beside each bar: positive : negative texts with the term. Log-odds with an informative "
        "Dirichlet prior (Monroe et al. 2008); only terms beyond chance (95%). "
        f"n = {shown[0].positive_texts:,} positive and {counted(shown[0].negative_texts, 'negative text')}.",
        spec=styled(bars + right.encode(text="label:N") + left.encode(text="label:N"), height=alt.Step(19)),
    )


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
            title="mentions about the brands",
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


def _terms_title(brand: str, praise: Sequence[Term], criticism: Sequence[Term]) -> str:
    parts = []
    if praise:
        parts.append(f"praise says {_quoted(praise)}")
    if criticism:
        parts.append(f"criticism says {_quoted(criticism)}")
    return f"{brand}: {'; '.join(parts)}"


def _quoted(terms: Sequence[Term]) -> str:
    return ", ".join(
        f"\N{LEFT DOUBLE QUOTATION MARK}{each.term}\N{RIGHT DOUBLE QUOTATION MARK}" for each in terms[:2]
    )
