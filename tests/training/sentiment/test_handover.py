"""From a network to a model folder that the service loads: parity, figures, card; and the report of any."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from monitor.inference import Manifest
from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.scorer import LABELS, load_scorer
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary
from monitor.settings import Device, packaged
from training.data.corrections import CORRECTIONS
from training.data.texts import Corpora
from training.sentiment.calibration import Prior
from training.sentiment.card import data_lines, terms
from training.sentiment.handover import Origin, hand_over
from training.sentiment.loop import Learned, Progress
from training.sentiment.raters import VaderRater, fit_logistic
from training.sentiment.recipe import StudentHyper
from training.sentiment.report import measure_model
from training.sentiment.shipping import UNSURE, student_product
from training.sentiment.student import Student

PROGRESS = Progress(
    epoch=2, seconds=5400.0, history=[{"epoch": 1, "macro_f1": 0.4}, {"epoch": 2, "macro_f1": 0.5}]
)


@pytest.fixture(scope="module")
def folder(few: Corpora, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student that has learned nothing, handed over."""
    texts = {token.text for part in few.train.values() for one in part for token in tokenize(one.text)}
    words = Vocabulary([*SPECIAL, NAME, *sorted(texts - {*SPECIAL})])
    torch.manual_seed(0)
    network = Student(torch.randn(len(words), 12), hidden=8, heads=2, answer=6, dropout=0.5).eval()
    learned = Learned(network, Encoder(words, Recipe("words", head=9, tail=9, questions=True)), PROGRESS)
    product = student_product(learned, Prior(1.5, -0.2))
    origin = Origin(
        few, ["short_unlabelled"], ("few.csv sha256:0",), StudentHyper(seed=7), PROGRESS, "brand-train x"
    )
    out = tmp_path_factory.mktemp("models") / "sentiment"
    hand_over(product, origin, "shipped", out)
    return out


def manifest(folder: Path) -> Manifest:
    return load_scorer(folder, Device.CPU).manifest


def test_the_service_loads_what_is_handed_over(folder: Path) -> None:
    scorer = load_scorer(folder, Device.CPU)
    assert scorer.takes_targets
    assert scorer.min_confidence == UNSURE
    found = scorer.probabilities(["acme so good", "zentro so good"], [(0, 4), (0, 6)])
    assert found[0] == pytest.approx(found[1])
    assert {one.name for one in folder.iterdir()} == {
        "model.onnx",
        "words.txt",
        "manifest.json",
        "CARD.md",
        "calibration.png",
        "learning.png",
    }


def test_the_manifest_tells_how_it_was_made_and_what_it_reaches(folder: Path) -> None:
    found = manifest(folder)
    assert (found.labels, found.languages, found.preprocessing["head"]) == (LABELS, ("en",), 9)
    assert [one.name for one in found.inputs] == ["tokens", "lengths", "questions"]
    # 45 texts of the sets with neutral, 30 of the other.
    assert found.parity.inputs == 2 * 45 + 30
    assert 0 < found.parity.max_abs_diff < 1e-5
    assert {(one.dataset, one.split) for one in found.metrics} == {
        (name, "test") for name in ("imdb", "semeval2017", "airline")
    }
    assert (found.training.seed, found.training.hours, found.training.command) == (7, 1.5, "brand-train x")
    assert found.training.data == ("few.csv sha256:0",)


def test_the_card_tells_it_to_people(folder: Path) -> None:
    card = (folder / "CARD.md").read_text()
    found = manifest(folder)
    assert card.startswith("# sentiment\n\nSays whether")
    assert found.identity in card
    assert "less probable than\n0.45 is `unsure`" in card
    assert "| airline | macro_f1 |" in card
    assert "VADER: 1 of 4 right. LR:" in card
    assert "40 sentences x 30 names" in card
    assert "| capability | cases | this model | VADER | LR |" in card
    assert "seed\n7. Hyper-parameters: `StudentHyper(seed=7, " in card
    assert "\n- airline (noncommercial): CC BY-NC-SA 4.0" in card
    assert "\n- short_unlabelled (no labels): unstated\n- own sentences" in card
    for line in card.splitlines():
        if line.startswith("#"):
            assert f"\n\n{line}\n\n" in f"\n\n{card}", "headings stand free"
    assert "{{" not in card


def test_every_source_is_told_with_its_licence() -> None:
    lines = data_lines(["mams", "mybrand", CORRECTIONS, "imdb_unsup"]).splitlines()
    assert [line.partition(" (")[0].partition(":")[0] for line in lines] == [
        "- mams",
        "- mybrand",
        f"- {CORRECTIONS}",
        "- imdb_unsup",
    ]
    assert lines[1] == "- mybrand (commercial): your own"


def test_a_report_holds_a_model_beside_its_rivals(few: Corpora, tmp_path: Path) -> None:
    scorer = load_scorer(packaged("onnx_models") / "sentiment-talk", Device.CPU)
    few = replace(few, test=few.train)
    report = measure_model(scorer, few.test, [VaderRater(), fit_logistic(few)])
    report.write(tmp_path)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["model"] == scorer.manifest.identity
    assert set(found["rivals"]) == {"LR", "VADER"}
    assert found["rivals"]["LR"]["airline"]["macro_f1"] == 1.0  # it saw these very texts
    assert found["talk_rivals"]["VADER"] == 1
    assert len(found["talk"]) == 4
    assert 0 <= found["brand_swap"] <= 1
    assert set(found["behaviour"]) == {"this model", "VADER", "LR"}
    for rates in found["behaviour"].values():
        assert len(rates) >= 15
        assert all(0 <= rate <= 1 for rate in rates.values())
    told = (tmp_path / "evaluation.md").read_text()
    assert "| capability | cases | this model | VADER | LR |" in told
    alone = measure_model(scorer, {"imdb": few.test["imdb"][:4]})
    assert (dict(alone.rivals), set(alone.behaviour)) == ({}, {"this model"})
    assert "VADER: " not in alone.markdown()


def test_what_the_licences_of_its_texts_mean_is_told_in_one_sentence(folder: Path) -> None:
    assert "state no licence" in manifest(folder).terms
    assert "forbid commercial use" in terms(["mams", "airline"])
    assert "allow commercial use" in terms(["mams", "newsmtsc", "my_own_file", CORRECTIONS])
