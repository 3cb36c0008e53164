"""Every page shows the figures of its address, says what to do when there are none, and keeps text text."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text as sql

from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from tests.web.conftest import HOSTILE, Calling

PAGES = ("/", "/brand", "/pictures", "/mentions", "/quality")


def one(client: TestClient, **query: str) -> str:
    """Id of the only mention found."""
    (row,) = client.get("/api/mentions", params=query).json()["rows"]
    return str(row["mention_id"])


def said(page: str) -> str:
    """The page without its tags, entities read."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_and_names_its_period(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert 'value="2026-02-09"' in answer.text  # thirty days up to the newest mention
    assert 'value="2026-03-10"' in answer.text
    assert answer.text.count("<h1>") == 1


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_database_says_what_to_do(call: Calling, empty: Settings, path: str) -> None:
    answer = call(empty).get(path)
    assert answer.status_code == 200
    assert "brand-monitor" in answer.text.partition("<footer>")[0]


def test_the_overview_tells_the_finding_with_its_n(client: TestClient) -> None:
    text = said(client.get("/").text)
    assert "VMware has 6 mentions, 50% of 4 opinions positive" in text
    assert "Share of voice 67% of 9 posts about watched brands" in text
    assert "What is usual is not known yet" in text
    assert "Brand health 50% positive, of 4 opinions; nothing to compare with" in text
    later = said(client.get("/?since=2026-03-09&until=2026-03-10").text)
    assert "may be chance" in later


def test_every_chart_has_its_figures_as_a_table(client: TestClient) -> None:
    page = client.get("/").text
    charts = re.findall(r'aria-label="Chart: ([^"]+)"', page)
    assert len(charts) >= 4
    assert all("n = " in html.unescape(chart) or "(n)" in chart for chart in charts)
    assert page.count("<table>") >= 4


@pytest.mark.parametrize(
    ("query", "headline", "share"),
    [
        ("source=forum", "VMware has 3 mentions, 67% of 3 opinions positive", "100% of 3 posts"),
        ("source=microblog", "VMware has 1 mention, 0% of 1 opinion positive", "50% of 2 posts"),
        ("kind=image", "VMware has 1 mention", "100% of 1 post"),
        (
            "since=2026-03-10&until=2026-03-10",
            "VMware has 3 mentions, 0% of 1 opinion positive",
            "75% of 4 posts",
        ),
    ],
)
def test_the_address_filters_the_figures(client: TestClient, query: str, headline: str, share: str) -> None:
    text = said(client.get(f"/?{query}").text)
    assert headline in text
    assert f"Share of voice {share} about watched brands" in text


def test_links_keep_what_was_chosen(client: TestClient) -> None:
    page = client.get("/?since=2026-03-01&until=2026-03-10&source=forum&kind=text").text
    links = re.findall(r'<li><a href="([^"]+)"', page.partition("</header>")[0])
    assert len(links) == 8
    assert all(
        "since=2026-03-01&amp;until=2026-03-10&amp;source=forum&amp;kind=text" in link for link in links
    )


def test_the_page_of_a_brand_is_about_that_brand(client: TestClient) -> None:
    assert "Citrix has 2 mentions" in said(client.get("/brand?name=Citrix").text)
    assert "M&M <b> has 1 mention" in said(client.get("/brand", params={"name": "M&M <b>"}).text)
    assert "Nobody is not watched" in said(client.get("/brand?name=Nobody").text)
    silent = said(client.get("/brand?name=Citrix&since=2026-03-09&until=2026-03-09").text)
    assert "Nobody named or showed Citrix" in silent
    assert "of these days are about other brands or none" in silent
    assert "No mention was published" not in silent


def test_mentions_are_searched_sorted_and_filtered(client: TestClient) -> None:
    def authors(query: str) -> list[str]:
        return re.findall(r"<p class=\"note\"><bdi>([^<]+)</bdi>", client.get(f"/mentions?{query}").text)

    assert authors("q=great") == ["ann"]
    assert authors("q=nowhere") == []
    assert authors("order=reach")[0] == "The Daily"
    assert authors("order=oldest")[0] == "zoe"
    assert authors("brand=Citrix&label=negative") == ["eve"]


