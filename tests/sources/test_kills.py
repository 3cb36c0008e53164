"""Of every kind of source: a collector killed between any two steps loses nothing and doubles nothing.

What stands on the topics at the end, the last record of each mention, is what stands on the platform: new
posts, edited ones, and none that was deleted.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sources.conftest import Collecting
from tests.sources.polled_servers import Algolia, GdeltServer, RedditServer, Site, rss, served

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

PROGRAM = (sys.executable, "-m", "tests.sources.scripted")
FALLS = ("send 1 before", "send 2 after", "save 2 before")
"""Where the process kills itself, one after the other: the step, which call of it, and on which side."""


@dataclass
class Case:
    """A platform: its entry of sources.toml, the texts it holds by id, and what happens there later."""

    entry: str
    texts: dict[str, str]
    change: Callable[[], dict[str, str]] | None = None
    """Edits and deletes; gives the texts after it."""


@contextmanager
def feeds() -> Iterator[Case]:
    site = Site()

    def put(feed: int, said: str) -> dict[str, str]:
        ids = [f"tag:news.example:{feed}-{number}" for number in range(20)]
        items = (f"<guid>{id}</guid><title>{said} {id}</title>" for id in ids)
        site.put(f"/{feed}", rss(*items))
        return {id: f"{said} {id}" for id in ids}

    def all_of(said: str) -> dict[str, str]:
        return {id: text for feed in range(6) for id, text in put(feed, said).items()}

    with served(site.app) as at:
        addresses = ", ".join(f'"http://{at}/{feed}"' for feed in range(6))
        entry = f'kind = "rss"\nfeeds = [{addresses}]'
        yield Case(entry, all_of("VMware"), lambda: all_of("VMware, edited"))


@contextmanager
def hackernews() -> Iterator[Case]:
    server, now = Algolia(most=25), int(time.time())
    for number in range(90):
        server.say(number, f"VMware {number}", now - 3000 + 31 * number)

    def change() -> dict[str, str]:
        for item in server.items[::3]:
            item["comment_text"] += ", edited"
        return {item["objectID"]: item["comment_text"] for item in server.items}

    texts = {item["objectID"]: item["comment_text"] for item in server.items}
    with served(server.app) as at:
        entry = f'url = "http://{at}/api/v1/search_by_date"\nitems = "http://{at}/v0/item"'
        yield Case(f'kind = "hackernews"\n{entry}', texts, change)


@contextmanager
def gdelt() -> Iterator[Case]:
    server, now = GdeltServer(), int(time.time())
    for number in range(700):
        server.publish(number, f"VMware {number}", now - 600 - 900 * (number % 40))
    texts = {article["url"]: article["title"] for article in server.articles}
    with served(server.app) as at:
        yield Case(f'kind = "gdelt"\nurl = "http://{at}/api/v2/doc/doc"', texts)


@contextmanager
def reddit() -> Iterator[Case]:
    server, now = RedditServer(), int(time.time())
    for number in range(1, 120):
        server.link(number, f"VMware {number}", now - 8 * 3600 - number)
        server.comment(number, f"VMware {number}", now - 8 * 3600 - number)
    server.link(999, "VMware 999", now - 60)
    server.comment(999, "VMware 999", now - 60)

    def texts() -> dict[str, str]:
        said = {name: one.get("title") or one.get("body") for name, one in server.things.items()}
        return {name: text for name, text in said.items() if text != "[deleted]"}

    def change() -> dict[str, str]:
        for thing in list(server.things.values())[::7]:
            text = "title" if "title" in thing else "body"
            thing |= {text: "[deleted]", "body_html": None, "author": "[deleted]"}
        for name in list(texts())[::5]:
            text = "title" if name.startswith("t3") else "body"
            server.things[name] |= {text: f"VMware {name}, edited", "body_html": None, "edited": now + 60.0}
        return texts()

    with served(server.app) as at:
        yield Case(
            f'kind = "reddit"\nurl = "http://{at}"\ntoken_url = "http://{at}/api/v1/access_token"\n'
            'client_id = "app"\nclient_secret = "word"\nuser = "some_user"\n'
            'subreddits = ["vmware"]\nsearch = false\nrecheck = "1 s"\nevery = "1 s"',
            texts(),
            change,
        )


CASES: dict[str, Callable[[], Any]] = {
    "rss": feeds,
    "hackernews": hackernews,
    "gdelt": gdelt,
    "reddit": reddit,
}


@pytest.mark.parametrize("kind", CASES)
def test_a_collector_killed_anywhere_loses_and_doubles_nothing(collecting: Collecting, kind: str) -> None:
    with CASES[kind]() as case:
        collecting.write(f"[[source]]\n{case.entry}\n")
        _collect(collecting, case.texts)
        if case.change is not None:
            _collect(collecting, case.change())


def _collect(collecting: Collecting, texts: dict[str, str]) -> None:
    """Killed at every step in turn, then left to finish: what a worker would keep are these texts."""
    for fall in FALLS:
        fallen = collecting.start(*PROGRAM, "--fall", fall)
        collecting.wait(lambda fallen=fallen: fallen.returncode is not None)  # type: ignore[misc]
        assert fallen.returncode == -signal.SIGKILL, collecting.said()
    last = collecting.start(*PROGRAM)
    collecting.wait(lambda: _known(collecting) == set(texts) and _texts(collecting) == texts)
    assert last.stop() == 0


def _known(collecting: Collecting) -> set[str]:
    return {id for (id,) in collecting.rows("SELECT id FROM collected")}


def _texts(collecting: Collecting) -> dict[str, str]:
    return {id: said.text for (topic, id), said in collecting.mentions().items() if topic == "text"}
