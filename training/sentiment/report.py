"""A model's figures beside its rivals', for `brand-train evaluate sentiment` and for a new model's card."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.inference import Manifest, Metric
from monitor.sentiment.scorer import SentimentScorer
from training.data.texts import Example
from training.sentiment.behaviour import PassRate, behaviour_section, run_own_suite
from training.sentiment.brand_swap import Swap, brand_swap
from training.sentiment.figures import (
    Results,
    TalkSentence,
    evaluate,
    figures_table,
    headline_table,
    talk_right,
    talk_sentences,
    talk_table,
)
from training.sentiment.raters import ModelRater, Rater
from training.sentiment.yardstick import load_yardstick


@dataclass(frozen=True)
class Report:
    """One model's figures, beside its rivals' where they were measured."""

    manifest: Manifest
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

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """For the manifest."""
        return tuple(
            Metric(name=metric, value=round(value, 4), dataset=name, split="test")
            for name, found in self.results.items()
            for metric, value in found.items()
        )

    def markdown(self, template: str = "measured.md.j2", **further: Any) -> str:
        """As tables, by a template of `cards`."""
        environment = Environment(  # noqa: S701  # Markdown from our own figures, not HTML from strangers
            loader=PackageLoader("training.sentiment", "cards"), undefined=StrictUndefined
        )
        return environment.get_template(template).render(
            manifest=self.manifest,
            yardstick=load_yardstick().table(),
            headlines=headline_table({**self.rivals, self.manifest.name: self.results}),
            figures=figures_table(self.results),
            swap=self.swap.table(),
            talk=talk_table(self.talk),
            talk_rivals=" ".join(f"{name}: {right} of 4 right." for name, right in self.talk_rivals.items()),
            behaviour=behaviour_section(self.behaviour),
            **further,
        )

    def write(self, folder: Path) -> None:
        """evaluation.json and evaluation.md."""
        folder.mkdir(parents=True, exist_ok=True)
        figures = {
            "model": self.manifest.identity,
            "test": self.results,
            "brand_swap": self.swap.mean_spread,
            "talk": [dataclasses.asdict(one) for one in self.talk],
            "rivals": self.rivals,
            "talk_rivals": self.talk_rivals,
            "behaviour": {
                name: {one.capability: one.value for one in rates} for name, rates in self.behaviour.items()
            },
        }
        (folder / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
        (folder / "evaluation.md").write_text(self.markdown() + "\n", "utf-8")


def measure_model(
    scorer: SentimentScorer, test: Mapping[str, Sequence[Example]], rivals: Sequence[Rater] = ()
) -> Report:
    """Measure a model as the service runs it, and its rivals, on `test` and on all sentences of our own."""
    model = ModelRater(scorer)
    return Report(
        scorer.manifest,
        evaluate(model, test),
        talk_sentences(model),
        brand_swap(scorer),
        {rater.name: evaluate(rater, test) for rater in rivals},
        {rater.name: talk_right(rater) for rater in rivals},
        run_own_suite([model, *rivals]),
    )
