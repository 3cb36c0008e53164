"""Net sentiment and brand health: how the texts that name a brand feel about it, at once and over time."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import step_of
from monitor.reports.filters import Filter
from monitor.reports.intervals import wilson
from monitor.reports.wording import counted, number

Unit = Literal["day", "week", "month"]


class BrandFeeling(msgspec.Struct, frozen=True, kw_only=True):
    """How the texts that name a brand feel about it. Counts are mentions."""

    brand: str
    own: bool
    mentions: int
    """positive + neutral + negative + unsure + unscored."""
    positive: int
    neutral: int
    negative: int
    unsure: int
    """Texts that the model was not sure of: none of the three."""
    unscored: int
    """Texts in a language that the model does not speak."""
    net_sentiment: float | None
    """(positive - negative) / (positive + neutral + negative), -1..1; None where these are 0."""
    opinions: int
    """positive + negative."""
    health: float | None
    """positive / opinions, 0..1; None without opinions."""
    health_low: float | None
    """Ends of its 95% Wilson interval."""
    health_high: float | None

    @property
    def verdicts(self) -> int:
        """Texts that the model scored or a person judged: sure + unsure."""
        return self.mentions - self.unscored

    @property
    def sure(self) -> int:
        """positive + neutral + negative."""
        return self.verdicts - self.unsure


class FeelingPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in one day, week (from its Monday) or month (from its first day). Counts are texts."""

    start: date
    positive: int
    neutral: int
    negative: int
    unsure: int = 0
    """Texts that the model was not sure of: none of the three."""
    unscored: int = 0
    """Texts in a language that the model does not speak."""

    @property
    def mentions(self) -> int:
        """Texts that name the brand."""
        return self.sure + self.unsure + self.unscored

    @property
    def sure(self) -> int:
        """positive + neutral + negative."""
        return self.positive + self.neutral + self.negative

    @property
    def opinions(self) -> int:
        """positive + negative."""
        return self.positive + self.negative

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / sure, -1..1; None where that is 0."""
        return (self.positive - self.negative) / self.sure if self.sure else None

    @property
    def health(self) -> float | None:
        """positive / opinions, 0..1; None without opinions."""
        return self.positive / self.opinions if self.opinions else None

    @property
    def health_interval(self) -> tuple[float, float] | None:
        """Ends of the health's 95% Wilson interval; None without opinions."""
        return wilson(self.positive, self.opinions) if self.opinions else None


def net_sentiment(connection: Connection, chosen: Filter) -> tuple[BrandFeeling, ...]:
    """Brands that texts name, the most mentioned first."""
    return tuple(_feeling(row._asdict()) for row in connection.execute(_NET, chosen.values()))


def sentiment_over_time(
    connection: Connection, chosen: Filter, brand: str, unit: Unit, zone: str = "UTC"
) -> tuple[FeelingPoint, ...]:
    """Texts that name a brand by day, week or month of an IANA time zone; units without one are left out."""
    step = step_of(chosen, ZoneInfo(zone))
    given = {**chosen.values(), "brand": brand, "unit": unit, "zone": zone, "step": step}
    return tuple(FeelingPoint(**row._asdict()) for row in connection.execute(_OVER_TIME, given))


def in_words(feeling: Sequence[BrandFeeling]) -> str:
    """`The model was not sure in 12 of 40 verdicts`; empty where it always was."""
    unsure = sum(each.unsure for each in feeling)
    verdicts = sum(each.verdicts for each in feeling)
    return f"The model was not sure in {number(unsure)} of {counted(verdicts, 'verdict')}" if unsure else ""


_NET: Final = text("""
    SELECT b.name AS brand, b.own, sum(c.texts)::bigint AS mentions, sum(c.positive)::bigint AS positive,
           sum(c.neutral)::bigint AS neutral, sum(c.negative)::bigint AS negative,
           sum(c.unsure)::bigint AS unsure, sum(c.unscored)::bigint AS unscored
    FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories) AS c
    JOIN brand AS b ON b.id = c.brand_id
    WHERE (b.watched AND cardinality(CAST(:brands AS text[])) = 0) OR b.name = ANY(:brands)
    GROUP BY b.id HAVING sum(c.texts) > 0 ORDER BY mentions DESC, b.own DESC, b.name
""")

_OVER_TIME: Final = text("""
    SELECT date_trunc(:unit, moment AT TIME ZONE :zone)::date AS start, sum(positive)::bigint AS positive,
           sum(neutral)::bigint AS neutral, sum(negative)::bigint AS negative, sum(unsure)::bigint AS unsure,
           sum(unscored)::bigint AS unscored
    FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories, :step)
    WHERE brand_id = (SELECT id FROM brand WHERE name = :brand)
    GROUP BY 1 HAVING sum(texts) > 0 ORDER BY 1
""")


def _feeling(counts: dict[str, Any]) -> BrandFeeling:
    positive, negative = counts["positive"], counts["negative"]
    opinions = positive + negative
    sure = opinions + counts["neutral"]
    low, high = wilson(positive, opinions) if opinions else (None, None)
    return BrandFeeling(
        **counts,
        net_sentiment=(positive - negative) / sure if sure else None,
        opinions=opinions,
        health=positive / opinions if opinions else None,
        health_low=low,
        health_high=high,
    )
