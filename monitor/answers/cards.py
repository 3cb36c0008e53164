"""A card of the queue, and which cards are asked for."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from monitor.answers.states import Answer, State, standing
from monitor.queries import Query
from monitor.reports.mentions import MentionLine

Order = Literal["widest", "oldest", "newest"]

BANDS: Final = (1_000_000, 100_000, 10_000, 1_000, 100, 0)
"""Steps of reach, people; a story stands in the first that it comes to."""

STATES: Final[tuple[State, ...]] = ("new", "seen", "answered", "ignored")
OPEN: Final[tuple[State, ...]] = ("new", "seen")
"""Those that wait for an answer."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which cards, in which order. `label`: only stories with a negative text, or only those without one;
    `by`: only those whose state this person set."""

    states: tuple[State, ...] = OPEN
    label: Literal["negative", "unsure"] | None = None
    by: str | None = None
    query: Query | None = None
    order: Order = "widest"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Stories by their state."""

    new: int = 0
    seen: int = 0
    answered: int = 0
    ignored: int = 0

    @property
    def open(self) -> int:
        """Those that wait: new and seen."""
        return self.new + self.seen

    @property
    def all(self) -> int:
        """Every one."""
        return self.open + self.answered + self.ignored


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A story that may want an answer. Its posts are those of the view that are negative or unsure."""

    line: MentionLine
    """The post that most people may have seen; of equal ones the first."""
    felt: tuple[tuple[str, str], ...]
    """How that post feels toward each of our brands: (brand, label)."""
    picture: str | None
    """SHA-256 of its picture, or of the other half of its post."""
    posts: int
    copies: int
    """Mentions of the story besides the one shown, of any period and feeling."""
    reach: int | None
    """People, added up over its posts; None: unknown of all."""
    first_at: datetime
    """When the first post of the story that is negative or unsure was published, in the view or before."""
    last_at: datetime
    """When the last one of the view was."""
    newer: int
    """Posts published after the state was set."""
    state: State
    seen: int
    """Id of the answer in force, 0 for none: what `answer` wants to know of whoever saw this card."""
    history: tuple[Answer, ...]
    """The latest first, undone ones included."""

    @property
    def standing(self) -> Answer | None:
        """What is in force; None: nobody did anything."""
        return standing(self.history)

    @property
    def band(self) -> int | None:
        """The step of `BANDS` it stands in; None: unknown."""
        return None if self.reach is None else next(step for step in BANDS if self.reach >= step)


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the cards, and where the next ones begin."""

    cards: tuple[Card, ...] = ()
    next: str | None = None
    found: int = 0
    """Cards wanted, on this page and others."""
    counts: Counts = Counts()
    """Of every state, whoever set it."""
    people: tuple[str, ...] = ()
    """Who set the states, by name."""
    brands: tuple[str, ...] = ()
    """The brands of ours that it is about."""
    ours: tuple[str, ...] = ()
    """All brands of ours."""
    looked_through: int | None = None
    """With a query: only so many posts, the newest, were looked through; None: all of the view."""
