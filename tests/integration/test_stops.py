"""Workers that stop, die or are joined by others: nothing is lost, nothing is doubled."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(180)


def load(deployment: Any, texts: int) -> int:
    """Publish texts, one in a hundred ill-formed; the number of good ones."""
    bad = [n for n in range(texts) if n % 100 == 7]
    good = [
        {
            "id": f"m{n}",
            "source": "load",
            "text": f"VMware number {n}",
            "published_at": "2026-03-01T09:30:00Z",
        }
        for n in range(texts)
        if n not in bad
    ]
    deployment.post("text", good[: texts // 2])
    deployment.publish(("text", b"{", f"m{n}".encode(), None) for n in bad)
    deployment.post("text", good[texts // 2 :])
    return len(good)


def test_sigterm_then_kill_9_under_load_lose_and_double_nothing(deployment: Any) -> None:
    texts = 1500
    good = load(deployment, texts)
    worker = deployment.worker("texts", wait=False)
    deployment.wait(lambda: deployment.count("mention") >= 200, what="under way")

    code, seconds = worker.terminate()

    assert (code, seconds < 10) == (0, True)
    report = deployment.audit()
    assert report.ok, report.faults
    assert 0 < report.stored < good, "it was stopped in the middle"
    for partition in report.partitions:
        assert (partition.committed or 0) == partition.covered, "stored, but not committed"

    stored = report.stored
    worker = deployment.worker("texts", wait=False)
    deployment.wait(lambda: deployment.count("mention") >= stored + 200, what="the next one goes on")
    assert deployment.audit().replaced == 0, "what was stored before the stop is not delivered again"

    worker.process.kill()
    assert deployment.count("mention") < good, "it was killed in the middle"

    deployment.worker("texts", wait=False)
    deployment.wait_for_all()
    report = deployment.audit()
    assert report.ok, report.faults
    assert (report.stored, report.mentions) == (good, good)
    assert report.dead_letters == texts - good


def test_sigterm_while_the_models_load_ends_the_worker_at_once(deployment: Any) -> None:
    worker = deployment.worker("all", wait=False, forked=False)
    deployment.wait(lambda: worker.answers("/health/live"), what="the process listens")
    code, seconds = worker.terminate()
    assert (code, seconds < 10) == (0, True)


def test_a_worker_without_topics_says_what_to_do(deployment: Any) -> None:
    worker = deployment.worker("all", wait=False, topic_prefix="never-created")
    assert worker.process.wait(30) == 2
    assert deployment.said("brand-monitor topics create")


@pytest.mark.fault
def test_workers_that_come_and_go_share_the_partitions(deployment: Any) -> None:
    """A second worker joins under load, the first is stopped, a third joins, the second is killed."""
    numbers = itertools.count()
    sent = 0

    def more(until: Callable[[], bool]) -> None:
        nonlocal sent
        deadline = time.monotonic() + 60
        while not until():
            assert time.monotonic() < deadline, deployment.log_tail()
            batch = [
                {
                    "id": f"m{next(numbers)}",
                    "source": "load",
                    "text": "VMware",
                    "published_at": "2026-03-01T09:30:00Z",
                }
                for _ in range(50)
            ]
            deployment.post("text", batch)
            sent += len(batch)
            time.sleep(0.2)  # a load that one worker can carry on a small machine

    first = deployment.worker("texts")
    more(lambda: deployment.count("mention") > 0)
    second = deployment.worker("texts", wait=False)
    more(lambda: _partitions(first) == _partitions(second) == 2)
    assert first.terminate()[0] == 0
    third = deployment.worker("texts", wait=False)
    more(lambda: _partitions(second) == _partitions(third) == 2)
    second.process.kill()
    more(lambda: _partitions(third) == 4)
    deployment.wait_for_all(90)

    report = deployment.audit()
    assert report.ok, report.faults
    assert (report.stored, report.mentions) == (sent, sent)
    assert third.process.returncode is None


@pytest.mark.fault
def test_text_and_picture_workers_share_a_group(deployment: Any) -> None:
    """Workers with different agents are members of one group and get the partitions of their own topics."""
    texts = deployment.worker("texts", wait=False, logo_model="not-needed")
    images = deployment.worker("images", wait=False, sentiment_model="not-needed")
    deployment.wait(lambda: _partitions(texts) == _partitions(images) == 4, what="each has its topic")
    good = load(deployment, 300)
    deployment.wait_for_all()
    assert deployment.count("mention") == good


def _partitions(worker: Any) -> int:
    try:
        status, body = worker.get("/health/ready")
    except OSError:
        return -1
    detail = json.loads(body)["checks"].get("assignment", {}).get("detail", "")
    return int(detail.split()[0]) if status == 200 else -1
