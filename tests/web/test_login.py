"""Who may see the pages: nobody without a login once it is configured, and guessing is slow."""

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.web.app import create_app
from monitor.web.login import caller
from monitor.web.people import People, TooManyAttemptsError, add_user, hasher, read_users
from monitor.web.server import refuse_exposure, trusted_proxies
from monitor.web.throttle import Throttle
from tests.web.conftest import Calling

PASSWORD = "correct horse battery"
PAGES = ("/", "/brand", "/pictures", "/mentions", "/quality", "/pictures/x/small.jpg")


@pytest.fixture
def guarded(call: Calling, settings: Settings) -> TestClient:
    """Pages behind one password for everybody."""
    return call(settings, web_password=SecretStr(PASSWORD))


def log_in(client: TestClient, **form: str):
    return client.post("/login", data={"name": "Ann", "password": PASSWORD, **form})


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_the_login_first(guarded: TestClient, path: str) -> None:
    answer = guarded.get(f"{path}?brand=A%26B")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    log_in(guarded)
    assert guarded.get("/quality").status_code == 200


def test_the_login_leads_to_where_one_wanted_to(guarded: TestClient) -> None:
    asked = guarded.get(guarded.get("/mentions?brand=A%26B").headers["location"])
    assert 'value="/mentions?brand=A%26B"' in asked.text
    assert log_in(guarded, next="/mentions?brand=A%26B").headers["location"] == "/mentions?brand=A%26B"


