"""`brand-monitor forget` beside a running worker: rows, files, figures, findings; and when it is killed."""

import base64
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from monitor.cli import app
from monitor.local import EmbeddedDatabase
from monitor.local.child import StopPlan
from monitor.local.system import environment
from monitor.messages import Deleted
from monitor.privacy import Privacy, Pseudonyms
from monitor.settings import Authors, Redact, load_settings
from monitor.storage import rollups
from monitor.storage.engine import sync_engine
from tests.conftest import Broker
from tests.forked import Forked
from tests.integration.conftest import Deployment

KEY = "word-" * 8
PUBLISHED = {"source": "forum", "published_at": "2026-03-01T09:30:00Z"}


def mention(id: str, author: str, **said: Any) -> dict[str, Any]:
    return {"id": id, "author": author, "text": f"VMware, {id}", **PUBLISHED, **said}


def picture(id: str, author: str, shade: int) -> dict[str, Any]:
    data = cv2.imencode(".png", np.full((48, 64, 3), shade, np.uint8))[1].tobytes()
    return {"id": id, "author": author, "image": base64.b64encode(data).decode(), **PUBLISHED}


def forget(deployment: Any, *words: str, answer: str | None = None, **settings: Any) -> Any:
    env = environment(deployment.settings.model_copy(update=settings))
    return CliRunner().invoke(app, ["forget", *words], env=env, input=answer)


def told(deployment: Any, findings: int) -> list[Deleted]:
    records = [record.value for record in deployment.read("findings", findings)]
    return [msgspec.json.decode(value, type=Deleted) for value in records if b'"deleted_at"' in value]


def files(deployment: Any) -> list[Path]:
    return [path for path in Path(deployment.settings.picture_store).rglob("*") if path.is_file()]


def clean(deployment: Any) -> None:
    report = deployment.audit()
    assert report.ok, report.faults
    engine = sync_engine(deployment.settings)
    with engine.connect() as connection:
        assert [each for each in rollups.compare(connection) if not each.ok] == []
    engine.dispose()


