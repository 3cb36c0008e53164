"""Setting, taking back, and two people at once."""

import threading
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from monitor.answers import AnswerError, MeanwhileError, answer, find, history, undo
from monitor.answers.states import standing
from tests.answers.conftest import id_of

SMALL, OUTAGE, OUTAGE2 = id_of("small"), id_of("outage"), id_of("outage2")


def story_of(connection: Connection, mention: UUID) -> UUID:
    found: UUID = connection.execute(
        text("SELECT story_id FROM mention WHERE id = :id"), {"id": mention}
    ).scalar_one()
    return found


def test_what_was_done_is_kept_in_order(connection: Connection) -> None:
    first = answer(connection, SMALL, "seen", "Ann", seen=0)
    second = answer(connection, SMALL, "answered", " Bob ", " wrote to her ", seen=first)
    story = story_of(connection, SMALL)
    done = history(connection, [story])[story]
    assert [(each.id, each.state, each.set_by, each.note) for each in done] == [
        (second, "answered", "Bob", "wrote to her"),
        (first, "seen", "Ann", None),
    ]
    assert find(connection, second) == done[0] == standing(done)
    assert find(connection, second + 1) is None
    assert undo(connection, second, "Ann")
    assert not undo(connection, second, "Ann")
    done = history(connection, [story])[story]
    assert done[0].undone_by == "Ann"
    assert done[0].undone_at is not None
    current = standing(done)
    assert current is not None
    assert current.id == first
    assert undo(connection, first, "Ann")
    assert standing(history(connection, [story])[story]) is None


def test_who_comes_second_sees_what_the_first_did_and_writes_nothing(connection: Connection) -> None:
    first = answer(connection, OUTAGE, "answered", "Ann", "done", seen=0)
    with pytest.raises(MeanwhileError, match="Ann said answered") as told:
        answer(connection, OUTAGE2, "ignored", "Bob", seen=0)  # another copy of the story
    assert told.value.standing is not None
    assert told.value.standing.id == first
    assert connection.execute(text("SELECT count(*) FROM answer")).scalar() == 1
    again = answer(connection, OUTAGE2, "ignored", "Bob", seen=first)
    with pytest.raises(MeanwhileError, match="Bob said ignored"):
        undo(connection, first, "Ann")
    undo(connection, again, "Bob")
    with pytest.raises(MeanwhileError):
        answer(connection, OUTAGE, "new", "Cy", seen=again)
    undo(connection, first, "Ann")
    with pytest.raises(MeanwhileError, match="took back"):
        answer(connection, OUTAGE, "new", "Cy", seen=first)


def test_of_two_at_once_one_is_told(engine: Engine) -> None:
    """The second waits for the first one's commit, and then knows of it."""
    told: list[object] = []

    def second() -> None:
        with engine.begin() as theirs:
            begun.set()
            try:
                told.append(answer(theirs, OUTAGE2, "ignored", "Bob", seen=0))
            except MeanwhileError as error:
                told.append(error.standing)

    begun = threading.Event()
    with engine.begin() as connection:
        made = answer(connection, OUTAGE, "answered", "Ann", seen=0)
        other = threading.Thread(target=second)
        other.start()
        begun.wait()
    other.join()
    (standing_then,) = told
    assert getattr(standing_then, "id", None) == made


@pytest.mark.parametrize(
    ("by", "note", "said"),
    [
        ("", None, "who you are"),
        ("x" * 201, None, "who you are"),
        ("Ann", "x" * 2001, "2,001 characters"),
        ("Ann", "\ud800", "half a character"),
    ],
)
def test_what_is_refused(connection: Connection, by: str, note: str | None, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        answer(connection, SMALL, "seen", by, note, seen=0)


def test_what_is_not_there(connection: Connection) -> None:
    with pytest.raises(AnswerError, match="no mention"):
        answer(connection, UUID(int=0), "seen", "Ann", seen=0)
    with pytest.raises(AnswerError, match="no answer"):
        undo(connection, 12345, "Ann")


def test_hostile_words_are_kept_as_words(connection: Connection) -> None:
    made = answer(connection, SMALL, "answered", "<b>Ann</b>", "a\x00b <script>", seen=0)
    found = find(connection, made)
    assert found is not None
    assert (found.set_by, found.note) == ("<b>Ann</b>", "a\ufffdb <script>")
