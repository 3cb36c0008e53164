"""POST /mentions: items are answered one by one, limits hold, and no body makes it fall."""

import asyncio
import base64
import gzip
import json
from collections.abc import Sequence

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError, ErrorCode, OutageError
from monitor.messages import MSGPACK, decode_deletion, decode_image, decode_text
from monitor.privacy import Privacy
from monitor.publishing.records import Outgoing, Refused
from monitor.settings import load_settings
from monitor.sources import admission
from monitor.sources.admission import Rates, Tokens
from monitor.sources.items import read_items
from monitor.sources.receiving import Receiving
from monitor.sources.receiving_app import make_app
from monitor.storage.publishers import Publisher, hashed
from monitor.stream.metrics import CollectMetrics
from tests.sources.pictures import PNG

MOST = 64 * 1024
TEXT = {"id": "1", "source": "crm", "text": "VMware is fine", "published_at": "2026-11-30T12:00:00Z"}
SENT = {"Authorization": "Bearer open-sesame"}


class Topics:
    """Takes what is sent, unless it is told to be slow or away."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.ready = asyncio.Event()
        self.ready.set()
        self.fault: Exception | None = None
        self.largest = 10**9

    async def send(self, records: Sequence[Outgoing]) -> list[Refused]:
        await self.ready.wait()
        if self.fault is not None:
            raise self.fault
        taken = [one for one in records if len(one.value) <= self.largest]
        self.records += taken
        error = DataError(ErrorCode.TEXT_TOO_LONG, "too long for Kafka")
        return [Refused(one.where, error) for one in records if one not in taken]


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def known(monkeypatch):
    """The publishers whose tokens hold."""
    publishers = {
        hashed("open-sesame"): Publisher("crm", None),
        hashed("forum-only"): Publisher("forum", "forum"),
    }

    async def holding(_: object) -> dict[str, Publisher]:
        return dict(publishers)

    monkeypatch.setattr(admission, "holding", holding)
    return publishers


def client(topics, rate: float = 10**6) -> httpx.AsyncClient:
    receiving = Receiving(
        *("http", "http", MOST, Tokens(None), Rates(rate), topics, load_settings(), CollectMetrics()),
    )
    transport = httpx.ASGITransport(make_app(receiving))
    return httpx.AsyncClient(transport=transport, base_url="http://receiver", headers=SENT)


@pytest.fixture
async def http(topics, known):
    async with client(topics) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (json.dumps([TEXT, {**TEXT, "id": "2"}]), "application/json"),
        (json.dumps(TEXT) + "\n\n" + json.dumps({**TEXT, "id": "2"}) + "\n", "application/x-ndjson"),
        ("\ufeff" + json.dumps([TEXT, {**TEXT, "id": "2"}], indent=2), "application/json; charset=utf-8"),
    ],
)
async def test_texts_come_as_an_array_or_a_line_each(http, topics, body, media):
    answer = await http.post("/mentions", content=body, headers={"Content-Type": media})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "refused": []})
    assert [decode_text(one.value, max_chars=99).id for one in topics.records] == ["1", "2"]
    assert [one.key for one in topics.records] == [b"1", b"2"]


def test_a_deletion_reaches_what_a_collector_published_without_names():
    settings = load_settings(authors="pseudonymous", authors_key="word-" * 8)
    said = {"id": "at://did:plc:x/p/1", "kind": "text", "deleted_at": "2026-11-30T13:00:00Z"}
    items = read_items(json.dumps([said, {**said, "id": "2"}]).encode(), "bluesky", None, settings)
    shown = Privacy(settings).id("bluesky", said["id"])
    assert [decode_deletion(one.value).id for one in items.records] == [said["id"], shown, "2"]
    assert items.accepted == {0: "deletions", 1: "deletions"}


async def test_one_object_may_stand_on_many_lines(http, topics):
    answer = await http.post("/mentions", content=json.dumps(TEXT, indent=4))
    assert answer.json() == {"accepted": 1, "refused": []}


async def test_pictures_travel_as_bytes_and_deletions_to_both_topics(http, topics):
    picture = {**TEXT, "image": base64.b64encode(PNG).decode(), "caption": "here"}
    deletion = {"id": "9", "source": "crm", "deleted_at": "2026-11-30T13:00:00Z"}
    answer = await http.post("/mentions", json=[picture, deletion, {**deletion, "kind": "image"}])
    assert answer.json() == {"accepted": 3, "refused": []}
    shown, *deleted = topics.records
    assert shown.headers == (("content-type", MSGPACK.encode()),)
    assert decode_image(shown.value, MSGPACK).image == PNG
    assert [one.topic for one in deleted] == ["text", "image", "image"]
    assert all(decode_deletion(one.value).id == "9" for one in deleted)


async def test_what_is_wrong_is_told_by_item_and_the_rest_is_taken(http, topics):
    topics.largest = 300
    items = [
        TEXT,
        {**TEXT, "text": " "},
        {**TEXT, "published_at": "2026-11-30 12:00"},
        7,
        {**TEXT, "image": base64.b64encode(b"GIF89a, not taken").decode()},
        {**TEXT, "id": "long", "text": "x" * 400},
        {"id": "9", "source": "crm", "deleted_at": "yesterday"},
    ]
    answer = await http.post("/mentions", json=items)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert [(each["index"], each["code"]) for each in answer.json()["refused"]] == [
        (1, "text-empty"),
        (2, "field-invalid"),
        (3, "field-invalid"),
        (4, "image-format-unsupported"),
        (5, "text-too-long"),
        (6, "field-invalid"),
    ]
    assert len(topics.records) == 1


async def test_lines_that_are_broken_lose_only_themselves(http, topics):
    answer = await http.post("/mentions", content=b'{"id":\n' + json.dumps(TEXT).encode() + b"\n\xff\n")
    assert answer.json()["accepted"] == 1
    assert [each["code"] for each in answer.json()["refused"]] == ["json-invalid", "json-invalid"]


async def test_where_nothing_is_taken_the_status_says_so(http):
    answer = await http.post("/mentions", json=[{}])
    assert answer.status_code == 422
    assert answer.json()["refused"][0]["code"] == "field-missing"


async def test_a_token_may_be_held_to_a_source(http, topics):
    bare = {name: value for name, value in TEXT.items() if name != "source"}
    answer = await http.post("/mentions", json=[TEXT, bare], headers={"Authorization": "Bearer forum-only"})
    assert answer.json()["accepted"] == 1
    assert "'forum'" in answer.json()["refused"][0]["detail"]
    assert decode_text(topics.records[0].value, max_chars=99).source == "forum"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic open-sesame", "Bearer \udcff"])
async def test_nobody_sends_without_a_token(topics, known, header):
    async with client(topics) as http:
        named = {"Authorization": header.encode("utf-8", "surrogateescape")}
        answer = await http.post("/mentions", json=[TEXT], headers=named)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not topics.records


async def test_a_token_that_is_revoked_holds_no_longer(http, known, monkeypatch):
    assert (await http.post("/mentions", json=[TEXT])).status_code == 202
    known.clear()
    monkeypatch.setattr(admission, "_KNOWN_FOR", 0.0)
    assert (await http.post("/mentions", json=[TEXT])).status_code == 401


async def test_a_publisher_that_is_too_fast_is_told_how_long_to_wait(topics, known):
    async with client(topics, rate=0.5) as http:
        first = await http.post("/mentions", json=[{**TEXT, "id": str(number)} for number in range(10)])
        second = await http.post("/mentions", json=[TEXT])
        other = await http.post("/mentions", json=[], headers={"Authorization": "Bearer forum-only"})
    assert (first.status_code, second.status_code, other.status_code) == (202, 429, 202)
    assert "`rate` in sources.toml" in second.json()["detail"]
    assert 10 <= int(second.headers["Retry-After"]) <= 13


async def test_bodies_are_bounded_packed_or_not(http, topics):
    many = json.dumps([{**TEXT, "text": "x" * MOST}]).encode()
    assert (await http.post("/mentions", content=many)).status_code == 413

    async def unannounced():
        for start in range(0, len(many), 1000):
            yield many[start : start + 1000]

    assert (await http.post("/mentions", content=unannounced())).status_code == 413
    bomb = gzip.compress(b"[" + b" " * 10**8)
    packed = {"Content-Encoding": "gzip"}
    assert len(bomb) > MOST or (await http.post("/mentions", content=bomb, headers=packed)).status_code == 413
    whole = gzip.compress(json.dumps([TEXT]).encode())
    assert (await http.post("/mentions", content=whole, headers=packed)).json()["accepted"] == 1
    for broken in (whole[:-9], b"no gzip"):
        assert (await http.post("/mentions", content=broken, headers=packed)).status_code == 400
    unknown = {"Content-Encoding": "br"}
    assert (await http.post("/mentions", content=whole, headers=unknown)).status_code == 400
    form = {"Content-Type": "text/csv"}
    assert (await http.post("/mentions", content=b"id,text", headers=form)).status_code == 415


async def test_while_kafka_is_slow_publishers_are_asked_to_wait(http, topics, monkeypatch):
    monkeypatch.setattr("monitor.sources.receiving._ACKNOWLEDGED", 0.01)
    topics.ready.clear()
    others = {"Authorization": "Bearer forum-only"}
    answers = [await http.post("/mentions", json=[TEXT]) for _ in range(6)]
    assert "wait for Kafka" in answers[-1].json()["detail"], "others have room beside it"
    mine = [{**TEXT, "source": "forum"}]
    answers += [await http.post("/mentions", json=mine, headers=others) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {429}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert "wait for Kafka" in answers[-1].json()["detail"]
    topics.ready.set()
    monkeypatch.setattr("monitor.sources.receiving._ACKNOWLEDGED", 10.0)
    while len(topics.records) < 8:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    answer = await http.post("/mentions", json=[TEXT])
    assert answer.status_code == 202


async def test_while_kafka_is_away_publishers_are_told(http, topics):
    topics.fault = OutageError("no broker")
    answer = await http.post("/mentions", json=[TEXT])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "no broker" not in answer.text


async def test_it_describes_itself(http):
    described = (await http.get("/openapi.json")).json()
    schemas = described["components"]["schemas"]
    assert {"TextMention", "ImageMention", "Deletion", "Answer", "RefusedItem"} <= set(schemas)
    responses = described["paths"]["/mentions"]["post"]["responses"]
    assert {"202", "401", "413", "415", "422", "429"} <= set(responses)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2026-11-30T12:00:00Z"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
ITEMS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "source", "text", "published_at", "image", "deleted_at", "kind", "reach", "author"),
        JSON_VALUES,
    ),
)
BODIES = (
    st.binary()
    | st.lists(ITEMS, max_size=4).map(lambda items: json.dumps(items).encode())
    | st.lists(ITEMS, max_size=4).map(lambda items: b"\n".join(json.dumps(one).encode() for one in items))
    | st.tuples(st.just(TEXT), ITEMS).map(lambda two: json.dumps([{**two[0], **two[1]}]).encode())
    | st.integers(1, 3000).map(lambda depth: b'[{"id":' + b"[" * depth)
    | st.integers(1, 3000).map(lambda depth: b"[" * depth + b"]" * depth)
    | st.integers(1, 3000).map(lambda depth: b'[{"id":' + b"[" * depth + b"]" * depth + b"}]")
)


@given(body=BODIES, packed=st.sampled_from(["", "gzip", "deflate"]))
def test_no_body_makes_it_fall(body, packed):
    async def answered() -> tuple[int, list[Outgoing]]:
        topics = Topics()
        tokens = Tokens(None)
        tokens._known, tokens._read_at = {hashed("open-sesame"): Publisher("crm", None)}, float("inf")
        receiving = Receiving(
            *("http", "http", MOST, tokens, Rates(10**6), topics, load_settings(), CollectMetrics()),
        )
        transport = httpx.ASGITransport(make_app(receiving))
        async with httpx.AsyncClient(transport=transport, base_url="http://r", headers=SENT) as http:
            answer = await http.post("/mentions", content=body, headers={"Content-Encoding": packed})
        if answer.status_code == 202:
            assert answer.json()["accepted"] <= len(topics.records)
        return answer.status_code, topics.records

    status, records = asyncio.run(answered())
    assert status in (202, 400, 413, 422)
    for one in records:  # the service takes every one of them
        content_type = dict(one.headers)["content-type"].decode()
        if decode_deletion(one.value, content_type) is None:
            decode = decode_image if one.topic == "image" else lambda v, c: decode_text(v, c, max_chars=10**6)
            assert msgspec.to_builtins(decode(one.value, content_type))


@pytest.mark.parametrize(
    "body", [b"[" + b"1," * 600_000 + b"1]", b"{\n" * 400_000, b'{"a":[' + b"[]," * 300_000]
)
def test_a_body_of_countless_values_is_not_read(body):
    with pytest.raises(DataError, match="500,000 values"):
        read_items(body, "http", None, load_settings())


def test_signs_in_texts_are_no_values():
    body = json.dumps(
        [{**TEXT, "text": ',[{\n"\\' * 20_000, "id": str(number)} for number in range(9)]
    ).encode()
    assert read_items(body, "http", None, load_settings(text_max_chars=10**6)).count == 9


async def test_while_the_database_hangs_who_is_known_may_send(topics, known, monkeypatch):
    monkeypatch.setattr(admission, "_LONGEST", 0.01)
    monkeypatch.setattr(admission, "_KNOWN_FOR", 0.0)
    asked = []
    async with client(topics) as http:
        assert (await http.post("/mentions", json=[TEXT])).status_code == 202

        async def hangs(_: object) -> dict[str, Publisher]:
            asked.append(1)
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(admission, "holding", hangs)
        for _ in range(5):
            assert (await http.post("/mentions", json=[TEXT])).status_code == 202
        assert (
            await http.post("/mentions", json=[], headers={"Authorization": "Bearer x"})
        ).status_code == 401
    assert len(asked) == 1
    async with client(topics) as http:
        assert (await http.post("/mentions", json=[TEXT])).status_code == 503


@pytest.mark.parametrize(("body", "status"), [(b"[]", 202), (b"?", 400)])
async def test_requests_that_hold_nothing_count_for_the_rate(topics, known, body, status):
    async with client(topics, rate=0.01) as http:
        statuses = [(await http.post("/mentions", content=body)).status_code for _ in range(3)]
    assert statuses == [status, 429, 429]
