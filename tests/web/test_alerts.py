"""The pages of alerts: set, tried, changed, given up; who may; and secrets that are never shown again."""

import re
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from monitor.delivery.recipients import Recipient
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.web.people import hasher
from tests.delivery.conftest import WebHook, web_hook  # noqa: F401 - a fixture
from tests.web.conftest import Calling

PASSWORD = "correct horse battery"

RULE = {"kind": "volume-up", "about": "brand:VMware", "name": "Much talk", "zone": "Europe/Berlin"}


def put(client: TestClient, **form: str) -> str:
    """Sets an alert; the address of its page."""
    answer = client.post("/alerts/new", data={**RULE, "do": "save", **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def said(page: str) -> str:
    inline = re.sub("</?(a|b|bdi|code|span|strong|time)( [^>]*)?>", "", page)
    return " ".join(unescape(re.sub("<[^>]*>", " ", inline)).split())


def test_an_alert_is_set_listed_changed_and_given_up(client: TestClient) -> None:
    where = put(client, quiet_from="22:00", quiet_until="07:00", digest="day", digest_at="09:30")
    page = said(client.get(where).text)
    assert "Set. It is looked at from now on" in page
    assert "Many more mentions than usual: VMware; clear changes" in page
    assert "Messages once a day at 09:30, none from 22:00 to 07:00 (Europe/Berlin)" in page
    assert "Set. It is looked at" not in said(client.get(where).text)  # said once
    assert "Much talk" in client.get("/alerts").text
    changed = client.post(where, data={**RULE, "do": "save", "name": "Less talk", "kind": "volume-down"})
    assert changed.headers["location"] == where
    page = said(client.get(where).text)
    assert "Less talk" in page
    assert "Far fewer mentions than usual: VMware" in page
    for do, state in (("pause", "Now: paused"), ("resume", "Now: looked at within the minute")):
        client.post(f"{where}/{do}")
        assert state in said(client.get(where).text)
    client.post(f"{where}/end")
    assert "Now: given up" in said(client.get(where).text)
    assert "Less talk" not in client.get("/alerts").text
    assert client.post(where, data={**RULE, "do": "save"}).status_code == 422


def test_an_address_fills_the_form_in(client: TestClient) -> None:
    """As the pages of themes link here."""
    page = client.get("/alerts/new", params={"query": 'outage OR "down again"', "about": "brand:Citrix"}).text
    assert 'value="outage OR &#34;down again&#34;"' in page
    assert '<option value="theme" selected>' in page
    assert '<option value="brand:Citrix" selected>' in page


def test_trying_shows_what_it_would_have_told_of_and_sets_nothing(client: TestClient) -> None:
    tried = client.post("/alerts/new", data={**RULE, "kind": "reach", "reach": "900"})
    assert tried.status_code == 200
    page = said(tried.text)
    assert "It would have told you 1 time in the" in page
    assert "the newest mention" in page  # they are of March 2026
    assert "VMware, 2 mentions, the widest reaches 50,000" in page
    assert "Much talk" not in client.get("/alerts").text
    wrong = client.post("/alerts/new", data={**RULE, "kind": "theme"})
    assert (wrong.status_code, "a theme is found by a query" in said(wrong.text)) == (200, True)
    young = said(client.post("/alerts/new", data=RULE).text)
    assert "Too little is known yet." in young


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"about": "brand:Nobody's"}, "is no brand that is watched"),
        ({"about": "brand:"}, "choose the brand"),
        ({"about": "any"}, "choose a brand, or write a query"),
        ({"about": "somewhere"}, "choose whose mentions"),
        ({"kind": "theme"}, "a theme is found by a query"),
        ({"kind": "theme", "query": "((outage"}, "the query cannot be read: line 1"),
        ({"kind": "theme", "query": "NOT outage"}, "says only what must not be there"),
        ({"kind": "theme", "query": "outage " * 400}, "2,000 characters at most"),
        ({"kind": "reach"}, "how many people"),
        ({"kind": "reach", "reach": "many"}, "no whole number"),
        ({"kind": "reach", "reach": "9" * 30}, "no whole number"),
        ({"kind": "competitor"}, "is ours"),
        ({"kind": "competitor", "about": "own"}, "choose the competitor"),
        ({"kind": "shouting"}, "choose what to watch for"),
        ({"sensitivity": "x"}, "how sensitive"),
        ({"cool_down": "7"}, "a pause after an alert"),
        ({"cool_down": "x"}, "no whole number"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"zone": "../etc/passwd"}, "no time zone"),
        ({"quiet_from": "22:00"}, "a beginning and an end"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "would last all day"),
        ({"quiet_from": "25:00", "quiet_until": "22:00"}, "no time of day"),
        ({"digest": "week"}, "at once, once an hour or once a day"),
        ({"name": "n" * 121}, "a name of 1 to 120"),
        ({"to": "file:///etc/passwd"}, "cannot be read"),
        ({"to": "syslog://"}, "cannot be named on the pages"),
        ({"to": "json://127.0.0.1/secret"}, "no public address"),
        ({"to": "ann@example.com"}, "no mail server"),
        ({"to": " ".join(f"json://192.0.9.{n}" for n in range(21))}, "name 1 to 20 people"),
    ],
)
def test_what_makes_no_sense_is_told_beside_the_form(
    client: TestClient, form: dict[str, str], why: str
) -> None:
    answer = client.post("/alerts/new", data={**RULE, **form, "do": "save"})
    assert answer.status_code == 422
    assert why in said(answer.text)
    assert "Much talk" not in client.get("/alerts").text


