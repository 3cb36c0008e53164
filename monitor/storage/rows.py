"""From results to table rows: one dict a row, plain values only, text that PostgreSQL can hold."""

import hashlib
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from monitor.brands import Brands
from monitor.messages import BrandMention, Detection, Sentiment, mention_uuid
from monitor.storage.records import (
    Change,
    DeletionResult,
    ImageResult,
    RecordPosition,
    Result,
    Scored,
    TextResult,
)
from monitor.verdict import verdict

Row = dict[str, Any]

NAMESPACE: Final = uuid.UUID("0d6a8a52-3f0c-5b6e-8f43-7c1b6f1c9a27")
# NUL has no place in a PostgreSQL text; half of a surrogate pair none in UTF-8.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

LOOK_AT_TEXT: Final = "\x01"
"""The lexeme in `mention.words` that stands for those left out: the text itself has to be looked at."""

# What PostgreSQL can hold: a tsvector has 20 bits for a lexeme's place and 11 for its length, and an entry of
# a GIN index has to fit a third of a page.
_LEXEME_BYTES: Final = 1024
_WORDS_BYTES: Final = 1_000_000
# In no word: a control character that separates; and the same as SQL writes it.
_SEPARATOR: Final = "\x1f"
SEPARATOR_SQL: Final = "E'\\x1f'"


def clean(value: str | None) -> str | None:
    """The text with what PostgreSQL cannot hold replaced by U+FFFD, character for character."""
    return None if value is None else _UNSTORABLE.sub("\ufffd", value)


def mention_id(change: Change) -> uuid.UUID:
    """The key of the mention that a record is about."""
    if isinstance(change, DeletionResult):
        return mention_uuid(change.kind, change.deletion.source, change.deletion.id)
    return mention_uuid(
        "text" if isinstance(change, TextResult) else "image", change.mention.source, change.mention.id
    )


def joined_words(words: Iterable[str], said: str | None) -> str | None:
    """Lexemes as `driver` takes them, in one text; None where there are none though something was said.

    Those too long to be stored, or too many, are left out, and `LOOK_AT_TEXT` stands for them.
    """
    found = {_UNSTORABLE.sub("\ufffd", word) for word in words if word}
    if not found:
        return None if said else ""
    kept = {word for word in found if len(word.encode()) <= _LEXEME_BYTES and _SEPARATOR not in word}
    if sum(len(word.encode()) for word in kept) > _WORDS_BYTES:
        kept = set()
    return _SEPARATOR.join(sorted(kept if kept == found else kept | {LOOK_AT_TEXT}))


def array(numbers: Sequence[int]) -> str | None:
    """Numbers as the text of an array, which SQL takes; None for none."""
    return f"{{{','.join(map(str, numbers))}}}" if numbers else None


def mention_digest(id: uuid.UUID) -> int:
    """What the books keep of a mention: the first 8 bytes of its id, as SQL's `mention_digest` has them."""
    return int.from_bytes(id.bytes[:8], signed=True)


def post_id(source: str, external_id: str) -> uuid.UUID:
    """The same for the text and the picture of one post."""
    return uuid.uuid5(NAMESPACE, f"post:{len(source)}:{source}:{external_id}")


def brands_found(results: Iterable[Result]) -> set[str]:
    """Every brand that these results name or show, in words or in pictures."""
    found: set[str] = set()
    for result in results:
        found.update(named.brand for named in result.brands)
        if isinstance(result, ImageResult):
            found.update(detection.brand for detection in result.detections)
    return found


def brands_key(brands: Brands) -> str:
    """Digest of which logo label means which brand: equal keys, equal detections."""
    pairs = sorted((label, brand.name) for label, brand in brands.by_logo().items())
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]


def mention_row(id: uuid.UUID, result: Result, log_id: str) -> Row:
    """The row of table `mention`."""
    said = result.mention
    row = position_row(result.position, log_id)
    row["id"] = id
    row["post_id"] = post_id(said.source, said.id)
    row["source"] = clean(said.source)
    row["external_id"] = clean(said.id)
    row["published_at"] = said.published_at
    row["author"] = clean(said.author)
    row["url"] = clean(said.url)
    row["reach"] = said.reach
    row["model_version"] = result.model_version
    row["n_brand_mentions"] = len(result.brands)
    row["language"] = clean(result.language)
    # A story of its own, until it is found to be a copy.
    row["story_id"] = id
    row["lead"] = True
    row["story_keys"] = array(result.story_keys)
    if isinstance(result, TextResult):
        text = result.mention
        row["kind"] = "text"
        row["n_sentiments"] = 0 if result.sentiment is None else 1 + len(_by_brand(result.brands))
        row["text"] = clean(text.text)
        row["lang"] = clean(text.lang)
        row["words"] = joined_words(result.words, text.text)
        row["picture_sha256"] = None
    else:
        caption = result.mention.caption
        row["kind"] = "image"
        row["n_sentiments"] = 0
        row["text"] = clean(caption)
        row["lang"] = None
        row["words"] = joined_words(result.words, caption)
        row["picture_sha256"] = result.picture.sha256
    return row


