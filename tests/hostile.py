"""Names and texts that a publisher may send and nobody would expect, written as a worker would write them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.brands import Brand, Brands
from monitor.messages import BrandMention, Label, Sentiment, TextMention
from monitor.settings import load_settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter

LAST_DAY: Final = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAYS: Final = 90

LONG_NAME: Final = "Donaudampfschifffahrtsgesellschaft" * 4 + "Hauptverwaltungsgebaeudeteil"
"""164 letters without a place to break."""

BRANDS: Final = Brands(
    (Brand("Acme", own=True), Brand(LONG_NAME), Brand("constructor"), Brand("__proto__"), Brand("M&M <b>"))
)

FAMILY: Final = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"

SOURCES: Final = (
    *("constructor", "__proto__", "toString", "hasOwnProperty", "null", "forum"),
    *("x" * 19 + "\U0001f600" * 40, FAMILY * 40, "\U0001f1e9\U0001f1ea" * 40),
    *("a\ufffeb", "\uffff", "c1\x85and\x9f", "two\u2028lines\nof it", "\u202eevil", "for\u200bum"),
    *("w" * 500, "Z" + "\u0301" * 400, "\u200b", "<b>&\"'</b>", "{{ 7 * 7 }}", "a.b['c']\\", "\u3164"),
)
"""Each at most 512 characters, as messages allow."""

AUTHORS: Final = (
    *(
        "W" * 2_000,
        FAMILY * 300,
        LONG_NAME,
        "constructor",
        "\ufffe",
        "=cmd|' /C calc'!A1",
        '"; DROP TABLE mention; --',
    ),
    *(
        "\u0645\u0631\u062d\u0628\u0627 " * 200,
        "\u202eEve\u202c",
        "</script><script>document.title='owned'</script>",
    ),
)

SAID: Final = (
    "Acme constructor __proto__ toString valueOf hasOwnProperty",
    "Acme \ufffe broke \uffff again \x01\x08 and\x1b[31m again",
    f"Acme {FAMILY * 120} is down",
    "Acme " + "outage" * 400,
    "<script>document.title='owned'</script> Acme outage",
    "\u202eAcme turned around\u202c outage",
    "Acme " + "Z" + "\u0301" * 600 + " outage",
    f"{LONG_NAME} outage and Acme outage",
    "constructor outage and __proto__ outage",
    'Acme ${alert(1)} {{ 7 * 7 }} #read("/etc/passwd") $x^2$ outage',
)


def results() -> Iterator[TextResult]:
    """Mentions of 90 days: more and worse ones in the last week, so that there is something to tell."""
    n = 0
    for day in range(DAYS):
        calm = day >= 7
        for _ in range(3 if calm else 14):
            label: Label = "positive" if (calm and n % 3) or n % 5 == 0 else "negative"
            yield _result(n, LAST_DAY - timedelta(days=day, minutes=n % 600), label)
            n += 1


def _result(n: int, published_at: datetime, label: Label) -> TextResult:
    said = SAID[n % len(SAID)]
    p = {"p_negative": 0.02, "p_neutral": 0.02, "p_positive": 0.02} | {f"p_{label}": 0.96}
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=n, timestamp=published_at),
        mention=TextMention(
            id=f"{n} \ufffe'\"<>",
            source=SOURCES[n % len(SOURCES)],
            text=said,
            published_at=published_at,
            author=AUTHORS[n % len(AUTHORS)] if n % 4 else None,
            url=("javascript:alert(3)", "https://x.example/" + "y" * 1_500, "https://[bad", None)[n % 4],
            reach=(0, 7, 2**63 - 1, None)[n % 4],
        ),
        sentiment=Sentiment(label=label, **p),
        brands=tuple(_named(said)),
        model_version="sentiment@1",
    )


def _named(said: str) -> Iterator[BrandMention]:
    for brand in BRANDS:
        start = said.find(brand.name)
        if start >= 0:
            end = start + len(brand.name)
            yield BrandMention(brand=brand.name, matched=brand.name, start=start, end=end)


async def write(url: str) -> None:
    """Into a migrated database."""
    engine = async_engine(load_settings(database_url=url))
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    await writer.write(Batch(log_id="hostile", results=tuple(results()), rejections=()))
    await engine.dispose()
