from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.corrections import correct_sentiment, undo
from monitor.messages import mention_uuid
from monitor.reports.figures import net_sentiment, sentiment_over_time, share_of_voice, summary, wilson
from monitor.reports.filters import Filter
from monitor.reports.mentions import all_mentions, most_extreme, most_reached
from monitor.reports.pictures import shown_pictures
from monitor.reports.timeline import unit_for, without_gaps


def test_the_summary_counts_what_was_written(month, since, until):
    found = summary(month.connection, Filter(since, until))
    assert (found.texts, found.images, found.mentions, found.posts) == (10, 4, 14, 13)
    assert (found.sources, found.authors) == (4, 10)
    assert (found.first_published, found.last_published) == (since, since.replace(day=31, hour=10))
    assert {(each.code, each.records, each.example) for each in found.rejected} == {
        ("json-invalid", 2, "JSON is malformed: <script>"),
        ("image-truncated", 1, "JPEG ends early"),
    }
    assert found.rejections == 3
    assert [(each.model_version, each.mentions) for each in found.models] == [
        ("sentiment@1.0.0", 10),
        ("logos@1.0.0", 4),
    ]


def test_share_of_voice_in_words_pictures_and_both(month, since, until):
    found = {each.brand: each for each in share_of_voice(month.connection, Filter(since, until))}
    assert set(found) == {"VMware", "Citrix", "M&M <b>"}
    # VMware: six texts, and a text of which a picture shows it too; plus one silent picture.
    assert (found["VMware"].words, found["VMware"].picture, found["VMware"].posts) == (7, 2, 8)
    # Citrix: two texts, a caption; four pictures, one of them the post with the caption.
    assert (found["Citrix"].words, found["Citrix"].picture, found["Citrix"].posts) == (3, 4, 6)
    assert sum(each.share for each in found.values()) == pytest.approx(1)
    assert sum(each.share_words for each in found.values()) == pytest.approx(1)
    assert sum(each.share_picture for each in found.values()) == pytest.approx(1)
    assert found["VMware"].share == pytest.approx(8 / 15)


def test_net_sentiment_and_health(month, since, until):
    found = {each.brand: each for each in net_sentiment(month.connection, Filter(since, until))}
    ours = found["VMware"]
    assert (ours.mentions, ours.positive, ours.neutral, ours.negative, ours.opinions) == (7, 3, 1, 3, 6)
    assert ours.net_sentiment == 0
    assert ours.health == 0.5
    assert (ours.health_low, ours.health_high) == wilson(3, 6)
    assert found["M&M <b>"].health == 1


def test_a_period_is_its_own_days_only(month, since):
    day = summary(month.connection, Filter(since, since + timedelta(days=1)))
    assert (day.texts, day.images) == (2, 1)
    assert summary(month.connection, Filter(since - timedelta(days=9), since)).mentions == 0
    assert [
        each.code for each in summary(month.connection, Filter(since - timedelta(days=30), since)).rejected
    ] == ["text-empty"]


def test_an_empty_period_has_figures_too(month, since):
    found = summary(month.connection, Filter(since - timedelta(days=9), since - timedelta(days=8)))
    assert (found.mentions, found.brand_posts, found.voice, found.feeling) == (0, 0, (), ())
    assert found.first_published is None


def test_a_correction_moves_the_figures(month, since, until):
    before = summary(month.connection, Filter(since, until))
    judged = mention_uuid("text", "forum", "text-3")
    made = correct_sentiment(month.connection, judged, None, "positive", by="ann")
    after = summary(month.connection, Filter(since, until))
    assert (before.feeling[0].net_sentiment, after.feeling[0].net_sentiment) == (0, pytest.approx(2 / 7))
    assert (before.corrections, after.corrections) == (0, 1)
    quoted = most_extreme(month.connection, Filter(since, until), "VMware", "positive", 9)
    assert [each.mention_id for each in quoted if each.corrected] == [judged]
    assert undo(month.connection, made, by="ben")
    assert summary(month.connection, Filter(since, until)) == before


def test_sentiment_over_time_in_days_of_a_zone(month, since, until):
    points = sentiment_over_time(month.connection, Filter(since, until), "VMware", "day")
    assert [(p.start.day, p.positive, p.neutral, p.negative) for p in points] == [
        (1, 2, 0, 0),
        (2, 0, 1, 0),
        (3, 0, 0, 2),
        (20, 0, 0, 1),
        (21, 1, 0, 0),
    ]
    far_east = sentiment_over_time(
        month.connection, Filter(since, until), "VMware", "day", "Pacific/Kiritimati"
    )
    assert far_east[0].start == date(2026, 3, 2)
    weeks = sentiment_over_time(month.connection, Filter(since, until), "VMware", "week")
    assert [point.start for point in weeks] == [date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 16)]
    assert [bucket.label for bucket in without_gaps(weeks, "week")] == ["23 Feb", "2 Mar", "9 Mar", "16 Mar"]
    months = sentiment_over_time(month.connection, Filter(since, until), "VMware", "month")
    assert [bucket.label for bucket in without_gaps(months, "month")] == ["Mar 2026"]


@pytest.mark.parametrize(
    ("days", "unit"), [(1, "day"), (31, "day"), (32, "week"), (182, "week"), (183, "month"), (4000, "month")]
)
def test_the_unit_suits_the_span(days, unit):
    first = date(2026, 1, 1)
    assert unit_for(first, first + timedelta(days=days - 1)) == unit


def test_mentions_come_in_order_and_whole(month, since, until):
    found = list(all_mentions(month.connection, Filter(since, until)))
    assert len(found) == 14
    assert [each.published_at for each in found] == sorted(each.published_at for each in found)
    (reached, *_) = most_reached(month.connection, Filter(since, until), 3)
    assert (reached.author, reached.reach, reached.brands_named) == (
        "The Daily",
        50_000,
        ("Citrix", "VMware"),
    )


def test_pictures_are_told_once_with_who_named_what(month, since, until):
    first, second = shown_pictures(month.connection, Filter(since, until), 10)
    assert (first.mentions, [found.brand for found in first.detections]) == (2, ["VMware", "Citrix"])
    of_one_mention = {None: ("Citrix",), "What a booth": ("Citrix", "VMware")}
    assert first.unnamed == of_one_mention[first.caption], "that of the mention whose caption is shown"
    assert (second.mentions, second.caption, second.unnamed) == (2, "Citrix came too", ())
    silent = shown_pictures(month.connection, Filter(since, until), 10, unnamed_only=True)
    assert {each.unnamed for each in silent if each.sha256 == second.sha256} == {("Citrix",)}
    assert len(shown_pictures(month.connection, Filter(since, until), 1)) == 1


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilsons_interval_holds_the_proportion_and_narrows(successes, n):
    successes = min(successes, n)
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    wide_low, wide_high = wilson(successes, n)
    more_low, more_high = wilson(successes * 10, n * 10)
    assert more_high - more_low < wide_high - wide_low


def test_wilsons_interval_is_the_published_one():
    """Newcombe 1998, table I, method 3 (score without continuity correction)."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(15, 148) == (pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))
    assert wilson(0, 20) == (0, pytest.approx(0.1611, abs=5e-5))
    assert wilson(0, 0) == (0, 1)
