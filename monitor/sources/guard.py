"""Keeps what posts and redirects name away from machines of the house.

A name is looked up once, every address is checked, and the connection goes to what was checked: a name that
leads elsewhere a moment later leads nowhere.
"""

import socket
from ipaddress import ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from monitor.addresses import Allowed

_PORTS: Final = frozenset({80, 443, 8080, 8443})
"""Where public servers show pictures; others belong to mail, databases and the like."""


class ForbiddenError(OSError):
    """An address that must not be reached."""


class GuardedResolver(AbstractResolver):
    """Names to addresses, all of them public or allowed. Raises `ForbiddenError`."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host."""
        found = await self._resolver.resolve(host, port, family)
        if not self._allowed.has(host):
            for each in found:
                check_address(each["host"], self._allowed)
        return found

    async def close(self) -> None:
        """Nothing is held."""


def check_url(url: URL, allowed: Allowed) -> None:
    """What a URL itself tells, before its host is looked up. Raises `ForbiddenError`."""
    if url.scheme not in ("http", "https") or not url.host:
        raise ForbiddenError(f"{url.scheme or 'it'}: is no http or https address")
    if allowed.has(url.host):
        return
    address = _literal(url.host)
    if address is not None:
        check_address(address, allowed)
    inside = address is not None and any(ip_address(address) in network for network in allowed.networks)
    if not inside and url.port not in _PORTS:
        raise ForbiddenError(f"port {url.port} of {url.host} is none that pictures come from")


def check_address(address: str, allowed: Allowed) -> None:
    """Raises `ForbiddenError` for an address of this house, or of this machine."""
    try:
        fine = allowed.reaches(ip_address(address))
    except ValueError:  # a scope, fe80::1%eth0: of this machine's own wires
        fine = False
    if not fine:
        raise ForbiddenError(f"{address} is no public address (MONITOR_COLLECT_HOSTS allows more)")


def _literal(host: str) -> str | None:
    """The address that a host is written as; None for a name. Old ways to write one are looked up."""
    if ":" in host:
        return host
    try:
        return str(ip_address(host))
    except ValueError:
        return None
