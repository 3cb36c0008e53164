"""Reports as messages: what publishers and people wrote calls nobody; the link is where people are."""

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from monitor.delivery.links import base_address
from monitor.delivery.messages import no_report, report_message
from monitor.reports.asked import read_address
from monitor.settings import load_settings
from tests import hostile

ZONE = ZoneInfo("Europe/Berlin")
SINCE, UNTIL = datetime(2026, 3, 24, tzinfo=ZONE), datetime(2026, 3, 31, tzinfo=ZONE)
SITE = "https://brand.example.com"


@pytest.mark.parametrize(
    "view",
    [
        "/",
        "/answer",
        "/themes",
        f"/mentions?{urlencode({'q': '<!channel> @here OR outage', 'source': '<!here|x> https://evil.example'})}",
        f"/brand?{urlencode({'name': 'M&M <b>'})}",
        f"/compare?{urlencode({'brand': '*@everyone*'})}",
    ],
)
async def test_no_line_of_a_report_calls_everybody_or_is_a_link_but_the_one_to_its_page(
    view, engine, store, database, tmp_path
):
    await hostile.write(database)
    asked = read_address(view, SINCE, UNTIL)
    told = report_message(engine, store, asked, "", tmp_path, hostile.LAST_DAY, site=SITE)
    *lines, link = told.body.split("\n")
    assert link.startswith(f"The page: {SITE}{view.partition('?')[0]}?")
    for line in (told.title, *lines):
        assert not set("@<>*|`\r\u202e\ufffe") & set(line)
        assert "://" not in line


def test_what_tells_that_there_is_no_report_has_the_link_too():
    told = no_report("/themes", SINCE, UNTIL, SITE)
    assert told.body.endswith(f"{SITE}/themes?since=2026-03-24&until=2026-03-30")
    assert "http" not in no_report("/themes", SINCE, UNTIL, None).body


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({}, None),
        ({"web_url": "https://brand.example.com/"}, SITE),
        ({"web_url": "https://brand.example.com", "web_names": "other.example.com"}, SITE),
        ({"web_names": "brand.example.com, other.example.com", "web_https": True}, SITE),
        ({"web_names": "brand.example.com", "web_port": 81}, "http://brand.example.com:81"),
        ({"web_names": "*.example.com"}, None),
    ],
)
def test_pages_are_where_the_settings_say(given, base):
    assert base_address(load_settings(**given)) == base
