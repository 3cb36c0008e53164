"""Converters of the tweet sets and of those labelled toward a target."""

import csv
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from monitor.errors import SetupError
from training.data.public.reviews import Files
from training.data.public.rows import Label, Row, hash_split, tidy, without_conflicts
from training.data.texts import find_target, normalise

_HANDLE: Final = re.compile(r"@\w+")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_WORDS: Final[dict[str, Label]] = {"negative": "neg", "neutral": "neu", "positive": "pos"}
_DIGITS: Final[dict[str, Label]] = {"0": "neg", "1": "neu", "2": "pos"}
_SIGNS: Final[dict[str, Label]] = {"-1": "neg", "0": "neu", "1": "pos"}
_SXSW: Final[dict[str, Label]] = {
    "Positive emotion": "pos",
    "Negative emotion": "neg",
    "No emotion toward brand or product": "neu",
}
_SXSW_BRANDS: Final = ("iPad", "iPhone", "Apple", "Google", "Android")
# Mean ratings run from -4 to 4; half a point is what VADER's authors call noise between raters.
_VADER_SIDE: Final = 0.5


def semeval2017(files: Files) -> dict[str, list[Row]]:
    """The task's GOLD files of 2013-2016 for training, TweetEval's files for dev and test.

    Train texts are dropped that equal a dev or test text, stand twice or have two labels. Authors' names
    become @user, as TweetEval has them.
    """
    held_out: list[Row] = []
    for split, name in (("dev", "val"), ("test", "test")):
        texts = _file_lines(files[f"{name}_text.txt"])
        labels = _file_lines(files[f"{name}_labels.txt"])
        if len(texts) != len(labels):
            raise SetupError(
                f"TweetEval {name}: {len(texts)} texts, {len(labels)} labels; fetch both files again"
            )
        source = f"tweeteval-{name}"
        held_out += [
            {"text": tidy(text), "label": _DIGITS[label.strip()], "split": split, "source": source}
            for text, label in zip(texts, labels, strict=True)
        ]
    known = {normalise(str(row["text"])) for row in held_out}
    train = without_conflicts(_gold(files["2017_English_final.zip"]))
    return {"semeval2017": [row for row in train if normalise(str(row["text"])) not in known] + held_out}


def airline(files: Files) -> dict[str, list[Row]]:
    """Tweets.csv of Kaggle's crowdflower/twitter-airline-sentiment, or its zip; `target` is the airline."""
    rows: list[Row] = []
    for record in csv.DictReader(io.StringIO(_csv_text(files["Tweets.csv"], "utf-8"))):
        text = tidy(record["text"])
        row: Row = {"text": text, "label": _WORDS[record["airline_sentiment"]], "split": hash_split(text)}
        confidence = float(record["airline_sentiment_confidence"])
        rows.append(row | {"source": "us_airline", "target": record["airline"], "confidence": confidence})
    return {"airline": list(without_conflicts(rows))}


def sxsw(files: Files) -> dict[str, list[Row]]:
    """CrowdFlower's judge-1377884607 CSV; `target`: words of the text, empty where none can be told.

    The file tells the target of opinions alone, so that whether there is one tells the label. Texts that name
    one brand (`n_brands`) get it as their target whatever their label. Rows that cannot tell are dropped. The
    file is UTF-8, read as Windows-1252 and written as Mac Roman.
    """
    rows: list[Row] = []
    for record in csv.DictReader(io.StringIO(_csv_text(files["judge.csv"], "mac_roman"))):
        label = _SXSW.get(record["is_there_an_emotion_directed_at_a_brand_or_product"])
        text = tidy(_NOT_ASCII.sub(_remade, record["tweet_text"]))
        if label is None or not text:
            continue
        named = [brand for brand in _SXSW_BRANDS if re.search(rf"\b{brand}\b", text, re.IGNORECASE)]
        given = record["emotion_in_tweet_is_directed_at"].removesuffix(" App")
        found = find_target(text, given) or (find_target(text, named[0]) if len(named) == 1 else None)
        row: Row = {"text": text, "label": label, "split": hash_split(text), "source": "sxsw2011_crowdflower"}
        rows.append(row | {"target": text[slice(*found)] if found else "", "n_brands": len(named)})
    return {"sxsw": list(without_conflicts(rows))}


