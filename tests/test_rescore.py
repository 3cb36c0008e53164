"""Stored texts scored by the present model: as a worker would today, whatever happens meanwhile."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

import monitor.rescore
import monitor.storage.walk
from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.corrections import correct_sentiment
from monitor.errors import OutageError, SetupError
from monitor.local import EmbeddedDatabase
from monitor.messages import Sentiment, TextMention, Verdict, mention_uuid
from monitor.reports.preview import EVER
from monitor.rescore import Done, Rescore
from monitor.sentiment import load_scorer
from monitor.settings import Device, Settings, load_settings, packaged
from monitor.storage.audit import audit
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, Scored, TextResult
from monitor.storage.rollups import compare
from monitor.storage.writer import BatchWriter
from monitor.stream.asking import Said
from monitor.stream.records import Record
from monitor.stream.texts import TextScoring
from monitor.texts import read

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BRANDS = Brands((Brand("Apple"), Brand("Nike", own=True)))
OLD, PRESENT = "sentiment@1", "sentiment@2"
SAID = {
    "a0": "Apple good but Nike bad",
    "a1": "Apple bad, Apple good, Apple good",
    "a2": "Nike opened a shop",
    "a3": "nothing good about anybody",
    "a4": "Mein Paket von Nike ist immer noch nicht da",
    "a5": "Apple fine and Nike fine",
}
LANGUAGES = {"a4": "de"}
FELT: dict[str, Verdict] = {"good": "positive", "bad": "negative", "fine": "unsure"}
"""What the model of these tests makes of a word."""
NOW = {
    ("a0", None, "positive"),
    ("a0", "Apple", "positive"),
    ("a0", "Nike", "negative"),
    ("a1", None, "negative"),
    ("a1", "Apple", "positive"),
    ("a2", None, "neutral"),
    ("a2", "Nike", "neutral"),
    ("a3", None, "positive"),
    ("a5", None, "unsure"),
    ("a5", "Apple", "unsure"),
    ("a5", "Nike", "unsure"),
}
"""What that model says of them."""


def felt(label: Verdict) -> Sentiment:
    p = {"negative": 0.1, "neutral": 0.1, "positive": 0.1} | {label: 0.8}
    if label == "unsure":
        p = dict.fromkeys(p, 1 / 3)
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def said_with(word: str) -> Sentiment:
    return felt(FELT.get(word.strip(",").lower(), "neutral"))


def ask(scorer: Any, texts: Sequence[Said], max_targets: int) -> list[Scored]:
    """A model that knows three words: the first of them in a text, and what follows a brand."""
    return [answer(one) for one in texts]


def answer(said: Said) -> Scored:
    words = said.reading.text.split()
    known = [word for word in words if word.strip(",") in FELT]
    brands = said.named
    if said.language == "en":
        brands = tuple(
            msgspec.structs.replace(
                place, sentiment=said_with((said.reading.text[place.end :].split() or [""])[0])
            )
            for place in brands
        )
    return Scored(
        sentiment=said_with((known or [""])[0]) if said.language == "en" else None,
        brands=brands,
        model_version=PRESENT,
        min_confidence=0.4,
    )


def stored(id: str, said: str, offset: int, *, model_version: str = OLD) -> TextResult:
    """As a worker had it: the former model calls everything negative, in any language."""
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=NOON),
        mention=TextMention(
            id=id, source="forum", text=said, published_at=NOON - timedelta(days=int(id[1:])), author="ann"
        ),
        sentiment=felt("negative"),
        brands=tuple(
            msgspec.structs.replace(each, sentiment=felt("negative"))
            for each in BrandMatcher(BRANDS).find(said)
        ),
        model_version=model_version,
        language=LANGUAGES.get(id, "en"),
        words=tuple(read(said).lexemes()),
    )


@pytest.fixture
def settings(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Settings]:
    name = f"rescore_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(migrated, name))
    database_server.drop(name)


async def write(settings: Settings, *results: TextResult) -> None:
    """As a worker does."""
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    await writer.write(Batch(log_id="c", results=results))
    await engine.dispose()


@pytest.fixture
async def engine(settings, monkeypatch):
    monkeypatch.setattr(monitor.rescore, "ask", ask)
    await write(settings, *(stored(id, said, n) for n, (id, said) in enumerate(SAID.items())))
    made = sync_engine(settings)
    yield made
    made.dispose()


def rescore(engine: Engine, settings: Settings, *only: str, again: bool = False) -> Rescore:
    scorer: Any = SimpleNamespace(manifest=SimpleNamespace(identity=PRESENT), warm_up=lambda: None)
    return Rescore(engine, scorer, BrandMatcher(BRANDS), settings, only, again=again)


def run(
    engine: Engine,
    settings: Settings,
    *only: str,
    dry: bool = False,
    again: bool = False,
    since: datetime = EVER.since,
    until: datetime = EVER.until,
) -> Done:
    one = rescore(engine, settings, *only, again=again)
    due = one.how_many(since, until)
    *_, done = (Done(), *one.run(since, until, dry=dry))
    assert done.looked_at == due
    return done


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def verdicts(engine: Engine, version: str = PRESENT) -> set[tuple[str, str | None, str]]:
    """Post, brand and label of what that model said."""
    return {
        (post, brand, label)
        for post, brand, label in rows(
            engine,
            "SELECT m.external_id, b.name, s.label"
            " FROM sentiment AS s JOIN mention AS m ON m.id = s.mention_id"
            " LEFT JOIN brand AS b ON b.id = s.brand_id WHERE s.model_version = :version",
            version=version,
        )
    }


def scored_by(engine: Engine) -> dict[str, set[str]]:
    """Model version -> posts."""
    found: dict[str, set[str]] = {}
    for post, version in rows(engine, "SELECT external_id, model_version FROM mention"):
        found.setdefault(version, set()).add(post)
    return found


def adds_up(engine: Engine) -> None:
    """The audit holds, and the roll-ups are those of the rows, verdicts those of the mention's model."""
    assert audit(engine, (), {}).faults == ()
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []
    mixed = "SELECT FROM sentiment AS s JOIN mention AS m ON m.id = s.mention_id WHERE m.{0} <> s.{0}"
    assert rows(engine, mixed.format("model_version")) == []


