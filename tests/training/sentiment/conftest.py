"""A small data folder in the shape of the real one, made of this project's own sentences."""

import random
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from training.data.own_sentences import OWN, OWN_TARGETS, SLOT, load_patterns, own_sentences
from training.data.texts import Corpora, Example

NAMES = ("neg", "neu", "pos")
Row = dict[str, str]


def write_set(folder: Path, name: str, rows: list[Row]) -> None:
    """One parquet file with the columns of the real sets."""
    parquet.write_table(arrow.Table.from_pylist(rows), folder / f"{name}.parquet")


def rows_of(seed: int, count: int, *, targets: bool = False) -> list[Row]:
    """Sentences with labels, four fifths train and one fifth test."""
    examples = own_sentences(seed)[OWN_TARGETS if targets else OWN]
    rows = []
    for index, one in enumerate(random.Random(seed).sample(examples, count)):
        rows.append(
            {
                "text": one.text,
                "label": NAMES[one.label],
                "split": "test" if index % 5 == 0 else "train",
                "source": "made",
                "target": one.text[slice(*one.target)] if one.target else "",
            }
        )
    return rows


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews of two classes, tweets, labels toward brands and aspects, texts without: hundreds of each."""
    folder = tmp_path_factory.mktemp("text")
    draw = random.Random(0)
    # Without what turns praise around: a few hundred texts do not teach an LSTM that.
    plain, names = load_patterns()["plain"], load_patterns()["names"]
    sided = [[one for one in plain[of] if SLOT.findall(one) == ["x"]] for of in ("negative", "positive")]
    reviews = [
        {
            "text": " ".join(one.format(x=draw.choice(names)) for one in draw.sample(sided[index % 2], 3)),
            "label": ("neg", "pos")[index % 2],
            "split": "test" if index % 5 == 0 else "train",
            "source": "made",
        }
        for index in range(480)
    ]
    write_set(folder, "imdb", reviews)
    write_set(folder, "semeval2017", rows_of(12, 500))
    write_set(folder, "airline", rows_of(13, 300, targets=True))
    write_set(folder, "semeval14_aspect", rows_of(14, 400, targets=True))
    for seed, name in ((15, "imdb_unsup"), (16, "short_unlabelled")):
        write_set(folder, name, [{**row, "label": "none", "split": "unsup"} for row in rows_of(seed, 600)])
    return folder


PRAISE = ("wonderful", "great stuff", "i love it", "so good", "best ever")
BLAME = ("awful", "bad stuff", "i hate it", "so poor", "worst ever")
FACTS = ("on tuesday", "the meeting", "at ten", "in london", "page two")


@pytest.fixture(scope="session")
def few() -> Corpora:
    """Texts whose words tell the label: a set of whole texts, one of two classes, one toward a brand."""

    def examples(corpus: str, split: str) -> list[Example]:
        words = [(one, label) for label, part in enumerate((BLAME, FACTS, PRAISE)) for one in part]
        found = []
        for n in range(3):
            for said, label in words:
                text = f"acme {said} {split} number {n}"
                found.append(Example(corpus, text, label, (0, 4) if corpus == "airline" else None))
        return [one for one in found if corpus != "imdb" or one.label != 1]

    sets = ("imdb", "semeval2017", "airline")
    train, dev, test = (
        {name: examples(name, f"{name} {split}") for name in sets} for split in ("train", "dev", "test")
    )
    return Corpora(train, dev, test)
