"""The parts of a report in the order they are read, as blocks that the page and the PDF lay out alike."""

from typing import ClassVar, Final

import msgspec

from monitor.answers import Card
from monitor.insights.explained import Explained
from monitor.reports import tables
from monitor.reports.charts import Drawing
from monitor.reports.content import Report, Spoken
from monitor.reports.labels import cut, label
from monitor.reports.mentions import MentionLine
from monitor.reports.pictures import ShownPicture
from monitor.reports.tables import Table
from monitor.reports.wording import counted, minute, number, pruned
from monitor.themes import Theme

_MOST_SAID: Final = 280
"""Characters of a text that are shown."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A post: what it says, where it comes from, its address, and how it feels (or empty)."""

    text: str
    origin: str
    url: str | None
    tone: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what is known of it, and a post that shows it."""

    title: str
    text: str = ""
    note: str = ""
    tone: str = ""
    """positive, negative or empty: for whom it is about."""
    said: Said | None = None


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """Findings, in one or two columns."""

    kind: ClassVar[str] = "entries"
    items: tuple[Entry, ...]
    columns: int = 1


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """Charts side by side."""

    kind: ClassVar[str] = "charts"
    items: tuple[Drawing, ...]


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Tables side by side."""

    kind: ClassVar[str] = "tables"
    items: tuple[Table, ...]


class Posts(msgspec.Struct, frozen=True, kw_only=True):
    """Posts below one another."""

    kind: ClassVar[str] = "posts"
    items: tuple[Said, ...]


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """A wall of pictures with what was found in them."""

    kind: ClassVar[str] = "pictures"
    note: str
    items: tuple[ShownPicture, ...]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


Block = Entries | Charts | Rows | Posts | Pictures | Words


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


def about(report: Report) -> str:
    """What the report is about, in a name."""
    return report.focus or "Brands" if report.asked.page == "overview" else report.asked.title


def scope(report: Report) -> str:
    """What it was made from, in a sentence."""
    figures = report.figures
    said = f"{counted(figures.texts, 'text')} and {counted(figures.images, 'picture')}"
    said += f" from {counted(figures.sources, 'source')}"
    if figures.authors is not None:
        said += f" and {counted(figures.authors, 'named author')}"
    said += f". {report.stories}." if figures.by_posts else "."
    return f"{said} {pruned(figures.kept_from)}" if figures.kept_from else said


def sections(report: Report) -> tuple[Section, ...]:
    """What the report's page shows; parts with nothing to show are left out."""
    parts: tuple[tuple[str, tuple[Block, ...]], ...] = (
        ("What happened", _happened(report)),
        ("Our brands and the others", _brands(report)),
        ("What is spoken of", _themes(report)),
        ("To answer", _cards(report)),
        ("The mentions", _found(report)),
        ("Pictures", _pictures(report)),
        ("Where it comes from", _origins(report)),
    )
    return tuple(Section(title=title, blocks=blocks) for title, blocks in parts if blocks)


def _happened(report: Report) -> tuple[Block, ...]:
    if report.happened:
        return (Entries(items=tuple(_happening(each) for each in report.happened)),)
    if report.asked.page not in ("overview", "brand") or not report.figures.voice:
        return ()
    if report.past_known:
        return (Words(text="Nothing but what these brands' own ups and downs of the past weeks explain."),)
    return (Words(text="There is too little past to compare with: it takes four weeks before the period."),)


def _happening(told: Explained) -> Entry:
    happening = told.happening
    tone = "" if happening.good is None else "positive" if happening.good else "negative"
    made = "" if told.cause is None else f"{told.cause.words}."
    return Entry(title=happening.title, text=made, note=happening.certainty, tone=tone)


def _brands(report: Report) -> tuple[Block, ...]:
    drawn = tuple(report.drawings[name] for name in ("share", "health") if name in report.drawings)
    blocks: list[Block] = []
    if report.standings:
        blocks.append(Rows(items=(tables.standings_table(report),)))
    if drawn:
        blocks.append(Charts(items=drawn))
    return tuple(blocks)


def _themes(report: Report) -> tuple[Block, ...]:
    if not report.spoken:
        return ()
    ours, *others = report.spoken
    blocks: list[Block] = [
        Entries(items=tuple(_theme(report, ours, each) for each in ours.themes), columns=2)
    ]
    blocks += [
        Words(
            text=f"Of {label(each.brand)}: "
            + "; ".join(f"{theme.name} ({counted(theme.posts, 'post')})" for theme in each.themes[:4])
            + "."
        )
        for each in others
    ]
    return tuple(blocks)


def _theme(report: Report, spoken: Spoken, theme: Theme) -> Entry:
    felt = f"{number(theme.positive)} positive, {number(theme.negative)} negative"
    tone = "negative" if theme.negative > 2 * theme.positive else ""
    tone = "positive" if theme.positive > 2 * theme.negative else tone
    line = spoken.said.get(theme.centre)
    return Entry(
        title=label(theme.name, 60),
        note=f"{theme.words}; {felt}.",
        tone=tone,
        said=None if line is None else _said(report, line, 160),
    )


def _cards(report: Report) -> tuple[Block, ...]:
    if not report.cards:
        return ()
    left = report.waiting - len(report.cards)
    verb = "waits" if report.waiting == 1 else "wait"
    told = f"{counted(report.waiting, 'story')} {verb} for an answer: negative ones, and those the model was "
    told += "not sure of, the widest first" + (
        f"; {counted(left, 'more story')} on the page." if left > 0 else "."
    )
    return (Words(text=told), Posts(items=tuple(_card(report, each) for each in report.cards)))


def _card(report: Report, card: Card) -> Said:
    felt = ", ".join(f"{said} about {label(brand)}" for brand, said in card.felt)
    many = f" · {counted(card.copies + 1, 'post')} tell it" if card.copies else ""
    state = f" · {card.state}" if card.state != "new" else ""
    said = _said(report, card.line)
    return msgspec.structs.replace(said, origin=f"{said.origin} · {felt}{many}{state}")


def _found(report: Report) -> tuple[Block, ...]:
    if not report.found:
        return ()
    posts = Posts(items=tuple(_said(report, each) for each in report.found))
    more = f"The newest {len(report.found):,}; the CSV has all." if report.more else ""
    return (Words(text=more), posts) if more else (posts,)


def _pictures(report: Report) -> tuple[Block, ...]:
    n = report.figures.image_only
    verb = "shows" if n == 1 else "show"
    walls = (
        (f"{counted(n, 'picture')} {verb} a brand without a word about it", report.silent),
        ("Where logos show: ours first, then the surest", report.pictures),
    )
    return tuple(Pictures(note=note, items=shown) for note, shown in walls if shown)


def _origins(report: Report) -> tuple[Block, ...]:
    found = (tables.sources_table(report), tables.authors_table(report))
    kept = tuple(table for table in found if table.rows)
    return (Rows(items=kept),) if kept else ()


def _said(report: Report, line: MentionLine, most: int = _MOST_SAID) -> Said:
    who = f"{label(line.author) if line.author else 'unnamed author'}, {label(line.source)}"
    reach = "" if line.reach is None else f" · reach {number(line.reach)}"
    return Said(
        text=cut(" ".join(line.text.split()), most) if line.text else "Picture without words",
        origin=f"{who}, {minute(line.published_at, report.chosen.since.tzinfo)}{reach}",
        url=line.url,
        tone=line.sentiment or "",
    )
