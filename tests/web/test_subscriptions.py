"""Views that are sent by themselves, from the pages: asked for, listed, stopped; no secret comes back."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.web.people import Role, add_user
from tests.web.conftest import Calling

MAIL = SecretStr("mailtos://reports:hush@mail.example.com?from=reports@example.com&to=marketing@example.com")
PASSWORD = "correct horse battery"
ASKED = {"view": "/brand?name=VMware&source=forum", "day": "Monday", "at": "08:00", "zone": "Europe/Berlin"}


@pytest.fixture
def mailing(call: Calling, settings: Settings) -> TestClient:
    """The pages of a service that has a mail server."""
    return call(settings, report_to=MAIL)


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def stored(settings: Settings) -> list[tuple[object, ...]]:
    engine = sync_engine(settings)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT view, schedule, recipients, addresses, created_by, stopped_by FROM subscription")
        )
        found = [tuple(row) for row in rows]
    engine.dispose()
    return found


def test_the_form_asks_for_the_view_it_was_opened_from(client: TestClient) -> None:
    page = client.get("/subscriptions/new?page=mentions&source=forum&q=great&since=2026-03-01").text
    view = html.unescape(re.search(r'name="view" value="([^"]+)"', page).group(1))  # type: ignore[union-attr]
    assert urlsplit(view).path == "/mentions"
    assert parse_qs(urlsplit(view).query) == {"source": ["forum"], "q": ["great"]}
    assert "Mentions with “great” (only sources: forum)" in said(page)
    assert 'value="UTC"' in page


def test_what_is_asked_for_is_stored_listed_and_stopped(mailing: TestClient, settings: Settings) -> None:
    answer = mailing.post("/subscriptions", data={**ASKED, "to": "ann@example.com", "by": "ann"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscriptions")
    view = "/brand?name=VMware&source=forum"
    when = "Monday 08:00 Europe/Berlin"
    assert stored(settings) == [(view, when, ["ann@example.com"], "ann@example.com", "ann", None)]
    listed = mailing.get("/subscriptions").text
    text_of = said(listed)
    assert "1 view is sent by itself" in text_of
    assert "Brand: VMware only sources: forum" in text_of
    assert "ann@example.com" in text_of
    assert "hush" not in listed
    (stop,) = re.findall(r'action="(/subscriptions/\d+/stop)"', listed)
    assert mailing.post(stop, data={"by": "bob"}).status_code == 303
    assert stored(settings) == [(view, when, ["ann@example.com"], None, "ann", "bob")]
    assert "No view is sent by itself" in said(mailing.get("/subscriptions").text)


def test_secrets_of_addresses_are_shown_to_nobody(call: Calling, settings: Settings) -> None:
    client = call(settings, recipient_hosts="chat.example")
    address = "json://user:hush@chat.example/hook"
    assert client.post("/subscriptions", data={**ASKED, "to": address, "by": "ann"}).status_code == 303
    listed = client.get("/subscriptions").text
    assert "chat.example" in listed
    assert "hush" not in listed
    refused = client.post("/subscriptions", data={**ASKED, "at": "25:00", "to": address, "by": "ann"})
    assert refused.status_code == 422
    assert "hush" not in refused.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"at": "25:00"}, "'25:00' is no time of day"),
        ({"zone": "Europe/Atlantis"}, "'Europe/Atlantis' is no time zone"),
        ({"zone": " "}, "is no time zone"),
        ({"to": " "}, "name 1 to 20 people"),
        ({"to": "file:///etc/passwd"}, "cannot"),
        ({"to": "json://127.0.0.1/hook"}, "127.0.0.1 is no public address"),
        ({"by": ""}, "your name is missing"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    mailing: TestClient, settings: Settings, changed: dict[str, str], words: str
) -> None:
    given = {**ASKED, "to": "ann@example.com", "by": "ann", **changed}
    answer = mailing.post("/subscriptions", data=given)
    assert answer.status_code == 422
    assert words in said(answer.text)
    assert stored(settings) == []


@pytest.mark.parametrize(
    "view", ["/quality", "nowhere", "//evil.example/", "/mentions?kind=sound", "/?counting=x", "/?brand=%00"]
)
def test_a_view_that_no_page_offers_is_refused(mailing: TestClient, view: str) -> None:
    given = {**ASKED, "view": view, "to": "ann@example.com", "by": "ann"}
    assert mailing.post("/subscriptions", data=given).status_code == 422


def test_without_a_mail_server_an_e_mail_address_says_what_is_missing(client: TestClient) -> None:
    answer = client.post("/subscriptions", data={**ASKED, "to": "ann@example.com", "by": "ann"})
    assert answer.status_code == 422
    assert "no mail server is set up" in said(answer.text)


def test_viewers_see_what_is_sent_and_may_neither_ask_nor_stop(
    call: Calling, settings: Settings, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    add_user(users, "cy", PASSWORD, Role.VIEWER)
    client = call(settings, report_to=MAIL, web_users_file=users)
    client.post("/login", data={"name": "cy", "password": PASSWORD})
    assert "Analysts and admins may have views sent" in said(client.get("/subscriptions/new").text)
    assert client.get("/subscriptions").status_code == 200
    assert client.post("/subscriptions", data={**ASKED, "to": "cy@example.com"}).status_code == 403
    assert client.post("/subscriptions/1/stop").status_code == 403
    assert stored(settings) == []


def test_who_logged_in_is_who_asks(call: Calling, settings: Settings, tmp_path: Path) -> None:
    users = tmp_path / "users"
    add_user(users, "ben", PASSWORD, Role.ANALYST)
    client = call(settings, report_to=MAIL, web_users_file=users)
    client.post("/login", data={"name": "ben", "password": PASSWORD})
    given = {**ASKED, "to": "ben@example.com", "by": "somebody else"}
    assert client.post("/subscriptions", data=given).status_code == 303
    assert [row[4] for row in stored(settings)] == ["ben"]
    # Addresses of services are for admins: they make this server speak to others.
    given["to"] = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
    assert client.post("/subscriptions", data=given).status_code == 403
