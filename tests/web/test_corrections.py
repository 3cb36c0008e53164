"""A correction by page or API: stored with who and when, counted, undone, refused with a reason."""

import re
from html import escape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from monitor.messages import mention_uuid
from monitor.settings import Settings
from tests.web.conftest import Calling

DOWN = mention_uuid("text", "microblog", "t3")  # VMware down again: negative
BOTH = mention_uuid("text", "news", "t2")  # VMware and Citrix: neutral
PICTURE = mention_uuid("image", "photos", "p0")
ANN = {"by": "Ann"}


def felt(client: TestClient, brand: str = "VMware") -> tuple[int, int, int]:
    found = client.get("/api/summary").json()["feeling"]
    (ours,) = (each for each in found if each["brand"] == brand)
    return ours["positive"], ours["neutral"], ours["negative"]


def detail(client: TestClient, mention: object) -> Any:
    return client.get(f"/api/mentions/{mention}").json()


def say(client: TestClient, mention: object, **form: str) -> Response:
    return client.post(f"/mentions/{mention}/sentiment", data={**ANN, **form})


def box(client: TestClient, **form: str) -> Response:
    return client.post(f"/mentions/{PICTURE}/logo", data={**ANN, **form})


def test_a_label_moves_the_figures_and_undo_moves_them_back(client: TestClient) -> None:
    assert felt(client) == (2, 1, 2)
    answer = say(client, DOWN, label="positive", brand="VMware", note="irony", back="source=forum&saved=9")
    assert answer.status_code == 303
    made = detail(client, DOWN)["corrections"][0]
    assert answer.headers["location"] == f"/mentions/{DOWN}?source=forum&saved={made['id']}"
    assert (made["label"], made["brand"], made["corrected_by"], made["note"]) == (
        "positive",
        "VMware",
        "Ann",
        "irony",
    )
    assert made["in_force"]
    assert felt(client) == (3, 1, 1)
    assert client.get("/api/summary").json()["corrections"] == 1
    page = client.get(answer.headers["location"]).text
    assert "Saved. It counts in every figure now." in page
    undone = client.post(f"/corrections/{made['id']}/undo", data={"mention": str(DOWN), "by": "Ben"})
    assert "Taken back." in client.get(undone.headers["location"]).text
    assert felt(client) == (2, 1, 2)
    (kept,) = detail(client, DOWN)["corrections"]
    assert (kept["undone_by"], kept["in_force"]) == ("Ben", False)


def test_toward_one_brand_only(client: TestClient) -> None:
    say(client, BOTH, label="negative", brand="Citrix")
    assert felt(client, "Citrix") == (0, 0, 2)
    assert felt(client, "VMware") == (2, 1, 2)


def test_a_list_about_a_brand_tells_the_feeling_toward_it(client: TestClient) -> None:
    say(client, BOTH, label="negative", brand="Citrix")
    for brand, label in (("Citrix", "negative"), ("VMware", "neutral")):
        query = {"brand": brand, "label": label, "source": "news"}
        (row,) = client.get("/api/mentions", params=query).json()["rows"]
        assert row["corrected"]
        tags = (
            client.get("/mentions", params=query).text.partition('<p class="tags">')[2].partition("</p>")[0]
        )
        assert f'<span class="tag">{brand}</span>' in tags
        assert f'<span class="label {label}">' in tags
        assert '<span class="flag">corrected</span>' in tags


def test_the_name_is_remembered_and_needed(client: TestClient) -> None:
    refused = client.post(f"/mentions/{DOWN}/sentiment", data={"label": "neutral"})
    assert refused.status_code == 409
    assert "say who you are" in refused.text
    say(client, DOWN, label="neutral")
    assert 'name="by" value="Ann"' in client.get(f"/mentions/{DOWN}").text
    again = client.post(f"/mentions/{DOWN}/sentiment", data={"label": "positive"})
    assert again.status_code == 303
    assert detail(client, DOWN)["corrections"][0]["corrected_by"] == "Ann"


def test_another_find_in_another_place(client: TestClient) -> None:
    (found,) = detail(client, PICTURE)["logos"]
    edges = {"x": "12.5", "y": "25", "width": "50", "height": "50"}
    assert box(client, detection=found["detection_id"], brand="Citrix", **edges).status_code == 303
    (moved,) = detail(client, PICTURE)["logos"]
    assert (moved["brand"], moved["box"]) == ("Citrix", {"x": 0.125, "y": 0.25, "width": 0.5, "height": 0.5})
    assert "No watched logo" not in client.get(f"/mentions/{PICTURE}").text


def test_a_find_that_is_none_and_one_that_was_missed(client: TestClient) -> None:
    (found,) = detail(client, PICTURE)["logos"]
    box(client, detection=found["detection_id"], brand="")
    assert detail(client, PICTURE)["logos"] == []
    assert client.get("/api/pictures").json() == []
    box(client, brand="Citrix", x="0.01", y="0", width="100", height="100")  # as rounding leaves it
    (added,) = detail(client, PICTURE)["logos"]
    assert (added["brand"], added["detection_id"]) == ("Citrix", None)
    (shown,) = client.get("/api/pictures").json()
    assert shown["unnamed"] == ["Citrix"]


