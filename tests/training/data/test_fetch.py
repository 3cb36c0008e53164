"""Every converter on an archive in the set's own format, made here; fetched from a local server."""

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from monitor.errors import SetupError
from training.data.commands import register
from training.data.fetch import Fetched, choose, fetch_sentiment, match_files
from training.data.public.registry import PUBLIC_SETS, PublicSet
from training.data.public.rows import hash_split
from training.data.texts import load_corpora

Serve = Callable[..., Fetched]


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tarred(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def written(rows: list[dict[str, Any]], encoding: str = "utf-8") -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


@pytest.fixture
def serve(server: Any, tmp_path: Path) -> Serve:
    """Fetch a set of the registry from the local server: its names and converter, our bodies."""

    def fetch(name: str, files: Mapping[str, bytes]) -> Fetched:
        one = choose([name])[0]
        here = tuple(
            replace(file, url=server.serve(file.name, files[file.name]), size=None, sha256=None)
            for file in one.files
        )
        return fetch_sentiment(tmp_path, [replace(one, files=here)], console=Console(quiet=True))

    return fetch


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return parquet.read_table(folder / f"{name}.parquet").to_pylist()


def test_imdb(serve: Serve, tmp_path: Path) -> None:
    reviews = {
        "aclImdb/README": "about",
        "aclImdb/train/urls_pos.txt": "http://example.com",
        "aclImdb/train/pos/0_9.txt": "Great film.<br />Really",
        "aclImdb/train/neg/0_3.txt": "Dull.",
        "aclImdb/train/neg/1_1.txt": "Shared review!",
        "aclImdb/test/pos/0_10.txt": "Superb",
        "aclImdb/test/neg/0_2.txt": "shared review",
        "aclImdb/train/unsup/0_0.txt": "No rating here",
        "aclImdb/train/unsup/1_0.txt": "Superb",
    }
    fetched = serve("imdb", {"aclImdb_v1.tar.gz": tarred(reviews)})
    assert rows(tmp_path, "imdb") == [
        {"text": "Great film.<br />Really", "label": "pos", "split": "train", "rating": 9}
        | {"source": "aclImdb/train/pos/0_9.txt"},
        {"text": "Dull.", "label": "neg", "split": "train", "rating": 3}
        | {"source": "aclImdb/train/neg/0_3.txt"},
        {"text": "Superb", "label": "pos", "split": "test", "rating": 10}
        | {"source": "aclImdb/test/pos/0_10.txt"},
        {"text": "shared review", "label": "neg", "split": "test", "rating": 2}
        | {"source": "aclImdb/test/neg/0_2.txt"},
    ]
    assert [row["text"] for row in rows(tmp_path, "imdb_unsup")] == ["No rating here"]
    assert fetched.corpora == {tmp_path / "imdb.parquet": 4, tmp_path / "imdb_unsup.parquet": 1}


def test_sst(serve: Serve, tmp_path: Path) -> None:
    trees = {
        "trees/train.txt": (
            "(3 (2 It) (4 (2 's) (4 (2 -LRB-) (4 great\\/good))))\n(1 (2 \\*\\*\\*) (1 bad))\n"
        ),
        "trees/dev.txt": "(2 (2 A) (2 film))\n",
        "trees/test.txt": "(0 (2 Simply) (0 awful))\n",
        "__MACOSX/trees/train.txt": "junk",
    }
    serve("sst", {"trainDevTestTrees_PTB.zip": zipped(trees)})
    assert [(row["text"], row["label"], row["split"], row["score5"]) for row in rows(tmp_path, "sst")] == [
        ("It 's ( great/good", "pos", "train", 3),
        ("*** bad", "neg", "train", 1),
        ("A film", "neu", "dev", 2),
        ("Simply awful", "neg", "test", 0),
    ]
    assert rows(tmp_path, "sst")[0]["source"] == "trees/train.txt:1"
    phrases = {row["text"]: row["label"] for row in rows(tmp_path, "sst_phrases")}
    assert phrases == {
        "It": "neu",
        "'s": "neu",
        "(": "neu",
        "great/good": "pos",
        "( great/good": "pos",
        "'s ( great/good": "pos",
        "It 's ( great/good": "pos",
        "***": "neu",
        "bad": "neg",
        "*** bad": "neg",
    }


def test_semeval2017(serve: Serve, tmp_path: Path) -> None:
    gold = {
        "2017_English_final/GOLD/Subtask_A/twitter-2013train-A.txt": (
            "1\tpositive\t@anna we  won &amp; won\t\n2\tneutral\tStands in the test\n3\tneutral\tTwice\n"
        ),
        "2017_English_final/GOLD/Subtask_A/twitter-2016test-A.txt": (
            "4\tnegative\tLost again\r\n5\tneutral\tTwice\n6\tpositive\tConflict\nbroken line\n"
        ),
        "2017_English_final/GOLD/Subtask_A/twitter-2015test-A.txt": "7\tnegative\tConflict\n",
        "2017_English_final/GOLD/Subtask_BD/twitter-2016test-BD.txt": "8\ttopic\tnegative\tother task\n",
    }
    serve(
        "semeval2017",
        {
            "2017_English_final.zip": zipped(gold),
            "val_text.txt": b"When? \nSad \\u2019 day \n",
            "val_labels.txt": b"1\n0\n",
            "test_text.txt": "stands in   the test! \n\U0001f60d \n".encode(),
            "test_labels.txt": b"1\n2\n",
        },
    )
    found = [
        (row["text"], row["label"], row["split"], row["source"]) for row in rows(tmp_path, "semeval2017")
    ]
    assert found == [
        ("@user we won & won", "pos", "train", "semeval-A-2013train"),
        ("Twice", "neu", "train", "semeval-A-2013train"),
        ("Lost again", "neg", "train", "semeval-A-2016test"),
        ("When?", "neu", "dev", "tweeteval-val"),
        ("Sad \\u2019 day", "neg", "dev", "tweeteval-val"),
        ("stands in the test!", "neu", "test", "tweeteval-test"),
        ("\U0001f60d", "pos", "test", "tweeteval-test"),
    ]


def test_semeval2017_with_a_label_missing(serve: Serve) -> None:
    files = {"2017_English_final.zip": zipped({}), "val_text.txt": b"a\nb\n", "val_labels.txt": b"1\n"}
    with pytest.raises(SetupError, match="2 texts, 1 labels"):
        serve("semeval2017", files | {"test_text.txt": b"c\n", "test_labels.txt": b"0\n"})


def test_targets(serve: Serve, tmp_path: Path) -> None:
    train = "I love my $T$ , $T$ rules\nipod\n1\n$T$ is here\nlady gaga\n0\n"
    serve("twitter_target", {"train.raw": train.encode(), "test.raw": b"$T$ sucks\r\nxbox\r\n-1\r\n"})
    found = [(r["text"], r["label"], r["split"], r["target"]) for r in rows(tmp_path, "twitter_target")]
    assert found == [
        ("I love my ipod , ipod rules", "pos", "train", "ipod"),
        ("lady gaga is here", "neu", "train", "lady gaga"),
        ("xbox sucks", "neg", "test", "xbox"),
    ]


def test_targets_cut_off(serve: Serve) -> None:
    with pytest.raises(SetupError, match="not a multiple of three"):
        serve("twitter_target", {"train.raw": b"$T$ is here\nlady gaga\n", "test.raw": b"a\nb\n0\n"})


def test_aspects(serve: Serve, tmp_path: Path) -> None:
    parts = {
        "Laptops_Train.xml.seg": b"Nice $T$ .\nscreen\n1\n",
        "Restaurants_Train.xml.seg": b"Rude $T$ .\nwaiter\n-1\n",
        "Laptops_Test_Gold.xml.seg": b"It has a $T$ .\nkeyboard\n0\n",
        "Restaurants_Test_Gold.xml.seg": b"$T$ was great .\nfood\n1\n",
    }
    serve("semeval14_aspect", parts)
    found = [(r["text"], r["split"], r["source"]) for r in rows(tmp_path, "semeval14_aspect")]
    assert found == [
        ("Nice screen .", "train", "semeval14-laptops"),
        ("Rude waiter .", "train", "semeval14-restaurants"),
        ("It has a keyboard .", "test", "semeval14-laptops"),
        ("food was great .", "test", "semeval14-restaurants"),
    ]


def test_uci(serve: Serve, tmp_path: Path) -> None:
    folder = "sentiment labelled sentences/sentiment labelled sentences"
    archive = {
        f"{folder.split('/')[0]}/amazon_cells_labelled.txt": "Works.\t1\nA line\x85 with an odd break  \t0\n",
        f"{folder.split('/')[0]}/imdb_labelled.txt": "Bad film  \t0\nno label here\n",
        f"{folder.split('/')[0]}/yelp_labelled.txt": "Tasty!\t1\n",
        "__MACOSX/sentiment labelled sentences/yelp_labelled.txt": "junk\t1\n",
    }
    serve("uci_sentences", {"sentiment+labelled+sentences.zip": zipped(archive)})
    found = [(row["text"], row["label"], row["source"]) for row in rows(tmp_path, "uci_sentences")]
    assert found == [
        ("Works.", "pos", "uci-amazon_cells"),
        ("A line with an odd break", "neg", "uci-amazon_cells"),
        ("Bad film", "neg", "uci-imdb"),
        ("Tasty!", "pos", "uci-yelp"),
    ]
    assert all(row["split"] == hash_split(row["text"]) for row in rows(tmp_path, "uci_sentences"))


def test_customer_reviews(serve: Serve, tmp_path: Path) -> None:
    serve("cr", {"custrev.pos": b"it works .\ntwice .\nboth .\n\n", "custrev.neg": b"both .\nit broke .\n"})
    assert [(row["text"], row["label"]) for row in rows(tmp_path, "cr")] == [
        ("it works .", "pos"),
        ("twice .", "pos"),
        ("it broke .", "neg"),
    ]


def test_vader(serve: Serve, tmp_path: Path) -> None:
    snippets = {
        "hutto_ICWSM_2014/tweets_GroundTruth.txt": "1\t2.7\tSo lucky.\n2\t-0.5\tan edge\n3\t-0.6\tMeh \xe9\n",
        "hutto_ICWSM_2014/tweets_anonDataRatings.txt": "1\t2.7\t0.9\t[3, 2]\n",
        "hutto_ICWSM_2014/._tweets_GroundTruth.txt": "junk",
        "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt": "1_1\t1.0\tA film\n",
    }
    serve("vader_groundtruth", {"hutto_ICWSM_2014.tar.gz": tarred(snippets)})
    found = {row["text"]: (row["label"], row["source"]) for row in rows(tmp_path, "vader_groundtruth")}
    assert found == {
        "So lucky.": ("pos", "vader-tweets"),
        "an edge": ("neu", "vader-tweets"),
        "Meh \xe9": ("neg", "vader-tweets"),
        "A film": ("pos", "vader-movieReviewSnippets"),
    }


def test_financial_phrasebank(serve: Serve, tmp_path: Path) -> None:
    folder = "FinancialPhraseBank-v1.0"
    both = "Sales rose , mail sales@example.com for details@positive\n"
    archive = {
        f"{folder}/Sentences_AllAgree.txt": both.encode("latin-1"),
        f"{folder}/Sentences_75Agree.txt": both.encode("latin-1"),
        f"{folder}/Sentences_66Agree.txt": both.encode("latin-1"),
        f"{folder}/Sentences_50Agree.txt": (both + "H\xe4meenlinna unit closes@negative\nbroken\n").encode(
            "latin-1"
        ),
        f"{folder}/License.txt": "CC BY-NC-SA 3.0",
    }
    serve("financial_phrasebank", {"FinancialPhraseBank-v1.0.zip": zipped(archive)})
    found = [(row["text"], row["label"], row["agree"]) for row in rows(tmp_path, "financial_phrasebank")]
    assert found == [
        ("Sales rose , mail sales@example.com for details", "pos", "All"),
        ("H\xe4meenlinna unit closes", "neg", "50"),
    ]


AIRLINE = [
    {"tweet_id": "1", "airline_sentiment": "negative", "airline_sentiment_confidence": "0.7"}
    | {"airline": "Virgin America", "text": "@VirginAmerica late\nagain &amp; again"},
    {"tweet_id": "2", "airline_sentiment": "positive", "airline_sentiment_confidence": "1.0"}
    | {"airline": "Delta", "text": "thanks"},
]


@pytest.mark.parametrize("packed", [False, True])
def test_airline_from_a_file_fetched_by_hand(tmp_path: Path, packed: bool) -> None:
    given = tmp_path / ("archive.zip" if packed else "Tweets.csv")
    given.write_bytes(zipped({"Tweets.csv": written(AIRLINE)}) if packed else written(AIRLINE))
    sets = choose(["airline"])
    fetch_sentiment(tmp_path, sets, match_files(sets, [given]), console=Console(quiet=True))
    found = [(r["text"], r["label"], r["target"], r["confidence"]) for r in rows(tmp_path, "airline")]
    assert found == [
        ("@VirginAmerica late again & again", "neg", "Virgin America", 0.7),
        ("thanks", "pos", "Delta", 1.0),
    ]
    corpora = load_corpora(tmp_path, ["airline"])
    examples = [one for part in (corpora.train, corpora.dev, corpora.test) for one in part.get("airline", [])]
    assert {one.text[slice(*one.target)] for one in examples if one.target} == {"VirginAmerica"}


def test_sxsw_mends_its_encoding_and_names_the_brand_whatever_the_label(tmp_path: Path) -> None:
    judged = "is_there_an_emotion_directed_at_a_brand_or_product"
    twice_wrong = "I \u2018heart\u2019 my iPad".encode().decode("cp1252")
    given = tmp_path / "judge-1377884607_tweet_product_company.csv"
    lines = [
        {"tweet_text": twice_wrong, "emotion_in_tweet_is_directed_at": "iPad", judged: "Positive emotion"},
        {
            "tweet_text": "Caf\xe9",
            "emotion_in_tweet_is_directed_at": "",
            judged: "No emotion toward brand or product",
        },
        {
            "tweet_text": "Google opens a store",
            "emotion_in_tweet_is_directed_at": "",
            judged: "No emotion toward brand or product",
        },
        {
            "tweet_text": "An ipad beside an iPhone",
            "emotion_in_tweet_is_directed_at": "",
            judged: "No emotion toward brand or product",
        },
        {
            "tweet_text": "My android wins",
            "emotion_in_tweet_is_directed_at": "Android App",
            judged: "Positive emotion",
        },
        {
            "tweet_text": "That google thing fails",
            "emotion_in_tweet_is_directed_at": "Other Google product or service",
            judged: "Negative emotion",
        },
        {"tweet_text": "Hm", "emotion_in_tweet_is_directed_at": "", judged: "I can't tell"},
        {"tweet_text": "", "emotion_in_tweet_is_directed_at": "", judged: "Negative emotion"},
    ]
    given.write_bytes(written(lines, "mac_roman"))
    sets = choose(["sxsw"])
    fetch_sentiment(tmp_path, sets, match_files(sets, [given]), console=Console(quiet=True))
    found = [(row["text"], row["label"], row["target"], row["n_brands"]) for row in rows(tmp_path, "sxsw")]
    assert found == [
        ("I \u2018heart\u2019 my iPad", "pos", "iPad", 1),
        ("Caf\xe9", "neu", "", 0),
        ("Google opens a store", "neu", "Google", 1),
        ("An ipad beside an iPhone", "neu", "", 2),
        ("My android wins", "pos", "android", 1),
        ("That google thing fails", "neg", "google", 1),
    ]


def test_a_text_one_set_tests_on_trains_in_none(serve: Serve, tmp_path: Path) -> None:
    serve("twitter_target", {"train.raw": b"a b\nb\n0\n", "test.raw": b"Not bad at ALL !\nbad\n1\n"})
    trees = {"trees/train.txt": "(3 (2 Not) (3 (1 bad) (3 (2 at) (2 all))))\n(2 (2 A) (2 film))\n"}
    trees |= {"trees/dev.txt": "(3 (2 Some) (3 thing))\n", "trees/test.txt": "(1 (2 Some) (1 one))\n"}
    serve("sst", {"trainDevTestTrees_PTB.zip": zipped(trees)})
    assert [row["text"] for row in rows(tmp_path, "sst") if row["split"] == "train"] == ["A film"]
    assert "Not bad at all" not in {row["text"] for row in rows(tmp_path, "sst_phrases")}


def test_says_where_each_corpus_came_from(serve: Serve, tmp_path: Path) -> None:
    serve("cr", {"custrev.pos": b"it works .\n", "custrev.neg": b"it broke .\n"})
    source = (tmp_path / "cr.SOURCE.md").read_text()
    assert "cite Hu & Liu 2004" in source
    assert source.count("SHA-256") == 2


def test_a_second_run_downloads_nothing(serve: Serve, server: Any) -> None:
    files = {"custrev.pos": b"it works .\n", "custrev.neg": b"it broke .\n"}
    serve("cr", files)
    serve("cr", files)
    assert len(server.requests) == 2


def test_the_archive_of_another_set_is_refused(serve: Serve) -> None:
    with pytest.raises(SetupError, match=r"want one file train\.txt"):
        serve("sst", {"trainDevTestTrees_PTB.zip": zipped({"readme": "hello"})})


def command(*arguments: str) -> Any:
    app = Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["sentiment", *arguments], catch_exceptions=False)


