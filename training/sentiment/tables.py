"""Markdown tables of sentiment figures."""

from collections.abc import Mapping, Sequence

from training.sentiment.evaluation import Results, TalkSentence
from training.sentiment.metrics import HEADLINE


def figures_table(results: Results) -> str:
    """Every figure of every set, a row a set."""
    names = list(dict.fromkeys(metric for found in results.values() for metric in found))
    lines = ["| set | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for corpus, found in results.items():
        cells = [f"{found[name]:.4f}" if name in found else "" for name in names]
        lines.append(f"| {corpus} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def headline_table(columns: Mapping[str, Results]) -> str:
    """The quoted figure of each set, a column for each model; empty where a model was not measured on it."""
    lines = [
        f"| set | metric | {' | '.join(columns)} |",
        f"|---|---|{'---:|' * len(columns)}",
    ]
    for corpus, metric in HEADLINE.items():
        found = [results.get(corpus, {}).get(metric) for results in columns.values()]
        cells = ["" if value is None else f"{value:.4f}" for value in found]
        lines.append(f"| {corpus} | {metric} | {' | '.join(cells)} |")
    return "\n".join(lines)


def talk_table(sentences: Sequence[TalkSentence]) -> str:
    """The talk's sentences: its figure beside ours."""
    rows = [f"| {one.text} | {one.talk:.3f} | {one.found:.3f} | {one.right:.3f} |" for one in sentences]
    head = ["| sentence | the talk | this model | P(right side) |", "|---|---:|---:|---:|"]
    return "\n".join([*head, *rows])
