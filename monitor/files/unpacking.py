"""A file's bytes as a stream: gzip and Zstandard unpacked as they are read, so that memory stays small."""

import gzip
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import zstandard

from monitor.errors import SetupError

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_PACKED_NAMES: Final = (".gz", ".gzip", ".zst", ".zstd")
_WINDOW: Final = 2**31
"""Bytes that unpacking Zstandard may look back: dumps of whole platforms are packed with `--long=31`."""
_BUFFER: Final = 2**18
_PIECE: Final = 2**11
"""Packed bytes that are unpacked at once: no more than 64 MB can come of them, a block of 128 KiB for every
four."""

BROKEN: Final = (gzip.BadGzipFile, zlib.error, EOFError, zstandard.ZstdError)
"""What reading on raises where the packed bytes are damaged or cut off."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Unpacked bytes; `name` is without the packer's ending. `close` closes the file below, too."""

    stream: io.BufferedReader
    name: str
    is_file: bool
    """It can be opened again, and reading it waits for nobody."""
    share: Callable[[], float]
    """How much of it was read, 0..1; 0 where nobody knows."""
    close: Callable[[], None]


def unpacked(file: Path | BinaryIO, name: str) -> Bytes:
    """The bytes of a file, or of a stream, which is not closed. Raises `SetupError`."""
    if isinstance(file, Path):
        try:
            raw: BinaryIO = file.open("rb", _BUFFER)
            size, is_file = file.stat().st_size, file.is_file()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            told = error.strerror if isinstance(error, OSError) else str(error)
            raise SetupError(f"cannot read {file}: {told}") from error
        buffered, close = cast(io.BufferedReader, raw), raw.close
    else:
        raw, size, is_file, close = file, 0, False, _nothing
        buffered = io.BufferedReader(_Reading(raw, whole=False), _BUFFER)
    beginning = buffered.peek(4)[:4]
    stream = buffered
    if beginning.startswith(_GZIP):
        stream = io.BufferedReader(_Reading(gzip.GzipFile(fileobj=buffered), whole=is_file), _BUFFER)
    elif beginning == _ZSTD:
        stream = io.BufferedReader(_Reading(_Zstandard(buffered), whole=is_file), _BUFFER)
    if stream is not buffered:
        name = next((name[: -len(end)] for end in _PACKED_NAMES if name.lower().endswith(end)), name)
    return Bytes(stream, name, is_file, lambda: _told(raw) / size if size else 0.0, close)


class _Zstandard:
    """Unpacks frame by frame; the library's own reader takes a file that is cut off for a whole one."""

    def __init__(self, packed: io.BufferedReader) -> None:
        self._packed = packed
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._frame = self._unpacker.decompressobj()
        self._begun = False
        self._held = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end. Raises `EOFError` where it is cut off."""
        while self._at == len(self._held):
            packed = self._frame.unused_data if self._frame.eof else b""
            packed = packed or self._packed.read1(_PIECE)
            if not packed:
                if self._begun and not self._frame.eof:
                    raise EOFError("it ends too early")
                return b""
            if self._frame.eof:
                self._frame = self._unpacker.decompressobj()
            self._held, self._at, self._begun = self._frame.decompress(packed), 0, True
        data = self._held[self._at : self._at + size]
        self._at += len(data)
        return data


class _Reading(io.RawIOBase):
    """Whatever has `read`, as a raw stream; closing it leaves that open.

    `whole`: what is asked for is waited for; else what is there is enough.
    """

    def __init__(self, inner: Any, *, whole: bool) -> None:
        self._inner = inner
        self._whole = whole
        self._read = getattr(inner, "read1", inner.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = 0
        try:
            while data := self._read(len(buffer) - size):
                buffer[size : size + len(data)] = data
                size += len(data)
                if not self._whole or size == len(buffer):
                    break
        except BROKEN:
            if not size:  # what came before the damage is read; the next time it is told
                raise
        return size


def _told(raw: BinaryIO) -> int:
    return 0 if raw.closed else raw.tell()


def _nothing() -> None:
    pass
