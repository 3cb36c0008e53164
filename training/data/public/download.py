"""Downloads one file over HTTP: resumed where the connection was cut, checked by size and SHA-256.

Where nobody published a hash, the first download's is written to a lock file and later ones must equal it:
that catches a file that changed, not one that was wrong from the start.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec
import urllib3

from monitor.errors import OutageError, SetupError
from monitor.inference.manifest import sha256_of

# A server that is silent for a minute has dropped us; one that is busy answers within that.
TIMEOUT: Final = urllib3.Timeout(connect=15.0, read=60.0)
# Counts attempts in a row that brought no byte; 1 + 2 + 4 + 8 seconds are waited between them.
FRUITLESS_ATTEMPTS: Final = 5
_CHUNK: Final = 1 << 18
# What failed is tried again by us, who know what to keep; only redirects are left to urllib3.
_REDIRECTS_ONLY: Final = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5)
_RETRIABLE: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all, None where the server does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file to fetch; `size` in bytes and `sha256` in hex where they are published, else None."""

    name: str
    url: str
    size: int | None = None
    sha256: str | None = None


class Locked(msgspec.Struct, frozen=True):
    """What the first download of an address was."""

    sha256: str
    size: int
    first_fetched_at: str


class Lock:
    """The lock file: address -> what it held when it was first fetched."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Locked] = {}
        if path.exists():
            try:
                self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, Locked])
            except msgspec.DecodeError as error:
                raise SetupError(
                    f"{path}: {error}; restore it, or delete it to trust the next downloads"
                ) from error

    def get(self, url: str) -> Locked | None:
        """What `url` held, None before its first download."""
        return self._known.get(url)

    def record(self, url: str, sha256: str, size: int) -> None:
        """Remember a first download."""
        self._known[url] = Locked(sha256, size, datetime.now(UTC).isoformat(timespec="seconds"))
        text = msgspec.json.format(msgspec.json.encode(dict(sorted(self._known.items()))), indent=2)
        self._path.write_bytes(text + b"\n")


def download(
    remote: RemoteFile,
    folder: Path,
    lock: Lock,
    *,
    progress: Progress = lambda _done, _total: None,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch `remote` into `folder` and return its path; a file already there and right is not fetched again.

    A cut download leaves `<name>.part` and is resumed from there, in this call and in the next one. Blocks.
    Raises `SetupError` for an address that is gone and a file that is not the expected one (it is deleted),
    `OutageError` when the server stays away.
    """
    path = folder / remote.name
    if path.exists():
        _check(remote, path, lock)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = _Part(path)
    attempt = 0
    with _connections(remote.url) as pool:
        while attempt < FRUITLESS_ATTEMPTS:
            before = part.size
            try:
                complete = _attempt(pool, remote, part, progress)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                complete, reason = False, str(error) or type(error).__name__
            else:
                reason = "the connection was cut"
            if complete:
                _check(remote, part.path, lock)
                part.path.replace(path)
                part.forget()
                return path
            attempt = 0 if part.size > before else attempt + 1
            if attempt < FRUITLESS_ATTEMPTS:
                pause(2.0 ** max(attempt - 1, 0))
    raise OutageError(
        f"{remote.url}: {FRUITLESS_ATTEMPTS} attempts in a row brought nothing ({reason}); "
        f"{part.size:,} bytes are kept, the same command goes on from there"
    )


class _Part:
    """A download under way: `<name>.part`, and beside it the server's mark of the file's version."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".part")
        self._mark = path.with_name(path.name + ".part.version")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> str:
        return self._mark.read_text("utf-8") if self._mark.exists() else ""

    def restart(self, version: str) -> None:
        self.path.write_bytes(b"")
        self._mark.write_text(version, "utf-8")

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)


def _connections(url: str) -> urllib3.PoolManager:
    """Straight to the server, or through the proxy that the environment or the system names for it."""
    address = urlsplit(url)
    proxy = getproxies().get(address.scheme)
    if proxy and not proxy_bypass(address.hostname or ""):
        return urllib3.ProxyManager(proxy, timeout=TIMEOUT, retries=_REDIRECTS_ONLY)
    return urllib3.PoolManager(timeout=TIMEOUT, retries=_REDIRECTS_ONLY)


def _attempt(pool: urllib3.PoolManager, remote: RemoteFile, part: _Part, progress: Progress) -> bool:
    """One request; whether the file is complete after it."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "brand-train"}
    # Half a file is worth something only if the rest comes from the same version of it.
    if part.size and part.version:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.version}
    response = pool.request("GET", remote.url, headers=headers, preload_content=False)
    try:
        if response.status == 416:  # what we hold is at least the whole file: the check will tell
            total = _total(response)
            if total == part.size:
                return True
            part.restart("")
            return False
        if response.status in _RETRIABLE:
            raise urllib3.exceptions.HTTPError(f"HTTP {response.status}")
        if response.status not in (200, 206):
            raise SetupError(
                f"{remote.url}: HTTP {response.status}; it may have moved: fetch {remote.name} by hand and "
                "give it with --from"
            )
        if response.status == 200 or _start(response) != part.size:
            part.restart(_version(response))
            if response.status == 206:
                return False
        total = _total(response)
        done = part.size
        with part.path.open("ab") as file:
            for chunk in response.stream(_CHUNK, decode_content=False):
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
        return total is None or done >= total
    finally:
        response.release_conn()


def _version(response: urllib3.BaseHTTPResponse) -> str:
    """A strong ETag, else the date of change; RFC 9110 lets If-Range take no weak ETag."""
    etag = response.headers.get("ETag", "")
    return response.headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag


def _start(response: urllib3.BaseHTTPResponse) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _total(response: urllib3.BaseHTTPResponse) -> int | None:
    found = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if found:
        return int(found[1])
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status == 200 and length.isdigit() else None


def _check(remote: RemoteFile, path: Path, lock: Lock) -> None:
    """Compare with what is published, else with the lock; record a first download."""
    size, found = path.stat().st_size, sha256_of(path)
    locked = lock.get(remote.url)
    expected = remote.sha256 or (locked.sha256 if locked else None)
    wrong = []
    if remote.size is not None and size != remote.size:
        wrong.append(f"{size:,} bytes instead of {remote.size:,}")
    if expected is not None and found != expected:
        wrong.append(f"SHA-256 {found} instead of {expected}")
    if wrong:
        path.unlink()
        path.with_name(path.name + ".version").unlink(missing_ok=True)
        origin = "published" if remote.sha256 else "of the first download, in the lock file"
        raise SetupError(
            f"{remote.url} is not the expected file: {', '.join(wrong)} ({origin}); it was deleted. Try "
            "again; if it stays so the set was changed at its source"
        )
    if remote.sha256 is None and locked is None:
        lock.record(remote.url, found, size)