def twitter_target(files: Files) -> dict[str, list[Row]]:
    """train.raw and test.raw of Dong et al. 2014, official split."""
    train, test = (list(_triples(files[f"{split}.raw"], split, "dong2014")) for split in ("train", "test"))
    return {"twitter_target": train + test}


def semeval14_aspect(files: Files) -> dict[str, list[Row]]:
    """SemEval-2014 task 4 as .seg files: laptops and restaurants, official split, one row per aspect term."""
    rows = [
        row
        for split, ending in (("train", "Train"), ("test", "Test_Gold"))
        for domain in ("Laptops", "Restaurants")
        for row in _triples(files[f"{domain}_{ending}.xml.seg"], split, f"semeval14-{domain.lower()}")
    ]
    return {"semeval14_aspect": rows}


def vader_groundtruth(files: Files) -> dict[str, list[Row]]:
    """hutto_ICWSM_2014.tar.gz -> four kinds of snippets with their mean rating (`score`, -4..4)."""
    rows: list[Row] = []
    with tarfile.open(files["hutto_ICWSM_2014.tar.gz"], "r:gz") as archive:
        for member in archive:
            kind, ending, _ = PurePosixPath(member.name).name.partition("_GroundTruth.txt")
            stream = archive.extractfile(member) if ending and not kind.startswith(".") else None
            if stream is None:
                continue
            for line in stream.read().decode("utf-8", errors="replace").split("\n"):
                _, _, rest = line.partition("\t")
                rating, _, text = rest.partition("\t")
                if not text.strip():
                    continue
                score = float(rating)
                label: Label = "pos" if score > _VADER_SIDE else "neg" if score < -_VADER_SIDE else "neu"
                # Cut from the reviews of SST's test sentences: they may train where they differ, not test.
                split = "train" if kind == "movieReviewSnippets" else hash_split(tidy(text))
                row: Row = {"text": tidy(text), "label": label, "split": split}
                rows.append(row | {"source": f"vader-{kind}", "score": score})
    return {"vader_groundtruth": rows}


def _gold(path: Path) -> Iterator[Row]:
    """Rows of GOLD/Subtask_A/twitter-<year><part>-A.txt: id, label, text; file names in order."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            found = re.search(r"GOLD/Subtask_A/twitter-(\w+)-A\.txt$", name)
            if not found or name.startswith("__MACOSX"):
                continue
            for line in archive.read(name).decode("utf-8").split("\n"):
                fields = line.rstrip("\r\t ").split("\t")
                if len(fields) == 3 and fields[1] in _WORDS:
                    text = _HANDLE.sub("@user", tidy(fields[2]))
                    source = f"semeval-A-{found[1]}"
                    yield {"text": text, "label": _WORDS[fields[1]], "split": "train", "source": source}


def _triples(path: Path, split: str, source: str) -> Iterator[Row]:
    """Three lines an example: the text with $T$ for the target, the target, and -1, 0 or 1."""
    lines = _file_lines(path)
    if len(lines) % 3:
        raise SetupError(f"{path}: {len(lines)} lines, not a multiple of three; fetch it again")
    for text, target, polarity in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        target = target.strip()
        row: Row = {"text": tidy(text.replace("$T$", target)), "label": _SIGNS[polarity.strip()]}
        yield row | {"split": split, "source": source, "target": target}


def _file_lines(path: Path) -> list[str]:
    return path.read_text("utf-8").rstrip("\n").split("\n")


def _csv_text(path: Path, encoding: str) -> str:
    """The CSV itself, or the only CSV in a zip."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes().decode(encoding)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv") and "__MACOSX" not in name]
        if len(names) != 1:
            raise SetupError(f"{path}: want one CSV file in it, found {names or 'none'}")
        return archive.read(names[0]).decode(encoding)


def _remade(run: re.Match[str]) -> str:
    """Characters as they were before two wrong encodings; left as they are where that does not work out."""
    try:
        return run[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return run[0]
