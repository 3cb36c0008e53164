"""One theme: what it is called, how its posts are found, and what they say."""

from typing import Final
from uuid import UUID

import msgspec

from monitor.reports.wording import counted, percent

_MOVED: Final = 1.5
"""A theme of half as much again, or of two thirds, has moved enough to be told."""


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """What some posts about a brand are about. Counts are posts of the period, unless they say otherwise."""

    id: str
    """Of its first phrase: the same phrase has the same id in every week, for every brand. 12 characters."""
    name: str
    """Its first phrase, as people write it most often."""
    phrases: tuple[str, ...]
    """What its posts say, the commonest first; `name` is one of them."""
    query: str
    """Finds its posts: in the search of the pages, with the brand chosen, and as what an alert is about."""
    posts: int
    stories: int
    """Different ones: copies count once."""
    positive: int
    negative: int
    share: float
    """Of the posts about the brand that were read, 0..1."""
    posts_before: int | None
    """In as long a time before; None where nothing about the brand was published then."""
    centre: UUID
    """The post that says most of what the others say; an id of `mention`, as the next two."""
    widest: UUID
    """The post that most people may have seen."""
    most_negative: UUID | None
    """The post that the model is surest is negative, if one is."""
    estimated: bool
    """Counts are extrapolated from a sample of the period's hours; of less than that, they are exact."""

    @property
    def examples(self) -> tuple[UUID, ...]:
        """The posts that stand for it, each once: the centre, the widest, the most negative."""
        found = (self.centre, self.widest, self.most_negative)
        return tuple(dict.fromkeys(id for id in found if id is not None))

    def why(self, id: UUID) -> str:
        """Why a post stands for it: `what most say, and most read`."""
        reasons = (
            (self.centre, "what most of them say"),
            (self.widest, "read by most"),
            (self.most_negative, "the most negative"),
        )
        return ", ".join(said for each, said in reasons if each == id)

    @property
    def moved(self) -> str:
        """`new`, `more` or `less` than before, `as before`; empty where there is no before."""
        if self.posts_before is None:
            return ""
        if not self.posts_before:
            return "new"
        ratio = self.posts / self.posts_before
        return "more" if ratio >= _MOVED else "less" if ratio <= 1 / _MOVED else "as before"

    @property
    def words(self) -> str:
        """How large it is, in words."""
        about = "about " if self.estimated else ""
        said = f"{about}{counted(self.posts, 'post')}, {percent(self.share)} of what is said"
        if self.posts_before is None:
            return said
        return f"{said}; {about if self.posts_before else ''}{self.posts_before:,} before"
