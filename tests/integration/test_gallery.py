"""A brand added while workers run: the next picture's row has it, with the gallery's version; nothing
doubles."""

import base64
import json
from pathlib import Path

import cv2

from monitor.gallery import GalleryDesk, Wanted
from monitor.logos.gallery import read_reference
from tests.conftest import UnknownBrand
from tests.integration.conftest import KAFKA_AMONG_FAULTS, Deployment

pytestmark = KAFKA_AMONG_FAULTS

SWOOSH = Path(__file__).parents[2] / "samples" / "material" / "nike.svg"

_SIGHTINGS = """
    SELECT m.external_id, l.brand, l.model_version
    FROM logo_sighting AS l JOIN mention AS m ON m.id = l.mention_id ORDER BY 1, 2
"""


def message(id: str, picture: Path) -> tuple[str, bytes, bytes, None]:
    body = {
        "id": id,
        "source": "wall",
        "image": base64.b64encode(picture.read_bytes()).decode(),
        "published_at": "2026-03-01T09:30:00Z",
    }
    return "image", json.dumps(body).encode(), id.encode(), None


def other_bytes(picture: Path, target: Path, quality: int) -> Path:
    """The same picture in another file, so that it is scored anew."""
    assert cv2.imwrite(str(target), cv2.imread(str(picture)), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return target


def stored(deployment: Deployment, id: str) -> bool:
    return bool(deployment.rows("SELECT 1 FROM mention WHERE external_id = %s", id))


def desk_of(deployment: Deployment) -> GalleryDesk:
    brands = deployment.folder / "brands.toml"
    brands.write_text('[[brand]]\nname = "Nike"\nlogos = ["nike"]\n')
    return GalleryDesk(deployment.settings.model_copy(update={"brands_file": brands}))


def test_running_workers_find_a_brand_from_the_next_picture_on(
    deployment: Deployment, acme: UnknownBrand
) -> None:
    worker = deployment.worker("images")
    deployment.publish([message("before", acme.shown)])
    deployment.wait(lambda: stored(deployment, "before"), what="the first picture")
    plain = deployment.rows("SELECT model_version FROM mention")[0][0]
    assert "gallery" not in plain

    with desk_of(deployment) as desk:
        version = desk.add(Wanted(name="Acme"), [read_reference(acme.logo)], rate=0.001).version
    deployment.publish([message("after", acme.shown)])  # equal bytes: known, and due again
    deployment.wait(lambda: stored(deployment, "after"), what="the picture after it")
    detector, _, others = plain.partition("+")
    found = f"{detector}+gallery-{version}+{others}"
    assert deployment.rows(_SIGHTINGS) == [("after", "Acme", found)]
    assert f"brand_monitor_gallery_version {version}.0" in worker.get("/metrics")[1]
    findings = [json.loads(record.value) for record in deployment.read("findings", 2)]
    # By id: the topic has several partitions, and across those there is no order.
    by_id = {finding["id"]: finding for finding in findings}
    assert by_id["before"]["model_versions"]["logos"] == plain
    assert by_id["after"]["model_versions"]["logos"] == found
    assert [one["brand"] for one in by_id["after"]["detections"]] == ["Acme"]


def test_kill_9_and_a_change_in_between_lose_and_double_nothing(
    deployment: Deployment, gallery_models: Path, acme: UnknownBrand, tmp_path: Path
) -> None:
    """What was scored with one version and never committed comes again with the next: one row a mention."""
    deployment.settings = deployment.settings.model_copy(update={"models_dir": gallery_models})
    with desk_of(deployment) as desk:
        first = desk.add(Wanted(name="Acme"), [read_reference(acme.logo)], rate=0.001).version
        worker = deployment.worker("images", image_batch_size=1)
        ids = [f"p{number}" for number in range(7)]
        pictures = (acme.shown if number % 2 else acme.not_shown for number in range(len(ids)))
        deployment.publish(
            message(id, other_bytes(path, tmp_path / f"{id}.jpg", 99 - number))
            for number, (id, path) in enumerate(zip(ids, pictures, strict=True))
        )
        deployment.wait(lambda: deployment.count("mention") >= 2, what="some pictures")
        worker.process.kill()
        assert deployment.count("mention") < len(ids), "it was killed in the middle"
        second = desk.add(Wanted(name="Ajax"), [read_reference(SWOOSH)], rate=0.001).version
    assert first is not None
    assert second is not None
    deployment.worker("images", image_batch_size=1)
    deployment.wait_for_all()
    sightings = deployment.rows(_SIGHTINGS)
    assert [(id, brand) for id, brand, _ in sightings] == sorted((id, "Acme") for id in ids[1::2])
    assert deployment.count("mention") == len(ids)
    versions = {str(version).partition("+gallery-")[2].partition("+")[0] for _, _, version in sightings}
    assert versions <= {str(first), str(second)}
    assert str(second) in versions
    report = deployment.audit()
    assert report.ok, report.faults
