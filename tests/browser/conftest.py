"""The pages in a real Chromium: `brand-monitor web` over 200,000 mentions that `brand-monitor seed` made up,
of the year that samples/events.toml plants.

Database and server live for the run, as `make test-browser` starts it; tests take back what they change.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.local import EmbeddedDatabase
from monitor.messages import Sentiment, TextMention, mention_uuid
from monitor.settings import load_settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from tests.browser.watching import Watch

PROGRAM: Final = str(Path(sys.executable).with_name("brand-monitor"))
MENTIONS: Final = 200_000
SAMPLES: Final = Path(__file__).parents[2] / "samples"
LAST_DAY: Final = "2026-03-31"
OURS: Final = "VMware"
HOSTILE: Final = "<script>document.title='owned by VMware'</script><img src=x onerror=alert(1)> "
HOSTILE_AUTHOR: Final = "<b onmouseover=alert(2)>mal</b>"

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# No sandbox: containers run tests as root, and the pages are our own. No traffic of the browser's own.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Site:
    """Where the pages are, and the environment of commands that talk to the same database."""

    url: str
    environment: dict[str, str]
    picture_store: Path

    def api(self, path: str, **query: Any) -> Any:
        """What the API answers."""
        address = f"{self.url}/api/{path}?{urllib.parse.urlencode(query, doseq=True)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)

    def mention(self, **query: Any) -> str:
        """Path of the first mention found."""
        found = self.api("mentions", limit=1, **query)["rows"]
        return f"/mentions/{found[0]['mention_id']}"


def run(*words: str, environment: dict[str, str], **arguments: Any) -> subprocess.CompletedProcess[str]:
    """A command, as a person would type it; it must succeed."""
    done = subprocess.run(
        [PROGRAM, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **arguments,
    )
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def served(environment: dict[str, str], *words: str) -> Iterator[str]:
    """`brand-monitor web` on a free port; its address without the slash at the end."""
    process = subprocess.Popen(
        [PROGRAM, "web", "--port", "0", *words],
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        said = process.stderr.readline()
        found = re.search(r"http://\S+?(?=/;)", said)
        assert found, said + process.stderr.read()
        yield found[0]
    finally:
        process.terminate()
        process.wait(15)
        process.stderr.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Of this run."""
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def seeded(database_server: EmbeddedDatabase, migrated: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a seeded database with one hostile mention in it."""
    name = f"seeded_{uuid.uuid4().hex[:12]}"
    environment = {
        "MONITOR_DATABASE_URL": database_server.copy(migrated, name),
        "MONITOR_PICTURE_STORE": str(folder / "pictures"),
        "MONITOR_BRANDS_FILE": str(SAMPLES / "brands.toml"),
        "MONITOR_INFERENCE_THREADS": "2",
    }
    planted = ("--until", LAST_DAY, "--events", str(SAMPLES / "events.toml"))
    run("seed", "--mentions", str(MENTIONS), *planted, environment=environment)
    asyncio.run(_write_hostile(environment["MONITOR_DATABASE_URL"]))
    yield environment
    database_server.drop(name)


@pytest.fixture(scope="session")
def site(seeded: dict[str, str], folder: Path) -> Iterator[Site]:
    """The pages over the seeded database."""
    with served(seeded) as url:
        yield Site(url, seeded, folder / "pictures")


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """A headless Chromium with a fresh profile, started after what needs an event loop in this thread."""
    given = os.environ.get("CHROMIUM")
    program = given or next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.fail("no Chromium found: `make browser` installs one, or set CHROMIUM=/path/to/chrome")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield started
        started.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Everything that goes wrong in the pages of a test; none may."""
    watched = Watch()
    yield watched
    assert watched.faults == []


@pytest.fixture
def context(browser: Browser, site: Site, watch: Watch) -> Iterator[BrowserContext]:
    """A window of a desk, light; its pages are watched."""
    with opened(browser, site.url, watch) as window:
        yield window


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page in that window."""
    return context.new_page()


@contextmanager
def opened(browser: Browser, url: str, watch: Watch, **options: Any) -> Iterator[BrowserContext]:
    """A window whose pages are watched; `options` are Playwright's of a context."""
    size = options.pop("viewport", {"width": 1440, "height": 900})
    window = browser.new_context(base_url=url, viewport=size, locale="en-GB", **options)
    window.set_default_timeout(60_000)  # no measurement: machines that do other things, too, take their time
    watch.over(window)
    yield window
    window.close()


async def _write_hostile(url: str) -> None:
    settings = load_settings(database_url=url)
    brands = load_brands(SAMPLES / "brands.toml")
    engine = async_engine(settings)
    writer = BatchWriter(engine, brands)
    await writer.prepare()
    moment = datetime(2026, 3, 31, 12, tzinfo=UTC)
    result = TextResult(
        position=RecordPosition(topic="mentions.text", partition=1, offset=0, timestamp=moment),
        mention=TextMention(
            id="hostile",
            source="forum",
            text=HOSTILE,
            published_at=moment,
            author=HOSTILE_AUTHOR,
            url="javascript:alert(3)",
            reach=2_000_000_000,  # the most reached of all: it is on the overview, too
        ),
        sentiment=Sentiment(label="negative", p_negative=0.999, p_neutral=0.0005, p_positive=0.0005),
        brands=BrandMatcher(brands).find(HOSTILE),
        model_version="sentiment@1",
    )
    await writer.write(Batch(log_id="browser", results=(result,), rejections=()))
    await engine.dispose()


@pytest.fixture(scope="session")
def hostile_path() -> str:
    """Where the hostile mention is read."""
    return f"/mentions/{mention_uuid('text', 'forum', 'hostile')}"