def picture_row(result: ImageResult) -> Row:
    """The row of table `picture`."""
    picture = result.picture
    return {
        "sha256": picture.sha256,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "n_bytes": picture.n_bytes,
        "url": picture.url,
        "phash": picture.phash,
    }


def scan_row(result: ImageResult, key: str) -> Row:
    """The row of table `picture_scan`."""
    return {
        "picture_sha256": result.picture.sha256,
        "model_version": result.model_version,
        "brands_key": key,
    }


def detection_rows(result: ImageResult, brand_ids: Mapping[str, int]) -> list[Row]:
    """Rows of table `logo_detection`; equal finds get equal ids, so a correction outlives a second scan."""
    return [_detection_row(result, found, brand_ids) for found in result.detections]


def detection_id(sha256: str, model_version: str, found: Detection) -> uuid.UUID:
    """The key of a find: equal boxes of one brand in one scan are one find."""
    box = found.box
    # A hundred-thousandth of the picture: below a pixel, above the noise of another CPU's arithmetic.
    place = ":".join(f"{edge:.5f}" for edge in (box.x, box.y, box.width, box.height))
    return uuid.uuid5(NAMESPACE, f"detection:{sha256}:{model_version}:{found.brand}:{place}")


def _detection_row(result: ImageResult, found: Detection, brand_ids: Mapping[str, int]) -> Row:
    box = found.box
    return {
        "id": detection_id(result.picture.sha256, result.model_version, found),
        "picture_sha256": result.picture.sha256,
        "model_version": result.model_version,
        "brand_id": brand_ids[found.brand],
        "score": found.score,
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
        "evidence": found.evidence,
        "look": found.look,
        "letters": found.letters,
        "line": clean(found.line),
    }


def brand_mention_rows(owner: uuid.UUID, result: Result, brand_ids: Mapping[str, int]) -> list[Row]:
    """Rows of table `brand_mention`."""
    return [
        {
            "mention_id": owner,
            "brand_id": brand_ids[named.brand],
            "start_char": named.start,
            "end_char": named.end,
            "matched": clean(named.matched),
        }
        for named in result.brands
    ]


def sentiment_rows(owner: uuid.UUID, result: Scored, brand_ids: Mapping[str, int]) -> list[Row]:
    """Rows of table `sentiment`: the whole text's, and one toward each brand the model could tell; none of a
    text that was not scored."""
    if result.sentiment is None:
        return []
    toward: dict[int | None, Sentiment] = {None: result.sentiment}
    for brand, opinions in _by_brand(result.brands).items():
        toward[brand_ids[brand]] = _mean(opinions, result.min_confidence)
    return [
        {
            "mention_id": owner,
            "brand_id": brand_id,
            "label": felt.label,
            "p_negative": felt.p_negative,
            "p_neutral": felt.p_neutral,
            "p_positive": felt.p_positive,
            "model_version": result.model_version,
        }
        for brand_id, felt in toward.items()
    ]


def _by_brand(named: Iterable[BrandMention]) -> dict[str, list[Sentiment]]:
    opinions: dict[str, list[Sentiment]] = defaultdict(list)
    for each in named:
        if each.sentiment is not None:
            opinions[each.brand].append(each.sentiment)
    return opinions


def _mean(opinions: list[Sentiment], min_confidence: float) -> Sentiment:
    """A brand named several times in one text is one opinion: the mean of the probabilities."""
    if len(opinions) == 1:
        return opinions[0]
    return verdict(
        sum(each.p_negative for each in opinions) / len(opinions),
        sum(each.p_neutral for each in opinions) / len(opinions),
        sum(each.p_positive for each in opinions) / len(opinions),
        min_confidence,
    )


def position_row(place: RecordPosition, log_id: str) -> Row:
    """The columns of a record's place."""
    return {
        "log_id": log_id,
        "topic": place.topic,
        "partition": place.partition,
        "record_offset": place.offset,
        "recorded_at": place.timestamp,
    }
