"""Exports of other programs, written after their documentation: what becomes of each row.

No file here comes from an account of theirs; docs/importing.md says which pages they were written after.
"""

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.files.interface import Beside, LeftOut, Opened, Row, Vendor
from monitor.files.mentions import text_mentions
from monitor.files.opening import open_file
from monitor.files.reading import Wishes, understand
from monitor.files.vendors import VENDORS
from monitor.messages import ImageMention, TextMention
from monitor.publishing import Defaults, Outgoing, Refused
from tests.files.books import Dated, book, sheet_of

EXPORTS = Path(__file__).parent / "exports"
NO_TEXT = "no text in the export"
NOT_BESIDE = "a picture that is not beside the file"
PICTURES = Path(__file__).parents[2] / "samples" / "pictures"


def vendor_of(path: Path) -> str:
    (vendor,) = (vendor for vendor in VENDORS if vendor.recognises(open_file(path)))
    return vendor.name


def read(path: Path, zone: str | None = None) -> tuple[list[TextMention], list[str]]:
    """The mentions that are published of a file, and why rows were left out or refused."""
    opened = open_file(path)
    (vendor,) = (vendor for vendor in VENDORS if vendor.recognises(opened))
    mentions, others = [], []
    for record in published(vendor, opened, path, zone):
        if isinstance(record, Outgoing):
            mentions.append(msgspec.json.decode(record.value, type=TextMention))
        else:
            others.append(record.reason if isinstance(record, LeftOut) else str(record.error))
    return mentions, others


def published(vendor: Vendor, opened: Opened, path: Path, zone: str | None) -> Iterator[Any]:
    columns = vendor.columns(opened)
    if zone is not None:
        columns = replace(columns, zone=zone)
    rows = vendor.rows(opened, Beside(folder=path.parent))
    return text_mentions(rows, columns, Defaults(source="upload"), max_chars=10_000, file=path)


def said(mention: TextMention) -> tuple[Any, ...]:
    at = mention.published_at.isoformat().replace("+00:00", "Z")
    return (mention.source, mention.id, at, mention.author, mention.lang, mention.reach, mention.text)


@pytest.mark.parametrize(
    ("file", "vendor"),
    [
        ("brandwatch.csv", "brandwatch"),
        ("meltwater.csv", "meltwater"),
        ("meltwater-earlier.csv", "meltwater"),
        ("talkwalker.csv", "talkwalker"),
        ("talkwalker.json", "talkwalker"),
        ("x/tweets.js", "x-archive"),
        ("x/like.js", "x-archive"),
        ("reddit-listing.json", "reddit"),
        ("reddit-comments.json", "reddit"),
        ("reddit-dump.jsonl", "reddit"),
        ("reddit_account/posts.csv", "reddit"),
        ("reddit_account/comments.csv", "reddit"),
        ("outbox.json", "mastodon"),
        ("statuses.json", "mastodon"),
    ],
)
def test_each_is_recognised_by_its_vendor_alone_whatever_it_is_called(
    file: str, vendor: str, tmp_path: Path
) -> None:
    renamed = tmp_path / f"export{Path(file).suffix}"
    shutil.copy(EXPORTS / file, renamed)
    assert vendor_of(renamed) == vendor


@pytest.mark.parametrize("file", ["texts.jsonl", "pictures.jsonl"])
def test_our_own_messages_are_nobodys_export(file: str) -> None:
    opened = open_file(Path(__file__).parents[2] / "samples" / file)
    assert not any(vendor.recognises(opened) for vendor in VENDORS)


BRANDWATCH = [
    (
        *("x", "1768000000000000001", "2026-03-13T20:00:00Z", "ada_ops", "en", 1200),
        "VMware Horizon rocks, we moved\n400 desktops in a night",
    ),
    (
        *("reddit", "t3_1bd9xyz", "2026-03-14T07:15:00Z", "u_kim", "en", None),
        'Horizon or Citrix?\n\nWe compare both, and the "licence" is what decides',
    ),
    (
        *("news", "nw-1", "2026-03-15T09:00:00Z", None, "de", 45210),
        "VMware nennt neue Preise\n\nDie Preise steigen um ein Drittel. Kunden sind verärgert.",
    ),
    (
        *("blog", "https://blog.example.de/kopie", "2026-03-15T09:00:00Z", "Eva Kraft", "de", 310),
        "VMware nennt neue Preise\n\nDie Preise steigen",
    ),
]


