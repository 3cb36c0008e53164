"""The peers as programs: how each is started, in which environment, and with which tables."""

import hashlib
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from .judging import KEYED, NUMBERED

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
_ENVIRONMENTS: Final = ROOT / ".cache" / "peers"


@dataclass(frozen=True)
class Peer:
    """`module` of this package with `arguments`; None: Brand Monitor's own worker. `tables` are made for it.
    `library` is what it rests on; it has an environment of its own where `requirements` names a file."""

    name: str
    title: str
    library: str
    module: str | None = None
    arguments: tuple[str, ...] = ()
    tables: str = KEYED
    requirements: str | None = None
    identity: str = "id"
    """The column that tells mentions apart."""

    def command(self) -> list[str]:
        """The command line; installs the library where it is not there yet, which takes a minute."""
        if self.module is None:
            return [str(Path(sys.executable).with_name("brand-monitor")), "worker", "--agents", "texts"]
        return [self._python(), "-m", f"benchmarks.peers.{self.module}", *self.arguments]

    def version(self) -> str:
        """The version of its library, as pinned or as installed here."""
        if self.requirements is None:
            return version(self.library)
        return (HERE / self.requirements).read_text("utf-8").strip().rpartition("==")[2]

    def _python(self) -> str:
        return sys.executable if self.requirements is None else str(_environment(HERE / self.requirements))


PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer("loop", "aiokafka, auto-commit", "aiokafka", "bare_loop", tables=NUMBERED),
        Peer("careful", "aiokafka, commit after the transaction", "aiokafka", "careful_loop"),
        Peer(
            "faststream",
            "FastStream, `ACK`",
            "faststream",
            "faststream_app",
            ("ack",),
            requirements="requirements-faststream.txt",
        ),
        Peer(
            "faststream-nack",
            "FastStream, `NACK_ON_ERROR`",
            "faststream",
            "faststream_app",
            ("nack_on_error",),
            requirements="requirements-faststream.txt",
        ),
        Peer(
            "quix",
            "Quix Streams, `PostgreSQLSink`",
            "quixstreams",
            "quix_app",
            requirements="requirements-quixstreams.txt",
        ),
        Peer("monitor", "**Brand Monitor**", "brand-monitor", identity="external_id"),
    )
}


def _environment(requirements: Path) -> Path:
    """The interpreter of an environment with these requirements over the packages of this one: their pins and
    ours do not go together."""
    wanted = requirements.read_bytes() + sys.version.encode()
    folder = _ENVIRONMENTS / f"{requirements.stem}-{hashlib.sha256(wanted).hexdigest()[:8]}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    venv.create(folder, clear=True, with_pip=False)
    paths = {"base": str(folder), "platbase": str(folder)}
    ours = Path(sysconfig.get_path("purelib", vars=paths)) / "ours.pth"
    ours.write_text(sysconfig.get_path("purelib"), "utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*install, "-r", str(requirements)], check=True)
    (folder / "complete").touch()
    return python