def test_what_it_is_begins_with_nothing_and_with_what_is_found_there(client: TestClient) -> None:
    box(client, brand="M&M <b>", x="0", y="0", width="10", height="10")
    page = client.get(f"/mentions/{PICTURE}").text
    pickers = [
        re.findall(r'<option(?: value="")?( selected)?>([^<]*)</option>', picker)
        for picker in re.findall(r"<select name=\"brand\".*?</select>", page, re.DOTALL)
    ]
    shown = [escape(logo["brand"]) for logo in detail(client, PICTURE)["logos"]]
    correcting, adding = pickers
    assert [name for _, name in correcting] == ["no watched logo", *shown, "Citrix"]
    assert [name for chosen, name in correcting if chosen] == ["VMware"]
    assert [name for _, name in adding] == ["choose a brand", *shown, "Citrix"]
    assert not any(chosen for chosen, _ in adding), "nobody adds the first of the alphabet by mistake"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (
            {"brand": "Citrix", "x": "80", "y": "0", "width": "30", "height": "10"},
            "the box leaves the picture",
        ),
        ({"brand": "Citrix"}, "needs its brand and its box"),
        (
            {"brand": "Nobody", "x": "0", "y": "0", "width": "30", "height": "10"},
            "none of the brands watched",
        ),
        ({"detection": str(DOWN), "brand": "Citrix"}, "not in this picture any more"),
    ],
)
def test_a_box_that_cannot_be_is_explained(client: TestClient, form: dict[str, str], told: str) -> None:
    answer = box(client, **form)
    assert answer.status_code == 409
    assert told in answer.text


@pytest.mark.parametrize(
    ("mention", "form", "told"),
    [
        (PICTURE, {"label": "positive"}, "a picture has no sentiment"),
        (DOWN, {"label": "positive", "brand": "Citrix"}, "does not name Citrix"),
        (mention_uuid("text", "a", "b"), {"label": "positive"}, "there is no mention"),
        (DOWN, {"label": "positive", "by": "x" * 201}, "1 to 200 characters"),
    ],
)
def test_a_label_that_cannot_be_is_explained(
    client: TestClient, mention: object, form: dict[str, str], told: str
) -> None:
    answer = say(client, mention, **form)
    assert answer.status_code == 409
    assert told in answer.text
    assert client.get("/api/summary").json()["corrections"] == 0


@pytest.mark.parametrize("form", [{"label": "great"}, {}, {"label": "positive", "note": "x" * 3001}])
def test_a_form_that_is_none_is_explained(client: TestClient, form: dict[str, str]) -> None:
    answer = say(client, DOWN, **form)
    assert answer.status_code == 422
    assert "This address cannot be read" in answer.text


def test_hostile_words_of_people_stay_text(client: TestClient) -> None:
    say(client, DOWN, label="neutral", by="<script>alert(1)</script>", note="<img src=x onerror=alert(2)>")
    page = client.get(f"/mentions/{DOWN}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "a=1&b=2\r\nset-cookie: x=1"])
def test_the_way_back_leads_to_the_mention_only(client: TestClient, back: str) -> None:
    location = say(client, DOWN, label="neutral", back=back).headers["location"]
    assert location.startswith(f"/mentions/{DOWN}?")
    assert "\n" not in location


def test_the_api_corrects_and_undoes(client: TestClient) -> None:
    made = client.post(
        "/api/corrections/sentiment",
        json={"mention_id": str(DOWN), "label": "positive", "by": "robot", "note": "rule 7"},
    ).json()["correction"]
    assert felt(client) == (3, 1, 1)
    first = client.post(f"/api/corrections/{made}/undo", json={"by": "robot"}).json()
    second = client.post(f"/api/corrections/{made}/undo", json={"by": "robot"}).json()
    assert (first, second) == ({"undone": True}, {"undone": False})
    assert felt(client) == (2, 1, 2)
    assert client.post("/api/corrections/999999/undo", json={"by": "robot"}).status_code == 409


def test_the_api_takes_boxes_as_shares(client: TestClient) -> None:
    given = {"mention_id": str(PICTURE), "brand": "Citrix", "by": "robot"}
    made = client.post(
        "/api/corrections/logo", json={**given, "box": {"x": 0.5, "y": 0.5, "width": 0.25, "height": 0.25}}
    )
    assert made.status_code == 200
    assert [each["brand"] for each in detail(client, PICTURE)["logos"]] == ["Citrix", "VMware"]
    wrong = client.post("/api/corrections/logo", json={**given, "box": {"x": 0.5}})
    assert wrong.status_code == 422
    assert "box" in wrong.json()["detail"]


def test_who_is_logged_in_signs_with_that_name(call: Calling, settings: Settings) -> None:
    client = call(settings, web_password=_secret("correct horse battery"))
    client.post("/login", data={"name": "Cy", "password": "correct horse battery"})
    page = client.get(f"/mentions/{DOWN}").text
    assert 'name="by"' not in page
    say(client, DOWN, label="neutral", by="Somebody Else")
    client.post(
        "/api/corrections/sentiment",
        json={"mention_id": str(BOTH), "label": "negative", "by": "Somebody Else"},
    )
    for mention in (DOWN, BOTH):
        assert detail(client, mention)["corrections"][0]["corrected_by"] == "Cy"


def _secret(value: str) -> object:
    from pydantic import SecretStr

    return SecretStr(value)
