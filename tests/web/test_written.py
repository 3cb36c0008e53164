"""Brand names read in pictures: on the mention's page and in the list, as text, and in no figure."""

import html

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from tests.web.conftest import HOSTILE

PICTURE = mention_uuid("image", "photos", "p0")


@pytest.fixture
def read(settings: Settings) -> None:
    """Citrix stands in the picture, in a line that would rather be a script."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO written_brand SELECT picture_sha256, model_version, 0, b.id, 'Citrix', :line,"
                " 0.97, 0.1, 0.1, 0.2, 0.1 FROM picture_scan CROSS JOIN brand AS b WHERE b.name = 'Citrix'"
            ),
            {"line": f"{HOSTILE} Citrix"},
        )
    engine.dispose()


def test_what_was_read_stands_on_the_page_of_its_mention(read: None, client: TestClient) -> None:
    page = client.get(f"/mentions/{PICTURE}").text
    assert "Read in the picture" in page
    assert HOSTILE not in page
    assert f"{HOSTILE} Citrix" in html.unescape(page)
    assert "reader: 97%" in page
    assert "written: Citrix" in client.get("/mentions", params={"kind": "image"}).text


def test_it_counts_in_no_figure(
    client: TestClient, settings: Settings, request: pytest.FixtureRequest
) -> None:
    before = client.get("/api/summary").json()
    request.getfixturevalue("read")
    after = client.get("/api/summary").json()
    for answer in (before, after):
        answer.pop("generated_at", None)
    assert before == after


def test_a_picture_without_words_says_nothing_of_them(client: TestClient) -> None:
    assert "Read in the picture" not in client.get(f"/mentions/{PICTURE}").text
