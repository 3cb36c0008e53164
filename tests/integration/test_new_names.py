"""A brand added by its name while workers run: they begin anew by themselves and count it, nothing lost."""

import time
from pathlib import Path

from monitor.brands_file import BrandsFile
from tests.integration.conftest import KAFKA_AMONG_FAULTS, Deployment

pytestmark = KAFKA_AMONG_FAULTS


def mention(id: str) -> dict[str, str]:
    text = f"{id}: Grafana at the booth next to Nike"
    return {"id": id, "source": "wall", "text": text, "published_at": "2026-03-01T09:30:00Z"}


def test_workers_count_a_new_name_without_being_restarted(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text('[[brand]]\nname = "Nike"\n')
    worker = deployment.worker("texts", forked=False, brands_file=path)
    process = worker.process.pid
    deployment.post("text", [mention("before")])
    deployment.wait_for_all()

    file = BrandsFile(path)
    file.put("Grafana", [], own=False)
    file.save()
    deployment.wait(lambda: deployment.said("the worker starts anew"), what="the change noticed")
    deployment.post("text", [mention(f"after {number}") for number in range(50)])
    deployment.wait(lambda: deployment.count("mention") == 51, what="all stored")
    assert worker.process.pid == process
    assert deployment.rows(
        """SELECT b.name, count(DISTINCT m.id), bool_or(m.external_id = 'before')
        FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id JOIN mention AS m ON m.id = n.mention_id
        GROUP BY 1 ORDER BY 1"""
    ) == [("Grafana", 50, False), ("Nike", 51, True)]
    deployment.wait_for_all()
    assert deployment.audit().ok
    assert worker.terminate()[0] == 0


def test_a_stop_while_a_worker_begins_anew_is_a_stop(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text('[[brand]]\nname = "Nike"\n')
    worker = deployment.worker("texts", forked=False, brands_file=path)
    path.write_text('[[brand]]\nname = "Grafana"\n')
    threads = Path(f"/proc/{worker.process.pid}/task")
    # A worker has several; Python that has just been started, before it listens to signals, has one.
    while len(list(threads.iterdir())) > 1:
        time.sleep(0.001)
    code, seconds = worker.terminate()
    assert (code, seconds < 10) == (0, True)
    assert deployment.said("stops on a signal, before it consumed anything")
