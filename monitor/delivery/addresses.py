"""Addresses that people name on the pages: which services they may be of, and which hosts those may reach.

An apprise address can do more than send a message: read a file of the server's, write to its log, or talk to
a machine that only the server reaches. Whoever sets MONITOR_ALERT_TO runs the server, and may; whoever uses
the pages names services of the kinds below, at public addresses and at the hosts in MONITOR_RECIPIENT_HOSTS.
"""

import socket
from ipaddress import ip_address
from typing import Any, Final

from apprise.plugins import url_to_dict

from monitor.addresses import read_allowed
from monitor.delivery.recipients import Recipient
from monitor.errors import SetupError

_MOST: Final = 2_000
"""Characters of an address."""

_SERVICES: Final[dict[str, str | None]] = {
    **dict.fromkeys(("mailto", "mailtos"), "smtp_host"),
    **dict.fromkeys(("json", "jsons", "ntfy", "ntfys", "gotify", "gotifys", "mmost", "mmosts"), "host"),
    **dict.fromkeys(("rocket", "rockets", "workflow", "workflows"), "host"),
    # These speak to one host of their maker's.
    **dict.fromkeys(("slack", "discord", "tgram", "gchat", "webex", "wxteams"), None),
    **dict.fromkeys(("pover", "pagerduty", "opsgenie"), None),
}
"""Kinds of services, and where apprise keeps the host that one of them speaks to."""

_TELLS: Final = (
    "e-mail (mailtos://), Slack, Teams (workflows://), Discord, Telegram, Google Chat, Webex, Mattermost, "
    "Rocket.Chat, ntfy, Gotify, Pushover, PagerDuty, Opsgenie, and web hooks (jsons://)"
)

# Others name files (templates, keys), follow redirects, or are of no use here.
_PARAMETERS: Final = frozenset(
    (
        *("to", "from", "name", "cc", "bcc", "reply", "smtp", "user", "pass", "mode", "method", "verify"),
        *("channel", "topic", "thread", "token", "key", "priority", "tags", "region", "format", "image"),
        *("footer", "avatar", "api-version", "sp", "sv", "sig", "ver", "id", "signature"),
    )
)


class AddressError(ValueError):
    """The address cannot be used from the pages; the message says why and holds no secret."""


def named_on_a_page(address: str, hosts: str) -> Recipient:
    """The recipient of an address that somebody typed; `hosts` is MONITOR_RECIPIENT_HOSTS.

    Looks the host up: call it again before each message, since names move. Raises `AddressError`.
    """
    kind = address.partition("://")[0][:20]
    if len(address) > _MOST or len(address.split()) != 1 or not address.isprintable():
        raise AddressError(f"one address, without spaces, of {_MOST:,} characters at most")
    # What apprise makes the service of: another parser would split one address in another way.
    read: dict[str, Any] | None = url_to_dict(address)  # type: ignore[no-untyped-call]
    if read is not None and read["schema"] not in _SERVICES:
        raise AddressError(f"{kind}:// cannot be named on the pages; what can is {_TELLS}")
    for name in read["qsd"] if read is not None else ():
        # +, - and : begin a web hook's own headers, parameters and fields.
        if name not in _PARAMETERS and not name.startswith(("+", "-", ":")):
            raise AddressError(f"an address on the pages takes no {name[:40]!r}")
    try:
        recipient = Recipient(address)
    except SetupError as error:
        raise AddressError(str(error)) from None
    if recipient.service.redirects:
        raise AddressError("an address on the pages follows no redirects")
    where = _SERVICES[recipient.service.schema]
    host = getattr(recipient.service, where) if where else None
    if host:
        _check(host.strip("[]"), hosts)
    return recipient


def _check(host: str, hosts: str) -> None:
    allowed = read_allowed(hosts)
    if allowed.has(host):
        return
    try:
        found = {ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        raise AddressError(f"{host} has no address in the network") from None
    except ValueError:  # a scope, fe80::1%eth0: of this machine's own wires
        raise AddressError(_inside(host)) from None
    if not all(map(allowed.reaches, found)):
        raise AddressError(_inside(host))


def _inside(host: str) -> str:
    return (
        f"{host} is no public address; whoever runs the server can allow it in MONITOR_RECIPIENT_HOSTS, or "
        "name the whole address in MONITOR_ALERT_TO"
    )
