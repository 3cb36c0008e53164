"""Reads what a camera wrote beside the pixels: which way up they are, and when it took them.

The layout is TIFF's, in JPEG, PNG and WebP alike (CIPA DC-008, "Exif 2.32"). Nothing in it is trusted: each
offset is checked, two directories are read and no more, and what cannot be read is as good as absent.
"""

import struct
from datetime import datetime
from typing import Final

_ORIENTATION: Final = 0x0112
_CAMERA: Final = 0x8769
"""Where the directory of what the camera knew lies."""
_TAKEN: Final = 0x9003
_TAKEN_OFFSET: Final = 0x9011

_ASCII, _SHORT, _LONG = 2, 3, 4
_MOST_ENTRIES: Final = 1_000
"""Of a directory; cameras write some sixty."""


class Exif:
    """One EXIF block. `data` begins with its TIFF header; empty or damaged it says nothing."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = data.removeprefix(b"Exif\0\0")  # WebP and PNG leave it out, but for some writers
        self._order = {b"II*\0": "<", b"MM\0*": ">"}.get(self._data[:4], "")
        start = self._unpack("I", 4)
        self._whole = {} if start is None else self._directory(start)

    @property
    def orientation(self) -> int:
        """1 to 8 as EXIF numbers them; 1, upright, where nothing else is said."""
        found = self._number(self._whole, _ORIENTATION)
        return found if found is not None and 1 <= found <= 8 else 1

    @property
    def taken(self) -> datetime | None:
        """When the picture was taken, without a zone where the camera wrote none; None where nobody knows."""
        camera = self._number(self._whole, _CAMERA)
        if camera is None:
            return None
        entries = self._directory(camera)
        moment, offset = self._text(entries, _TAKEN), self._text(entries, _TAKEN_OFFSET)
        try:
            taken = datetime.strptime(moment, "%Y:%m:%d %H:%M:%S")
        except ValueError:  # blank, or zeros: the clock was never set
            return None
        try:
            return taken.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
        except ValueError:
            return taken

    def _directory(self, at: int) -> dict[int, tuple[int, int, int]]:
        """Entries by tag: type, count, and where the value or its offset stands."""
        count = min(self._unpack("H", at) or 0, _MOST_ENTRIES)
        entries: dict[int, tuple[int, int, int]] = {}
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, number = (
                self._unpack(*field) for field in (("H", place), ("H", place + 2), ("I", place + 4))
            )
            if tag is None or kind is None or number is None:
                break
            entries.setdefault(tag, (kind, number, place + 8))
        return entries

    def _number(self, entries: dict[int, tuple[int, int, int]], tag: int) -> int | None:
        kind, count, place = entries.get(tag, (0, 0, 0))
        if count != 1 or kind not in (_SHORT, _LONG):
            return None
        return self._unpack("H" if kind == _SHORT else "I", place)

    def _text(self, entries: dict[int, tuple[int, int, int]], tag: int) -> str:
        """Empty where there is none. What is asked for is too long to stand in the entry itself."""
        kind, count, place = entries.get(tag, (0, 0, 0))
        start = self._unpack("I", place) if kind == _ASCII and 4 < count <= 32 else None
        if start is None:
            return ""
        return self._data[start : start + count].partition(b"\0")[0].decode("ascii", "replace").strip()

    def _unpack(self, form: str, at: int) -> int | None:
        if not self._order or at + struct.calcsize(form) > len(self._data):
            return None
        (value,) = struct.unpack_from(self._order + form, self._data, at)
        return int(value)
