"""The report's tables as rows of finished words: laid out alike in the page and in the PDF."""

from typing import Final

import msgspec

from monitor.insights.compared import Compared, Move, Standing
from monitor.reports.content import Report
from monitor.reports.labels import label
from monitor.reports.wording import counted, number, percent, signed

_DASH: Final = "\N{EN DASH}"


class Column(msgspec.Struct, frozen=True):
    """A heading; numbers stand right; `width` is in shares of the page, a few digits wide each."""

    heading: str
    numeric: bool = True
    width: float = 1.0


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Caption, columns and rows; `own` are the rows (from 0) about brands of ours."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    own: tuple[int, ...] = ()


def standings_table(report: Report) -> Table:
    """Our brands among the others: now, beside the period before and their own usual."""
    others = f"; {counted(report.others, 'other brand')} left out" if report.others else ""
    return Table(
        caption="Before: the period before; usual: the same days and hours of eight weeks. Share: of the "
        "posts about all watched brands. Health: positive among positive and negative texts (their "
        f"number){others}.",
        columns=(
            Column("Brand", numeric=False, width=1.7),
            Column("Mentions"),
            Column("vs before", width=2.2),
            Column("vs usual", width=2.2),
            Column("Share"),
            Column("vs before", width=2.2),
            Column("Health", width=1.5),
            Column("vs usual", width=2.2),
        ),
        rows=tuple(_standing(each) for each in report.standings),
        own=tuple(place for place, each in enumerate(report.standings) if each.own),
    )


def _standing(each: Standing) -> tuple[str, ...]:
    health = each.health
    return (
        label(each.brand),
        _DASH if each.mentions.now is None else number(round(each.mentions.now)),
        moved(each.mentions.since_before),
        moved(each.mentions.from_usual),
        _percent(each.share),
        moved(each.share.since_before),
        _DASH if health.now is None else f"{percent(health.now)}\N{NO-BREAK SPACE}({number(health.n)})",
        moved(health.move),
    )


def moved(move: Move | None) -> str:
    """The effect, and whether it may be chance; a dash where nothing compares."""
    if move is None:
        return _DASH
    return move.effect if move.sure or move.effect == "unchanged" else f"{move.effect}, may be chance"


def _percent(share: Compared) -> str:
    return _DASH if share.now is None else percent(share.now)


def sources_table(report: Report) -> Table:
    """Where mentions about the brands come from."""
    return Table(
        caption="Sources of mentions about the brands",
        columns=(
            Column("Source", numeric=False, width=1.7),
            *(Column(name) for name in ("Mentions", "Share", "Positive", "Negative")),
        ),
        rows=tuple(
            (
                label(each.source),
                number(each.mentions),
                percent(each.share),
                number(each.positive),
                number(each.negative),
            )
            for each in report.sources
        ),
    )


def authors_table(report: Report) -> Table:
    """Who is heard most; the widest and the busiest."""
    return Table(
        caption="Authors; reach is that of their furthest mention",
        columns=(
            Column("Author", numeric=False, width=1.7),
            Column("Mentions"),
            Column("Reach", width=1.5),
            Column("Positive"),
            Column("Negative"),
        ),
        rows=tuple(
            (
                label(each.author),
                number(each.mentions),
                number(each.reach) if each.reach is not None else _DASH,
                number(each.positive),
                number(each.negative),
            )
            for each in report.authors
        ),
    )


def cards(report: Report) -> tuple[tuple[str, str, str], ...]:
    """Of the focus brand: name of the figure, the figure, what it moved by; empty without one."""
    standing = report.standing
    if standing is None:
        return ()
    told = []
    mentions, share, health, net = standing.mentions, standing.share, standing.health, standing.net
    if mentions.now is not None:
        told.append(("Mentions", number(round(mentions.now)), _words(mentions)))
    if share.now is not None:
        told.append(("Share of voice", percent(share.now), _words(share)))
    if health.now is not None:
        told.append(("Health", percent(health.now), _words(health) or f"of {counted(health.n, 'opinion')}"))
    if net.now is not None:
        told.append(("Net sentiment", signed(net.now), _words(net) or "from \N{MINUS SIGN}1 to +1"))
    return tuple((f"{name}, {label(standing.brand, 24)}", now, words) for name, now, words in told)


def _words(compared: Compared) -> str:
    return f"{compared.words}, against {compared.against}" if compared.words else ""
