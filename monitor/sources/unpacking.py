"""Unpacks what came over HTTP, in bounds: a few bytes may not become more than they are allowed to."""

import zlib
from typing import Final

ACCEPTED: Final = "gzip, deflate"
"""What `Unpacker` takes, for the header Accept-Encoding."""

_AUTOMATIC: Final = 47
"""Window bits: gzip or zlib, by the first bytes."""
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
        self._may_be_bare = name == "deflate"
        self._inflating = zlib.decompressobj(_AUTOMATIC)

    def feed(self, chunk: bytes) -> bytes:
        """What becomes of some more bytes."""
        if not self._packed:
            return self._counted(chunk)
        if self._inflating.eof or not chunk:  # what stands behind the end is nobody's
            return b""
        if self._may_be_bare:
            self._may_be_bare = False
            if chunk[0] & 0x0F != 8:
                self._inflating = zlib.decompressobj(_BARE)
        try:
            made = self._inflating.decompress(chunk, self._left + 1)
        except zlib.error as error:
            raise BrokenError(f"it cannot be unpacked: {error}") from None
        return self._counted(made)

    def finish(self) -> None:
        """Everything has come."""
        if self._packed and not self._inflating.eof:
            raise BrokenError("it ends early")

    def _counted(self, made: bytes) -> bytes:
        self._left -= len(made)
        if self._left < 0:
            raise TooLargeError(f"more than {self._limit:,} bytes")
        return made
