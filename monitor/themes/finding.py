"""The themes of a view, of one brand or of two side by side."""

from collections.abc import Hashable
from typing import Final, cast

import msgspec
from sqlalchemy import Connection

from monitor.reports.filters import Filter
from monitor.reports.quality import pruned_before
from monitor.themes.collection import Collection
from monitor.themes.memory import Memory, state
from monitor.themes.posts import Sample, read_posts
from monitor.themes.theme import Theme

MOST: Final = 12
"""Themes of a brand: as many as are read."""

_results: Final = Memory(256)
"""Themes of views, some ten kilobytes each."""
_collections: Final = Memory(4)
"""Posts that were looked through, some ten megabytes each: a page asks for the same ones twice."""


class Both(msgspec.Struct, frozen=True, kw_only=True):
    """A theme, and what share of the posts about each of two brands it has, 0..1."""

    theme: Theme
    """As it is in the posts about `brand`: the one of which it has the larger share."""
    brand: str
    share: float
    """Of the posts about the first brand."""
    share_other: float
    """Of those about the second."""


def themes(connection: Connection, chosen: Filter, brand: str) -> tuple[Theme, ...]:
    """What the chosen texts about a brand are about, the theme with the most posts first.

    Of many texts those of every so many-th hour are read (`SAMPLE`). Empty where nothing was said, or too
    little for three stories to share a phrase.
    """

    def find() -> tuple[Theme, ...]:
        collected = _collected(connection, chosen, brand)
        return tuple(sorted(map(collected.theme, collected.found), key=lambda each: (-each.posts, each.id)))

    return cast(tuple[Theme, ...], _results.get(_key(connection, chosen, brand), find))


def both(connection: Connection, chosen: Filter, brand: str, other: str) -> tuple[Both, ...]:
    """The themes of two brands, each once, the one that sets them apart the most first."""

    def find() -> tuple[Both, ...]:
        one, two = (_collected(connection, chosen, name) for name in (brand, other))
        found: dict[str, Both] = {}
        for here, name in ((one, brand), (two, other)):
            for each in here.found:
                share, share_other = one.share_of(each), two.share_of(each)
                theme = here.theme(each)
                told = Both(
                    theme=theme,
                    brand=name,
                    share=share,
                    share_other=share_other,
                )
                if theme.id not in found or (name == other) == (share_other > share):
                    found[theme.id] = told
        return tuple(sorted(found.values(), key=_sets_apart))

    return cast(tuple[Both, ...], _results.get(_key(connection, chosen, brand, other), find))


def _sets_apart(each: Both) -> tuple[float, str]:
    return -abs(each.share - each.share_other), each.theme.id


def _collected(connection: Connection, chosen: Filter, brand: str) -> Collection:
    def collect() -> Collection:
        now = read_posts(connection, chosen, brand)
        before = _before(connection, chosen)
        usual = read_posts(connection, before, brand) if before and now.posts else Sample((), 1)
        return Collection(connection, brand, now, usual, MOST)

    return cast(Collection, _collections.get(_key(connection, chosen, brand), collect))


def _before(connection: Connection, chosen: Filter) -> Filter | None:
    """The time before; None where dates begin, and where not all of its posts are kept."""
    try:
        before = chosen.previous()
    except ValueError:
        return None
    return None if pruned_before(connection, before.since) else before


def _key(connection: Connection, chosen: Filter, *brands: str) -> Hashable:
    periods = [each for each in (chosen, _before(connection, chosen)) if each is not None]
    about = [msgspec.structs.replace(each, brands=brands) for each in periods]
    return state(connection, *about), chosen, brands
