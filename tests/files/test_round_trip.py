"""What this service exports and imports again, into an empty database, gives the same figures."""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brands, load_brands
from monitor.files.interface import Beside, LeftOut
from monitor.files.mentions import text_mentions
from monitor.files.opening import open_file
from monitor.files.vendors import VENDORS
from monitor.local import EmbeddedDatabase
from monitor.logos.finder import load_finder
from monitor.messages import ImageMention, TextMention, encode
from monitor.publishing import Defaults, Outgoing
from monitor.reports.exports import csv_lines, unquoted
from monitor.reports.figures import Summary, summary
from monitor.reports.filters import Filter
from monitor.reports.mentions import MentionLine, all_mentions
from monitor.reports.report import write_report
from monitor.sentiment import load_scorer
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.records import Batch, RecordPosition, Rejection
from monitor.storage.rollups import compare
from monitor.storage.writer import BatchWriter
from monitor.stream.gallery import FixedFinder
from monitor.stream.images import ImageScoring
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Record
from monitor.stream.scoring import Scoring
from monitor.stream.texts import TextScoring

SAMPLES = Path(__file__).parents[2] / "samples"
PICTURES = ("vmware-slide.png", "coffee.jpg")
TEXTS = (
    "I love VMware, Horizon is wonderful",
    "=HYPERLINK(1) VMware is horrible, I hate it",
    "'=quoted, VMware",
    "''+49 VMware hotline",
    "@vmware when will this end?",
    "-5 % for VMware",
    "\tVMware behind a tab",
    'VMware; "quoted", and a comma\r\nand a line\n\nand a blank one',
    "VMware   ",
    "'just an apostrophe, VMware",
    "Mein Paket von VMware ist immer noch nicht da",
    "VMware 🚀\u2028 naïve\u00a0café",
    "nothing about anybody",
    "I love VMware, Horizon is wonderful",  # once more: of the same story as the first
)
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


class Desk:
    """Scores with the models that are shipped, and writes as a worker does."""

    def __init__(self, pictures: Path) -> None:
        self.settings = load_settings(picture_store=str(pictures))
        self.brands: Brands = load_brands(SAMPLES / "brands.toml")
        self.scorer = load_scorer(
            self.settings.models_dir / self.settings.sentiment_model, self.settings.device, threads=1
        )
        self.finder = load_finder(self.settings, self.brands)

    async def take(self, settings: Settings, records: Sequence[Outgoing]) -> list[Rejection]:
        """Store what was published; those that were refused."""
        engine = async_engine(settings)
        writer = BatchWriter(engine, self.brands)
        await writer.prepare()
        matcher = BrandMatcher(self.brands)
        scorings: dict[str, Scoring] = {
            "text": TextScoring(self.scorer, matcher, settings),
            "image": ImageScoring(
                FixedFinder(self.finder),
                matcher,
                writer,
                PictureStore(settings.picture_store),
                OutageRetry(0),
                settings,
                Metrics(),
            ),
        }
        refused: list[Rejection] = []
        for topic, scoring in scorings.items():
            outcomes = await scoring.score(
                [
                    Record(
                        position=RecordPosition(
                            topic=f"mentions.{topic}", partition=0, offset=offset, timestamp=UNTIL
                        ),
                        generation=1,
                        key=record.key,
                        value=record.value,
                        headers=record.headers,
                    )
                    for offset, record in enumerate(one for one in records if one.topic == topic)
                ]
            )
            refused += [one for one in outcomes if isinstance(one, Rejection)]
            stored = tuple(one for one in outcomes if not isinstance(one, Rejection))
            await writer.write(Batch(log_id="log", results=stored))
        await engine.dispose()
        return refused


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def databases(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Any]:
    """Makes migrated databases without mentions."""
    names: list[str] = []

    def made(desk: Desk) -> Settings:
        names.append(f"{migrated}_{len(names)}")
        url = database_server.copy(migrated, names[-1])
        return desk.settings.model_copy(update={"database_url": load_settings(database_url=url).database_url})

    yield made
    for name in names:
        database_server.drop(name)


@pytest.fixture(scope="module")
def first(desk: Desk, databases: Any) -> Settings:
    """A database with mentions of every kind."""
    settings: Settings = databases(desk)
    assert asyncio.run(desk.take(settings, list(published()))) == []
    return settings


