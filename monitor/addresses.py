"""Which machines may be reached on somebody else's word: those at public addresses, and those of the house.

What a person types on a page and what a post names are others' words: without this rule they would have the
server call machines that only the server reaches.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

_IPV4_INSIDE: Final = (
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/96"),
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0:0/96"),
)
"""IPv4 as NAT64, SIIT and old systems write it."""
_SITE_LOCAL: Final = IPv6Network("fec0::/10")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hosts by name and networks of this house that may be reached, besides public addresses."""

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def has(self, host: str) -> bool:
        """Whether a host is allowed by its name, wherever it is."""
        return host.lower() in self.names

    def reaches(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address is public or in a network that is allowed."""
        inner = _inner(address)
        if any(address in network or inner in network for network in self.networks):
            return True
        public = all(each.is_global and not each.is_multicast for each in (address, inner))
        return public and address not in _SITE_LOCAL


def read_allowed(written: str) -> Allowed:
    """Names and networks, comma-separated: `chat.corp, 10.1.0.0/16`."""
    names = [each.strip().lower() for each in written.split(",") if each.strip()]
    networks = tuple(network for network in map(_network, names) if network is not None)
    return Allowed(frozenset(names), networks)


def _network(written: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(written, strict=False)
    except ValueError:
        return None


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address that another one stands for: IPv4 inside IPv6, as systems and gateways translate it."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in _IPV4_INSIDE):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (address,))[-1]