@pytest.mark.parametrize(
    "next",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
def test_it_leads_to_pages_of_ours_only(guarded: TestClient, next: str) -> None:
    assert log_in(guarded, next=next).headers["location"] == "/"


@pytest.mark.parametrize("form", [{"password": "wrong horse battery"}, {"name": ""}, {"password": ""}])
def test_a_wrong_login_is_refused_and_said(guarded: TestClient, form: dict[str, str]) -> None:
    answer = log_in(guarded, **form)
    assert answer.status_code == 401
    assert "do not fit together" in answer.text
    assert guarded.get("/").status_code == 303


def test_logging_out_forgets(guarded: TestClient) -> None:
    log_in(guarded)
    assert "Log out" in guarded.get("/").text
    guarded.post("/logout")
    assert guarded.get("/").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(call: Calling, settings: Settings) -> None:
    plain = log_in(call(settings, web_password=SecretStr(PASSWORD))).headers["set-cookie"].casefold()
    assert "httponly" in plain
    assert "samesite=lax" in plain
    secure = log_in(call(settings, web_password=SecretStr(PASSWORD), web_https=True))
    assert "secure" in secure.headers["set-cookie"].casefold()


def test_a_forged_cookie_is_no_login(guarded: TestClient) -> None:
    forged = base64.b64encode(b'{"name": "Ann"}').decode() + ".aaaaaa.AAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert guarded.get("/", headers={"cookie": f"brand-monitor={forged}"}).status_code == 303


def test_a_restart_keeps_people_in_where_the_secret_is_set(call: Calling, settings: Settings) -> None:
    given = {"web_password": SecretStr(PASSWORD), "web_secret": SecretStr("s" * 40)}
    first, second = call(settings, **given), call(settings, **given)
    log_in(first)
    second.cookies = first.cookies
    assert second.get("/").status_code == 200
    third = call(settings, web_password=SecretStr(PASSWORD))
    third.cookies = first.cookies
    assert third.get("/").status_code == 303


def test_who_left_or_changed_the_password_is_out_after_the_restart(
    tmp_path: Path, call: Calling, settings: Settings
) -> None:
    file = tmp_path / "users"
    add_user(file, "Ann", PASSWORD)
    add_user(file, "Ben", PASSWORD)
    given = {"web_users_file": file, "web_secret": SecretStr("s" * 40)}
    ann, ben = call(settings, **given), call(settings, **given)
    log_in(ann)
    log_in(ben, name="Ben")

    def after_restart(before: TestClient) -> int:
        client = call(settings, **given)
        client.cookies = before.cookies
        return client.get("/quality").status_code

    add_user(file, "Cy", PASSWORD)
    assert (after_restart(ann), after_restart(ben)) == (200, 200)
    add_user(file, "Ann", "a new long password")
    assert (after_restart(ann), after_restart(ben)) == (303, 200)
    file.write_text("".join(line for line in file.open() if not line.startswith("Ben")))
    assert after_restart(ben) == 303


def test_a_new_password_for_all_ends_every_session(call: Calling, settings: Settings) -> None:
    secret = SecretStr("s" * 40)
    first = call(settings, web_password=SecretStr(PASSWORD), web_secret=secret)
    log_in(first)
    second = call(settings, web_password=SecretStr("another long password"), web_secret=secret)
    second.cookies = first.cookies
    assert second.get("/").status_code == 303


def test_programs_log_in_with_http_basic(guarded: TestClient) -> None:
    refused = guarded.get("/api/summary")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert guarded.get("/api/summary", auth=("robot", PASSWORD)).status_code == 200
    assert guarded.get("/api/summary", auth=("robot", "wrong horse battery")).status_code == 401
    for header in ("Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "Basic /w=="):
        assert guarded.get("/api/summary", headers={"authorization": header}).status_code == 401


def test_half_a_page_is_not_filled_with_a_login_form(guarded: TestClient) -> None:
    answer = guarded.get("/", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("path", ["/health", "/login", "/static/pages.css"])
def test_what_needs_no_login(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_guessing_is_stopped_and_forgotten_after_a_while() -> None:
    now = 0.0
    people = People({"ann": hasher.hash(PASSWORD)}, clock=lambda: now)
    for _ in range(10):
        assert not people.check("ann", "wrong", "10.0.0.7")
    with pytest.raises(TooManyAttemptsError):
        people.check("ann", PASSWORD, "10.0.0.7")
    assert people.check("ann", PASSWORD, "10.0.0.8"), "others are not locked out"
    now = 301.0
    assert people.check("ann", PASSWORD, "10.0.0.7")


def test_many_addresses_do_not_guess_one_password_quickly() -> None:
    now = 0.0
    people = People({"ann": hasher.hash(PASSWORD), "ben": hasher.hash(PASSWORD)}, clock=lambda: now)
    assert people.check("ann", PASSWORD, "home")
    for n in range(30):
        assert not people.check("ann", "wrong", f"10.0.0.{n}")
    with pytest.raises(TooManyAttemptsError):
        people.check("ann", PASSWORD, "10.0.1.1")
    assert people.check("ben", PASSWORD, "10.0.1.1"), "others are not held up"
    assert people.check("ann", PASSWORD, "home"), "nor is she where she has logged in before"
    now = 301.0
    assert people.check("ann", PASSWORD, "10.0.1.1")


@pytest.mark.parametrize("people", [{"ann": "x"}, {}])
def test_made_up_names_are_no_way_around(people: dict[str, str]) -> None:
    shared = None if people else hasher.hash(PASSWORD)
    checked = People({name: hasher.hash(PASSWORD) for name in people}, shared)
    refused = 0
    for n in range(40):
        try:
            assert not checked.check("nobody" if people else f"name {n}", "wrong", f"10.0.0.{n}")
        except TooManyAttemptsError:
            refused += 1
    assert refused == 10, "unknown names answer as known ones do, and one password for all is one account"


def test_a_guess_takes_the_work_that_is_recommended(shipped_hashes: None) -> None:
    assert hasher.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_guesses_side_by_side_are_counted_too(shipped_hashes: None, guarded: TestClient) -> None:
    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(lambda n: log_in(guarded, password=f"guess {n}").status_code, range(30)))
    assert statuses.count(401) < 10 + 4  # as many as are checked at a time


def test_the_count_of_failures_does_not_grow_for_ever() -> None:
    now = 0.0
    throttle = Throttle(10, 300.0, lambda: now)
    for n in range(20_000):
        throttle.count(f"address {n}")
    assert len(throttle) == 10_000
    now = 301.0
    throttle.count("another")
    assert len(throttle) == 1


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        (("192.0.2.7", 4711), "192.0.2.7"),
        (("::ffff:192.0.2.7", 4711), "192.0.2.7"),
        (("2001:db8:1:2:3::4", 4711), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 4711), "fe80::/64"),
        (("unix or what a proxy made up" * 9, 0), ("unix or what a proxy made up" * 9)[:64]),
        (None, "unknown"),
    ],
)
def test_what_attempts_are_counted_by(client: tuple[str, int] | None, counted: str) -> None:
    assert caller({"type": "http", "client": client}) == counted


