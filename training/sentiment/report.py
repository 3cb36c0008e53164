"""What `brand-train evaluate sentiment` writes: a model's figures beside its rivals'."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.sentiment.scorer import load_scorer
from monitor.settings import Device
from training.data.texts import Corpora
from training.sentiment.baselines import rate_talk, rivals
from training.sentiment.behaviour import PassRate, behaviour_section, run_own_suite
from training.sentiment.brand_swap import Swap, brand_swap
from training.sentiment.evaluation import Results, TalkSentence, evaluate, talk_sentences
from training.sentiment.raters import ModelRater, measure
from training.sentiment.tables import figures_table, headline_table, talk_table
from training.sentiment.yardstick import load_yardstick


@dataclass(frozen=True)
class Report:
    """One model's figures, beside its rivals' where they were measured."""

    model: str
    results: Results
    """On the test splits."""
    talk: list[TalkSentence]
    swap: Swap
    rivals: Mapping[str, Results]
    """Baseline -> set -> figures."""
    talk_rivals: Mapping[str, int]
    """Baseline -> how many of the talk's sentences it gets right."""
    behaviour: Mapping[str, Sequence[PassRate]]
    """Rater -> pass rates of the behavioural suite."""

    def markdown(self) -> str:
        """Everything, as tables."""
        return "\n\n".join(
            [
                "## Left out: macro-F1 / neutral recall / calibration error, as of the last full run",
                load_yardstick().table(),
                f"## {self.model}, test splits",
                headline_table({**self.rivals, self.model: self.results}),
                figures_table(self.results),
                "## Brand-swap",
                self.swap.table(),
                "## The talk's sentences, P(positive)",
                talk_table(self.talk),
                *(f"{name}: {right} of {len(self.talk)} right." for name, right in self.talk_rivals.items()),
                "## Behaviour",
                behaviour_section(self.behaviour),
            ]
        ).rstrip()

    def write(self, folder: Path) -> None:
        """evaluation.json and evaluation.md."""
        folder.mkdir(parents=True, exist_ok=True)
        figures = {
            "model": self.model,
            "test": self.results,
            "brand_swap": self.swap.mean_spread,
            "talk": [dataclasses.asdict(one) for one in self.talk],
            "rivals": dict(self.rivals),
            "talk_rivals": dict(self.talk_rivals),
            "behaviour": {
                name: {rate.capability: rate.value for rate in rates}
                for name, rates in self.behaviour.items()
            },
        }
        (folder / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
        (folder / "evaluation.md").write_text(self.markdown() + "\n", "utf-8")


def measure_model(model_dir: Path, corpora: Corpora, *, baselines: bool) -> Report:
    """Measure the folder as the service would run it on a CPU; `baselines`: its rivals too (minutes)."""
    scorer = load_scorer(model_dir, Device.CPU)
    results = evaluate(scorer, corpora.test)
    others = rivals(corpora) if baselines else ()
    return Report(
        scorer.manifest.identity,
        results,
        talk_sentences(scorer),
        brand_swap(scorer),
        {rater.name: measure(rater, corpora.test) for rater in others},
        {rater.name: sum(rate_talk(rater)) for rater in others},
        run_own_suite([ModelRater(scorer), *others]),
    )
