"""What a report says, before any layout: gathered once, laid out as a page, as a PDF and as a message."""

from datetime import datetime
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from monitor.reports import charts, feeling
from monitor.reports.changes import BrandChange, changes
from monitor.reports.feeling import BrandFeeling, Unit, sentiment_over_time
from monitor.reports.figures import Summary, summary
from monitor.reports.filters import Filter
from monitor.reports.languages import in_words
from monitor.reports.mentions import MentionLine, Quote, most_extreme, most_reached
from monitor.reports.origins import AuthorActivity, SourceShare, authors, sources
from monitor.reports.pictures import ShownPicture, image_only, shown_pictures
from monitor.reports.terms import terms
from monitor.reports.timeline import Bucket, unit_for, without_gaps
from monitor.reports.voice import BrandVoice
from monitor.reports.wording import counted, language, percent, telling

_MOST_MENTIONS: Final = 20
"""Read in a minute; the exports have all."""

_MOST_PICTURES: Final = 24
_MOST_SILENT: Final = 8
_MOST_QUOTES: Final = 3
_MOST_TERMS: Final = 8
_MOST_ORIGINS: Final = 10


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, charts, quotes and pictures of one report."""

    chosen: Filter
    zone: str
    """IANA name; days are counted there."""
    generated_at: datetime
    figures: Summary
    focus: str | None
    """The brand it speaks of first: the most present of ours, else the most present of all."""
    ours: BrandVoice | None
    felt: BrandFeeling | None
    changed: tuple[BrandChange, ...]
    """Empty where the period before has no post about a brand."""
    unit: Unit
    over_time: tuple[Bucket, ...]
    """The focus brand by day, week or month."""
    drawings: dict[str, charts.Drawing]
    """share, change, health, trend, health_over_time, terms, sources: those there is something to show."""
    praise: tuple[Quote, ...]
    criticism: tuple[Quote, ...]
    reached: tuple[MentionLine, ...]
    silent: tuple[ShownPicture, ...]
    """Pictures that show a brand without a word about it."""
    pictures: tuple[ShownPicture, ...]
    """Other pictures with logos."""
    sources: tuple[SourceShare, ...]
    authors: tuple[AuthorActivity, ...]

    @property
    def headline(self) -> str:
        """One sentence for whoever reads nothing else."""
        figures = self.figures
        if self.ours is None:
            if figures.mentions:
                return f"No watched brand was named or shown in {counted(figures.mentions, 'mention')}"
            return "No mention was published in this period"
        said = (
            f"{self.ours.brand} is in {self.ours.posts:,} of {counted(figures.brand_posts, 'post')} "
            "about the watched brands"
        )
        if self.felt is not None and self.felt.opinions:
            verb = "is" if self.felt.positive == 1 else "are"
            opinions = counted(self.felt.opinions, "opinion")
            said += f"; {self.felt.positive:,} of {opinions} {verb} positive"
        return said

    @property
    def findings(self) -> tuple[str, ...]:
        """What to know, each in a sentence with its numbers; no words of publishers in it."""
        told = [self.drawings[name].title for name in ("share", "health", "change") if name in self.drawings]
        rising = self.rising
        if rising:
            told.append(
                "Gaining on the others: "
                + ", ".join(
                    f"{each.brand} ({100 * (each.share.difference or 0):+.1f} points)" for each in rising[:3]
                )
            )
        elif any(each.share.significant for each in self.changed):
            told.append("No competitor gained share of voice by more than chance explains")
        elif self.figures.voice and not self.changed:
            told.append("Nothing about the brands was published in the period before: no change to tell")
        if self.figures.image_only:
            n = self.figures.image_only
            verb = "shows" if n == 1 else "show"
            told.append(f"{counted(n, 'picture')} {verb} a logo without a word about the brand")
        unsure = feeling.in_words(self.figures.feeling)
        if unsure:
            told.append(f"{unsure}: counted apart, in no sentiment")
        if self.figures.unscored:
            these = "that language" if len(self.figures.unscored) == 1 else "these languages"
            told.append(
                f"{in_words(self.figures.unscored)} (the model does not speak {these}: in no sentiment)"
            )
        return tuple(told)

    @property
    def stories(self) -> str:
        """How many stories the mentions tell, in words."""
        posts, stories = self.figures.by_posts, self.figures.by_stories
        told = telling(posts, stories)
        return f"{told}; the others are copies" if stories < posts else told

    @property
    def rising(self) -> tuple[BrandChange, ...]:
        """Competitors whose share of voice grew by more than chance explains, the largest growth first."""
        found = [
            each
            for each in self.changed
            if not each.own and each.share.significant and (each.share.difference or 0) > 0
        ]
        return tuple(sorted(found, key=lambda each: -(each.share.difference or 0)))

    @property
    def limits(self) -> str:
        """What the report was narrowed to, in words; empty where it is about everything."""
        kinds = {"text": "texts", "image": "pictures"}
        parts = [
            f"brands: {', '.join(self.chosen.brands)}" if self.chosen.brands else "",
            f"sources: {', '.join(self.chosen.sources)}" if self.chosen.sources else "",
            f"{' and '.join(kinds[kind] for kind in self.chosen.kinds)} only" if self.chosen.kinds else "",
            f"languages: {', '.join(map(language, self.chosen.languages))}" if self.chosen.languages else "",
            "the first of each story, no copies" if self.chosen.counting == "stories" else "",
        ]
        return "; ".join(part for part in parts if part)

    @property
    def no_terms(self) -> str:
        """Why there is no chart of terms; empty where there is one, or no brand to speak of."""
        if self.focus is None or "terms" in self.drawings:
            return ""
        opinions = self.felt.opinions if self.felt is not None else 0
        return (
            f"No term sets praise of {self.focus} apart from criticism by more than chance: "
            f"that takes more than {counted(opinions, 'opinion')}."
        )

    @property
    def rejected_share(self) -> str:
        """Rejected records among all that came, in words."""
        rejected = self.figures.rejections
        total = rejected + self.figures.by_posts
        return f"{percent(rejected / total)} of what came" if rejected else "all were readable"


def gather(connection: Connection, chosen: Filter, now: datetime) -> Report:
    """Ask the database for everything a report of the mentions chosen says.

    Days are counted in the time zone of `chosen.since` if it is a named one (a `ZoneInfo`), else in UTC.
    """
    zone = chosen.since.tzinfo.key if isinstance(chosen.since.tzinfo, ZoneInfo) else "UTC"
    figures = summary(connection, chosen)
    focus = _focus(figures)
    changed = changes(connection, chosen) if figures.voice else ()
    unit: Unit = "day"
    over_time: tuple[Bucket, ...] = ()
    if figures.first_published and figures.last_published and focus:
        where = ZoneInfo(zone)
        first, last = (
            moment.astimezone(where).date() for moment in (figures.first_published, figures.last_published)
        )
        unit = unit_for(first, last)
        points = sentiment_over_time(connection, chosen, focus, unit, zone)
        over_time = without_gaps(points, unit) if points else ()
    came_from = sources(connection, chosen, _MOST_ORIGINS)
    silent = image_only(connection, chosen, _MOST_SILENT) if figures.image_only else ()
    seen = {each.sha256 for each in silent}
    shown = shown_pictures(connection, chosen, _MOST_PICTURES + len(silent))
    return Report(
        chosen=chosen,
        zone=zone,
        generated_at=now,
        figures=figures,
        focus=focus,
        ours=of_brand(figures.voice, focus),
        felt=of_brand(figures.feeling, focus),
        changed=tuple(each for each in changed if each.share.difference is not None),
        unit=unit,
        over_time=over_time,
        drawings=_drawings(connection, chosen, figures, focus, changed, unit, over_time, came_from),
        praise=most_extreme(connection, chosen, focus, "positive", _MOST_QUOTES) if focus else (),
        criticism=most_extreme(connection, chosen, focus, "negative", _MOST_QUOTES) if focus else (),
        reached=most_reached(connection, chosen, _MOST_MENTIONS),
        silent=silent,
        pictures=tuple(each for each in shown if each.sha256 not in seen)[:_MOST_PICTURES],
        sources=came_from,
        authors=authors(connection, chosen, _MOST_ORIGINS),
    )


class _OfBrand(Protocol):
    @property
    def brand(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfBrand)


def of_brand(rows: tuple[_Row, ...], brand: str | None) -> _Row | None:
    """The row about a brand, or None."""
    return next((row for row in rows if row.brand == brand), None)


def _focus(figures: Summary) -> str | None:
    present = sorted(figures.voice, key=lambda each: (not each.own, -each.posts))
    return present[0].brand if present else None


def _drawings(
    connection: Connection,
    chosen: Filter,
    figures: Summary,
    focus: str | None,
    changed: tuple[BrandChange, ...],
    unit: Unit,
    over_time: tuple[Bucket, ...],
    came_from: tuple[SourceShare, ...],
) -> dict[str, charts.Drawing]:
    """The charts there is something to show for."""
    told: dict[str, charts.Drawing | None] = {}
    if figures.voice:
        told["share"] = charts.share_chart(figures.voice, figures.brand_posts)
        told["change"] = charts.change_chart(changed)
    if any(each.opinions for each in figures.feeling):
        told["health"] = charts.health_chart(figures.feeling)
    if focus and over_time:
        told["trend"] = charts.trend_chart(focus, over_time, unit)
        told["health_over_time"] = charts.health_over_time_chart(focus, over_time, unit)
        told["terms"] = charts.terms_chart(focus, terms(connection, chosen, focus, _MOST_TERMS))
    if came_from:
        told["sources"] = charts.sources_chart(came_from)
    return {name: drawing for name, drawing in told.items() if drawing is not None}
