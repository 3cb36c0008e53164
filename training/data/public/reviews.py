"""Converters of the review sets: IMDB, Stanford treebank, UCI sentences, customer reviews, finance news."""

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from monitor.errors import SetupError
from training.data.public.rows import Label, Row, hash_split, tidy, without_conflicts
from training.data.texts import normalise

Files = Mapping[str, Path]
"""Name in the registry -> the file on disk."""

_TREE: Final = re.compile(r"\((\d) |([^\s()]+)|(\))")
_BRACKETS: Final = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


def imdb(files: Files) -> dict[str, list[Row]]:
    """aclImdb_v1.tar.gz -> labelled reviews as published (`rating` 1-10), and the 50,000 without a label.

    Unlabelled reviews equal to a test review are dropped.
    """
    labelled: list[Row] = []
    unlabelled: list[Row] = []
    with tarfile.open(files["aclImdb_v1.tar.gz"], "r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if len(parts) != 4 or not member.isfile() or parts[2] not in ("pos", "neg", "unsup"):
                continue
            stream = archive.extractfile(member)
            if stream is None:
                continue
            text = stream.read().decode("utf-8")
            if parts[2] == "unsup":
                unlabelled.append({"text": text, "label": "none", "split": "unsup", "source": member.name})
            else:
                rating = int(PurePosixPath(parts[3]).stem.partition("_")[2])
                row: Row = {"text": text, "label": parts[2], "split": parts[1], "source": member.name}
                labelled.append(row | {"rating": rating})
    tested = {row["text"] for row in labelled if row["split"] == "test"}
    return {"imdb": labelled, "imdb_unsup": [row for row in unlabelled if row["text"] not in tested]}


def sst(files: Files) -> dict[str, list[Row]]:
    """trainDevTestTrees_PTB.zip -> sentences in the official split, unique phrases of the training trees.

    `score5` is the tree's 0-4; below 2 is neg, 2 neu, above pos. Escapes (-LRB-, \\/, \\*) are undone.
    Phrases that equal a dev or test sentence are dropped.
    """
    sentences: list[Row] = []
    phrases: dict[str, Row] = {}
    with zipfile.ZipFile(files["trainDevTestTrees_PTB.zip"]) as archive:
        for split in ("train", "dev", "test"):
            for number, line in enumerate(_lines(archive, f"{split}.txt"), 1):
                nodes = list(_tree(line))
                text, score = nodes[-1]
                sentences.append(_scored(text, score, split, f"trees/{split}.txt:{number}"))
                if split == "train":
                    for phrase, phrase_score in nodes:
                        row = _scored(phrase, phrase_score, "train", "trees/train.txt phrases")
                        phrases.setdefault(phrase, row)
    held_out = {normalise(str(row["text"])) for row in sentences if row["split"] != "train"}
    kept = [row for text, row in phrases.items() if normalise(text) not in held_out]
    return {"sst": sentences, "sst_phrases": kept}


def uci_sentences(files: Files) -> dict[str, list[Row]]:
    """The UCI zip -> 3 x 1,000 sentences of Amazon, IMDB and Yelp; lines of sentence, tab, 0 or 1."""
    rows: list[Row] = []
    with zipfile.ZipFile(files["sentiment+labelled+sentences.zip"]) as archive:
        for origin in ("amazon_cells", "imdb", "yelp"):
            for line in _lines(archive, f"{origin}_labelled.txt"):
                text, _, label = line.rpartition("\t")
                if label.strip() in ("0", "1"):
                    rows.append(
                        _hashed(tidy(text), "pos" if label.strip() == "1" else "neg", f"uci-{origin}")
                    )
    return {"uci_sentences": rows}


def customer_reviews(files: Files) -> dict[str, list[Row]]:
    """custrev.pos and custrev.neg -> one sentence a line."""
    labels: tuple[Literal["pos", "neg"], ...] = ("pos", "neg")
    rows = [
        _hashed(tidy(line), label, "cr-huliu")
        for label in labels
        for line in files[f"custrev.{label}"].read_text("utf-8", errors="replace").split("\n")
        if line.strip()
    ]
    return {"cr": list(without_conflicts(rows))}


def financial_phrasebank(files: Files) -> dict[str, list[Row]]:
    """FinancialPhraseBank-v1.0.zip -> sentences at least half the annotators agreed on.

    `agree` names the strictest file a sentence stands in: All, 75, 66 or 50 per cent.
    """
    rows: list[Row] = []
    with zipfile.ZipFile(files["FinancialPhraseBank-v1.0.zip"]) as archive:
        for agree in ("All", "75", "66", "50"):  # the strictest first: each file repeats the stricter ones
            for line in _lines(archive, f"Sentences_{agree}Agree.txt", "latin-1"):
                text, _, label = line.rpartition("@")
                if label.strip() in ("negative", "neutral", "positive"):
                    short: Label = label.strip()[:3]  # type: ignore[assignment]
                    rows.append(_hashed(tidy(text), short, "financial_phrasebank_v1.0") | {"agree": agree})
    return {"financial_phrasebank": list(without_conflicts(rows))}


def _lines(archive: zipfile.ZipFile, name: str, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of the one member called `name`, in whatever folder; resource forks of macOS do not count."""
    found = [
        one
        for one in archive.namelist()
        if PurePosixPath(one).name == name and not one.startswith("__MACOSX")
    ]
    if len(found) != 1:
        raise SetupError(f"{archive.filename}: want one file {name}, found {found or 'none'}")
    # split("\n"): splitlines() also cuts at U+0085 and friends, which stand inside some texts.
    return (line for line in archive.read(found[0]).decode(encoding).split("\n") if line.strip())


def _tree(line: str) -> Iterator[tuple[str, int]]:
    """(phrase, score) of every node of "(3 (2 It) (4 (2 's) (4 great)))", the whole sentence last."""
    open_nodes: list[tuple[int, list[str]]] = []
    for score, word, _close in _TREE.findall(line):
        if score:
            open_nodes.append((int(score), []))
        elif word:
            open_nodes[-1][1].append(_BRACKETS.get(word, word).replace("\\", ""))
        else:
            value, words = open_nodes.pop()
            if open_nodes:
                open_nodes[-1][1].extend(words)
            yield " ".join(words), value


def _scored(text: str, score: int, split: str, source: str) -> Row:
    label = "neg" if score < 2 else "pos" if score > 2 else "neu"
    return {"text": text, "label": label, "split": split, "source": source, "score5": score}


def _hashed(text: str, label: Label, source: str) -> Row:
    return {"text": text, "label": label, "split": hash_split(text), "source": source}
