"""Numbers, shares and days as people read them: one way in pages, in files and in messages."""

from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit

from monitor.messages import Evidence
from monitor.privacy.pseudonyms import holds_pseudonym
from monitor.texts.language import UNDETERMINED

_LONGEST_LINE = 60
"""Characters of a line read in a picture that are quoted."""


def number(n: float) -> str:
    """`12,345`."""
    return f"{n:,}"


def percent(share: float) -> str:
    """A share of 0..1 as whole per cent; `<1%` for what is there and would read as none, `>99%` for what is
    not all and would read so."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 - 1e-9 else f"{share:.0%}"


def found_by(evidence: Evidence | None, line: str | None) -> str:
    """By what a picture was found to show a brand: `by its look`, `by its letters: “grafana”`, `by look and
    letters: “grafana”`; None is a person's word."""
    if evidence is None:
        return "by a person"
    if line is None or evidence == "look":
        return "by its look"
    short = (
        line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    )
    quoted = f"\N{LEFT DOUBLE QUOTATION MARK}{short}\N{RIGHT DOUBLE QUOTATION MARK}"
    return f"by {'its' if evidence == 'letters' else 'look and'} letters: {quoted}"


def signed(value: float | None, digits: int = 2) -> str:
    """`+0.12`, `-0.12` with a real minus sign, `0.00` for what rounds to it, and a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    shown = f"{value:+.{digits}f}"
    return f"{0:.{digits}f}" if float(shown) == 0 else shown.replace("-", "\N{MINUS SIGN}")


def counted(n: int, noun: str) -> str:
    """`1 mention`, `2,000 mentions`, `2,000 stories`."""
    if n == 1:
        return f"{n:,} {noun}"
    several = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{n:,} {several}"


def telling(mentions: int, stories: int) -> str:
    """`1,280 mentions tell 1,029 stories`."""
    return (
        f"{counted(mentions, 'mention')} {'tells' if mentions == 1 else 'tell'} {counted(stories, 'story')}"
    )


def language(code: str) -> str:
    """A language's code as people read it."""
    return "unknown" if code == UNDETERMINED else code


def day(moment: datetime, zone: tzinfo | None = None) -> str:
    """`1 March 2026` in `zone`, or UTC."""
    there = moment.astimezone(zone or UTC)
    return f"{there.day} {there:%B %Y}"


def minute(moment: datetime, zone: tzinfo | None = None) -> str:
    """`2026-03-01 09:30` in `zone`, or UTC."""
    return f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M}"


def pruned(kept_from: datetime) -> str:
    """What is missing from a period that begins before mentions are kept."""
    return f"Mentions published before {day(kept_from)} are no longer kept; figures of that time are."


def is_web_address(url: str | None) -> bool:
    """A link that only ever opens a page; `javascript:` and its like are not passed on, nor is one in which a
    name was hidden: it leads nowhere."""
    try:
        return url is not None and urlsplit(url).scheme in ("http", "https") and not holds_pseudonym(url)
    except ValueError:
        return False
