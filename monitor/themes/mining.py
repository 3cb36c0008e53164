"""Finds themes in texts: pairs of words that stand near each other in many of them, and words that do alone.

The idea is that of suffix tree clustering (Zamir and Etzioni 1998, "Web Document Clustering: A Feasibility
Demonstration"): a theme is a phrase that several texts share; phrases that the same texts share are one
theme; its name is its phrase. So a theme has the same name in every week in which it is one, and a query
that finds its posts. docs/method.md#themes has what it was compared with.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.themes.words import Stems, Token

BETWEEN: Final = 3
"""Words between the two of a pair, at most: "lost my only bag"."""

_FEWEST: Final = 3
_LEAST: Final = 0.004
"""A theme has as many stories, and this share of all of them."""

_COMMONEST: Final = 0.12
"""A word in more of the texts names what they are all about ("flight"), unless it came up only now."""

_ASSOCIATED: Final = 0.15
"""Normalised pointwise mutual information of a pair's words (Bouma 2009), at least; 0 is chance, 1 always."""

_OF_WORD: Final = 0.6
"""What a text is worth that a word alone finds, beside one that a pair finds: of two words people read what
is meant, of one they guess."""

_NEW: Final = 2.0
_SURE: Final = 4.0
_NEWS: Final = 0.05
"""A word came up only now if this share of the texts say it, more than the time before lets expect by as many
times that, and by as many standard deviations (of a Poisson count)."""

_FEW: Final = 2
"""Where pairs, and words that came up only now, are less than this part of the themes wanted, other words
make up for it: better than nothing where little is said."""

_NEWLY_FOUND: Final = 0.5
"""Share of a theme's texts that no theme chosen before it has, at least."""

_PHRASE: Final = 0.4
"""Share of a pair's places in which it is written in one and the same way, as is "sound quality" where every
second text speaks of quality."""

_ABOUT_AS_MANY: Final = 0.8

_MOST_CANDIDATES: Final = 500
"""Pairs that are looked at, the commonest ones."""

_MOST_PAIRS: Final = 5
_MOST_SPELLINGS: Final = 6
"""Of one theme, and of one stem of it: more make a query that nobody reads."""

Pair = tuple[str, ...]
"""Two stems, in alphabetical order, or one alone."""


