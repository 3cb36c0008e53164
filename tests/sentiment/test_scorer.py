"""Models through the scorer the service runs: padding, threads, questions, any input at all."""

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import ModelSession, open_session
from monitor.sentiment import Asked, SentimentScorer, load_scorer
from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.vocabulary import NAME, Vocabulary
from monitor.settings import Device, packaged
from tests.sentiment.conftest import PIECES, WORDS, write_model

MODELS = packaged("onnx_models")
SHIPPED, LARGE, TALK = "sentiment", "sentiment-large", "sentiment-talk"
# What a text may score apart by company in its batch: float32 sums in another order.
TOLERANCE = 1e-5

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=60)
SAID = st.lists(
    st.sampled_from(
        "the a not n't good bad great awful camera service is was , . ! ? :) soooo @you #fail 😡".split()  # noqa: SIM905
    ),
    max_size=260,
).map(" ".join)
QUESTIONS = st.lists(st.none() | st.tuples(st.integers(-3, 900), st.integers(-3, 900)), max_size=5)
ASKED = st.builds(
    Asked,
    ANY_TEXT | SAID,
    QUESTIONS,
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=2),
)


@pytest.fixture(scope="module", params=["words", "pieces", "talk"])
def folder(request: pytest.FixtureRequest, words_model: Path, pieces_model: Path) -> Path:
    return {"words": words_model, "pieces": pieces_model, "talk": MODELS / TALK}[request.param]


@pytest.fixture(scope="module")
def scorer(folder: Path) -> SentimentScorer:
    return load_scorer(folder, Device.CPU, threads=1)


@pytest.fixture(scope="module")
def side_by_side(folder: Path) -> SentimentScorer:
    return load_scorer(folder, Device.CPU, threads=3)


@pytest.fixture(scope="module")
def shipped() -> SentimentScorer:
    return load_scorer(MODELS / SHIPPED, Device.CPU, threads=1)


def numbers(scorer: SentimentScorer, asked: Sequence[Asked]) -> list[NDArray[np.float64]]:
    return [
        np.array([(one.p_negative, one.p_neutral, one.p_positive) for one in answers]).reshape(-1, 3)
        for answers in scorer.answer(asked)
    ]


@settings(max_examples=25)
@given(st.lists(ASKED, min_size=2, max_size=10))
def test_a_text_scores_the_same_alone_and_in_any_batch(
    scorer: SentimentScorer, side_by_side: SentimentScorer, asked: list[Asked]
) -> None:
    alone = [numbers(scorer, [one])[0] for one in asked]
    backwards = numbers(scorer, asked[::-1])[::-1]
    spread = numbers(side_by_side, asked * 8)[: len(asked)]
    for expected, *others in zip(alone, numbers(scorer, asked), backwards, spread, strict=True):
        for found in others:
            assert found.shape == expected.shape
            assert not found.size or np.abs(found - expected).max() <= TOLERANCE


@settings(max_examples=25)
@given(ASKED)
def test_a_question_is_answered_the_same_whatever_else_is_asked(
    scorer: SentimentScorer, asked: Asked
) -> None:
    names = [*asked.names, *(span for span in asked.questions if span)]
    (together,) = numbers(scorer, [asked])
    for question, expected in zip(asked.questions, together, strict=True):
        ((found,),) = numbers(scorer, [Asked(asked.text, [question], names)])
        assert np.abs(found - expected).max() <= TOLERANCE


@settings(max_examples=25)
@given(ANY_TEXT, st.integers(-3, 70), st.integers(-3, 70))
def test_any_text_and_any_target_give_probabilities(
    scorer: SentimentScorer, text: str, start: int, end: int
) -> None:
    (sentiment,) = scorer.score([text], [(start, end)])
    found = (sentiment.p_negative, sentiment.p_neutral, sentiment.p_positive)
    assert all(0 <= p <= 1 for p in found)
    assert sum(found) == pytest.approx(1, abs=1e-9)
    assert max(found) == {"negative": found[0], "neutral": found[1], "positive": found[2]}[sentiment.label]
    assert scorer.probabilities([text], [(start, end)]).tolist() == [list(found)]


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


