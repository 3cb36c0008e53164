"""Which brands a text names, in bounds: what one record may cost."""

from collections import Counter
from typing import Final

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError, ErrorCode
from monitor.messages import BrandMention
from monitor.queries import Fields
from monitor.settings import Settings
from monitor.texts import Reading
from monitor.texts.language import load_detector

_PLACES: Final = 100
"""Places kept of one brand in one text: a brand that stands there oftener is not named more for it."""


class Naming:
    """Finds brands in texts and captions."""

    def __init__(self, matcher: BrandMatcher, settings: Settings) -> None:
        self._matcher = matcher
        self._max_brands = settings.text_max_brands
        load_detector()

    def language(self, reading: Reading, given: str | None) -> str:
        """See `BrandMatcher.language`."""
        return self._matcher.language(reading, given)

    def find(self, reading: Reading, fields: Fields) -> tuple[BrandMention, ...]:
        """The brands that a mention with these fields names, in its order, each at its first 100 places.

        Raises `DataError` (`too-many-brands`) where it names more than `text_max_brands` of them.
        """
        places: Counter[str] = Counter()
        kept: list[BrandMention] = []
        for mention in self._matcher.find(reading, fields):
            places[mention.brand] += 1
            if places[mention.brand] <= _PLACES:
                kept.append(mention)
        if len(places) > self._max_brands:
            raise DataError(
                ErrorCode.TOO_MANY_BRANDS,
                f"the text names {len(places)} brands, more than {self._max_brands} "
                "(MONITOR_TEXT_MAX_BRANDS); send a directory's parts as mentions of their own",
            )
        return tuple(kept)
