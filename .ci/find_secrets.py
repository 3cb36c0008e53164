"""`make secrets`: keys, tokens and passwords in committed files, by detect-secrets.

    python .ci/find_secrets.py [--known FILE] [FOLDER]

Every file that git tracks below FOLDER is read. known-secrets.toml lists what looks like a secret and is
none; the rest is printed in that file's form, and the exit code is 1. No key is tried with its issuer:
nothing leaves this machine.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

_HERE: Final = Path(__file__).parent

# SHA-256 of models, data and pictures stand in dozens of files, and are what this one finds.
_LEFT_OUT: Final = {"HexHighEntropyString"}

# Tests are full of passwords that they make up; keys and tokens by their form are looked for there, too.
_NOT_IN_TESTS: Final = {"Secret Keyword", "Basic Auth Credentials"}

_PLACEHOLDER: Final = "PASSWORD"
"""As docs and messages write postgresql://USER:PASSWORD@HOST."""

_HEURISTICS: Final = (
    *("is_sequential_string", "is_potential_uuid", "is_likely_id_string", "is_templated_secret"),
    *("is_prefixed_with_dollar_sign", "is_indirect_reference", "is_lock_file", "is_not_alphanumeric_string"),
)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=_HERE.parent)
    parser.add_argument("--known", type=Path, default=_HERE / "known-secrets.toml")
    asked = parser.parse_args()
    known = {
        (entry["file"], entry["sha1"])
        for entry in tomllib.loads(asked.known.read_text("utf-8")).get("known", [])
    }
    found = {(name, secret.secret_hash): secret for name, secret in secrets(asked.folder)}
    new = sorted(set(found) - known)
    for place in new:
        secret = found[place]
        print(f"{place[0]}:{secret.line_number}: {secret.type}. If it is none, add to known-secrets.toml:")
        print(f'[[known]]\nfile = "{place[0]}"\nsha1 = "{place[1]}"\nwhy = ""\n')
    for name, sha1 in sorted(known - set(found)):
        print(f"{name}: {sha1} is no longer found: take it out of known-secrets.toml")
    print(f"{len(new)} possible secrets in committed files, {len(known & set(found))} known to be none")
    return int(bool(new))


def secrets(folder: Path) -> Iterator[tuple[str, PotentialSecret]]:
    """Path below `folder` and find, for every file that git tracks there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, check=True).stdout
    plugins = get_mapping_from_secret_type_to_class().values()
    configuration = {
        "plugins_used": [{"name": one.__name__} for one in plugins if one.__name__ not in _LEFT_OUT],
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in _HEURISTICS],
    }
    with transient_settings(configuration):
        for name in listed.decode().split("\0"):
            if name and (folder / name).is_file():
                for secret in scan_file(str(folder / name)):
                    made_up = name.startswith("tests/") and secret.type in _NOT_IN_TESTS
                    if not made_up and secret.secret_value != _PLACEHOLDER:
                        yield name, secret


if __name__ == "__main__":
    sys.exit(main())
