"""Nothing is lost and nothing doubled, wherever a collecting process is killed; one process at a time."""

import signal
import sys
from collections import Counter

import pytest

from tests.sources import scripted

ONE = '[[source]]\nkind = "scripted"\n'
PROGRAM = (sys.executable, "-m", "tests.sources.scripted")


def passes(collecting, *arguments):
    """One pass; its exit code."""
    process = collecting.start(*PROGRAM, "--once", *arguments)
    assert process.wait(120) in (0, -signal.SIGKILL), collecting.said()
    return process.returncode


def texts(collecting):
    return {name: said.text for name, said in collecting.mentions().items()}


def ids(collecting):
    """Of the texts sent, as often as they were."""
    return Counter(said.id for _, said in collecting.records() if not hasattr(said, "deleted_at"))


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("step", ["send", "save"])
def test_a_process_killed_between_any_two_steps_loses_and_doubles_nothing(collecting, step, side):
    collecting.write(ONE)
    for call in (1, 4):
        assert passes(collecting, "--fall", f"{step} {call} {side}") == -signal.SIGKILL
    assert passes(collecting) == 0
    assert texts(collecting) == scripted.expected()
    known = {id for (id,) in collecting.rows("SELECT id FROM collected")}
    assert known == {id for _, id in scripted.expected()}
    assert collecting.rows("SELECT state FROM collector_state") == [({"next": scripted.PAGES},)]


def test_what_was_published_is_not_sent_again(collecting):
    collecting.write(ONE)
    assert passes(collecting) == 0
    sent = ids(collecting)
    collecting.rows("DELETE FROM collector_state RETURNING part")
    assert passes(collecting) == 0
    again = ids(collecting) - sent
    edited = {id for (_, id), text in scripted.expected().items() if text == "Said otherwise"}
    deleted = {f"{number}-{place}" for number in range(scripted.PAGES) for place in (0, 3, 7, 11)}
    assert edited <= set(again) <= edited | deleted
    assert texts(collecting) == scripted.expected()
