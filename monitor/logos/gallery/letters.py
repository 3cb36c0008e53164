"""What the letters of a logo say: read on its reference pictures by the reader that workers have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.everyday import bare_letters
from monitor.logos.gallery.references import Reference
from monitor.logos.gallery.views import shown
from monitor.logos.words.names import NameReader

_FEWEST: Final = 3
"""Letters and digits of a line that is no watched name: stripes and leaves are read as I or 00."""


@dataclass(frozen=True, slots=True)
class LogoLetters:
    """What was read in a brand's references."""

    lines: tuple[str, ...] = ()
    """Each line once, as in the reference where it was read surest; empty for a symbol."""
    own: bool = False
    """Whether a name of the brand is among it."""
    others: tuple[tuple[str, str], ...] = ()
    """Other watched brands and what was read of theirs: brand, its name as read."""
    unread: str | None = None
    """Why a reference could not be read."""


def read_letters(brand: str, references: Sequence[Reference], reader: NameReader) -> LogoLetters:
    """Read each reference on up to two of the grounds that suit it; `reader` knows the brand's spellings.

    Blocks for some tenths of a second a reference. Raises nothing: a logo may be added unread.
    """
    lines: dict[str, tuple[float, str]] = {}
    named: dict[str, str] = {}
    for reference in references:
        for picture, _ in shown(reference):
            try:
                letters = reader.read(picture)
            except Exception as error:  # the library's
                return LogoLetters(unread=f"{reference.name}: {type(error).__name__}: {error}")
            named |= {name.brand: name.matched for name in letters.names}
            names = {name.line for name in letters.names}
            for line in letters.lines:
                key = bare_letters(line.text)
                if len(key) >= _FEWEST or line.text in names:
                    lines[key] = max(lines.get(key, (0.0, "")), (line.score, line.text))
    return LogoLetters(
        lines=tuple(text for _, text in lines.values()),
        own=brand in named,
        others=tuple((other, matched) for other, matched in named.items() if other != brand),
    )