def test_a_search_without_result_leads_out(client: TestClient) -> None:
    assert "Search without" in client.get("/mentions?q=nowhere").text


def test_a_script_in_a_mention_stays_text(client: TestClient) -> None:
    id = one(client, q="onerror")
    for path in ("/", "/brand", "/mentions", f"/mentions/{id}"):
        page = client.get(path).text
        assert "<script>document" not in page
        assert "<img src=x" not in page
        assert "<i>mal" not in page
    read = client.get(f"/mentions/{id}").text
    assert HOSTILE in re.sub(r"\s", " ", html.unescape(re.sub(r"</?mark[^>]*>", "", read)))
    assert 'href="javascript:' not in read
    assert "address: javascript:alert(1)" in read


def test_brands_are_marked_where_the_text_names_them(client: TestClient) -> None:
    page = client.get(f"/mentions/{one(client, q='announce')}").text
    assert '<mark title="VMware">VMware</mark> and <mark title="Citrix">Citrix</mark> announce' in page


def test_a_picture_is_encoded_anew(client: TestClient) -> None:
    (shown,) = client.get("/api/pictures").json()
    answer = client.get(f"/pictures/{shown['sha256']}/small.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert b"script" not in answer.content
    assert answer.headers["x-content-type-options"] == "nosniff"


UNKNOWN = mention_uuid("text", "a", "b")


@pytest.mark.parametrize("path", [f"/pictures/{'0' * 64}/small.jpg", "/nothing", f"/mentions/{UNKNOWN}"])
def test_what_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "To the overview" in answer.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "since = 'yesterday' is no day; write it like 2026-03-31"),
        ("until=2026-02-30", "until = '2026-02-30' is no day; write it like 2026-03-31"),
        ("since=2026-03-02&until=2026-03-01", "after the last"),
        ("since=0001-01-01", "out of range"),
        ("kind=video", "kind.0 = 'video' cannot be chosen; take 'text' or 'image'"),
        ("counting=all", "counting = 'all' cannot be chosen; take 'posts' or 'stories'"),
        ("brand=%00", "NUL"),
    ],
)
def test_a_wrong_address_is_explained(client: TestClient, query: str, told: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 422
    assert told in html.unescape(answer.text)
    assert told in client.get(f"/api/summary?{query}").json()["detail"]


def test_an_unknown_cursor_is_explained(client: TestClient) -> None:
    answer = client.get("/mentions?after=nonsense")
    assert answer.status_code == 422
    assert "start at its first page" in answer.text


@pytest.mark.parametrize(
    ("path", "json"),
    [
        ("/?source=forum", "/api/summary?"),
        ("/brand?name=Citrix", "/api/summary?"),
        ("/pictures?score=0.5", "/api/pictures?"),
        ("/mentions?q=great", "/api/mentions?"),
        ("/quality", "/api/quality"),
    ],
)
def test_a_page_leads_to_its_figures_as_json(client: TestClient, path: str, json: str) -> None:
    (link,) = re.findall(r'<a id="json" href="([^"]+)"', client.get(path).text)
    assert link.startswith(json)
    answer = client.get(html.unescape(link))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_data_quality_shows_reasons_models_and_coverage(client: TestClient) -> None:
    text = said(client.get("/quality").text)
    for told in ("json-invalid", "JSON is malformed: <script>", "sentiment@1", "logos@1", "mentions.text"):
        assert told in text
    assert "Coverage 100%" in text


def test_days_are_those_of_the_zone(call: Calling, settings: Settings) -> None:
    page = call(settings, web_zone="Pacific/Auckland").get("/").text
    assert 'value="2026-03-11"' in page  # noon in UTC is past midnight there


def test_synthetic_data_is_called_so_on_every_page(
    client: TestClient, call: Calling, settings: Settings, synthetic: None
) -> None:
    for path in PAGES:
        assert "Synthetic data." in client.get(path).text


@pytest.fixture
def retold(settings: Settings) -> None:
    """The first two texts are copies of one, told by ann; the one about Citrix is German and not scored."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        lead, german = mention_uuid("text", "forum", "t0"), mention_uuid("text", "microblog", "t4")
        connection.execute(
            sql("UPDATE mention SET story_id = :lead, lead = id = :lead WHERE external_id IN ('t0', 't1')"),
            {"lead": lead},
        )
        connection.execute(
            sql("UPDATE mention SET language = 'de', n_sentiments = 0 WHERE id = :id"), {"id": german}
        )
        connection.execute(sql("DELETE FROM sentiment WHERE mention_id = :id"), {"id": german})
    engine.dispose()


@pytest.mark.usefixtures("retold")
def test_a_page_says_both_numbers_and_what_was_not_scored(client: TestClient) -> None:
    text = said(client.get("/").text)
    assert "8 mentions tell 7 stories: the others are copies. The figures count every mention." in text
    assert "1 text not scored: de 1. The model does not speak this language" in text
    stories = said(client.get("/?counting=stories").text)
    assert "The figures count each story once, where it appeared first." in stories
    assert "6 texts and 1 picture" in stories
    quality = said(client.get("/quality").text)
    assert "Texts not scored 1 in this view, in languages the model does not speak: de 1" in quality
    found = client.get("/api/summary?counting=stories").json()
    assert (found["texts"], found["by_posts"], found["by_stories"]) == (6, 8, 7)
    assert found["unscored"] == [{"language": "de", "texts": 1}]


@pytest.mark.usefixtures("retold")
def test_a_page_is_narrowed_to_languages(client: TestClient) -> None:
    page = client.get("/mentions?lang=DE").text
    assert "1 mention, newest first" in said(page)
    assert "not scored" in said(page)
    assert re.search(r'name="lang" value="de" checked', page)
    assert "lang=de" in page.partition('id="periods"')[2]
    assert client.get("/api/summary?lang=de").json()["texts"] == 1
    brand = said(client.get("/brand?name=Citrix&lang=de").text)
    assert "no opinions" in brand
    assert "spoke against" not in brand


@pytest.mark.usefixtures("retold")
def test_copies_are_folded_under_one_that_lists_them(client: TestClient) -> None:
    assert (
        "8 mentions tell 7 stories; copies are folded under the one that comes first here."
        " 1 text not scored: de 1." in said(client.get("/mentions").text)
    )
    page = client.get("/mentions?source=forum").text
    assert page.count("<article>") == 2  # bob's is folded under ann's, or hers under his
    (link,) = re.findall(r'href="([^"]*story=[^"]*)">and 1 copy', page)
    story = client.get(html.unescape(link))
    assert "2 mentions of one story, the first one first" in said(story.text)
    assert story.text.count("<article>") == 2
    id = mention_uuid("text", "forum", "t0")
    assert [row["author"] for row in client.get(f"/api/stories/{id}").json()["rows"]] == ["ann", "bob"]
    one = said(client.get(f"/mentions/{mention_uuid('text', 'forum', 't1')}").text)
    assert "One of 2 copies: all of this story" in one
    nowhere = client.get(f"/mentions?story={mention_uuid('text', 'nowhere', 'x')}").text
    assert "There is no such story" in nowhere


@pytest.mark.usefixtures("retold")
def test_a_text_nobody_scored_can_be_judged(client: TestClient) -> None:
    id = mention_uuid("text", "microblog", "t4")
    before = said(client.get(f"/mentions/{id}").text)
    assert "The text as a whole: not scored" in before
    assert "The model does not speak the language of this text (de)" in before
    made = client.post(f"/mentions/{id}/sentiment", data={"label": "negative", "by": "ann", "back": ""})
    assert made.status_code == 303
    after = said(client.get(f"/mentions/{id}").text)
    assert "The text as a whole: negative corrected" in after
    assert client.get("/api/summary").json()["unscored"] == []


@pytest.fixture
def doubted(settings: Settings) -> None:
    """The model is sure of two texts about VMware, and of neither of those about Citrix."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(
            sql(
                "UPDATE sentiment SET label = 'unsure', p_negative = 0.4, p_neutral = 0.35, p_positive = 0.25"
                " WHERE mention_id IN (SELECT id FROM mention WHERE external_id IN ('t2', 't3', 't4'))"
            )
        )
    engine.dispose()


