"""The wall of pictures and the files behind it."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from monitor.settings import Settings
from tests.web.conftest import Calling


def walls(client: TestClient, query: str = "") -> int:
    return client.get(f"/pictures?{query}").text.count('<figure class="picture">')


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("brand=VMware", 1),
        ("brand=Citrix", 0),
        ("score=0.5", 1),
        ("score=0.9", 0),
        ("unnamed=1", 1),
        ("source=photos", 1),
        ("source=forum", 0),
        ("kind=text", 0),
        ("page=2", 0),
        ("since=2026-03-01&until=2026-03-09", 0),
    ],
)
def test_pictures_are_filtered(client: TestClient, query: str, found: int) -> None:
    assert walls(client, query) == found


def test_a_wall_without_pictures_leads_out(client: TestClient) -> None:
    page = client.get("/pictures?brand=Citrix").text
    assert "No picture shows these brands here" in page
    assert "clear the filters" in page


def test_a_picture_says_what_it_shows_and_what_nobody_said(client: TestClient) -> None:
    page = client.get("/pictures").text
    assert 'alt="Picture that shows VMware; read and correct"' in page
    assert "VMware not named" in page
    assert "New shirts" in page
    (box,) = re.findall(
        r'<rect class="hue\d" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', page
    )
    assert tuple(map(float, box)) == (0.1, 0.2, 0.4, 0.2)


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_small_picture_is_not_blown_up(client: TestClient, size: str) -> None:
    (shown,) = client.get("/api/pictures").json()
    answer = client.get(f"/pictures/{shown['sha256']}/{size}.jpg")
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (300, 400, 3)


@pytest.mark.parametrize("path", ["../secret", "ABC", "0" * 63, f"{'0' * 64}/huge.jpg"])
def test_only_a_picture_by_its_hash_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/pictures/{path}/small.jpg").status_code in (404, 422)


def test_a_browser_asks_again_whether_a_picture_was_deleted(client: TestClient) -> None:
    (shown,) = client.get("/api/pictures").json()
    answer = client.get(f"/pictures/{shown['sha256']}/small.jpg")
    assert answer.headers["cache-control"] == "private, max-age=3600"
    known = {"if-none-match": answer.headers["etag"]}
    kept = client.get(f"/pictures/{shown['sha256']}/small.jpg", headers=known)
    assert (kept.status_code, kept.content) == (304, b"")
    deleted = "0" * 64
    known = {"if-none-match": answer.headers["etag"].replace(shown["sha256"], deleted)}
    assert client.get(f"/pictures/{deleted}/small.jpg", headers=known).status_code == 404


def test_a_picture_that_is_gone_is_said_to_be(call: Calling, settings: Settings, tmp_path: Path) -> None:
    client = call(settings, picture_store=str(tmp_path))
    (shown,) = client.get("/api/pictures").json()
    for file in Path(settings.picture_store).rglob(f"*{shown['sha256']}*"):
        file.rename(file.with_suffix(".away"))
    try:
        answer = client.get(f"/pictures/{shown['sha256']}/small.jpg")
        assert answer.status_code == 404
        assert "does not have this picture any more" in answer.text
        assert client.get("/pictures").status_code == 200
    finally:
        for file in Path(settings.picture_store).rglob("*.away"):
            file.rename(file.with_suffix(".png"))
