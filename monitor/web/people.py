"""Who may see the pages: people with a password each, or one password for a team.

Hashes are Argon2id (pwdlib with its recommended parameters). Failed attempts of five minutes are counted in
memory: after ten from one address its next ones are refused, right or wrong; after thirty for one person from
anywhere, everybody's from an address that this person has not logged in from before.
"""

import hashlib
import hmac
import secrets
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.web.throttle import Throttle

SHORTEST_PASSWORD: Final = 12
_CALLER_FAILURES: Final = 10
_ACCOUNT_FAILURES: Final = 30
"""Some 9,000 guesses a day from all the addresses in the world, against twelve characters."""
_WINDOW: Final = 300.0
"""Seconds in which failures count."""
_KNOWN: Final = 10_000
"""Addresses remembered that somebody logged in from."""
_AT_ONCE: Final = 4
"""Passwords checked at a time: each takes 64 MiB, and what waits cannot slip past the count."""

_LONGEST_NAME: Final = 100

hasher: Final = PasswordHash.recommended()


class Role(IntEnum):
    """What a person may do; a higher role may all that a lower one may."""

    VIEWER = 1
    """Look."""
    ANALYST = 2
    """Correct, and say what became of a post that wants an answer."""
    ADMIN = 3
    """Choose brands, alerts and what is sent to whom."""


class Login(NamedTuple):
    """A line of the users file."""

    hashed: str
    role: Role


class TooManyAttemptsError(Exception):
    """Too many wrong passwords of late, from this caller or for this person."""


class People:
    """Checks names and passwords. `check` blocks for about 50 ms on purpose: call it in a thread."""

    def __init__(
        self,
        hashes: Mapping[str, str],
        shared: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        shared_seal: str = "",
        roles: Mapping[str, Role] | None = None,
    ) -> None:
        """`hashes` by name, and `roles` (else analyst); `shared` is the hash that fits any name, and makes
        everybody an admin, `shared_seal` changes with it."""
        self._hashes = dict(hashes)
        self._shared = shared
        self._shared_seal = shared_seal
        self._roles = dict(roles or {})
        self._callers = Throttle(_CALLER_FAILURES, _WINDOW, clock)
        self._accounts = Throttle(_ACCOUNT_FAILURES, _WINDOW, clock)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._remembering = threading.Lock()
        self._checking = threading.BoundedSemaphore(_AT_ONCE)
        # Checked for unknown names, so that the time taken does not tell which names exist.
        self._nobody = hasher.hash("nobody has this password")

    def check(self, name: str, password: str, caller: str) -> bool:
        """Whether the password is this person's.

        Raises `TooManyAttemptsError` for a caller that guesses and for a person whose password is guessed.
        """
        account = self._account(name)
        self._refuse(account, caller)
        with self._checking:
            self._refuse(account, caller)  # those who waited beside this one have failed meanwhile
            known = self._shared if self._shared is not None else self._hashes.get(name)
            right = hasher.verify(password, known or self._nobody) and known is not None and bool(name)
            if right:
                self._callers.clear(caller)
                self._remember(account, caller)
            else:
                self._callers.count(caller)
                self._accounts.count(account)
        return right and len(name) <= _LONGEST_NAME

    def seal(self, name: str) -> str | None:
        """What a session holds beside the name: another one after a new password, None for nobody."""
        credential = self._hashes.get(name) if self._shared is None else self._shared_seal
        return None if credential is None else hashlib.sha256(credential.encode()).hexdigest()[:16]

    def role(self, name: str) -> Role:
        """A stranger's is viewer."""
        if self._shared is not None:
            return Role.ADMIN
        return self._roles.get(name, Role.ANALYST) if name in self._hashes else Role.VIEWER

    def with_role(self, least: Role) -> tuple[str, ...]:
        """The names of those with that role or a higher one; of one password for all, none is known."""
        return tuple(sorted(name for name in self._hashes if self.role(name) >= least))

    def _refuse(self, account: str, caller: str) -> None:
        # Somebody else's guesses shall not hold up a person where they log in every day.
        guessed = self._accounts.full(account) and (account, caller) not in self._known
        if guessed or self._callers.full(caller):
            raise TooManyAttemptsError

    def _remember(self, account: str, caller: str) -> None:
        with self._remembering:
            self._known[account, caller] = None
            self._known.move_to_end((account, caller))
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def _account(self, name: str) -> str:
        """What guesses at a name's password are counted by: one password for all is one account.

        Unknown names are counted like known ones, so as not to tell which exist, but share a thousand counts:
        made-up ones cannot push out the known.
        """
        if self._shared is not None:
            return ":everybody"  # no name has a colon
        return name if name in self._hashes else f":{zlib.crc32(name.encode('utf-8', 'replace')) % 1000}"


