"""Stories as parts of a graph: mentions that share a key in the same or neighbouring periods hang together.

Nothing here asks the database; `monitor.storage.stories` does.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

PERIOD: Final = timedelta(days=30)
"""A copy that comes later than the neighbouring period is a story of its own."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Node = tuple[int, int]
"""A key and the period in which a mention has it."""


class Member(NamedTuple):
    """A mention, as far as stories go: `story_id` is the one it is or was in, None if in none yet."""

    id: UUID
    published_at: datetime
    keys: tuple[int, ...]
    story_id: UUID | None = None

    @property
    def nodes(self) -> list[Node]:
        """What it is found by."""
        period = (self.published_at - _EPOCH) // PERIOD
        return [(key, period) for key in self.keys]


class Place(NamedTuple):
    """Where a mention belongs."""

    story_id: UUID
    lead: bool


class First(NamedTuple):
    """The first mention of a story."""

    published_at: datetime
    id: UUID


@dataclass
class Part:
    """A connected part of the graph: mentions to be placed, their nodes, and stories that they connect."""

    members: list[Member] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    stories: list[UUID] = field(default_factory=list)


@dataclass
class Arrangement:
    """What placing mentions comes to."""

    places: dict[UUID, Place] = field(default_factory=dict)
    leads: dict[UUID, bool] = field(default_factory=dict)
    """Of the first mentions of stories that others joined: whether they still are."""
    nodes: dict[Node, UUID] = field(default_factory=dict)
    """The story of every node of the mentions."""


class Neighbours:
    """What there is beside nodes that were looked up: stories in the same and the neighbouring periods.

    Rows are (key, period looked up, period found in, story, its first mention's published_at and id).
    """

    def __init__(self, rows: Iterable[Sequence[Any]] = ()) -> None:
        self.stories: list[tuple[Node, UUID]] = []
        self.there: set[Node] = set()
        """Nodes that have a story themselves."""
        self.firsts: dict[UUID, First] = {}
        """Of each story that has mentions."""
        for key, period, found, story_id, published_at, id in rows:
            self.stories.append(((key, period), story_id))
            if found == period:
                self.there.add((key, period))
            if id is not None:
                self.firsts[story_id] = First(published_at, id)


def connect(members: Iterable[Member], beside: Neighbours) -> list[Part]:
    """The parts that mentions with keys fall into."""
    keyed = [(member, member.nodes) for member in members if member.keys]
    parents = list(range(len(keyed)))

    def root(n: int) -> int:
        while (parent := parents[n]) != n:
            parents[n] = n = parents[parent]
        return n

    at: dict[Node, int] = {}
    for n, (_, nodes) in enumerate(keyed):
        for node in nodes:
            if (other := at.setdefault(node, n)) != n:
                parents[root(n)] = root(other)
    if len({period for _, period in at}) > 1:
        for (key, period), n in at.items():
            if (after := at.get((key, period + 1))) is not None:
                parents[root(n)] = root(after)
    by_story: dict[UUID, int] = {}
    for node, story_id in beside.stories:
        if (here := at.get(node)) is not None:
            parents[root(here)] = root(by_story.setdefault(story_id, here))
    parts: defaultdict[int, Part] = defaultdict(Part)
    for n, (member, nodes) in enumerate(keyed):
        part = parts[root(n)]
        part.members.append(member)
        part.nodes += nodes
    for story_id, n in by_story.items():
        parts[root(n)].stories.append(story_id)
    return list(parts.values())


def arrange(members: Iterable[Member], parts: Sequence[Part], firsts: Mapping[UUID, First]) -> Arrangement:
    """Where mentions belong; each part takes the first of its stories."""
    made = Arrangement({member.id: Place(member.id, lead=True) for member in members if not member.keys})
    taken = {story_id for part in parts for story_id in part.stories}
    for part in sorted(parts, key=lambda part: -len(part.members)):
        story_id = part.stories[0] if part.stories else _own_story(part.members, taken)
        before = [firsts[story] for story in part.stories if story in firsts]
        first = min([*before, *(First(member.published_at, member.id) for member in part.members)])
        made.leads.update({each.id: each == first for each in before})
        for member in part.members:
            made.places[member.id] = Place(story_id, lead=member.id == first.id)
        made.nodes.update(dict.fromkeys(part.nodes, story_id))
    return made


def _own_story(members: Iterable[Member], taken: set[UUID]) -> UUID:
    """The id that most of them had, if it is free; else a new one. Never a mention's own, which is that of
    its story while it has no keys."""
    had = [member.story_id for member in members if member.story_id is not None]
    free = (story for story, _ in Counter(had).most_common() if story not in taken) if had else iter(())
    story_id = next(free, None) or uuid.uuid4()
    taken.add(story_id)
    return story_id
