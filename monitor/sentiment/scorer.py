"""Scores texts: tokens into the ONNX model, probabilities out, in chunks of alike length."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import Manifest, ModelSession, open_session
from monitor.messages import Label, Sentiment
from monitor.sentiment.encoding import Encoded, Encoder, Recipe, Span, collate
from monitor.sentiment.ngrams import NGRAMS_FILE, SUBWORDS_FILE, NgramTable
from monitor.sentiment.vocabulary import Vocabulary
from monitor.settings import Device
from monitor.texts import Reading
from monitor.texts.language import UNDETERMINED
from monitor.verdict import verdict

LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")

# Bounds the memory of one run: 12,800 token vectors of 300 floats are 15 MB, their LSTM states as much again.
_CHUNK_TOKENS: Final = 12_800
_CHUNK_TEXTS: Final = 512


class SentimentScorer:
    """A loaded sentiment model. Safe to call from any thread; blocks for as long as the model takes.

    A text scores the same alone and in any batch (to 1e-5): padding has no effect.
    """

    def __init__(self, session: ModelSession, encoder: Encoder, min_confidence: float | None = None) -> None:
        """Use `load_scorer`. Raises `SetupError` where the model's labels are none of ours."""
        own = session.manifest.thresholds.get("unsure", 0.0)
        self.min_confidence = own if min_confidence is None else min_confidence
        """Probability below which a verdict is unsure, 0..1."""
        self._session = session
        self._encoder = encoder
        self._inputs = tuple(spec.name for spec in session.manifest.inputs)
        self._columns = _columns(session.manifest)

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
        """Whether the model can judge a text toward a span; others ignore `targets`."""
        return self._encoder.recipe.targets

    def speaks(self, language: str) -> bool:
        """Whether to ask the model about texts in it (a primary subtag). `und` is asked about: a few words,
        mostly English ones, that nobody can tell the language of."""
        return language == UNDETERMINED or language in self.manifest.spoken

    def warm_up(self) -> None:
        """Run a short and a long text: the first mention shall not pay for allocation and kernel choice."""
        self.score(["", "warm up " * (self._encoder.recipe.head + self._encoder.recipe.tail)])

    def score(
        self, texts: Sequence[str | Reading], targets: Sequence[Span | None] | None = None
    ) -> list[Sentiment]:
        """One `Sentiment` for each text, in order; any string is a text, also an empty one, read
        (`monitor.texts`) or not.

        `targets` gives for each text the characters (start, end) the sentiment is toward, or None for the
        whole text. Raises `ValueError` where it has another length than `texts`.
        """
        probabilities = self.probabilities(texts, targets)
        return [verdict(*row, min_confidence=self.min_confidence) for row in probabilities.tolist()]

    def probabilities(
        self, texts: Sequence[str | Reading], targets: Sequence[Span | None] | None = None
    ) -> NDArray[np.float64]:
        """As `score`: (texts, 3) of negative, neutral, positive, rows summing to 1."""
        aims = targets if targets is not None else [None] * len(texts)
        if len(aims) != len(texts):
            raise ValueError(
                f"{len(aims)} targets for {len(texts)} texts; give one each, None where there is none"
            )
        encoded = [self._encoder.encode(text, aim) for text, aim in zip(texts, aims, strict=True)]
        result = np.zeros((len(texts), len(LABELS)))
        for chunk in _chunks(encoded):
            feed = collate([encoded[index] for index in chunk])
            (found,) = self._session.run(**{name: feed[name] for name in self._inputs})
            result[np.ix_(chunk, self._columns)] = found.astype(np.float64)
        normalised: NDArray[np.float64] = result / result.sum(1, keepdims=True)
        return normalised


def load_scorer(
    model_dir: Path, device: Device = Device.AUTO, threads: int = 0, min_confidence: float | None = None
) -> SentimentScorer:
    """Load the sentiment model of `model_dir`; `threads` bounds one run's CPU threads, 0 takes all cores.

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
    return SentimentScorer(session, load_encoder(model_dir, manifest), min_confidence)


def load_encoder(model_dir: Path, manifest: Manifest) -> Encoder:
    """The tokens-to-arrays half of a model folder. Raises `SetupError` for missing or damaged files."""
    recipe = _recipe(manifest)
    ngrams = NgramTable.load(model_dir / NGRAMS_FILE) if recipe.ngrams else None
    subwords = NgramTable.load(model_dir / SUBWORDS_FILE) if recipe.subwords else None
    return Encoder(Vocabulary.load(model_dir), recipe, ngrams, subwords)


def _recipe(manifest: Manifest) -> Recipe:
    wanted: dict[str, Any] = {name: manifest.preprocessing.get(name) for name in Recipe.__slots__}
    missing = [name for name, value in wanted.items() if value is None]
    if missing:
        raise SetupError(
            f"{manifest.name}: manifest.json lacks preprocessing {', '.join(missing)}; retrain the model"
        )
    return Recipe(**wanted)


def _columns(manifest: Manifest) -> list[int]:
    """Which of our labels each output column is; a model without neutral leaves p_neutral at 0."""
    unknown = [label for label in manifest.labels if label not in LABELS]
    if unknown:
        raise SetupError(f"{manifest.name}: labels {unknown} in manifest.json are none of {LABELS}")
    names: tuple[str, ...] = LABELS
    return [names.index(label) for label in manifest.labels]


def _chunks(encoded: Sequence[Encoded]) -> list[list[int]]:
    """Indices sorted by length and cut so that a chunk's padded size stays bounded."""
    # An n-gram costs a small fraction of what a token does, but a megabyte of text has thousands of them.
    width = [max(len(one.rows), len(one.ngrams), len(one.subwords) // 4) for one in encoded]
    order = sorted(range(len(encoded)), key=lambda index: (len(encoded[index].rows), width[index]))
    chunks: list[list[int]] = []
    for index in order:
        longest = width[index]
        if not chunks or len(chunks[-1]) >= min(_CHUNK_TEXTS, max(1, _CHUNK_TOKENS // longest)):
            chunks.append([])
        chunks[-1].append(index)
    return chunks
