"""What readers see: each mention once, and people's corrections before the models' word."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError

from monitor.corrections import correct_sentiment
from monitor.corrections import undo as undo_correction
from monitor.messages import mention_uuid
from monitor.storage.correction_tables import correction
from monitor.storage.records import Batch
from tests.storage.conftest import NOON


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def brand_id(engine: Engine, name: str) -> int:
    ((found,),) = rows(engine, "SELECT id FROM brand WHERE name = :name", name=name)
    return found


def correct(engine: Engine, **values: Any) -> int:
    with engine.begin() as connection:
        made = connection.execute(
            insert(correction).values(corrected_by="ann", **values).returning(correction.c.id)
        )
        return made.scalar_one()


def undo(engine: Engine, id: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE correction SET undone_by = 'bob', undone_at = now() WHERE id = :id"), {"id": id}
        )


@pytest.fixture
async def told(writer, made):
    """Day one: two texts and a picture of one post, a silent picture, a caption. Day two: one text."""
    tomorrow = made.position(0).timestamp + timedelta(days=1)
    results = (
        made.text(
            0, id="post", text="VMware and Citrix", brands=(made.named("VMware"), made.named("Citrix", 11))
        ),
        made.image(
            0, id="post", picture="booth", detections=(made.found("VMware"), made.found("VMware", 0.6, 0.5))
        ),
        made.text(
            1,
            id="rant",
            text="VMware VMware",
            label="negative",
            brands=(made.named("VMware"), made.named("VMware", 7)),
        ),
        made.image(1, id="silent", picture="street", detections=(made.found("Citrix", 0.7),)),
        made.image(
            2,
            id="caption",
            picture="fair",
            caption="Dell booth",
            brands=(made.named("Dell"),),
            detections=(made.found("Dell"),),
        ),
        made.text(
            3, id="late", text="Dell", label="neutral", brands=(made.named("Dell"),), published_at=tomorrow
        ),
    )
    await writer.write(Batch(log_id=made.log_id, results=results))
    return made


async def test_share_of_voice_counts_posts_once_per_channel(told, engine):
    found = rows(
        engine,
        "SELECT day, channel, brand, posts, round(share::numeric, 3)::float FROM share_of_voice"
        " ORDER BY 1, 2, 3",
    )
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert found == [
        (first, "any", "Citrix", 2, 0.4),
        (first, "any", "Dell", 1, 0.2),
        (first, "any", "VMware", 2, 0.4),
        (first, "picture", "Citrix", 1, 0.333),
        (first, "picture", "Dell", 1, 0.333),
        (first, "picture", "VMware", 1, 0.333),
        (first, "words", "Citrix", 1, 0.25),
        (first, "words", "Dell", 1, 0.25),
        (first, "words", "VMware", 2, 0.5),
        (second, "any", "Dell", 1, 1.0),
        (second, "words", "Dell", 1, 1.0),
    ]


async def test_sentiment_daily_counts_each_mention_once(told, engine):
    found = rows(
        engine,
        "SELECT day, brand, mentions, positive, neutral, negative, net_sentiment"
        " FROM sentiment_daily ORDER BY 1, 2",
    )
    assert found == [
        (date(2026, 3, 1), "Citrix", 1, 1, 0, 0, 1.0),
        (date(2026, 3, 1), "VMware", 2, 1, 0, 1, 0.0),
        (date(2026, 3, 2), "Dell", 1, 0, 1, 0, 0.0),
    ]


async def test_what_the_model_is_not_sure_of_is_counted_apart(writer, made, engine):
    labels = ("positive", "positive", "positive", "neutral", "unsure", "unsure")
    results = [
        made.text(n, label=label, brands=(made.named(),), author="ann") for n, label in enumerate(labels)
    ]
    # The text is clear, and toward the brand it is not: what is said of the brand counts.
    results.append(made.text(6, label="negative", brands=(made.named("Dell", felt="unsure"),), author="ann"))
    await writer.write(Batch(log_id="c", results=tuple(results)))
    counts = "positive, neutral, negative, unsure, unscored"
    dell, vmware = (0, 0, 0, 1, 0), (3, 1, 0, 2, 0)
    for view in ("brand_hour JOIN brand AS b ON b.id = brand_id", "sentiment_daily", "source_daily"):
        name = "b.name" if "JOIN" in view else "brand"
        assert rows(engine, f"SELECT {counts} FROM {view} ORDER BY {name}") == [dell, vmware], view
    assert rows(engine, f"SELECT {counts} FROM brand_authors ORDER BY brand") == [dell, vmware]
    assert rows(engine, "SELECT net_sentiment FROM sentiment_daily ORDER BY brand") == [(None,), (0.75,)]
    assert rows(engine, "SELECT brand, opinions, health FROM brand_health") == [("VMware", 3, 1.0)]
    assert rows(engine, "SELECT opinions FROM brand_weekly ORDER BY brand") == [(0,), (3,)]
    assert rows(
        engine,
        "SELECT brand, sentiment, label FROM brand_sentiment JOIN mention_detail USING (mention_id)"
        " WHERE label = 'unsure' ORDER BY brand, external_id",
    ) == [("Dell", "negative", "unsure"), ("VMware", "unsure", "unsure"), ("VMware", "unsure", "unsure")]


async def test_a_person_can_be_sure_where_the_model_was_not(writer, made, engine):
    await writer.write(Batch(log_id="c", results=(made.text(0, label="unsure", brands=(made.named(),)),)))
    id = mention_uuid("text", "forum", "m0")
    counts = "SELECT positive, unsure FROM brand_day"
    with engine.begin() as connection:
        correct_sentiment(connection, id, "VMware", "positive", "ann")
        assert rows(engine, counts) == [(0, 1)]
    assert rows(engine, counts) == [(1, 0)]
    with engine.begin() as connection:
        undo_correction(connection, 1, "ann")
    assert rows(engine, counts) == [(0, 1)]


@pytest.mark.parametrize(("least", "label"), [(0.0, "negative"), (0.56, "negative"), (0.57, "unsure")])
async def test_several_places_are_one_verdict_by_the_same_rule(writer, made, engine, least, label):
    felt = ("negative", "positive", "negative")
    places = tuple(made.named(start=9 * n, felt=label) for n, label in enumerate(felt))
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=places, min_confidence=least),)))
    # Negative with 0.8, 0.1 and 0.8: 0.567 in the mean.
    assert rows(engine, "SELECT label FROM brand_sentiment") == [(label,)]


async def test_days_are_counted_in_utc_whatever_the_client_prefers(writer, made, engine):
    eve = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),), published_at=eve),)))
    with engine.connect() as connection:
        connection.execute(text("SET TIME ZONE 'Asia/Tokyo'"))
        assert connection.execute(text("SELECT day FROM sentiment_daily")).scalars().all() == [
            date(2026, 2, 28)
        ]
        assert connection.execute(text("SELECT month FROM brand_health")).scalars().all() == [
            date(2026, 2, 1)
        ]


async def test_brand_health_has_wilsons_interval(writer, made, engine):
    labels = ["positive"] * 9 + ["negative"] * 1 + ["neutral"] * 5
    results = [made.text(n, label=label, brands=(made.named(),)) for n, label in enumerate(labels)]
    await writer.write(Batch(log_id="c", results=tuple(results)))
    ((month, positive, negative, opinions, health, low, high),) = rows(
        engine,
        "SELECT month, positive, negative, opinions, health, health_low, health_high FROM brand_health",
    )
    assert (month, positive, negative, opinions, health) == (date(2026, 3, 1), 9, 1, 10, 0.9)
    # Wilson (1927) for 9 of 10 at 95%, as statsmodels.proportion_confint(9, 10, method="wilson") gives it.
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))


async def test_a_month_without_opinions_has_no_health(writer, made, engine):
    await writer.write(Batch(log_id="c", results=(made.text(0, label="neutral", brands=(made.named(),)),)))
    assert rows(engine, "SELECT * FROM brand_health") == []


async def test_image_only_mentions_are_those_nobody_named(told, engine):
    found = rows(engine, "SELECT external_id, brand, score, logos FROM image_only_mentions")
    assert found == [("silent", "Citrix", 0.7, 1)]


async def test_mention_detail_has_each_mention_once(told, engine):
    found = rows(
        engine,
        "SELECT kind, external_id, brands_named, brands_shown, sentiment, corrected"
        " FROM mention_detail ORDER BY kind, external_id",
    )
    assert found == [
        ("image", "caption", ["Dell"], ["Dell"], None, False),
        ("image", "post", [], ["VMware"], None, False),
        ("image", "silent", [], ["Citrix"], None, False),
        ("text", "late", ["Dell"], [], "neutral", False),
        ("text", "post", ["Citrix", "VMware"], [], "positive", False),
        ("text", "rant", ["VMware"], [], "negative", False),
    ]


async def test_only_the_scan_of_the_mentions_model_is_shown(writer, made, engine):
    await writer.write(Batch(log_id="c", results=(made.image(0, id="a", detections=(made.found("Dell"),)),)))
    newer = made.image(1, id="a", detections=(made.found("VMware"),), model="logos@2")
    await writer.write(Batch(log_id="c", results=(newer,)))
    assert rows(engine, "SELECT brand, model_version FROM logo_sighting") == [("VMware", "logos@2")]
    assert rows(engine, "SELECT count(*) FROM logo_detection") == [(2,)]


async def test_a_corrected_label_counts_everywhere_until_undone(told, engine):
    rant = mention_uuid("text", "forum", "rant")
    made = correct(
        engine,
        mention_id=rant,
        subject="sentiment",
        label="positive",
        content_sha256=told.sha256("VMware VMware"),
    )
    seen = "SELECT label FROM brand_sentiment WHERE mention_id = :id"
    detail = "SELECT sentiment, corrected FROM mention_detail WHERE mention_id = :id"
    net = "SELECT net_sentiment FROM sentiment_daily WHERE brand = 'VMware'"
    assert rows(engine, seen, id=rant) == [("positive",)]
    assert rows(engine, detail, id=rant) == [("positive", True)]
    assert rows(engine, net) == [(1.0,)]
    assert rows(
        engine, "SELECT label, model_label FROM effective_sentiment WHERE correction_id = :id", id=made
    ) == [("positive", "negative")]
    undo(engine, made)
    assert rows(engine, seen, id=rant) == [("negative",)]
    assert rows(engine, detail, id=rant) == [("negative", False)]
    assert rows(engine, net) == [(0.0,)]


async def test_a_label_corrected_toward_one_brand_leaves_the_other(told, engine):
    post = mention_uuid("text", "forum", "post")
    correct(
        engine,
        mention_id=post,
        subject="sentiment",
        label="negative",
        brand_id=brand_id(engine, "Citrix"),
        content_sha256=told.sha256("VMware and Citrix"),
    )
    found = rows(
        engine,
        "SELECT brand, label, corrected FROM brand_sentiment WHERE mention_id = :id ORDER BY 1",
        id=post,
    )
    assert found == [("Citrix", "negative", True), ("VMware", "positive", False)]


async def test_a_correction_of_a_text_since_changed_no_longer_counts(told, writer, engine):
    rant = mention_uuid("text", "forum", "rant")
    correct(
        engine,
        mention_id=rant,
        subject="sentiment",
        label="positive",
        content_sha256=told.sha256("VMware VMware"),
    )
    changed = told.text(9, id="rant", text="VMware again", label="negative", brands=(told.named(),))
    await writer.write(Batch(log_id=told.log_id, results=(changed,)))
    assert rows(engine, "SELECT label FROM brand_sentiment WHERE mention_id = :id", id=rant) == [
        ("negative",)
    ]
    assert rows(engine, "SELECT count(*) FROM correction") == [(1,)]


async def test_logos_can_be_denied_renamed_and_added(told, engine):
    street, silent = told.sha256("street"), mention_uuid("image", "forum", "silent")
    ((found,),) = rows(engine, "SELECT id FROM logo_detection WHERE picture_sha256 = :sha", sha=street)
    shown = "SELECT brand, score, x, corrected FROM logo_sighting WHERE mention_id = :id ORDER BY x"
    logo = {"mention_id": silent, "subject": "logo", "content_sha256": street}
    box = {"y": 0.1, "width": 0.1, "height": 0.1}

    denied = correct(engine, **logo, detection_id=found)
    assert rows(engine, shown, id=silent) == []
    assert rows(engine, "SELECT external_id FROM image_only_mentions") == []
    undo(engine, denied)
    correct(engine, **logo, detection_id=found, brand_id=brand_id(engine, "Dell"), x=0.2, **box)
    assert rows(engine, shown, id=silent) == [("Dell", 0.7, 0.2, True)]
    correct(engine, **logo, brand_id=brand_id(engine, "VMware"), x=0.6, **box)
    assert rows(engine, shown, id=silent) == [("Dell", 0.7, 0.2, True), ("VMware", 1.0, 0.6, True)]


async def test_corrections_of_boxes_outlive_redelivery(told, writer, engine):
    silent = mention_uuid("image", "forum", "silent")
    again = told.image(1, id="silent", picture="street", detections=(told.found("Citrix", 0.7),))
    ((found,),) = rows(engine, "SELECT detection_id FROM logo_sighting WHERE mention_id = :id", id=silent)
    correct(
        engine, mention_id=silent, subject="logo", content_sha256=told.sha256("street"), detection_id=found
    )
    await writer.write(Batch(log_id=told.log_id, results=(again,)))
    assert rows(engine, "SELECT * FROM logo_sighting WHERE mention_id = :id", id=silent) == []


async def test_one_thing_has_one_correction_in_force(told, engine):
    rant = mention_uuid("text", "forum", "rant")
    values = {"mention_id": rant, "subject": "sentiment", "content_sha256": told.sha256("VMware VMware")}
    first = correct(engine, **values, label="positive")
    with pytest.raises(IntegrityError, match="correction_active_sentiment_ix"):
        correct(engine, **values, label="neutral")
    undo(engine, first)
    correct(engine, **values, label="neutral")


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "sentiment"},
        {"subject": "sentiment", "label": "angry"},
        {"subject": "sentiment", "label": "unsure"},
        {"subject": "logo", "label": "positive"},
        {"subject": "logo"},
        {"subject": "logo", "brand_id": 1},
        {"subject": "logo", "brand_id": 1, "x": 0.9, "y": 0.1, "width": 0.2, "height": 0.1},
        {"subject": "sentiment", "label": "neutral", "undone_by": "ann"},
    ],
)
async def test_a_correction_that_says_nothing_or_nonsense_is_refused(told, engine, wrong):
    with pytest.raises(IntegrityError, match=r"correction_.*_ck"):
        correct(engine, mention_id=mention_uuid("text", "forum", "rant"), content_sha256="0" * 64, **wrong)


async def test_what_is_read_in_a_picture_counts_like_a_logo(writer, made, engine):
    found = (
        made.found("VMware", 0.6, 0.5),
        made.read("VMware", "vmware"),
        made.read("Dell", "Dell", look=0.2),
    )
    results = (
        made.image(0, id="both", picture="booth", detections=found),
        made.image(1, id="word", picture="wall", detections=(made.read("Citrix", "CITRIX systems"),)),
    )
    await writer.write(Batch(log_id=made.log_id, results=results))
    seen = "SELECT external_id, brands_shown, shown_by FROM mention_detail ORDER BY 1"
    assert rows(engine, seen) == [
        ("both", ["Dell", "VMware"], ["both", "letters"]),
        ("word", ["Citrix"], ["letters"]),
    ]
    sightings = "SELECT brand, evidence, look, letters, line FROM logo_sighting ORDER BY 1, 2"
    assert rows(engine, sightings) == [
        ("Citrix", "letters", None, 0.99, "CITRIX systems"),
        ("Dell", "both", 0.2, 0.99, "Dell"),
        ("VMware", "letters", None, 0.99, "vmware"),
        ("VMware", "look", 0.6, None, None),
    ]
    for figure in ("share_of_voice", "image_only_mentions"):
        assert {name for (name,) in rows(engine, f"SELECT brand FROM {figure}")} == {
            "Citrix",
            "Dell",
            "VMware",
        }


async def test_a_person_is_the_evidence_of_what_a_person_said(writer, made, engine):
    shown = made.image(0, detections=(made.read("VMware", "vmworld"), made.found("Dell", 0.7, 0.5)))
    await writer.write(Batch(log_id=made.log_id, results=(shown,)))
    vmware = "SELECT id FROM logo_detection WHERE brand_id = :id"
    ((found,),) = rows(engine, vmware, id=brand_id(engine, "VMware"))
    place = {"subject": "logo", "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
    told = {"mention_id": mention_uuid("image", "forum", "m0"), "content_sha256": shown.picture.sha256}
    correct(engine, **told, **place, brand_id=brand_id(engine, "Citrix"), detection_id=found)
    sightings = "SELECT brand, evidence, look, letters, line FROM logo_sighting ORDER BY 1"
    assert rows(engine, sightings) == [
        ("Citrix", None, None, None, None),
        ("Dell", "look", 0.7, None, None),
    ]
    assert rows(engine, "SELECT shown_by FROM mention_detail") == [(["person", "look"],)]


async def test_views_tell_language_story_and_what_was_not_scored(writer, engine, made):
    first = NOON - timedelta(hours=1)
    results = (
        made.text(0, brands=(made.named(),), story_keys=(5,), author="ann"),
        made.text(1, brands=(made.named(),), story_keys=(5,), author="bob", published_at=first),
        made.text(2, label=None, language="de", brands=(made.named(),), author="ann"),
    )
    await writer.write(Batch(log_id="c", results=results))
    assert rows(
        engine, "SELECT external_id, language, lead, sentiment FROM mention_detail ORDER BY external_id"
    ) == [("m0", "en", False, "positive"), ("m1", "en", True, "positive"), ("m2", "de", True, None)]
    assert rows(engine, "SELECT count(DISTINCT story_id) FROM mention_detail") == [(2,)]
    assert rows(engine, "SELECT posts, stories FROM share_of_voice WHERE channel = 'any'") == [(3, 2)]
    assert rows(engine, "SELECT mentions, positive, unscored, net_sentiment FROM sentiment_daily") == [
        (3, 2, 1, 1.0)
    ]
    assert rows(engine, "SELECT mentions, unscored FROM source_daily") == [(3, 1)]
    assert rows(engine, "SELECT author, mentions, unscored FROM brand_authors ORDER BY 1") == [
        ("ann", 2, 1),
        ("bob", 1, 0),
    ]
    assert rows(engine, "SELECT language, lead FROM brand_presence ORDER BY 1, 2") == [
        ("de", True),
        ("en", False),
        ("en", True),
    ]
    assert rows(engine, "SELECT count(*) FROM brand_sentiment WHERE language = 'de'") == [(0,)]
    with engine.begin() as connection:
        correct_sentiment(connection, mention_uuid("text", "forum", "m2"), None, "negative", "ann")
    judged = "SELECT label, p_negative, model_version, corrected FROM brand_sentiment WHERE language = 'de'"
    assert rows(engine, judged) == [("negative", None, None, True)]
    assert rows(engine, "SELECT sentiment, corrected FROM mention_detail WHERE language = 'de'") == [
        ("negative", True)
    ]
    assert rows(engine, "SELECT unscored FROM sentiment_daily") == [(0,)]
