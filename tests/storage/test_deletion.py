"""A deletion takes everything of a mention and nothing of others, stays through every redelivery, and the
books know of it."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields
from sqlalchemy import Engine, text

from monitor.answers import AnswerError, answer
from monitor.corrections import correct_logo, correct_sentiment
from monitor.errors import OutageError
from monitor.messages import Box, Deletion, Kind, mention_uuid
from monitor.storage import deletion, rollups, stories, story_check
from monitor.storage.audit import audit
from monitor.storage.collectors import Change as Saved
from monitor.storage.collectors import Collected, held
from monitor.storage.engine import async_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.records import Batch, Change, DeletionResult, Rejection, StorageRejection, WriteOutcome
from monitor.storage.writer import BatchWriter
from tests.examples import dear
from tests.storage.conftest import NOON, Made

TABLES = ("mention", "brand_mention", "sentiment", "picture", "picture_scan", "logo_detection", "answer")


def gone(
    made: Made, offset: int, id: str, kind: Kind = "text", partition: int = 0, at: datetime | None = None
) -> DeletionResult:
    return DeletionResult(
        position=made.position(offset, partition, f"mentions.{kind}", at),
        kind=kind,
        deletion=Deletion(id=id, source="forum", deleted_at=NOON),
    )


async def write(
    writer: BatchWriter, *changes: Change, rejections: Sequence[Rejection] = (), log_id: str = Made.log_id
) -> WriteOutcome:
    return await writer.write(Batch(log_id=log_id, results=changes, rejections=tuple(rejections)))


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def counted(engine: Engine) -> dict[str, int]:
    return {table: rows(engine, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def there(engine: Engine) -> dict[str, str]:
    """External id -> text of the text mentions."""
    return dict(rows(engine, "SELECT external_id, text FROM mention WHERE kind = 'text'"))


def sound(engine: Engine) -> None:
    """Books, roll-ups and stories bear out the rows."""
    report = audit(engine, (), {})
    assert report.ok, report.faults
    with engine.connect() as connection:
        compared = (*rollups.compare(connection), *story_check.compare(connection))
    assert [each for each in compared if not each.ok] == []


@pytest.fixture
async def told(writer, made, engine):
    """Post a with a text and a picture of its own; posts b and c show one picture; b has a text."""
    named = (made.named("VMware", felt="positive"),)
    await write(
        writer,
        made.text(0, id="a", brands=named),
        made.image(0, id="a", picture="own", detections=(made.found(), made.read("Dell"))),
        made.text(1, id="b", brands=named),
        made.image(1, id="b", picture="shared", detections=(made.found(),)),
        made.image(2, id="c", picture="shared", detections=(made.found(),)),
        rejections=(made.rejected(2),),
    )
    with engine.begin() as connection:
        for id in ("a", "b"):
            answer(connection, mention_uuid("text", "forum", id), "answered", "ann", "called", seen=0)
            correct_sentiment(connection, mention_uuid("text", "forum", id), None, "negative", "ann", "no")


async def test_a_deletion_takes_its_mention_with_all_that_hangs_on_it(told, writer, engine, made):
    outcome = await write(writer, gone(made, 3, "a"), gone(made, 3, "a", "image"))
    assert (outcome.stored, outcome.replaced, outcome.rejected, outcome.deleted) == (0, 0, 0, 2)
    assert outcome.pictures_gone == 1
    assert counted(engine) == dict(zip(TABLES, (3, 1, 2, 1, 1, 1, 1), strict=True))
    assert rows(engine, "SELECT count(*) FROM correction") == [(1,)]
    assert rows(engine, "SELECT sha256, url, removed_at FROM picture_gone") == [
        (made.sha256("own"), "file:///pictures/own", None)
    ]
    sound(engine)
    report = audit(engine, (), {})
    assert (report.stored, report.erased, report.mentions) == (5, 2, 3)
    assert any("deleted by its publisher" in note for note in report.notes)


async def test_text_and_picture_of_a_post_are_deleted_each_by_itself(told, writer, engine, made):
    await write(writer, gone(made, 3, "a"))
    assert rows(engine, "SELECT kind FROM mention WHERE external_id = 'a'") == [("image",)]
    sound(engine)


async def test_a_picture_that_another_mention_shows_stays_until_the_last_one_goes(told, writer, engine, made):
    assert (await write(writer, gone(made, 3, "b", "image"))).pictures_gone == 0
    assert rows(engine, "SELECT count(*) FROM picture_gone") == [(0,)]
    assert (await write(writer, gone(made, 4, "c", "image"))).pictures_gone == 1
    assert rows(engine, "SELECT sha256 FROM picture") == [(made.sha256("own"),)]
    sound(engine)


async def test_a_picture_that_a_new_version_no_longer_shows_goes(told, writer, engine, made):
    outcome = await write(writer, made.image(3, id="a", picture="other"), made.image(4, id="b", picture="b"))
    assert outcome.pictures_gone == 1
    assert rows(engine, "SELECT sha256 FROM picture_gone") == [(made.sha256("own"),)]
    sound(engine)


async def test_corrections_of_logos_move_to_another_mention_that_shows_the_picture(
    told, writer, engine, made
):
    find = rows(
        engine, "SELECT id FROM logo_detection WHERE picture_sha256 = :sha", sha=made.sha256("shared")
    )
    with engine.begin() as connection:
        correct_logo(
            connection, find[0][0], mention_uuid("image", "forum", "b"), "Citrix", None, "ann", "a C"
        )
        missed = Box(0.5, 0.5, 0.1, 0.1)
        correct_logo(connection, None, mention_uuid("image", "forum", "a"), "Citrix", missed, "ann")
    await write(writer, gone(made, 3, "b", "image"), gone(made, 3, "a", "image"))
    assert rows(engine, "SELECT mention_id, note FROM correction WHERE subject = 'logo'") == [
        (mention_uuid("image", "forum", "c"), "a C")
    ]
    sound(engine)


async def test_a_deletion_of_nothing_is_accounted_for(writer, engine, made):
    assert (await write(writer, gone(made, 0, "never"))).deleted == 1
    assert rows(
        engine, "SELECT records, deleted, offsets::text, mention_offsets::text FROM ingest_batch"
    ) == [(1, 1, "{[0,1)}", "{}")]
    assert rows(engine, "SELECT count(*) FROM erasure") == [(0,)]
    sound(engine)


async def test_an_old_record_delivered_again_does_not_bring_it_back_and_a_later_one_does(
    writer, engine, made
):
    first = made.text(0, id="a", text="first")
    await write(writer, first)
    await write(writer, gone(made, 1, "a"))
    again = await write(writer, first, gone(made, 1, "a"))
    assert again.silent == {first.position}
    assert there(engine) == {}
    await write(writer, made.text(2, id="a", text="published again"))
    assert there(engine) == {"a": "published again"}
    # The deletion delivered once more is not of that one; nobody hears that it is gone.
    again = await write(writer, first, gone(made, 1, "a"))
    assert again.silent == {first.position, gone(made, 1, "a").position}
    assert there(engine) == {"a": "published again"}
    sound(engine)


async def test_of_one_batch_the_log_s_order_decides(writer, engine, made):
    outcome = await write(
        writer,
        made.text(0, id="a"),
        gone(made, 1, "a"),
        made.text(2, id="b"),
        gone(made, 3, "b"),
        made.text(4, id="b", text="b again"),
    )
    assert (outcome.stored, outcome.replaced, outcome.deleted) == (1, 2, 2)
    assert {place.offset for place in outcome.silent} == {0, 2}
    assert there(engine) == {"b": "b again"}
    sound(engine)


async def test_what_hung_on_a_mention_does_not_come_back_with_it(told, writer, engine, made):
    await write(writer, gone(made, 3, "a"), made.text(4, id="a", text="a again"))
    assert there(engine)["a"] == "a again"
    assert rows(engine, "SELECT count(*) FROM correction") == rows(engine, "SELECT count(*) FROM answer")
    assert counted(engine)["answer"] == 1
    sound(engine)


async def test_between_partitions_kafka_s_timestamp_decides(writer, engine, made):
    await write(writer, gone(made, 5, "a", at=NOON + timedelta(hours=1)))
    await write(writer, made.text(0, id="a", partition=1, at=NOON))
    assert there(engine) == {}
    later = made.text(1, id="a", text="later", partition=1, at=NOON + timedelta(hours=2))
    await write(writer, later)
    assert there(engine) == {"a": "later"}
    earlier = gone(made, 9, "a", partition=2, at=NOON + timedelta(hours=1))
    assert (await write(writer, earlier)).silent == {earlier.position}
    assert there(engine) == {"a": "later"}
    await write(writer, gone(made, 0, "a", at=NOON + timedelta(hours=3)), log_id="cluster-1/2nd")
    assert there(engine) == {}
    sound(engine)


async def test_a_deletion_dated_2099_deletes_nothing_of_tomorrow(writer, engine, made):
    await write(writer, gone(made, 0, "a", at=datetime(2099, 1, 1, tzinfo=UTC)))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await write(writer, made.text(0, id="a", partition=1, at=tomorrow))
    await write(writer, gone(made, 0, "a", at=datetime(2099, 1, 1, tzinfo=UTC)))
    assert there(engine).keys() == {"a"}


async def test_what_is_deleted_by_sql_stays_dead_in_whatever_partition_its_versions_lie(
    told, writer, engine, made
):
    await write(writer, made.text(0, id="a", text="moved", partition=1, at=NOON - timedelta(days=1)))
    assert there(engine)["a"] == "moved"
    ids = [mention_uuid(kind, "forum", "a") for kind in ("text", "image")]
    with engine.begin() as connection:
        removed = deletion.delete(
            connection, [*ids, mention_uuid("text", "forum", "never")], "asked by a person"
        )
    assert (removed.mentions, removed.sentiments, removed.corrections, removed.answers) == (2, 1, 1, 1)
    assert (removed.pictures, removed.corrections_moved) == (1, 0)
    marks = "SELECT kind, source, external_id, partition, record_offset FROM deleted_mention ORDER BY kind"
    assert rows(engine, marks) == [("image", "forum", "a", 0, 0), ("text", "forum", "a", 1, 0)]
    # The first version's timestamp is later than that of the mark.
    first = made.text(0, id="a", brands=(made.named("VMware", felt="positive"),))
    moved = made.text(0, id="a", text="moved", partition=1, at=NOON - timedelta(days=1))
    assert len((await write(writer, first, moved, made.image(0, id="a", picture="own"))).silent) == 3
    assert "a" not in there(engine)
    assert any(note.endswith(": asked by a person") for note in audit(engine, (), {}).notes)
    sound(engine)
    await write(writer, made.text(7, id="a", text="by its author once more"))
    assert there(engine)["a"] == "by its author once more"


async def test_a_rejected_record_that_is_read_again_counts_as_new(writer, engine, made):
    """One of an older version that knew no deletions; one whose limit was raised."""
    await write(writer, made.text(0, id="a"), rejections=(made.rejected(1), made.rejected(2)))
    await write(writer, made.text(0, id="a"), gone(made, 1, "a"), made.text(2, id="a", text="long"))
    assert there(engine) == {"a": "long"}
    sound(engine)


async def test_a_refused_record_beside_deletions_is_named_and_the_account_adds_up(writer, engine, made):
    never = datetime(9999, 12, 31, 23, tzinfo=UTC)
    changes = [
        made.text(0, id="a"),
        gone(made, 1, "a"),
        made.text(2, published_at=never),
        made.text(3, id="a"),
    ]
    with pytest.raises(StorageRejection, match=r"@2"):
        await write(writer, *changes)
    await write(writer, *changes[:2], changes[3], rejections=(made.rejected(2),))
    assert there(engine).keys() == {"a"}
    sound(engine)


async def test_collectors_bring_nothing_of_a_post_that_is_gone_and_edits_of_what_is_left(
    told, writer, worker_engine, made
):
    async with held(worker_engine, "a forum", "forum") as entry:
        assert entry is not None
        await entry.save(Saved(known=[Collected(id="a", published_at=NOON, n_pictures=1)]))
        await write(writer, gone(made, 3, "a", "image"))
        assert (await entry.barred(["a", "b"])).ids == frozenset()
        await entry.save(Saved(gone=["a"]))  # as `forget` does
        assert (await entry.barred(["a", "b"])).ids == {"a"}
        await write(writer, gone(made, 3, "a"), gone(made, 4, "c", "image"))
        assert (await entry.barred(["a", "b", "c"])).ids == {"a", "c"}


async def test_who_answers_a_post_that_is_being_deleted_hears_that_it_is_gone(told, engine):
    id = mention_uuid("image", "forum", "c")
    with engine.connect() as person, engine.begin() as connection:
        deletion.delete(connection, [id], "asked")
        answered = asyncio.create_task(asyncio.to_thread(answer, person, id, "seen", "bob", seen=0))
        await asyncio.to_thread(until_one_waits, engine)
        connection.commit()
        with pytest.raises(AnswerError, match="there is no mention"):
            await answered


async def test_mentions_without_a_mark_are_not_removed(told, engine):
    """What the writer's role is lent deletes nothing unsaid."""
    with engine.begin() as connection:
        stories.lock(connection)
        ids = [mention_uuid("text", "forum", "a")]
        connection.execute(text("SELECT mention_remove(CAST(:ids AS uuid[]), 'x')"), {"ids": ids})
        connection.execute(text("SELECT picture_release(ARRAY(SELECT sha256 FROM picture))"))
    assert counted(engine)["mention"] == 5
    assert counted(engine)["picture"] == 2


