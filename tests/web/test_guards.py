"""What stands before every page: policy headers, the same-origin rule, host names, roles in the database."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.errors import OutageError, SetupError
from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.web.database import Databases
from tests.web.conftest import Calling

PATHS = ("/", "/mentions", "/nothing", "/api/summary", "/api/openapi.json", "/health", "/static/pages.css")
DOWN = mention_uuid("text", "microblog", "t3")
LABEL = {"label": "neutral", "by": "Ann"}


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = directives(headers["content-security-policy"])
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_pages_need_nothing_that_the_policy_forbids(client: TestClient) -> None:
    for path in ("/", "/brand", "/pictures", "/mentions", "/quality", f"/mentions/{DOWN}"):
        page = client.get(path).text
        assert re.findall(r"<script(?![^>]*(src=|application/json))", page) == []
        assert re.findall(r"<[^>]*\s(?:style|on[a-z]+)\s*=", re.sub(r"&lt;.*?&gt;", "", page)) == []
        assert all(
            link.startswith("/static/") for link in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))[?"]', page)
        )


def test_pages_are_not_kept_and_static_files_are(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["cache-control"] == "no-store"
    scripts = re.findall(r'src="(/static/[^"]+)"', page.text)
    assert len(scripts) == 3
    for address in scripts:
        assert "immutable" in client.get(address).headers["cache-control"]
        assert client.get(address.partition("?")[0]).headers["cache-control"] == "no-cache"


def test_https_is_held_to_when_it_is_there(call: Calling, settings: Settings) -> None:
    assert "strict-transport-security" not in call(settings).get("/").headers
    assert "max-age" in call(settings, web_https=True).get("/").headers["strict-transport-security"]


@pytest.mark.parametrize(("https", "scheme"), [(False, "http"), (True, "https")])
def test_redirects_stay_within_https(call: Calling, settings: Settings, https: bool, scheme: str) -> None:
    given = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
        "forwarded": "host=evil.example",
    }
    answer = call(settings, web_https=https).get("/mentions/", headers=given)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{scheme}://127.0.0.1:8080/mentions"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),  # no browser
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"origin": "http://127.0.0.1:8080"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8080"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9"}, 403),
    ],
)
def test_only_our_own_pages_can_change_something(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post(f"/mentions/{DOWN}/sentiment", data=LABEL, headers=headers)
    assert answer.status_code == status
    assert len(client.get(f"/api/mentions/{DOWN}").json()["corrections"]) == (status == 303)


def test_reading_is_allowed_from_a_link_elsewhere(client: TestClient) -> None:
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "names", "status"),
    [
        ("localhost", "", 200),
        ("127.0.0.1:8080", "", 200),
        ("evil.example", "", 400),
        ("brands.example.com", "", 400),
        ("brands.example.com", "other.example.com, brands.example.com", 200),
    ],
)
def test_a_strangers_name_for_this_address_is_refused(
    call: Calling, settings: Settings, host: str, names: str, status: int
) -> None:
    assert call(settings, web_names=names).get("/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/pictures/../../etc/passwd/small.jpg"]
)
def test_paths_lead_to_files_of_ours_only(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_cannot_write_and_corrections_cannot_read_all(settings: Settings) -> None:
    databases = Databases(settings)
    try:
        with databases.reading() as connection:
            assert connection.execute(text("SELECT current_user")).scalar() == "brand_monitor_read"
            with pytest.raises(Exception, match=r"read-only|denied"):
                connection.execute(text("DELETE FROM mention"))
        with databases.correcting() as connection:
            assert connection.execute(text("SELECT current_user")).scalar() == "brand_monitor_write"
        with pytest.raises((SetupError, OutageError)), databases.correcting() as connection:
            connection.execute(text("DROP TABLE mention"))
    finally:
        databases.close()
