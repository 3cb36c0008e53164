"""What changed since the period before, and how sure that is.

Share of voice and brand health are proportions; each is compared with the two-proportion z test and given
Newcombe's interval of the difference. The p values are adjusted for having asked about every brand (Holm).
Both take mentions for independent, which reposts are not: a p value near 0.05 is a hint, not a proof.
"""

from typing import Final

import msgspec
from sqlalchemy import Connection

from monitor.reports.feeling import BrandFeeling, net_sentiment
from monitor.reports.filters import Filter
from monitor.reports.intervals import holm, newcombe, two_proportions
from monitor.reports.voice import BrandVoice, share_of_voice

SURE: Final = 0.05
"""Adjusted p values below this are called significant."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A proportion now and in the period before. All in 0..1, differences in -1..1; None where n is 0."""

    now: float | None
    before: float | None
    n: int
    """What the proportion is of."""
    n_before: int
    difference: float | None
    low: float | None
    """Ends of the difference's 95% interval (Newcombe 1998, method 10)."""
    high: float | None
    p: float | None
    """Two-sided, two-proportion z test, adjusted over the brands (Holm 1979)."""

    @property
    def significant(self) -> bool:
        """The change is not likely to be chance alone."""
        return self.p is not None and self.p < SURE


class BrandChange(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in the period and in the one before."""

    brand: str
    own: bool
    posts: int
    posts_before: int
    share: Change
    """Share of voice among all brands watched."""
    health: Change
    """positive / (positive + negative)."""
    net_sentiment: float | None
    net_sentiment_before: float | None


def changes(connection: Connection, chosen: Filter) -> tuple[BrandChange, ...]:
    """Each brand present in either period, the most present first."""
    every = msgspec.structs.replace(chosen, brands=())
    voice = [{each.brand: each for each in share_of_voice(connection, each)} for each in _both(every)]
    feeling = [{each.brand: each for each in net_sentiment(connection, each)} for each in _both(every)]
    names = sorted(
        {*voice[0], *voice[1]}, key=lambda name: (-_posts(voice[0], name), -_posts(voice[1], name), name)
    )
    totals = [sum(each.posts for each in brands.values()) for brands in voice]
    shares = _changes(
        [(_posts(voice[0], name), totals[0], _posts(voice[1], name), totals[1]) for name in names]
    )
    healths = _changes([(*_opinions(feeling[0], name), *_opinions(feeling[1], name)) for name in names])
    told = zip(names, shares, healths, strict=True)
    return tuple(
        BrandChange(
            brand=name,
            own=(voice[0].get(name) or voice[1][name]).own,
            posts=_posts(voice[0], name),
            posts_before=_posts(voice[1], name),
            share=share,
            health=health,
            net_sentiment=_net(feeling[0], name),
            net_sentiment_before=_net(feeling[1], name),
        )
        for name, share, health in told
        if not chosen.brands or name in chosen.brands
    )


def gaining(connection: Connection, chosen: Filter) -> tuple[BrandChange, ...]:
    """Competitors whose share of voice grew by more than chance explains, the largest growth first."""
    rising = [
        each
        for each in changes(connection, chosen)
        if not each.own and each.share.significant and (each.share.difference or 0) > 0
    ]
    return tuple(sorted(rising, key=lambda each: -(each.share.difference or 0)))


def _both(chosen: Filter) -> tuple[Filter, Filter]:
    return chosen, chosen.previous()


def _posts(voice: dict[str, BrandVoice], brand: str) -> int:
    return voice[brand].posts if brand in voice else 0


def _opinions(feeling: dict[str, BrandFeeling], brand: str) -> tuple[int, int]:
    return (feeling[brand].positive, feeling[brand].opinions) if brand in feeling else (0, 0)


def _net(feeling: dict[str, BrandFeeling], brand: str) -> float | None:
    return feeling[brand].net_sentiment if brand in feeling else None


def _changes(counts: list[tuple[int, int, int, int]]) -> list[Change]:
    """One `Change` per (successes, n, successes before, n before); p adjusted over those with both."""
    told = [place for place, (_, n, _, n_before) in enumerate(counts) if n and n_before]
    adjusted = dict(zip(told, holm([two_proportions(*counts[place]) for place in told]), strict=True))
    return [_change(*each, p=adjusted.get(place)) for place, each in enumerate(counts)]


def _change(successes: int, n: int, successes_before: int, n_before: int, p: float | None) -> Change:
    now = successes / n if n else None
    before = successes_before / n_before if n_before else None
    if now is None or before is None:
        return Change(
            now=now, before=before, n=n, n_before=n_before, difference=None, low=None, high=None, p=None
        )
    low, high = newcombe(successes, n, successes_before, n_before)
    return Change(
        now=now, before=before, n=n, n_before=n_before, difference=now - before, low=low, high=high, p=p
    )
