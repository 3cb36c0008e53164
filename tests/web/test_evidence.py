"""By what a brand was found in a picture: on pages as people say it, in answers as it is stored."""

import html

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.storage.engine import sync_engine

PICTURE = mention_uuid("image", "photos", "p0")
LINE = "<b>Citrix</b> summit"


@pytest.fixture
def read(settings: Settings) -> None:
    """Citrix is read in the picture, in a line that would rather be markup."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO logo_detection (id, picture_sha256, model_version, brand_id, score, x, y, width,
                                            height, evidence, letters, line)
                SELECT gen_random_uuid(), picture_sha256, model_version, b.id, 0.62, 0.6, 0.7, 0.3, 0.1,
                       'letters', 0.97, :line
                FROM picture_scan CROSS JOIN brand AS b WHERE b.name = 'Citrix'
            """),
            {"line": LINE},
        )
    engine.dispose()


@pytest.mark.parametrize("address", [f"/mentions/{PICTURE}", "/pictures", "/"])
def test_pages_say_by_what_a_brand_was_found(read: None, client: TestClient, address: str) -> None:
    page = client.get(address).text
    assert LINE not in page
    told = html.unescape(page)
    assert "by its look" in told
    assert f"by its letters: \N{LEFT DOUBLE QUOTATION MARK}{LINE}\N{RIGHT DOUBLE QUOTATION MARK}" in told


def test_a_list_tells_logos_from_what_is_only_written(read: None, client: TestClient) -> None:
    page = client.get("/mentions", params={"kind": "image"}).text
    assert "logo: VMware" in page
    assert "written: Citrix" in page


def test_answers_have_the_evidence(read: None, client: TestClient) -> None:
    evidence = ("evidence", "look", "letters", "line")
    want = {"VMware": ("look", 0.8, None, None), "Citrix": ("letters", None, 0.97, LINE)}
    (picture,) = client.get("/api/pictures").json()
    mention = client.get(f"/api/mentions/{PICTURE}").json()
    for logos in (picture["detections"], mention["logos"]):
        assert {one["brand"]: tuple(one[name] for name in evidence) for one in logos} == want
    assert (mention["line"]["brands_shown"], mention["line"]["shown_by"]) == (
        ["Citrix", "VMware"],
        ["letters", "look"],
    )


def test_what_is_read_counts(client: TestClient, request: pytest.FixtureRequest) -> None:
    def shown() -> dict[str, int]:
        return {each["brand"]: each["picture"] for each in client.get("/api/summary").json()["voice"]}

    before = shown()
    request.getfixturevalue("read")
    assert shown() == {**before, "Citrix": before.get("Citrix", 0) + 1}
