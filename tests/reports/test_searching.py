"""A search finds the mentions of which the query is true: no more, no fewer, in order, however it is cut."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.messages import Box, Detection, ImageMention, Sentiment, TextMention, mention_uuid
from monitor.queries import Fields, Query, host_of, parse
from monitor.queries.tree import Field, Near, Node, Says, all_of, any_of, none_of
from monitor.reports import searching
from monitor.reports.filters import Filter
from monitor.reports.listing import Listed, Order
from monitor.reports.searching import Limits, find
from monitor.settings import load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, ImageResult, PictureRef, RecordPosition, Result, TextResult
from monitor.storage.rows import LOOK_AT_TEXT
from monitor.storage.writer import BatchWriter
from monitor.texts import Term, Terms, read
from tests.examples import dear

STANDARD = Limits()
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVER = Filter(NOON - timedelta(days=400), NOON + timedelta(days=1))
BRANDS = Brands((Brand("Nike", logos=("nike",)), Brand("Red Bull"), Brand("スズキ")))

# Source, author, address, language, what was said.
SAID: tuple[tuple[str, str | None, str | None, str, str], ...] = (
    ("forum", "ann", "https://forum.example/1", "en", "Red Bull gives you wings, says Nike"),
    ("forum", "@Bob", "https://www.forum.example/2", "en", "red-bull and #RedBull, but no redbulls"),
    (
        "news",
        "The Daily",
        "https://news.example.co.uk/a",
        "en",
        "Nike announces: the Apple Watch, an apple a day",
    ),
    ("news", "Öztürk", "https://xn--mnchen-3ya.example/", "de", "Die Straße nach München, sehr schön, groß"),
    ("Twitter", "eve", None, "ja", "今朝は川辺のススキがきれいだった"),
    ("Twitter", "eve", None, "ja", "新しいスズキスイフトが好き😀 スズキ株式会社"),
    ("weibo", None, "http://weibo.example/x?喜欢", "zh", "我喜欢这个新手机，真的很喜欢"),
    ("weibo", None, None, "zh", "喜\u200b欢 苹果公司"),
    ("naver", "김", None, "ko", "현대자동차는 좋다, 현대의 새 차"),
    ("forum", "raj", None, "hi", "मुझे यह फ़ोन पसंद है, कंपनी अच्छी है"),
    ("forum", "somchai", None, "th", "ฉันชอบกินข้าวที่กรุงเทพ Nike ดีมาก"),
    ("forum", "ali", None, "ar", "أنا أُحِبُّ هذه الشركة كثيراً"),
    (
        "forum",
        "cy",
        "https://sub.forum.example/9",
        "en",
        "AT&amp;T is down, isn&rsquo;t it? VMware™ and VMware²",
    ),
    ("blog", "zoe", "https://blog.example", "fr", "Le café du coin, un déjà-vu; cafe sans accent"),
    ("blog", "zoe", "https://blog.example", "und", "😀😀 👍🏽 ❶❷ ½cup"),
    ("blog", None, None, "en", "see https://nike.example/red-bull?apple=1 or mail nike@apple.example"),
    ("forum", "ann", None, "en", "one two three four five six seven eight nine ten apple"),
    ("forum", "dan", None, "en", "the console is slow, the support never answers; C++ and .NET in Co-op"),
    ("forum", "dan", None, "en", "𝗡𝗶𝗸𝗲 in bold, Ｎｉｋｅ wide, N\u00adike soft"),
    ("forum", "dan", None, "ru", "Яблоко и ёлка, Москва слезам не верит"),
    ("forum", "dan", None, "el", "Ο Νίκος αγαπά τα μήλα της ΑΘΗΝΑΣ"),
    ("forum", "dan", None, "en", "kana with a mark: スズキ\u0301 and \u0301abc aิabc กิabc"),
    ("forum", "dan", None, "en", "x" * 70 + " " + "y" * 70 + "z apple"),
    ("forum", "dan", None, "en", "_apple_ apple_watch watch-apple apple–watch apple・watch apple  watch"),
    ("forum", "=1+1", None, "en", ""),
)
CAPTIONS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    ("What a booth of Nike", ("Nike",)),
    (None, ("Nike", "スズキ")),
    ("red bull", ()),
    ("喜欢", ("Red Bull",)),
)


@dataclass(frozen=True)
class Said:
    """A mention of the corpus."""

    id: uuid.UUID
    text: str
    published_at: datetime
    reach: int | None
    fields: Fields


def corpus() -> list[tuple[Result, Said]]:
    """Each twice, a day apart, so that pages end among equals."""
    made: list[tuple[Result, Said]] = []
    for turn in range(2):
        for n, (source, author, url, language, said) in enumerate(SAID):
            id, at = f"t{turn}-{n}", NOON - timedelta(days=turn, hours=n % 5)
            reach = None if n % 4 == 0 else n % 3
            mention = TextMention(
                id=id, source=source, text=said, published_at=at, author=author, url=url, reach=reach
            )
            result = TextResult(
                position=RecordPosition(topic="mentions.text", partition=0, offset=len(made), timestamp=NOON),
                mention=mention,
                sentiment=Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1),
                brands=(),
                model_version="sentiment@1",
                language=language,
                words=tuple(read(said).lexemes()),
            )
            fields = Fields(author=author, site=host_of(url), language=language, source=source)
            made.append((result, Said(mention_uuid("text", source, id), said, at, reach, fields)))
        for n, (caption, shown) in enumerate(CAPTIONS):
            id, at = f"p{turn}-{n}", NOON - timedelta(days=turn, minutes=n)
            sha256 = hashlib.sha256(f"{n}".encode()).hexdigest()
            made.append(
                (
                    ImageResult(
                        position=RecordPosition(
                            topic="mentions.image", partition=0, offset=len(made), timestamp=NOON
                        ),
                        mention=ImageMention(
                            id=id, source="photos", image=b"", published_at=at, caption=caption, author="pia"
                        ),
                        picture=PictureRef(
                            sha256=sha256,
                            media_type="image/png",
                            width=10,
                            height=10,
                            n_bytes=10,
                            url="file:///none",
                        ),
                        detections=tuple(
                            Detection(brand=brand, score=0.9, box=Box(0.1, 0.1, 0.2 + k / 10, 0.2), look=0.9)
                            for k, brand in enumerate(shown)
                        ),
                        model_version="logos@1",
                        words=tuple(read(caption or "").lexemes()),
                    ),
                    Said(
                        mention_uuid("image", "photos", id),
                        caption or "",
                        at,
                        None,
                        Fields(author="pia", source="photos", images=frozenset(shown)),
                    ),
                )
            )
    return made


CORPUS = [said for _, said in corpus()]


@pytest.fixture(scope="module")
def stored(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Connection]:
    import asyncio

    name = f"searched_{uuid.uuid4().hex[:12]}"
    configured = load_settings(database_url=database_server.copy(migrated, name))

    async def write() -> None:
        workers = async_engine(configured)
        writer = BatchWriter(workers, BRANDS)
        await writer.prepare()
        await writer.write(Batch(log_id="c", results=tuple(result for result, _ in corpus())))
        await workers.dispose()

    asyncio.run(write())
    engine = sync_engine(configured)
    with engine.begin() as connection:
        # Some that nobody has read yet, and some whose words were too many to be stored.
        ids = [said.id for said in CORPUS]
        connection.execute(text("UPDATE mention SET words = NULL WHERE id = ANY(:ids)"), {"ids": ids[::7]})
        connection.execute(
            text("UPDATE mention SET words = array_to_tsvector(ARRAY[:look]) WHERE id = ANY(:ids)"),
            {"ids": ids[3::11], "look": LOOK_AT_TEXT},
        )
        connection.execute(text("ANALYZE mention"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    database_server.drop(name)


def expected(query: Query, order: Order) -> list[uuid.UUID]:
    """What reading every mention gives."""
    terms = Terms(query.terms)
    true = []
    for said in CORPUS:
        reading = read(said.text)
        if query.matches(terms.find(reading), reading, said.fields):
            true.append(said)
    if order == "reach":
        true.sort(key=lambda said: (-1 if said.reach is None else said.reach, said.id), reverse=True)
    else:
        true.sort(key=lambda said: (said.published_at, said.id), reverse=order == "newest")
    return [said.id for said in true]


def found(
    connection: Connection, query: Query, order: Order, limits: Limits = STANDARD, limit: int = 1000
) -> list[uuid.UUID]:
    """What one search after the other gives."""
    listed = Listed(chosen=EVER, order=order)
    ids: list[uuid.UUID] = []
    place = None
    for _ in range(2000):
        some = find(connection, query, listed, limit, place, limits)
        ids += some.ids
        if len(some.ids) == limit:
            last = next(said for said in CORPUS if said.id == ids[-1])
            place = listed.place(last, last.id)
        elif some.stopped_at is not None:
            assert some.looked_at > 0
            place = listed.place(some.stopped_at, some.stopped_at.id)
        else:
            return ids
    raise AssertionError("the search does not end")


WORDS = sorted(
    {
        word
        for said in CORPUS
        for word in (*said.text.split(), *read(said.text).lexemes())
        if word and "//" not in word
    }
    | {
        "red bull",
        "apple watch",
        "喜欢",
        "苹果",
        "スズキ",
        "ススキ",
        "현대",
        "😀",
        "AT&T",
        "C++",
        "isn't",
        "cafe",
        "ΑΘΗΝΑΣ",
    }
    | {"#redbull", "@bob", "watch", "one two three four five six", "déjà vu", "nowhere", "VMware", "abc", "ช"}
)


@st.composite
def terms(draw: st.DrawFn) -> Node:
    """A term that can be compiled: of the corpus, whole or a part of it."""
    word = draw(st.sampled_from(WORDS))
    cut = draw(st.integers(1, 80))
    if draw(st.booleans()):
        word = word[:cut]
    kind = draw(st.sampled_from(("plain", "plain", "prefix", "exact", "wild")))
    if kind == "wild" and len(word) > 3:
        word = word[:2] + "?" + word[3:]
    term = Term(word, prefix=kind == "prefix", exact=kind == "exact", wild=kind == "wild" and "?" in word)
    try:
        Terms([term])
    except ValueError:
        return Says(Term("nike"))
    return Says(term)


FIELDS = st.sampled_from(
    (
        *(Field("author", name) for name in ("ann", "bob", "öztürk", "pia", "=1+1")),
        *(Field("lang", code) for code in ("en", "ja", "und", "xx")),
        *(Field("source", name) for name in ("forum", "TWITTER", "photos", "none")),
        *(Field("site", host) for host in ("forum.example", "münchen.example", "co.uk")),
        *(Field("image", brand) for brand in ("nike", "スズキ", "RED BULL", "none")),
    )
)


def nodes() -> st.SearchStrategy[Node]:
    in_text = st.recursive(
        terms(),
        lambda inner: st.one_of(
            st.builds(Near, inner, inner, st.integers(0, 6), st.booleans()),
            st.lists(inner, min_size=2, max_size=3).map(any_of),
        ),
        max_leaves=4,
    )
    return st.recursive(
        st.one_of(in_text, in_text, FIELDS),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(all_of),
            st.lists(inner, min_size=2, max_size=3).map(any_of),
            inner.map(none_of),
        ),
        max_leaves=6,
    )


LIMITS = st.builds(
    Limits,
    walked=st.integers(1, 80),
    read=st.integers(1, 80),
    indexed=st.integers(0, 80),
    beginning=st.integers(0, 80),
    step=st.integers(1, 30),
)


@settings(max_examples=dear(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    root=nodes(),
    order=st.sampled_from(("newest", "oldest", "reach")),
    limits=LIMITS,
    limit=st.integers(1, 60),
)
def test_a_search_finds_what_the_query_is_true_of(stored, root, order, limits, limit):
    query = Query(root)
    assert found(stored, query, order, limits, limit) == expected(query, order)


@pytest.mark.parametrize(
    ("query", "chosen", "number"),
    [
        ("source:forum", {"sources": ("news",)}, 0),
        ("source:NEWS", {"sources": ("news", "forum")}, 4),
        ("source:nowhere", {}, 0),
        ("lang:de", {"languages": ("en",)}, 0),
        ("lang:de", {"languages": ("de", "en")}, 2),
        ("image:Nike", {"kinds": ("text",)}, 0),
        ("image:Nike", {}, 4),
        ("image:Nike", {"brands": ("スズキ",)}, 2),
        ("image:nobody", {}, 0),
        ("NOT image:Nike", {"kinds": ("image",)}, 4),
        ("image:Nike OR 苹果", {}, 6),
    ],
)
def test_what_is_chosen_and_what_is_sought_hold_both(stored, query, chosen, number):
    listed = Listed(chosen=msgspec.structs.replace(EVER, **chosen), order="newest")
    assert len(find(stored, parse(query), listed, 1000).ids) == number


def test_with_a_label_no_brand_is_chosen_behind_its_back(stored):
    listed = Listed(chosen=EVER, order="newest", label="neutral")
    assert find(stored, parse("image:Nike"), listed, 10).ids == []  # pictures have no label
    assert len(find(stored, parse("apple"), listed, 1000).ids) == len(expected(parse("apple"), "newest"))


def test_a_limit_is_told_with_the_last_mention_looked_at(stored):
    listed = Listed(chosen=EVER, order="newest")
    found = find(stored, parse("nowhere NEAR/3 apple OR xyz"), listed, 10, None, Limits(walked=7, step=5))
    assert (found.ids, found.looked_at) == ([], 7)
    assert found.stopped_at is not None
    newest = sorted(CORPUS, key=lambda said: (said.published_at, said.id), reverse=True)
    assert found.stopped_at.id == newest[6].id


def test_a_label_that_few_have_is_looked_for_no_further_than_the_limit(stored):
    listed = Listed(chosen=EVER, order="newest", label="negative")  # all are neutral
    found = find(stored, parse("apple"), listed, 10, None, Limits(walked=7, step=5))
    assert (found.ids, found.looked_at, found.stopped_at is not None) == ([], 7, True)


def test_of_long_texts_fewer_are_read(stored, monkeypatch):
    listed = Listed(chosen=EVER, order="newest")
    one, ten = (find(stored, parse("apple"), listed, 20, None, Limits(read=read)) for read in (1, 10))
    assert one.looked_at < ten.looked_at
    monkeypatch.setattr(searching, "_CHARS", 1)  # so that those of the corpus are long
    long = find(stored, parse("apple"), listed, 20, None, Limits(read=10))
    assert (long.ids, long.looked_at, long.stopped_at) == (one.ids, one.looked_at, one.stopped_at)
