"""Of streamed sources and folders, as of polled ones (`test_kills`): a collector killed between any two steps
loses nothing and doubles nothing.

Each begins with a process that saves its place and is stopped. What happens after that is collected by
processes that kill themselves, one after the other, and by a last one.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import Collecting
from tests.sources.jetstream_server import ALICE, BOB, Jetstream, account, commit
from tests.sources.mastodon_server import BEGINNING, MastodonServer
from tests.sources.polled_servers import served

PROGRAM = (sys.executable, "-m", "tests.sources.scripted")
EACH = ("send 1 before", "send 2 after", "save 1 before", "save 2 after")
"""Where processes kill themselves: the step, which call of it, and on which side."""
ONE_PAGE = ("send 1 before", "send 1 after", "save 1 before")


@dataclass(frozen=True)
class Act:
    """Something happens while nobody collects: `texts` gives the texts after it, by id."""

    texts: Callable[[], dict[str, str]]
    falls: tuple[str, ...] = EACH


@dataclass(frozen=True)
class Case:
    entry: str
    acts: tuple[Act, ...]
    is_noted: bool = True
    """What was published is in table `collected`."""


@contextmanager
def bluesky(_: Path) -> Iterator[Case]:
    """Pages are of 500 events."""
    server = Jetstream()
    posts: dict[str, str] = {}

    def tell(*events: dict[str, Any]) -> None:
        now = time.time_ns() // 1_000
        server.log += [{**event, "time_us": now + number} for number, event in enumerate(events)]

    def write() -> dict[str, str]:
        made = [commit(0, "create", f"p{number}", (ALICE, BOB)[number % 2]) for number in range(1_600)]
        tell(*made)
        for one in made:
            posts[uri(one)] = one["commit"]["record"]["text"]
        return posts

    def change() -> dict[str, str]:
        told = []
        for number in range(0, 1_600, 2):
            operation = ("update", "update", "delete")[number % 3]
            told.append(commit(0, operation, f"p{number}", text="Nike, edited"))
            posts[uri(told[-1])] = "Nike, edited"
            if operation == "delete":
                del posts[uri(told[-1])]
        told.insert(500, account(0, BOB, status="deleted"))
        told += [commit(0, "create", f"q{number}") for number in range(900)]
        posts.update({uri(one): one["commit"]["record"]["text"] for one in told[-900:]})
        tell(*told)
        for id in [id for id in posts if BOB in id]:
            del posts[id]
        return posts

    def uri(event: dict[str, Any]) -> str:
        return f"at://{event['did']}/app.bsky.feed.post/{event['commit']['rkey']}"

    with served(server.app) as at:
        yield Case(f'kind = "bluesky"\nservers = ["ws://{at}"]', (Act(write), Act(change)))


@contextmanager
def mastodon(_: Path) -> Iterator[Case]:
    """Pages are of 40 posts; what is edited and deleted while nobody listens is found by one look-up."""
    server = MastodonServer()

    def texts() -> dict[str, str]:
        return {one["uri"]: one["content"][3:-4] for one in server.statuses.values()}

    def write() -> dict[str, str]:
        now = int(time.time() - BEGINNING.timestamp())
        for number in range(160):
            server.publish(number, f"Nike {number}", seconds=now + number)
        return texts()

    def change() -> dict[str, str]:
        for id in list(server.statuses)[::5]:
            server.edit(id, "Nike, edited")
        for id in list(server.statuses)[::7]:
            server.delete(id)
        return texts()

    with served(server.app) as at:
        server.url = f"http://{at}"
        entry = f'kind = "mastodon"\nserver = "http://{at}"\nrecheck = "1 s"'
        yield Case(entry, (Act(write), Act(change, ONE_PAGE)))


@contextmanager
def folder(root: Path) -> Iterator[Case]:
    """Pages are of 200 rows."""
    inbox = root / "inbox"
    inbox.mkdir()
    kept: dict[str, str] = {}

    def put(name: str, said: str) -> None:
        rows = {f"{name}-{number}": f"{said} {number}" for number in range(500)}
        lines = [
            json.dumps({"id": id, "text": text, "published_at": "2026-11-30T09:00:00Z"})
            for id, text in rows.items()
        ]
        # As programs do that mean well: under another name until it is whole.
        unfinished = inbox / f"{name}.jsonl.part"
        unfinished.write_text("\n".join(lines))
        unfinished.rename(inbox / f"{name}.jsonl")
        kept.update(rows)

    def write() -> dict[str, str]:
        for name in ("a", "b", "c"):
            put(name, "Nike")
        return kept

    def change() -> dict[str, str]:
        put("a", "Nike, edited")
        put("b", "Nike, edited")
        (inbox / "c.jsonl").unlink()
        return kept

    entry = 'kind = "folder"\npath = "inbox"\nevery = "1 s"\nsettle = "1 s"'
    yield Case(entry, (Act(write), Act(change)), is_noted=False)


CASES: dict[str, Callable[[Path], Any]] = {"bluesky": bluesky, "mastodon": mastodon, "folder": folder}


@pytest.mark.timeout(600)  # a dozen processes, one after the other
@pytest.mark.parametrize("kind", CASES)
def test_a_collector_killed_anywhere_loses_and_doubles_nothing(
    collecting: Collecting, kind: str, tmp_path: Path
) -> None:
    with CASES[kind](tmp_path) as case:
        collecting.write(f"[[source]]\n{case.entry}\n")
        first = collecting.start(*PROGRAM)
        done = "SELECT count(*) FROM collector_state" if case.is_noted else "SELECT count(*) FROM collector"
        collecting.wait(lambda: collecting.rows(done) == [(1,)])
        assert first.stop() == 0
        for act in case.acts:
            _collect(collecting, act.texts(), act.falls, is_noted=case.is_noted)


def _collect(
    collecting: Collecting, texts: dict[str, str], falls: tuple[str, ...], *, is_noted: bool
) -> None:
    for fall in falls:
        fallen = collecting.start(*PROGRAM, "--fall", fall)
        collecting.wait(lambda fallen=fallen: fallen.returncode is not None)  # type: ignore[misc]
        assert fallen.returncode == -signal.SIGKILL, collecting.said()
    last = collecting.start(*PROGRAM)
    # Mastodon is asked for twenty posts every three seconds.
    collecting.wait(lambda: not is_noted or _noted(collecting) == set(texts), seconds=180)
    collecting.wait(lambda: _texts(collecting) == texts)
    assert last.stop() == 0


def _noted(collecting: Collecting) -> set[str]:
    return {id for (id,) in collecting.rows("SELECT id FROM collected")}


def _texts(collecting: Collecting) -> dict[str, str]:
    return {id: said.text for (topic, id), said in collecting.mentions().items() if topic == "text"}
