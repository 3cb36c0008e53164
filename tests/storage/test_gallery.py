"""The gallery in PostgreSQL: comes back as it was put, version by version, also under hands that hurry."""

import threading

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, text

from monitor.errors import OutageError, SetupError
from monitor.logos.gallery import Calibration, GalleryEntry, Reference
from monitor.logos.gallery.embedder import unit
from monitor.settings import load_settings
from monitor.storage.engine import async_engine
from monitor.storage.gallery import (
    GalleryStore,
    put_entry,
    read_gallery,
    read_references,
    remove_entry,
    stored_brands,
)
from monitor.storage.records import Batch

CALIBRATION = Calibration(
    false_alarm_rate=0.001,
    confidence=0.9,
    proposals=10,
    negatives=4321,
    nearest_negative=0.412,
    method="tail-extrapolation",
    margin=0.17,
)


def entry(brand: str, seed: int = 0, threshold: float = 0.61) -> GalleryEntry:
    rows = np.random.default_rng(seed).normal(0, 1, (3, 16)).astype(np.float32)
    return GalleryEntry(brand=brand, embeddings=unit(rows), threshold=threshold, calibration=CALIBRATION)


def reference(name: str = "logo.png", seed: int = 0) -> Reference:
    pixels = np.random.default_rng(seed).integers(0, 256, (30, 50, 4), np.uint8)
    return Reference(name, "ab" * 32, pixels, (5, 4, 45, 26))


def put(engine: Engine, brand: str, seed: int = 0, embedder: str = "e@1", own: bool = False) -> int:
    with engine.begin() as connection:
        return put_entry(
            connection,
            entry(brand, seed),
            [reference(seed=seed), reference("old.svg", seed + 1)],
            embedder=embedder,
            own=own,
            note=f"added {brand}",
        )


def brands_of(engine: Engine, embedder: str = "e@1", version: int | None = None) -> list[str]:
    with engine.connect() as connection:
        return [one.brand for one in read_gallery(connection, embedder, version).entries]


def test_nothing_put_is_version_nought(engine: Engine) -> None:
    with engine.connect() as connection:
        gallery = read_gallery(connection, "e@1")
    assert (gallery.version, gallery.entries, gallery.stale) == (0, (), ())


def test_an_entry_comes_back_as_it_was_put(engine: Engine) -> None:
    version = put(engine, "Acme", own=True)
    with engine.connect() as connection:
        gallery = read_gallery(connection, "e@1")
        references = read_references(connection, "Acme")
        (told,) = stored_brands(connection)
        own = connection.execute(text("SELECT own FROM brand WHERE name = 'Acme'")).scalar_one()
    assert gallery.version == version > 0
    (back,) = gallery.entries
    np.testing.assert_array_equal(back.embeddings, entry("Acme").embeddings)
    assert (back.brand, back.threshold, back.calibration) == ("Acme", 0.61, CALIBRATION)
    assert [one.name for one in references] == ["logo.png", "old.svg"]
    np.testing.assert_array_equal(references[0].pixels, reference().pixels)
    assert references[0].box == (5, 4, 45, 26)
    assert own is True
    assert (told.brand, told.threshold, set(told.references)) == ("Acme", 0.61, {"logo.png", "old.svg"})


def test_old_versions_can_be_read_for_good(engine: Engine) -> None:
    first = put(engine, "Acme")
    second = put(engine, "Bolt")
    third = put(engine, "Acme", seed=5)
    with engine.begin() as connection:
        last = remove_entry(connection, "Bolt")
    assert last is not None
    assert first < second < third < last
    assert brands_of(engine, version=first) == ["Acme"]
    assert brands_of(engine, version=second) == ["Acme", "Bolt"]
    assert brands_of(engine, version=last) == brands_of(engine) == ["Acme"]
    with engine.connect() as connection:
        before, after = (read_gallery(connection, "e@1", version).entries[0] for version in (second, third))
    np.testing.assert_array_equal(before.embeddings, entry("Acme").embeddings)
    np.testing.assert_array_equal(after.embeddings, entry("Acme", 5).embeddings)


def test_removing_what_is_not_there_makes_no_version(engine: Engine) -> None:
    with engine.begin() as connection:
        assert remove_entry(connection, "Acme") is None
    put(engine, "Acme")
    with engine.begin() as connection:
        assert remove_entry(connection, "Acme") is not None
        assert remove_entry(connection, "Acme") is None
        assert stored_brands(connection) == []


def test_entries_of_another_embedder_are_named_not_compared(engine: Engine) -> None:
    put(engine, "Acme", embedder="e@1")
    put(engine, "Bolt", embedder="e@2")
    with engine.connect() as connection:
        gallery = read_gallery(connection, "e@2")
    assert [one.brand for one in gallery.entries] == ["Bolt"]
    assert gallery.stale == ("Acme",)


