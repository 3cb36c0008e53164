"""Whom alerts are sent to: an e-mail address or one of apprise's, as people type them on a page."""

from monitor.delivery.addresses import AddressError
from monitor.delivery.recipients import Recipient
from monitor.delivery.subscribers import Service, read_subscribers
from monitor.settings import Settings


def named(address: str, settings: Settings) -> Recipient:
    """The recipient at one address. Raises `AddressError` for one that cannot be used from the pages."""
    found = read_subscribers(address, Service.of(settings))
    if len(found) != 1:
        raise AddressError("one address, without spaces and commas")
    return found[0]
