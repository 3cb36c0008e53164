import pytest

from monitor.delivery.harmless import harmless
from tests.hostile import AUTHORS, SOURCES


@pytest.mark.parametrize("name", [*SOURCES, *AUTHORS])
def test_no_name_calls_everybody_breaks_a_line_or_is_a_link(name):
    said = harmless(f"{name} @channel <!here> https://evil.example/ *b*\r\nBcc: a@example.com")
    for sign in ("@", "<", ">", "://", "\n", "\r", "*", "\u202e", "\ufffe"):
        assert sign not in said