def test_the_present_model_has_the_word(engine, settings):
    done = run(engine, settings)
    assert verdicts(engine) == NOW
    assert verdicts(engine, OLD) == set()
    assert scored_by(engine) == {PRESENT: set(SAID)}
    assert (done.scored, done.failed) == (6, 0)
    assert done.whole == Counter(
        {
            ("negative", "positive"): 2,
            ("negative", "negative"): 1,
            ("negative", "neutral"): 1,
            ("negative", "unsure"): 1,
            # A language that the model does not speak: a worker would store no verdict.
            ("negative", None): 1,
        }
    )
    assert done.toward[("negative", "unsure")] == 2
    assert done.toward[("negative", None)] == 1
    assert done.toward.total() == 7
    adds_up(engine)
    days = "SELECT sum(positive), sum(neutral), sum(negative) FROM brand_day"
    assert rows(engine, days) == [(2, 1, 1)]
    assert run(engine, settings).scored == 0


def test_a_dry_run_says_the_same_and_changes_nothing(engine, settings):
    state = (
        "SELECT id, xmin::text FROM mention UNION SELECT mention_id, xmin::text FROM sentiment ORDER BY 1, 2"
    )
    before = rows(engine, state)
    told = run(engine, settings, dry=True)
    assert rows(engine, state) == before
    assert told == run(engine, settings)


async def test_it_says_what_a_worker_says(engine, settings, monkeypatch):
    """With the shipped model: the same rows, whether a worker or this asked."""
    monkeypatch.undo()
    scorer = load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1)
    matcher = BrandMatcher(BRANDS)
    records = [
        Record(
            position=RecordPosition(topic="mentions.text", partition=0, offset=len(SAID) + n, timestamp=NOON),
            generation=1,
            key=None,
            value=msgspec.json.encode(stored(id, said, n).mention),
            headers=(),
        )
        for n, (id, said) in enumerate(SAID.items())
    ]
    few = settings.model_copy(update={"text_max_targets": 2})
    by_worker = await TextScoring(scorer, matcher, few).score(records)
    asked = Rescore(engine, scorer, matcher, few)
    for _ in asked.run(EVER.since, EVER.until):
        pass
    query = """
        SELECT m.external_id, m.model_version, m.n_sentiments, s.brand_id, s.label, s.model_version,
               s.p_negative::numeric(5, 4), s.p_neutral::numeric(5, 4), s.p_positive::numeric(5, 4)
        FROM mention AS m LEFT JOIN sentiment AS s ON s.mention_id = m.id ORDER BY 1, 4
    """
    found = rows(engine, query)
    assert len(found) > len(SAID)
    adds_up(engine)
    await write(settings, *(one for one in by_worker if isinstance(one, TextResult)))
    assert found == rows(engine, query)


