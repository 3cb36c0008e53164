"""Whatever an address asks for is answered or refused with a sentence; no address is an error of ours."""

from urllib.parse import urlencode

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

PATHS = (
    *("/", "/brand", "/pictures", "/mentions", "/quality", "/login", "/api/summary"),
    *(
        "/api/standings",
        "/api/happenings",
        "/api/timeline",
        "/api/themes",
        "/api/quotes",
        "/api/sources",
        "/api/authors",
        "/api/pictures",
    ),
    *("/api/mentions", "/answer", "/api/answers"),
)
HARD = {
    "since": ("", "0001-01-01", "0002-01-01", "2026-02-30", "2026-03-01", "9999-12-31"),
    "until": ("", "0001-01-01", "0002-01-01", "2026-03-10", "9998-12-31", "9999-12-31", "now"),
    "brand": ("", "VMware", "M&M <b>", "\x00", "\ud800", "x" * 3_000),
    "source": ("", "forum", "\x00", "'"),
    "kind": ("", "text", "image", "sound"),
    "name": ("", "VMware", "nobody", "\x00"),
    "q": ("", " ", "great", '"', "-", "a or", ":*", "\x00", "\\", "x" * 501),
    "label": ("", "negative", "bad"),
    "order": ("", "newest", "reach"),
    "state": ("", "open", "all", "answered", "done"),
    "who": ("", "Ann", "\x00", "\ud800"),
    "saved": ("", "0", "1", "-1", "9" * 30),
    "after": ("", "k6ZuZXdlc3TX", "\u00e9", "=" * 500),
    "unit": ("", "hour", "day", "week", "month"),
    "score": ("", "0.5", "nan", "-1", "1e999"),
    "limit": ("", "0", "200", "201", "9" * 30),
    "offset": ("", "-1", "100000"),
    "unnamed": ("", "1", "perhaps"),
}
PARTS = st.lists(
    st.sampled_from(sorted(HARD)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(HARD[name]) | st.text(max_size=20))
    ),
    max_size=5,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PATHS), PARTS)
@example("/mentions", [("q", "")])
@example("/mentions", [("until", "0001-01-01")])
@example("/", [("since", "0002-01-01"), ("until", "9998-12-31")])
def test_no_address_is_an_error_of_ours(client: TestClient, path: str, parts: list[tuple[str, str]]) -> None:
    asked = urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in parts])
    assert client.get(f"{path}?{asked}").status_code < 500
