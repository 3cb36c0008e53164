"""What eight questions of whoever answers for a brand cost on the pages: clicks and seconds.

    python benchmarks/eight_questions.py                # a database of its own, some minutes
    python benchmarks/eight_questions.py --url http://127.0.0.1:8000   # the same planted year, served already

200,000 mentions of the year that samples/events.toml plants are served by `brand-monitor web`, and Chromium
starts each question anew from the overview of the last 30 days. Seconds are the machine's: from the first
click (or from asking for the overview, where it holds the answer) until the answer stands on the page.
The table, with what the pages answer, is printed for docs/eight-questions.md.
"""

import argparse
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from page_server import SAMPLES, SERVER, Site
from playwright.sync_api import Locator, Page, sync_playwright

from monitor.local.database import EmbeddedDatabase

MENTIONS = 200_000
RUNS = 5


class Cost(NamedTuple):
    """Of one question, asked once."""

    clicks: int
    seconds: float
    answer: str


class Walk:
    """Somebody who asks one question, from the overview on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self._started = time.perf_counter()
        page.goto("/")
        self._loaded = time.perf_counter()

    def click(self, on: Locator) -> None:
        """Click, and wait for where it leads."""
        if not self.clicks:
            self._started = time.perf_counter()
        self.clicks += 1
        on.click()

    def done(self, answer: Locator | str) -> Cost:
        """The answer stands there."""
        said = answer if isinstance(answer, str) else " ".join(answer.first.inner_text().split())
        ended = time.perf_counter() if self.clicks else self._loaded
        return Cost(self.clicks, ended - self._started, said)


def what_happened(walk: Walk) -> Cost:
    """The headline."""
    return walk.done(walk.page.locator("h1"))


def is_it_bad(walk: Walk) -> Cost:
    """The tile of brand health, beside its usual."""
    return walk.done(walk.page.locator("dl.cards div", has_text="Brand health"))


def why(walk: Walk) -> Cost:
    """What set the largest thing off, under the headline."""
    return walk.done(walk.page.locator(".lead"))


def who_started_it(walk: Walk) -> Cost:
    """The first post of the story that was passed on about us."""
    ours = walk.page.locator("article.happening", has_text="VMware").filter(has_text="first posted by")
    walk.click(ours.get_by_role("link", name="the first of the story").first)
    walk.page.wait_for_url("**/mentions/*")
    return walk.done(walk.page.locator("#page .note", has_text="reach").first)


def what_to_answer(walk: Walk) -> Cost:
    """The first card of the queue."""
    walk.click(walk.page.get_by_role("link", name="To answer").first)
    walk.page.wait_for_url("**/answer?*")
    return walk.done(walk.page.locator("article.answer .said"))


def how_do_we_compare(walk: Walk) -> Cost:
    """Brand against brand."""
    walk.click(walk.page.get_by_role("link", name="Compare", exact=True))
    walk.page.wait_for_url("**/compare?*")
    walk.page.locator("[data-chart=chart-versus-share] svg").first.wait_for()
    return walk.done(walk.page.locator("h1"))


def set_an_alert(walk: Walk) -> Cost:
    """From the headline to an alert that is set, having seen what it would have told of."""
    walk.click(walk.page.get_by_role("link", name="alert me next time").first)
    said = walk.page.locator("#tried strong")
    said.first.wait_for()
    would = said.first.inner_text()
    walk.click(walk.page.get_by_role("button", name="Set the alert"))
    walk.page.wait_for_url(re.compile(r"/alerts/\d+"))
    return walk.done(f"{would} in sixty days; it is set")


def take_it_to_the_boss(walk: Walk) -> Cost:
    """The report of what is on the page, as a PDF."""
    with walk.page.expect_download() as download:
        walk.click(walk.page.get_by_role("link", name="PDF", exact=True))
    size = download.value.path().stat().st_size
    return walk.done(f"{download.value.suggested_filename}, {size / 1e3:,.0f} kB")


QUESTIONS: dict[str, Callable[[Walk], Cost]] = {
    "What happened?": what_happened,
    "Is it bad?": is_it_bad,
    "Why?": why,
    "Who started it?": who_started_it,
    "What to answer now?": what_to_answer,
    "How do we compare?": how_do_we_compare,
    "Tell me next time": set_an_alert,
    "Take it to the boss": take_it_to_the_boss,
}


def ask(url: str, runs: int) -> None:
    """Ask every question so many times and print the table."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    print("| question | clicks | seconds, median (slowest) | what the page answers |")
    print("|---|---:|---:|---|")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for question, answered in QUESTIONS.items():
            costs = []
            for _ in range(runs):
                context = browser.new_context(
                    base_url=url, viewport={"width": 1280, "height": 900}, locale="en-GB"
                )
                context.set_default_timeout(120_000)
                costs.append(answered(Walk(context.new_page())))
                context.close()
            took = [cost.seconds for cost in costs]
            last = costs[-1]
            seconds = f"{statistics.median(took):.1f} ({max(took):.1f})"
            print(f"| {question} | {last.clicks} | {seconds} | {last.answer} |", flush=True)
        browser.close()


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--url", help="of pages over the planted year; default: a database is made for it")
    options.add_argument("--runs", type=int, default=RUNS, help="how often each question is asked")
    chosen = options.parse_args()
    if chosen.url:
        ask(chosen.url, chosen.runs)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(EmbeddedDatabase(folder / "database", SERVER))
        samples = SAMPLES.parent
        site = Site(server, folder, MENTIONS, brands=samples / "brands.toml", events=samples / "events.toml")
        site.fill()
        ask(stack.enter_context(site.served()).address, chosen.runs)


if __name__ == "__main__":
    main()
