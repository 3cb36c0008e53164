import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from monitor.errors import OutageError, SetupError
from monitor.messages import Deletion
from monitor.settings import load_settings, packaged
from monitor.storage import schema
from monitor.storage.audit import audit
from monitor.storage.engine import sync_engine
from monitor.storage.pruning import Pruning
from monitor.storage.records import Batch, DeletionResult
from monitor.storage.rollups import TABLES, compare
from monitor.storage.tables import metadata
from tests.storage.conftest import NOON

VIEWS = {
    "sentiment_correction",
    "effective_sentiment",
    "effective_detection",
    "logo_sighting",
    "brand_presence",
    "brand_sentiment",
    "share_of_voice",
    "sentiment_daily",
    "brand_health",
    "image_only_mentions",
    "mention_detail",
    *("brand_weekly", "source_daily", "brand_authors", "brand_terms"),
    *(f"expected_{table}" for table in TABLES),
}


def test_the_migrated_schema_equals_the_tables_in_code(engine):
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_check_constraints_equal_those_in_code(engine):
    """Alembic does not compare these."""
    in_code = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if constraint.__visit_name__ in ("check_constraint", "table_or_column_check_constraint")
    }
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT conname FROM pg_constraint"
                " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
            )
        )
        assert {name for (name,) in found} == in_code


def test_tables_views_and_their_columns_explain_themselves(engine):
    with engine.connect() as connection:
        silent = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relname <> 'alembic_version'"
                " AND relnamespace = 'public'::regnamespace AND obj_description(oid) IS NULL"
            )
        ).all()
        assert silent == []
        assert set(inspect(connection).get_view_names()) == VIEWS


async def test_a_schema_without_unsure_gets_the_likeliest_label_and_keeps_it(writer, made, engine, settings):
    sure = made.text(0, brands=(made.named(),))
    guess = made.text(1, label="unsure", brands=(made.named("Dell", felt="unsure"),))
    await writer.write(Batch(log_id="c", results=(sure, guess)))
    assert schema.downgrade(settings, "0012") == "0012"
    with engine.connect() as connection:
        counts = connection.execute(text("SELECT positive, neutral, negative FROM brand_day"))
        assert [tuple(row) for row in counts] == [(1, 0, 0), (1, 0, 0)]
    assert schema.upgrade(settings) == schema.head_revision()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT DISTINCT label FROM sentiment")).all() == [("positive",)]
        assert [each for each in compare(connection) if not each.ok] == []


async def test_what_was_found_before_evidence_was_kept_was_found_by_its_look(writer, made, engine, settings):
    """Names read in pictures counted in no figure before; those found by letters since keep counting."""
    shown = made.image(0, detections=(made.found("Citrix", 0.7), made.read("VMware", "by vmware", score=0.8)))
    await writer.write(Batch(log_id="c", results=(shown,)))
    assert schema.downgrade(settings, "0013") == "0013"
    words = text("""
        INSERT INTO written_brand
        SELECT picture_sha256, model_version, 0, b.id, 'Dell', 'by Dell', 0.9, 0, 0, 1, 1
        FROM picture_scan, brand AS b WHERE b.name = 'Dell'
    """)
    with engine.begin() as connection:
        assert connection.execute(words).rowcount == 1
        assert connection.execute(text("SELECT brands_shown, brands_written FROM mention_detail")).all() == [
            (["Citrix", "VMware"], ["Dell"])
        ]
        assert (
            connection.execute(
                text(
                    "(TABLE brand_day EXCEPT TABLE expected_brand_day) UNION ALL"
                    " (TABLE expected_brand_day EXCEPT TABLE brand_day)"
                )
            ).all()
            == []
        )
    assert schema.upgrade(settings) == schema.head_revision()
    seen = "SELECT brand, evidence, score, look, letters, line FROM logo_sighting ORDER BY 1"
    with engine.connect() as connection:
        assert connection.execute(text(seen)).all() == [
            ("Citrix", "look", 0.7, 0.7, None, None),
            ("VMware", "look", 0.8, 0.8, None, None),
        ]
        assert [each for each in compare(connection) if not each.ok] == []


def test_a_schema_without_evidence_is_what_it_was(settings, engine):
    """Tables, views, columns and what is said of them, made by 0013 and left by taking 0014 back."""
    schema.downgrade(settings, "0012")
    schema.upgrade(settings, "0013")
    before = _told(engine)
    schema.upgrade(settings)
    schema.downgrade(settings, "0013")
    assert _told(engine) == before


def _told(engine: Engine) -> list[tuple[object, ...]]:
    """Each relation with its definition, rights, columns and comments."""
    query = text("""
        SELECT c.relname, c.relkind, pg_get_viewdef(c.oid), obj_description(c.oid), c.relacl::text,
               ARRAY(SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                      col_description(c.oid, a.attnum))
                     FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     ORDER BY a.attname)
        FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
        ORDER BY 1
    """)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_upgrade_twice_is_the_same_as_once(settings, engine):
    assert schema.upgrade(settings) == schema.head_revision()
    with engine.connect() as connection:
        schema.check_revision(connection)


def test_programs_that_start_at_once_migrate_one_after_the_other(empty_database):
    program = (
        "from monitor.settings import load_settings; from monitor.storage import schema;"
        "print(schema.upgrade(load_settings()))"
    )
    environment = os.environ | {"MONITOR_DATABASE_URL": empty_database}
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == [schema.head_revision()] * 3