# Any history against a model.

PICTURES = ("street", "stage")


@dataclass(frozen=True)
class Event:
    """One record: a version of a mention, its deletion, or a bad one; Kafka's time is `at` seconds."""

    mention: int
    what: Literal["version", "deletion", "bad"]
    picture: str
    at: int

    @property
    def kind(self) -> Kind:
        return "image" if self.mention >= 3 else "text"


Delivery = list[tuple[int, int]] | int
"""Records by partition and offset, in the order they come; or a mention that somebody deletes by SQL."""


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[Event]], list[Delivery]]:
    """Logs of three partitions, and their deliveries: each partition in its order, from time to time from an
    earlier offset again, and some lagging behind the others."""
    logs: list[list[Event]] = [[], [], []]
    whats = st.sampled_from(["version", "version", "version", "deletion", "deletion", "bad"])
    for at in range(draw(st.integers(1, 24))):
        event = Event(draw(st.integers(0, 4)), draw(whats), draw(st.sampled_from(PICTURES)), at)
        logs[draw(st.integers(0, 2))].append(event)
    come = [0, 0, 0]
    deliveries: list[Delivery] = []
    while any(come[n] < len(log) for n, log in enumerate(logs)):
        if draw(st.integers(0, 5)) == 0:
            deliveries.append(draw(st.integers(0, 4)))
        places: list[tuple[int, int]] = []
        for partition in draw(st.permutations(range(3)))[: draw(st.integers(1, 3))]:
            start = come[partition] - draw(st.integers(0, min(come[partition], 4)))
            end = min(len(logs[partition]), start + draw(st.integers(1, 6)))
            places += [(partition, offset) for offset in range(start, end)]
            come[partition] = max(come[partition], end)
        deliveries.append(places)
    return logs, deliveries


