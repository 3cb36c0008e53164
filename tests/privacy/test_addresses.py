"""Addresses of posts without the names of those who wrote them, and as little changed as that takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.privacy import Pseudonyms
from monitor.privacy.addresses import id_without_names, without_names
from monitor.queries.fields import host_of

KEY = "word-" * 8
ANN = Pseudonyms(KEY)("forum", "ann")
ACCOUNT = Pseudonyms(KEY)("forum", "ann@example.social")


def hidden(name: str) -> str:
    return Pseudonyms(KEY)("forum", name)


@pytest.mark.parametrize(
    ("address", "author", "kept"),
    [
        ("https://x.com/ann/status/17", None, "https://x.com/i/status/17"),
        ("https://twitter.com/Ann/status/17?s=20", "Ann Smith", "https://twitter.com/i/status/17?s=20"),
        (
            "https://www.reddit.com/user/ann/comments/1ab/_/2cd",
            "ann",
            "https://www.reddit.com/comments/1ab/_/2cd",
        ),
        ("https://old.reddit.com/r/u_ann/comments/1ab/", "bob", "https://old.reddit.com/comments/1ab/"),
        ("https://example.social/@Ann/17", "ann@example.social", f"https://example.social/@{ACCOUNT}/17"),
        ("https://example.social/@ann/17", None, f"https://example.social/@{ANN}/17"),
        (
            "https://example.social/users/ann/statuses/17",
            None,
            f"https://example.social/users/{ANN}/statuses/17",
        ),
        ("https://forum.example/ann/17#/u/ann", "Ann", f"https://forum.example/{ANN}/17#/u/{ANN}"),
        ("https://forum.example/show?user=ann&id=17", None, f"https://forum.example/show?user={ANN}&id=17"),
        ("https://forum.example/show?by=%41nn&id=17", "@ann", f"https://forum.example/show?by={ANN}&id=17"),
        ("https://ann:secret@forum.example/17", None, "https://forum.example/17"),
        ("https://home.example/~ann/", None, f"https://home.example/~{ANN}/"),
    ],
)
def test_names_are_gone(address: str, author: str | None, kept: str) -> None:
    assert without_names(address, author, hidden) == kept


@pytest.mark.parametrize("spelt", ["Ann-Smith", "ann_smith", "ann.smith", "annsmith", "Ann%20Smith"])
def test_a_full_name_is_told_as_addresses_spell_it(spelt: str) -> None:
    kept = without_names(f"https://blog.example/{spelt}/17", "Ann Smith", hidden)
    assert kept == f"https://blog.example/{hidden('Ann Smith')}/17"


def test_an_account_that_is_a_did_has_the_author_s_pseudonym() -> None:
    did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
    address = f"https://bsky.app/profile/{did}/post/3k"
    assert without_names(address, did, hidden) == f"https://bsky.app/profile/{hidden(did)}/post/3k"
    assert (
        without_names(f"https://sky.example/{did}/3k", None, hidden)
        == f"https://sky.example/{hidden(did)}/3k"
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://news.example/2026/11/30/vmware-is-bought?ref=rss#top",
        "https://news.ycombinator.com/item?id=17",
        "https://www.reddit.com/r/vmware/comments/1ab/nice/",
        "https://example.social/tags/vmware",
        "HTTPS://News.example/%7Bx%7D?",
        "urn:uuid:1",
        "",
    ],
)
def test_an_address_without_a_name_stays_as_it_is_written(address: str) -> None:
    assert without_names(address, "ann", hidden) == address


@pytest.mark.parametrize(
    ("id", "kept"),
    [
        ("at://did:plc:x/app.bsky.feed.post/3k", f"at://{hidden('did:plc:x')}/app.bsky.feed.post/3k"),
        ("at://ann/app.bsky.feed.post/3k#picture-2", f"at://{ANN}/app.bsky.feed.post/3k#picture-2"),
        ("https://example.social/users/ann/statuses/17", f"https://example.social/users/{ANN}/statuses/17"),
        ("https://example.social/users/ann/1#picture-2", f"https://example.social/users/{ANN}/1#picture-2"),
        ("t3_1ab", "t3_1ab"),
        ("17", "17"),
        ("ann", "ann"),
        ("https://news.example/17", "https://news.example/17"),
        ("https://[ann/", "https://[ann/"),
    ],
)
def test_ids_that_are_addresses_name_nobody(id: str, kept: str) -> None:
    assert id_without_names(id, hidden) == kept
    assert id_without_names(kept, hidden) == kept


def test_ids_stay_short_enough_and_apart() -> None:
    one, other = (id_without_names(f"https://x/@a/{'x' * 495}{end}", hidden) for end in "ab")
    assert len(one) == len(other) == 64
    assert one != other


def test_what_is_no_address_goes() -> None:
    assert without_names("https://[ann/", "ann", hidden) is None


_PARTS = st.sampled_from(["ann", "@ann", "users", "bob", "17", "", "a%20b", "status", "did:plc:x"])


@given(
    st.lists(_PARTS, max_size=6),
    st.lists(_PARTS, max_size=2),
    st.sampled_from([None, "ann", "@Ann", "ann@x"]),
)
def test_it_is_done_once_for_all_and_the_host_stays(
    path: list[str], query: list[str], author: str | None
) -> None:
    address = f"https://forum.example/{'/'.join(path)}?by={'&user='.join(query)}"
    once = without_names(address, author, hidden)
    assert once is not None
    assert without_names(once, author and hidden(author), hidden) == once
    assert host_of(once) == "forum.example"
    if author:
        assert "ann" not in once.split("/")
