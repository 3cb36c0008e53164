"""To whom: addresses of e-mail, chat and web hooks, as apprise writes them, and what became of a message.

Addresses hold secrets; what is shown and recorded of one is without them.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import apprise
from apprise import AppriseAsset, AppriseResultStatus, NotifyFormat, NotifyType
from pydantic import SecretStr

from monitor.errors import SetupError

_TIMEOUT: Final = 60.0
"""Seconds for a service to take a message with its attachment; a slow mail server takes some."""

_MOST_DETAIL: Final = 500
"""Characters kept of what a service said."""

_WEB_HOOKS: Final = ("json", "jsons", "xml", "xmls", "form", "forms")
"""Kinds of addresses whose path may be all the secret there is: apprise shows it."""


# Without a path it is the sender who gets it, and the server says who that is.
_MAILED: Final = re.compile(r"mailtos?://[^/]*/(?P<to>[^ ]*%40[^ ]*?)/?(?P<number> \(\d+\))?")


class Outcome(StrEnum):
    """What became of a message. Only FAILED may be tried again: UNKNOWN may have arrived."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome, and what the service said where it went wrong."""

    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text, and files that services able to carry them attach."""

    title: str
    body: str
    attachments: Sequence[Path] = ()
    urgent: bool = False


class Recipient:
    """One address. `name` is the address without its secrets: a changed password makes no new recipient."""

    def __init__(self, url: str) -> None:
        """Raises `SetupError`."""
        self.service: Any = apprise.Apprise.instantiate(
            url,
            asset=AppriseAsset(
                app_id="Brand Monitor",
                app_desc="Brand Monitor",
                async_mode=False,
                # Whoever answers elsewhere is not who was named.
                http_redirects=False,
            ),
        )
        if self.service is None:
            kind = url.partition("://")[0] if "://" in url else url[:10]
            raise SetupError(
                f"an address that begins with {kind!r} cannot be read; apprise writes them like "
                "mailtos://USER:PASSWORD@HOST?to=ADDRESS, percent-encoded (docs/reports.md)"
            )
        address: str = self.service.url(privacy=True)  # type: ignore[no-untyped-call]
        self.name = _shown(address.partition("?")[0])

    def send(self, message: Message) -> Receipt:
        """Hand the message over; blocks for up to a minute and never raises for a service that is away."""
        notifier = apprise.Apprise()
        notifier.add(self.service)
        result = notifier.notify(
            message.body,
            title=message.title,
            body_format=NotifyFormat.TEXT,
            notify_type=NotifyType.WARNING if message.urgent else NotifyType.INFO,
            attach=[str(path) for path in message.attachments] or None,
            timeout=_TIMEOUT,
        )
        if result.status is AppriseResultStatus.SUCCESS:
            return Receipt(Outcome.SENT)
        said = "; ".join(str(entry.message) for entry in result.logs()) or result.status.name.lower()
        unknown = result.status in (AppriseResultStatus.TIMEOUT, AppriseResultStatus.PARTIAL)
        return Receipt(Outcome.UNKNOWN if unknown else Outcome.FAILED, said[:_MOST_DETAIL])


def numbered(name: str, taken: Container[str]) -> str:
    """The name, with a number where it is taken: that of an address that differs in its secrets only."""
    shown, place = name, 1
    while shown in taken:
        place += 1
        shown = f"{name} ({place})"
    return shown


def as_people_write_it(name: str) -> str:
    """A recipient's name to show: of a mail server's the addresses behind it, any other as it is.

    "mailto://127.0.0.1:2525/boss%40example.com (2)" is "boss@example.com (2)".
    """
    found = _MAILED.fullmatch(name)
    if found is None:
        return name
    mails = (unquote(part) for part in found["to"].split("/") if part)
    return ", ".join(mails) + (found["number"] or "")


def read_recipients(addresses: SecretStr | None, setting: str) -> tuple[Recipient, ...]:
    """Addresses separated by spaces or lines; raises `SetupError` naming the setting, not the secret."""
    urls = addresses.get_secret_value().split() if addresses is not None else []
    if len(set(urls)) < len(urls):
        raise SetupError(f"{setting} names an address twice")
    found: dict[str, Recipient] = {}
    for url in urls:
        try:
            recipient = Recipient(url)
        except SetupError as error:
            raise SetupError(f"{setting}: {error}") from None
        recipient.name = numbered(recipient.name, found)
        found[recipient.name] = recipient
    return tuple(found.values())


def _shown(address: str) -> str:
    """What apprise shows of an address; of a web hook's path its ends only, as of other services' tokens."""
    kind, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    path = path.strip("/")
    return f"{kind}://{host}/{path[0]}...{path[-1]}" if path and kind in _WEB_HOOKS else address
