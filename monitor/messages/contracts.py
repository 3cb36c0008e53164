"""The structs of the wire: what publishers send and what the service answers.

Every one is public: the JSON Schema files under docs/schemas are generated from them.
"""

import hashlib
import re
import uuid
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

Kind = Literal["text", "image"]
Label = Literal["negative", "neutral", "positive"]
"""How a text feels: what models tell apart, and what a person may say."""
Verdict = Literal["negative", "neutral", "positive", "unsure"]
"""What a model says: a label, or that it is not sure of any."""

LONGEST_ID: Final = 512
"""Characters."""

Identifier = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=LONGEST_ID,
        # PostgreSQL stores no NUL, and control characters in a name are a publisher's mistake.
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="1 to 512 characters, none of them a control character.",
    ),
]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with a zone: 2026-03-01T09:30:00Z.")]
Reach = Annotated[
    int, msgspec.Meta(ge=0, le=2**63 - 1, description="People who may have seen it (followers, impressions).")
]


class TextMention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text somebody published. `(source, id)` names it for good: publishing it again replaces it."""

    id: Identifier
    source: Identifier
    text: Annotated[str, msgspec.Meta(description="Not blank, at most MONITOR_TEXT_MAX_CHARS characters.")]
    published_at: Moment
    author: str | None = None
    url: str | None = None
    lang: str | None = None
    reach: Reach | None = None


class ImageMention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture somebody published. A text and a picture of one post share `source` and `id`."""

    id: Identifier
    source: Identifier
    image: Annotated[
        bytes, msgspec.Meta(description="JPEG, PNG or WebP; base64 in JSON, raw in MessagePack.")
    ]
    published_at: Moment
    caption: str | None = None
    author: str | None = None
    url: str | None = None
    reach: Reach | None = None


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """A post was taken down. On `mentions.text` it deletes the text, on `mentions.image` the picture.

    A record is a deletion if and only if it has `deleted_at` (null counts as not there).
    """

    id: Identifier
    source: Identifier
    deleted_at: Moment


class Box(msgspec.Struct, frozen=True):
    """A rectangle in relative units: the picture is 0..1 wide and 0..1 high, origin top left."""

    x: float
    y: float
    width: float
    height: float


Evidence = Literal["look", "letters", "both"]
"""By what a picture was found to show a brand: how it looks, the letters read in it, or both."""


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """A brand found in a picture. `brand` is a name from brands.toml; `score` is the probability, 0..1, that
    the picture shows it there, from all evidence together (`monitor.logos.evidence`).

    `look` is the network's own score, 0..1, None where it saw nothing there. `letters` is the reader's
    confidence in the letters, 0..1, and `line` the whole line that spells the name, as read; None where none
    does.
    """

    brand: str
    score: float
    box: Box
    evidence: Evidence = "look"
    look: float | None = None
    letters: float | None = None
    line: str | None = None


class Sentiment(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities that sum to 1, and the label drawn from them: the most probable one, or `unsure` where
    even that one's is below the threshold (the model's own, or `MONITOR_SENTIMENT_MIN_CONFIDENCE`)."""

    label: Verdict
    p_negative: float
    p_neutral: float
    p_positive: float


class BrandMention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text names a brand: `matched` is the alias as written, `start` and `end` its character span.

    `sentiment` is toward this brand, where the model can tell; otherwise the whole text's counts.
    """

    brand: str
    matched: str
    start: int
    end: int
    sentiment: Sentiment | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the service found in one mention; published to `mentions.findings` after the database commit."""

    kind: Kind
    id: str
    source: str
    published_at: datetime
    language: str
    """Primary subtag of the language of the text or caption; `und` where nobody knows."""
    model_versions: dict[str, str]
    sentiment: Sentiment | None = None
    """None for a picture, and for a text in a language that the model does not speak."""
    brands: tuple[BrandMention, ...] = ()
    detections: tuple[Detection, ...] = ()


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """A mention was deleted; published to `mentions.findings` after the database commit, also where there was
    no such mention, but not where a later version of it is. Told from a Finding by `deleted_at`."""

    kind: Kind
    id: str
    source: str
    deleted_at: datetime


AlertKind = Literal[
    "volume-up", "volume-down", "criticism", "negative-share", "theme", "reach", "competitor", "silence"
]
"""What a rule watches for."""


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a rule watched for; published to `mentions.alerts` at least once, by its subject."""

    id: int
    """The same for the same alert, however often it is published."""
    rule: str
    """What people call the rule that raised it."""
    rule_id: int
    kind: AlertKind
    subject: str
    """The brand, source or query that did something."""
    brand: str | None = None
    query: str | None = None
    """Only mentions of which this is true were counted."""
    since: datetime
    """The window: mentions published from here to before `until`."""
    until: datetime
    observed: int
    """Mentions in the window; of `criticism` and `negative-share` the negative texts; of `reach` the mentions
    whose author reaches so many."""
    expected: float | None = None
    """How many the same hours of earlier weeks had on average; none of `reach`."""
    baseline_windows: int
    """How many weeks that is the average of."""
    p_value: float | None = None
    """How often chance alone would give something as unusual, 0..1; none of `reach`."""
    share: float | None = None
    """Of `negative-share`: the negative part of the texts with a verdict, 0..1."""
    usual_share: float | None = None
    reach: int | None = None
    """Of `reach`: the widest, in people."""
    title: str
    """What happened, in words."""
    cause: str | None = None
    """What made it happen, in words, where one thing did. May hold what publishers wrote."""
    link: str | None = None
    """The mentions on the pages, where the address of these is known (MONITOR_WEB_URL, MONITOR_WEB_NAMES)."""
    raised_at: datetime


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be processed: the original key, value and headers, and why.

    On the wire the first three are the Kafka record's own, the rest are headers
    (`error-code`, `error-detail`, `source-topic`, `source-partition`, `source-offset`, `failed-at`).
    """

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    error_code: str
    error_detail: str
    source_topic: str
    source_partition: int
    source_offset: int
    failed_at: datetime


_NAMESPACE: Final = uuid.UUID("7a0c1f3e-5b0f-5d7e-9a55-0d1f4f9f5c11")


def mention_uuid(kind: Kind, source: str, id: str) -> uuid.UUID:
    """The mention's database key: UUID v5 of kind, source and id, so that writers need no look-up.

    Parts are length-prefixed, so ("a", "b/c") and ("a/b", "c") stay apart.
    """
    return uuid.uuid5(_NAMESPACE, f"{kind}:{len(source)}:{source}:{id}")


MOST_PICTURES: Final = 20
"""Of a post; platforms allow 4 to 20, and an article of a feed may show a hundred icons."""

_FURTHER: Final = re.compile(r"#picture-[0-9]+\Z")


def picture_id(post: str, number: int) -> str:
    """The id of a post's picture, counted from 1: the first shares the post's, the others are
    `ID#picture-2`, ...; what would be too long for an id, its SHA-256."""
    if number == 1:
        return post
    id = f"{post}#picture-{number}"
    return id if len(id) <= LONGEST_ID else hashlib.sha256(id.encode("utf-8", "replace")).hexdigest()


def post_of_picture(id: str) -> str:
    """The id of the post that shows it; of what is no further picture's, itself."""
    return _FURTHER.sub("", id)
