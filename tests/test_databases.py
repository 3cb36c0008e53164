"""Copies of a database go from test to test only where nobody wrote into them."""

import psycopg
import pytest

from tests.databases import Databases


def used(server: Databases, template: str, query: str) -> str:
    """The URL of a copy that was asked this and given back."""
    url = server.copy(template, "used")
    with psycopg.connect(url) as connection:
        connection.execute(query)
    server.drop("used")
    return url


def test_a_copy_that_was_only_read_is_handed_out_again(database_server: Databases, migrated: str) -> None:
    url = used(database_server, migrated, "SELECT count(*) FROM mention")
    assert database_server.copy(migrated, "next") == url
    assert database_server.copy(migrated, "another") != url, "a copy in use is nobody else's"
    for name in ("next", "another"):
        database_server.drop(name)


def test_others_that_come_and_go_are_no_writing(database_server: Databases, migrated: str) -> None:
    url = database_server.copy(migrated, "used")
    database_server.copy(migrated, "other")
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
    database_server.drop("used")
    assert database_server.copy(migrated, "next") == url
    for name in ("next", "other"):
        database_server.drop(name)


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO brand (name, own) VALUES ('Nike', true)",
        "TRUNCATE mention CASCADE",
        "ALTER TABLE mention ADD COLUMN more text",
        "CREATE VIEW more AS SELECT 1",
    ],
)
def test_a_copy_that_was_written_to_is_not(database_server: Databases, migrated: str, query: str) -> None:
    url = used(database_server, migrated, query)
    assert database_server.copy(migrated, "next") != url
    database_server.drop("next")


def test_whoever_is_still_connected_is_sent_away(database_server: Databases, migrated: str) -> None:
    url = database_server.copy(migrated, "used")
    connection = psycopg.connect(url)
    connection.execute("SELECT 1")
    database_server.drop("used")
    with pytest.raises(psycopg.errors.AdminShutdown):
        connection.execute("SELECT 1")
    assert database_server.copy(migrated, "next") == url
    database_server.drop("next")


def test_a_copy_that_somebody_was_writing_to_is_not(database_server: Databases, migrated: str) -> None:
    url = database_server.copy(migrated, "used")
    connection = psycopg.connect(url)
    connection.execute("INSERT INTO brand (name, own) VALUES ('Nike', true)")
    database_server.drop("used")
    assert database_server.copy(migrated, "next") != url
    database_server.drop("next")


def test_a_copy_of_a_copy_is_as_that_one_is(database_server: Databases, migrated: str) -> None:
    with psycopg.connect(database_server.copy(migrated, "first")) as connection:
        connection.execute("CREATE TABLE more (n integer)")
    with psycopg.connect(database_server.copy("first", "second")) as connection:
        assert connection.execute("SELECT count(*) FROM more").fetchone() == (0,)
    for name in ("second", "first"):
        database_server.drop(name)
