"""A post that its author took down, followed through everything that knew of it; workers killed meanwhile."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from fastapi.testclient import TestClient

from monitor.messages import Deleted, Finding, mention_uuid
from monitor.settings import Settings
from monitor.storage import rollups, story_check
from monitor.storage.engine import sync_engine
from monitor.stream.clients import open_reader
from monitor.web.app import create_app

SAMPLES = Path(__file__).parents[2] / "samples" / "pictures"
MOMENT = "2026-03-01T09:30:00Z"
GONE = {"source": "forum", "deleted_at": "2026-03-02T18:05:00Z"}


def said(id: str, text: str = "VMware is wonderful, I love it", **fields: Any) -> dict[str, Any]:
    return {"id": id, "source": "forum", "text": text, "published_at": MOMENT, **fields}


def shown(id: str, name: str) -> dict[str, Any]:
    image = base64.b64encode((SAMPLES / name).read_bytes()).decode()
    return {"id": id, "source": "forum", "image": image, "caption": "VMware", "published_at": MOMENT}


def told(deployment: Any) -> list[Finding | Deleted]:
    """What lies on `mentions.findings`, each partition in its order."""
    return asyncio.run(_told(deployment.settings))


async def _told(settings: Settings) -> list[Finding | Deleted]:
    topic = settings.topic("findings")
    places = [TopicPartition(topic, n) for n in range(settings.topic_partitions)]
    found: list[bytes] = []
    async with open_reader(settings) as reader:
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        ends = await reader.end_offsets(places)
        while [place for place in places if await reader.position(place) < ends[place]]:
            for records in (await reader.getmany(timeout_ms=1000)).values():
                found += [record.value for record in records]
    return [
        msgspec.json.decode(value, type=Deleted if b'"deleted_at"' in value else Finding) for value in found
    ]


def sound(deployment: Any) -> None:
    report = deployment.audit()
    assert report.ok, report.faults
    engine = sync_engine(deployment.settings)
    with engine.connect() as connection:
        compared = (*rollups.compare(connection), *story_check.compare(connection))
    engine.dispose()
    assert [each for each in compared if not each.ok] == []


def file_of(deployment: Any, id: str) -> Path:
    ((url,),) = deployment.rows(
        "SELECT p.url FROM picture AS p JOIN mention ON picture_sha256 = sha256 WHERE external_id = %s", id
    )
    return Path(url.removeprefix("file://"))


def test_a_deletion_is_followed_through_rows_files_figures_pages_and_findings(deployment: Any) -> None:
    deployment.worker()
    deployment.post("text", [said("a"), said("b", "VMware is slow")])
    deployment.post(
        "image",
        [
            shown("a", "vmware-slide.png"),
            shown("b", "vmware-sticker.webp"),
            shown("c", "vmware-sticker.webp"),
        ],
    )
    deployment.wait(lambda: deployment.count("mention") == 5, what="stored")
    own, shared = file_of(deployment, "a"), file_of(deployment, "c")
    client = TestClient(create_app(deployment.settings), base_url="http://127.0.0.1:8080")
    frame = {"since": "2026-03-01", "until": "2026-03-02"}
    page, picture = (f"/mentions/{mention_uuid(kind, 'forum', 'a')}" for kind in ("text", "image"))
    wall = f"/pictures/{own.stem}/small.jpg"
    for address in (page, picture, f"/api{page}", wall):
        assert client.get(address).status_code == 200
    assert len(client.get("/api/mentions", params=frame).json()["rows"]) == 5
    summary = client.get("/api/summary", params=frame).json()
    assert (summary["texts"], summary["images"]) == (2, 3)

    for topic in ("text", "image"):
        deployment.post(topic, [{"id": "a", **GONE}, {"id": "never", **GONE}])
    deployment.publish([("image", msgspec.msgpack.encode({"id": "b", **GONE}), b"b", "application/msgpack")])

    deployment.wait(lambda: deployment.count("mention") == 2 and not own.exists(), what="deleted")
    assert shared.exists(), "c shows it"
    deployment.wait_for_all()
    assert deployment.rows("SELECT kind, external_id FROM mention ORDER BY kind") == [
        ("image", "c"),
        ("text", "b"),
    ]
    for table in ("sentiment", "brand_mention"):
        ids = "SELECT id FROM mention"
        assert deployment.rows(f"SELECT count(*) FROM {table} WHERE mention_id NOT IN ({ids})") == [(0,)]
    assert deployment.count("picture") == 1
    for address in (page, picture, f"/api{page}", wall):
        assert client.get(address).status_code == 404
    listed = client.get("/api/mentions", params=frame).json()["rows"]
    assert sorted(each["external_id"] for each in listed) == ["b", "c"]
    summary = client.get("/api/summary", params=frame).json()
    assert (summary["texts"], summary["images"]) == (1, 1)
    assert deployment.count("dead_letter") == 0
    gone = [(one.kind, one.id) for one in told(deployment) if isinstance(one, Deleted)]
    assert sorted(gone) == [
        *(("image", id) for id in ("a", "b", "never")),
        *(("text", id) for id in ("a", "never")),
    ]
    sound(deployment)

    deployment.post("text", [said("a", "VMware, once more")])
    deployment.wait(lambda: deployment.count("mention") == 3, what="published again")
    assert client.get(page).status_code == 200


def test_bad_deletions_are_dead_letters_and_null_is_no_deletion(deployment: Any) -> None:
    deployment.worker("texts")
    deployment.post("text", [said("a", deleted_at=None)])
    for fields in ({"deleted_at": "yesterday"}, {"deleted_at": "2026-03-02T18:05:00"}, {"deleted_at": 5}):
        deployment.post_raw("text", json.dumps(said("a", **fields)).encode(), b"a")
    deployment.post_raw("text", json.dumps({"id": "a", "deleted_at": MOMENT}).encode(), b"a")
    deployment.post_raw("text", None, b"a")
    deployment.wait(lambda: deployment.finished == 6, what="a mention and five letters")
    assert deployment.rows("SELECT error_code FROM dead_letter ORDER BY 1") == [
        *(("date-without-zone",), ("field-invalid",), ("field-invalid",)),
        *(("field-missing",), ("message-empty",)),
    ]
    assert deployment.rows("SELECT text FROM mention") == [("VMware is wonderful, I love it",)]


@pytest.mark.timeout(180)
def test_workers_killed_in_the_middle_of_deletions_lose_and_revive_nothing(deployment: Any) -> None:
    """Every third post is deleted, every ninth is published again after that."""
    posts = 700
    records: list[tuple[str, bytes, bytes, None]] = []

    def post(message: dict[str, Any]) -> None:
        records.append(("text", json.dumps(message).encode(), message["id"].encode(), None))

    for n in range(posts):
        post(said(f"m{n}", f"VMware number {n}"))
        if n >= 100 and (n - 100) % 3 == 0:
            post({"id": f"m{n - 100}", **GONE})
        if n >= 200 and (n - 200) % 9 == 0:
            post(said(f"m{n - 200}", f"VMware number {n - 200} again"))
    deletions = sum(b"deleted_at" in value for _, value, _, _ in records)
    again = sum(b" again" in value for _, value, _, _ in records)
    deployment.publish(records)

    def processed() -> int:
        ((count,),) = deployment.rows("SELECT coalesce(sum(records), 0) FROM ingest_batch")
        return int(count)

    for aim in (250, 500):
        worker = deployment.worker("texts", wait=False)
        deployment.wait(lambda aim=aim: processed() >= aim, what=f"{aim} records")
        worker.process.kill()
    assert deployment.lag() > 0, "they were killed in the middle"
    deployment.worker("texts", wait=False)
    deployment.wait_for_all()

    assert deployment.count("mention") == posts - deletions + again
    texts = dict(deployment.rows("SELECT external_id, text FROM mention"))
    for n in range(posts):
        deleted = n % 3 == 0 and n + 100 < posts
        published_again = n % 9 == 0 and n + 200 < posts
        assert (f"m{n}" in texts) == (not deleted or published_again)
        assert not published_again or texts[f"m{n}"].endswith("again")
    assert deployment.count("dead_letter") == 0
    sound(deployment)
    # Whoever follows the findings comes to the same.
    ends: dict[str, bool] = {}
    for event in told(deployment):
        ends[event.id] = isinstance(event, Finding)
    assert {id for id, stands in ends.items() if stands} == texts.keys()
