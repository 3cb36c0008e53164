"""Scores texts: tokens and questions into the ONNX model, probabilities out, in chunks of alike length."""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import Manifest, ModelSession, open_session
from monitor.messages import Label, Sentiment
from monitor.sentiment.encoding import Encoder, Recipe, Span, Window, collate
from monitor.sentiment.pieces import Pieces
from monitor.sentiment.vocabulary import NAME, Vocabulary
from monitor.settings import Device
from monitor.texts import Reading
from monitor.texts.language import UNDETERMINED
from monitor.verdict import verdict

LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")

_RUN_TOKENS: Final = 3_200
"""Padded tokens of all questions of a run on a CPU; bounds its memory to tens of MB."""
_FEWEST_TOKENS: Final = 400
"""Of these, a run costs no more CPU a text than of more: a batch is cut so far to occupy all cores."""
_GPU_RUN_TOKENS: Final = 12_800

_Chunk = list[tuple[int, Window]]
"""Windows read at once, each with the number of its text's first question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about one text, any string, read (`monitor.texts`) or not: None how it feels as a whole,
    characters (start, end) how it feels toward what stands there. `names` are further places of names, which
    the model shall not judge by."""

    text: str | Reading
    questions: Sequence[Span | None] = (None,)
    names: Sequence[Span] = ()


class SentimentScorer:
    """A loaded sentiment model. Safe to call from any thread; blocks for as long as the model takes.

    A text scores the same alone and in any batch (to 1e-5): padding has no effect. But for models that
    compute in 8 bits (`sentiment-large`): the activations of a run share a range there.
    """

    def __init__(
        self, session: ModelSession, encoder: Encoder, min_confidence: float | None = None, runs: int = 1
    ) -> None:
        """Use `load_scorer`; `runs` are made side by side. Raises `SetupError` where the model's labels are
        none of ours."""
        own = session.manifest.thresholds.get("unsure", 0.0)
        self.min_confidence = own if min_confidence is None else min_confidence
        """Probability below which a verdict is unsure, 0..1."""
        self._session = session
        self._encoder = encoder
        self._inputs = tuple(spec.name for spec in session.manifest.inputs)
        self._columns = _columns(session.manifest)
        self._runs = runs
        self._pool = ThreadPoolExecutor(runs, thread_name_prefix="sentiment-run")

    @property
    def manifest(self) -> Manifest:
        """What training promised about the model; `.identity` is the model version in rows."""
        return self._session.manifest

    @property
    def device(self) -> Device:
        """Where the model really runs."""
        return self._session.device

    @property
    def takes_targets(self) -> bool:
        """Whether the model can judge a text toward a span; others answer for the whole text."""
        return self._encoder.recipe.questions

    def speaks(self, language: str) -> bool:
        """Whether to ask the model about texts in it (a primary subtag). `und` is asked about: a few words,
        mostly English ones, that nobody can tell the language of."""
        return language == UNDETERMINED or language in self.manifest.spoken

    def warm_up(self) -> None:
        """Run a short and a long text: the first mention shall not pay for allocation and kernel choice."""
        self.score(["", "warm up " * (self._encoder.recipe.head + self._encoder.recipe.tail)])

    def answer(self, asked: Sequence[Asked]) -> list[list[Sentiment]]:
        """For each text a `Sentiment` for each of its questions, in order; a text is read once for all."""
        rows = self._probabilities(asked).tolist()
        least = self.min_confidence
        verdicts = iter([verdict(negative, neutral, positive, least) for negative, neutral, positive in rows])
        return [[next(verdicts) for _ in one.questions] for one in asked]

    def score(
        self, texts: Sequence[str | Reading], targets: Sequence[Span | None] | None = None
    ) -> list[Sentiment]:
        """One `Sentiment` for each text, in order.

        `targets` gives for each text the characters (start, end) the sentiment is toward, or None for the
        whole text. Raises `ValueError` where it has another length than `texts`.
        """
        return [answers[0] for answers in self.answer(_one_each(texts, targets))]

    def probabilities(
        self, texts: Sequence[str | Reading], targets: Sequence[Span | None] | None = None
    ) -> NDArray[np.float64]:
        """As `score`: (texts, 3) of negative, neutral, positive, rows summing to 1."""
        return self._probabilities(_one_each(texts, targets))

    def _probabilities(self, asked: Sequence[Asked]) -> NDArray[np.float64]:
        """(questions of all texts, 3), rows summing to 1."""
        counts = [len(one.questions) for one in asked]
        result = np.zeros((sum(counts), len(LABELS)))
        windows: _Chunk = []
        first = 0
        for one, count in zip(asked, counts, strict=True):
            for window in self._encoder.encode(one.text, one.questions, one.names):
                windows += ((first, part) for part in _parts(window))
            first += count
        chunks = _chunks(windows, self._run_tokens(windows))
        for chunk, found in zip(chunks, self._run_all(chunks), strict=True):
            rows = [first + place.question for first, window in chunk for place in window.asked]
            result[np.ix_(rows, self._columns)] = found
        normalised: NDArray[np.float64] = result / result.sum(1, keepdims=True)
        return normalised

    def _run_tokens(self, windows: _Chunk) -> int:
        """Tokens of a run: twice as many runs as are made side by side, so that all end about together."""
        if self.device is Device.CUDA:
            return _GPU_RUN_TOKENS
        share = sum(_size(window) for _, window in windows) // (2 * self._runs)
        return _RUN_TOKENS if self._runs == 1 else min(_RUN_TOKENS, max(_FEWEST_TOKENS, share))

    def _run_all(self, chunks: Sequence[_Chunk]) -> list[NDArray[np.float64]]:
        # ONNX Runtime releases the GIL.
        each = map if self._runs == 1 or len(chunks) == 1 else self._pool.map
        return list(each(self._run, chunks))

    def _run(self, chunk: _Chunk) -> NDArray[np.float64]:
        """(questions of the chunk, labels of the model)."""
        feed = collate([window for _, window in chunk])
        (found,) = self._session.run(**{name: feed[name] for name in self._inputs})
        rows: NDArray[np.float64] = found.astype(np.float64)
        return rows if self.takes_targets else rows[feed["questions"][:, 0]]


