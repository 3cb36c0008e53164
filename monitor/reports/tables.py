"""The report's tables as rows of finished words: laid out alike in the page and in the PDF."""

from typing import Final

import msgspec

from monitor.reports.changes import Change
from monitor.reports.content import Report
from monitor.reports.feeling import BrandFeeling
from monitor.reports.labels import cut, label
from monitor.reports.wording import minute, number, percent, signed

_DASH: Final = "\N{EN DASH}"


class Column(msgspec.Struct, frozen=True):
    """A heading; numbers stand right."""

    heading: str
    numeric: bool = True


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Caption, columns and rows; `own` are the rows (from 0) about brands of ours."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    own: tuple[int, ...] = ()


def voice_table(report: Report) -> Table:
    """Who is talked about, and before, where there was a period before to compare with."""
    before = {each.brand: each.share for each in report.changed}
    rows = []
    for each in report.figures.voice:
        then = _before(before.get(each.brand)) if before else ()
        channels = (
            f"{number(each.words)} ({percent(each.share_words)})",
            f"{number(each.picture)} ({percent(each.share_picture)})",
        )
        rows.append((each.brand, number(each.posts), percent(each.share), *then, *channels))
    compared = "; change in percentage points since the period before (* beyond chance)" if before else ""
    headings = ("Posts", "Share", *(("Before", "Change") if before else ()), "In words", "Logo shown")
    return Table(
        caption=f"Share of voice: a brand's posts among the posts of all brands{compared}",
        columns=(Column("Brand", numeric=False), *(Column(heading) for heading in headings)),
        rows=tuple(rows),
        own=tuple(place for place, each in enumerate(report.figures.voice) if each.own),
    )


def _before(change: Change | None) -> tuple[str, str]:
    """Share before, and the change in points with a star where it is beyond chance."""
    if change is None or change.before is None or change.difference is None:
        return _DASH, _DASH
    return percent(change.before), f"{signed(100 * change.difference, 1)}{'*' if change.significant else ''}"


def feeling_table(report: Report) -> Table:
    """How people feel about each brand."""
    feeling = report.figures.feeling
    unsure = any(each.unsure for each in feeling)
    unscored = bool(report.figures.unscored)
    return Table(
        caption="Texts that name a brand, by sentiment; health is positive / (positive + negative)",
        columns=(
            Column("Brand", numeric=False),
            *(Column(name) for name in ("Texts", "Health (95% interval)", "Net sentiment")),
            *(Column(name) for name in ("Positive", "Neutral", "Negative")),
            *((Column("Not sure"),) if unsure else ()),
            *((Column("Not scored"),) if unscored else ()),
        ),
        rows=tuple(
            (
                *(each.brand, number(each.mentions), _health(each), signed(each.net_sentiment)),
                *_labels(each),
                *((number(each.unsure),) if unsure else ()),
                *((number(each.unscored),) if unscored else ()),
            )
            for each in feeling
        ),
        own=tuple(place for place, each in enumerate(feeling) if each.own),
    )


def over_time_table(report: Report) -> Table:
    """The focus brand by day, week or month."""
    rows = []
    unsure = any(bucket.point.unsure for bucket in report.over_time)
    for bucket in (each for each in report.over_time if each.point.mentions):
        point, interval = bucket.point, bucket.point.health_interval
        health = _DASH
        if point.health is not None and interval is not None:
            health = f"{percent(point.health)} ({percent(interval[0])} to {percent(interval[1])})"
        told = (bucket.label, number(point.mentions), health, signed(point.net_sentiment))
        counts = (point.positive, point.neutral, point.negative, *((point.unsure,) if unsure else ()))
        rows.append((*told, *map(number, counts)))
    return Table(
        caption=f"{report.focus} by {report.unit}; {report.unit}s without a text are left out",
        columns=(
            Column(report.unit.capitalize(), numeric=False),
            *(Column(name) for name in ("Texts", "Health (95% interval)", "Net sentiment")),
            *(Column(name) for name in ("Positive", "Neutral", "Negative")),
            *((Column("Not sure"),) if unsure else ()),
        ),
        rows=tuple(rows),
    )


def sources_table(report: Report) -> Table:
    """Where mentions about the brands come from."""
    return Table(
        caption="Sources of mentions about the brands; positive and negative count texts per brand they name",
        columns=(
            Column("Source", numeric=False),
            *(Column(name) for name in ("Mentions", "Share", "Texts", "Pictures", "Positive", "Negative")),
        ),
        rows=tuple(
            (
                label(each.source),
                number(each.mentions),
                percent(each.share),
                number(each.texts),
                number(each.images),
                number(each.positive),
                number(each.negative),
            )
            for each in report.sources
        ),
    )


def authors_table(report: Report) -> Table:
    """Who says most about the brands."""
    return Table(
        caption="Authors who say most about the brands; reach is that of their furthest mention",
        columns=(
            Column("Author", numeric=False),
            Column("Source", numeric=False),
            *(Column(name) for name in ("Mentions", "Reach", "Positive", "Negative")),
        ),
        rows=tuple(
            (
                label(each.author),
                label(each.source),
                number(each.mentions),
                number(each.reach) if each.reach is not None else _DASH,
                number(each.positive),
                number(each.negative),
            )
            for each in report.authors
        ),
    )


def rejected_table(report: Report) -> Table:
    """What could not be read."""
    zone = report.chosen.since.tzinfo
    return Table(
        caption="Records rejected between the same dates, by the time of rejection",
        columns=(
            Column("Reason", numeric=False),
            Column("Records"),
            Column("Latest example", numeric=False),
            Column("Latest", numeric=False),
        ),
        rows=tuple(
            (each.code, number(each.records), cut(each.example, 160), minute(each.latest, zone))
            for each in report.figures.rejected
        ),
    )


def _health(each: BrandFeeling) -> str:
    if each.health is None or each.health_low is None or each.health_high is None:
        return "no opinions"
    return f"{percent(each.health)} ({percent(each.health_low)} to {percent(each.health_high)})"


def _labels(each: BrandFeeling) -> tuple[str, str, str]:
    return number(each.positive), number(each.neutral), number(each.negative)
