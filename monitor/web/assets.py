"""Scripts, styles and icons: our own and the vendored ones, cached by browsers until they change."""

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(str(resources.files("monitor.web") / "static"))


class StaticFolder(StaticFiles):
    """Serves the folder; an address with its version in it may be kept for a year."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404."""
        answer = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        answer.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return answer


@cache
def static_address(path: str) -> str:
    """Where a page finds a static file; another content has another address."""
    digest = hashlib.sha256((FOLDER / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