def test_corrections_stay(engine, settings):
    praised = mention_uuid("text", "forum", "a0")
    with engine.begin() as connection:
        correct_sentiment(connection, praised, "Apple", "neutral", "ann", None)
        correct_sentiment(connection, praised, None, "negative", "ann", None)
    run(engine, settings)
    assert verdicts(engine) == NOW
    query = "SELECT brand, label FROM brand_sentiment WHERE mention_id = :id ORDER BY brand"
    assert rows(engine, query, id=praised) == [("Apple", "neutral"), ("Nike", "negative")]
    assert rows(
        engine,
        "SELECT label FROM effective_sentiment WHERE mention_id = :id AND brand_id IS NULL",
        id=praised,
    ) == [("negative",)]
    adds_up(engine)


def test_a_brand_counted_since_gets_a_verdict_of_its_own(engine, settings):
    """`query --backfill` asks no model: toward a brand it found, the feeling of the whole text counts."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM sentiment WHERE brand_id IS NOT NULL"))
        connection.execute(text("UPDATE mention SET n_sentiments = 1"))
    assert run(engine, settings, dry=True).toward[(None, "negative")] == 1
    run(engine, settings)
    assert verdicts(engine) == NOW
    adds_up(engine)


def test_one_brand_or_one_period_alone(engine, settings):
    assert run(engine, settings, "Apple", dry=True).scored == 3
    day = NOON - timedelta(days=2)
    assert run(engine, settings, since=day, until=day + timedelta(days=1)).scored == 1
    assert scored_by(engine)[PRESENT] == {"a2"}
    run(engine, settings, "Nike")
    # Of a text that counts for it all verdicts are new: a mention has one model.
    assert scored_by(engine)[PRESENT] == {"a0", "a2", "a4", "a5"}
    adds_up(engine)


def test_a_brand_nobody_knows_is_refused(engine, settings):
    with pytest.raises(
        SetupError, match="Appel: the database has no such brand; `brand-monitor brands list`"
    ):
        run(engine, settings, "Apple", "Appel")


def test_what_the_present_model_scored_is_due_only_again(engine, settings):
    run(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE sentiment SET label = 'neutral'"))
    assert run(engine, settings).scored == 0
    assert run(engine, settings, again=True).scored == 6
    assert verdicts(engine) == NOW
    adds_up(engine)


def test_pictures_are_not_its_concern(engine, settings):
    with engine.begin() as connection:
        picture = "a" * 64
        connection.execute(
            text(
                "INSERT INTO picture (sha256, media_type, width, height, n_bytes, url)"
                " VALUES (:p, 'image/png', 1, 1, 1, '')"
            ),
            {"p": picture},
        )
        connection.execute(text("INSERT INTO picture_scan VALUES (:p, 'sentiment@1', 'k')"), {"p": picture})
        connection.execute(
            text("UPDATE mention SET kind = 'image', picture_sha256 = :p WHERE external_id = 'a0'"),
            {"p": picture},
        )
    assert run(engine, settings).scored == 5
    assert scored_by(engine)[OLD] == {"a0"}


def test_a_text_that_nobody_has_read_is_asked_about_in_its_language(engine, settings):
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET words = NULL, language = 'und'"))
    run(engine, settings)
    assert not [each for each in verdicts(engine) if each[0] == "a4"]
    assert ("a0", "Nike", "negative") in verdicts(engine)
    adds_up(engine)


def test_verdicts_are_counted_also_where_nobody_did(engine, settings):
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET n_brand_mentions = NULL, n_sentiments = NULL"))
    run(engine, settings)
    counted = "SELECT external_id, n_brand_mentions, n_sentiments FROM mention ORDER BY 1"
    expected = Counter(post for post, _, _ in NOW)
    assert rows(engine, counted) == [(post, None, expected[post]) for post in sorted(SAID)]
    assert any("before schema 0010" in note for note in audit(engine, (), {}).notes)
    adds_up(engine)


def test_no_more_is_read_at_once_than_memory_holds(engine, settings, monkeypatch):
    most = max(map(len, SAID.values()))
    monkeypatch.setattr(monitor.rescore, "_CHARS", most)
    asked = []

    def noted(scorer: Any, texts: Sequence[Said], max_targets: int) -> list[Scored]:
        asked.append(sum(len(one.reading.text) for one in texts))
        return ask(scorer, texts, max_targets)

    monkeypatch.setattr(monitor.rescore, "ask", noted)
    assert run(engine, settings).scored == 6
    assert verdicts(engine) == NOW
    assert max(asked) <= most
    assert sum(asked) == sum(map(len, SAID.values()))


def test_a_text_on_which_the_model_fails_keeps_what_it_has(engine, settings, monkeypatch):
    def fails(scorer: Any, texts: Sequence[Said], max_targets: int) -> list[Scored]:
        if any("shop" in one.reading.text for one in texts):
            raise ValueError("shop")
        return ask(scorer, texts, max_targets)

    monkeypatch.setattr(monitor.rescore, "ask", fails)
    done = run(engine, settings)
    assert (done.scored, done.failed) == (5, 1)
    assert scored_by(engine)[OLD] == {"a2"}
    assert verdicts(engine, OLD) == {("a2", None, "negative"), ("a2", "Nike", "negative")}
    adds_up(engine)


def test_a_model_that_fails_on_everything_ends_it(engine, settings, monkeypatch):
    def fails(*_: Any) -> None:
        raise ValueError("no")

    monkeypatch.setattr(monitor.rescore, "ask", fails)
    one = rescore(engine, settings)
    monkeypatch.setattr(one._scorer, "warm_up", fails)
    with pytest.raises(OutageError, match="fails on every input"):
        list(one.run(EVER.since, EVER.until))
    assert scored_by(engine) == {OLD: set(SAID)}


def killed_while_it_writes(url: str) -> None:
    """In a process of its own: the second batch hangs in the middle of its transaction."""
    monitor.storage.walk.BATCH = 2  # type: ignore[misc]
    monitor.rescore.ask = ask
    as_json = monitor.rescore.as_json
    written: list[int] = []

    def hangs(felt: Any) -> Any:
        if written:
            print("writing", flush=True)
            time.sleep(60)
        written.append(1)
        return as_json(felt)

    monitor.rescore.as_json = hangs
    settings = load_settings(database_url=url)
    list(rescore(sync_engine(settings), settings).run(EVER.since, EVER.until))


def test_killed_anywhere_it_goes_on(engine, settings):
    url = settings.database_url.get_secret_value()
    call = f"from tests.test_rescore import killed_while_it_writes as run; run({url!r})"
    repository = Path(__file__).parent.parent
    process = subprocess.Popen([sys.executable, "-c", call], stdout=subprocess.PIPE, cwd=repository)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert scored_by(engine) == {PRESENT: {"a0", "a1"}, OLD: {"a2", "a3", "a4", "a5"}}
    adds_up(engine)
    assert run(engine, settings).scored == 4
    assert verdicts(engine) == NOW
    adds_up(engine)


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Once, after the model has read the texts and before anything is written."""
    acted: list[int] = []

    def asked(scorer: Any, texts: Sequence[Said], max_targets: int) -> list[Scored]:
        answers = ask(scorer, texts, max_targets)
        if not acted:
            acted.append(1)
            act()
        return answers

    monkeypatch.setattr(monitor.rescore, "ask", asked)


