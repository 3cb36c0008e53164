"""What becomes of items: for any history, cut into any pages, killed anywhere, the topics say what the
platform shows."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.publishing.records import Outgoing, Refused
from monitor.sources.interface import AuthorGone, Gone, Item, Page, Post, Skipped
from monitor.sources.pictures import PictureError
from monitor.sources.publication import Publication
from monitor.sources.records import Records
from monitor.storage.collectors import Barred, Change, Collected, Tally
from tests.sources.conftest import said
from tests.sources.pictures import png

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


class Memory:
    """What is published, as the database would have it."""

    def __init__(self) -> None:
        self.posts: dict[str, Collected] = {}
        self.deleted: set[str] = set()
        self.before: datetime | None = None

    async def known(self, names: Collection[str], authors: Collection[str]) -> list[Collected]:
        return [
            each
            for each in self.posts.values()
            if each.id in names or set(each.aliases) & set(names) or each.author_id in authors
        ]

    async def barred(self, ids: Collection[str]) -> Barred:
        return Barred(frozenset(self.deleted & set(ids)), self.before)

    def save(self, change: Change) -> None:
        self.posts.update({each.id: each for each in change.known})
        for id in change.gone:
            self.posts.pop(id, None)


class Topics:
    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    async def send(self, records: Sequence[Outgoing]) -> list[Refused]:
        self.records += records
        return []

    def kept(self) -> dict[tuple[str, str], Any]:
        """What a worker would keep: texts, and pictures by their bytes."""
        found: dict[tuple[str, str], Any] = {}
        for one in self.records:
            message = said(one.topic, one.value, dict(one.headers)["content-type"].decode())
            if hasattr(message, "deleted_at"):
                found.pop((one.topic, message.id), None)
            else:
                found[one.topic, message.id] = message.text if one.topic == "text" else message.image
        return found


class Shown:
    """Pictures by address: what a number says, `gone` or `away`."""

    async def fetch(self, address: str) -> bytes:
        if address in ("gone", "away"):
            raise PictureError(address, gone=address == "gone")
        return png(int(address))


class Bench:
    def __init__(self, only: BrandMatcher | None = None, shown: Callable[[str], str] = str) -> None:
        self.topics, self.memory = Topics(), Memory()
        self.publication = Publication(Records("forum", 1000), Shown(), self.topics, only, shown)  # type: ignore[arg-type]

    def take(self, *items: Item, saved: bool = True) -> Tally:
        change = asyncio.run(self.publication.publish(Page(items=items), self.memory, LATER))  # type: ignore[arg-type]
        if saved:
            self.memory.save(change)
        return change.tally

    @property
    def kept(self) -> dict[tuple[str, str], Any]:
        return self.topics.kept()


def post(id: str = "a", text: str = "VMware", *pictures: str, **given_: Any) -> Post:
    return Post(id=id, text=text, published_at=NOON, pictures=pictures, **given_)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_post_is_a_text_and_its_pictures(bench):
    assert bench.take(post("a", "VMware", "1", "2")) == Tally(posts=1, pictures=2)
    assert bench.kept == {("text", "a"): "VMware", ("image", "a"): png(1), ("image", "a#picture-2"): png(2)}
    assert bench.take(Gone(id="a", deleted_at=LATER)) == Tally(deletions=1)
    assert bench.kept == {}
    assert bench.memory.posts == {}


def test_no_post_meets_another_ones_picture(bench):
    """Addresses with a number behind # are ids of feeds' entries."""
    taken = bench.take(
        post("a", "VMware", "1", "2"), post("a#2", "Nike", "3"), post("a#picture-2", "Puma", "4")
    )
    assert taken == Tally(posts=2, pictures=3, skipped=1)
    bench.take(Gone(id="a#2", deleted_at=LATER))
    assert bench.kept == {("text", "a"): "VMware", ("image", "a"): png(1), ("image", "a#picture-2"): png(2)}


def test_pictures_of_a_post_with_the_longest_id_there_is_come_and_go(bench):
    id = "a" * 512
    assert bench.take(post(id, "VMware", "1", "2")) == Tally(posts=1, pictures=2)
    assert len(bench.kept) == 3
    bench.take(Gone(id=id, deleted_at=LATER))
    assert bench.kept == {}


def test_a_post_may_be_a_picture_alone(bench):
    bench.take(post("a", " ", "1"))
    assert bench.kept == {("image", "a"): png(1)}


