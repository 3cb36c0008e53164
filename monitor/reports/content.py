"""What a report says, before any layout: gathered once, laid out as a page, as a PDF and as a message."""

from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from monitor.answers import Card, Wanted, queue
from monitor.insights.compared import Standing
from monitor.insights.expected import Past, learned
from monitor.insights.explained import Explained, explained
from monitor.insights.happenings import happened, headline
from monitor.insights.standings import standings
from monitor.queries import parse
from monitor.reports import charts
from monitor.reports.asked import Asked
from monitor.reports.authors import AuthorActivity, authors
from monitor.reports.figures import Summary, summary
from monitor.reports.filters import Filter
from monitor.reports.mentions import MentionLine, in_order, search
from monitor.reports.origins import SourceShare, sources
from monitor.reports.pictures import ShownPicture, image_only, shown_pictures
from monitor.reports.versus import Line, beside, contenders, versus
from monitor.reports.voice import share_of_voice
from monitor.reports.wording import counted, percent, telling
from monitor.themes import Theme, themes

MOST_BRANDS: Final = 10
"""Rows of a table of brands; the CSV of /compare has all."""

_MOST_HAPPENED: Final = 6
_MOST_THEMES: Final = 6
_MOST_RIVALS: Final = 2
"""Competitors whose themes stand beside ours."""
_MOST_ORIGINS: Final = 6
_MOST_FOUND: Final = 60
"""Mentions of a search: some pages; the CSV has all."""
_SEARCHES: Final = 20
"""Each looks through some ten thousand mentions: what is not found by then is not waited for."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What the posts about one brand are about; `said` are posts that say it, by their ids."""

    brand: str
    themes: tuple[Theme, ...]
    said: dict[UUID, MentionLine]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, charts, posts and pictures of one report; what its page does not show is empty."""

    asked: Asked
    zone: str
    """IANA name; days are counted there."""
    generated_at: datetime
    figures: Summary
    focus: str | None
    """The brand it speaks of first: the most present of ours, else the most present of all."""
    happened: tuple[Explained, ...] = ()
    """The largest first."""
    standings: tuple[Standing, ...] = ()
    """Ours and the most present others."""
    others: int = 0
    """Brands that were talked about and are not in `standings`."""
    lines: tuple[Line, ...] = ()
    """The brands that are compared over time, the focus brand first."""
    drawings: dict[str, charts.Drawing] = {}
    """share, health: brand against brand over time, where there are two to compare."""
    spoken: tuple[Spoken, ...] = ()
    """Ours first, then the most present others."""
    cards: tuple[Card, ...] = ()
    """Stories that wait for an answer, the widest first."""
    waiting: int = 0
    """How many wait."""
    found: tuple[MentionLine, ...] = ()
    """Of the page of mentions: the newest that fit its query."""
    more: bool = False
    """More fit."""
    silent: tuple[ShownPicture, ...] = ()
    """Pictures that show a brand without a word about it."""
    pictures: tuple[ShownPicture, ...] = ()
    """Other pictures with logos."""
    sources: tuple[SourceShare, ...] = ()
    authors: tuple[AuthorActivity, ...] = ()

    @property
    def chosen(self) -> Filter:
        """The mentions it is about."""
        return self.asked.chosen

    @property
    def limits(self) -> str:
        """What the report was narrowed to, in words; empty where it is about everything."""
        return self.asked.limits

    @property
    def standing(self) -> Standing | None:
        """Of the focus brand."""
        return next((each for each in self.standings if each.brand == self.focus), None)

    @property
    def headline(self) -> str:
        """One sentence for whoever reads nothing else."""
        if not self.figures.mentions:
            return "No mention was published in this period"
        match self.asked.page:
            case "mentions":
                return self._found
            case "answer":
                verb = "waits" if self.waiting == 1 else "wait"
                return f"{counted(self.waiting, 'story')} {verb} for an answer"
            case "compare" if self.lines:
                return beside(self.lines)
            case "themes" if self.spoken and self.spoken[0].themes:
                top = self.spoken[0].themes[0]
                return f"{self.spoken[0].brand}: most is said about {top.name} ({top.words})"
            case "themes":
                return "No phrase is shared by three different posts"
            case "pictures":
                verb = "shows" if self.figures.image_only == 1 else "show"
                return f"{counted(self.figures.image_only, 'picture')} {verb} a brand that nobody named"
        if not self.figures.voice:
            return f"No watched brand was named or shown in {counted(self.figures.mentions, 'mention')}"
        return headline([each.happening for each in self.happened], standing=self.standing)

    @property
    def stories(self) -> str:
        """How many stories the mentions tell, in words."""
        posts, stories = self.figures.by_posts, self.figures.by_stories
        told = telling(posts, stories)
        return f"{told}; the others are copies" if stories < posts else told

    @property
    def rejected(self) -> str:
        """What could not be read, in words."""
        rejected = self.figures.rejections
        if not rejected:
            return "Everything that came could be read"
        reasons = ", ".join(f"{each.code} {each.records:,}" for each in self.figures.rejected[:4])
        share = percent(rejected / (rejected + self.figures.by_posts))
        return f"{counted(rejected, 'input')} could not be read, {share} of what came ({reasons})"

    @property
    def _found(self) -> str:
        n = f"more than {len(self.found)} mentions" if self.more else counted(len(self.found), "mention")
        if self.asked.query or self.asked.label:
            fit = "fits" if n.startswith("1 ") else "fit"
            return f"{n[0].upper()}{n[1:]} {fit} the search"
        return counted(self.figures.mentions, "mention")

    @property
    def past_known(self) -> bool:
        """Whether any brand has a past to compare it with."""
        return any(each.mentions.from_usual is not None for each in self.standings)


def gather(connection: Connection, asked: Asked, now: datetime) -> Report:
    """Ask the database for everything a report of a view says.

    Days are counted in the time zone of `chosen.since` if it is a named one (a `ZoneInfo`), else in UTC.
    Raises `QueryError` for a query that cannot be read.
    """
    chosen = asked.chosen
    zone = chosen.since.tzinfo.key if isinstance(chosen.since.tzinfo, ZoneInfo) else "UTC"
    figures = summary(connection, chosen)
    report = Report(asked=asked, zone=zone, generated_at=now, figures=figures, focus=figures.focus)
    if not figures.mentions:
        return report
    if asked.page == "mentions":
        return _with_mentions(connection, report)
    if not figures.voice:
        return report
    match asked.page:
        case "compare":
            return _with_brands(connection, report)
        case "themes":
            return _with_themes(connection, report, _MOST_THEMES * 2)
        case "answer":
            return _with_cards(connection, report, 40)
        case "pictures":
            return _with_pictures(connection, report, 24, 24)
    past = learned(connection, chosen, zone)
    report = _with_happenings(connection, report, past)
    # The page of one brand compares it with all others, so that past is of too few.
    report = _with_brands(connection, report, None if asked.page == "brand" else past)
    report = _with_themes(connection, report, _MOST_THEMES)
    report = _with_cards(connection, report, 5)
    report = _with_pictures(connection, report, 4, 4)
    return msgspec.structs.replace(
        report,
        sources=sources(connection, chosen, _MOST_ORIGINS),
        authors=authors(connection, chosen, _MOST_ORIGINS),
    )


def _with_mentions(connection: Connection, report: Report) -> Report:
    asked = report.asked
    query = parse(asked.query) if asked.query.strip() else None
    rows: list[MentionLine] = []
    after: str | None = None
    for _ in range(_SEARCHES):
        page = search(
            connection,
            asked.chosen,
            query=query,
            label=asked.label,
            after=after,
            limit=_MOST_FOUND - len(rows),
            fold=True,
        )
        rows += page.rows
        after = page.next
        if after is None or len(rows) >= _MOST_FOUND:
            break
    return msgspec.structs.replace(report, found=tuple(rows), more=after is not None)


def _with_happenings(connection: Connection, report: Report, past: Past | None) -> Report:
    found = happened(connection, report.chosen, report.zone, past)
    return msgspec.structs.replace(report, happened=explained(connection, found)[:_MOST_HAPPENED])


def _with_brands(connection: Connection, report: Report, past: Past | None = None) -> Report:
    """Where the brands stand; the page of one brand compares it with all others."""
    chosen = report.chosen
    if report.asked.page == "brand":
        chosen = msgspec.structs.replace(chosen, brands=())
    found = standings(connection, chosen, report.zone, past)
    shown = sorted(found, key=lambda each: (each.brand != report.focus, not each.own))[:MOST_BRANDS]
    brands = {each.brand for each in shown}
    voice = [each for each in share_of_voice(connection, chosen) if each.brand in brands]
    voice.sort(key=lambda each: each.brand != report.focus)
    unit, lines = versus(connection, chosen, contenders(voice), report.zone)
    drawn = {
        "share": charts.versus_share_chart(lines, unit),
        "health": charts.versus_health_chart(lines, unit),
    }
    return msgspec.structs.replace(
        report,
        standings=tuple(each for each in found if each.brand in brands),
        others=len(found) - len(shown),
        lines=lines,
        drawings={name: drawing for name, drawing in drawn.items() if drawing is not None},
    )


def _with_themes(connection: Connection, report: Report, most: int) -> Report:
    present = report.standings or share_of_voice(
        connection, msgspec.structs.replace(report.chosen, brands=())
    )
    others = [each.brand for each in present if each.brand != report.focus]
    names = [report.focus, *others[:_MOST_RIVALS]]
    spoken: list[Spoken] = []
    for name in names:
        chosen = msgspec.structs.replace(report.chosen, brands=(name,)) if name else report.chosen
        found = themes(connection, chosen, name or "")[:most]
        wanted = [each.centre for each in found] if not spoken else []
        said = {line.mention_id: line for line in in_order(connection, wanted)}
        spoken.append(Spoken(brand=name or "", themes=found, said=said))
    return msgspec.structs.replace(report, spoken=tuple(each for each in spoken if each.themes))


def _with_cards(connection: Connection, report: Report, most: int) -> Report:
    asked = report.asked
    wanted = Wanted()
    if asked.page == "answer":
        label = asked.label if asked.label in ("negative", "unsure") else None
        wanted = Wanted(query=parse(asked.query) if asked.query.strip() else None, label=label)
    found = queue(connection, report.chosen, wanted, limit=most)
    return msgspec.structs.replace(report, cards=found.cards, waiting=found.counts.open)


def _with_pictures(connection: Connection, report: Report, most_silent: int, most: int) -> Report:
    chosen = report.chosen
    silent = image_only(connection, chosen, most_silent) if report.figures.image_only else ()
    seen = {each.sha256 for each in silent}
    shown = shown_pictures(connection, chosen, most + len(silent))
    others = tuple(each for each in shown if each.sha256 not in seen)[:most]
    return msgspec.structs.replace(report, silent=silent, pictures=others)
