"""The doctor: each thing that can be wrong is found, and comes with what to do."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from monitor.doctor import Examination, Verdict, examine
from monitor.doctor.installation import codecs, driver, variables, versions, wheels
from monitor.doctor.models import brands, embedder, letters, logos, providers, sentiment
from monitor.doctor.servers import picture_store
from monitor.inference.session import driver_present
from monitor.settings import Device, Settings, load_settings
from monitor.storage.schema import upgrade

NOWHERE: Final[dict[str, Any]] = {
    "kafka_url": "kafka://127.0.0.1:1",
    "database_url": "postgresql://127.0.0.1:1/x",
}


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's environment, and no .env."""
    for name in list(os.environ):
        if name.upper().startswith("MONITOR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def problems(examinations: Iterator[Examination]) -> list[Examination]:
    return [each for each in examinations if each.verdict is Verdict.PROBLEM]


def only(examinations: Iterator[Examination]) -> Examination:
    (problem,) = problems(examinations)
    return problem


def test_variables_that_nobody_reads_are_named_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MONITOR_TOPIC_PREFFIX", "x")
    monkeypatch.setenv("monitor_device", "cpu")  # known: case does not matter to the settings either
    (tmp_path / ".env").write_text("MONITOR_ZZZ=1\nMONITOR_LOG_LEVEL=DEBUG\nOTHER=1\n")
    misspelt, unknown = problems(variables(load_settings()))
    assert "MONITOR_TOPIC_PREFFIX" in misspelt.found
    assert "MONITOR_TOPIC_PREFIX" in misspelt.remedy
    assert "MONITOR_ZZZ" in unknown.found


def test_known_variables_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DEVICE", "cpu")
    assert problems(variables(load_settings())) == []


@pytest.mark.parametrize("name", ["onnxruntime", "opencv-python"])
def test_two_wheels_in_one_folder_are_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    assert problems(wheels(load_settings())) == []
    installed = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    clash = only(wheels(load_settings()))
    assert f"{name} and {name}-" in clash.found
    assert f"pip uninstall -y {name}" in clash.remedy


def test_every_codec_of_kafka_unpacks() -> None:
    (found,) = codecs(load_settings())
    assert (found.verdict, found.found) == (Verdict.OK, "gzip, snappy, lz4, zstd unpack")


def test_codecs_whose_library_is_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiokafka.codec.cramjam", None)  # as aiokafka has it where it cannot be imported
    found = only(codecs(load_settings()))
    for name in ("snappy", "lz4", "zstd"):
        assert f"{name}: " in found.found
    assert "gzip" not in found.found
    assert "cramjam" in found.remedy


def test_a_codec_that_unpacks_something_else_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cramjam.zstd.decompress", lambda packed: b"")
    assert "zstd unpacks to something else" in only(codecs(load_settings())).found


def test_versions_name_what_a_bug_report_needs() -> None:
    said = " ".join(each.found for each in versions(load_settings()))
    for name in ("aiokafka", "faust-streaming", "psycopg", "Linux"):
        assert name in said


@pytest.mark.skipif(driver_present(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_a_problem_from_end_to_end() -> None:
    settings = load_settings(device=Device.CUDA)
    assert "--gpus all" in only(driver(settings)).remedy
    found = {each.subject: each for each in examine(settings) if each.verdict is Verdict.PROBLEM}
    assert "device is cuda" in found["sentiment model"].found
    assert "device is cuda" in found["logo model"].found


def test_models_are_loaded_for_real() -> None:
    settings = load_settings(device=Device.CPU)
    for step in (providers, sentiment, logos):
        (found,) = step(settings)
        assert found.verdict is Verdict.OK
    ((_, found),) = [(each.verdict, each.found) for each in sentiment(settings)]
    assert "speaks en" in found
    assert "state no licence" in found
    assert found.endswith("runs on cpu")
    assert "as well there: sentiment-large, sentiment-talk; MONITOR_SENTIMENT_MODEL" in found


def test_a_model_for_something_else_is_a_problem() -> None:
    swapped = load_settings(sentiment_model="logos", logo_model="sentiment")
    assert "MONITOR_SENTIMENT_MODEL" in only(sentiment(swapped)).found
    assert "MONITOR_LOGO_MODEL" in only(logos(swapped)).found


def test_a_brand_with_an_unknown_logo_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text("[[brand]]\nname = 'Acme'\nlogos = ['acme']\n")
    wrong, _ = brands(load_settings(brands_file=path))
    assert "brands check" in wrong.remedy
    assert problems(brands(load_settings())) == []


def test_that_no_brand_is_ours_is_noted_with_how_to_choose(tmp_path: Path) -> None:
    assert "brand-monitor init" in list(brands(load_settings()))[-1].remedy
    path = tmp_path / "brands.toml"
    path.write_text("[[brand]]\nname = 'Acme'\nown = true\n")
    assert [each.subject for each in brands(load_settings(brands_file=path))] == ["brands"]


def test_everything_wrong_at_once_is_all_reported_each_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = load_settings(
        **NOWHERE,
        models_dir=tmp_path,
        brands_file=tmp_path / "none.toml",
        picture_store=str(tmp_path / "file" / "pictures"),
    )
    found = problems(examine(settings))
    subjects = {each.subject for each in found}
    assert subjects >= {"sentiment model", "logo model", "brands", "broker", "database", "picture store"}
    assert all(each.remedy for each in found)
    assert not [each for each in found if "itself failed" in each.found]


def test_the_picture_store_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    assert problems(picture_store(load_settings(picture_store=str(tmp_path / "pictures")))) == []
    assert list((tmp_path / "pictures").iterdir()) == []


def test_a_database_without_schema_asks_for_the_upgrade(database: str) -> None:
    settings = load_settings(database_url=database)
    found = {each.subject: each for each in examine_database(settings)}
    assert "brand-monitor db upgrade" in found["database"].remedy
    upgrade(settings)
    assert [each.verdict for each in examine_database(settings)] == [Verdict.OK, Verdict.OK]
    assert "***" in next(iter(examine_database(settings))).found


def examine_database(settings: Settings) -> list[Examination]:
    """The database's part, through the same guard as the rest."""
    subjects = {"database", "schema"}
    servers_only = settings.model_copy(update={"kafka_url": "kafka://127.0.0.1:1"})
    found = [each for each in examine(servers_only) if each.subject in subjects]
    return [each for each in found if each.verdict is not Verdict.OK] or found


def test_missing_topics_are_named(broker: Any) -> None:
    from monitor.doctor.servers import broker as examine_broker

    settings = load_settings(kafka_url=broker.url, topic_prefix="nothere")
    missing = only(examine_broker(settings))
    assert "nothere.text" in missing.found
    assert missing.remedy == "`brand-monitor topics create`"


def test_the_gallerys_model_is_examined(tmp_path: Path) -> None:
    (found,) = embedder(load_settings())
    assert "logos-embedder@" in found.found
    assert "MONITOR_LOGO_EMBEDDER" in only(embedder(load_settings(logo_embedder="logos"))).found
    assert "no gallery brand is found" in only(embedder(load_settings(logo_embedder="nowhere"))).found
    assert problems(embedder(load_settings(logo_embedder=""))) == []


def test_letters_in_pictures_are_told_whether_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (off,) = letters(load_settings(ocr=False))
    assert off.verdict is Verdict.NOTE
    assert "MONITOR_OCR=false" in off.found
    (on,) = letters(load_settings(device=Device.CPU))
    assert on.verdict is Verdict.OK
    assert on.found.endswith("reads on cpu")
    monkeypatch.setattr("monitor.logos.words.reader.packaged", lambda _: tmp_path)
    refused = {each.subject: each for each in examine(load_settings(**NOWHERE))}
    assert refused["letters in pictures"].verdict is Verdict.PROBLEM
    assert "reader-lines" in refused["letters in pictures"].found
