"""Pictures of posts that lie beside an archive: mentions of their own, with the post's words as caption."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from monitor.errors import DataError
from monitor.files.interface import LeftOut, Row, Unreadable
from monitor.messages import picture_id
from monitor.pictures import read_header

_NOT_THERE: Final = "a picture that is not beside the file"


def shown_in(
    post: Row, ids: Sequence[str], folder: Path, files: Sequence[str]
) -> Iterator[Row | Unreadable | LeftOut]:
    """A row for each picture of the post; `ids` are the columns that its id may stand in, best first; of
    none the picture's bytes make it.

    Ids are as the collectors have them: the first picture shares the post's, others are `ID#picture-2`, ...
    What lies outside of the folder is not there.
    """
    id = next((str(post.cells[name]) for name in ids if post.cells.get(name)), "")
    for number, file in enumerate(files, 1):
        where = f"{post.where}, picture {number}"
        data = _read(folder, file)
        if data is None:
            yield LeftOut(where, _NOT_THERE)
            continue
        try:
            read_header(data)
        except DataError as error:
            yield Unreadable(where, error, file)
        else:
            named = {ids[0]: picture_id(id, number)} if ids else {}
            yield Row(where, {**post.cells, **named}, data)


def _read(folder: Path, file: str) -> bytes | None:
    try:
        path = (folder / file.lstrip("/")).resolve()
        return path.read_bytes() if path.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError, RuntimeError):  # a NUL in the name, links in a circle
        return None
