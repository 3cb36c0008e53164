"""What was seen and read in annotated pictures, kept in a file: reading a picture takes half a second,
weighing what was read takes none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.logos.evidence import Look, Name
from monitor.logos.finder import LogoFinder
from monitor.logos.words.lines import TextLine
from training.data.pictures import AnnotatedPicture


@dataclass(frozen=True, slots=True)
class Seen:
    """An annotated picture with all that both witnesses say about it."""

    picture: AnnotatedPicture
    looks: tuple[Look, ...]
    names: tuple[Name, ...]
    lines: tuple[TextLine, ...]


class _Row(msgspec.Struct, frozen=True):
    """A line of the file. `by` are the identities of detector and reader: what others saw is not taken."""

    by: str
    folder: str
    file: str
    looks: tuple[Look, ...]
    names: tuple[Name, ...]
    lines: tuple[TextLine, ...]


def witnesses(pictures: Sequence[AnnotatedPicture], finder: LogoFinder, kept: Path) -> list[Seen]:
    """What `finder` sees and reads in each picture, in their order.

    What `kept` (JSON lines) holds of it is taken from there, the rest is looked at and added, so that a run
    that was cut off goes on. Raises `SetupError` for a finder that does not read.
    """
    if finder.letters is None:
        raise SetupError("only half of the evidence: nobody reads; set MONITOR_OCR=true")
    by = f"{finder.detector.identity}+{finder.letters.identity}"
    known = {(row.folder, row.file): row for row in _rows(kept) if row.by == by}
    kept.parent.mkdir(parents=True, exist_ok=True)
    seen = []
    with kept.open("ab") as file:
        for picture in tqdm(pictures, desc="looking and reading", unit="picture", mininterval=5):
            key = picture.folder, picture.path.name
            if key not in known:
                pixels = picture.load()
                (looks,), read = finder.detector.look([pixels]), finder.letters.read(pixels)
                known[key] = _Row(by, *key, looks, read.names, read.lines)
                file.write(msgspec.json.encode(known[key]) + b"\n")
                file.flush()
            row = known[key]
            seen.append(Seen(picture, row.looks, row.names, row.lines))
    return seen


def _rows(kept: Path) -> list[_Row]:
    """The whole lines of the file; a part that a run left at its end is cut off."""
    if not kept.exists():
        return []
    whole, end, part = kept.read_bytes().rpartition(b"\n")
    if part:
        with kept.open("r+b") as file:
            file.truncate(len(whole + end))
    return [msgspec.json.decode(line, type=_Row) for line in whole.splitlines()]