@pytest.mark.usefixtures("doubted")
def test_pages_say_what_the_model_was_not_sure_of(client: TestClient) -> None:
    feeling = {each["brand"]: each for each in client.get("/api/summary").json()["feeling"]}
    counts = ("mentions", "positive", "neutral", "negative", "unsure", "unscored")
    # ann, bob and mal, besides what stands in the news and on the microblog.
    assert [feeling["VMware"][name] for name in counts] == [5, 2, 0, 1, 2, 0]
    assert [feeling["Citrix"][name] for name in counts] == [2, 0, 0, 0, 2, 0]
    assert feeling["Citrix"]["net_sentiment"] is None
    overview = said(client.get("/").text)
    assert "The model was not sure in 4 of 8 verdicts: these count apart, in no sentiment." in overview
    assert "n = 3" in overview
    assert "the model was not sure of 2 more texts" in overview
    assert "not sure of 2" not in said(client.get("/brand?name=M%26M+%3Cb%3E&brand=M%26M+%3Cb%3E").text)
    assert "Model not sure 4 of 8 verdicts on brands in this view" in said(client.get("/quality").text)
    points = client.get("/api/timeline?name=VMware&unit=month").json()
    assert [(each["unsure"], each["negative"]) for each in points] == [(2, 1)]


@pytest.mark.usefixtures("doubted")
@pytest.mark.parametrize("more", ["", "&brand=VMware"])
def test_they_are_listed_and_not_quoted(client: TestClient, more: str) -> None:
    page = client.get(f"/mentions?label=unsure{more}")
    assert page.text.count("<article>") == (2 if more else 3)
    assert "Mentions the model was not sure of, newest first" in said(page.text)
    assert '<span class="label unsure">unsure</span>' in page.text
    assert re.search(r"<option selected>unsure</option>", page.text)
    assert "down again" in page.text
    assert "VMware is great" not in page.text
    listed = client.get(f"/api/mentions?label=unsure{more}").json()["rows"]
    assert {row["sentiment"] for row in listed} == {"unsure"}
    assert client.get("/api/quotes?name=Citrix&label=negative").json() == []
    assert client.get("/api/quotes?name=Citrix&label=unsure").status_code == 422


@pytest.mark.usefixtures("doubted")
def test_a_person_says_one_of_three_where_the_model_was_not_sure(client: TestClient) -> None:
    id = mention_uuid("text", "microblog", "t3")
    form = client.get(f"/mentions/{id}").text
    assert "Toward VMware: unsure" in said(form)
    assert "Model, not sure: negative 40%, neutral 35%, positive 25%" in said(form)
    assert 'value="unsure"' not in form
    assert " checked" not in form.partition("It is")[2].partition("</fieldset>")[0]
    wrong = {"label": "unsure", "brand": "VMware", "by": "ann", "back": ""}
    assert client.post(f"/mentions/{id}/sentiment", data=wrong).status_code == 422
    api = {"mention_id": str(id), "label": "unsure", "brand": "VMware", "by": "ann"}
    assert client.post("/api/corrections/sentiment", json=api).status_code == 422
    assert client.post(f"/mentions/{id}/sentiment", data=wrong | {"label": "negative"}).status_code == 303
    (felt,) = client.get("/api/summary?brand=VMware").json()["feeling"]
    assert (felt["negative"], felt["unsure"]) == (2, 1)