@dataclass(frozen=True, slots=True)
class Said:
    """One text. `now`: it is of the period whose themes are wanted; the others say what is usual."""

    language: str
    tokens: tuple[Token, ...]
    now: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A theme: its pairs of stems (or one alone), the first one first, and which texts say it."""

    pairs: tuple[Pair, ...]
    texts: frozenset[int]
    """Indexes, of those before, too."""


class Mine:
    """Texts, ready to be looked through for themes."""

    def __init__(self, said: Sequence[Said], stems: Stems, names: frozenset[str] = frozenset()) -> None:
        """`names`: words that are in no phrase that is shown."""
        self.said, self._names = said, names
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)
        """Words of each stem, as written."""
        self._places: dict[str, dict[int, list[int]]] = defaultdict(dict)
        """Where each stem stands: ordinals, by text."""
        n = sum(each.now for each in said)
        self._fewest = max(_FEWEST, math.ceil(_LEAST * n))
        found = stems({(each.language, token.word) for each in said for token in each.tokens if token.word})
        self._stems: list[list[tuple[int, str]]] = []
        for index, each in enumerate(said):
            here: list[tuple[int, str]] = []
            for ordinal, token in enumerate(each.tokens):
                stem = found.get((each.language, token.word)) if token.word else None
                if stem is not None:
                    here.append((ordinal, stem))
                    self._spellings[stem][token.word] += 1
                    self._places[stem].setdefault(index, []).append(ordinal)
            self._stems.append(here)

    def themes(self, most: int) -> list[Found]:
        """Up to `most` themes, the one with the most texts of now first."""
        news, usual = self._words()
        covered: set[int] = set()
        chosen = self._chosen([*self._groups(self._pairs()), *news], most, covered)
        if len(chosen) < most // _FEW:
            chosen += self._chosen(usual, most // _FEW - len(chosen), covered)
        found = []
        for each in chosen:
            pairs = self._best_written_first(each.pairs[:_MOST_PAIRS])
            found.append(Found(pairs, frozenset().union(*map(self.saying, pairs))))
        return sorted(found, key=lambda each: (-self._of_now(each.texts), each.pairs))

    def _best_written_first(self, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
        """Of pairs that about as many texts say the one first that most of them write in the same way."""
        enough = _ABOUT_AS_MANY * len(self.saying(pairs[0]))
        like = [pair for pair in pairs if len(self.saying(pair)) >= enough]
        first = max(like, key=self._how_alike)
        return (first, *(pair for pair in pairs if pair != first))

    def _how_alike(self, pair: Pair) -> tuple[int, int, Pair]:
        """How often it is written in its commonest way; of equals the one with the fewest words first."""
        (phrase, n), *_ = _by_number(self._written(pair)) or [("", 0)]
        return n, -len(phrase.split()), pair

    def _chosen(self, groups: list["_Group"], most: int, covered: set[int]) -> list["_Group"]:
        """The groups that find the most texts that are not `covered`, which those of the chosen become."""
        waiting = [(-each.worth * len(each.now), each.pairs, each) for each in groups]
        heapq.heapify(waiting)
        chosen: list[_Group] = []
        while waiting and len(chosen) < most:
            worth, pairs, best = heapq.heappop(waiting)
            fresh = len(best.now - covered)
            if -best.worth * fresh > worth:  # less than when it was put there: others may be worth more now
                heapq.heappush(waiting, (-best.worth * fresh, pairs, best))
            elif fresh >= max(self._fewest, _NEWLY_FOUND * len(best.now)):
                covered |= best.now
                chosen.append(best)
        return chosen

    def saying(self, pair: Pair) -> set[int]:
        """Which texts say a pair (or a stem alone), as its query finds them: across sentences, too."""
        one, two = (self._places.get(stem, {}) for stem in (pair[0], pair[-1]))
        if len(pair) == 1:
            return set(one)
        return {
            index
            for index in one.keys() & two.keys()
            if any(0 < abs(a - b) <= BETWEEN + 1 for a in one[index] for b in two[index])
        }

    def phrase(self, pair: Pair) -> str:
        """A pair as people write it most often, with what they write between."""
        return _commonest(self._written(pair)) or " ".join(self.spelled(stem)[0] for stem in pair)

    def spelled(self, stem: str) -> list[str]:
        """Spellings of a stem, the commonest first, as many as a query asks for."""
        return [word for word, _ in _by_number(self._spellings[stem])[:_MOST_SPELLINGS]]

    def stems_of(self, index: int) -> set[str]:
        """The stems of a text."""
        return {stem for _, stem in self._stems[index]}

    def _written(self, pair: Pair) -> Counter[str]:
        if len(pair) == 1:
            return self._spellings[pair[0]]
        return Counter(phrase for index in self.saying(pair) for phrase in self._between(index, pair))

    def _between(self, index: int, pair: Pair) -> Iterable[str]:
        tokens = self.said[index].tokens
        for a in self._places[pair[0]][index]:
            for b in self._places[pair[1]][index]:
                first, last = min(a, b), max(a, b)
                span = tokens[first : last + 1]
                whole = all(token.word and token.word not in self._names for token in span)
                whole = whole and not any(token.breaks for token in span[1:])
                if whole and 0 < last - first <= BETWEEN + 1:
                    yield " ".join(token.word for token in span)

    def _pairs(self) -> list[tuple[Pair, set[int]]]:
        """Pairs that enough texts of now say within a sentence, whose words belong together; the commonest
        first."""
        fewest = self._fewest
        often = {stem for stem, places in self._places.items() if len(places) >= fewest}
        texts: dict[Pair, set[int]] = defaultdict(set)
        for index, here in enumerate(self._stems):
            tokens = self.said[index].tokens
            for n, (a, one) in enumerate(here):
                if one not in often:
                    continue
                for b, two in here[n + 1 :]:
                    if b - a > BETWEEN + 1 or any(token.breaks for token in tokens[a + 1 : b + 1]):
                        break
                    if two in often and two != one:
                        texts[min((one, two), (two, one))].add(index)
        often_said = [(pair, found) for pair, found in texts.items() if self._of_now(found) >= fewest]
        often_said.sort(key=lambda each: (-len(each[1]), each[0]))
        return [each for each in often_said[:_MOST_CANDIDATES] if self._belongs_together(*each)]

    def _belongs_together(self, pair: Pair, texts: set[int]) -> bool:
        """Whether its words meet more often than chance lets them, or nearly always as one phrase."""
        one, two = (len(self._places[stem]) for stem in pair)
        if _npmi(len(texts), one, two, len(self.said)) >= _ASSOCIATED:
            return True
        phrases = self._written(pair)
        return phrases.total() > 0 and max(phrases.values()) >= _PHRASE * phrases.total()

    def _groups(self, pairs: list[tuple[Pair, set[int]]]) -> list["_Group"]:
        """Pairs that say the same, together: those of the same texts."""
        groups: list[_Group] = []
        for pair, texts in pairs:
            like = [(shared, each) for each in groups if (shared := each.shares(pair, texts))]
            if like:
                max(like, key=lambda each: each[0])[1].take(pair, texts)
            else:
                groups.append(_Group([pair], set(texts), set(), 1.0))
        for each in groups:
            each.now = {index for index in each.texts if self.said[index].now}
        return groups

    def _words(self) -> tuple[list["_Group"], list["_Group"]]:
        """Words that came up only now, and others."""
        now = sum(each.now for each in self.said)
        before = len(self.said) - now
        news: list[_Group] = []
        others: list[_Group] = []
        for stem, places in self._places.items():
            of_now = {index for index in places if self.said[index].now}
            n, usual = len(of_now), (len(places) - len(of_now)) * now / before if before else math.inf
            if n >= _NEWS * now and n - usual >= max(_NEW * usual, _SURE * math.sqrt(usual + 1)):
                news.append(_Group([(stem,)], set(places), of_now, _OF_WORD))
            elif self._fewest <= n <= _COMMONEST * now:
                others.append(_Group([(stem,)], set(places), of_now, _OF_WORD))
        return news, others

    def _of_now(self, texts: Iterable[int]) -> int:
        return sum(self.said[index].now for index in texts)


@dataclass
class _Group:
    """Pairs that the same texts say, the first one first."""

    pairs: list[Pair]
    texts: set[int]
    now: set[int]
    worth: float

    def shares(self, pair: Pair, texts: set[int]) -> float:
        """What share of `texts` it has, where that makes one theme of both; else 0."""
        both = len(self.texts & texts)
        of_it, of_this = both / len(texts), both / len(self.texts)
        same_word = any(stem in each for stem in pair for each in self.pairs)
        alike = (of_it > 0.5 and of_this > 0.5) or (same_word and of_it > 0.75)
        return of_it if alike else 0.0

    def take(self, pair: Pair, texts: set[int]) -> None:
        self.pairs.append(pair)
        self.texts |= texts


def _npmi(both: int, one: int, two: int, total: int) -> float:
    if both >= total:
        return 1.0
    return math.log(both * total / (one * two)) / -math.log(both / total)


def _commonest(counted: Counter[str]) -> str:
    return _by_number(counted)[0][0] if counted else ""


def _by_number(counted: Counter[str]) -> list[tuple[str, int]]:
    """The commonest first; of equals the shorter."""
    return sorted(counted.items(), key=lambda each: (-each[1], len(each[0]), each[0]))
