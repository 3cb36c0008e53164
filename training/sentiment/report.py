"""What `brand-train evaluate sentiment` writes: a model's figures beside its rivals'."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.sentiment.scorer import load_scorer
from monitor.settings import Device
from training.data.texts import Corpora
from training.sentiment.evaluation import Results, TalkSentence, evaluate, talk_sentences
from training.sentiment.tables import figures_table, headline_table, talk_table


@dataclass(frozen=True)
class Report:
    """One model's figures on the test splits; `rivals` maps a baseline's name to its own."""

    model: str
    results: Results
    talk: list[TalkSentence]
    rivals: Mapping[str, Results]

    def markdown(self) -> str:
        """The quoted figures beside the rivals', all figures, the talk's sentences."""
        return "\n\n".join(
            [
                f"## {self.model}, test splits",
                headline_table({**self.rivals, self.model: self.results}),
                figures_table(self.results),
                "The talk's sentences, P(positive):",
                talk_table(self.talk),
            ]
        )

    def write(self, folder: Path) -> None:
        """evaluation.json and evaluation.md."""
        folder.mkdir(parents=True, exist_ok=True)
        figures = {
            "model": self.model,
            "test": self.results,
            "talk": [dataclasses.asdict(one) for one in self.talk],
            "rivals": dict(self.rivals),
        }
        (folder / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
        (folder / "evaluation.md").write_text(self.markdown() + "\n", "utf-8")


def measure_model(model_dir: Path, corpora: Corpora, rivals: Mapping[str, Results]) -> Report:
    """Measure the model folder as the service would run it on a CPU."""
    scorer = load_scorer(model_dir, Device.CPU)
    results = evaluate(scorer, corpora.test)
    return Report(scorer.manifest.identity, results, talk_sentences(scorer), rivals)