def test_hostile_words_stay_text(client: TestClient) -> None:
    name = "</title><script>alert(1)</script>\u202e"
    where = put(client, name=name, kind="theme", query='"<img src=x onerror=alert(1)>"', about="any")
    for page in (client.get(where), client.get("/alerts")):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_a_NUL_is_refused(client: TestClient) -> None:
    assert client.post("/alerts/new", data={**RULE, "do": "save", "name": "a\x00b"}).status_code == 422
    assert client.post("/alerts/new", data={**RULE, "do": "save", "zone": "a\x00b"}).status_code == 422


def test_an_address_is_shown_without_its_secrets_and_only_until_it_is_saved(
    call: Calling, settings: Settings
) -> None:
    client = call(settings)
    where = put(client, to="jsons://user:topsecret@192.0.9.1/hook ntfys://192.0.9.2/topic?token=topsecret")
    page = client.get(where).text
    assert "jsons://user:****@192.0.9.1/h...k" in page
    for seen in (page, client.get("/alerts").text, client.get("/api/alerts").text):
        assert "topsecret" not in seen
    client.post(f"{where}/recipients", data={"to": "jsons://other:topsecret@192.0.9.3/"})
    assert "Added: jsons://other:****@192.0.9.3" in said(client.get(where).text)
    recipient = re.findall('name="recipient" value="(\\d+)"', client.get(where).text)[0]
    client.post(f"{where}/remove", data={"recipient": recipient})
    assert "192.0.9.1" not in client.get(where).text
    engine = sync_engine(settings)
    with engine.begin() as connection:
        stored = connection.execute(text("SELECT string_agg(address, ' ') FROM alert_recipient")).scalar()
        assert "192.0.9.1" not in stored
        client.post(f"{where}/end")
        assert connection.execute(text("SELECT count(*) FROM alert_recipient")).scalar() == 0
    engine.dispose()


def test_a_test_says_who_got_it(call: Calling, settings: Settings, web_hook: WebHook) -> None:  # noqa: F811
    client = call(settings, recipient_hosts="127.0.0.1")
    where = put(client, to=f"{web_hook.url} json://127.0.0.1:1/nobody")
    client.post(f"{where}/test")
    page = said(client.get(where).text)
    assert f"{Recipient(web_hook.url).name}: sent;" in page
    assert [message["title"] for message in web_hook.got] == ["Brand Monitor: this is a test"]
    assert "127.0.0.1:1/n...y: refused (" in page


def test_recipients_of_the_settings_are_shown_as_people_write_them(call: Calling, settings: Settings) -> None:
    boss = SecretStr("mailto://127.0.0.1:1?to=boss@example.com&from=us@example.com")
    client = call(settings, alert_to=boss)
    where = put(client, to_default="1", to="ann@example.com")
    client.post(f"{where}/test")
    for page in (where, "/alerts", "/alerts/new"):
        seen = said(client.get(page).text)
        assert "boss@example.com" in seen, page
        assert "mailto:" not in seen, page


