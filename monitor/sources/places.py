"""Addresses that are asked for: of sources.toml, of posts, of redirects."""

from collections.abc import Mapping

from yarl import URL

from monitor.addresses import Allowed
from monitor.errors import SetupError
from monitor.sources.faults import shown
from monitor.sources.guard import ForbiddenError, check_url


def place_of(written: str, params: Mapping[str, str] | None, base: URL | None = None) -> URL:
    """An address as it was written, seen from `base`. Raises `SetupError` for one that is none."""
    try:
        url = URL(written) if base is None else base.join(URL(written))
        named = url.scheme in ("http", "https", "ws", "wss") and url.host  # decoded here: it may be none
        asked = url.update_query(params) if params else url
    except ValueError as error:
        raise SetupError(f"{shown(written)!r} is no address: {error}") from None
    if not named:
        raise SetupError(f"{shown(written)!r} is no address; write https://HOST/PATH")
    return asked


def check(place: URL, allowed: Allowed) -> None:
    """Raises `SetupError` for one that must not be asked for on somebody else's word."""
    try:
        check_url(place, allowed)
    except ForbiddenError as error:
        raise SetupError(f"{shown(place)}: {error}") from None


def is_ours(following: URL, place: URL) -> bool:
    """Whether a redirect stays with the server that was named, or goes on there with encryption."""
    upgraded = place.with_scheme(following.scheme).with_port(None) if place.is_default_port() else place
    return following.origin() in (place.origin(), upgraded.origin()) and place.scheme in (
        "http",
        following.scheme,
    )