def test_an_edit_takes_away_what_it_shows_no_more(bench):
    bench.take(post("a", "VMware", "1", "2", "3"))
    bench.take(post("a", "", "4", edited=True))
    assert bench.kept == {("image", "a"): png(4)}
    bench.take(post("a", "Said otherwise", edited=True))
    assert bench.kept == {("text", "a"): "Said otherwise"}


def test_a_picture_that_cannot_be_had_now_stays_and_one_that_is_none_goes(bench):
    bench.take(post("a", "VMware", "1", "2"))
    tally = bench.take(post("a", "VMware", "away", "gone", edited=True))
    assert tally == Tally(posts=1, lost_pictures=2)
    assert bench.kept == {("text", "a"): "VMware", ("image", "a"): png(1)}


def test_what_comes_again_is_not_sent_again(bench):
    bench.take(post("a", "VMware", "1"))
    assert bench.take(post("a", "VMware", "1")) == Tally()
    assert bench.take(post("b"), post("b")) == Tally(posts=1)


def test_deletions_of_what_was_never_published_cost_nothing(bench):
    gone = Gone(id="a", deleted_at=LATER)
    assert bench.take(gone, AuthorGone(author_id="x", deleted_at=LATER)) == Tally()
    assert bench.topics.records == []


def test_an_author_goes_with_all_posts_also_those_of_this_page(bench):
    bench.take(post("a", author_id="x"), post("b", author_id="y"))
    bench.take(
        post("c", author_id="x"), AuthorGone(author_id="x", deleted_at=LATER), post("d", author_id="x")
    )
    assert set(bench.kept) == {("text", "b"), ("text", "d")}


def test_a_post_is_deleted_by_any_of_its_aliases(bench):
    bench.take(post("a", alias="one/1"))
    bench.take(post("a", alias="two/7"))
    bench.take(Gone(id="two/7", deleted_at=LATER))
    assert bench.kept == {}
    bench.take(post("b", alias="one/2"), Gone(id="one/2", deleted_at=LATER))
    assert bench.kept == {}


def test_only_posts_that_name_a_brand_and_those_that_did():
    bench = Bench(BrandMatcher(Brands((Brand(name="VMware"),))))
    assert bench.take(post("a"), post("b", "Nothing to see")) == Tally(posts=1)
    bench.take(post("a", "Said otherwise", edited=True), post("b", "VMware, now", edited=True))
    assert bench.kept == {("text", "a"): "Said otherwise", ("text", "b"): "VMware, now"}


def test_what_was_deleted_here_or_is_older_than_is_kept_is_not_collected_again(bench):
    bench.memory.deleted, bench.memory.before = {"a"}, NOON
    old = Post(id="b", text="VMware", published_at=NOON - timedelta(seconds=1))
    assert bench.take(post("a"), old, post("c"), post("a", edited=True)) == Tally(posts=1)
    assert set(bench.kept) == {("text", "c")}


@pytest.mark.parametrize(
    "wrong",
    [
        post("", "VMware"),
        post("a\0", "VMware"),
        post("x" * 600, "VMware"),
        post("a\ud800"),
        post("a", " "),
        post("a", "\ud800"),
        post("a", reach=-1),
        Post(id="a", text="VMware", published_at=NOON.replace(tzinfo=None)),
        Post(id="a", text="VMware", published_at=datetime(1, 1, 1, tzinfo=UTC)),
        Skipped(where="a", reason="no date"),
    ],
)
def test_what_the_service_would_refuse_is_skipped_and_the_rest_goes_on(bench, wrong):
    assert bench.take(wrong, post("z")) == Tally(posts=1, skipped=1)
    assert set(bench.memory.posts) == {"z"}


def test_what_else_a_platform_says_is_left_out_where_no_database_takes_it(bench):
    bench.take(post("a", author="\0", author_id="\0", alias="\ud800", url=" "))
    assert set(bench.kept) == {("text", "a")}
    assert bench.memory.posts["a"] == Collected(id="a", published_at=NOON)
    bench.take(Gone(id="\0", deleted_at=LATER), AuthorGone(author_id="\ud800", deleted_at=LATER))


def test_a_long_text_is_cut(bench):
    bench.take(post("a", "VMware " * 1000))
    assert len(bench.kept["text", "a"]) == 1000


def test_a_deletion_whose_moment_makes_no_sense_is_one_all_the_same(bench):
    bench.take(post("a"), post("b"))
    bench.take(Gone(id="a", deleted_at=NOON.replace(tzinfo=None)))
    bench.take(Gone(id="b", deleted_at=datetime(1, 1, 1, tzinfo=UTC)))
    assert bench.kept == {}


