"""What publishers send and what becomes of it, with one worker running: rows, findings, dead letters,
replacements."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.messages import Finding
from monitor.stream.dead_letters import LetterPosition, read_dead_letters, replay

SAMPLES = Path(__file__).parents[2] / "samples"
BROKEN = [json.loads(line) for line in (SAMPLES / "broken" / "messages.jsonl").read_text().splitlines()]


# Lines of samples/broken/messages.jsonl: name, topic, content_type, value or value_base64, expect.


def mention(id: str, source: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "source": source, "published_at": "2026-03-01T09:30:00Z", **fields}


def test_texts_become_rows_and_findings(steady: Any) -> None:
    texts = [mention(f"t{n}", "happy", text=f"VMware is wonderful, I love it ({n})") for n in range(20)]
    steady.post("text", texts)
    steady.wait(lambda: len(_mentions(steady, "happy")) == 20, what="20 texts stored")

    rows = steady.rows(
        "SELECT s.label, s.p_negative + s.p_neutral + s.p_positive, s.model_version "
        "FROM mention m JOIN sentiment s ON s.mention_id = m.id "
        "WHERE m.source = 'happy' AND s.brand_id IS NULL"
    )
    assert len(rows) == 20
    assert all(abs(total - 1) < 1e-5 and "@" in version for _, total, version in rows)
    named = steady.rows(
        "SELECT DISTINCT b.name FROM brand_mention n JOIN brand b ON b.id = n.brand_id "
        "JOIN mention m ON m.id = n.mention_id WHERE m.source = 'happy'"
    )
    assert named == [("VMware",)]
    findings = [msgspec.json.decode(record.value, type=Finding) for record in steady.read("findings", 20)]
    assert {finding.id for finding in findings if finding.source == "happy"} == {f"t{n}" for n in range(20)}


def test_pictures_become_rows_files_and_detections(steady: Any) -> None:
    data = (SAMPLES / "pictures" / "vmware-slide.png").read_bytes()
    encoded = base64.b64encode(data).decode()
    pictures = [mention(f"p{n}", "album", image=encoded, caption="at VMworld with VMware") for n in range(3)]
    steady.post("image", pictures)
    steady.wait(lambda: len(_mentions(steady, "album")) == 3, what="3 pictures stored")

    (stored,) = steady.rows(
        "SELECT DISTINCT p.sha256, p.url, p.width, p.height FROM mention m "
        "JOIN picture p ON p.sha256 = m.picture_sha256 WHERE m.source = 'album'"
    )
    assert Path(stored[1].removeprefix("file://")).read_bytes() == data
    scans = steady.rows("SELECT count(*) FROM picture_scan WHERE picture_sha256 = %s", stored[0])
    assert scans == [(1,)], "equal bytes are scored once per model version"


@pytest.mark.parametrize(
    "name", ["cocacola-poster-cmyk.jpg", "vmware-plate-16bit.png", "backdrop-palette.png"]
)
def test_unusual_but_sound_pictures_are_decoded(steady: Any, name: str) -> None:
    data = (SAMPLES / "pictures" / name).read_bytes()
    value = msgspec.msgpack.encode(mention(name, "unusual", image=data))
    steady.post_raw("image", value, content_type="application/msgpack")
    steady.wait(lambda: name in _mentions(steady, "unusual"), what=name)


def test_each_bad_input_is_a_dead_letter_with_its_code_and_the_stream_goes_on(steady: Any) -> None:
    sent = {}
    for case in [*BROKEN, *more_bad_input(steady.settings)]:
        value = case["value"].encode() if case.get("value") is not None else None
        if case.get("value_base64") is not None:
            value = base64.b64decode(case["value_base64"])
        steady.post_raw(case["topic"], value, key=case["name"].encode(), content_type=case["content_type"])
        sent[case["name"]] = case["expect"]
    steady.post("text", [mention("after", "good", text="still here")])
    steady.post("image", [mention("after", "good", image=base64.b64encode(_small_picture()).decode())])
    steady.wait(lambda: len(_mentions(steady, "good")) == 2, what="the stream goes on")
    steady.wait_for_all()

    letters = {
        (filed.letter.key or b"").decode(): filed.letter
        for filed in asyncio.run(read_dead_letters(steady.settings))
    }
    assert {name: letters[name].error_code for name in sent if name in letters} == sent
    for letter in letters.values():
        assert letter.error_detail
        assert letter.source_topic.startswith(steady.settings.topic_prefix)
        assert letter.failed_at.tzinfo is not None
    names = [name.encode() for name in sent]
    kept = steady.rows("SELECT error_code FROM dead_letter WHERE record_key = ANY(%s)", names)
    assert sorted(code for (code,) in kept) == sorted(sent.values())


def test_a_republished_mention_replaces_what_was_there(steady: Any) -> None:
    first = mention("same", "twice", text="I hate this horrible product", author="a")
    second = mention("same", "twice", text="I love this wonderful product", author="b")
    steady.post("text", [first])
    steady.wait(lambda: _authors(steady, "twice") == ["a"], what="first version")
    steady.post("text", [second])
    steady.wait(lambda: _authors(steady, "twice") == ["b"], what="second version")
    sentiments = steady.rows(
        "SELECT count(*) FROM sentiment s JOIN mention m ON m.id = s.mention_id "
        "WHERE m.source = 'twice' AND s.brand_id IS NULL"
    )
    assert sentiments == [(1,)]


def test_of_two_versions_in_one_batch_the_later_stays(steady: Any) -> None:
    steady.post("text", [mention("one", "batch", text=f"version {n}", author=str(n)) for n in range(30)])
    steady.wait(lambda: _authors(steady, "batch") == ["29"], what="the last of 30 versions")


def test_a_replayed_dead_letter_goes_back_where_it_came_from(steady: Any) -> None:
    steady.post_raw("text", b"{", key=b"replayed", content_type="application/json")

    def letters() -> list[Any]:
        filed = asyncio.run(read_dead_letters(steady.settings, code="json-invalid"))
        return [one for one in filed if one.letter.key == b"replayed"]

    steady.wait(lambda: len(letters()) == 1, what="the letter")
    (filed,) = letters()
    assert filed.letter.headers == (("content-type", b"application/json"),)
    assert asyncio.run(replay(steady.settings, [filed.position])).sent == 1
    steady.wait(lambda: len(letters()) == 2, what="the same letter from its replay")
    again = letters()[1].letter
    assert (again.value, again.headers) == (filed.letter.value, filed.letter.headers)
    assert isinstance(filed.position, LetterPosition)


def test_the_worker_says_how_it_is(steady: Any) -> None:
    worker = steady.started[0]
    assert worker.get("/health/live")[0] == 200
    status, body = worker.get("/health/ready")
    checks = json.loads(body)["checks"]
    assert status == 200
    assert set(checks) == {"assignment", "consumer", "models", "database"}
    assert "8 partitions" in checks["assignment"]["detail"]
    metrics = worker.get("/metrics")[1]
    assert 'brand_monitor_mentions_stored_total{agent="texts"}' in metrics
    assert 'brand_monitor_batch_seconds_count{agent="images",step="score"}' in metrics


def test_the_books_balance_after_all_that(steady: Any) -> None:
    steady.wait_for_all()
    report = steady.audit()
    assert report.ok, report.faults


def more_bad_input(settings: Any) -> list[dict[str, Any]]:
    """What is too large to be a sample file."""
    long = json.dumps(mention("long", "bad", text="x" * (settings.text_max_chars + 1)))
    heavy = _small_picture() + b"\0" * settings.image_max_bytes
    wide = json.dumps(mention("wide", "bad", image=base64.b64encode(heavy).decode()))
    return [
        {
            "name": "text over the limit",
            "topic": "text",
            "content_type": None,
            "value": long,
            "expect": "text-too-long",
        },
        {
            "name": "picture over the byte limit",
            "topic": "image",
            "content_type": None,
            "value": wide,
            "expect": "image-too-many-bytes",
        },
        {
            "name": "tombstone",
            "topic": "text",
            "content_type": None,
            "value": None,
            "expect": "message-empty",
        },
    ]


def _small_picture() -> bytes:
    return (SAMPLES / "pictures" / "coffee.jpg").read_bytes()


def _mentions(steady: Any, source: str) -> list[str]:
    return [id for (id,) in steady.rows("SELECT external_id FROM mention WHERE source = %s", source)]


def _authors(steady: Any, source: str) -> list[str]:
    return [author for (author,) in steady.rows("SELECT author FROM mention WHERE source = %s", source)]
