"""Trains the shipped three-class model: data -> vectors -> two halves -> fusion -> ONNX, figures, card.

    brand-train sentiment --data ../data/text --out onnx_models/sentiment
    brand-train sentiment --data ../data/text --out try --set hidden=96 --set epochs=4

Every stage leaves its result in the work folder; a run that was cut off goes on where it stood.
"""

from pathlib import Path
from typing import Final

from monitor.inference import Manifest
from monitor.inference.manifest import TrainingRun, sha256_of
from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.ngrams import NGRAMS_FILE, SUBWORDS_FILE
from monitor.sentiment.scorer import LABELS, SentimentScorer
from monitor.sentiment.vocabulary import WORDS_FILE
from training.data.corrections import read_corrections, with_corrections
from training.data.own_sentences import OWN, own_sentences
from training.data.texts import UNLABELLED, Corpora, Example, available, data_files, load_corpora
from training.export import commit, machine, now
from training.sentiment.batches import make_pool
from training.sentiment.card import shipped_card
from training.sentiment.deep import Deep, train_deep
from training.sentiment.evaluation import Results
from training.sentiment.fusion import fuse
from training.sentiment.graph import Precision, round_as_stored, write_fused
from training.sentiment.handover import Product, hand_over
from training.sentiment.network import Fused
from training.sentiment.newer import newer_factors
from training.sentiment.recipe import Hyper
from training.sentiment.wide import Wide, train_wide
from training.sentiment.work import claim

_PARITY_TEXTS: Final = 128  # of each of these sets: long ones, short ones, with a target and without
_PARITY_SETS: Final = ("imdb", "airline", "semeval14_aspect", "sst")


def train_shipped(
    data: Path,
    out: Path,
    work: Path,
    hyper: Hyper,
    *,
    threads: int,
    command: str,
    corrections: Path | None = None,
) -> Manifest:
    """Train, export and measure; `out` gets the model folder, `work` the checkpoints.

    `corrections` is an export of what people corrected (`training.data.corrections`); it trains, too.
    Takes somewhat over an hour on one core and 3 GB of memory. Raises `SetupError` where data are missing or
    `work` holds another run.
    """
    sources = data_files(data, [*available(data), UNLABELLED])
    if corrections is not None:
        sources += (f"{corrections.name} sha256:{sha256_of(corrections)}",)
    claim(work, hyper, sources)
    corpora = load_corpora(data, available(data))
    if corrections is not None:
        corpora = with_corrections(corpora, read_corrections(corrections))
    wide = _wide(corpora, work / "wide.npz", hyper)
    deep = train_deep(corpora, data, work, hyper, threads)
    recipe = Recipe(hyper.head, hyper.tail, ngrams=True, subwords=True, targets=True)
    encoder = Encoder(deep.vocabulary, recipe, wide.words.ngrams, wide.subwords.ngrams)
    dev = {**corpora.dev, **own_sentences(hyper.seed, "dev")}
    newer = newer_factors(corpora.train, hyper.seed)
    fused = fuse(deep.network, wide, make_pool(dev, encoder), hyper, newer)
    parity: dict[str, list[Example]] = {
        name: corpora.dev[name][:_PARITY_TEXTS] for name in _PARITY_SETS if name in corpora.dev
    }
    run = _training_run(deep, sources, hyper, command)
    # What eight bits cost is measured, not assumed: the same model is written and measured twice.
    full = _measured_in_float(
        _product(fused, encoder, wide, Precision.FLOAT), work / "float", parity, corpora, run
    )
    round_as_stored(fused)
    return hand_over(
        _product(fused, encoder, wide, Precision.EIGHT_BIT),
        out,
        parity,
        corpora.test,
        run,
        lambda manifest, results, scorer: shipped_card(
            manifest, results, full, scorer, corpora, deep.progress, hyper, out
        ),
    )


def _measured_in_float(
    product: Product, folder: Path, parity: dict[str, list[Example]], corpora: Corpora, run: TrainingRun
) -> Results:
    """Figures of the model before rounding; its folder stays in the work folder."""
    figures: Results = {}

    def keep(_manifest: Manifest, results: Results, _scorer: SentimentScorer) -> str:
        figures.update(results)
        return "The shipped model with its tables in 32 bits, for comparison."

    hand_over(product, folder, parity, corpora.test, run, keep)
    return figures


def _product(fused: Fused, encoder: Encoder, wide: Wide, precision: Precision) -> Product:
    return Product(
        architecture="word vectors -> two BiLSTMs with target attention, and convolutions; n-gram experts",
        labels=LABELS,
        inputs=("tokens", "relation", "lengths", "ngrams", "subwords"),
        encoder=encoder,
        probabilities=fused,
        write=lambda path: write_fused(fused, path, precision),
        files={
            WORDS_FILE: encoder.vocabulary.save,
            NGRAMS_FILE: lambda folder: wide.words.ngrams.save(folder / NGRAMS_FILE),
            SUBWORDS_FILE: lambda folder: wide.subwords.ngrams.save(folder / SUBWORDS_FILE),
        },
    )


def _training_run(deep: Deep, sources: tuple[str, ...], hyper: Hyper, command: str) -> TrainingRun:
    return TrainingRun(
        command=command,
        data=sources,
        seed=hyper.seed,
        commit=commit(),
        finished_at=now(),
        hours=round(deep.seconds / 3600, 2),
        machine=machine(),
    )


def _wide(corpora: Corpora, kept: Path, hyper: Hyper) -> Wide:
    if not kept.exists():
        parts = [*corpora.train.values(), own_sentences(hyper.seed, "train")[OWN]]
        train_wide([example for part in parts for example in part], hyper.seed).save(kept)
    return Wide.load(kept)