def test_no_texts_and_no_questions_give_no_results(scorer: SentimentScorer) -> None:
    assert scorer.answer([]) == scorer.score([]) == []
    assert scorer.answer([Asked("good", ()), Asked("", ())]) == [[], []]
    assert scorer.probabilities([]).shape == (0, 3)


def test_what_is_asked_about_decides(words_model: Path) -> None:
    scorer = load_scorer(words_model, Device.CPU, threads=1)
    text = "great x x x x x Nike x x x x x x Puma x x x bad"
    nike, puma = (16, 20), (33, 37)
    whole, toward_nike, toward_puma = scorer.answer([Asked(text, (None, nike, puma))])[0]
    assert len({one.p_positive for one in (whole, toward_nike, toward_puma)}) == 3
    assert scorer.score([text.replace("Nike", "Sony")], [nike]) == scorer.score([text], [nike])


class Watched(ModelSession):
    """Notes the shape of every run, and waits in it for company."""

    runs: list[dict[str, tuple[int, ...]]]
    company: threading.Barrier

    def run(self, **inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        self.runs.append({name: values.shape for name, values in inputs.items()})
        self.company.wait(30)
        return super().run(**inputs)


def watched(folder: Path, runs: int, company: int = 1) -> tuple[SentimentScorer, Watched]:
    opened = open_session(folder, Device.CPU, 1)
    session = Watched(opened.manifest, opened.directory, opened.session, opened.device, opened.cores)
    object.__setattr__(session, "runs", [])
    object.__setattr__(session, "company", threading.Barrier(company))
    recipe = Recipe(**opened.manifest.preprocessing)
    return SentimentScorer(
        session, Encoder(PIECES if recipe.tokenizer == "pieces" else WORDS, recipe), runs=runs
    ), session


@pytest.mark.parametrize("model", ["words_model", "pieces_model"])
def test_a_megabyte_with_a_thousand_places_takes_little_memory(
    model: str, request: pytest.FixtureRequest
) -> None:
    scorer, session = watched(request.getfixturevalue(model), runs=1)
    text = ("not so good, Nike! " * 60_000)[:1_000_000]
    spans = [(19 * 50 * at + 13, 19 * 50 * at + 17) for at in range(1_000)]
    (answers,) = scorer.answer([Asked(text, [None, *spans], spans)])
    assert len(answers) == 1_001
    assert max(run["questions"][0] * run["tokens"][1] for run in session.runs) <= 3_200


def test_ten_thousand_questions_about_one_tweet_take_little_memory(words_model: Path) -> None:
    scorer, session = watched(words_model, runs=1)
    (answers,) = scorer.answer([Asked("good " * 20, [None, (0, 4)] * 5_000)])
    assert answers == answers[:2] * 5_000
    assert max(run["questions"][0] * run["tokens"][1] for run in session.runs) <= 3_200


def test_a_batch_is_scored_in_runs_side_by_side(words_model: Path) -> None:
    """Each run waits until there is another."""
    scorer, session = watched(words_model, runs=2, company=2)
    found = scorer.score(["so good " * 10] * 64)
    assert len(session.runs) == 4
    assert len(set(found)) == 1


def test_one_thread_makes_one_run_of_a_batch(words_model: Path) -> None:
    scorer, session = watched(words_model, runs=1)
    scorer.score(["so good " * 10] * 64)
    assert [run["tokens"] for run in session.runs] == [(64, 20)]


def test_many_threads_get_what_one_gets(side_by_side: SentimentScorer) -> None:
    batches = [
        [f"The service was {word}.", word] for word in ("great", "awful", "ok", "late", "fast", "rude")
    ] * 4
    expected = [side_by_side.probabilities(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(side_by_side.probabilities, batches))
    assert max(np.abs(e - f).max() for e, f in zip(expected, found, strict=True)) <= TOLERANCE


@pytest.mark.parametrize(
    ("own", "asked", "unsure"), [(0.99, None, True), (0.99, 0.0, False), (0.0, 0.99, True)]
)
def test_the_threshold_is_the_models_unless_one_is_asked_for(
    tmp_path: Path, own: float, asked: float | None, unsure: bool
) -> None:
    folder = write_model(tmp_path / "model", WORDS, thresholds={"unsure": own})
    (sentiment,) = load_scorer(folder, Device.CPU, 1, asked).score(["good bad"])
    assert (sentiment.label == "unsure") == unsure


def test_results_come_in_the_order_of_the_texts(shipped: SentimentScorer) -> None:
    texts = ["Absolutely wonderful, I love it! " * length for length in (30, 1, 10)] + ["I hate it."]
    assert [one.label for one in shipped.score(texts)] == ["positive"] * 3 + ["negative"]


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
    assert talk.answer([Asked("A fine film, badly cut.", (None, (2, 6)), [(7, 11)])]) == [[plain, plain]]
    assert not talk.takes_targets


def test_as_many_targets_as_texts(scorer: SentimentScorer) -> None:
    with pytest.raises(ValueError, match="1 targets for 2 texts"):
        scorer.score(["a", "b"], [None])


@pytest.mark.parametrize(
    ("name", "most", "apart"),
    # The large one computes in 8 bits: torch, which does not, is further off.
    [(SHIPPED, 25_000_000, 1e-4), (LARGE, 30_000_000, 0.15), (TALK, 30_000_000, 1e-4)],
)
def test_the_folder_keeps_its_promises(name: str, most: int, apart: float) -> None:
    scorer = load_scorer(MODELS / name, Device.CPU)
    manifest = scorer.manifest
    assert scorer.device is Device.CPU
    assert manifest.identity == f"{name}@{manifest.version}"
    assert manifest.parity.inputs >= 256
    assert manifest.parity.max_abs_diff <= apart
    measured = {metric.dataset for metric in manifest.metrics if metric.split == "test"}
    assert measured >= ({"imdb"} if name == TALK else {"airline", "sst", "mams"})
    size = sum(path.stat().st_size for path in (MODELS / name).iterdir())
    assert size <= most


@pytest.mark.parametrize("file", ["model.onnx", "words.txt", "pieces.txt"])
def test_a_changed_file_is_refused(tmp_path: Path, words_model: Path, pieces_model: Path, file: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(pieces_model if file == "pieces.txt" else words_model, folder)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SetupError, match=file):
        load_scorer(folder, Device.CPU)


OLD = {"head": 50, "tail": 150, "ngrams": True, "subwords": True, "targets": True}
NEW = {"tokenizer": "words", "head": 50, "tail": 150, "questions": True}
TOKENS = {"name": "tokens", "shape": ["batch", "length"], "type": "int32"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "logos"}, "is for logos"),
        (
            {"preprocessing": OLD},
            "another version of brand-monitor .*ngrams, subwords, targets.*train it anew",
        ),
        ({"preprocessing": {"head": 5}}, "missing required field"),
        ({"preprocessing": NEW | {"tokenizer": "letters"}}, "'letters'"),
        ({"preprocessing": NEW | {"tokenizer": "pieces"}}, r"pieces\.txt"),
        ({"preprocessing": NEW | {"questions": False}}, "inputs .*'questions'.* do not fit"),
        ({"inputs": [TOKENS]}, "inputs .* do not fit"),
        ({"inputs": [TOKENS, TOKENS | {"name": "relation"}]}, "inputs .*'relation'.* do not fit"),
        ({"labels": ["bad", "neutral", "positive"]}, "labels .*bad"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(SetupError, match=message):
        load_scorer(write_model(tmp_path / "model", WORDS, **change), Device.CPU)


def test_words_without_the_one_for_names_are_refused(tmp_path: Path) -> None:
    words = Vocabulary([word for word in WORDS.words if word != NAME])
    with pytest.raises(SetupError, match=NAME):
        load_scorer(write_model(tmp_path / "model", words), Device.CPU)


@pytest.mark.parametrize("written", ["It isn\u00b4t good.", "It isn&#39;t good.", "It isn&rsquo;t good."])
def test_apostrophes_of_any_kind_deny(shipped: SentimentScorer, written: str) -> None:
    (score,) = shipped.score([written])
    assert score.label == "negative"
    assert score == shipped.score(["It isn't good."])[0]
