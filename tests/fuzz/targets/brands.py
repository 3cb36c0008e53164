"""brands.toml: `SetupError`, or brands that can be matched and a file that can be changed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.brands_file import BrandsFile
from monitor.errors import SetupError
from tests.fuzz.material import ROOT

LONGEST = 500
WORDS = (
    b"[[brand]]",
    b"name = ",
    b"aliases = [",
    b"written",
    b"query",
    b"own = true",
    b'"""',
    b"'''",
    b"\\u",
)
_FOLDER = tempfile.TemporaryDirectory(prefix="brand-monitor-fuzz-")
_FILE = Path(_FOLDER.name) / "brands.toml"


def seeds() -> Iterator[bytes]:
    """One byte of whether to change the file, then the file."""
    for written in _files():
        yield b"\0" + written
        yield b"\1" + written


def _files() -> Iterator[bytes]:
    """The packaged one's first blocks, and one with every field."""
    yield b"\n\n".join((ROOT / "monitor" / "brands.toml").read_bytes().split(b"\n\n")[1:3])
    yield b"""[[brand]]
name = "VMware"
aliases = ["vm ware", '#vmware']
written = ["vSphere"]
query = \"\"\"a AND NOT b\"\"\"
logos = ["vmware"]
references = ["logos/vmware.png"]
own = true # ours
"""
    yield b'brand = [{name = "A"}, {name = "B", own = false}]'
    yield b'[[brand]]\nname = "\\u00e9"\n\n# of C\n[[ brand ]]\n"name" = \'C\'\n'


def check(data: bytes) -> None:
    """Read it, match with it; and, which takes longer, add a brand, take brands out."""
    _FILE.write_bytes(data[1:])
    try:
        brands = load_brands(_FILE)
        BrandMatcher(brands).find("VMware is no vm-ware")
        if data[:1] != b"\1":
            return
        file = BrandsFile(_FILE)
        file.put("Added", ["one", "two"], own=True)
        file.check()
        for name in ("Added", brands[0].name if brands else ""):
            file.drop(name)
            file.check()
    except SetupError:
        return
