"""Who may see the pages: people with a password each, or one password for a team.

Hashes are Argon2id (pwdlib with its recommended parameters). Failed attempts are counted by address,
in memory: after ten within five minutes the next ones are refused, right or wrong.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from monitor.errors import SetupError
from monitor.settings import Settings

SHORTEST_PASSWORD: Final = 12
_MOST_FAILURES: Final = 10
_WINDOW: Final = 300.0
"""Seconds in which failures count."""

_LONGEST_NAME: Final = 100

hasher: Final = PasswordHash.recommended()


class TooManyAttemptsError(Exception):
    """This caller failed too often of late."""


class People:
    """Checks names and passwords. `check` blocks for about 50 ms on purpose: call it in a thread."""

    def __init__(
        self,
        hashes: Mapping[str, str],
        shared: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`hashes` by name; `shared` is the hash that fits any name."""
        self._hashes = dict(hashes)
        self._shared = shared
        self._clock = clock
        self._failures: defaultdict[str, deque[float]] = defaultdict(deque)
        # Checked for unknown names, so that the time taken does not tell which names exist.
        self._nobody = hasher.hash("nobody has this password")

    def check(self, name: str, password: str, caller: str) -> bool:
        """Whether the password is this person's. Raises `TooManyAttemptsError` for a caller that guesses."""
        failures = self._failures[caller]
        while failures and failures[0] < self._clock() - _WINDOW:
            failures.popleft()
        if len(failures) >= _MOST_FAILURES:
            raise TooManyAttemptsError
        known = self._shared if self._shared is not None else self._hashes.get(name)
        right = hasher.verify(password, known or self._nobody) and known is not None and bool(name)
        if right:
            self._failures.pop(caller, None)
        else:
            failures.append(self._clock())
        return right and len(name) <= _LONGEST_NAME


def load_people(settings: Settings) -> People | None:
    """From MONITOR_WEB_USERS_FILE or MONITOR_WEB_PASSWORD; `None` if neither is set.

    Raises `SetupError` for a file that cannot be used or a password that is too short.
    """
    if settings.web_users_file is not None:
        return People(read_users(settings.web_users_file))
    if settings.web_password is None:
        return None
    password = settings.web_password.get_secret_value()
    check_length(password, "MONITOR_WEB_PASSWORD")
    return People({}, shared=hasher.hash(password))


def check_length(password: str, what: str) -> None:
    """Raises `SetupError` for a password that is quickly guessed."""
    if len(password) < SHORTEST_PASSWORD:
        raise SetupError(f"{what} has {len(password)} characters; take at least {SHORTEST_PASSWORD}")


def read_users(path: Path) -> dict[str, str]:
    """Hash by name. Raises `SetupError` naming file, line and fault."""
    remedy = "make it with `brand-monitor web add-user NAME`"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"MONITOR_WEB_USERS_FILE = {path}: {error}; {remedy}") from error
    users: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, hashed = line.partition(":")
        try:
            hasher.verify("", hashed)
        except UnknownHashError:
            raise SetupError(f"{path}, line {number}: not NAME:HASH with an Argon2 hash; {remedy}") from None
        users[name] = hashed
    if not users:
        raise SetupError(f"{path} names nobody; {remedy}")
    return users


def add_user(path: Path, name: str, password: str) -> None:
    """Add a person, or give one a new password. Raises `SetupError`."""
    if not name or ":" in name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise SetupError(
            f"{name!r} cannot be a name here: 1 to {_LONGEST_NAME} printable characters, no colon"
        )
    check_length(password, "the password")
    users = read_users(path) if path.exists() else {}
    users[name] = hasher.hash(password)
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{who}:{hashed}\n" for who, hashed in users.items()), "utf-8")
    draft.replace(path)