def load_scorer(
    model_dir: Path, device: Device = Device.AUTO, threads: int = 0, min_confidence: float | None = None
) -> SentimentScorer:
    """Load the sentiment model of `model_dir`; `threads` as for `open_session`. On a GPU one run is made
    after the other.

    Verdicts less probable than `min_confidence` are unsure; None leaves it to the model's manifest.
    Raises `SetupError` where files are missing or changed, the model is of another kind, or CUDA was asked
    for and does not come up.
    """
    session = open_session(model_dir, device, threads)
    manifest = session.manifest
    if manifest.task != "sentiment":
        raise SetupError(
            f"{model_dir}: this model is for {manifest.task}; MONITOR_SENTIMENT_MODEL wants a sentiment one"
        )
    runs = 1 if session.device is Device.CUDA else session.cores.count
    return SentimentScorer(session, _encoder(session), min_confidence, runs)


def _encoder(session: ModelSession) -> Encoder:
    """Raises `SetupError` for missing or damaged files, and for models that take other inputs."""
    manifest = session.manifest
    foreign = manifest.preprocessing.keys() - {field.name for field in dataclasses.fields(Recipe)}
    if foreign:
        raise SetupError(
            f"{session.directory}: made for another version of brand-monitor (its manifest's preprocessing "
            f"has {', '.join(sorted(foreign))}); take the folder that comes with this one, or train it anew: "
            "`brand-train sentiment`"
        )
    recipe = session.preprocessing(Recipe)
    inputs = {spec.name for spec in manifest.inputs}
    if inputs - {"tokens", "lengths", "questions"} or ("questions" in inputs) != recipe.questions:
        raise SetupError(
            f"{session.directory}/manifest.json: inputs {sorted(inputs)} do not fit its preprocessing"
        )
    if recipe.tokenizer == "pieces":
        return Encoder(Pieces.load(session.directory), recipe)
    words = Vocabulary.load(session.directory)
    if recipe.questions and NAME not in words.words:
        raise SetupError(f"{session.directory}/words.txt has no {NAME}, which stands for what is asked about")
    return Encoder(words, recipe)


def _columns(manifest: Manifest) -> list[int]:
    """Which of our labels each output column is; a model without neutral leaves p_neutral at 0."""
    unknown = [label for label in manifest.labels if label not in LABELS]
    if unknown:
        raise SetupError(f"{manifest.name}: labels {unknown} in manifest.json are none of {LABELS}")
    names: tuple[str, ...] = LABELS
    return [names.index(label) for label in manifest.labels]


def _one_each(texts: Sequence[str | Reading], targets: Sequence[Span | None] | None) -> list[Asked]:
    aims = targets if targets is not None else [None] * len(texts)
    if len(aims) != len(texts):
        raise ValueError(
            f"{len(aims)} targets for {len(texts)} texts; give one each, None where there is none"
        )
    return [Asked(text, (aim,)) for text, aim in zip(texts, aims, strict=True)]


def _size(window: Window) -> int:
    """What a window adds to a run: a model has its tokens' states before it for every question."""
    return len(window.rows) * len(window.asked)


def _parts(window: Window) -> list[Window]:
    """The window, several times with some of its questions each where they are too many for one run."""
    most = max(1, _RUN_TOKENS // len(window.rows))
    if 0 < len(window.asked) <= most:
        return [window]
    return [
        dataclasses.replace(window, asked=window.asked[at : at + most])
        for at in range(0, len(window.asked), most)
    ]


def _chunks(windows: _Chunk, most: int) -> list[_Chunk]:
    """The windows sorted by length, the longest first, and cut where the padded tokens of all questions
    would exceed `most`."""
    chunks: list[_Chunk] = []
    room = 0
    for first, window in sorted(windows, key=lambda one: -len(one[1].rows)):
        longest = len(chunks[-1][0][1].rows) if chunks else 0
        size = longest * len(window.asked)
        if not chunks or size > room:
            chunks.append([])
            room, size = most, _size(window)
        chunks[-1].append((first, window))
        room -= size
    return chunks
