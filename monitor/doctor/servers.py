"""Examines the servers: broker with its topics, database with its schema, picture store."""

import asyncio
from collections.abc import Iterator

import fsspec

from monitor.doctor.examination import Examination, ok, problem
from monitor.privacy.pseudonyms import is_pseudonym
from monitor.settings import Settings
from monitor.storage.engine import known_as, sync_engine
from monitor.storage.faults import translated
from monitor.storage.forgetting import newest_authors
from monitor.storage.schema import check_revision, current_revision
from monitor.stream.topics import missing_topics, wait_for_broker


def broker(settings: Settings) -> Iterator[Examination]:
    """Reachable, and every topic there."""
    asyncio.run(wait_for_broker(settings, timeout=0))
    yield ok("broker", f"{settings.kafka_url} answers")
    if missing := asyncio.run(missing_topics(settings)):
        yield problem("topics", f"missing: {', '.join(missing)}", "`brand-monitor topics create`")
    else:
        yield ok("topics", f"all of {settings.topic_prefix}.* are there")


def database(settings: Settings) -> Iterator[Examination]:
    """Reachable with the configured user, and at this version's schema."""
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            url = engine.url.render_as_string(hide_password=True)
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            yield ok("database", f"{url} answers, PostgreSQL {version}")
            check_revision(connection)
            yield ok("schema", f"revision {current_revision(connection)}")
            if known_as(connection) is None and any(map(is_pseudonym, newest_authors(connection))):
                yield problem(
                    "authors",
                    "stored under pseudonyms, and their key is not set here: nobody is found by name",
                    "set MONITOR_AUTHORS_KEY as the workers have it",
                )
    finally:
        engine.dispose()


def picture_store(settings: Settings) -> Iterator[Examination]:
    """Writable: a small file is written and removed."""
    location = f"{settings.picture_store.rstrip('/')}/.doctor"
    try:
        with fsspec.open(location, "wb", auto_mkdir=True) as file:
            file.write(b"written by brand-monitor doctor")
        filesystem, path = fsspec.core.url_to_fs(location)
        filesystem.rm(path)
    except Exception as error:  # each store has its own kinds
        yield problem(
            "picture store",
            f"{settings.picture_store} is not writable: {error}",
            "create it, grant the rights or set MONITOR_PICTURE_STORE; s3:// needs brand-monitor[s3]",
        )
        return
    yield ok("picture store", f"{settings.picture_store} is writable")
