"""What `--data` and `--licence` say, and the table of what was read and what was left out."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.errors import SetupError
from training.data.sets import LicenceClass
from training.data.texts import Corpora, LeftOut, Split, load_corpora

if TYPE_CHECKING:
    from rich.console import Console, Group

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        help="Folder of texts, or one file: parquet, CSV or JSON lines with text, label (negative, neutral, "
        "positive) and, where the label is toward something in the text, target.",
        exists=True,
    ),
]
Licence = Annotated[
    LicenceClass | None,
    typer.Option("--licence", help="Take only published sets of this class, and your own."),
]


def read(
    data: Path,
    licence: LicenceClass | None,
    console: "Console",
    *,
    needs: Collection[Split] = (),
    names: Collection[str] | None = None,
) -> Corpora:
    """Load the sets at `data` and print what was read; before anything heavy is imported or begun.

    Raises `SetupError` for what does not fit, and where a split of `needs` stays empty.
    """
    corpora = load_corpora(data, names, licence)
    console.print(summary(corpora))
    for split in needs:
        if not corpora.split(split):
            raise SetupError(
                f"{data}: no text for {split} is left; give more texts (one in ten goes to dev, one to "
                "test), or say in a column `split` which are for train, dev and test"
            )
    return corpora


def summary(corpora: Corpora) -> "Group":
    """Two tables: rows by set, split and label; rows left out by reason, with the first one's line."""
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    taken = Table("set", title="Read", title_justify="left")
    for column in ("train", "dev", "test", "negative", "neutral", "positive", "with a target"):
        taken.add_column(column, justify="right")
    for name in {name: None for split in (corpora.train, corpora.dev, corpora.test) for name in split}:
        examples = corpora.of(name)
        labels = Counter(example.label for example in examples)
        targets = sum(example.target is not None for example in examples)
        parts = [len(split.get(name, ())) for split in (corpora.train, corpora.dev, corpora.test)]
        taken.add_row(escape(name), *(f"{n:,}" for n in (*parts, labels[0], labels[1], labels[2], targets)))
    left = Table("set", "why", title="Left out", title_justify="left")
    for column in ("rows", "first"):
        left.add_column(column, justify="right")
    for one in corpora.left_out:
        left.add_row(escape(one.corpus), escape(one.reason), *_counted(one))
    return Group(taken, left) if corpora.left_out else Group(taken)


def _counted(one: LeftOut) -> tuple[str, str]:
    return ("all", "") if one.rows is None else (f"{one.rows:,}", f"{one.first:,}")
