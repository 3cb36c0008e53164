"""Takes names of people out of addresses of posts: where a platform has an address without the name, that one
is left; else a pseudonym stands in its place, and the address leads nowhere.

A part of the path or the query is a name where it is the author's, where it is marked as one (`@ann`, `~ann`,
`did:plc:...`), and where it stands behind a word like `users`. Hosts stay as they are: queries ask for them.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from monitor.messages import LONGEST_ID
from monitor.queries.fields import author_folded

_BEFORE_A_NAME: Final = frozenset(
    (
        *("user", "users", "u", "profile", "profiles", "people", "person", "member", "members"),
        *("author", "authors", "account", "accounts", "channel"),
    )
)
_KEYS: Final = _BEFORE_A_NAME | {"username", "user_name", "screen_name", "nick", "nickname"}
"""Of a query, for a name."""
_MARK: Final = re.compile(r"[@~]+(?=.)|(?=did:[a-z]+:.)")
_X: Final = re.compile(r"/[^/]+(?:/web)?/status(?:es)?/(\d+).*")
_REDDIT: Final = re.compile(r"/(?:user/[^/]+|r/u_[^/]+)(?=/comments/)", re.IGNORECASE)


def without_names(address: str, author: str | None, hidden: Callable[[str], str]) -> str | None:
    """The address without names, itself where it holds none; None for what is no address.

    `hidden` gives the pseudonym of a name.
    """
    try:
        before = urlsplit(address)
    except ValueError:
        return None
    names = _Names(author, hidden)
    parts = _elsewhere(before)
    after = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=names.hidden_in_path(parts.path),
        query="&".join(map(names.hidden_in_pair, parts.query.split("&"))),
        fragment=names.hidden_in_path(parts.fragment),
    )
    return address if after == before else urlunsplit(after)


def id_without_names(id: str, hidden: Callable[[str], str]) -> str:
    """The id of a post without names, where it is an address of the web or of the AT protocol; any other, and
    one that has gone through here, is itself.

    What `hidden` makes longer than ids may be, becomes its SHA-256.
    """
    if id.startswith("at://"):
        account, *rest = id.removeprefix("at://").split("/")
        made = "/".join((f"at://{hidden(account)}", *rest))
    elif id.startswith(("https://", "http://")):
        made = without_names(id, None, hidden) or id
    else:
        return id
    return made if len(made) <= LONGEST_ID else sha256(made.encode("utf-8", "replace")).hexdigest()


class _Names:
    """Tells names in an address, and puts pseudonyms in their places."""

    def __init__(self, author: str | None, hidden: Callable[[str], str]) -> None:
        self._hidden = hidden
        self._author = dict.fromkeys(_spellings(author), hidden(author)) if author else {}

    def hidden_in_path(self, path: str) -> str:
        parts = path.split("/")
        before = ["", *parts]
        return "/".join(
            self._shown(part, is_name=last.lower() in _BEFORE_A_NAME)
            for last, part in zip(before, parts, strict=False)
        )

    def hidden_in_pair(self, pair: str) -> str:
        key, equals, value = pair.partition("=")
        return f"{key}{equals}{self._shown(value, is_name=key.lower() in _KEYS)}"

    def _shown(self, written: str, *, is_name: bool) -> str:
        part = unquote(written)
        mark = _MARK.match(part)
        sign = mark[0] if mark else ""
        name = part.removeprefix(sign)
        pseudonym = self._author.get(author_folded(name))
        if pseudonym is None and name and (is_name or mark):
            pseudonym = self._hidden(name)
        return written if pseudonym is None else f"{sign}{quote(pseudonym)}"


def _spellings(author: str) -> set[str]:
    """The author as addresses may have it: of `ann@example.social` also `ann`, of `Ann Smith` `ann-smith`."""
    folded = author_folded(author)
    joined = (sign.join(folded.split()) for sign in ("-", "_", ".", ""))
    return {folded, folded.partition("@")[0], *joined} - {""}


def _elsewhere(parts: SplitResult) -> SplitResult:
    """Where a platform has the post without the name."""
    host = (parts.hostname or "").removeprefix("www.").removeprefix("mobile.")
    if host in ("x.com", "twitter.com") and (post := _X.fullmatch(parts.path)):
        return parts._replace(path=f"/i/status/{post[1]}")
    if host == "reddit.com" or host.endswith(".reddit.com"):
        return parts._replace(path=_REDDIT.sub("", parts.path))
    return parts