def test_downgrade_leaves_nothing(settings, engine):
    assert schema.downgrade(settings, "base") is None
    left = inspect(engine)
    assert left.get_table_names() == ["alembic_version"]
    assert left.get_view_names() == []
    assert schema.upgrade(settings) == schema.head_revision()


def test_an_older_schema_names_the_remedy(settings, engine):
    schema.downgrade(settings, "0001")
    with (
        engine.connect() as connection,
        pytest.raises(SetupError, match=r"schema 0001, .* needs \w+; run `brand-monitor db upgrade`"),
    ):
        schema.check_revision(connection)


def test_a_newer_schema_is_refused(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SetupError, match=r"schema 9999, which this version .* does not know"):
            schema.check_revision(connection)


def test_a_database_that_is_away_is_an_outage():
    with pytest.raises(OutageError, match="MONITOR_DATABASE_URL"):
        schema.upgrade(load_settings(database_url="postgresql://nobody@127.0.0.1:1/none"))


def test_a_database_that_does_not_exist_is_named(database):
    elsewhere = re.sub(r"/[^/]+$", "/no_such_database", database)
    with pytest.raises(OutageError, match=r'"no_such_database" does not exist; .* MONITOR_DATABASE_URL'):
        schema.upgrade(load_settings(database_url=elsewhere))


def test_migrations_run_from_any_folder(empty_database, tmp_path, monkeypatch):
    """As from a wheel, where they lie inside the package, in a path with a percent sign."""
    elsewhere = tmp_path / "100% elsewhere" / "migrations"
    shutil.copytree(packaged("migrations"), elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "packaged", lambda folder: Path(elsewhere))
    monkeypatch.chdir(tmp_path)
    assert schema.upgrade(load_settings(database_url=empty_database)) is not None


def test_the_engine_asks_a_vanished_host_for_a_sign_of_life(settings):
    engine = sync_engine(settings)
    with engine.connect() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                *("lock_timeout", "idle_in_transaction_session_timeout", "application_name"),
                *(
                    "tcp_keepalives_idle",
                    "tcp_keepalives_interval",
                    "tcp_keepalives_count",
                    "tcp_user_timeout",
                ),
            )
        }
    engine.dispose()
    assert shown == {
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
        "application_name": "brand-monitor",
        "tcp_keepalives_idle": "20",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "50000",
    }


def test_what_was_stored_before_it_was_read_is_a_story_of_its_own(settings, engine):
    """A database of schema 0010, with languages as publishers write them."""
    schema.downgrade(settings, "0010")
    row = text("""
        INSERT INTO mention (id, post_id, kind, source, external_id, published_at, text, lang, model_version,
                             log_id, topic, partition, record_offset, recorded_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'text', 'forum', n::text, now(), 'old', lang,
               'sentiment@1', 'c', 'mentions.text', 0, n, now()
        FROM unnest(CAST(:langs AS text[])) WITH ORDINALITY AS given(lang, n)
    """)
    langs = ["en", "de-AT", "PT_br", "zh-Hant-TW", "english", "", None, "\u6f22", "fil"]
    with engine.begin() as connection:
        connection.execute(row, {"langs": langs})
        connection.execute(text("INSERT INTO brand (name, own) VALUES ('VMware', true)"))
        connection.execute(
            text(
                "INSERT INTO brand_mention (mention_id, brand_id, start_char, end_char, matched)"
                " SELECT m.id, b.id, 0, 3, 'old' FROM mention AS m, brand AS b"
            )
        )
    schema.upgrade(settings)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT language, story_id = id AND lead, words FROM mention ORDER BY external_id::int")
        ).all()
        assert [each.language for each in found] == [
            "en",
            "de",
            "pt",
            "zh",
            "und",
            "und",
            "und",
            "und",
            "fil",
        ]
        assert all(each[1:] == (True, None) for each in found)
        counted = "SELECT sum(texts), sum(texts) FILTER (WHERE lead) FROM brand_day"
        assert connection.execute(text(counted)).one() == (9, 9)
        models = "SELECT sum(mentions), sum(unscored) FROM mention_hour"
        assert connection.execute(text(models)).one() == (9, 0)


async def test_deletions_and_pruning_are_taken_back_and_made_again_on_a_database_in_use(
    writer, made, engine, settings
):
    """Their books go; what is there is counted and adds up before, between and afterwards."""
    old = NOON - timedelta(days=2)
    await writer.write(
        Batch(
            log_id=made.log_id,
            results=(
                made.text(0, id="old", brands=(made.named(),), published_at=old),
                made.text(1, id="gone", brands=(made.named(),)),
                made.text(2, id="kept", brands=(made.named(),)),
                DeletionResult(
                    position=made.position(3),
                    kind="text",
                    deletion=Deletion(id="gone", source="forum", deleted_at=NOON),
                ),
            ),
        )
    )
    pruning = Pruning(engine, NOON.replace(hour=0))
    pruning.begin()
    assert pruning.run().mentions == 1
    for _ in range(2):
        assert audit(engine, (), {}).ok
        assert schema.downgrade(settings, "0018") == "0018"
        with engine.connect() as connection:
            assert connection.execute(text("SELECT mentions FROM mention_hour")).scalars().all() == [1]
        assert schema.upgrade(settings) == schema.head_revision()
        with engine.connect() as connection:
            assert [each for each in compare(connection) if not each.ok] == []
