"""What it costs to hide people, a text at a time, and how fast they are forgotten.

    python benchmarks/privacy.py [--mentions 100000] [--database URL]

First CPU time in microseconds: of texts without contacts, once without digits and once with dates and other
numbers, of texts with them, and of pseudonyms new and met before; beside it what a worker does with such a
text anyway (reading it, finding brands). Then what `brand-monitor forget` does, on a database seeded with a
year: mentions a second, and how long workers wait for a transaction of it. The limit is a plain DELETE of the
same mentions, with all triggers, in one transaction that is taken back.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from database_server import database
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.cli import app
from monitor.local.system import environment
from monitor.privacy import Pseudonyms
from monitor.privacy.contacts import without_contacts
from monitor.settings import load_settings
from monitor.storage import forgetting, schema
from monitor.storage.engine import sync_engine
from monitor.texts import read

_PLAIN = (
    "I love my new Nike shoes, they are so comfortable and look great with jeans, would buy them again",
    "Three weeks and my parcel from Nike is still not there, nobody answers, the shop says it is not theirs",
)
_DIGITS = (
    "Ordered on 2026-03-01 for 129.99, order 12345678 from Nike, and still nothing. What is going on there?",
    "Nike sold a lot of pairs, of article 0040 12345 more than ever, says the report of 2026-03-12, page 12",
)
_CONTACTS = (
    "call 212-736-5000 or write to ann.smith@example.com, the Nike store at 5th avenue is happy to help",
    "My Nike order: +49 170 1234567 is my number, or ann@example.com, please come back to me, will you",
)


def microseconds(work: Callable[[str], object], texts: Sequence[str], times: int = 500) -> float:
    """CPU time of one text, of the best of seven rounds."""
    for one in texts:
        work(one)
    rounds = []
    for _ in range(7):
        started = time.process_time()
        for n in range(times):
            work(texts[n % len(texts)])
        rounds.append((time.process_time() - started) / times)
    return min(rounds) * 1e6


def hiding() -> None:
    """Prints what a text costs."""
    matcher, known_as = BrandMatcher(load_brands(None)), Pseudonyms("word-" * 8)

    def redact(said: str) -> str:
        return without_contacts(said, lambda: matcher.language(read(said), None))

    for name, texts in (("no digits", _PLAIN), ("dates, numbers", _DIGITS), ("contacts", _CONTACTS)):
        print(f"without contacts, {name:<24}{microseconds(redact, texts):>8.1f} us a text")
    reading = microseconds(lambda said: matcher.find(read(said)), _PLAIN)
    print(f"{'reading it and finding brands':<42}{reading:>8.1f} us a text")
    new = iter(range(10_000_000))
    print(f"{'a new pseudonym':<42}{microseconds(lambda _: known_as('a', f'n{next(new)}'), _PLAIN):>8.1f} us")
    print(f"{'one met before':<42}{microseconds(lambda said: known_as('a', said), _PLAIN):>8.1f} us")


def forgetting_all(engine: Engine) -> None:
    """Prints how fast everything is forgotten, and the limit."""
    with engine.begin() as connection:
        started = time.perf_counter()
        gone = connection.execute(text("DELETE FROM mention")).rowcount
        limit = time.perf_counter() - started
        connection.rollback()
    with engine.connect() as connection:
        started = time.perf_counter()
        found = forgetting.by_author(connection, "nobody")
        forgetting.find(connection, found)
        print(f"an author looked for in {gone:,} mentions: {time.perf_counter() - started:.2f} s")
    took, last = [], time.perf_counter()
    for _ in forgetting.forget(engine, forgetting.by_time(datetime(2100, 1, 1, tzinfo=UTC)), "benchmark"):
        took.append(time.perf_counter() - last)
        last = time.perf_counter()
    took.sort()
    print(
        f"forgotten: {gone / sum(took):,.0f} mentions a second (limit {gone / limit:,.0f}); a transaction "
        f"takes {took[len(took) // 2] * 1e3:.0f} ms, the longest {took[-1] * 1e3:.0f} ms"
    )


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mentions", type=int, default=100_000)
    parser.add_argument("--database", help="URL of an empty database; else an embedded server")
    given = parser.parse_args()
    hiding()
    with tempfile.TemporaryDirectory() as pictures, database(given.database) as url:
        settings = load_settings(database_url=url, picture_store=pictures)
        schema.upgrade(settings)
        words = ["seed", "--mentions", str(given.mentions)]
        assert CliRunner().invoke(app, words, env=environment(settings)).exit_code == 0
        engine = sync_engine(settings)
        forgetting_all(engine)
        engine.dispose()


if __name__ == "__main__":
    main()
