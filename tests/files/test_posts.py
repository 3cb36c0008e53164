"""The address of a post says which one it is, however it was copied."""

import pytest

from monitor.files.posts import ADDRESS, PLATFORM, POST, named, platform


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://x.com/ada/status/17680", ("x", "17680")),
        ("http://twitter.com/ada/statuses/17680?s=20", ("x", "17680")),
        ("https://mobile.twitter.com/i/web/status/17680/photo/1", ("x", "17680")),
        ("https://www.reddit.com/r/vmware/comments/1bD9xyz/a_title/", ("reddit", "t3_1bd9xyz")),
        ("https://old.reddit.com/r/vmware/comments/1bd9xyz", ("reddit", "t3_1bd9xyz")),
        ("https://reddit.com/r/vmware/comments/1bd9xyz/a_title/kz1/?context=3", ("reddit", "t1_kz1")),
        ("https://www.reddit.com/user/kim/comments/1bd9xyz/on_my_page/", ("reddit", "t3_1bd9xyz")),
        (
            "https://bsky.app/profile/did:plc:abc/post/3k2",
            ("bluesky", "at://did:plc:abc/app.bsky.feed.post/3k2"),
        ),
        ("https://news.ycombinator.com/item?id=39", ("hackernews", "39")),
    ],
)
def test_an_address_of_a_post_names_it(address: str, expected: tuple[str, str]) -> None:
    cells = named(address)
    assert (cells[PLATFORM], cells[POST]) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://x.com/ada",
        "https://notx.com/ada/status/17680",
        "https://x.com.example.org/ada/status/17680",
        "https://www.reddit.com/r/vmware/",
        "https://bsky.app/profile/kim.example/post/3k2",  # a name may change hands, a DID does not
        "https://[broken/ada/status/1",
        "news.example.de/a",
    ],
)
def test_any_other_address_is_an_id_by_itself(address: str) -> None:
    assert named(address) == {ADDRESS: address}


@pytest.mark.parametrize(
    "address", [None, "", 7, f"https://example.org/{'a' * 500}", "https://example.org/\a"]
)
def test_what_cannot_be_an_id_is_none(address: object) -> None:
    assert named(address) == {}


def test_platforms_have_one_name() -> None:
    assert {platform(word) for word in ("Twitter", "X", "x (formerly Twitter)", " twitter ")} == {"x"}
    assert platform("Reddit") == "reddit"
