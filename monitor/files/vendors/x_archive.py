"""The archive that X gives people of their account: `data/tweets.js` and its further parts.

Written after the README that lies in each archive and the files of archives that were made public.
Reposts are somebody else's words, and left out. Long posts are whole in `note-tweet.js` beside.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from monitor.errors import DataError, SetupError
from monitor.files.dates import parse_moment
from monitor.files.interface import Columns, Opened, Row, Target, Vendor
from monitor.files.vendors.export import Cells, columns, mended, text

_FILE: Final = re.compile(r"window\.YTD\.(\w+?)\.part\d+")
_OF_POSTS: Final = ("tweet", "tweets", "community_tweet")
_AUTHOR: Final = "username of account.js"
_URL: Final = "address"
_FIELDS: Final[dict[Target, tuple[str, ...]]] = {
    "id": ("tweet.id_str", "tweet.id"),
    "text": ("tweet.full_text", "tweet.text"),
    "published_at": ("tweet.created_at",),
    "author": (_AUTHOR,),
    "url": (_URL,),
    "lang": ("tweet.lang",),
}
_NO_LANGUAGE: Final = re.compile("und|zxx|art|q..")
_LINK_AT_THE_END: Final = re.compile(r"\s*https?://t\.co/\w+\s*$")
_NOTE_SECONDS: Final = 2
"""A note is made just before or after the post that shows its beginning."""


def _recognises(opened: Opened) -> bool:
    """By the JavaScript in front."""
    return _kind(opened) is not None


def _columns(opened: Opened) -> Columns:
    kind = _kind(opened)
    if kind not in _OF_POSTS:
        raise SetupError(
            f"this file of an archive of X holds `{kind}`, not posts; import data/tweets.js "
            "(tweets-part1.js, community-tweet.js)"
        )
    return columns("X", opened, _FIELDS, added=(_AUTHOR, _URL), constants={"source": "x"})


class _Mend:
    def __init__(self, folder: Path | None) -> None:
        self._author = next((cells.get("account.username") for cells in _beside(folder, "account.js")), None)
        self._notes: dict[datetime, list[str]] = {}
        for cells in _beside(folder, "note-tweet*.js"):
            words = cells.get("noteTweet.core.text") or cells.get("noteTweet.noteTweetResults.text")
            made = _moment(cells.get("noteTweet.createdAt"))
            if isinstance(words, str) and made is not None:
                self._notes.setdefault(made, []).append(words)

    def __call__(self, cells: Cells) -> Cells | str:
        field = "tweet.full_text" if "tweet.full_text" in cells else "tweet.text"
        words = text(cells, field)
        if words.startswith("RT @"):
            return "a repost of somebody else's"
        made = _moment(cells.get("tweet.created_at"))
        if made is not None:
            words = self._whole(words, made)
        words = _with_links(words, cells.get("tweet.entities.urls"))
        for medium in _media(cells):
            words = words.replace(str(medium.get("url") or "\0"), "")  # the post itself once more
        cells[field] = html.unescape(words).strip()
        id = text(cells, "tweet.id_str") or text(cells, "tweet.id")
        cells[_URL] = f"https://x.com/{self._author or 'i'}/status/{id}"
        if self._author:
            cells[_AUTHOR] = self._author
        if _NO_LANGUAGE.fullmatch(text(cells, "tweet.lang")):
            del cells["tweet.lang"]
        return cells

    def _whole(self, words: str, made: datetime) -> str:
        """The note whose beginning the post shows; the post's own words where there is none."""
        beginning = _LINK_AT_THE_END.sub("", words).rstrip("… ")
        for seconds in range(-_NOTE_SECONDS, _NOTE_SECONDS + 1):
            for note in self._notes.get(made + timedelta(seconds=seconds), ()):
                if beginning and html.unescape(note).startswith(html.unescape(beginning)):
                    return note
        return words


def _with_links(words: str, links: object) -> str:
    """Short addresses as what they lead to."""
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and (short := link.get("url")) and (long := link.get("expanded_url")):
            words = words.replace(str(short), str(long))
    return words


def _media(cells: Cells) -> list[dict[str, Any]]:
    listed = cells.get("tweet.extended_entities.media")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _pictures(cells: Cells) -> list[str]:
    """`tweets_media/ID-NAME.jpg`, beside the file; films are left out."""
    id = text(cells, "tweet.id_str") or text(cells, "tweet.id")
    names = [str(one.get("media_url_https")) for one in _media(cells) if one.get("type") == "photo"]
    return [f"tweets_media/{id}-{name.rpartition('/')[2]}" for name in names]


def _kind(opened: Opened) -> str | None:
    at = _FILE.search(" ".join(opened.preamble[0])) if opened.preamble else None
    return at[1] if at else None


def _beside(folder: Path | None, pattern: str) -> Iterator[Mapping[str, Any]]:
    """Rows of the archive's other files of that name; none where they are not there."""
    from monitor.files.opening import open_file

    for path in sorted(folder.glob(pattern)) if folder is not None else ():
        for row in open_file(path).rows:
            if isinstance(row, Row):
                yield row.cells


def _moment(value: object) -> datetime | None:
    """To the second; None of what is none, which is refused when the row is read."""
    try:
        return parse_moment(value, "created_at", zone=UTC).replace(microsecond=0)
    except DataError:
        return None


X_ARCHIVE: Final = Vendor(
    name="x-archive",
    recognises=_recognises,
    columns=_columns,
    rows=mended(_columns, lambda _, beside: _Mend(beside.folder), _pictures),
)