def beside(work: Callable[[], Any]) -> None:
    """Run a coroutine though a loop runs here already."""
    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


@pytest.mark.parametrize("version", [OLD, PRESENT])
async def test_no_text_gets_the_verdict_of_an_older_one(engine, settings, monkeypatch, version):
    """The worker that wrote it meanwhile may have the former model still, or the present one already."""
    new = stored("a0", "Apple bad but Nike good", len(SAID), model_version=version)
    meanwhile(monkeypatch, lambda: beside(lambda: write(settings, new)))
    done = run(engine, settings)
    of_it = {each[1:] for each in verdicts(engine) if each[0] == "a0"}
    if version == OLD:
        assert of_it == {(None, "negative"), ("Apple", "negative"), ("Nike", "positive")}
    else:
        assert of_it == {(None, "negative"), ("Apple", "negative"), ("Nike", "negative")}
    assert done.scored == (6 if version == OLD else 5)
    assert {each for each in verdicts(engine) if each[0] != "a0"} == {each for each in NOW if each[0] != "a0"}
    adds_up(engine)


def test_brands_counted_meanwhile_are_asked_about(engine, settings, monkeypatch):
    """A backfill leaves the text as it is."""

    def backfilled() -> None:
        with engine.begin() as connection:
            connection.execute(
                text("DELETE FROM brand_mention USING brand AS b WHERE b.id = brand_id AND b.name = 'Apple'")
            )
            connection.execute(
                text("DELETE FROM sentiment USING brand AS b WHERE b.id = brand_id AND b.name = 'Apple'")
            )
            connection.execute(
                text(
                    "UPDATE mention AS m SET"
                    " n_brand_mentions = (SELECT count(*) FROM brand_mention AS n WHERE n.mention_id = m.id),"
                    " n_sentiments = (SELECT count(*) FROM sentiment AS s WHERE s.mention_id = m.id)"
                )
            )

    meanwhile(monkeypatch, backfilled)
    run(engine, settings)
    assert verdicts(engine) == {each for each in NOW if each[1] != "Apple"}
    adds_up(engine)


