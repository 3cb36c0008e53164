"""What goes wrong between us and a platform, and what the runner is to make of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
from yarl import URL

from monitor.errors import SetupError
from monitor.sources.guard import ForbiddenError
from monitor.sources.interface import SourceOutageError

_PASSING: Final = frozenset({408, 425, 429})
_LONGEST_REST: Final = 24 * 3600.0
"""Seconds of Retry-After that are believed."""


class RefusedError(SetupError):
    """A platform answers, but not with what was asked for; `status` is HTTP's."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


@contextmanager
def faults(where: str) -> Iterator[None]:
    """What goes wrong on the way, as the runner understands it."""
    try:
        yield
    except aiohttp.WSServerHandshakeError:
        raise
    except aiohttp.ClientConnectorDNSError as error:
        if isinstance(error.os_error, ForbiddenError):
            raise SetupError(f"{where}: {error.os_error}") from None
        raise SourceOutageError(f"{where}: {error.os_error}") from None
    except aiohttp.InvalidURL as error:
        raise SetupError(f"{where}: is no address: {error}") from None
    except TimeoutError as error:
        raise SourceOutageError(f"{where}: too slow") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SourceOutageError(f"{where}: {error or type(error).__name__}") from error


def refusal(place: URL, status: int, headers: Mapping[str, str] | None) -> Exception:
    """Of an answer that is none of ours: `SourceOutageError` or `RefusedError`."""
    where = shown(place)
    if status in _PASSING or status >= 500:
        return SourceOutageError(f"{where}: answers {status}", _rest((headers or {}).get("Retry-After")))
    return RefusedError(f"{where}: answers {status}", status)


def _rest(written: str | None) -> float | None:
    """Seconds that Retry-After asks for; a number, or a date of HTTP."""
    if written is None:
        return None
    try:
        seconds = float(written)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(written) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_REST) if seconds == seconds else None


def shown(place: URL | str) -> str:
    """An address, or what is none, for a log: without what may be secret."""
    try:
        bare = URL(place).with_query(None).with_fragment(None)
        return str(bare.with_user(None).with_password(None))[:200]
    except ValueError:
        return str(place).partition("?")[0].rpartition("@")[2][:200]
