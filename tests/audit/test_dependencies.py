"""`make audit-dependencies`, by the real pip-audit: findings fail it, and silence is no all-clear."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from monitor.local.child import free_port

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit_dependencies.py"
Audit = Callable[..., subprocess.CompletedProcess[str]]

ADVISORY = {
    "id": "GHSA-test-test-test",
    "aliases": ["CVE-2026-0001"],
    "summary": "made up",
    "details": "made up",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}


class _Advisories(BaseHTTPRequestHandler):
    """Speaks OSV's protocol: `leaky` has one, nobody else."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps({"vulns": [ADVISORY]} if asked["package"]["name"] == "leaky" else {}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not into the tests' output."""


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Advisories)
    Thread(target=server.serve_forever, daemon=True).start()

    def run(constraints: str, accepted: str = "", port: int = server.server_port):
        (tmp_path / "constraints.txt").write_text(constraints)
        (tmp_path / "accepted.toml").write_text(accepted)
        command = [sys.executable, str(SCRIPT), "--osv-url", f"http://127.0.0.1:{port}/v1/query"]
        command += ["--constraints", str(tmp_path / "constraints.txt")]
        command += ["--accepted", str(tmp_path / "accepted.toml")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    yield run
    server.shutdown()
    server.server_close()


def test_nothing_found_says_how_much_was_checked(audit: Audit) -> None:
    done = audit("sound==1.0\nother==2.0 ; sys_platform == 'win32'\n")
    assert (done.returncode, done.stdout) == (0, "2 of 2 versions checked\n")


@pytest.mark.parametrize("line", ["leaky==1.0", "leaky==3.0\nleaky==1.0 ; sys_platform == 'win32'"])
def test_a_finding_fails_on_whatever_platform(audit: Audit, line: str) -> None:
    done = audit(f"sound==1.0\n{line}\n")
    assert done.returncode == 1, done.stderr
    assert "FOUND: leaky 1.0: CVE-2026-0001, GHSA-test-test-test; fixed in 2.0" in done.stdout


def test_an_accepted_finding_is_named_and_a_stale_one_too(audit: Audit) -> None:
    accepted = '[[advisory]]\nid = "CVE-2026-0001"\n[[advisory]]\nid = "CVE-2000-0001"\n'
    done = audit("leaky==1.0\n", accepted)
    assert done.returncode == 0
    assert "accepted: leaky 1.0" in done.stdout
    assert "CVE-2000-0001 is accepted and no longer found" in done.stdout


def test_a_service_that_cannot_be_reached_is_not_taken_for_an_all_clear(audit: Audit) -> None:
    done = audit("leaky==1.0\n", port=free_port())
    assert done.returncode == 0
    assert "NOT CHECKED" in done.stdout
    assert "versions checked" not in done.stdout


def test_constraints_that_cannot_be_read_are_no_outage(audit: Audit) -> None:
    done = audit("leaky=1.0\n")
    assert done.returncode == 1
    assert "NOT CHECKED" not in done.stdout
