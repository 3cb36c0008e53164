"""To whom people have views sent: e-mail addresses as people write them, and apprise's for all else.

An e-mail address goes through the mail server of MONITOR_REPORT_TO or MONITOR_ALERT_TO, so that nobody types
a server's password into a page to get a report.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from monitor.delivery.addresses import AddressError, named_on_a_page
from monitor.delivery.recipients import Message, Outcome, Receipt, Recipient
from monitor.errors import SetupError
from monitor.settings import Settings

_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SERVERS: Final = ("mailto", "mailtos")
_WHOM: Final = ("to", "cc", "bcc")
"""Parts of a mail server's address that say who gets mail; those who get a view replace them."""

_MOST: Final = 20
"""Recipients at a time."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the settings say of reaching people: addresses of which the first mail server is used, and
    MONITOR_RECIPIENT_HOSTS."""

    servers: SecretStr
    hosts: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """A mail server may stand in MONITOR_REPORT_TO or MONITOR_ALERT_TO."""
        named = (each for each in (settings.report_to, settings.alert_to) if each is not None)
        return cls(SecretStr(" ".join(each.get_secret_value() for each in named)), settings.recipient_hosts)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody whose address was stored: read, and its host looked up, when there is something to send."""

    name: str
    """As people are shown it."""
    address: str = field(repr=False)
    service: Service

    def send(self, message: Message) -> Receipt:
        """Hand the message over; blocks for up to a minute.

        An address that cannot be used now is FAILED, to be tried again: settings and networks change.
        """
        try:
            recipient = _recipient(self.address, self.service)
        except AddressError as error:
            return Receipt(Outcome.FAILED, str(error))
        return recipient.send(message)


def read_subscribers(addresses: str, service: Service) -> Mapping[str, str]:
    """The name of each address of several, as people are shown it; `numbered` tells equal ones apart.

    E-mail and apprise addresses stand apart by spaces or commas. Looks hosts up. Raises `AddressError` for
    one that cannot be used, and where there is none.
    """
    given = list(dict.fromkeys(each for each in re.split(r"[\s,]+", addresses) if each))
    if not 0 < len(given) <= _MOST:
        raise AddressError(f"name 1 to {_MOST} people: e-mail addresses, or addresses as apprise writes them")
    return {address: _recipient(address, service).name for address in given}


def _recipient(address: str, service: Service) -> Recipient:
    if not _MAIL.fullmatch(address):
        return named_on_a_page(address, service.hosts)
    try:
        recipient = Recipient(_mail_to(address, _mail_server(service.servers)))
    except SetupError as error:
        raise AddressError(str(error)) from None
    recipient.name = address
    return recipient


def _mail_to(mail: str, server: str) -> str:
    """The mail server's address with this one recipient."""
    parts = urlsplit(server)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in _WHOM]
    return urlunsplit((parts.scheme, parts.netloc, "/", urlencode([*kept, ("to", mail)]), ""))


def _mail_server(addresses: SecretStr) -> str:
    for address in addresses.get_secret_value().split():
        if address.partition(":")[0].lower() in _SERVERS:
            return address
    raise AddressError(
        "no mail server is set up for e-mail addresses: neither MONITOR_REPORT_TO nor MONITOR_ALERT_TO names "
        "one, e.g. mailtos://USER:PASSWORD@HOST?from=ADDRESS&to=ADDRESS (docs/reports.md)"
    )
