"""The queue by page and API: who did what, undone, told to who comes second, refused to viewers."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text

from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.web.people import Role, add_user
from tests.web.conftest import HOSTILE, Calling

DOWN = mention_uuid("text", "microblog", "t3")  # VMware down again
MAL = mention_uuid("text", "forum", "t5")  # hostile
PRAISE = mention_uuid("text", "forum", "t0")
ANN = {"by": "Ann"}
PASSWORD = "correct horse battery"


def cards(client: TestClient, **query: str) -> list[str]:
    """Ids of the posts on the cards of the page."""
    page = client.get("/answer", params=query)
    assert page.status_code == 200
    return re.findall(r'id="card-([0-9a-f-]+)"', page.text)


def seen(client: TestClient) -> int:
    """What a person sees in force on the card of the outage."""
    (card,) = (
        each
        for each in client.get("/api/answers", params={"state": "all"}).json()["cards"]
        if each["line"]["mention_id"] == str(DOWN)
    )
    found: int = card["seen"]
    return found


def say(client: TestClient, state: str, **form: Any) -> Response:
    given = {**ANN, "mention": str(DOWN), "state": state, "seen": 0, **form}
    return client.post("/answer", data=given)


def test_the_widest_first_with_their_words_and_links(client: TestClient) -> None:
    assert cards(client) == [str(DOWN), str(MAL)]
    page = client.get("/answer").text
    assert "2 stories to answer" in page
    assert "<title>2 to answer, 2026-02-09 to 2026-03-10 · Brand Monitor</title>" in page
    assert '<a href="https://microblog.example/3" rel="noopener noreferrer nofollow" target="_blank"' in page
    assert "javascript:alert" not in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/", "/mentions", "/brand?name=VMware", "/answer"])
def test_every_page_tells_how_many_wait(client: TestClient, path: str) -> None:
    assert "To answer (2)" in client.get(path).text


def test_a_state_is_set_told_and_undone(client: TestClient) -> None:
    back = "since=2026-03-01&until=2026-03-10&saved=9"
    answer = say(client, "answered", note="wrote <b>", back=back, then=str(MAL))
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    made = parse_qs(address.query)["saved"][0]
    assert (address.path, address.fragment) == ("/answer", f"card-{MAL}")
    assert parse_qs(address.query)["since"] == ["2026-03-01"]
    page = client.get(answer.headers["location"]).text
    assert "Marked as answered." in page
    assert "1 story to answer" in page
    assert "To answer (1)" in page
    assert cards(client) == [str(MAL)]
    assert cards(client, state="answered") == [str(DOWN)]
    assert cards(client, state="all", who="Ann") == [str(DOWN)]
    assert "wrote &lt;b&gt;" in client.get("/answer?state=answered").text
    undone = client.post(f"/answer/{made}/undo", data={"by": "Ben", "mention": str(DOWN)})
    assert "Taken back." in client.get(undone.headers["location"]).text
    assert cards(client) == [str(DOWN), str(MAL)]
    assert seen(client) == 0


def test_the_mention_s_own_page_tells_and_takes_it(client: TestClient) -> None:
    assert "Nobody did anything about this story yet" in client.get(f"/mentions/{DOWN}").text
    answer = say(client, "seen", to="mention", note="asking support", back="since=2026-03-01")
    assert answer.headers["location"] == f"/mentions/{DOWN}?since=2026-03-01#answers"
    page = client.get(f"/mentions/{DOWN}").text
    assert "asking support" in page
    assert "open the original at" in page
    assert client.get(f"/mentions/{PRAISE}").status_code == 200


def test_the_second_sees_what_the_first_did_and_may_still_decide(client: TestClient) -> None:
    say(client, "answered", by="Ann <i>", note="called")
    told = say(client, "ignored", by="Ben", note="my note", back="state=new")
    assert told.status_code == 409
    assert "Ann &lt;i&gt;</bdi> was faster" in told.text
    assert "called" in told.text
    assert 'value="my note"' in told.text
    assert '<a href="/answer?state=new">Leave it so</a>' in told.text
    again = re.search(r'name="seen" value="(\d+)"', told.text)
    assert again is not None
    assert int(again[1]) == seen(client) > 0
    assert say(client, "ignored", by="Ben", seen=again[1]).status_code == 303
    assert cards(client, state="ignored") == [str(DOWN)]
    early = client.post(f"/answer/{again[1]}/undo", data={"by": "Ann", "mention": str(DOWN)})
    assert early.status_code == 409
    assert "Ben said ignored about this story meanwhile" in early.text


def test_what_was_taken_back_meanwhile(client: TestClient) -> None:
    made = parse_qs(urlsplit(say(client, "seen").headers["location"]).query)["saved"][0]
    client.post(f"/answer/{made}/undo", data={**ANN, "mention": str(DOWN)})
    told = say(client, "answered", seen=made)
    assert told.status_code == 409
    assert "What was done here was taken back" in told.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"by": ""}, 409),
        ({"mention": "no id"}, 422),
        ({"mention": "00000000-0000-0000-0000-000000000000"}, 409),
        ({"seen": "-1"}, 422),
        ({"seen": str(2**63)}, 422),
        ({"state": "done"}, 422),
        ({"note": "x" * 2001}, 409),
        ({"note": "x" * 9000}, 422),
    ],
)
def test_what_is_refused(client: TestClient, form: dict[str, str], status: int) -> None:
    client.cookies.clear()
    assert say(client, **{"state": "seen", **form}).status_code == status
    assert cards(client, state="new") == [str(DOWN), str(MAL)]


@pytest.mark.parametrize(
    "query",
    [
        "state=done",
        "label=positive",
        "order=reach",
        "after=nonsense",
        "after=" + "A" * 600,
        "saved=99999999999999999999",
        "saved=-1",
        "who=" + "x" * 400,
        "q=" + "x" * 5000,
    ],
)
def test_an_address_that_cannot_be_is_told(client: TestClient, query: str) -> None:
    assert client.get(f"/answer?{query}").status_code == 422


def test_a_query_that_cannot_be_read_is_shown(client: TestClient) -> None:
    page = client.get("/answer", params={"q": "down AND ("})
    assert page.status_code == 422
    assert "This query cannot be read" in page.text
    assert client.get("/api/answers", params={"q": "down AND ("}).status_code == 422


def test_filters(client: TestClient) -> None:
    assert cards(client, q="down") == [str(DOWN)]
    assert cards(client, source="forum") == [str(MAL)]
    assert cards(client, order="oldest") == [str(MAL), str(DOWN)]
    assert cards(client, label="unsure") == []
    assert cards(client, saved="12345") == [str(DOWN), str(MAL)]
    assert "Other brands than ours are left out." in client.get("/answer?brand=Citrix").text
    assert "No story fits." in client.get("/answer?q=nowhere").text


def test_nothing_waits_and_nothing_is_ours(call: Calling, settings: Settings, empty: Settings) -> None:
    assert "No brand is ours yet" in call(empty).get("/answer").text
    client = call(settings)
    say(client, "answered")
    say(client, "answered", mention=str(MAL))
    page = client.get("/answer").text
    assert "Nothing waits for an answer" in page
    assert "0 stories to answer" in page


def test_the_api_sets_and_takes_back(client: TestClient) -> None:
    found = client.get("/api/answers", params={"limit": 1}).json()
    assert found["found"] == 2
    assert found["counts"] == {"new": 2, "seen": 0, "answered": 0, "ignored": 0}
    (first,) = found["cards"]
    assert (first["state"], first["seen"], first["history"]) == ("new", 0, [])
    more = client.get("/api/answers", params={"limit": 1, "after": found["next"]}).json()
    assert [each["line"]["mention_id"] for each in more["cards"]] == [str(MAL)]
    said = {"mention_id": str(DOWN), "state": "answered", "seen": 0, "by": "robot", "note": "n"}
    made = client.post("/api/answers", json=said)
    assert made.status_code == 200
    told = client.post("/api/answers", json=said)
    assert told.status_code == 409
    assert "robot said answered" in told.json()["detail"]
    id = made.json()["answer"]
    assert client.post(f"/api/answers/{id}/undo", json={"by": "robot"}).json() == {"undone": True}
    assert client.post(f"/api/answers/{id}/undo", json={"by": "robot"}).json() == {"undone": False}
    assert client.post(f"/api/answers/{2**70}/undo", json={"by": "robot"}).status_code == 409


def test_viewers_look_and_analysts_answer(call: Calling, settings: Settings, tmp_path: Path) -> None:
    users = tmp_path / "users"
    add_user(users, "cy", PASSWORD, Role.VIEWER)
    add_user(users, "ben", PASSWORD, Role.ANALYST)
    client = call(settings, web_users_file=users)
    client.post("/login", data={"name": "cy", "password": PASSWORD})
    page = client.get("/answer").text
    assert "2 stories to answer" in page
    assert 'method="post" action="/answer"' not in page
    assert 'method="post" action="/answer"' not in client.get(f"/mentions/{DOWN}").text
    assert say(client, "answered").status_code == 403
    assert client.post("/answer/1/undo", data={"mention": str(DOWN)}).status_code == 403
    said = {"mention_id": str(DOWN), "state": "answered", "seen": 0}
    assert client.post("/api/answers", json=said).status_code == 403
    client.post("/login", data={"name": "ben", "password": PASSWORD})
    assert say(client, "answered", by="somebody else").status_code == 303
    assert "by <bdi>ben</bdi>" in client.get("/answer?state=answered").text


def test_pictures_of_posts_are_shown_small(client: TestClient, settings: Settings) -> None:
    """The picture mention's own, and the other half's of a text of the same post."""
    assert "small.jpg" not in client.get("/answer").text
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE mention SET post_id = (SELECT post_id FROM mention WHERE kind = 'image')"
                " WHERE id = :id"
            ),
            {"id": DOWN},
        )
    engine.dispose()
    page = client.get("/answer").text
    (address,) = re.findall(
        r'<img src="(/pictures/[0-9a-f]{64}/small\.jpg)" loading="lazy" alt="[^"]+"', page
    )
    assert client.get(address).headers["content-type"] == "image/jpeg"
    assert client.get("/mentions").text.count(address) == 2