def load_people(settings: Settings) -> People | None:
    """From MONITOR_WEB_USERS_FILE or MONITOR_WEB_PASSWORD; `None` if neither is set.

    Raises `SetupError` for a file that cannot be used or a password that is too short.
    """
    if settings.web_users_file is not None:
        users = read_users(settings.web_users_file)
        return People(
            {name: login.hashed for name, login in users.items()},
            roles={name: login.role for name, login in users.items()},
        )
    if settings.web_password is None:
        return None
    password = settings.web_password.get_secret_value()
    check_length(password, "MONITOR_WEB_PASSWORD")
    # With the cookies' own secret: whoever steals one cannot try passwords on it.
    secret = settings.web_secret.get_secret_value() if settings.web_secret else secrets.token_urlsafe(32)
    seal = hmac.digest(secret.encode(), password.encode(), "sha256").hex()
    return People({}, shared=hasher.hash(password), shared_seal=seal)


def check_length(password: str, what: str) -> None:
    """Raises `SetupError` for a password that is quickly guessed."""
    if len(password) < SHORTEST_PASSWORD:
        raise SetupError(f"{what} has {len(password)} characters; take at least {SHORTEST_PASSWORD}")


def read_users(path: Path) -> dict[str, Login]:
    """Logins by name, of lines NAME:HASH:ROLE; a line without a role is of an analyst.

    Raises `SetupError` naming file, line and fault.
    """
    remedy = "make it with `brand-monitor web add-user NAME`"
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"MONITOR_WEB_USERS_FILE = {path}: {error}; {remedy}") from error
    users: dict[str, Login] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, rest = line.partition(":")
        hashed, _, role = rest.partition(":")
        try:
            hasher.verify("", hashed)
            users[name] = Login(hashed, Role[role.strip().upper()] if role else Role.ANALYST)
        except UnknownHashError:
            raise SetupError(f"{path}, line {number}: not NAME:HASH with an Argon2 hash; {remedy}") from None
        except KeyError:
            known = ", ".join(each.name.lower() for each in Role)
            raise SetupError(f"{path}, line {number}: {role!r} is no role; write one of {known}") from None
    if not users:
        raise SetupError(f"{path} names nobody; {remedy}")
    return users


def add_user(path: Path, name: str, password: str | None, role: Role | None = None) -> Role:
    """Add a person, or give one another password or role; `None` keeps what there is. Returns the role.

    Without one the first person of a file is an admin, whoever comes later an analyst. Raises `SetupError`.
    """
    if not name or ":" in name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise SetupError(
            f"{name!r} cannot be a name here: 1 to {_LONGEST_NAME} printable characters, no colon"
        )
    users = read_users(path) if path.exists() else {}
    known = users.get(name)
    if password is not None:
        check_length(password, "the password")
        hashed = hasher.hash(password)
    elif known is not None:
        hashed = known.hashed
    else:
        raise SetupError(f"{name!r} is not in {path} yet and needs a password")
    if role is None:
        role = known.role if known else Role.ANALYST if users else Role.ADMIN
    users[name] = Login(hashed, role)
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(
        "".join(f"{who}:{one.hashed}:{one.role.name.lower()}\n" for who, one in users.items()), "utf-8"
    )
    draft.replace(path)
    return role