class Model:
    """What must stand: records count when they come first, in the order they come; a version that any
    deletion so far comes after is dead."""

    def __init__(self) -> None:
        self.standing: dict[int, tuple[int, int, Event]] = {}
        self._seen: set[tuple[int, int]] = set()
        self._deleted: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)

    def take(self, partition: int, offset: int, event: Event) -> None:
        if (partition, offset) in self._seen or event.what == "bad":
            return
        self._seen.add((partition, offset))
        if event.what == "version":
            if not self._dead(partition, offset, event):
                self.standing[event.mention] = (partition, offset, event)
            return
        self._deleted[event.mention].append((partition, offset, event.at))
        if event.mention in self.standing and self._dead(*self.standing[event.mention]):
            del self.standing[event.mention]

    def forget(self, mention: int) -> None:
        if (row := self.standing.pop(mention, None)) is not None:
            self._deleted[mention].append((row[0], row[1], row[2].at))

    def _dead(self, partition: int, offset: int, event: Event) -> bool:
        return any(
            offset <= place if log == partition else event.at <= at
            for log, place, at in self._deleted[event.mention]
        )


@given(history=histories())
@hypothesis_settings(
    max_examples=dear(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_history_of_deliveries_and_deletions_comes_to_what_the_model_says(
    settings, engine, brands, made, history
):
    logs, deliveries = history
    with engine.begin() as connection:
        connection.execute(
            text(
                "TRUNCATE mention, ingest_batch, erasure, dead_letter, deleted_mention, picture_gone,"
                " picture, story_key CASCADE"
            )
        )

    def record(partition: int, offset: int) -> Any:
        event = logs[partition][offset]
        at = NOON + timedelta(seconds=event.at)
        id = f"m{event.mention}"
        if event.what == "bad":
            return made.rejected(offset, partition=partition)
        if event.what == "deletion":
            result: Any = gone(made, offset, id, event.kind, partition, at)
        elif event.kind == "text":
            keys = (event.mention % 2,)  # some are copies of each other
            result = made.text(offset, id, f"{partition}@{offset}", brands=(made.named(),), story_keys=keys)
        else:
            result = made.image(offset, id, event.picture, caption=f"{partition}@{offset}")
        # One topic for all, as one log of each partition.
        return replace(result, position=made.position(offset, partition, at=at))

    async def replay() -> Model:
        workers = async_engine(settings)
        writer = BatchWriter(workers, brands)
        await writer.prepare()
        model = Model()
        for delivery in deliveries:
            if isinstance(delivery, int):
                kind = Event(delivery, "version", "", 0).kind
                with engine.begin() as connection:
                    deletion.delete(connection, [mention_uuid(kind, "forum", f"m{delivery}")], "asked")
                model.forget(delivery)
                continue
            records = [record(*place) for place in delivery]
            rejections = [one for one in records if isinstance(one, Rejection)]
            changes = [one for one in records if not isinstance(one, Rejection)]
            await write(writer, *changes, rejections=rejections)
            for partition, offset in delivery:
                model.take(partition, offset, logs[partition][offset])
        await workers.dispose()
        return model

    model = asyncio.run(replay())
    assert dict(rows(engine, "SELECT external_id, text FROM mention")) == {
        f"m{mention}": f"{partition}@{offset}" for mention, (partition, offset, _) in model.standing.items()
    }
    shown = {made.sha256(event.picture) for *_, event in model.standing.values() if event.kind == "image"}
    put = {
        made.sha256(event.picture)
        for log in logs
        for event in log
        if event.kind == "image" and event.what == "version"
    }
    assert {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM picture")} == shown
    assert {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM picture_gone")} == put - shown
    sound(engine)


# Files.


def until_one_waits(engine: Engine) -> None:
    """Until a transaction waits for another."""
    deadline = time.monotonic() + 30
    while rows(engine, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
        assert time.monotonic() < deadline


class Files:
    """A picture store, and results whose files are in it."""

    def __init__(self, folder: Path, made: Made) -> None:
        self.store = PictureStore(str(folder))
        self._made = made

    def image(self, offset: int, id: str, data: bytes) -> Any:
        digest = sha256(data).hexdigest()
        url = self.store.put(data, digest, "image/png")
        result = self._made.image(offset, id=id)
        picture = replace(result.picture, sha256=digest, url=url, n_bytes=len(data))
        return replace(result, picture=picture, mention=with_fields(result.mention, image=data))

    def kept(self, result: Any) -> bool:
        try:
            return self.store.get(result.picture.url) == result.mention.image
        except OutageError:
            return False


@pytest.fixture
def files(tmp_path, made):
    return Files(tmp_path, made)


async def test_the_file_goes_and_a_picture_of_another_mention_stays(writer, engine, made, files):
    own, shared, too = files.image(0, "a", b"own"), files.image(1, "b", b"two"), files.image(2, "c", b"two")
    await write(writer, own, shared, too)
    await write(writer, gone(made, 3, "a", "image"), gone(made, 4, "b", "image"))
    assert files.kept(own)
    assert deletion.sweep(engine, files.store).removed == 1
    assert not files.kept(own)
    assert files.kept(too)
    assert deletion.sweep(engine, files.store).removed == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE picture_gone SET removed_at = removed_at - interval '25 hours'"))
    deletion.sweep(engine, files.store)
    assert rows(engine, "SELECT * FROM picture_gone") == []


async def test_files_put_for_records_that_do_not_stand_go_too(writer, engine, made, files):
    first = files.image(0, "a", b"own")
    await write(writer, first, gone(made, 1, "a", "image"))
    deletion.sweep(engine, files.store)
    assert not files.kept(first)
    again = files.image(0, "a", b"own")  # as a worker that reads the record again
    await write(writer, again)
    deletion.sweep(engine, files.store)
    assert not files.kept(again)
    sound(engine)


async def test_the_file_of_a_picture_that_the_database_refused_goes_too(writer, engine, made, files):
    refused, shown = files.image(0, "a", b"own"), files.image(1, "b", b"two")
    kept = replace(made.rejected(0), position=refused.position, picture=refused.picture)
    other = replace(made.rejected(2), picture=shown.picture)
    assert (await write(writer, shown, rejections=(kept, other))).pictures_gone == 1
    assert (await write(writer, rejections=(kept,))).pictures_gone == 1
    assert deletion.sweep(engine, files.store).removed == 1
    assert (files.kept(refused), files.kept(shown)) == (False, True)
    sound(engine)


async def test_a_picture_shown_again_before_its_file_was_removed_stays(writer, engine, made, files):
    await write(writer, files.image(0, "a", b"own"), gone(made, 1, "a", "image"))
    again = files.image(2, "b", b"own")
    assert (await write(writer, again)).files_due == frozenset()
    assert deletion.sweep(engine, files.store).removed == 0
    assert files.kept(again)


async def test_a_picture_that_comes_again_while_its_file_is_removed_is_due_again(writer, engine, made, files):
    """Put, while the file is there still; then it is removed; then its row is written."""
    await write(writer, files.image(0, "a", b"own"), gone(made, 1, "a", "image"))
    again = files.image(2, "b", b"own")
    removing, go_on = threading.Event(), threading.Event()
    remove = files.store.remove

    def slowly(url: str) -> None:
        removing.set()
        assert go_on.wait(30)
        remove(url)

    files.store.remove = slowly
    sweeping = asyncio.create_task(asyncio.to_thread(deletion.sweep, engine, files.store))
    await asyncio.to_thread(removing.wait, 30)
    writing = asyncio.create_task(write(writer, again))
    await asyncio.to_thread(until_one_waits, engine)
    assert not writing.done()  # it has come to the row that the sweep holds
    go_on.set()
    await sweeping
    outcome = await writing
    assert not files.kept(again)
    assert outcome.files_due == {again.picture.sha256}
    # Cut off before the file was put, it is delivered again: still due. Deleted again, the file goes.
    assert (await write(writer, again)).files_due == outcome.files_due
    again = files.image(2, "b", b"own")
    await write(writer, gone(made, 3, "b", "image"))
    files.store.remove = remove
    assert deletion.sweep(engine, files.store).removed == 1
    assert not files.kept(again)
    sound(engine)


async def test_a_file_that_cannot_be_removed_is_due_again_and_holds_up_no_other(writer, engine, made, files):
    stuck, other = files.image(0, "a", b"stuck"), files.image(1, "b", b"other")
    await write(writer, stuck, other, gone(made, 2, "a", "image"), gone(made, 3, "b", "image"))
    remove = files.store.remove

    def refuse(url: str) -> None:
        if url == stuck.picture.url:
            raise OutageError("picture store: not ours to write")
        remove(url)

    files.store.remove = refuse
    with pytest.raises(OutageError, match="1 of 2 files not removed: picture store: not ours"):
        deletion.sweep(engine, files.store)
    assert (files.kept(stuck), files.kept(other)) == (True, False)
    files.store.remove = remove
    assert deletion.sweep(engine, files.store).removed == 1
    assert not files.kept(stuck)
