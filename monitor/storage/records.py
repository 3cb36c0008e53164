"""What the stream hands over to be written: results and rejections with their place in the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from monitor.errors import DataError, ErrorCode
from monitor.messages import (
    BrandMention,
    DeadLetter,
    Deletion,
    Detection,
    ImageMention,
    Kind,
    Sentiment,
    TextMention,
)


class RecordPosition(msgspec.Struct, frozen=True, kw_only=True):
    """One Kafka record's place: `timestamp` is the record's own, in UTC.

    A struct because one is made for every record: a frozen dataclass takes ten times as long.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRef:
    """A picture in the store; width and height in pixels after EXIF rotation, `n_bytes` of the file.

    `phash` is its perceptual hash as a signed 64-bit number; None: not worked out.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    n_bytes: int
    url: str
    phash: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model said of a text: its sentiment as a whole, and the brands that the text names (with one
    toward each, if known).

    `sentiment` is None for a text in a language that the model does not speak. Below the probability
    `min_confidence` (0..1) the verdict toward a brand named several times is unsure, as those given here are.
    """

    sentiment: Sentiment | None
    brands: tuple[BrandMention, ...]
    model_version: str
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextResult(Scored):
    """A read text.

    `language` is its language (ISO 639 code; und: nobody knows), `words` are the lexemes of its reading;
    without them a search looks at the text itself. Texts that share one of `story_keys` are copies
    (`monitor.texts.stories`).
    """

    position: RecordPosition
    mention: TextMention
    language: str = "und"
    words: tuple[str, ...] = ()
    story_keys: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """A scored picture: the brands it shows, and those its caption names.

    `model_version` says whether its letters could be read. `language` and `words` are those of the caption,
    as in `TextResult`; pictures that share one of `story_keys` are copies (`monitor.logos.likeness`).
    """

    position: RecordPosition
    mention: ImageMention
    picture: PictureRef
    detections: tuple[Detection, ...]
    model_version: str
    brands: tuple[BrandMention, ...] = ()
    language: str = "und"
    words: tuple[str, ...] = ()
    story_keys: tuple[int, ...] = ()


Result = TextResult | ImageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionResult:
    """A record that deletes the mention of this kind which it names."""

    position: RecordPosition
    kind: Kind
    deletion: Deletion


Change = Result | DeletionResult
"""What a record does to the tables: a version of a mention, or its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record that went to the dead letters instead of the tables.

    `picture` is that of a record which only the database refused: its file had been put by then.
    """

    position: RecordPosition
    letter: DeadLetter
    picture: PictureRef | None = None


class Span(NamedTuple):
    """Offsets of one partition, from `start` to before `end`."""

    topic: str
    partition: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything one transaction writes: each record of the batch is in `results`, deletions among them, or
    in `rejections`.

    `log_id` names the life of the log (`monitor.storage.logs`), so that offsets of a topic made anew are not
    mistaken for old ones. `results` stand in the order in which the records came.

    Every offset in `spans` is accounted for: those with neither a result nor a rejection hold no record for
    us (transaction markers, aborted transactions, compacted away, the rest of a rejected wire batch). Without
    spans only the offsets of results and rejections are.
    """

    log_id: str
    results: tuple[Change, ...]
    rejections: tuple[Rejection, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """How the records of one batch ended; the four counts add up to the batch.

    `stored`: mentions not seen before. `replaced`: records whose mention was there already, be it an earlier
    version, this very record delivered again, or a newer version that stays; or was deleted since.
    `rejected`: dead letters. `deleted`: records that delete a mention, there or not.
    """

    stored: int
    replaced: int
    rejected: int
    deleted: int = 0
    silent: frozenset[RecordPosition] = frozenset()
    """Records that nobody is to hear of any more: versions whose mention was deleted after them, and
    deletions that leave a later version."""
    files_due: frozenset[str] = frozenset()
    """SHA-256 of pictures whose files were removed since they were put: put them again before all else."""
    pictures_gone: int = 0
    """Pictures that no mention shows any more: their files are to be removed."""

    def __add__(self, other: "WriteOutcome") -> "WriteOutcome":
        """Both batches together."""
        return WriteOutcome(
            self.stored + other.stored,
            self.replaced + other.replaced,
            self.rejected + other.rejected,
            self.deleted + other.deleted,
            self.silent | other.silent,
            self.files_due | other.files_due,
            self.pictures_gone + other.pictures_gone,
        )


class StorageRejection(DataError):  # noqa: N818 - one record's ending, not a fault of the program
    """The database can never take this one record; the batch without it can be written."""

    def __init__(
        self, position: RecordPosition, detail: str, code: ErrorCode = ErrorCode.STORAGE_REJECTED
    ) -> None:
        super().__init__(code, f"{position}: {detail}")
        self.position = position
