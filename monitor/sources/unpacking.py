"""Unpacks what came over HTTP, in bounds: a few bytes may not become more than they are allowed to."""

import zlib
from typing import Final

ACCEPTED: Final = "gzip, deflate"
"""What `Unpacker` takes, for the header Accept-Encoding."""

_AUTOMATIC: Final = 47
"""Window bits: gzip or zlib, by the first bytes."""
_GZIP: Final = b"\x1f\x8b"
_FRAME: Final = 1024
"""Bytes that packing adds to what cannot be made smaller, besides a 64th."""
_BARE: Final = -15
"""Window bits of a stream without a header, which some servers mean by deflate."""


class TooLargeError(Exception):
    """More bytes than allowed."""


class BrokenError(Exception):
    """Not what its encoding says, or cut."""


class Unpacker:
    """Bytes as they come become bytes as they were, at most `limit` of them.

    `feed` and `finish` raise `TooLargeError` and `BrokenError`, the constructor `BrokenError` for an encoding
    that is not known.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = self._left = limit
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise BrokenError(f"content-encoding {encoding[:40]!r}; send gzip, deflate or none")
        self._packed = name not in ("", "identity")
        self._packed_left = limit + limit // 64 + _FRAME
        self._behind = b""
        self._may_be_bare = name == "deflate"
        self._inflating = zlib.decompressobj(_AUTOMATIC)

    def feed(self, chunk: bytes) -> bytes:
        """What becomes of some more bytes."""
        if not self._packed:
            return self._counted(chunk)
        self._packed_left -= len(chunk)
        if self._packed_left < 0:  # of what becomes nothing there is no end
            raise TooLargeError(f"more than {self._limit:,} bytes")
        chunk = self._behind + chunk
        if self._may_be_bare and chunk:
            self._may_be_bare = False
            if chunk[0] & 0x0F != 8:
                self._inflating = zlib.decompressobj(_BARE)
        made = bytearray()
        while chunk and (not self._inflating.eof or self._goes_on(chunk)):
            try:
                made += self._counted(self._inflating.decompress(chunk, self._left + 1))
            except zlib.error as error:
                raise BrokenError(f"it cannot be unpacked: {error}") from None
            chunk = self._inflating.unused_data
        self._behind = chunk[: len(_GZIP)]
        return bytes(made)

    def finish(self) -> None:
        """Everything has come."""
        if self._packed and not self._inflating.eof:
            raise BrokenError("it ends early")

    def _goes_on(self, behind: bytes) -> bool:
        """Whether another file of gzip follows, as of programs that pack each line; anything else that stands
        behind the end is nobody's."""
        if not behind.startswith(_GZIP):
            return False
        self._inflating = zlib.decompressobj(_AUTOMATIC)
        return True

    def _counted(self, made: bytes) -> bytes:
        self._left -= len(made)
        if self._left < 0:
            raise TooLargeError(f"more than {self._limit:,} bytes")
        return made
