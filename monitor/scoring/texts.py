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
from monitor.scoring.answers import Fault, TextAnswer, TextFault, TextId, Toward, UnscoredText
from monitor.sentiment import SentimentScorer
from monitor.stream.asking import Said, asked, first_places
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
    places: list[int]
    """Of `named`: those that are asked about, too; none where a target is."""


_NUMBER = re.compile(r"\d+")


def score_texts(
    batches: Iterable[Sequence[Row | Unreadable | LeftOut]],
    columns: Columns,
    scorer: SentimentScorer,
    matcher: BrandMatcher,
    max_chars: int,
    max_targets: int,
) -> Iterator[list[TextAnswer | UnscoredText | TextFault]]:
    """Answers for batches of rows, in the same order; rows that are no mention have none, and texts longer
    than `max_chars` a fault. At most `max_targets` places of a text are asked about.

    Blocks while the model runs. Never raises for what stands in a row; `OutageError` if the model fails on
    everything, `SetupError` for a zone of `columns` that there is not.
    """
    zone = zone_named(columns.zone) if columns.zone else None
    most = max_targets if scorer.takes_targets else 0
    for batch in batches:
        tasks = [
            _read(row, columns, zone, max_chars, matcher, most)
            for row in batch
            if not isinstance(row, LeftOut)
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
    row: Row | Unreadable,
    columns: Columns,
    zone: tzinfo | None,
    max_chars: int,
    matcher: BrandMatcher,
    max_targets: int,
) -> _Task | TextFault:
    name = _id_of(row, columns)
    try:
        if isinstance(row, Unreadable):
            raise row.error
        fields = _line(row, columns, zone)
        check_text(fields.text, max_chars=max_chars)
        text = read(fields.text)
        known = Fields.of(fields, matcher.language(text, fields.lang))
        target, named = _span(fields.target, fields.text), matcher.find(text, known)
        places = first_places(named, max_targets if fields.target is None else 0)
        return _Task(name, text, target, known, named, places)
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


def _score(scorer: SentimentScorer, tasks: Sequence[_Task]) -> list[list[Sentiment]]:
    """Of each text: of the whole or toward the target, and toward its places."""
    return scorer.answer(
        [asked(Said(task.text, task.fields.language, task.named), task.places, task.target) for task in tasks]
    )


def _answer(task: _Task, sentiments: list[Sentiment] | DataError) -> TextAnswer | TextFault:
    if isinstance(sentiments, DataError):
        return TextFault(id=task.id, error=Fault.of(sentiments))
    whole, *toward = sentiments
    return TextAnswer(
        id=task.id,
        label=whole.label,
        p_negative=whole.p_negative,
        p_neutral=whole.p_neutral,
        p_positive=whole.p_positive,
        language=task.fields.language,
        brands=_brands(task),
        toward=[_toward(task.named[place], said) for place, said in zip(task.places, toward, strict=True)],
    )


def _toward(named: BrandMention, said: Sentiment) -> Toward:
    return Toward(
        brand=named.brand,
        start=named.start,
        end=named.end,
        label=said.label,
        p_negative=said.p_negative,
        p_neutral=said.p_neutral,
        p_positive=said.p_positive,
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