def test_lists_addresses_hashes_and_licences_without_fetching(tmp_path: Path) -> None:
    result = command("--out", str(tmp_path / "new"), "--list")
    assert result.exit_code == 0
    for one in PUBLIC_SETS:
        assert one.licence in result.output
        for file in one.files:
            assert file.url in result.output
            assert (file.sha256 or "not published") in result.output
    assert not (tmp_path / "new").exists()


def test_says_how_to_fetch_by_hand(tmp_path: Path) -> None:
    result = command("--out", str(tmp_path), "--set", "airline")
    assert "kaggle.com/datasets/crowdflower" in result.output
    assert "--from archive.zip" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "imbd"], "no set imbd; there are: imdb, sst"),
        (["--from", "x.csv"], "exactly one --set"),
        (["--set", "airline", "--from", "nowhere.csv"], "no such file"),
        (["--set", "semeval2017", "--from", __file__], r"semeval2017 is made of 2017_English_final\.zip"),
    ],
)
def test_says_what_is_wrong_with_the_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(SetupError, match=message):
        command("--out", str(tmp_path), *arguments)


def test_the_registry_is_whole() -> None:
    names = [one.name for one in PUBLIC_SETS]
    assert len(set(names)) == len(names)
    for one in PUBLIC_SETS:
        assert isinstance(one, PublicSet)
        assert bool(one.files) != bool(one.by_hand), one.name
        assert one.file_names, one.name
        for file in one.files:
            assert file.url.startswith("https://"), file.name
            assert file.sha256 is None or len(file.sha256) == 64, file.name
