"""How far the data can be trusted: lag, rejected records, models, coverage, and whether it is made up."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from monitor.storage.pruning import kept_from


class TopicLag(msgspec.Struct, frozen=True, kw_only=True):
    """One topic: when its last batch was written, and how long its mentions took, in seconds."""

    topic: str
    last_written: datetime
    records_day: int
    """Records written in the last 24 hours."""
    rejected_day: int
    delay_median: float | None
    """From the record's entry into Kafka to the database, among the latest 5,000 mentions of all topics."""
    delay_most: float | None


class Rejections(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters with one error code, and the latest reason given."""

    code: str
    records: int
    latest: datetime
    example: str


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """A model version and how many mentions it scored."""

    model_version: str
    kind: str
    mentions: int


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the data, over all time."""

    topics: tuple[TopicLag, ...]
    rejections: tuple[Rejections, ...]
    models: tuple[ModelUse, ...]
    mentions: int
    about: int
    """Mentions that name or show any brand."""
    synthetic: bool

    @property
    def coverage(self) -> float | None:
        """Share of mentions that name or show any brand, 0..1; None without mentions."""
        return self.about / self.mentions if self.mentions else None


def quality(connection: Connection) -> Quality:
    """What the data quality page says."""
    counts = connection.execute(_COVERAGE).one()
    return Quality(
        topics=tuple(TopicLag(**row._asdict()) for row in connection.execute(_TOPICS)),
        rejections=tuple(Rejections(**row._asdict()) for row in connection.execute(_REJECTIONS)),
        models=tuple(ModelUse(**row._asdict()) for row in connection.execute(_MODELS)),
        mentions=counts.mentions,
        about=counts.about,
        synthetic=is_synthetic(connection),
    )


def is_synthetic(connection: Connection) -> bool:
    """Whether `brand-monitor seed` made mentions in this database."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM seeding)")).scalar_one())


def pruned_before(connection: Connection, since: datetime) -> datetime | None:
    """From when on mentions are kept, where not all of a period that begins at `since` are; else None."""
    found = kept_from(connection)
    return found if found is not None and since < found else None


_COVERAGE = text("""
    SELECT (SELECT coalesce(sum(mentions), 0)::bigint FROM mention_hour) AS mentions,
           (SELECT coalesce(sum(mentions), 0)::bigint FROM about_hour) AS about
""")

_TOPICS = text("""
    WITH latest AS (
        SELECT topic, extract(epoch FROM stored_at - recorded_at)::double precision AS delay
        FROM mention ORDER BY published_at DESC LIMIT 5000
    ), delays AS (
        SELECT topic, percentile_cont(0.5) WITHIN GROUP (ORDER BY delay) AS delay_median,
               max(delay) AS delay_most
        FROM latest GROUP BY topic
    ), batches AS (
        SELECT topic, max(written_at) AS last_written,
               coalesce(sum(records) FILTER (WHERE written_at > now() - interval '1 day'), 0)::bigint
                   AS records_day,
               coalesce(sum(rejected) FILTER (WHERE written_at > now() - interval '1 day'), 0)::bigint
                   AS rejected_day
        FROM ingest_batch GROUP BY topic
    )
    SELECT topic, last_written, records_day, rejected_day, delay_median, delay_most
    FROM batches LEFT JOIN delays USING (topic) ORDER BY topic
""")

_REJECTIONS = text("""
    SELECT error_code AS code, count(*) AS records, max(failed_at) AS latest,
           (array_agg(error_detail ORDER BY failed_at DESC))[1] AS example
    FROM dead_letter GROUP BY error_code ORDER BY records DESC, code
""")

_MODELS = text("""
    SELECT model_version, kind, sum(mentions - unscored)::bigint AS mentions FROM mention_hour
    GROUP BY 1, 2 HAVING sum(mentions - unscored) > 0 ORDER BY kind DESC, mentions DESC, 1
""")
