"""Exports of other programs and of this one: which columns they have, and what their rows need."""

from typing import Final

from monitor.files.interface import Vendor
from monitor.files.vendors.brandwatch import BRANDWATCH
from monitor.files.vendors.mastodon import MASTODON
from monitor.files.vendors.meltwater import MELTWATER
from monitor.files.vendors.ours import OURS
from monitor.files.vendors.reddit import REDDIT
from monitor.files.vendors.talkwalker import TALKWALKER
from monitor.files.vendors.x_archive import X_ARCHIVE

VENDORS: Final[tuple[Vendor, ...]] = (OURS, BRANDWATCH, MELTWATER, TALKWALKER, X_ARCHIVE, REDDIT, MASTODON)
"""No two recognise the same file."""
