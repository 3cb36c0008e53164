"""The table keeps dead letters that the topic no longer holds, or never took."""

from monitor.reports.letters import unposted
from tests.reports.conftest import Month


def test_rows_without_a_letter_are_counted(month: Month) -> None:
    connection = month.connection
    places = [("mentions.text", 0, offset) for offset in range(100, 104)]
    assert unposted(connection, places) == 0
    assert unposted(connection, [*places[1:], ("elsewhere", -1, 2**62)]) == 1
    assert unposted(connection, []) == 4
    assert unposted(connection, [], "json-invalid") == 2
    assert unposted(connection, places[:1], "json-invalid") == 1
    assert unposted(connection, [], "no such code") == 0