def test_who_may_set_alerts_and_who_may_read_them(call: Calling, settings: Settings, tmp_path: Path) -> None:
    users, hashed = tmp_path / "users", hasher.hash(PASSWORD)
    users.write_text(f"ann:{hashed}:analyst\nada:{hashed}:admin\n")
    for name, allowed in (("ann", False), ("ada", True)):
        client = call(settings, web_users_file=users)
        client.post("/login", data={"name": name, "password": PASSWORD})
        assert client.get("/alerts").status_code == 200
        assert client.get("/alerts/1").status_code == 200
        assert client.get("/api/alerts").status_code == 200
        assert ("Set an alert" in client.get("/alerts").text) is allowed
        assert client.get("/alerts/new").status_code == (200 if allowed else 403)
        for address in ("new", "1", "1/recipients", "1/remove", "1/test", "1/pause", "1/end"):
            answer = client.post(f"/alerts/{address}", data={"recipient": "1"})
            assert (answer.status_code == 403) is not allowed, address


def test_every_address_answers(client: TestClient) -> None:
    for address in ("99", "0", "-1", "x", str(2**63), str(2**80)):
        status = 404 if address == "99" else 422
        assert client.get(f"/alerts/{address}").status_code == status
        assert client.post(f"/alerts/{address}/test").status_code == status
        assert client.post(f"/alerts/{address}/recipients", data={"to": ""}).status_code == status
    assert client.post("/alerts/1/shout").status_code == 422
    assert client.get("/alerts?before=0").status_code == 422


def test_what_became_of_each_alert_is_told(client: TestClient, settings: Settings) -> None:
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO alert (rule_id, kind, subject, brand_id, since, until, observed, expected, title,
                                   baseline_windows, p_value, cause)
                SELECT 1, 'criticism', 'VMware', id, '2026-03-09', '2026-03-10', 44, 10, 'VMware: 44 <b>',
                       8, 0.00001, '31 of 44 posts share one story' FROM brand WHERE name = 'VMware'
            """)
        )
        for name, state, held, detail in (
            ("a", "sent", "quiet", None),
            ("b", "waiting", "quiet", None),
            ("c", "waiting", "digest", None),
            ("d", "failed", None, "error 503 <i>"),
            ("e", "given-up", None, "gone"),
            ("f", "dropped", None, None),
            ("g", "sending", None, None),
        ):
            connection.execute(
                text("""
                    INSERT INTO alert_delivery (alert_id, recipient, state, held, due_at, attempts, detail)
                    SELECT id, :name, :state, :held, '2026-03-10T07:00Z', 2, :detail FROM alert
                """),
                {"name": name, "state": state, "held": held, "detail": detail},
            )
    engine.dispose()
    page = client.get("/alerts").text
    assert "1 alert in the last 7 days" in page
    assert "error 503 &lt;i&gt;" in page
    seen = said(page)
    assert "VMware: 44 <b> 31 of 44 posts share one story." in seen
    for words in (
        "Sent to a,",
        "Held for quiet hours: goes to b at 2026-03-10 07:00",
        "Gathered: goes to c at 2026-03-10 07:00",
        "Refused by d: error 503 <i>. Tried 2 times, again at",
        "Refused by e 2 times and given up: gone",
        "Not sent to f, who was taken off before",
        "May have arrived at g,",
    ):
        assert words in seen
    assert "/mentions?since=2026-03-09&amp;until=2026-03-10&amp;brand=VMware&amp;label=negative" in page
    (told,) = client.get("/api/alerts", params={"rule": 1}).json()["alerts"]
    assert told["alert"]["observed"] == 44
    assert len(told["deliveries"]) == 7


def test_the_page_says_when_nobody_looks(client: TestClient, settings: Settings) -> None:
    assert "Nobody looks" not in client.get("/alerts").text
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alert_rule SET looked_at = now() - interval '3 hours'"))
    engine.dispose()
    assert "Nobody looks" in client.get("/alerts").text
    assert "Nobody looks" in client.get("/alerts/1").text
