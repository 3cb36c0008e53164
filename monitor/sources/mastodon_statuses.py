"""A status of Mastodon's API as a post; also those of servers that speak its API (Pleroma, GoToSocial, ...).

Written after docs.joinmastodon.org/entities/Status. A status has a number at each server that knows it and
one `uri` everywhere: the uri is the mention's id, so that two servers that show one post give one mention,
and the number is its alias, since a deletion names nothing else.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from monitor.messages import Identifier
from monitor.sources.html import address, text_of
from monitor.sources.interface import Post, Skipped

_SHOWN: Final = frozenset({"public", "unlisted"})
"""Visibilities that the author meant for everybody."""


class _Account(msgspec.Struct, frozen=True):
    acct: str
    url: str | None = None
    uri: str | None = None
    followers_count: Any = None
    noindex: Any = None


class _Status(msgspec.Struct, frozen=True):
    id: str
    uri: Identifier
    created_at: datetime
    account: _Account
    content: str | None = None
    url: str | None = None
    edited_at: str | None = None
    spoiler_text: str | None = None
    visibility: str = "public"
    language: str | None = None
    media_attachments: Any = None
    reblog: Any = None


def post_of(
    status: Any, server: str, *, edited: bool = False, noindex: bool = False
) -> Post | Skipped | None:
    """The post that `server`, a host, told of; None of one that is not to be collected.

    That is: somebody else's shown again, one for followers only and, unless `noindex`, one whose author asks
    not to be indexed.
    """
    try:
        read = msgspec.convert(status, _Status)
    except (msgspec.ValidationError, RecursionError) as error:
        number = status.get("id") if isinstance(status, dict) else None
        return Skipped(where=f"status {str(number)[:80]} of {server}", reason=f"not a status: {error}")
    if read.created_at.tzinfo is None:
        return Skipped(where=f"status {read.id} of {server}", reason="`created_at` has no zone")
    if read.reblog is not None or read.visibility not in _SHOWN:
        return None
    if read.account.noindex is True and not noindex:
        return None
    # What stands above a folded text belongs to it.
    texts = (read.spoiler_text or "").strip(), text_of(read.content or "")
    return Post(
        id=read.uri,
        alias=alias_of(server, read.id),
        text="\n\n".join(filter(None, texts)),
        published_at=read.created_at,
        author=read.account.acct if "@" in read.account.acct else f"{read.account.acct}@{server}",
        author_id=read.account.uri or read.account.url,
        url=address(read.url) or address(read.uri),
        lang=read.language,
        reach=_reach(read.account.followers_count),
        pictures=_pictures(read.media_attachments),
        edited=edited or read.edited_at is not None,
    )


def alias_of(server: str, number: str) -> str:
    """What a server's number for a status is called among all servers'."""
    return f"{server}/{number}"


def _reach(followers: Any) -> int | None:
    """Servers that do not tell say 0 or -1."""
    return followers if type(followers) is int and 0 < followers < 2**63 else None


def _pictures(attachments: Any) -> tuple[str, ...]:
    """Pictures as this server keeps them; films and sounds are left out."""
    shown = attachments if isinstance(attachments, list) else []
    found = (
        address(one.get("url")) or address(one.get("remote_url"))
        for one in shown
        if isinstance(one, dict) and one.get("type") == "image" and _are_words(one)
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _are_words(attachment: dict[str, Any]) -> bool:
    return all(isinstance(attachment.get(name), str | None) for name in ("url", "remote_url"))