def published() -> Iterator[Outgoing]:
    headers = (("content-type", b"application/json"),)
    for number, text in enumerate(TEXTS):
        mention = TextMention(
            id=f"id-{number}",
            source=("forum", "x", "=source")[number % 3],
            text=text,
            published_at=datetime(2026, 3, 1 + number, 9, 30, 15, 123456 * (number % 2), tzinfo=UTC),
            author=None if number % 4 == 0 else f"@author {number % 5}",
            url=None if number % 3 else f"https://forum.example.com/?id={number}&x=;",
            lang="de" if text.startswith("Mein") else None,
            reach=None if number % 2 else 10**number,
        )
        yield Outgoing(f"text {number}", "text", mention.id.encode(), encode(mention), headers)
    for number, name in enumerate(PICTURES):
        picture = ImageMention(
            id=f"id-{number}",  # of the same post as a text
            source="forum",
            image=(SAMPLES / "pictures" / name).read_bytes(),
            published_at=datetime(2026, 3, 20 + number, tzinfo=UTC),
            caption=None if number else "=VMware at VMworld",
            author="kim",
            reach=7,
        )
        yield Outgoing(name, "image", picture.id.encode(), encode(picture), headers)


def imported(file: Path, store: PictureStore) -> Iterator[Any]:
    """What `import` publishes of it."""
    opened = open_file(file)
    (vendor,) = (vendor for vendor in VENDORS if vendor.recognises(opened))
    assert vendor.name == "brand-monitor"
    rows = vendor.rows(opened, Beside(folder=file.parent, picture=store.kept))
    return text_mentions(rows, vendor.columns(opened), Defaults(source="upload"), max_chars=100_000)


def kept(connection: Connection) -> tuple[list[dict[str, Any]], Summary]:
    """All mentions but for when they were stored, a story by its first mention, and the figures."""
    lines = [fields(line) for line in all_mentions(connection, Filter(SINCE, UNTIL))]
    firsts = {line["story_id"]: line["mention_id"] for line in reversed(lines)}
    lines = [{**line, "story_id": firsts[line["story_id"]]} for line in lines]
    assert [one.table for one in compare(connection) if not one.ok] == []
    return lines, summary(connection, Filter(SINCE, UNTIL))


def fields(line: MentionLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__struct_fields__ if name != "stored_at"}


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Fields that differ, each with both values; probabilities by more than the size of a batch does."""
    close = {name: pytest.approx(value) for name, value in other.items() if name.startswith("p_")}
    return {name: (one[name], other[name]) for name in one if one[name] != close.get(name, other[name])}


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_an_export_gives_the_same_figures_again(
    desk: Desk, databases: Any, first: Settings, tmp_path: Path, format: str
) -> None:
    file = tmp_path / f"mentions.{format}"
    store = PictureStore(desk.settings.picture_store)
    source = sync_engine(first)
    with source.connect() as connection:
        write_report(connection, store, file, Filter(SINCE, UNTIL), format)
        expected = kept(connection)
    source.dispose()
    assert len(expected[0]) == len(TEXTS) + len(PICTURES)

    second: Settings = databases(desk)
    records = list(imported(file, store))
    assert all(isinstance(record, Outgoing) for record in records), records
    assert asyncio.run(desk.take(second, records)) == []
    target = sync_engine(second)
    with target.connect() as connection:
        lines, figures = kept(connection)
        assert [differing(*pair) for pair in zip(lines, expected[0], strict=True) if differing(*pair)] == []
        assert figures == expected[1]
    target.dispose()


def test_a_picture_that_is_not_kept_is_left_out_and_told(desk: Desk, first: Settings, tmp_path: Path) -> None:
    file = tmp_path / "mentions.csv"
    engine = sync_engine(first)
    with engine.connect() as connection:
        write_report(connection, PictureStore(desk.settings.picture_store), file, Filter(SINCE, UNTIL), "csv")
    engine.dispose()
    records = list(imported(file, PictureStore(str(tmp_path / "another"))))
    assert [one.reason for one in records if isinstance(one, LeftOut)] == [
        "a picture that MONITOR_PICTURE_STORE does not keep"
    ] * len(PICTURES)
    assert sum(isinstance(one, Outgoing) for one in records) == len(TEXTS)


@given(st.lists(st.text(alphabet=st.sampled_from("'=+-@\t\r\n\"; ,aé"), min_size=1), min_size=1))
def test_quotes_in_front_of_formulas_are_undone(texts: list[str]) -> None:
    written = "".join(csv_lines(["text"], ([text] for text in texts)))
    read = [row[0] for row in csv.reader(io.StringIO(written, newline=""))][1:]
    assert [unquoted(cell) for cell in read] == texts
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in read)