def test_guessing_through_the_form_is_told_to_wait(guarded: TestClient) -> None:
    statuses = [log_in(guarded, password=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [401] * 10 + [429]
    assert "five minutes" in log_in(guarded).text


def test_people_with_a_password_each(tmp_path: Path, call: Calling, settings: Settings) -> None:
    file = tmp_path / "users"
    add_user(file, "Ann", PASSWORD)
    add_user(file, "Ben", "another long password")
    add_user(file, "Ann", "a new long password")
    assert set(read_users(file)) == {"Ann", "Ben"}
    file.write_text(file.read_text("utf-8"), "utf-8-sig")  # as an editor of Windows leaves it
    assert set(read_users(file)) == {"Ann", "Ben"}
    assert file.stat().st_mode & 0o077 == 0
    assert PASSWORD not in file.read_text()
    client = call(settings, web_users_file=file)
    assert log_in(client).status_code == 401
    assert log_in(client, password="a new long password").status_code == 303
    assert log_in(client, name="Cy", password="a new long password").status_code == 401


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "names nobody"), ("ann", "line 1"), ("ann:plain", "line 1"), (None, "No such file")],
)
def test_a_file_of_people_that_cannot_be_used(
    tmp_path: Path, settings: Settings, content: str | None, told: str
) -> None:
    file = tmp_path / "users"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SetupError, match=told):
        create_app(settings.model_copy(update={"web_users_file": file}))


@pytest.mark.parametrize(("name", "password"), [("a:b", PASSWORD), ("", PASSWORD), ("ann", "short")])
def test_a_person_that_cannot_be(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(SetupError):
        add_user(tmp_path / "users", name, password)


def test_a_short_password_is_refused(settings: Settings) -> None:
    with pytest.raises(SetupError, match="at least 12"):
        create_app(settings.model_copy(update={"web_password": SecretStr("short")}))


def test_the_command_adds_a_person(tmp_path: Path) -> None:
    file = tmp_path / "users"
    done = CliRunner().invoke(
        app, ["web", "add-user", "Ann", "--file", str(file)], input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert done.exit_code == 0, done.output
    assert hasher.verify(PASSWORD, read_users(file)["Ann"].hashed)


@pytest.mark.parametrize(
    ("host", "login", "fine"),
    [
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("localhost", False, True),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("192.168.1.4", False, False),
        ("brands.example.com", False, False),
        ("0.0.0.0", True, True),
    ],
)
def test_other_machines_are_let_in_with_a_login_only(
    settings: Settings, host: str, login: bool, fine: bool
) -> None:
    changed = {"web_host": host, "web_password": SecretStr(PASSWORD) if login else None}
    chosen = settings.model_copy(update=changed)
    if fine:
        refuse_exposure(chosen)
    else:
        with pytest.raises(SetupError, match="add-user"):
            refuse_exposure(chosen)


@pytest.mark.parametrize("named", ["", " , ", "127.0.0.1", "10.42.0.0/16, ::1"])
def test_proxies_to_believe_are_named_by_address(settings: Settings, named: str) -> None:
    found = trusted_proxies(settings.model_copy(update={"web_trusted_proxies": named}))
    assert found == [one for one in named.replace(" ", "").split(",") if one]


@pytest.mark.parametrize(
    "named", ["*", "0.0.0.0/0", "::/0", "proxy.example.com", "10.42.0.1/16", "127.0.0.1 ::1"]
)
def test_neither_everybody_nor_a_name_is_believed(settings: Settings, named: str) -> None:
    with pytest.raises(SetupError, match="MONITOR_WEB_TRUSTED_PROXIES"):
        trusted_proxies(settings.model_copy(update={"web_trusted_proxies": named}))