def test_who_writes_at_the_same_moment_is_waited_for(engine, settings):
    with engine.connect() as other:
        other.execute(text("UPDATE mention SET text = 'Apple bad but Nike good' WHERE external_id = 'a0'"))
        thread = threading.Thread(target=lambda: run(engine, settings))
        thread.start()
        waiting = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while thread.is_alive() and not rows(engine, waiting):
            time.sleep(0.01)
        assert thread.is_alive()
        other.commit()
        thread.join()
    of_it = {each[1:] for each in verdicts(engine) if each[0] == "a0"}
    assert of_it == {(None, "negative"), ("Apple", "negative"), ("Nike", "positive")}
    adds_up(engine)


def test_a_text_erased_meanwhile_stays_erased(engine, settings, monkeypatch):
    def erased() -> None:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL brand_monitor.erasure = 'asked'"))
            connection.execute(text("DELETE FROM mention WHERE external_id = 'a0'"))

    meanwhile(monkeypatch, erased)
    assert run(engine, settings).scored == 5
    assert verdicts(engine) == {each for each in NOW if each[0] != "a0"}
    adds_up(engine)


def test_it_needs_the_rights_of_a_worker_and_no_more(engine, settings):
    url = settings.sqlalchemy_url()
    name = f"login_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(name)))
        try:
            made = create_engine(create_engine(url).url.set(username=name, password="secret"))
            with pytest.raises(ProgrammingError, match="permission denied"), made.connect() as connection:
                connection.execute(text("SELECT FROM mention"))
            admin.execute(sql.SQL("GRANT brand_monitor_write TO {}").format(sql.Identifier(name)))
            run(made, settings)
            made.dispose()
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    assert verdicts(engine) == NOW


async def test_workers_and_other_runs_go_on_meanwhile(engine, settings, monkeypatch):
    """New versions of the same mentions come while two run: nothing deadlocks, and the books add up."""
    monkeypatch.setattr(monitor.storage.walk, "BATCH", 3)
    faults: list[BaseException] = []
    ended = threading.Event()

    def again() -> None:
        try:
            while not ended.is_set():
                for _ in rescore(engine, settings).run(EVER.since, EVER.until):
                    pass
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=again) for _ in range(2)]
    for thread in threads:
        thread.start()
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    end = time.monotonic() + 4
    turn = 0
    while time.monotonic() < end:
        turn += 1
        results = tuple(
            replace(stored(id, said, len(SAID) * turn + n), model_version=OLD)
            for n, (id, said) in enumerate(reversed(SAID.items()))
        )
        await writer.write(Batch(log_id="c", results=results))
    await workers.dispose()
    ended.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert turn > 3
    run(engine, settings)
    assert verdicts(engine) == NOW
    adds_up(engine)
