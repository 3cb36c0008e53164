"""The API answers with the figures of the pages, as OpenAPI describes them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from monitor.messages import mention_uuid
from monitor.settings import Settings
from tests.web.conftest import TEXTS, Calling

DAYS = {"since": "2026-03-01", "until": "2026-03-31"}

FIGURES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("summary", {}),
    ("standings", {}),
    ("happenings", {}),
    ("timeline", {"name": "VMware"}),
    ("themes", {"name": "VMware"}),
    ("quotes", {"name": "VMware", "label": "positive"}),
    ("sources", {}),
    ("authors", {}),
    ("pictures", {}),
    ("mentions", {}),
    ("quality", {}),
)


@pytest.mark.parametrize(("path", "query"), FIGURES)
@pytest.mark.parametrize("filled", [True, False])
def test_an_answer_is_what_openapi_says(
    call: Calling, settings: Settings, empty: Settings, path: str, query: dict[str, Any], filled: bool
) -> None:
    client = call(settings if filled else empty)
    described = client.get("/api/openapi.json").json()
    promised = described["paths"][f"/api/{path}"]["get"]["responses"]["200"]["content"]
    answer = client.get(f"/api/{path}", params=query)
    assert answer.status_code == 200
    schema = {**promised["application/json"]["schema"], "components": described["components"]}
    Draft202012Validator(schema).validate(answer.json())


def test_every_parameter_is_described(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    named = {each["name"]: each for each in described["paths"]["/api/summary"]["get"]["parameters"]}
    assert set(named) == {"since", "until", "brand", "source", "kind", "lang", "counting"}
    assert all(each["description"] for each in named.values())
    assert "html" not in str(described["paths"]), "pages are no part of the API"


def test_the_summary_has_the_known_counts(client: TestClient) -> None:
    found = client.get("/api/summary", params=DAYS).json()
    assert (found["texts"], found["images"], found["image_only"]) == (7, 1, 1)
    (ours,) = (each for each in found["feeling"] if each["brand"] == "VMware")
    assert (ours["positive"], ours["neutral"], ours["negative"]) == (2, 1, 2)
    assert sum(each["share"] for each in found["voice"]) == pytest.approx(1)
    only = client.get("/api/summary", params={**DAYS, "source": ["forum", "blog"], "kind": "text"}).json()
    assert (only["texts"], only["images"], only["sources"]) == (4, 0, 2)


def test_mentions_are_paged_without_gap_or_repeat(client: TestClient) -> None:
    for order in ("newest", "oldest", "reach"):
        seen, after = [], None
        while True:
            query = {**DAYS, "order": order, "limit": "3", **({"after": after} if after else {})}
            found = client.get("/api/mentions", params=query).json()
            seen += [row["external_id"] for row in found["rows"]]
            after = found["next"]
            if after is None:
                break
        assert sorted(seen) == sorted([f"t{n}" for n in range(len(TEXTS))] + ["p0"])


def test_a_cursor_of_another_order_is_refused(client: TestClient) -> None:
    after = client.get("/api/mentions", params={"limit": "2"}).json()["next"]
    for order, told in (("oldest", "another order"), ("reach", "no page of this list")):
        answer = client.get("/api/mentions", params={"order": order, "after": after})
        assert answer.status_code == 422
        assert told in answer.json()["detail"]


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("0", "limit = '0' is too small; take 1 or more"),
        ("201", "limit = '201' is too large; take 200 or less"),
        ("many", "limit = 'many' is no whole number"),
    ],
)
def test_a_page_is_bounded(client: TestClient, limit: str, told: str) -> None:
    answer = client.get("/api/mentions", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["detail"] == told


def test_one_mention_with_everything_found(client: TestClient) -> None:
    found = client.get(f"/api/mentions/{mention_uuid('text', 'news', 't2')}").json()
    assert found["line"]["text"] == "VMware and Citrix announce results"
    assert [(each["brand"], each["start"], each["end"]) for each in found["named"]] == [
        ("VMware", 0, 6),
        ("Citrix", 11, 17),
    ]
    picture = client.get(f"/api/mentions/{mention_uuid('image', 'photos', 'p0')}").json()
    (logo,) = picture["logos"]
    assert (logo["brand"], logo["box"]) == ("VMware", {"x": 0.1, "y": 0.2, "width": 0.4, "height": 0.2})
    assert client.get(f"/api/mentions/{mention_uuid('text', 'news', 'none')}").status_code == 404


def test_a_database_that_is_away_is_an_answer(call: Calling, settings: Settings) -> None:
    gone = settings.database_url.get_secret_value().rpartition("/")[0] + "/no_such_database"
    client = call(load(settings, gone))
    assert client.get("/health").status_code == 503
    answer = client.get("/api/summary")
    assert answer.status_code in (500, 503)
    assert answer.json()["detail"]
    assert "To the overview" in client.get("/").text


def load(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": type(settings.database_url)(url)})


def test_a_query_that_takes_too_long_is_given_up(call: Calling, settings: Settings) -> None:
    client = call(settings, web_statement_timeout=0.001)
    answer = client.get("/api/summary")
    if answer.status_code != 200:  # a millisecond is enough for so few rows now and then
        assert answer.status_code == 503
        assert "shorter period" in answer.json()["detail"]
