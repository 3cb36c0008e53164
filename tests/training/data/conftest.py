"""A web server for download tests: ranges, entity tags, redirects, connections cut where a test wants it."""

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import pytest


@dataclass
class _Served:
    """One file. `cuts`: bytes after which the first responses break off; `failures`: statuses sent first."""

    body: bytes
    etag: str
    cuts: list[int]
    failures: list[int]
    location: str


class LocalServer:
    """Serves `files` by path on a free port; `requests` lists (path, Range header or "")."""

    def __init__(self) -> None:
        self.files: dict[str, _Served] = {}
        self.requests: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Requests are in `LocalServer.requests`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def serve(
        self,
        path: str,
        body: bytes,
        *,
        etag: str = '"one"',
        cuts: Sequence[int] = (),
        failures: Sequence[int] = (),
        location: str = "",
    ) -> str:
        """Offer `body` under `path` and return its address; see `_Served` for the rest."""
        self.files[path] = _Served(body, etag, list(cuts), list(failures), location)
        return f"{self.url}/{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.requests.append((request.path, wanted))
        served = self.files.get(request.path.partition("?")[0].lstrip("/"))
        if served is None:
            request.send_error(404)
            return
        if served.failures:
            request.send_error(served.failures.pop(0))
            return
        if served.location:
            request.send_response(302)
            request.send_header("Location", served.location)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = 0
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        if found and served.etag and request.headers.get("If-Range") == served.etag:
            start = int(found[1])
        if start and start >= len(served.body):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(served.body)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = served.body[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
        if served.etag:
            request.send_header("ETag", served.etag)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if served.cuts:
            request.wfile.write(body[: served.cuts.pop(0)])
            request.close_connection = True
        else:
            request.wfile.write(body)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A running server."""
    with LocalServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local server is local whatever the machine's proxy is."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
