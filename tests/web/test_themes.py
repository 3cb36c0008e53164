"""The page of themes and its JSON, over posts whose themes are known."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from monitor.queries import parse
from monitor.settings import Settings
from tests.themes.conftest import POSTS, write

DAYS = "since=2026-03-02&until=2026-03-08"


@pytest.fixture
def page(settings: Settings, client: TestClient) -> str:
    write(settings, POSTS, first=1000)
    found = client.get(f"/themes?{DAYS}&name=Acme")
    assert found.status_code == 200
    return found.text


def test_the_page_tells_themes_with_posts_and_what_sets_two_brands_apart(page: str) -> None:
    assert "is what people speak of most with Acme" in page
    for said in ("battery life", "login outage", "customer service"):
        assert f"<bdi>{said}</bdi>" in page
    assert "Acme beside Bolt" in page
    assert "<bdi>price rise</bdi>" in page
    assert "what most of them say" in page
    assert "<script>alert" not in page


def test_each_theme_leads_to_its_posts_and_to_an_alert(page: str, client: TestClient) -> None:
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    searches = [link for link in links if link.startswith("/mentions?") and "q=" in link]
    assert len(searches) >= 6
    for link in searches:
        (query,) = parse_qs(urlsplit(link).query)["q"]
        assert str(parse(query)) == query
    assert client.get(searches[0]).status_code == 200
    alerts = [link for link in links if link.startswith("/alerts/new?")]
    assert alerts
    assert "about=brand%3AAcme" in alerts[0]


def test_the_brand_beside_it_is_chosen(settings: Settings, client: TestClient) -> None:
    write(settings, POSTS, first=1000)
    found = client.get(f"/themes?{DAYS}&name=Bolt&other=Acme").text
    assert "Bolt beside Acme" in found
    assert "Bolt beside Acme" in client.get(f"/themes?{DAYS}&name=Bolt&other=Bolt").text


def test_themes_as_json(settings: Settings, client: TestClient) -> None:
    write(settings, POSTS, first=1000)
    found = client.get(f"/api/themes?{DAYS}&name=Acme").json()
    assert {"battery life", "login outage"} <= {each["name"] for each in found}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/themes?name=Nobody", "Nobody is not watched"),
        ("/themes?name=VMware&since=2020-01-01&until=2020-01-02", "No theme in what is said about VMware"),
    ],
)
def test_where_there_is_nothing_to_tell_the_page_says_so(client: TestClient, address: str, said: str) -> None:
    found = client.get(address)
    assert found.status_code == 200
    assert said in found.text
