"""A small data folder in the shape of the real one, made of this project's own sentences."""

import random
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from monitor.sentiment.tokenizer import tokenize
from training.data.own_sentences import OWN, OWN_TARGETS, load_patterns, own_sentences

NAMES = ("neg", "neu", "pos")
Row = dict[str, str]


def write_set(folder: Path, name: str, rows: list[Row]) -> None:
    """One parquet file with the columns of the real sets."""
    parquet.write_table(arrow.Table.from_pylist(rows), folder / f"{name}.parquet")


def rows_of(seed: int, count: int, *, targets: bool = False) -> list[Row]:
    """Sentences with labels, four fifths train and one fifth test."""
    sets = own_sentences(seed)
    examples = sets[OWN_TARGETS if targets else OWN]
    drawn = random.Random(seed).sample(examples, count)
    rows = []
    for index, one in enumerate(drawn):
        row = {
            "text": one.text,
            "label": NAMES[one.label],
            "split": "test" if index % 5 == 0 else "train",
            "source": "made",
        }
        if targets and one.target:
            row["target"] = one.text[one.target[0] : one.target[1]]
        rows.append(row)
    return rows


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews of two classes, tweets, aspects, unlabelled texts, hundreds of each; word vectors."""
    folder = tmp_path_factory.mktemp("text")
    draw = random.Random(0)
    # Without the frames that turn praise around: a few hundred texts do not teach an LSTM those.
    patterns = load_patterns()
    sentences = {"neg": patterns["plain"]["negative"], "pos": patterns["plain"]["positive"]}
    reviews = []
    for index in range(240):
        label = NAMES[2 * (index % 2)]
        chosen = [one.format(x=draw.choice(patterns["names"])) for one in draw.sample(sentences[label], 3)]
        split = "test" if index % 5 == 0 else "train"
        reviews.append({"text": " ".join(chosen), "label": label, "split": split, "source": "made"})
    write_set(folder, "imdb", reviews)
    write_set(folder, "semeval2017", rows_of(12, 500))
    write_set(folder, "airline", rows_of(13, 300))
    write_set(folder, "semeval14_aspect", rows_of(14, 400, targets=True))
    unlabelled = [{**row, "label": "none", "split": "unsup"} for row in rows_of(15, 1000)]
    write_set(folder, "imdb_unsup", unlabelled)
    words = sorted({token.text for row in unlabelled for token in tokenize(row["text"])})
    (folder / "glove").mkdir()
    vectors = np.random.default_rng(0).normal(size=(len(words), 100)).astype(np.float16)
    np.savez(folder / "glove" / "glove_6b_100d_subset_f16.npz", words=np.array(words), vectors=vectors)
    return folder
