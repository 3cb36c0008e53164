"""The search field takes queries: in every script, bounded, and a wrong one is told where it is wrong."""

import html
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.messages import Sentiment, TextMention
from monitor.reports import searching
from monitor.settings import Settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.texts import read
from tests.web.conftest import BRANDS, NOON

SAID = (
    ("ja", "今朝は川辺のススキがきれいだった"),
    ("ja", "新しいスズキスイフトが好き😀"),
    ("zh", "我喜欢这个新手机"),
    ("ko", "현대자동차는 좋다"),
    ("en", "the support of VMware never answers, the console is slow"),
    ("en", "the console never hangs and support is great"),
)


@pytest.fixture
async def said(settings: Settings) -> None:
    """These mentions, too, one a minute before noon each, by `author-N`."""
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    results = tuple(
        TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=200 + n, timestamp=NOON),
            mention=TextMention(
                id=f"s{n}",
                source="forum",
                text=text,
                published_at=NOON - timedelta(minutes=n + 1),
                author=f"author-{n}",
                url=f"https://forum.example/{n}",
            ),
            sentiment=Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1),
            brands=(),
            model_version="sentiment@1",
            language=language,
            words=tuple(read(text).lexemes()),
        )
        for n, (language, text) in enumerate(SAID)
    )
    await writer.write(Batch(log_id="c", results=results))
    await workers.dispose()


def found(client: TestClient, q: str, **more: str) -> list[str]:
    """Authors, as the API and the page have them."""
    answer = client.get("/api/mentions", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    authors = [row["author"] for row in answer.json()["rows"]]
    page = client.get("/mentions", params={"q": q, **more}).text
    assert [
        html.unescape(author) for author in re.findall(r"<p class=\"note\"><bdi>([^<]+)</bdi>", page)
    ] == authors
    return authors


@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ("スズキ", "1"),
        ("ススキ", "0"),
        ("喜欢", "2"),
        ("현대", "3"),
        ("😀", "1"),
        ("console support", "45"),
        ('"console is slow"', "4"),
        ("console -slow", "5"),
        ("support NEAR/4 never", "45"),
        ("support ONEAR/4 never", "4"),
        ("never NEAR/4 answers", "4"),
        ("lang:ja -😀", "0"),
        ("console site:forum.example source:FORUM author:author-5", "5"),
        ("CONSÓLE slow", "4"),
        ("consol* AND (hang? OR hangs)", "5"),
        ("image:VMware", ""),
    ],
)
async def test_words_of_every_script_are_found(said, client, q, numbers):
    of_these = [author for author in found(client, q) if author.startswith("author-")]
    assert of_these == [f"author-{n}" for n in numbers]


async def test_what_is_shown_in_pictures_is_found(said, client):
    assert found(client, "image:vmware") == ["pia"]
    assert found(client, "image:vmware shirts") == ["pia"]
    assert found(client, "image:citrix") == []


@pytest.mark.parametrize(
    ("q", "column"), [("console AND (slow", 13), ("title:console", 1), ('"console', 1), ("a NEAR/500 b", 3)]
)
def test_a_wrong_query_says_where_and_what_was_expected(client, q, column):
    answer = client.get("/api/mentions", params={"q": q})
    assert answer.status_code == 422
    told = answer.json()
    assert (told["line"], told["column"]) == (1, column)
    assert f"line 1, column {column}: " in told["detail"]
    page = client.get("/mentions", params={"q": q})
    assert page.status_code == 422
    assert "This query cannot be read" in page.text
    assert f"Line 1, column {column}: " in page.text
    assert f'value="{html.escape(q)}"' in page.text.replace("&#34;", "&quot;")
    assert page.text.count("<h1>") == 1


def test_a_query_of_a_stranger_stays_text(client):
    page = client.get("/mentions", params={"q": "<script>alert(1)</script> AND ("})
    assert page.status_code == 422
    assert "<script>alert" not in page.text


async def test_a_search_that_stops_says_how_far_it_came_and_goes_on(said, client, monkeypatch):
    few = searching.Limits(walked=4, read=4, indexed=0, beginning=2, step=2)
    monkeypatch.setattr("monitor.reports.mentions.LIMITS", few)
    answer = client.get("/api/mentions", params={"q": "zoe OR sweet"}).json()
    assert answer["rows"] == []
    assert answer["looked_through"]["mentions"] == 4
    page = client.get("/mentions", params={"q": "zoe OR sweet"}).text
    assert "Nothing found so far" in page
    assert "Looked through 4 mentions back to 2026-03-10" in page
    authors, after, turns = [], None, 0
    while turns < 20:
        turns += 1
        given = {"q": "zoe OR sweet"} | ({"after": after} if after else {})
        answer = client.get("/api/mentions", params=given).json()
        authors += [row["author"] for row in answer["rows"]]
        after = answer["next"]
        if after is None:
            break
    assert authors == ["zoe"]
    assert turns > 2
    assert answer["looked_through"] is None


async def test_what_nobody_has_read_yet_is_found(said, client, settings):
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mention SET words = NULL"))
    engine.dispose()
    assert found(client, "スズキ") == ["author-1"]
    assert found(client, "console slow") == ["author-4"]
