import json
from pathlib import Path

from monitor.settings import packaged
from training.data.texts import Corpora, Example
from training.sentiment.report import measure_model

TEXTS = (("Great stuff, I love it", 2), ("Awful, I hate it", 0), ("The meeting is at ten", 1))
AIRLINE = [Example("airline", f"{text} number {n}", label) for n in range(4) for text, label in TEXTS]
CORPORA = Corpora(train={"airline": AIRLINE}, dev={}, test={"airline": AIRLINE})
SHIPPED = packaged("onnx_models") / "sentiment"


def test_the_report_holds_the_model_beside_its_rivals(tmp_path: Path) -> None:
    measure_model(SHIPPED, CORPORA, baselines=True).write(tmp_path)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert set(found["rivals"]) == {"LR", "VADER"}
    assert found["rivals"]["LR"]["airline"]["macro_f1"] == 1.0  # it saw these very texts
    assert found["talk_rivals"]["VADER"] == 1
    assert set(found["behaviour"]) == {"this model", "VADER", "LR, all corpora"}
    for rates in found["behaviour"].values():
        assert len(rates) >= 15
        assert all(0 <= rate <= 1 for rate in rates.values())
    table = (tmp_path / "evaluation.md").read_text()
    assert "VADER: 1 of 4 right." in table
    assert "| capability | cases | this model | VADER | LR, all corpora |" in table


def test_without_baselines_the_model_stands_alone(tmp_path: Path) -> None:
    report = measure_model(SHIPPED, CORPORA, baselines=False)
    report.write(tmp_path)
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["rivals"] == {}
    assert set(found["behaviour"]) == {"this model"}
    assert "VADER" not in (tmp_path / "evaluation.md").read_text()
