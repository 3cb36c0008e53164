"""A brand that is watched no more: neither offered nor ranked, its history still there to ask for."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.settings import Settings
from monitor.storage.engine import sync_engine


@pytest.fixture
def left(settings: Settings) -> None:
    """Citrix has left brands.toml."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE brand SET watched = false WHERE name = 'Citrix'"))
    engine.dispose()


def _ranked(client: TestClient, **chosen: str) -> tuple[set[str], set[str]]:
    figures = client.get("/api/summary", params=chosen).json()
    voice, feeling = figures["voice"], figures["feeling"]
    return {each["brand"] for each in voice}, {each["brand"] for each in feeling}


@pytest.mark.usefixtures("left")
def test_a_brand_that_left_is_neither_offered_nor_ranked(client: TestClient) -> None:
    assert _ranked(client) == ({"VMware", "M&M <b>"}, {"VMware", "M&M <b>"})
    assert sum(each["share"] for each in client.get("/api/summary").json()["voice"]) == pytest.approx(1)
    assert 'value="Citrix"' not in client.get("/").text


@pytest.mark.usefixtures("left")
def test_its_history_is_there_for_whoever_asks_by_name(client: TestClient) -> None:
    assert _ranked(client, brand="Citrix") == ({"Citrix"}, {"Citrix"})
    assert "is not watched" not in client.get("/brand", params={"name": "Citrix"}).text
    assert len(client.get("/api/mentions", params={"brand": "Citrix"}).json()["rows"]) == 2
