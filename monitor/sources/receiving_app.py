"""`POST /mentions` as an application, described as OpenAPI by the structs that it checks with."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from monitor import __version__
from monitor.messages import Deletion, ImageMention, TextMention
from monitor.sources.receiving import Answer, Receiving

_REF: Final = "#/components/schemas/{name}"
_WHY_NOT: Final = {
    400: "The body is no JSON, or cut.",
    401: "The token is missing, not known or revoked.",
    408: "The body took too long.",
    413: "The body is too large.",
    415: "The body is no JSON by its content-type.",
    429: "Too fast, or Kafka is slow: send the same again after Retry-After seconds.",
    503: "Kafka or the database is away: send the same again after Retry-After seconds.",
}


def make_app(receiving: Receiving) -> FastAPI:
    """The application; /openapi.json describes it."""
    app = FastAPI(
        title="Brand Monitor: mentions",
        version=__version__,
        description="Where programs send mentions. Sending the same again doubles nothing.",
        # The interactive pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    (*items, answer), components = msgspec.json.schema_components(
        (TextMention, ImageMention, Deletion, Answer), ref_template=_REF
    )
    app.add_api_route(
        "/mentions",
        receiving.mentions,
        methods=["POST"],
        status_code=202,
        summary="Send mentions, pictures and deletions",
        description="An array, one object, or an object a line; gzip or deflate if Content-Encoding says so. "
        "An item with `deleted_at` is a deletion, of text and picture unless `kind` says which; one with "
        "`image` a picture. `source` may be left out where the token is held to one.",
        response_class=JSONResponse,
        openapi_extra=_described({"oneOf": items}, answer),
    )

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            written = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            written["components"] = {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            }
            app.openapi_schema = written
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _described(item: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    said = {"application/json": {"schema": answer}}
    wrong = {"application/json": {"schema": {"type": "object", "properties": {"detail": {"type": "string"}}}}}
    whole = {"oneOf": [{"type": "array", "items": item}, *item["oneOf"]]}
    return {
        "security": [{"token": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": whole}, "application/x-ndjson": {"schema": item}},
        },
        "responses": {
            "202": {"description": "At least one item stands on the topics.", "content": said},
            "422": {"description": "None does: each is refused.", "content": said},
            **{str(status): {"description": why, "content": wrong} for status, why in _WHY_NOT.items()},
        },
    }