def test_brandwatch() -> None:
    mentions, others = read(EXPORTS / "brandwatch.csv")
    assert [said(mention) for mention in mentions] == BRANDWATCH
    assert others == [NO_TEXT]
    assert mentions[2].url == "https://news.example.de/vmware-preise?id=7"


def test_brandwatch_as_a_spreadsheet(tmp_path: Path) -> None:
    """The same rows as XLSX, dates and numbers as such."""
    with (EXPORTS / "brandwatch.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [[cell_of(cell) for cell in row] for row in csv.reader(file)]
    (tmp_path / "mentions.xlsx").write_bytes(book(Sheet0=sheet_of(rows)))
    assert vendor_of(tmp_path / "mentions.xlsx") == "brandwatch"
    mentions, others = read(tmp_path / "mentions.xlsx")
    assert [said(mention) for mention in mentions] == BRANDWATCH
    assert others == [NO_TEXT]


def cell_of(text: str) -> str | float | None:
    if re.fullmatch(r"\d{1,6}", text):
        return int(text)
    if re.fullmatch(r"2026-\d\d-\d\d [\d:.]+", text):
        return Dated((datetime.fromisoformat(text) - datetime(1899, 12, 30)) / timedelta(days=1))
    return text or None


def test_brandwatch_in_a_zone_that_it_does_not_name(tmp_path: Path) -> None:
    named = (EXPORTS / "brandwatch.csv").read_text("utf-8-sig")
    (tmp_path / "export.csv").write_text(named.replace(" UTC ", " BST "))
    _, others = read(tmp_path / "export.csv")
    assert sum("names no zone" in reason and "--zone" in reason for reason in others) == 4
    mentions, _ = read(tmp_path / "export.csv", zone="Europe/London")
    assert [mention.published_at.hour for mention in mentions] == [20, 7, 9, 9]


def test_meltwater() -> None:
    mentions, others = read(EXPORTS / "meltwater.csv", zone="Europe/Berlin")
    assert [said(mention) for mention in mentions] == [
        (
            *("x", "1768000000000000001", "2026-03-13T19:00:00Z", "ada_ops", "en", 310),
            "VMware Horizon rocks, we moved 400 desktops in a night",
        ),
        (
            *("online news", "1773565200000_Kx2", "2026-03-15T08:00:00Z", "Jo Blum", "de", 45210),
            "VMware nennt neue Preise\n\nDie Preise steigen um ein Drittel.\n\n"
            "Kunden von VMware sind verärgert, sagt der Verband ...",
        ),
        (
            *("instagram", "1773704700000_Kx3", "2026-03-16T22:45:00Z", "kim.cloud", None, None),
            "Our lab\ttonight",
        ),
    ]
    assert others == []


def test_meltwater_with_its_earlier_columns() -> None:
    mentions, others = read(EXPORTS / "meltwater-earlier.csv", zone="UTC")
    assert [said(mention) for mention in mentions] == [
        (
            *("x", "1503679000000000001", "2022-03-15T10:32:00Z", "cy", "en", 812),
            "QT @vmware: Why does the client freeze again?",
        ),
        (
            *("example news", "http://news.example.com/a", "2022-03-15T11:00:00Z", "Lee Ray", "en", 1203400),
            "VMware buys a start-up for its network business ...",
        ),
    ]
    assert others == []


def test_talkwalker() -> None:
    mentions, others = read(EXPORTS / "talkwalker.csv", zone="UTC")
    assert [said(mention) for mention in mentions] == [
        (
            *("x", "1768000000000000001", "2026-03-13T20:00:00Z", "ada_ops", "en", 310),
            "VMware Horizon rocks, we moved 400 desktops in a night",
        ),
        (
            *("news", "https://news.example.de/vmware-preise?id=7", "2026-03-15T09:00:00Z"),
            *("Jo Blum", "de", 45210),
            "VMware nennt neue Preise\n\nDie Preise steigen um ein Drittel. Kunden sind verärgert.",
        ),
        (
            *("forum", "https://forum.example.com/t/9", "2026-03-16T11:59:00Z", None, "en", 0),
            "Snapshot trouble\n\nThe snapshot never ends",
        ),
    ]
    assert others == [NO_TEXT]


def test_talkwalkers_api() -> None:
    mentions, others = read(EXPORTS / "talkwalker.json")
    assert [said(mention) for mention in mentions] == [
        (
            *("blog", "http://example.blogspot.com/horizon", "2014-12-08T00:41:59.393000Z"),
            *("Annie", "en", 120, "Something on Horizon\n\nWelcome to my lab."),
        ),
        (
            *("facebook", "http://www.facebook.com/1/posts/2", "2014-12-08T00:53:20Z"),
            *("Bob", "en", 0, "VMware is down again"),
        ),
    ]
    assert others == []


def test_an_archive_of_x() -> None:
    mentions, others = read(EXPORTS / "x" / "tweets.js")
    whole = "VMware support, day three. " * 14 + "And then it worked & nobody knows why."
    assert [said(mention) for mention in mentions] == [
        (
            *("x", "1768000000000000001", "2026-03-13T20:00:00Z", "ada_ops", "en", None),
            "VMware Horizon rocks & we moved\n400 desktops https://blog.example.com/400",
        ),
        ("x", "1768000000000000003", "2026-03-14T08:00:01Z", "ada_ops", "en", None, whole),
        ("x", "1768000000000000005", "2026-03-14T10:00:00Z", "ada_ops", None, None, "@kim 👍"),
    ]
    assert mentions[0].url == "https://x.com/ada_ops/status/1768000000000000001"
    assert others == ["a repost of somebody else's"]


def test_posts_of_x_without_the_rest_of_the_archive(tmp_path: Path) -> None:
    shutil.copy(EXPORTS / "x" / "tweets.js", tmp_path)
    mentions, _ = read(tmp_path / "tweets.js")
    assert {mention.author for mention in mentions} == {None}
    assert mentions[0].url == "https://x.com/i/status/1768000000000000001"
    assert mentions[1].text.startswith("VMware support, day three. ")


def test_pictures_of_an_archive_of_x(tmp_path: Path) -> None:
    """The first shares the post's id, as the collectors have it; a post of pictures alone has no text."""
    photos = [
        ("photo", "a.jpg"),
        ("photo", "b.png"),
        ("video", "c.jpg"),
        ("photo", "d.jpg"),
        ("photo", "e.jpg"),
    ]
    media = [
        {"type": kind, "url": "https://t.co/pic", "media_url_https": f"https://pbs.twimg.com/media/{name}"}
        for kind, name in photos
    ]
    tweets = [
        post(17, "VMware on a cup https://t.co/pic", media),
        post(18, "https://t.co/pic", [{**media[0], "media_url_https": "a.jpg"}]),
        post(19, "https://t.co/pic", [{**media[0], "media_url_https": "..\\..\\secret.jpg"}]),
    ]
    (tmp_path / "tweets.js").write_text(f"window.YTD.tweets.part0 = {msgspec.json.encode(tweets).decode()}")
    beside = tmp_path / "tweets_media"
    beside.mkdir()
    shutil.copy(PICTURES / "coffee.jpg", beside / "17-a.jpg")
    shutil.copy(PICTURES / "vmware-slide.png", beside / "17-b.png")
    (beside / "17-d.jpg").write_text("<html>not found</html>")
    shutil.copy(PICTURES / "coffee.jpg", beside / "18-a.jpg")

    records = records_of(tmp_path / "tweets.js")
    assert [(one.where, one.topic, one.key) for one in records if isinstance(one, Outgoing)] == [
        ("item 1", "text", b"17"),
        ("item 1, picture 1", "image", b"17"),
        ("item 1, picture 2", "image", b"17#picture-2"),
        ("item 2, picture 1", "image", b"18"),
    ]
    first = msgspec.json.decode(records[1].value, type=ImageMention)
    assert first.image == (PICTURES / "coffee.jpg").read_bytes()
    assert (first.source, first.caption) == ("x", "VMware on a cup")
    assert [str(one.error.code) for one in records if isinstance(one, Refused)] == [
        "image-format-unsupported"
    ]
    assert [one.reason for one in records if isinstance(one, LeftOut)] == [NOT_BESIDE, NOT_BESIDE]


def post(id: int, text: str, media: list[dict[str, str]]) -> dict[str, Any]:
    said = {"id_str": str(id), "full_text": text, "created_at": "Fri Mar 13 20:00:00 +0000 2026"}
    return {"tweet": {**said, "extended_entities": {"media": media}}}


def test_pictures_of_an_archive_of_mastodon(tmp_path: Path) -> None:
    shutil.copy(EXPORTS / "outbox.json", tmp_path)
    place = tmp_path / "media_attachments" / "files" / "1" / "original" / "a.png"
    place.parent.mkdir(parents=True)
    shutil.copy(PICTURES / "vmware-slide.png", place)
    *_, last = records_of(tmp_path / "outbox.json")
    assert (last.topic, last.key) == ("image", b"https://social.example/users/kim/statuses/5")


def test_a_picture_outside_of_the_archive_is_not_read(tmp_path: Path) -> None:
    outbox = (EXPORTS / "outbox.json").read_text()
    shutil.copy(PICTURES / "coffee.jpg", tmp_path / "secret.jpg")
    folder = tmp_path / "archive"
    folder.mkdir()
    outside = outbox.replace("/media_attachments/files/1/original/a.png", "/../secret.jpg")
    (folder / "outbox.json").write_text(outside)
    assert NOT_BESIDE in read(folder / "outbox.json")[1]


def records_of(path: Path) -> list[Any]:
    opened = open_file(path)
    (vendor,) = (vendor for vendor in VENDORS if vendor.recognises(opened))
    return list(published(vendor, opened, path, None))


def test_what_somebody_liked_is_not_what_they_wrote() -> None:
    with pytest.raises(SetupError, match=r"`like`, not posts; import data/tweets\.js"):
        read(EXPORTS / "x" / "like.js")


POST = (
    *("reddit", "t3_1bd9xyz", "2024-03-14T07:15:00Z", "u_kim", None, None),
    "Horizon or Citrix?\n\nWe compare both & the licence decides",
)
COMMENT = ("reddit", "t1_kz1", "2024-03-14T08:00:00Z", None, None, None, "Horizon > Citrix, by far")


def test_a_listing_of_reddit() -> None:
    mentions, others = read(EXPORTS / "reddit-listing.json")
    assert [said(mention) for mention in mentions] == [POST]
    assert mentions[0].url == "https://www.reddit.com/r/sysadmin/comments/1bd9xyz/horizon_or_citrix/"
    assert others == ["deleted or removed there"]


def test_a_post_of_reddit_with_its_comments_and_their_answers() -> None:
    mentions, others = read(EXPORTS / "reddit-comments.json")
    assert [said(mention) for mention in mentions] == [
        POST,
        COMMENT,
        ("reddit", "t1_kz2", "2024-03-14T09:00:00Z", "lee", None, None, "No, it freezes"),
    ]
    assert others == ["neither a post nor a comment"]


def test_a_dump_of_reddit() -> None:
    mentions, others = read(EXPORTS / "reddit-dump.jsonl")
    assert [said(mention) for mention in mentions] == [POST, COMMENT]
    assert others == ["deleted or removed there"]


def test_what_reddit_gives_people_of_their_account() -> None:
    posts, _ = read(EXPORTS / "reddit_account" / "posts.csv")
    comments, _ = read(EXPORTS / "reddit_account" / "comments.csv")
    assert [said(mention) for mention in (*posts, *comments)] == [
        (
            *("reddit", "t3_1bd9xyz", "2024-03-14T07:15:00Z", "u_kim", None, None),
            "Horizon or Citrix?\n\nWe compare both",
        ),
        (
            *("reddit", "t1_kz2", "2024-03-14T09:00:00Z", "u_kim", None, None),
            "No, it freezes,\n\nevery day",
        ),
    ]


def test_an_archive_of_mastodon() -> None:
    mentions, others = read(EXPORTS / "outbox.json")
    kim = "https://social.example/users/kim/statuses"
    assert [said(mention) for mention in mentions] == [
        (
            *("mastodon", f"{kim}/1", "2026-03-13T20:00:00Z", "kim@social.example", "en", None),
            "VMware Horizon & #vdi\nrocks\n\nReally.",
        ),
        (
            *("mastodon", f"{kim}/2", "2026-03-13T21:00:00Z", "kim@social.example", "de", None),
            "VMware, a rant\n\nIt freezes again",
        ),
    ]
    assert mentions[0].url == "https://social.example/@kim/1"
    assert others == ["not meant for everybody", "a boost of somebody else's", NOT_BESIDE]


def test_statuses_of_mastodons_api() -> None:
    mentions, others = read(EXPORTS / "statuses.json")
    assert [said(mention) for mention in mentions] == [
        (
            *("mastodon", "https://social.example/users/kim/statuses/1", "2026-03-13T20:00:00Z"),
            *("kim@social.example", "en", 321, "VMware Horizon rocks"),
        ),
        (
            *("mastodon", "https://other.example/users/lee/statuses/7", "2026-03-13T20:00:00Z"),
            *("lee@other.example", None, None, "From afar"),
        ),
    ]
    assert others == ["not meant for everybody", "a boost of somebody else's"]


def test_one_post_in_four_exports_is_one_mention() -> None:
    files = [
        ("brandwatch.csv", None),
        ("meltwater.csv", "UTC"),
        ("talkwalker.csv", "UTC"),
        ("x/tweets.js", None),
    ]
    found = {(one.source, one.id) for file, zone in files for one in read(EXPORTS / file, zone)[0][:1]}
    assert found == {("x", "1768000000000000001")}


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Query Name,Page Type,Date,Url", "no column `Title` or `Full Text` or `Snippet`"),
        ("url,published,extra_author_attributes.name", "no column `title` or `content`"),
        ("id,permalink,date,ip,subreddit,body", None),
    ],
)
def test_a_column_that_is_missing_is_named(heading: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(f"{heading}\n{'a,' * heading.count(',')}a\n")
    opened = open_file(tmp_path / "export.csv")
    (vendor,) = (vendor for vendor in VENDORS if vendor.recognises(opened))
    if expected is None:
        assert vendor.columns(opened).fields["text"] == ("body",)
        return
    with pytest.raises(SetupError, match=expected):
        vendor.columns(opened)


NAMES = {
    "brandwatch": [
        "Query Name",
        "Page Type",
        "Date",
        "Url",
        "Title",
        "Full Text",
        "Snippet",
        "Author",
        "Language",
    ],
    "meltwater": ["Date", "Time", "URL", "Hit Sentence", "Title", "Tweet Id", "Author Handle", "Language"],
    "talkwalker": [
        "url",
        "published",
        "extra_author_attributes.name",
        "content",
        "source_type",
        "title_snippet",
    ],
    "x-archive": ["tweet.id_str", "tweet.full_text", "tweet.created_at", "tweet.entities.urls", "tweet.lang"],
    "reddit": [
        "kind",
        "data.subreddit",
        "data.children",
        "data.body",
        "data.author",
        "data.permalink",
        "data.id",
    ],
    "mastodon": [
        "type",
        "actor",
        "to",
        "cc",
        "object.content",
        "object.contentMap.en",
        "published",
        "object.id",
    ],
    "brand-monitor": ["mention_id", "kind", "source", "external_id", "published_at", "text", "picture_url"],
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["Create", "t1", "image"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", sorted(NAMES))
@settings(max_examples=40)
@given(st.data())
def test_whatever_stands_in_a_row_it_is_a_mention_left_out_or_refused(name: str, data: st.DataObject) -> None:
    (vendor,) = (vendor for vendor in VENDORS if vendor.name == name)
    columns = tuple(NAMES[name])
    cells = st.fixed_dictionaries({}, optional=dict.fromkeys(columns, VALUES))
    rows = data.draw(st.lists(cells, max_size=3))
    opened = Opened(
        form="json",
        encoding="utf-8",
        columns=columns,
        preamble=(("window.YTD.tweets.part0 =",),) if name == "x-archive" else (),
        rows=iter([Row(f"item {number}", row) for number, row in enumerate(rows)]),
    )
    assert vendor.recognises(opened)
    records = list(published(vendor, opened, EXPORTS / "brandwatch.csv", "UTC"))
    assert len(records) >= len(rows) or name == "reddit"  # an empty listing holds nothing


@pytest.mark.parametrize(
    ("types", "source"),
    [
        ("SOCIALMEDIA;SOCIALMEDIA_YOUTUBE", "youtube"),
        ("SOCIALMEDIA SOCIALMEDIA_TWITTER", "x"),
        ("ONLINENEWS|ONLINENEWS_PRESS,", "news"),
        ("MESSAGEBOARD", "forum"),
    ],
)
def test_types_of_talkwalker_are_parted_by_any_sign(types: str, source: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "url,published,content,source_type,extra_author_attributes.name\n"
        f'https://v.example/1,2026-03-04T10:00:00Z,Nike,"{types}",Ann\n'
    )
    ((mention,), others) = read(tmp_path / "a.csv")
    assert (mention.source, others) == (source, [])


@pytest.mark.parametrize("form", ["auto", "talkwalker"])
def test_a_column_that_a_person_names_stands_for_one_that_is_missing_or_empty(
    form: str, tmp_path: Path
) -> None:
    """The remedy that the refusal names."""
    (tmp_path / "missing.csv").write_text(
        "url,published,Wording,extra_author_attributes.name\nhttps://v.example/1,2026-03-04T10:00:00Z,Nike,Ann\n"
    )
    (tmp_path / "empty.csv").write_text(
        "url,published,content,Wording,extra_author_attributes.name\n"
        "https://v.example/1,2026-03-04T10:00:00Z,,Nike,Ann\n"
    )
    for name in ("missing.csv", "empty.csv"):
        found = understand(tmp_path / name, Wishes(form=form, columns={"text": ["wording"]}))
        (sent,) = text_mentions(found.rows, found.columns, Defaults(source="upload"), max_chars=100)
        assert isinstance(sent, Outgoing)
        mention = msgspec.json.decode(sent.value, type=TextMention)
        assert (found.form, mention.text, mention.author) == ("talkwalker", "Nike", "Ann")


def test_pictures_of_posts_whose_ids_are_left_out_have_ids_of_their_own(tmp_path: Path) -> None:
    media = [
        {"type": "photo", "url": "https://t.co/pic", "media_url_https": "https://pbs.twimg.com/media/a.jpg"}
    ]
    tweets = msgspec.json.encode([post(17, "VMware https://t.co/pic", media)]).decode()
    (tmp_path / "tweets.js").write_text(f"window.YTD.tweets.part0 = {tweets}")
    (tmp_path / "tweets_media").mkdir()
    shutil.copy(PICTURES / "coffee.jpg", tmp_path / "tweets_media" / "17-a.jpg")
    found = understand(tmp_path / "tweets.js", Wishes(columns={"id": []}))
    sent = text_mentions(found.rows, found.columns, Defaults(source="upload"), max_chars=10_000)
    text, picture = [record for record in sent if isinstance(record, Outgoing)]
    assert (text.topic, picture.topic) == ("text", "image")
    assert text.key != picture.key
