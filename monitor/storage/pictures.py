"""The picture store: files named by their SHA-256, in a folder or any fsspec file system."""

import hashlib
import os
import re
import uuid
from pathlib import Path
from typing import Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from monitor.errors import OutageError, SetupError

_EXTENSIONS: Final = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_SHA256: Final = re.compile("[0-9a-f]{64}")


class PictureStore:
    """Pictures by content: the same bytes are one file, however often they are put.

    Every method blocks on I/O: call it in a thread. Safe for concurrent use, also by several processes.
    """

    def __init__(self, url_or_folder: str) -> None:
        """A folder, or an fsspec URL such as `file:///var/pictures` or `s3://bucket/prefix`.

        Raises `SetupError` for a scheme that no installed file system serves.
        """
        is_url = "://" in url_or_folder
        # A folder becomes an absolute URL, so that a row means the same whatever directory a program runs in.
        location = url_or_folder if is_url else Path(url_or_folder).expanduser().resolve().as_uri()
        try:
            self._files, self._root = fsspec.core.url_to_fs(location)
        except (ValueError, ImportError) as error:
            raise SetupError(
                f"MONITOR_PICTURE_STORE = {url_or_folder!r}: {error}; give a folder or an fsspec URL "
                "(s3:// needs `pip install brand-monitor[s3]`)"
            ) from error
        self._location = url_or_folder

    def put(self, data: bytes, sha256: str, media_type: str) -> str:
        """Keep a file and return its URL; putting it again writes nothing and returns the same.

        A reader never sees half a file. Raises `OutageError` if the store cannot take it now.
        """
        path = self._path(sha256, _extension(media_type))
        try:
            # A file of another size is what a full disk or a killed copy left behind: written again.
            if not self._holds(path, len(data)):
                self._write(path, data)
        except Exception as error:  # every file system has its own family of errors
            raise self._outage("write", path, error) from error
        return str(self._files.unstrip_protocol(path))

    def get(self, url: str) -> bytes:
        """The bytes of a picture put here.

        Raises `OutageError` if it cannot be read, also when somebody removed it or it was changed.
        """
        path = self._files._strip_protocol(url)
        try:
            data: bytes = self._files.cat_file(path)
        except Exception as error:  # as above
            raise self._outage("read", path, error) from error
        wanted = Path(path).stem
        if hashlib.sha256(data).hexdigest() != wanted:
            raise OutageError(f"picture store {self._location}: {path} was changed; restore it from a backup")
        return data

    def kept(self, sha256: str) -> bytes | None:
        """The bytes of a picture by its hash; None where no such one is kept, or `sha256` is none.

        Raises `OutageError` as `get` does.
        """
        if not _SHA256.fullmatch(sha256):
            return None
        for extension in _EXTENSIONS.values():
            path = self._path(sha256, extension)
            try:
                there = self._files.exists(path)
            except Exception as error:  # as above
                raise self._outage("read", path, error) from error
            if there:
                return self.get(str(self._files.unstrip_protocol(path)))
        return None

    def remove(self, url: str) -> None:
        """Remove a picture put here; one that is gone already is fine. `monitor.storage.deletion.sweep` does
        it when no mention shows it any more.

        Raises `OutageError` if it cannot be removed now, or lies elsewhere.
        """
        path = self._files._strip_protocol(url)
        # A row says where; nothing but pictures of this store goes by its word.
        name = Path(path)
        if not _SHA256.fullmatch(name.stem) or path != self._path(name.stem, name.suffix):
            raise OutageError(
                f"picture store {self._location}: {url} is no picture of it; remove it where it lies, or set "
                "MONITOR_PICTURE_STORE to where the pictures are"
            )
        try:
            self._files.rm_file(path)
        except FileNotFoundError:
            pass
        except Exception as error:  # as above
            raise self._outage("remove", path, error) from error

    def _path(self, sha256: str, extension: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}{extension}"

    def _holds(self, path: str, n_bytes: int) -> bool:
        try:
            return bool(self._files.size(path) == n_bytes)
        except FileNotFoundError:
            return False

    def _write(self, path: str, data: bytes) -> None:
        if not isinstance(self._files, LocalFileSystem):
            # Object stores show an object when all of it has arrived.
            self._files.pipe_file(path, data)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Complete and on the disk before it gets its name: the row that points to it outlives a power cut.
        draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def _outage(self, verb: str, path: str, error: Exception) -> OutageError:
        return OutageError(
            f"picture store {self._location}: cannot {verb} {path}: {error}; check that it is reachable, "
            "writable and not full (MONITOR_PICTURE_STORE)"
        )


def _extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type, "")
