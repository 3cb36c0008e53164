"""OpenAPI of answers made of msgspec structs: the same types describe and write them."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

_REF: Final = "#/components/schemas/{name}"
_TYPES: Final[dict[str, Any]] = {}


class Answer(JSONResponse):
    """JSON of any msgspec type. To FastAPI it is JSON whose schema `answering` gives."""

    def render(self, content: Any) -> bytes:
        """Structs become objects, moments RFC 3339."""
        return msgspec.json.encode(content)


def answering(kind: Any) -> dict[str, Any]:
    """Route arguments that say: 200 answers with this msgspec type."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    _TYPES[repr(kind)] = kind
    content = {"application/json": {"schema": schema}}
    return {
        "response_class": Answer,
        "response_model": None,
        "responses": {200: {"description": "The figures.", "content": content}},
    }


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` hold the schemas of every type given to `answering`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _, components = msgspec.json.schema_components(_TYPES.values(), ref_template=_REF)
            described.setdefault("components", {}).setdefault("schemas", {}).update(components)
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
