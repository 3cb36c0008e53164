"""`make audit-dependencies`: known vulnerabilities of every version in constraints.txt, by pip-audit.

    python .ci/audit_dependencies.py [--constraints FILE] [--accepted FILE] [--osv-url URL]

Asks PyPI, and OSV where PyPI has nothing to say. Exit code 0 without findings, or with a line NOT CHECKED
where no advisory service can be reached (a closed network); 1 with findings, or if only some packages could
be checked. accepted-advisories.toml names findings that nobody has a fix for yet.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent
_UNREACHABLE: Final = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|ServiceError"
)


class AwayError(Exception):
    """The advisory service cannot be reached."""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--constraints", type=Path, default=_HERE.parent / "constraints.txt")
    parser.add_argument("--accepted", type=Path, default=_HERE / "accepted-advisories.toml")
    parser.add_argument("--osv-url", help="Ask only this service, which speaks OSV's protocol.")
    asked = parser.parse_args()
    services = (
        [["-s", "osv", "--osv-url", asked.osv_url]] if asked.osv_url else [["-s", "pypi"], ["-s", "osv"]]
    )
    accepted = tomllib.loads(asked.accepted.read_text("utf-8")).get("advisory", [])
    answers: list[dict[str, Any]] = []
    for service in services:
        try:
            answers = [answer for part in rounds(asked.constraints) for answer in ask(service, part)]
        except AwayError as error:
            print(f"{service[1]}: {error}")
            continue
        if any("skip_reason" not in answer for answer in answers):
            return report(answers, {entry["id"] for entry in accepted})
        print(
            f"{service[1]}: knows none of the packages; a mirror of the index without advisories answers so"
        )
    print("NOT CHECKED: no advisory service can be reached from here, so nothing is known of vulnerabilities")
    return 0


def rounds(constraints: Path) -> list[list[str]]:
    """Every pin of every platform and Python, `name==version`; of a package with several, one a round."""
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for line in constraints.read_text("utf-8").splitlines():
        pin = line.partition(";")[0].strip()
        if pin and not pin.startswith("#"):
            versions[pin.partition("==")[0]].append(pin)
    most = max(map(len, versions.values()))
    return [[pins[n] for pins in versions.values() if n < len(pins)] for n in range(most)]


def ask(service: list[str], pins: list[str]) -> list[dict[str, Any]]:
    """What pip-audit says of each. Raises `AwayError`."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", *service, "-r", file.name]
        command += ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answers: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:]
        if _UNREACHABLE.search(done.stderr):
            raise AwayError(f"cannot be reached ({''.join(last)[:200]})") from None
        raise SystemExit(f"pip-audit failed:\n{done.stderr}") from None
    return answers


def report(answers: list[dict[str, Any]], accepted: set[str]) -> int:
    """Print findings; the exit code."""
    skipped = [answer for answer in answers if "skip_reason" in answer]
    found: set[str] = set()
    bad = bool(skipped)
    for answer in answers:
        for vulnerability in answer.get("vulns", []):
            names = {vulnerability["id"], *vulnerability.get("aliases", [])}
            found |= names
            known = bool(names & accepted)
            bad = bad or not known
            fixed = ", ".join(vulnerability["fix_versions"]) or "nowhere yet"
            print(
                f"{'accepted' if known else 'FOUND'}: {answer['name']} {answer['version']}: "
                f"{', '.join(sorted(names))}; fixed in {fixed}"
            )
    for answer in skipped:
        print(f"not checked: {answer['name']}: {answer['skip_reason']}")
    for stale in sorted(accepted - found):
        print(f"{stale} is accepted and no longer found: take it out of accepted-advisories.toml")
    print(f"{len(answers) - len(skipped)} of {len(answers)} versions checked")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
