import tomllib
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from monitor.errors import SetupError
from monitor.seeding.events import KINDS, read_events
from tests.seeding.conftest import UNTIL

SAMPLE = Path(__file__).parents[2] / "samples" / "events.toml"


def events_of(tmp_path: Path, said: str):
    path = tmp_path / "events.toml"
    path.write_text(f"[[event]]\n{said}\n")
    return read_events(path, UNTIL)


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("2026-05-12T09:00:00Z", datetime(2026, 5, 12, 9, tzinfo=UTC)),
        ("2026-05-12T09:00:00+02:00", datetime(2026, 5, 12, 7, tzinfo=UTC)),
        ("2026-05-12T09:00:00", datetime(2026, 5, 12, 9, tzinfo=UTC)),
        ("2026-05-12", datetime(2026, 5, 12, tzinfo=UTC)),
        ("-9.5", datetime(2026, 5, 22, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_a_day_or_days_from_the_end(tmp_path, at, moment):
    (event,) = events_of(tmp_path, f'kind = "joke"\nbrand = "VMware"\nat = {at}')
    assert event.at == moment


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ('kind = "party"\nbrand = "VMware"\nat = -9', "party"),
        ('kind = "joke"\nat = -9', "joke needs a brand"),
        ('kind = "joke"\nbrand = "VMware"', "at"),
        ('kind = "joke"\nbrand = "VMware"\nat = "soon"', "at"),
        ('kind = "joke"\nbrand = "VMware"\nat = -1e300', "too large|range"),
        ('kind = "joke"\nbrand = "VMware"\nat = nan', "."),
        ('kind = "joke"\nbrand = "VMware"\nat = -9\nsize = 1', "more than 1"),
        ('kind = "drift"\nbrand = "VMware"\nat = -9\nsize = 120', "points of health"),
        ('kind = "silence"\nat = -9', "needs the source"),
        ('kind = "silence"\nat = -9\nsource = "forum"\ndays = 0', "days"),
        ('kind = "joke"\nbrand = "VMware"\nat = -9\nwhen = 3', "when"),
        ("kind = ", "."),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, said, fault):
    with pytest.raises(SetupError, match=fault) as raised:
        events_of(tmp_path, said)
    assert "events.toml" in str(raised.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SetupError, match="cannot be read"):
        read_events(tmp_path / "none.toml", UNTIL)


def test_without_events_a_year_is_quiet(tmp_path):
    path = tmp_path / "quiet.toml"
    path.write_text("event = []")
    assert read_events(path, UNTIL) == ()


def test_the_sample_has_every_kind():
    events = read_events(SAMPLE, UNTIL)
    assert {event.kind for event in events} >= {*KINDS, "drift", "silence"} - {"murmur"}


def test_every_kind_has_sentences_for_every_mood_it_brings():
    given = tomllib.loads(resources.files("monitor.seeding").joinpath("sentences.toml").read_text("utf-8"))
    for name, kind in KINDS.items():
        for mood, chance in zip(("negative", "neutral", "positive"), kind.mood, strict=False):
            said = given[name][mood] if chance else []
            assert bool(said) == bool(chance)
            assert all("{brand}" in each for each in said)
