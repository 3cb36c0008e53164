"""What people did about a story: written down with who and when, never deleted, undone if wrong.

A story's state is what was set last at any of its mentions and is not undone; without that it is new. Whoever
sets one says which they saw (`seen`, the id of that answer, 0 for none): if somebody else was faster,
`MeanwhileError` tells what they did, and nothing is written.

Every function leaves the transaction open: the caller commits, once per answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.signature import signed

State = Literal["new", "seen", "answered", "ignored"]
"""new: nobody did anything, or it was opened again; seen: somebody looks after it; answered; ignored: it
wants no answer."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did about a story."""

    id: int
    mention_id: UUID
    """The post that was looked at."""
    state: State
    set_by: str
    set_at: datetime
    note: str | None
    undone_by: str | None
    undone_at: datetime | None


class AnswerError(ValueError):
    """What was asked for does not fit what is there; the message says why, for the person who asked."""


class MeanwhileError(AnswerError):
    """Somebody else set or undid a state since; `standing` is what is in force now, None: new."""

    def __init__(self, standing: Answer | None) -> None:
        self.standing = standing
        done = "took back what was done" if standing is None else f"said {standing.state}"
        who = "somebody" if standing is None else standing.set_by
        super().__init__(f"{who} {done} about this story meanwhile; look at it again")


def answer(
    connection: Connection, mention_id: UUID, state: State, by: str, note: str | None = None, *, seen: int
) -> int:
    """Set the state of the story of a mention; returns the answer's id.

    `seen` is the id of the answer that `by` saw in force, 0 where there was none. Raises `MeanwhileError`
    where another is, `AnswerError` for an unknown mention and a name or note that cannot be.
    """
    who, why = signed(by, note, AnswerError)
    story = connection.execute(_STORY, {"id": mention_id}).scalar()
    if story is None:
        raise AnswerError(f"there is no mention {mention_id}")
    current = _locked(connection, story)
    if (current.id if current else 0) != seen:
        raise MeanwhileError(current)
    given = {"mention_id": mention_id, "state": state, "by": who, "note": why}
    return int(connection.execute(_ANSWER, given).scalar_one())


def undo(connection: Connection, answer_id: int, by: str) -> bool:
    """Take an answer back, so that the one before is in force; False if it was taken back before.

    Raises `MeanwhileError` where a later one is in force, `AnswerError` where there is none with that id.
    """
    who, _ = signed(by, None, AnswerError)
    found = connection.execute(_STORY_OF_ANSWER, {"id": answer_id}).one_or_none()
    if found is None:
        raise AnswerError(f"there is no answer {answer_id}")
    current = _locked(connection, found.story_id)
    if current is not None and current.id > answer_id:
        raise MeanwhileError(current)
    return connection.execute(_UNDO, {"id": answer_id, "by": who}).rowcount == 1


def find(connection: Connection, answer_id: int) -> Answer | None:
    """The answer with that id, whether undone or not; None if there is none."""
    row = connection.execute(_FIND, {"id": answer_id}).one_or_none()
    return None if row is None else Answer(**row._asdict())


def history(connection: Connection, stories: Sequence[UUID]) -> dict[UUID, tuple[Answer, ...]]:
    """Everything done about each of the stories, the latest first, undone ones included."""
    done: dict[UUID, tuple[Answer, ...]] = dict.fromkeys(stories, ())
    for row in connection.execute(_HISTORY, {"stories": list(stories)}):
        fields = row._asdict()
        done[fields.pop("story_id")] += (Answer(**fields),)
    return done


def standing(done: Sequence[Answer]) -> Answer | None:
    """Of a story's history, what is in force; None: nobody did anything."""
    return next((each for each in done if each.undone_at is None), None)


def _locked(connection: Connection, story: UUID) -> Answer | None:
    """What is in force for a story; two people who set its state at once come one after the other."""
    connection.execute(_LOCK, {"story": str(story)})
    return standing(history(connection, [story])[story])


# Held until the transaction ends. No row is locked against a change: workers that write the story's mentions
# do not wait.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('brand-monitor answer ' || :story, 0))")

# Against its deletion: of one that is being deleted there is nothing to say.
_STORY: Final = text("SELECT story_id FROM mention WHERE id = :id FOR KEY SHARE")

_STORY_OF_ANSWER: Final = text("""
    SELECT m.story_id FROM answer AS a JOIN mention AS m ON m.id = a.mention_id WHERE a.id = :id
""")

_ANSWER: Final = text("""
    INSERT INTO answer (mention_id, state, set_by, note) VALUES (:mention_id, :state, :by, :note) RETURNING id
""")

_UNDO: Final = text("""
    UPDATE answer SET undone_by = :by, undone_at = now() WHERE id = :id AND undone_at IS NULL
""")

_FIND: Final = text("""
    SELECT id, mention_id, state, set_by, set_at, note, undone_by, undone_at FROM answer WHERE id = :id
""")

_HISTORY: Final = text("""
    SELECT m.story_id, a.id, a.mention_id, a.state, a.set_by, a.set_at, a.note, a.undone_by, a.undone_at
    FROM mention AS m JOIN answer AS a ON a.mention_id = m.id
    WHERE m.story_id = ANY(:stories) ORDER BY a.id DESC
""")
