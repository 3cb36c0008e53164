"""Whatever an address or a form asks for is answered or refused with a sentence; nothing is an error of ours.

Every route there is, with the parameters that it says it takes: a new page is tried without a line here.
"""

import copy
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from fastapi.openapi.utils import get_openapi
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from monitor.brands import load_brands
from monitor.messages import mention_uuid
from monitor.settings import Settings
from monitor.web import api
from monitor.web.app import _PAGES
from tests.examples import dear
from tests.web.conftest import Calling

HARD: Final = {
    "since": (
        "0001-01-01",
        "0002-01-01",
        "0020-03-01",
        "0202-03-01",
        "2026-02-30",
        "9999-12-31",
        "20260-01-01",
    ),
    "until": ("0001-01-01", "0002-01-01", "0202-03-01", "2026-03-10", "9998-12-31", "9999-12-31", "now"),
    "q": ("great", '"', "-", "a or", ":*", "\\", "x" * 501, "author:", "-great", "reach:>9", "(" * 99),
    "query": ("great", '"', "a or", "-great", "NOT x", "(" * 99),
    "about": ("own", "brand:VMware", "brand:", "every", ":"),
    "after": ("k6ZuZXdlc3TX", "=" * 500, "gA"),
    "view": ("/", "/brand?name=VMware", "/nonsense", "//x.example/", "/?since=x"),
    "at": ("08:00", "24:00", "8", "\u0661\u0662:00"),
    "digest_at": ("08:00", "25:99"),
    "quiet_from": ("22:00", "x"),
    "quiet_until": ("22:00", "07:00"),
    "zone": ("Europe/Berlin", "Europe", "../../etc/passwd", "\x00", "UTC"),
    "to": ("mailto://x", "json://127.0.0.1:1/x", "file:///etc/passwd", "nonsense", "a b c"),
    "next": ("/", "//x.example", "\\\\x", "javascript:1"),
    "back": ("since=2026-03-01", "%", "a=b#c"),
    "sha256": ("0" * 64, "..", "%2e%2e"),
    "size": ("small", "large"),
    "page": ("overview", "brand", "mentions", "..", "0", "1", "9" * 30),
    "name": ("VMware", "M&M <b>", "nobody"),
    "brand": ("VMware", "M&M <b>", "nobody"),
    "source": ("forum", "'", "constructor"),
}
"""Values that have been trouble, or might be, by the name of the parameter."""

ANYTHING: Final = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\ufffe",
    "0",
    "-1",
    "9" * 30,
    "1e999",
    "nan",
    "x" * 5_000,
    "<b>",
    "%s",
)

KNOWN: Final = (str(mention_uuid("text", "forum", "t0")), str(mention_uuid("image", "photos", "p0")))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every route, of those that the API's document leaves out, too."""
    routes = [copy.copy(route) for room in (*_PAGES, api) for route in room.router.routes]
    for route in routes:
        route.include_in_schema = True  # type: ignore[attr-defined]
    document = get_openapi(title="all", version="1", routes=routes)
    bodies = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            yield method, path, {"parameters": said.get("parameters", []), "body": _body(said, bodies)}


def _body(said: dict[str, Any], bodies: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """How the body is sent, and the schema of each of its fields."""
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        found = bodies[name] if name else schema
        return kind, found.get("properties", {})
    return "", {}


def values(name: str, schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """What is meant to stand there, what has been trouble, and anything else."""
    meant: list[str] = []
    for each in chain([schema], schema.get("anyOf", ()), [schema.get("items", {})]):
        meant += [str(one) for one in each.get("enum", ())]
        meant += {"integer": ["1", "2"], "number": ["0.5"], "boolean": ["1", "false"]}.get(
            each.get("type"), []
        )
        meant += KNOWN if each.get("format") == "uuid" else []
        meant += ["2026-03-09", "2026-03-10"] if each.get("format") == "date" else []
    likely = (*meant, *HARD.get(name, ()))
    wild = st.sampled_from(ANYTHING) | st.text(max_size=20)
    return st.sampled_from(likely) | st.sampled_from(likely) | wild if likely else wild


@st.composite
def requests(draw: st.DrawFn, path: str, said: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """An address with its parameters filled in, and the fields of the form."""
    asked = []
    for parameter in said["parameters"]:
        name, schema = parameter["name"], parameter["schema"]
        if parameter["in"] == "path":
            path = path.replace(
                f"{{{name}}}", quote(draw(values(name, schema)).encode("utf-8", "replace"), safe="")
            )
        elif parameter.get("required") or draw(st.booleans()):
            asked += [(name, value) for value in draw(st.lists(values(name, schema), min_size=1, max_size=2))]
    fields = [
        (name, value)
        for name, schema in said["body"][1].items()
        if draw(st.sampled_from((True, True, True, False)))
        for value in draw(st.lists(values(name, schema), min_size=1, max_size=2))
    ]
    return f"{path}?{_encoded(asked)}", fields


def _encoded(parts: list[tuple[str, str]]) -> str:
    return urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in parts])


@pytest.fixture
def anybody(call: Calling, settings: Settings, tmp_path: Path) -> TestClient:
    """The pages with a brands file of their own to change."""
    brands = tmp_path / "brands.toml"
    brands.write_text('[[brand]]\nname = "VMware"\nown = true\n\n[[brand]]\nname = "Citrix"\n')
    return call(settings, brands_file=brands)


@pytest.mark.parametrize(
    ("method", "path", "said"), [pytest.param(*each, id=" ".join(each[:2])) for each in operations()]
)
@tried(
    max_examples=dear(15), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_no_request_is_an_error_of_ours(
    anybody: TestClient, method: str, path: str, said: dict[str, Any], data: st.DataObject
) -> None:
    address, fields = data.draw(requests(path, said))
    kind, _ = said["body"]
    sent: dict[str, Any] = {}
    if kind == "application/json":
        sent["json"] = {name: value.encode("utf-8", "replace").decode() for name, value in fields}
    elif kind:
        sent = {"content": _encoded(fields), "headers": {"content-type": kind}}
    answer = anybody.request(method, address, **sent)
    assert answer.status_code < 500, answer.text
    if answer.status_code == 422:
        assert answer.text.strip()
    if path.startswith("/setup"):
        load_brands(anybody.app.state.site.settings.brands_file)  # type: ignore[attr-defined]
