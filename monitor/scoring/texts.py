"""Scores texts: rows of a file in, an answer or a fault per row out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeVar

import msgspec

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError, ErrorCode
from monitor.files.dates import zone_named
from monitor.files.interface import Columns, LeftOut, Row, Unreadable
from monitor.files.mentions import fields_of
from monitor.messages import BrandMention, Identifier, Moment, Reach, Sentiment, check_text, validation_code
from monitor.queries import Fields
from monitor.scoring.answers import Fault, TextAnswer, TextFault, TextId, UnscoredText
from monitor.sentiment import Asked, SentimentScorer
from monitor.stream.asking import name_spans
from monitor.stream.scoring import score_each
from monitor.texts import Reading, read

_Answer = TypeVar("_Answer")


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row to score: a `TextMention`, of which `text` alone is needed here.

    The other fields are checked where they are there: a row that scores is one the stream takes, given the
    rest.
    """

    text: str
    id: Identifier | None = None
    target: str | tuple[int, int] | None = None
    """What the sentiment is toward: a part of the text (its first occurrence), or a span [start, end)."""
    source: Identifier | None = None
    published_at: Moment | None = None
    author: str | None = None
    url: str | None = None
    lang: str | None = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    id: TextId
    text: Reading
    target: tuple[int, int] | None
    fields: Fields
    named: tuple[BrandMention, ...]


_NUMBER = re.compile(r"\d+")


def score_texts(
    batches: Iterable[Sequence[Row | Unreadable | LeftOut]],
    columns: Columns,
    scorer: SentimentScorer,
    matcher: BrandMatcher,
    max_chars: int,
) -> Iterator[list[TextAnswer | UnscoredText | TextFault]]:
    """Answers for batches of rows, in the same order; rows that are no mention have none, and texts longer
    than `max_chars` a fault.

    Blocks while the model runs. Never raises for what stands in a row; `OutageError` if the model fails on
    everything, `SetupError` for a zone of `columns` that there is not.
    """
    zone = zone_named(columns.zone) if columns.zone else None
    for batch in batches:
        tasks = [
            _read(row, columns, zone, max_chars, matcher) for row in batch if not isinstance(row, LeftOut)
        ]
        spoken = [task for task in tasks if isinstance(task, _Task) and scorer.speaks(task.fields.language)]
        sentiments = iter(score_each(spoken, lambda some: _score(scorer, some), scorer.warm_up))
        answers: list[TextAnswer | UnscoredText | TextFault] = []
        for task in tasks:
            if isinstance(task, TextFault):
                answers.append(task)
            elif scorer.speaks(task.fields.language):
                answers.append(_answer(task, next(sentiments)))
            else:
                answers.append(_unscored(task))
        yield answers


def _read(
    row: Row | Unreadable, columns: Columns, zone: tzinfo | None, max_chars: int, matcher: BrandMatcher
) -> _Task | TextFault:
    name = _id_of(row, columns)
    try:
        if isinstance(row, Unreadable):
            raise row.error
        fields = _line(row, columns, zone)
        check_text(fields.text, max_chars=max_chars)
        text = read(fields.text)
        known = Fields.of(fields, matcher.language(text, fields.lang))
        return _Task(name, text, _span(fields.target, fields.text), known, matcher.find(text, known))
    except DataError as error:
        return TextFault(id=name, error=Fault.of(error))


def _line(row: Row, columns: Columns, zone: tzinfo | None) -> _Line:
    """Raises `DataError`."""
    fields = fields_of(row, columns, zone)
    if "target" in row.cells:
        fields["target"] = row.cells["target"]
    try:
        return msgspec.convert(fields, _Line)
    except msgspec.ValidationError as error:
        raise DataError(validation_code(str(error)), str(error)) from error


def _span(target: str | tuple[int, int] | None, text: str) -> tuple[int, int] | None:
    """The target as a span of characters, None for the whole text. Raises `DataError` where the text does not
    hold it."""
    if target is None:
        return None
    if isinstance(target, str):
        # Not by lower(): it changes the length of some letters, and so every position after them.
        found = re.search(re.escape(target), text) or re.search(re.escape(target), text, re.IGNORECASE)
        start, end = found.span() if found else (-1, -1)
    else:
        start, end = target
    if not 0 <= start < end <= len(text):
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"`target` {target!r} is not in `text`; name a part of it, or [start, end]",
        )
    return (start, end) if (start, end) != (0, len(text)) else None


def _score(scorer: SentimentScorer, tasks: Sequence[_Task]) -> list[Sentiment]:
    asked = [Asked(task.text, (task.target,), tuple(name_spans(task.text, task.named))) for task in tasks]
    return [sentiment for (sentiment,) in scorer.answer(asked)]


def _answer(task: _Task, sentiment: Sentiment | DataError) -> TextAnswer | TextFault:
    if isinstance(sentiment, DataError):
        return TextFault(id=task.id, error=Fault.of(sentiment))
    return TextAnswer(
        id=task.id,
        label=sentiment.label,
        p_negative=sentiment.p_negative,
        p_neutral=sentiment.p_neutral,
        p_positive=sentiment.p_positive,
        language=task.fields.language,
        brands=_brands(task),
    )


def _unscored(task: _Task) -> UnscoredText:
    language = task.fields.language
    return UnscoredText(
        id=task.id,
        reason=f"not scored: language {language}",
        language=language,
        brands=_brands(task),
    )


def _brands(task: _Task) -> list[str]:
    return list(dict.fromkeys(mention.brand for mention in task.named))


def _id_of(row: Row | Unreadable, columns: Columns) -> TextId:
    """The row's id, also where its other fields are wrong; the number of its line where it has none."""
    if isinstance(row, Row):
        for column in columns.fields.get("id", ("id",)):
            id = row.cells.get(column)
            if isinstance(id, str | int) and not isinstance(id, bool):
                return id
    found = _NUMBER.search(row.where)
    return int(found[0]) if found else row.where
