"""Net sentiment and brand health: how the texts that name a brand feel about it, at once and over time."""

from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import brand_counts, brand_days, brand_hours, in_steps_of, values
from monitor.reports.filters import Filter
from monitor.reports.intervals import wilson

Unit = Literal["day", "week", "month"]


class BrandFeeling(msgspec.Struct, frozen=True, kw_only=True):
    """How the texts that name a brand feel about it. Counts are mentions."""

    brand: str
    own: bool
    mentions: int
    """positive + neutral + negative + unscored."""
    positive: int
    neutral: int
    negative: int
    unscored: int
    """Texts in a language that the model does not speak."""
    net_sentiment: float | None
    """(positive - negative) / (positive + neutral + negative), -1..1; None where nothing was scored."""
    opinions: int
    """positive + negative."""
    health: float | None
    """positive / opinions, 0..1; None without opinions."""
    health_low: float | None
    """Ends of its 95% Wilson interval."""
    health_high: float | None


class FeelingPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in one day, week (from its Monday) or month (from its first day). Counts are texts."""

    start: date
    positive: int
    neutral: int
    negative: int
    unscored: int = 0
    """Texts in a language that the model does not speak."""

    @property
    def mentions(self) -> int:
        """Texts that name the brand."""
        return self.scored + self.unscored

    @property
    def scored(self) -> int:
        """Those with a sentiment."""
        return self.positive + self.neutral + self.negative

    @property
    def opinions(self) -> int:
        """positive + negative."""
        return self.positive + self.negative

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / scored, -1..1; None where nothing was scored."""
        return (self.positive - self.negative) / self.scored if self.scored else None

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
    query = f"""
        SELECT b.name AS brand, b.own, sum(h.texts)::bigint AS mentions, {_COUNTS}
        FROM {brand_counts(chosen)} AS h JOIN brand AS b ON b.id = h.brand_id
        WHERE cardinality(CAST(:brands AS text[])) = 0 OR b.name = ANY(:brands)
        GROUP BY b.id HAVING sum(h.texts) > 0 ORDER BY mentions DESC, b.own DESC, b.name
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    return tuple(_feeling(row._asdict()) for row in connection.execute(text(query), values(chosen)))


def sentiment_over_time(
    connection: Connection, chosen: Filter, brand: str, unit: Unit, zone: str = "UTC"
) -> tuple[FeelingPoint, ...]:
    """Texts that name a brand by day, week or month of an IANA time zone; units without one are left out."""
    start = "date_trunc(:unit, hour AT TIME ZONE :zone)::date AS start"
    if in_steps_of(timedelta(hours=1), ZoneInfo(zone), chosen):
        table = brand_days if in_steps_of(timedelta(days=1), ZoneInfo(zone), chosen) else brand_hours
        query = f"""
            SELECT {start}, {_COUNTS} FROM {table(chosen)} AS h
            WHERE brand_id = (SELECT id FROM brand WHERE name = :brand)
            GROUP BY 1 HAVING sum(texts) > 0 ORDER BY 1
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
    else:
        query = f"""
            SELECT {start.replace("hour", "published_at")},
                   count(*) FILTER (WHERE label = 'positive') AS positive,
                   count(*) FILTER (WHERE label = 'neutral') AS neutral,
                   count(*) FILTER (WHERE label = 'negative') AS negative,
                   count(*) FILTER (WHERE label IS NULL) AS unscored
            FROM presence AS p
            WHERE brand_id = (SELECT id FROM brand WHERE name = :brand)
              AND {chosen.where("p", "kind = 'text'")}
            GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {**values(chosen), "brand": brand, "unit": unit, "zone": zone}
    return tuple(FeelingPoint(**row._asdict()) for row in connection.execute(text(query), given))


_COUNTS = """sum(h.positive)::bigint AS positive, sum(h.neutral)::bigint AS neutral,
               sum(h.negative)::bigint AS negative, sum(h.unscored)::bigint AS unscored"""


def _feeling(counts: dict[str, Any]) -> BrandFeeling:
    positive, negative = counts["positive"], counts["negative"]
    opinions = positive + negative
    scored = opinions + counts["neutral"]
    low, high = wilson(positive, opinions) if opinions else (None, None)
    return BrandFeeling(
        **counts,
        net_sentiment=(positive - negative) / scored if scored else None,
        opinions=opinions,
        health=positive / opinions if opinions else None,
        health_low=low,
        health_high=high,
    )
