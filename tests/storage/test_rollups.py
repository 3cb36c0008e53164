"""Roll-ups never disagree with the rows, whatever is written, copied, corrected or deleted, by how many."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from monitor.brands import Brand, Brands
from monitor.corrections import correct_logo, correct_sentiment, undo
from monitor.local import EmbeddedDatabase
from monitor.messages import Box, mention_uuid
from monitor.settings import load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch
from monitor.storage.rollups import TABLES, compare, rebuild
from monitor.storage.writer import BatchWriter
from tests.examples import dear
from tests.storage.conftest import NOON, Made

BRANDS = ("VMware", "Citrix", "Dell")
IDS = ("a", "b", "c")
PICTURES = ("street", "booth")


def agree(engine: Engine) -> None:
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []
        assert connection.execute(text("SELECT count(*) FROM figure_queue")).scalar_one() == 0


def counted(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


labels = st.sampled_from(("negative", "neutral", "positive"))
verdicts = st.sampled_from(("negative", "neutral", "positive", "unsure", None))
somebody = st.sampled_from(IDS)
# From 22:30 to 01:30: two days, four hours.
moments = st.integers(0, 6).map(lambda half_hours: NOON + timedelta(hours=10.5, minutes=30 * half_hours))
named = st.lists(st.sampled_from(BRANDS), max_size=3, unique=True)
languages = st.sampled_from(("en", "de"))
# A text in a language that the model does not speak has no label.
# Mentions that share a key are copies.
keys = st.sampled_from(((), (1,), (2,), (1, 2)))
texts = st.tuples(st.just("text"), somebody, named, verdicts, moments, languages, keys)
images = st.tuples(
    st.just("image"), somebody, named, named, st.sampled_from(PICTURES), moments, languages, keys
)
steps = st.one_of(
    texts,
    images,
    st.tuples(st.just("feels"), somebody, st.sampled_from((None, *BRANDS)), labels),
    st.tuples(st.just("missed"), somebody, st.sampled_from(BRANDS)),
    st.tuples(st.just("judged"), somebody, st.sampled_from((None, *BRANDS))),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(st.just("delete"), somebody, st.sampled_from(("text", "image"))),
    st.tuples(st.just("move"), somebody, moments),
    st.tuples(st.just("speaks"), somebody, languages),
    st.tuples(st.just("read"), somebody),
    st.tuples(st.just("scan again"), st.sampled_from(PICTURES)),
)


class Steps:
    """Carries steps out, each in a transaction of its own; those that make no sense now do nothing."""

    def __init__(self, engine: Engine, writer: BatchWriter, made: Made) -> None:
        self.engine, self.writer, self.made, self.offset = engine, writer, made, 0
        self.written: list[Batch] = []

    async def take(self, step: tuple) -> None:
        kind, *rest = step
        if kind in ("text", "image"):
            await self.write(kind, *rest)
            return
        if kind == "again":
            if rest[0] < len(self.written):
                await self.writer.write(self.written[rest[0]])
            return
        with self.engine.begin() as connection:
            getattr(self, kind.replace(" ", "_"))(connection, *rest)

    async def write(self, kind: str, id: str, brands: list[str], *rest: object) -> None:
        self.offset += 1
        spans = tuple(
            self.made.named(brand, start) for start, brand in zip((0, 20, 40), brands, strict=False)
        )
        if kind == "text":
            label, moment, language, story_keys = rest
            result = self.made.text(
                self.offset,
                id=id,
                text=f"take {self.offset}",
                label=label,
                brands=spans,
                published_at=moment,
                language=language,
                story_keys=story_keys,
            )
        else:
            shown, picture, moment, language, story_keys = rest
            found = tuple(self.made.found(brand, x=n / 4) for n, brand in enumerate(shown))
            result = self.made.image(
                self.offset,
                id=id,
                picture=picture,
                detections=found,
                brands=spans,
                published_at=moment,
                language=language,
                story_keys=story_keys,
            )
        self.written.append(Batch(log_id="c", results=(result,)))
        await self.writer.write(self.written[-1])

    def feels(self, connection: Connection, id: str, brand: str | None, label: str) -> None:
        mention = mention_uuid("text", "forum", id)
        names = "SELECT FROM brand_mention n JOIN brand b ON b.id = brand_id"
        known = connection.execute(
            text(
                "SELECT CAST(:brand AS text) IS NULL"
                f" OR EXISTS ({names} WHERE mention_id = m.id AND b.name = :brand)"
                " FROM mention m WHERE id = :id"
            ),
            {"id": mention, "brand": brand},
        ).scalar()
        if known:
            correct_sentiment(connection, mention, brand, label, "ann")

    def missed(self, connection: Connection, id: str, brand: str) -> None:
        mention = mention_uuid("image", "forum", id)
        if connection.execute(text("SELECT FROM mention WHERE id = :id"), {"id": mention}).one_or_none():
            correct_logo(connection, None, mention, brand, Box(0.5, 0.5, 0.1, 0.1), "ann")

    def judged(self, connection: Connection, id: str, brand: str | None) -> None:
        mention = mention_uuid("image", "forum", id)
        find = connection.execute(
            text(
                "SELECT d.id FROM mention m JOIN logo_detection d ON d.picture_sha256 = m.picture_sha256"
                " WHERE m.id = :id ORDER BY d.id LIMIT 1"
            ),
            {"id": mention},
        ).scalar()
        if find:
            correct_logo(connection, find, mention, brand, None, "ann")

    def undo(self, connection: Connection, place: int) -> None:
        ids = connection.execute(text("SELECT id FROM correction ORDER BY id")).scalars().all()
        if place < len(ids):
            undo(connection, ids[place], "ben")

    def delete(self, connection: Connection, id: str, kind: str) -> None:
        connection.execute(
            text("DELETE FROM mention WHERE id = :id"), {"id": mention_uuid(kind, "forum", id)}
        )

    def move(self, connection: Connection, id: str, moment: datetime) -> None:
        connection.execute(
            text("UPDATE mention SET published_at = :moment WHERE external_id = :id"),
            {"id": id, "moment": moment},
        )

    def speaks(self, connection: Connection, id: str, language: str) -> None:
        connection.execute(
            text("UPDATE mention SET language = :language WHERE external_id = :id"),
            {"id": id, "language": language},
        )

    def read(self, connection: Connection, id: str) -> None:
        connection.execute(
            text("UPDATE mention SET words = to_tsvector('simple', text) WHERE external_id = :id"), {"id": id}
        )

    def scan_again(self, connection: Connection, picture: str) -> None:
        connection.execute(
            text("DELETE FROM logo_detection WHERE picture_sha256 = :sha"), {"sha": self.made.sha256(picture)}
        )


@pytest.mark.parametrize("at_once", [False, True], ids=["step by step", "in the end"])
def test_they_agree_after_anything_that_can_happen(database_server: EmbeddedDatabase, migrated: str, at_once):
    name = f"rollups_{random.randrange(10**9)}"
    url = database_server.copy(migrated, name)
    chosen = load_settings(database_url=url)
    engine = sync_engine(chosen)

    @settings(
        max_examples=dear(16),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(st.lists(steps, min_size=6, max_size=14))
    def anything(taken: list[tuple]) -> None:
        async def run() -> None:
            workers = async_engine(chosen)
            writer = BatchWriter(workers, Brands(tuple(Brand(each) for each in BRANDS)))
            await writer.prepare()
            steps = Steps(engine, writer, Made())
            try:
                for step in taken:
                    await steps.take(step)
                    if not at_once:
                        agree(engine)
            finally:
                await workers.dispose()

        with engine.begin() as connection:
            connection.execute(text("DELETE FROM mention"))
            connection.execute(text("TRUNCATE correction, picture_scan, picture CASCADE"))
        asyncio.run(run())
        agree(engine)

    try:
        anything()
    finally:
        engine.dispose()
        database_server.drop(name)


async def test_workers_that_share_posts_pictures_and_hours_never_deadlock(writer, engine, made):
    """Texts and pictures of the same posts, in another order for each, while people correct and delete."""

    def shared(worker: int, turn: int) -> Batch:
        ids = random.Random(worker * 100 + turn).sample(range(120), 120)
        brand = BRANDS[worker % 3]
        if worker % 2:
            results = [
                made.text(
                    turn * 200 + n,
                    id=str(id),
                    partition=worker,
                    brands=(made.named(brand),),
                    story_keys=(id % 7, 7 + turn % 2),
                )
                for n, id in enumerate(ids)
            ]
        else:
            results = [
                made.image(turn * 200 + n, id=str(id), picture=str(id % 30), detections=(made.found(brand),))
                for n, id in enumerate(ids)
            ]
        return Batch(log_id="c", results=tuple(results))

    async def work(worker: int) -> None:
        for turn in range(3):
            await writer.write(shared(worker, turn))

    def people() -> None:
        chance = random.Random(7)
        for _ in range(25):
            id = mention_uuid("text", "forum", str(chance.randrange(120)))
            with engine.begin() as connection:
                if connection.execute(text("SELECT FROM mention WHERE id = :id"), {"id": id}).one_or_none():
                    correct_sentiment(connection, id, None, chance.choice(("positive", "negative")), "ann")
            with engine.begin() as connection:
                gone = mention_uuid("image", "forum", str(chance.randrange(120)))
                connection.execute(text("DELETE FROM mention WHERE id = :id"), {"id": gone})

    await asyncio.gather(*(work(worker) for worker in range(4)), asyncio.to_thread(people))
    agree(engine)
    assert counted(engine, "SELECT count(*) > 0 FROM post_pair") == [(True,)]


async def test_a_text_and_a_picture_written_at_once_see_each_other(writer, engine, made):
    said = made.text(0, id="p", brands=(made.named("VMware"),))
    shown = made.image(0, id="p", detections=(made.found("VMware"),))
    await asyncio.gather(
        writer.write(Batch(log_id="c", results=(said,))), writer.write(Batch(log_id="c", results=(shown,)))
    )
    agree(engine)
    assert counted(engine, "SELECT silent FROM presence WHERE shown") == [(False,)]
    assert counted(engine, "SELECT cardinality(text_brands), cardinality(image_brands) FROM post_pair") == [
        (1, 1)
    ]


async def test_a_logo_corrected_counts_wherever_the_picture_is_shown(writer, engine, made):
    shown = [made.image(n, picture="booth", detections=(made.found("Citrix"),)) for n in range(3)]
    await writer.write(Batch(log_id="c", results=tuple(shown)))
    with engine.begin() as connection:
        find = connection.execute(text("SELECT id FROM logo_detection")).scalar_one()
        correct_logo(connection, find, mention_uuid("image", "forum", "m0"), "Dell", None, "ann")
        # Within the transaction already: who corrects is shown the figures it makes.
        held = "SELECT b.name, h.shown FROM brand_hour AS h JOIN brand AS b ON b.id = brand_id"
        assert connection.execute(text(held)).all() == [("Dell", 3)]
    agree(engine)


async def test_redelivery_writes_no_row_of_theirs_again(writer, engine, made):
    batch = Batch(
        log_id="c",
        results=(made.text(0, brands=(made.named(),)), made.image(0, detections=(made.found(),))),
    )
    await writer.write(batch)
    places = (
        "SELECT ctid::text, xmin::text FROM presence UNION ALL SELECT ctid::text, xmin::text FROM brand_hour"
    )
    before = counted(engine, places)
    await writer.write(batch)
    assert counted(engine, places) == before


async def test_a_difference_is_found_told_and_mended(writer, engine, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)), made.text(1))))
    with engine.begin() as connection:
        connection.execute(text("UPDATE brand_hour SET texts = 9"))
        connection.execute(text("DELETE FROM mention_hour"))
    with engine.begin() as connection:
        found = {each.table: each for each in compare(connection)}
        assert set(found) == set(TABLES)
        assert (found["brand_hour"].wrong, found["brand_hour"].missing) == (1, 1)
        assert '"texts": 9' in found["brand_hour"].example
        assert (found["mention_hour"].wrong, found["mention_hour"].missing) == (0, 1)
        assert found["presence"].ok
        rebuild(connection)
    agree(engine)


async def test_truncated_rows_leave_nothing_counted(writer, engine, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)),)))
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE mention CASCADE"))
    agree(engine)
    assert counted(engine, "SELECT count(*) FROM brand_hour") == [(0,)]


async def test_a_transaction_that_cannot_see_others_may_not_write(writer, engine, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)),)))
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("DELETE FROM mention"))
        with pytest.raises(DBAPIError, match="READ COMMITTED"):
            connection.commit()
    agree(engine)


async def test_texts_nobody_scored_count_as_such_until_a_person_judges_them(writer, engine, made):
    german = made.text(0, label=None, language="de", brands=(made.named(),))
    await writer.write(Batch(log_id="c", results=(german, made.text(1, brands=(made.named(),)))))
    labels = "SELECT language, texts, positive, negative, unscored FROM brand_day ORDER BY language"
    assert counted(engine, labels) == [("de", 1, 0, 0, 1), ("en", 1, 1, 0, 0)]
    models = "SELECT language, mentions, unscored FROM mention_hour ORDER BY language"
    assert counted(engine, models) == [("de", 1, 1), ("en", 1, 0)]
    assert counted(engine, "SELECT count(*) FROM sentiment") == [(1,)]
    with engine.begin() as connection:
        correct_sentiment(connection, mention_uuid("text", "forum", "m0"), None, "negative", "ann")
    assert counted(engine, labels) == [("de", 1, 0, 1, 0), ("en", 1, 1, 0, 0)]
    agree(engine)


async def test_a_story_is_counted_where_and_when_it_appeared_first(writer, engine, made):
    """Three copies over two sources and two days; the oldest comes last and takes the lead."""
    told = [
        made.text(n, source=source, published_at=NOON + late, brands=(made.named(),), story_keys=(7,))
        for n, (source, late) in enumerate(
            (("forum", timedelta()), ("news", timedelta(hours=3)), ("news", timedelta(days=-1)))
        )
    ]
    by_lead = "SELECT day::date - DATE '2026-03-01', source, texts FROM brand_day WHERE lead ORDER BY 1, 2"
    for n, expected in enumerate(([(0, "forum", 1)], [(0, "forum", 1)], [(-1, "news", 1)])):
        await writer.write(Batch(log_id="c", results=(told[n],)))
        assert counted(engine, by_lead) == expected
        agree(engine)
    assert counted(engine, "SELECT sum(texts), sum(texts) FILTER (WHERE lead) FROM brand_day") == [(3, 1)]
    assert counted(engine, "SELECT sum(mentions), sum(mentions) FILTER (WHERE lead) FROM mention_hour") == [
        (3, 1)
    ]


async def test_words_read_later_touch_no_figure(writer, engine, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)),)))
    places = "SELECT ctid::text, xmin::text FROM presence"
    before = counted(engine, places)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET words = to_tsvector('simple', text)"))
        assert connection.execute(text("SELECT count(*) FROM figure_queue")).scalar_one() == 0
    assert counted(engine, places) == before
