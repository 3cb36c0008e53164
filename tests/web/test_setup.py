"""The page that asks whose brand it is, and changes that later: for admins, in file and database at once."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.brands import Brand, load_brands
from monitor.brands_file import start_file
from monitor.settings import Settings
from monitor.storage.collectors import LOCK
from monitor.storage.engine import sync_engine
from monitor.web.people import hasher

Calling = Callable[..., TestClient]
PASSWORD = "correct horse battery"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A brands file of one's own, as the mentions were read with."""
    path = tmp_path / "brands.toml"
    path.write_text(
        '# Ours.\n[[brand]]\nname = "VMware"\nown = true\n\n'
        '[[brand]]\nname = "Citrix"\naliases = ["citrix inc"]\n'
    )
    return path


@pytest.fixture
def admin(call: Calling, settings: Settings, file: Path) -> TestClient:
    """The pages of this machine, with that file."""
    return call(settings, brands_file=file)


def watched(settings: Settings) -> dict[str, bool]:
    """Brands watched in the database, and whether they are ours."""
    engine = sync_engine(settings)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name, own FROM brand WHERE watched")).all()
    engine.dispose()
    return {row.name: row.own for row in found}


def test_the_first_start_asks_and_watches_what_was_chosen(
    call: Calling, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    start_file(path)
    client = call(settings, brands_file=path)
    asked = client.get("/setup").text
    assert "Which brand is yours?" in asked
    assert '<option value="Target">' in asked
    form = {
        "own": "Zed",
        "alias": "zed corp, @zed",
        "others": "Target\nCitrix",
        "competitor": ["Nike", "Zed"],
    }
    answer = client.post("/setup/choose", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup?saved=1")
    mine = load_brands(path)
    assert {brand.name: brand.own for brand in mine} == {
        "Zed": True,
        "Target": False,
        "Citrix": False,
        "Nike": False,
    }
    assert mine.named("Zed").aliases == ("zed corp", "@zed")
    assert mine.named("Target").query is not None
    assert watched(settings) == {brand.name: brand.own for brand in mine}
    page = client.get("/setup?saved=1").text
    assert "Zed is ours, compared with 3 brands" in page
    assert "Saved." in page


def test_a_file_that_is_not_there_yet_is_made(call: Calling, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    client = call(settings, brands_file=path)
    assert "Which brand is yours?" in client.get("/setup").text
    refused = client.post("/setup/choose", data={"own": " , ", "others": "Rival"})
    assert refused.status_code == 422
    assert 'value="Rival"' in refused.text
    assert not path.exists()
    assert client.post("/setup/choose", data={"own": "Zed"}).status_code == 303
    assert load_brands(path) == (Brand("Zed", own=True),)


def test_pages_say_that_no_brand_is_ours_until_one_is(
    call: Calling, settings: Settings, tmp_path: Path
) -> None:
    client = call(settings, brands_file=tmp_path / "new.toml")
    assert "No brand is yours yet" not in client.get("/").text  # VMware is, of before
    client.post("/setup/choose", data={"own": "Zed"})
    client.post("/setup/brands/change", data={"name": "Zed", "own": "false"})
    assert "No brand is yours yet" in client.get("/").text
    assert "No brand is yours yet" not in client.get("/setup").text


def test_without_a_file_the_command_is_told(client: TestClient) -> None:
    page = client.get("/setup").text
    assert "brand-monitor init" in page
    assert "MONITOR_BRANDS_FILE" in page
    assert "<button" not in page
    refused = client.post("/setup/choose", data={"own": "Zed"})
    assert refused.status_code == 422
    assert "set MONITOR_BRANDS_FILE" in refused.text


def put_into_the_gallery(settings: Settings, name: str) -> None:
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO gallery_version (note) VALUES ('made for a test')"))
        entry = """
            INSERT INTO gallery_entry (brand_id, embedder, threshold, calibration, embeddings, added_in)
            SELECT id, 'e@1', 0.9, '{}', '', (SELECT max(version) FROM gallery_version)
            FROM brand WHERE name = :name
        """
        connection.execute(text(entry), {"name": name})
    engine.dispose()


def test_a_brand_of_the_gallery_is_not_looked_for_either(admin: TestClient, settings: Settings) -> None:
    put_into_the_gallery(settings, "Citrix")
    put_into_the_gallery(settings, "M&M <b>")
    assert admin.post("/setup/brands/remove", data={"name": "Citrix"}).status_code == 303
    assert watched(settings) == {"VMware": True, "M&M <b>": False}


def test_a_brand_is_added_changed_and_watched_no_more(
    admin: TestClient, settings: Settings, file: Path
) -> None:
    added = admin.post("/setup/brands", data={"name": "nike", "aliases": "nikey", "own": "false"})
    assert added.status_code == 303
    assert load_brands(file).named("Nike").aliases == ("nikes", "air jordan", "nikey")
    form = {"name": "Citrix", "aliases": "citrix systems,\n  @citrix ", "own": "true"}
    assert admin.post("/setup/brands/change", data=form).status_code == 303
    assert load_brands(file).named("Citrix") == Brand(
        "Citrix", aliases=("citrix systems", "@citrix"), own=True
    )
    assert admin.post("/setup/brands/remove", data={"name": "VMware"}).status_code == 303
    assert watched(settings) == {"Citrix": True, "Nike": False}
    assert file.read_text().startswith("# Ours.")
    assert "VMware" not in admin.get("/api/summary").json()["voice"][0]["brand"]


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        ("choose", {"own": "Zed"}, "Somebody has chosen already: VMware."),
        ("brands", {"name": "  "}, "Which brand?"),
        ("brands", {"name": "Citrix Inc"}, "reads like"),
        ("brands", {"name": "A", "aliases": "https://a.example"}, "is a link"),
        ("brands", {"name": "A\x00B"}, "that nobody can read"),
        ("brands", {"name": "A\nB"}, "that nobody can read"),
        ("brands/change", {"name": "Citrix", "aliases": "vm-ware"}, "reads like"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(
    admin: TestClient, settings: Settings, file: Path, path: str, form: dict[str, str], told: str
) -> None:
    before, rows = file.read_bytes(), watched(settings)
    refused = admin.post(f"/setup/{path}", data=form)
    assert refused.status_code == 422
    assert told in refused.text
    assert (file.read_bytes(), watched(settings)) == (before, rows)


def test_the_last_brand_stays(admin: TestClient, file: Path) -> None:
    assert admin.post("/setup/brands/remove", data={"name": "Citrix"}).status_code == 303
    assert admin.post("/setup/brands/remove", data={"name": "VMware"}).status_code == 422
    assert [brand.name for brand in load_brands(file)] == ["VMware"]


def test_names_are_shown_as_text(admin: TestClient, file: Path) -> None:
    name = "<script>alert('x')</script> \"Zed\" \u202e"
    assert admin.post("/setup/brands", data={"name": name, "own": "false"}).status_code == 303
    assert load_brands(file)[-1].name == name.strip()
    page = admin.get("/setup").text
    assert "<script>alert" not in page
    assert admin.post("/setup/brands/remove", data={"name": name.strip()}).status_code == 303
    assert [brand.name for brand in load_brands(file)] == ["VMware", "Citrix"]


def test_a_file_that_is_wrong_is_told_and_left(admin: TestClient, file: Path) -> None:
    file.write_text("[[brand]\n")
    page = admin.get("/setup")
    assert page.status_code == 200
    assert "docs/brands.md" in page.text
    assert admin.post("/setup/brands", data={"name": "Zed"}).status_code == 422
    assert file.read_text() == "[[brand]\n"


def _log_in(client: TestClient, name: str) -> TestClient:
    assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    return client


@pytest.mark.parametrize("path", ["choose", "brands", "brands/change", "brands/remove", "history"])
def test_only_admins_change_it(
    call: Calling, settings: Settings, file: Path, tmp_path: Path, path: str
) -> None:
    users, hashed = tmp_path / "users", hasher.hash(PASSWORD)
    users.write_text(f"ann:{hashed}:admin\nold:{hashed}\n")
    given: dict[str, Any] = {"brands_file": file, "web_users_file": users}
    analyst = _log_in(call(settings, **given), "old")
    before = file.read_bytes()
    form = {"name": "Citrix", "own": "true"}
    assert analyst.post(f"/setup/{path}", data=form).status_code == 403
    assert file.read_bytes() == before
    page = analyst.get("/setup").text
    assert "Admins choose brands: <bdi>ann</bdi>." in page
    assert "/setup/" not in page
    assert '<th scope="row"><bdi>old</bdi></th><td>analyst</td>' in page
    assert "/setup/brands/change" in _log_in(call(settings, **given), "ann").get("/setup").text


def _wait_for_the_search() -> None:
    for thread in threading.enumerate():
        if thread.name == "history":
            thread.join(60)


def test_what_is_stored_is_searched_again(admin: TestClient, settings: Settings, file: Path) -> None:
    admin.post("/setup/brands", data={"name": "Daily", "aliases": "third time this week", "own": "false"})
    assert "Search again" in admin.get("/setup").text
    assert admin.post("/setup/history").headers["location"] == "/setup#history"
    _wait_for_the_search()
    page = admin.get("/setup").text
    assert "The last search ended: 8 of 8 mentions looked at, 1 changed" in page
    assert "<bdi>Daily</bdi>: 1 more, 0 fewer" in page
    assert {"brand": "Daily", "posts": 1}.items() <= next(
        each for each in admin.get("/api/summary").json()["voice"] if each["brand"] == "Daily"
    ).items()


def test_a_search_that_fails_says_why_and_another_may_begin(
    admin: TestClient, settings: Settings, file: Path
) -> None:
    history = admin.app.state.history  # type: ignore[attr-defined]
    sound = file.read_text()
    file.write_text("[[brand]\n")
    assert history.start()
    _wait_for_the_search()
    assert "docs/brands.md" in history.latest.fault
    file.write_text(sound)
    assert "docs/brands.md" in admin.get("/setup").text
    assert history.start()
    _wait_for_the_search()
    assert not history.latest.fault


def test_where_mentions_come_from_is_told_and_why_it_fails_to_admins(
    call: Calling, settings: Settings, admin: TestClient
) -> None:
    assert "brand-monitor collect" in admin.get("/setup").text
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO collector (name, kind, source, began_at, failed_at, fault, posts)
                VALUES ('news <b>', 'rss', 'press', now(), now(), 'https://feed.example answers 404', 1234)
            """)
        )
    told = admin.get("/setup").text
    for said in ("news &lt;b&gt;", "1,234", "not collected", "feed.example answers 404", "none yet"):
        assert said in told
    with engine.connect() as connection:
        connection.execute(
            text("SELECT pg_advisory_lock_shared(:lock, hashtext('news <b>'))"), {"lock": LOCK}
        )
        assert "not collected" not in admin.get("/setup").text
    engine.dispose()
