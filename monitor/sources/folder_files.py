"""The files of a folder: which there are, what each of them holds, and where what was refused is written."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import structlog

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.encodings import encoding_of
from monitor.files.interface import Beside, LeftOut
from monitor.files.mentions import text_mentions
from monitor.files.pictures import read_images
from monitor.files.reading import Undated, Understood, Wishes, understand
from monitor.messages import TextMention, check_text, encode
from monitor.publishing.records import Defaults, Outgoing, Refused, content_type_header, derived_id

_log = structlog.get_logger(__name__)

Holds = Literal["picture", "text", "rows"]

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_OTHER_PICTURES: Final = frozenset(
    {".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".jfif"}
)
"""Told from the others by their first bytes, and refused with what to do."""
_TEXTS: Final = frozenset({".txt"})
_ROWS: Final = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".xlsx", ".xls", ".parquet"})
READ: Final = f"a folder's files are {', '.join(sorted(_PICTURES | _TEXTS | _ROWS))}"
_PACKED: Final = frozenset({".gz", ".zst"})
_REPORT: Final = ".refused.csv"
_UNFINISHED: Final = (
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".filepart",
    ".swp",
    "~",
)
"""How programs name what they have not finished."""
_LONGEST_PART: Final = 500
"""Characters; an index of PostgreSQL takes 2,704 bytes."""
_LONGEST_LETTER: Final = 4
"""Bytes of one in any encoding."""
_HASHED: Final = 2**20
"""Bytes at a time."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it stands."""

    path: Path
    size: int
    modified: int
    """Nanoseconds since 1970."""


def scan(root: Path, *, subfolders: bool) -> dict[str, Found]:
    """The files under `root` by their path below it, finished ones only; links are not followed, since what
    they name may lie outside. Raises `SetupError` where a folder cannot be read."""
    found: dict[str, Found] = {}
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if subfolders and not entry.name.startswith("."):
                            waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False) and _is_finished(entry.name):
                        _add(found, root, entry)
        except OSError as error:
            if folder != root and not folder.exists():  # went while it was looked at
                continue
            raise SetupError(
                f"folder {folder} cannot be read: {error.strerror}; create it, and let this process read it"
            ) from error
    return found


def _add(found: dict[str, Found], root: Path, entry: os.DirEntry[str]) -> None:
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    path = Path(entry.path)
    # A name may be no text: it stays apart from others, and PostgreSQL takes it.
    part = path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
    if len(part) > _LONGEST_PART:
        part = f"{part[:_LONGEST_PART]}... {hashlib.sha256(part.encode()).hexdigest()}"
    if state.st_size:  # an empty one is still to be written
        found[part] = Found(path, state.st_size, state.st_mtime_ns)


def _is_finished(name: str) -> bool:
    low = name.lower()
    return not low.startswith((".", "~")) and not low.endswith((*_UNFINISHED, _REPORT))


def holds(path: Path) -> Holds | None:
    """What a file holds, by its name; None: nothing that is read here."""
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    if endings and endings[-1] in _PACKED:
        return "rows" if endings[0] in _ROWS else None
    ending = endings[-1] if endings else ""
    for kind, known in (("picture", _PICTURES | _OTHER_PICTURES), ("text", _TEXTS), ("rows", _ROWS)):
        if ending in known:
            return kind  # type: ignore[return-value]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Reads files as `brand-monitor import` and `publish images` do."""

    defaults: Defaults
    max_chars: int
    wishes: Wishes

    def records(self, path: Path) -> Iterator[Outgoing | Refused | LeftOut]:
        """One for each row, picture or text, in order and lazily; blocks. The file is one that `holds` knows.

        Raises `SetupError` for a file that cannot be read at all, and for a table whose columns have to be
        told.
        """
        held = holds(path)
        if held == "picture":
            return read_images([path], self.defaults)
        if held == "text":
            return iter([self._text(path)])
        # Without the files beside it: those are read for themselves, and no row leads to another file.
        understood = understand(path, self.wishes, beside=Beside())
        if understood.doubts:
            understood.opened.close()
            told = "; ".join(understood.doubts.values())
            raise SetupError(f"{told} (in sources.toml: `map`, `date_order`, `zone`)")
        return self._rows(understood, path)

    def _rows(self, understood: Understood, path: Path) -> Iterator[Outgoing | Refused | LeftOut]:
        """Those of a table or JSON; the log says, too, how many of them the file had to date."""
        undated = Undated()
        yield from text_mentions(
            understood.rows,
            understood.columns,
            self.defaults,
            max_chars=self.max_chars,
            file=path,
            undated=undated.count,
        )
        if said := undated.said(self.defaults, path):
            _log.info("dated by the file", file=path.name, why=said)

    def _text(self, path: Path) -> Outgoing | Refused:
        """A file that is one text."""
        try:
            with path.open("rb") as file:
                data = file.read(_LONGEST_LETTER * (self.max_chars + 2))
            text = data.decode(encoding_of(data, path.name), "replace").lstrip("\ufeff").strip()
            check_text(text, max_chars=self.max_chars)
            mention = TextMention(
                id=derived_id(self.defaults.source, text),
                source=self.defaults.source,
                text=text,
                published_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
                url=path.absolute().as_uri(),
            )
        except (OSError, SetupError) as error:
            return Refused("the text", DataError(ErrorCode.FILE_UNREADABLE, str(error)))
        except DataError as error:
            return Refused("the text", error)
        value = encode(mention, self.defaults.content_type)
        header = content_type_header(self.defaults.content_type)
        return Outgoing("the text", "text", mention.id.encode(), value, header)


def digest_of(path: Path, size: int) -> tuple[str, bool]:
    """SHA-256 of the first `size` bytes, and whether they end with a line. Raises `OSError`."""
    digest, left, last = hashlib.sha256(), size, b""
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, _HASHED))):
            digest.update(chunk)
            left -= len(chunk)
            last = chunk[-1:]
    return digest.hexdigest(), last == b"\n"


class Report:
    """A CSV file of what was refused of another: where, why, and the row as it stood.

    It is kept as far as its file's place says, so that no kill doubles or loses a line.
    """

    def __init__(self, path: Path, kept: int) -> None:
        """`kept`: bytes that belong to rows whose place is saved. Raises nothing: a folder that cannot be
        written has no reports."""
        self._path = path
        self.size = kept

    @classmethod
    def beside(cls, found: Found, part: str, folder: Path | None, kept: int) -> "Report":
        """`NAME.refused.csv` beside the file, or in `folder`."""
        path = found.path if folder is None else folder / part.replace("/", "__")
        return cls(path.with_name(path.name + _REPORT), kept)

    def add(self, refused: Sequence[Refused]) -> None:
        """Write them after what is kept; without any, those of an older version go where nothing is kept."""
        try:
            if not refused:
                if not self.size:
                    self._path.unlink(missing_ok=True)
                return
            with self._path.open("r+b" if self.size and self._path.exists() else "wb") as file:
                self.size = file.truncate(min(self.size, self._path.stat().st_size))
                file.seek(self.size)
                file.write(_lines(refused, heading=not self.size))
                self.size = file.tell()
        except OSError:
            pass


def _lines(refused: Iterable[Refused], *, heading: bool) -> bytes:
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    if heading:
        writer.writerow(("where", "code", "reason", "row"))
    writer.writerows((one.where, one.error.code.value, one.error.detail, one.raw) for one in refused)
    return lines.getvalue().encode("utf-8", "backslashreplace")