def test_changes_at_once_are_numbered_as_they_are_committed(engine: Engine) -> None:
    versions: list[int] = []
    seen: list[int] = []

    def change(brand: str) -> None:
        with engine.begin() as connection:
            version = put_entry(
                connection, entry(brand), [reference()], embedder="e@1", own=False, note=brand
            )
            versions.append(version)

    threads = [threading.Thread(target=change, args=(f"brand {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while any(thread.is_alive() for thread in threads):
            gallery = read_gallery(connection, "e@1")
            seen.append(gallery.version)
            assert len(gallery.entries) == gallery.version, "a version is seen whole or not at all"
    for thread in threads:
        thread.join()
    assert sorted(versions) == [1, 2, 3, 4]
    assert seen == sorted(seen)
    assert len(brands_of(engine)) == 4


def test_a_change_that_fails_leaves_nothing(engine: Engine) -> None:
    put(engine, "Acme")

    def fail_after_the_change() -> None:
        with engine.begin() as connection:
            remove_entry(connection, "Acme")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail_after_the_change()
    assert brands_of(engine) == ["Acme"]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE gallery_entry SET embeddings = '\\x00'", "embeddings of 'Acme' are damaged"),
        ("UPDATE gallery_entry SET calibration = '{}'", "calibration of 'Acme' is damaged"),
    ],
)
def test_damage_is_told_with_the_brand(engine: Engine, damage: str, says: str) -> None:
    put(engine, "Acme")
    with engine.begin() as connection:
        connection.execute(text(damage))
    with pytest.raises(SetupError, match=says):
        brands_of(engine)


async def test_workers_read_what_was_committed(engine, worker_engine) -> None:
    store = GalleryStore(worker_engine)
    assert await store.version() == 0
    with engine.connect() as connection:
        put_entry(connection, entry("Acme"), [reference()], embedder="e@1", own=False, note="added Acme")
        assert await store.version() == 0
        connection.commit()
    assert await store.version() == 1
    gallery = await store.read("e@1")
    assert [one.brand for one in gallery.entries] == ["Acme"]


async def test_a_database_that_is_away_is_an_outage() -> None:
    engine = async_engine(load_settings(database_url="postgresql://127.0.0.1:9/none"))
    store = GalleryStore(engine)
    with pytest.raises(OutageError):
        await store.version()
    with pytest.raises(OutageError):
        await store.read("e@1")
    await engine.dispose()


async def test_the_writer_stores_finds_of_brands_that_came_after_its_start(engine, writer, made) -> None:
    put(engine, "Acme")
    shown = made.image(0, detections=(made.found("Acme"),), model="logos@1+gallery-1")
    outcome = await writer.write(Batch(log_id="c", results=(shown,)))
    assert outcome.stored == 1
    with engine.connect() as connection:
        sighting = connection.execute(text("SELECT brand, model_version FROM logo_sighting")).one()
    assert tuple(sighting) == ("Acme", "logos@1+gallery-1")


async def test_pictures_are_due_again_after_a_change_and_old_finds_stay_traceable(
    engine, writer, made
) -> None:
    before = made.image(0, id="a", detections=(made.found("VMware"),), model="logos@1")
    await writer.write(Batch(log_id="c", results=(before,)))
    put(engine, "Acme")
    sha256 = before.picture.sha256
    assert sha256 in await writer.known_detections([sha256], "logos@1")
    assert await writer.known_detections([sha256], "logos@1+gallery-1") == {}
    again = made.image(
        1, id="b", detections=(made.found("VMware"), made.found("Acme", x=0.6)), model="logos@1+gallery-1"
    )
    for _ in range(2):  # delivered twice: nothing doubles
        await writer.write(Batch(log_id="c", results=(again,)))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT m.external_id, l.brand, l.model_version FROM logo_sighting AS l"
                " JOIN mention AS m ON m.id = l.mention_id ORDER BY 1, 2"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("a", "VMware", "logos@1"),
        ("b", "Acme", "logos@1+gallery-1"),
        ("b", "VMware", "logos@1+gallery-1"),
    ]


def test_what_each_role_may_do(database, engine) -> None:
    """Workers read; whoever may write adds and ends entries, and nobody but the owner changes one."""
    put(engine, "Acme")
    with engine.connect() as connection:
        may = {
            (role, right, table): connection.execute(
                text("SELECT has_table_privilege(:role, :table, :right)"),
                {"role": role, "table": table, "right": right},
            ).scalar_one()
            for role in ("brand_monitor_read", "brand_monitor_write")
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
            for table in ("gallery_version", "gallery_entry", "gallery_reference")
        }
    granted = {(role, right) for (role, right, _), allowed in may.items() if allowed}
    assert granted == {
        ("brand_monitor_read", "SELECT"),
        ("brand_monitor_write", "SELECT"),
        ("brand_monitor_write", "INSERT"),
    }
    writer_engine = create_engine(engine.url)
    with writer_engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE brand_monitor_write"))
        put_entry(connection, entry("Acme", 3), [reference()], embedder="e@1", own=False, note="again")
        assert remove_entry(connection, "Acme") is not None
    writer_engine.dispose()
