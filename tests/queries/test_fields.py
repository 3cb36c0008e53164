"""Fields of a mention: what they are compared by."""

import pytest

from monitor.queries import Fields, host_of, parse
from monitor.texts import read

_MENTION = Fields(
    author="Lady Gaga",
    site="sport.bild.de",
    language="en",
    source="twitter",
    images=frozenset({"Red Bull", "VMware"}),
)


@pytest.mark.parametrize(
    ("written", "true"),
    [
        ('author:"lady gaga"', True),
        ('author:"@LADY GÁGA"', True),
        ("author:gaga", False),
        ("site:sport.bild.de", True),
        ("site:bild.de", True),
        ("site:www.bild.de", True),
        ("site:de", True),
        ("site:ild.de", False),
        ("site:news.bild.de", False),
        ("lang:en", True),
        ("lang:EN-us", True),
        ("lang:de", False),
        ("source:Twitter", True),
        ("source:twit", False),
        ('image:"red bull"', True),
        ("image:vmware", True),
        ("image:Red", False),
        ("lang:en AND NOT site:bild.de", False),
        ("lang:de OR image:VMware", True),
    ],
)
def test_a_field_is_compared_without_case_accents_and_width(written: str, true: bool) -> None:
    query = parse(written)
    assert query.matches({}, read(""), _MENTION) is true
    assert query.places({}, read(""), _MENTION) == ()


@pytest.mark.parametrize("written", ["author:x1", "site:x1", "source:x1", "lang:xx", "image:x1"])
def test_a_mention_without_the_field_has_no_value(written: str) -> None:
    assert not parse(written).matches({}, read(""), Fields())


def test_a_handle_is_an_author_with_or_without_its_sign() -> None:
    for written in ("author:nasa", "author:@NASA"):
        for author in ("@NASA", "NASA", " @nasa"):
            assert parse(written).matches({}, read(""), Fields(author=author))


def test_a_host_in_any_spelling_is_one_site() -> None:
    for url in ("https://www.münchen.de/rathaus", "http://xn--mnchen-3ya.de:8080", "MÜNCHEN.de"):
        for written in ("site:münchen.de", "site:xn--mnchen-3ya.de", "site:MÜNCHEN.DE"):
            assert parse(written).matches({}, read(""), Fields(site=host_of(url))), (url, written)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.bild.de/sport?x=1#y", "bild.de"),
        ("http://user:secret@sport.bild.de:8080/", "sport.bild.de"),
        ("bild.de/sport", "bild.de"),
        ("//bild.de", "bild.de"),
        ("https://bild.de.", "bild.de"),
        ("https://xn--mnchen-3ya.de", "münchen.de"),
        ("https://xn--0.de", "xn--0.de"),
        ("http://[", None),
        ("http://", None),
        ("/relative/path", None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_an_address(url: str | None, host: str | None) -> None:
    assert host_of(url) == host