def test_records_that_are_ready_go_as_they_are(bench):
    ready = Outgoing("row 1", "text", b"1", b"{}", (("content-type", b"application/json"),))
    assert bench.take(ready) == Tally(posts=1)
    assert bench.topics.records == [ready]


IDS = st.sampled_from("abcd")
EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"),
            IDS,
            st.sampled_from(["", "one", "two"]),
            st.lists(st.sampled_from("123"), max_size=3),
        ),
        st.tuples(st.just("delete"), IDS, st.just(""), st.just([])),
        st.tuples(st.just("leave"), st.sampled_from("xy"), st.just(""), st.just([])),
    ),
    max_size=20,
)


@given(events=EVENTS, cuts=st.lists(st.integers(0, 20)), kills=st.sets(st.integers(0, 10)))
def test_whatever_happens_the_topics_say_what_the_platform_shows(events, cuts, kills):
    shown: dict[str, tuple[str, tuple[str, ...]]] = {}
    items: list[Item] = []
    for what, name, text, pictures in events:
        if what == "write":
            if text or pictures or name in shown:
                items.append(post(name, text, *pictures, author_id="xy"[name in "ab"], edited=name in shown))
                shown[name] = text, tuple(pictures)
        elif what == "delete":
            items.append(Gone(id=name, deleted_at=LATER))
            shown.pop(name, None)
        else:
            items.append(AuthorGone(author_id=name, deleted_at=LATER))
            shown = {id: said for id, said in shown.items() if "xy"[id in "ab"] != name}
    bench, starts = Bench(), sorted({0, *(cut for cut in cuts if cut < len(items))})
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(items)], strict=True)):
        if number in kills:  # after it was sent, before it was saved
            bench.take(*items[start:end], saved=False)
        bench.take(*items[start:end])
    expected: dict[tuple[str, str], Any] = {}
    for id, (text, pictures) in shown.items():
        if text:
            expected["text", id] = text
        for number, address in enumerate(pictures, 1):
            expected["image", id if number == 1 else f"{id}#picture-{number}"] = png(int(address))
    assert bench.kept == expected
    assert set(bench.memory.posts) == set(shown)


def hidden(id: str) -> str:
    return id.replace("ann", "somebody")


def test_a_post_is_published_edited_and_deleted_by_the_id_that_is_shown() -> None:
    bench = Bench(shown=hidden)
    bench.take(post("ann/1", "VMware", "1", "2"), post("ann/2", "Nike", alias="s/2"), post("3", "Puma"))
    assert {id for _, id in bench.kept} == {"somebody/1", "somebody/1#picture-2", "somebody/2", "3"}
    assert set(bench.memory.posts) == {"somebody/1", "somebody/2", "3"}
    assert bench.take(post("ann/1", "VMware", "1", "2")) == Tally()
    bench.take(post("ann/1", "VMware!", "1", edited=True))
    assert ("image", "somebody/1#picture-2") not in bench.kept
    assert bench.kept["text", "somebody/1"] == "VMware!"
    bench.take(Gone(id="ann/1", deleted_at=LATER), Gone(id="s/2", deleted_at=LATER))
    assert bench.kept == {("text", "3"): "Puma"}


def test_what_was_published_by_its_own_id_before_keeps_it() -> None:
    """And is not published a second time, by another one."""
    bench = Bench()
    bench.take(post("ann/1", "VMware"), post("ann/2", "Nike"), post("ann/3", "Puma", author_id="ann"))
    bench.memory.deleted.add("ann/4")
    bench.publication = Publication(Records("forum", 1000), Shown(), bench.topics, None, hidden)  # type: ignore[arg-type]
    bench.take(post("ann/1", "VMware!", edited=True), post("ann/2", "Nike"), post("ann/4", "Asics"))
    assert bench.kept == {("text", "ann/1"): "VMware!", ("text", "ann/2"): "Nike", ("text", "ann/3"): "Puma"}
    bench.take(Gone(id="ann/1", deleted_at=LATER), AuthorGone(author_id="ann", deleted_at=LATER))
    assert bench.kept == {("text", "ann/2"): "Nike"}
    bench.take(post("ann/5", "Fila"))
    assert ("text", "somebody/5") in bench.kept


def test_what_was_forgotten_by_the_id_that_is_shown_stays_away() -> None:
    bench = Bench(shown=hidden)
    bench.memory.deleted.add("somebody/1")
    bench.take(post("ann/1", "VMware"))
    assert bench.kept == {}