def test_an_author_is_forgotten_and_everybody_is_told(deployment: Any) -> None:
    worker = deployment.worker()
    deployment.post("text", [mention("1", "Ann"), mention("2", "@ann"), mention("3", "bob")])
    deployment.post("image", [picture("1", "Ann", 50), picture("3", "bob", 100), picture("4", "ANN", 100)])
    deployment.post("text", [{"id": "5", "author": "Ann", "text": "no date", "source": "forum"}])
    deployment.wait(lambda: deployment.finished == 7, what="all stored")

    refused = forget(deployment, "--author", "ann", answer="n\n")
    assert refused.exit_code == 1
    assert "VMware, 2" in refused.stderr
    assert "4 mentions" in refused.stderr
    assert "1 pictures that no other mention shows" in refused.stderr
    assert deployment.count("mention") == 6

    done = forget(deployment, "--author", "ann", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "removed 1 files of pictures, told of 4 deleted mentions" in done.stderr
    assert deployment.rows("SELECT kind, external_id FROM mention ORDER BY 1, 2") == [
        ("image", "3"),
        ("text", "3"),
    ]
    assert len(files(deployment)) == 1
    assert {(one.kind, one.id, one.source) for one in told(deployment, 10)} == {
        ("text", "1", "forum"),
        ("text", "2", "forum"),
        ("image", "1", "forum"),
        ("image", "4", "forum"),
    }
    assert deployment.rows("SELECT count(*) FROM deleted_mention WHERE source IS NOT NULL") == [(0,)]
    assert deployment.rows("SELECT record_key, value_head FROM dead_letter") == [(None, b"")]
    assert deployment.rows("SELECT DISTINCT reason FROM erasure") == [("asked by a person",)]
    clean(deployment)

    again = forget(deployment, "--author", "ann", "--yes")
    assert (again.exit_code, again.stderr.count("nothing is stored that fits")) == (1, 1)
    deployment.post("text", [mention("1", "Ann")])
    deployment.wait(lambda: deployment.count("mention") == 3, what="published again, stored again")
    assert worker.terminate()[0] == 0


def test_an_author_who_was_never_stored_by_name_is_forgotten_by_it(deployment: Any) -> None:
    secret = {"authors": Authors.PSEUDONYMOUS, "authors_key": SecretStr(KEY), "redact": Redact.CONTACTS}
    deployment.worker(agents="texts", **secret)
    deployment.post("text", [mention("1", "Ann", text="VMware? Ask ann@example.com"), mention("2", "bob")])
    deployment.wait(lambda: deployment.count("mention") == 2, what="all stored")
    stored = deployment.rows("SELECT author, text FROM mention WHERE external_id = '1'")
    assert stored == [(Pseudonyms(KEY)("forum", "Ann"), "VMware? Ask [e-mail]")]
    without_key = forget(deployment, "--author", "Ann", "--yes")
    assert "MONITOR_AUTHORS_KEY" in str(without_key.exception)
    assert forget(deployment, "--author", "Ann", "--yes", **secret).exit_code == 0
    assert deployment.rows("SELECT external_id FROM mention") == [("2",)]

    # As a collector publishes it, and as the platform calls it.
    uri = "https://example.social/users/ann/statuses/17"
    shown = Privacy(deployment.settings.model_copy(update=secret)).id("forum", uri)
    assert "ann" not in shown
    deployment.post("text", [mention(shown, "Ann")])
    deployment.wait(lambda: deployment.count("mention") == 2, what="stored")
    assert forget(deployment, "--mention", uri, "--source", "forum", "--yes", **secret).exit_code == 0
    assert deployment.rows("SELECT external_id FROM mention") == [("2",)]


@pytest.fixture(scope="module")
def seed(
    database_server: EmbeddedDatabase, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Name of a database with made-up mentions, and the folder of their pictures."""
    name, pictures = f"seed_{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("seed")
    url = database_server.copy(migrated, name)
    env = environment(load_settings(database_url=url, picture_store=str(pictures)))
    words = ["seed", "--mentions", "600", "--days", "5", "--until", "2026-05-31"]
    done = CliRunner().invoke(app, words, env=env)
    assert done.exit_code == 0, done.output
    yield name, pictures
    database_server.drop(name)


@pytest.fixture
def seeded(broker: Broker, deploy_on: Callable[..., Deployment], seed: tuple[str, Path]) -> Deployment:
    """A copy of them."""
    template, pictures = seed
    made = deploy_on(broker, template)
    store = made.settings.picture_store
    shutil.copytree(pictures, store)
    with psycopg.connect(made.settings.database_url.get_secret_value()) as connection:
        connection.execute("UPDATE picture SET url = replace(url, %s, %s)", (str(pictures), store))
    return made


SLOWLY = """
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
    CREATE TRIGGER slowly BEFORE DELETE ON mention FOR EACH STATEMENT EXECUTE FUNCTION slowly()
"""


def kill_in_the_middle(deployment: Deployment) -> None:
    """`forget`, killed while it waits between two parts of it."""
    words = ["brand-monitor", "forget", "--before", "2027-01-01", "--yes"]
    process = Forked(
        *("forget", words),
        log=deployment.folder / "forget.log",
        plan=StopPlan(signal=signal.SIGTERM, grace=10),
        env=environment(deployment.settings),
    )
    with psycopg.connect(deployment.settings.database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute(SLOWLY)
        process.start(lambda: deployment.count("deleted_mention") > 0, timeout=60)
        process.kill()
        connection.execute("DROP FUNCTION slowly CASCADE")


def test_killed_in_the_middle_it_goes_on_and_nobody_stays_untold(seeded: Any) -> None:
    mentions = seeded.count("mention")
    kill_in_the_middle(seeded)
    assert 0 < seeded.count("deleted_mention") < mentions
    assert seeded.audit().ok
    done = forget(seeded, "--before", "2027-01-01", "--yes")
    assert done.exit_code == 0, done.output
    assert (seeded.count("mention"), seeded.count("picture"), files(seeded)) == (0, 0, [])
    ids = {(one.kind, one.source, one.id) for one in told(seeded, mentions)}
    assert len(ids) == mentions
    assert seeded.rows("SELECT count(*) FROM deleted_mention WHERE source IS NOT NULL") == [(0,)]
    clean(seeded)


def test_without_kafka_the_mentions_go_and_are_told_of_later(seeded: Any) -> None:
    mentions = seeded.count("mention")
    words = ("--before", "2027-01-01", "--yes")
    away = forget(seeded, *words, kafka_url="kafka://127.0.0.1:1")
    assert away.exit_code == 1
    assert seeded.count("mention") == 0
    assert seeded.rows("SELECT count(*) FROM deleted_mention WHERE source IS NOT NULL") == [(mentions,)]
    url = f"{seeded.settings.database_url.get_secret_value()}?options=-c%20role%3Dbrand_monitor_write"
    env = environment(seeded.settings.model_copy(update={"database_url": SecretStr(url)}))
    done = CliRunner().invoke(app, ["schedule", "--once"], env=env)
    assert done.exit_code == 0, done.output
    assert len(told(seeded, mentions)) == mentions
    assert seeded.rows("SELECT count(*) FROM deleted_mention WHERE source IS NOT NULL") == [(0,)]


def test_what_was_published_again_before_it_was_told_is_told_gone_to_nobody(deployment: Any) -> None:
    worker = deployment.worker(agents="texts")
    deployment.post("text", [mention("1", "Ann"), mention("2", "Ann")])
    deployment.wait(lambda: deployment.count("mention") == 2, what="all stored")
    away = forget(deployment, "--author", "ann", "--yes", kafka_url="kafka://127.0.0.1:1")
    assert (away.exit_code, deployment.count("mention")) == (1, 0)
    deployment.post("text", [mention("1", "Ann", text="VMware, once more")])
    deployment.wait(lambda: deployment.count("mention") == 1, what="published again, stored again")
    later = forget(deployment, "--mention", "2", "--source", "forum", "--yes")
    assert "told of 1 deleted mentions" in later.stderr
    assert [one.id for one in told(deployment, 4)] == ["2"]
    assert deployment.rows("SELECT count(*) FROM deleted_mention WHERE source IS NOT NULL") == [(0,)]
    assert worker.terminate()[0] == 0


def test_a_dead_letter_of_a_post_that_was_deleted_since_is_not_put_in_the_post_again(deployment: Any) -> None:
    worker = deployment.worker(agents="texts")
    dateless = [{"id": id, "source": "forum", "text": "VMware"} for id in ("1", "2")]
    deployment.post("text", dateless)
    deployment.post("text", [{"id": "1", "source": "forum", "deleted_at": "2026-03-02T18:05:00Z"}])
    wanted = {"dead_letter": 2, "deleted_mention": 1}
    deployment.wait(lambda: {name: deployment.count(name) for name in wanted} == wanted, what="all done")
    words = ["dead-letters", "replay", "--code", "field-missing"]
    replayed = CliRunner().invoke(app, words, env=environment(deployment.settings))
    assert "1 dead letters published again" in replayed.stderr
    assert replayed.stderr.count("was deleted since") == 1
    assert worker.terminate()[0] == 0
