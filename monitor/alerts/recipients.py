"""Whom alerts are sent to: an e-mail address or one of apprise's, as people type them on a page."""

from pydantic import SecretStr

from monitor.delivery.addresses import AddressError
from monitor.delivery.recipients import Recipient
from monitor.delivery.subscribers import Service, read_subscribers
from monitor.settings import Settings


def named(address: str, settings: Settings) -> Recipient:
    """The recipient at one address. Raises `AddressError` for one that cannot be used from the pages."""
    found = read_subscribers(address, _service(settings))
    if len(found) != 1:
        raise AddressError("one address, without spaces and commas")
    return found[0]


def _service(settings: Settings) -> Service:
    """A mail server may stand in either setting."""
    given = (each.get_secret_value() for each in (settings.report_to, settings.alert_to) if each is not None)
    return Service(SecretStr(" ".join(given)), settings.recipient_hosts)
