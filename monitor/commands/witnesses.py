"""What look and letters say of one picture, in lines for people: what it shows, by what, and what not."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from monitor.commands.output import beside

if TYPE_CHECKING:
    from monitor.logos.evidence import Look, Name
    from monitor.logos.finder import Found
    from monitor.messages import Detection

_NEAR: Final = 0.7
"""Share of what it needs from which a look is worth a word."""
_WEAKER: Final = 3
"""Brands that a picture came near to are told up to here."""
_LINES: Final = 12
"""Lines of text told of; a page of print has hundreds."""


def told(found: "Found") -> Iterator[str]:
    """One line for each brand shown, each that was kept from it, those that came near, and what was read."""
    names = found.letters.names if found.letters else ()
    for detection in found.detections:
        yield f"{detection.brand} {detection.score:.2f}, by {_evidence(detection, found.looks, names)}"
    if not found.detections:
        yield "no watched brand"
    for veto in found.vetoes:
        read = _quoted(veto.line.text)
        yield f"not {veto.look.brand}: looks like it ({_look(veto.look)}), but reads {read}"
    for lost in found.lost:
        yield (
            f"not {lost.look.brand}: looks like it ({_look(lost.look)}), but {lost.to.brand} has the better "
            f"claim to that place ({lost.to.score:.2f})"
        )
    shown = {detection.brand for detection in found.detections}
    yield from _names_apart([name for name in names if name.brand not in shown])
    yield from _weaker(found, shown)
    if found.unread is not None:
        yield f"letters not read: {found.unread}"
    if found.letters and found.letters.lines:
        lines = [_quoted(line.text) for line in found.letters.lines]
        more = f" and {len(lines) - _LINES} more lines" if len(lines) > _LINES else ""
        yield f"reads {', '.join(lines[:_LINES])}{more}"


def _evidence(detection: "Detection", looks: "Sequence[Look]", names: "Sequence[Name]") -> str:
    look = next((one for one in looks if (one.brand, one.score) == (detection.brand, detection.look)), None)
    name = next((one for one in names if (one.brand, one.line) == (detection.brand, detection.line)), None)
    seen = _look(look) if look else ""
    read = ""
    if detection.line is not None:  # letters like the name are none of the names read
        read = f"reads {_name(name) if name else f'{_quoted(detection.line)} ({detection.letters:.2f})'}"
    by = {"look": "its look", "letters": "its letters", "both": "look and letters"}[detection.evidence]
    return f"{by}: {'; '.join(filter(None, (seen, read)))}"


def _look(look: "Look") -> str:
    """What is equal after rounding only is told apart in words."""
    return f"score {beside(look.score, look.threshold)}, threshold {look.threshold:.3f} ({look.source})"


def _name(name: "Name") -> str:
    off = f", {name.errors} letter{'s' if name.errors > 1 else ''} off" if name.errors else ""
    where = "" if name.whole else f" in {_quoted(name.line)}"
    return f"{_quoted(name.matched)} ({name.score:.2f}{off}){where}"


def _names_apart(names: "Sequence[Name]") -> Iterator[str]:
    """Names that were read and did not suffice."""
    for name in {one.brand: one for one in sorted(names, key=lambda one: one.score)}.values():
        why = (
            "an everyday word: it counts as a whole line, or where the logo is seen with it"
            if name.everyday and not name.whole
            else "not sure enough"
        )
        yield f"not {name.brand}: reads {_name(name)}, {why}"


def _weaker(found: "Found", shown: set[str]) -> Iterator[str]:
    """Brands that the picture looks a little like."""
    told = shown | {veto.look.brand for veto in found.vetoes} | {lost.look.brand for lost in found.lost}
    best: dict[str, Look] = {}
    for look in sorted(found.looks, key=lambda look: -look.strength):
        if look.brand not in told:
            best.setdefault(look.brand, look)
    named = ", ".join(dict.fromkeys(name.brand for name in found.letters.names)) if found.letters else ""
    said = f"the letters in the picture name {named}" if named else "its letters are not there"
    near = []
    for look in best.values():
        if look.score >= look.threshold:
            yield f"not {look.brand}: looks like it ({_look(look)}), but {said}"
        elif look.score >= _NEAR * look.threshold:
            near.append(f"{look.brand} {_look(look)}")
    if near:
        yield f"near: {'; '.join(near[:_WEAKER])}"


def _quoted(text: str) -> str:
    return f"“{text}”"
