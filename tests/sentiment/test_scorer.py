"""The shipped models, through the scorer the service runs: padding, threads, targets, any input at all."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sentiment import SentimentScorer, load_scorer
from monitor.settings import Device, packaged

MODELS = packaged("onnx_models")
SHIPPED, TALK = "sentiment", "sentiment-talk"
# What a text may score apart by company in its batch: float32 sums in another order.
TOLERANCE = 1e-5

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=60)
WORDS = st.lists(
    st.sampled_from(
        "the a not n't good bad great awful camera service is was , . ! ? :) soooo @you #fail 😡".split()  # noqa: SIM905
    ),
    max_size=260,
).map(" ".join)


@pytest.fixture(scope="module", params=[SHIPPED, TALK])
def scorer(request: pytest.FixtureRequest) -> SentimentScorer:
    return load_scorer(MODELS / request.param, Device.CPU, threads=1)


@pytest.fixture(scope="module")
def shipped() -> SentimentScorer:
    return load_scorer(MODELS / SHIPPED, Device.CPU, threads=1)


def rows(scorer: SentimentScorer, texts: Sequence[str]) -> np.ndarray:
    return scorer.probabilities(texts)


@settings(max_examples=25, deadline=None)
@given(st.lists(ANY_TEXT | WORDS, min_size=2, max_size=12))
def test_a_text_scores_the_same_alone_and_in_any_batch(scorer: SentimentScorer, texts: list[str]) -> None:
    together = rows(scorer, texts)
    alone = np.concatenate([rows(scorer, [text]) for text in texts])
    assert np.abs(together - alone).max() <= TOLERANCE
    order = np.random.default_rng(len(texts)).permutation(len(texts))
    shuffled = rows(scorer, [texts[index] for index in order])
    assert np.abs(shuffled - together[order]).max() <= TOLERANCE


@settings(max_examples=25, deadline=None)
@given(ANY_TEXT, st.integers(-3, 70), st.integers(-3, 70))
def test_any_text_and_any_target_give_probabilities(
    scorer: SentimentScorer, text: str, start: int, end: int
) -> None:
    (sentiment,) = scorer.score([text], [(start, end)])
    found = (sentiment.p_negative, sentiment.p_neutral, sentiment.p_positive)
    assert all(0 <= p <= 1 for p in found)
    assert sum(found) == pytest.approx(1, abs=1e-9)
    assert max(found) == {"negative": found[0], "neutral": found[1], "positive": found[2]}[sentiment.label]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "😡😡😡",
        "https://example.com/a?b=c",
        "\x00\x01\x02",
        "\ud800\udfff",
        "好きです。素晴らしい！",
        "ठीक है",
        "a" * 1_000_000,
        "very good " * 100_000,
        "!" * 1_000_000,
    ],
    ids=[
        "empty",
        "blank",
        "emoji",
        "url",
        "controls",
        "surrogates",
        "japanese",
        "hindi",
        "1 MB word",
        "1 MB",
        "1 MB !",
    ],
)
def test_odd_texts_have_a_defined_result(scorer: SentimentScorer, text: str) -> None:
    first, second = scorer.score([text]), scorer.score([text])
    assert first == second
    assert first[0].label in ("negative", "neutral", "positive")


def test_no_texts_give_no_results(scorer: SentimentScorer) -> None:
    assert scorer.score([]) == []


def test_results_come_in_the_order_of_the_texts(shipped: SentimentScorer) -> None:
    texts = ["Absolutely wonderful, I love it! " * length for length in (30, 1, 10)] + ["I hate it."]
    assert [one.label for one in shipped.score(texts)] == ["positive"] * 3 + ["negative"]


def test_many_threads_get_what_one_gets(shipped: SentimentScorer) -> None:
    batches = [
        [f"The service was {word}.", word] for word in ("great", "awful", "ok", "late", "fast", "rude")
    ] * 4
    expected = [shipped.probabilities(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shipped.probabilities, batches))
    assert max(np.abs(e - f).max() for e, f in zip(expected, found, strict=True)) <= TOLERANCE


def test_a_target_decides_between_two_brands(shipped: SentimentScorer) -> None:
    text = "Cloudera is fantastic, Hortonworks is a nightmare."
    first, second = shipped.score([text, text], [(0, 8), (23, 34)])
    assert first.p_positive - first.p_negative > second.p_positive - second.p_negative + 0.5
    assert shipped.takes_targets


def test_the_talks_model_knows_no_neutral_and_no_target() -> None:
    talk = load_scorer(MODELS / TALK, Device.CPU, threads=1)
    plain, aimed = talk.score(["A fine film, badly cut."] * 2, [None, (2, 6)])
    assert plain.p_neutral == 0
    assert plain == aimed
    assert not talk.takes_targets


def test_as_many_targets_as_texts(shipped: SentimentScorer) -> None:
    with pytest.raises(ValueError, match="1 targets for 2 texts"):
        shipped.score(["a", "b"], [None])


@pytest.mark.parametrize("name", [SHIPPED, TALK])
def test_the_folder_keeps_its_promises(name: str) -> None:
    scorer = load_scorer(MODELS / name, Device.CPU)
    manifest = scorer.manifest
    assert scorer.device is Device.CPU
    assert manifest.identity == f"{name}@{manifest.version}"
    assert manifest.parity.inputs >= 256
    assert manifest.parity.max_abs_diff <= 1e-4
    assert any(metric.dataset == "imdb" and metric.split == "test" for metric in manifest.metrics)
    size = sum(path.stat().st_size for path in (MODELS / name).iterdir())
    assert size <= (25_000_000 if name == SHIPPED else 30_000_000)


@pytest.mark.parametrize("file", ["model.onnx", "words.txt", "ngrams.npy", "subwords.npy"])
def test_a_changed_file_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / SHIPPED
    shutil.copytree(MODELS / SHIPPED, folder)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SetupError, match=file):
        load_scorer(folder, Device.CPU)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "logos"}, "is for logos"),
        ({"preprocessing": {"head": 5}}, "lacks preprocessing tail, ngrams, subwords, targets"),
        ({"labels": ["bad", "neutral", "positive"]}, "labels .*bad"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = tmp_path / SHIPPED
    shutil.copytree(MODELS / SHIPPED, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(SetupError, match=message):
        load_scorer(folder, Device.CPU)


@pytest.mark.parametrize("written", ["It isn\u00b4t good.", "It isn&#39;t good.", "It isn&rsquo;t good."])
def test_apostrophes_of_any_kind_deny(shipped: SentimentScorer, written: str) -> None:
    (score,) = shipped.score([written])
    assert score.label == "negative"
    assert score == shipped.score(["It isn't good."])[0]
