"""Where the proxy cuts, a real PostgreSQL has committed or not, as it says."""

import random
from collections.abc import Iterator

import psycopg
import pytest

from monitor.local import EmbeddedDatabase
from tests.nemesis.proxy import Cruelty, Cut, Proxy


@pytest.fixture
def proxy(database_server: EmbeddedDatabase) -> Iterator[Proxy]:
    started = Proxy(database_server.port, random.Random(0)).start()
    yield started
    started.stop()


@pytest.fixture
def urls(database: str, database_server: EmbeddedDatabase, proxy: Proxy) -> tuple[str, str]:
    """Directly, and by way of the proxy."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE said (cut text)")
    through = database.replace(f":{database_server.port}/", f":{proxy.port}/")
    return database, f"{through}?sslmode=disable&gssencmode=disable&connect_timeout=2"


def write(url: str, what: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO said VALUES (%s)", (what,))


def said(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT cut FROM said ORDER BY cut")]


@pytest.mark.parametrize(
    ("cut", "committed"),
    [
        (Cut.BEFORE_COMMIT, False),
        (Cut.AFTER_COMMIT, True),
        (Cut.AFTER_ANSWER, True),
        (Cut.MID_STATEMENT, False),
    ],
)
def test_a_cut_leaves_the_transaction_as_it_says(
    urls: tuple[str, str], proxy: Proxy, cut: Cut, committed: bool
) -> None:
    direct, through = urls
    proxy.cruelty = Cruelty(cuts=(cut,), share=1.0)
    with pytest.raises(psycopg.OperationalError):
        write(through, "a rather long line, so that there is something to cut in two " * 3)
    assert bool(said(direct)) is committed
    assert proxy.cut == 1
    proxy.cruelty = Cruelty()
    write(through, "whole")
    assert "whole" in said(direct)


def test_it_refuses_and_cuts_all(urls: tuple[str, str], proxy: Proxy) -> None:
    _, through = urls
    with psycopg.connect(through) as connection:
        proxy.cut_all()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(5)")
    proxy.cruelty = Cruelty(refuse=True)
    with pytest.raises(psycopg.OperationalError):
        write(through, "refused")
