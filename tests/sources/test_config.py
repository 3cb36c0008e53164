"""sources.toml: what is wrong in it is told by entry, with the remedy."""

from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from monitor.errors import SetupError
from monitor.sources.config import read_sources
from monitor.sources.kinds import KINDS, Kind
from monitor.sources.options import Options, Seconds
from monitor.sources.runner import chosen


class Feeds(Options, frozen=True, kw_only=True):
    feeds: tuple[str, ...]
    token: str = ""
    every: Seconds = Seconds(600)


KNOWN = {"feed": Kind(Feeds, None)}


def read(tmp_path, text: str, kinds=KNOWN):
    path = tmp_path / "sources.toml"
    path.write_bytes(text.encode())
    return read_sources(path, kinds)


def test_an_entry_says_little_and_the_kind_the_rest(tmp_path):
    bare, full = read(
        tmp_path,
        """\ufeff
        [[source]]
        kind = "feed"
        feeds = ["a"]

        [[source]]
        kind = "feed"
        name = "news"
        source = "press"
        every = "2 min"
        only_brands = true
        feeds = ["a", "b"]
        """,
    )
    assert (bare.kind, bare.name, bare.options) == ("feed", "feed", Feeds(source="feed", feeds=("a",)))
    assert (full.name, full.options.source, full.options.every) == ("news", "press", 120)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30 s", 30), ("30s", 30), ("5 min", 300), ("1.5 h", 5400), ("2 hours", 7200), ("1 day", 86_400)],
)
def test_time_spans_are_written_as_people_do(written, seconds):
    assert Seconds.read(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "5", "min", "-5 min", "0 s", "0.5 s", "5 weeks", 5, None, "5 min ago"]
)
def test_other_time_spans_are_refused(written):
    with pytest.raises(ValueError, match='write "30 s"'):
        Seconds.read(written)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[source]", "line 1"),
        ("\xff = 1", "sources.toml"),
        ("sources = []", r"each under \[\[source\]\]; 'sources' means nothing"),
        ('[source]\nkind = "feed"', r"each under \[\[source\]\]"),
        ('[[source]]\nname = "x"', "source 1 has no `kind`; kinds are feed"),
        ('[[source]]\nkind = "twitter"', "is of kind 'twitter'; kinds are feed"),
        ('[[source]]\nkind = "feed"', r"source 1 \(feed\): .*missing required field `feeds`"),
        ('[[source]]\nkind = "feed"\nfeed = []', "unknown field `feed`; feed takes .*feeds"),
        ('[[source]]\nkind = "feed"\nfeeds = ["a"]\nevery = "soon"', 'write "30 s"'),
        ('[[source]]\nkind = "feed"\nfeeds = ["a"]\nname = " "', "`name` is ' '"),
        (2 * '[[source]]\nkind = "feed"\nfeeds = ["a"]\n', "2 entries are named 'feed'"),
        ('[[source]]\nkind = "feed"\nfeeds = ["a"]\ntoken = "env:NO_SUCH"', "`token` asks for .* NO_SUCH"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(tmp_path, monkeypatch, text, told):
    monkeypatch.delenv("NO_SUCH", raising=False)
    with pytest.raises(SetupError, match=told):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told_with_the_remedy(tmp_path):
    with pytest.raises(SetupError, match="MONITOR_SOURCES_FILE"):
        read_sources(tmp_path / "sources.toml")


def test_secrets_may_stand_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("FEED_TOKEN", "hush")
    (entry,) = read(
        tmp_path, '[[source]]\nkind = "feed"\nfeeds = ["env:FEED_TOKEN"]\ntoken = "env:FEED_TOKEN"'
    )
    assert (entry.options.token, entry.options.feeds) == ("hush", ("hush",))


def test_entries_are_chosen_by_name(tmp_path):
    entries = read(tmp_path, '[[source]]\nkind = "feed"\nfeeds = ["a"]')
    assert chosen(entries, ["feed"]) == chosen(entries, ()) == list(entries)
    with pytest.raises(SetupError, match="no source is named 'fed'; there are feed"):
        chosen(entries, ["fed"])


def test_the_example_has_an_entry_of_each_kind(monkeypatch):
    for name in ("REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET", "MASTODON_TOKEN"):
        monkeypatch.setenv(name, "word")
    entries = read_sources(Path(__file__).parents[2] / "sources.example.toml")
    assert sorted(entry.kind for entry in entries) == sorted(KINDS)


def test_every_kind_says_what_its_entries_may_say():
    for kind in KINDS.values():
        assert issubclass(kind.options, Options)
        assert (kind.build is None) == (kind is KINDS["http"])


def test_what_an_entry_holds_is_not_shown(tmp_path):
    text = """
        [[source]]
        kind = "reddit"
        client_id = "app"
        client_secret = "hush"
        refresh_token = "hush"
        user = "some_user"
        """
    (entry,) = read(tmp_path, text, KINDS)
    assert entry.options.client_secret == "hush"
    assert "hush" not in f"{entry!r} {entry} {pretty_repr(entry)}"


@pytest.mark.parametrize("written", ["9" * 400 + " s", "99999999 days"])
def test_spans_end(written):
    with pytest.raises(ValueError, match="ten years"):
        Seconds.read(written)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "[[source]]\nkind = 'rss'\n\x00"])
def test_no_file_is_more_than_wrong(tmp_path, text):
    with pytest.raises(SetupError, match=r"sources\.toml"):
        read(tmp_path, text)
