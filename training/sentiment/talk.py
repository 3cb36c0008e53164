"""Trains the talk's sentiment model: word2vec 300-d (gensim) -> LSTM 256 -> softmax 2, on IMDB.

    brand-train sentiment --arch talk --data ../data/text --out onnx_models/sentiment-talk

As on the slides: tanh, Xavier, Adam, L2 1e-5, gradients clipped element-wise at 1.0. What differs is said in
the CARD: torch's LSTM has no peephole connections (the slides' GravesLSTM does), and the word vectors are our
own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.inference import Manifest
from monitor.inference.manifest import TrainingRun
from monitor.sentiment.encoding import Encoder, Recipe, Window, collate
from monitor.sentiment.vocabulary import SPECIAL, WORDS_FILE, Vocabulary
from training.data.texts import UNLABELLED, Corpora, data_files, load_corpora, load_unlabelled
from training.export import commit, machine, now
from training.sentiment.card import talk_card
from training.sentiment.graph import round_to_eight_bit, write_talk
from training.sentiment.handover import Product, hand_over
from training.sentiment.loop import Run
from training.sentiment.vectors import Word2VecRecipe, WordVectors, side_by_side, token_lists, train_word2vec
from training.sentiment.work import claim

_LABELS: Final = ("negative", "positive")
_PARITY_TEXTS: Final = 256


@dataclass(frozen=True)
class TalkHyper:
    """The talk's hyper-parameters; those its slides leave open say so."""

    seed: int = 1
    epochs: int = 3  # open
    dims: int = 300
    hidden: int = 256
    rate: float = 2e-2
    l2: float = 1e-5
    clip: float = 1.0  # element-wise
    batch: int = 64  # open
    tokens: int = 256  # open: how much of a review is read, from its beginning
    words: int = 60_000  # open; 8-bit rows of 300 keep the folder under 30 MB
    word2vec_epochs: int = 5  # open


class TalkNetwork(nn.Module):
    """The talk's network: `tokens` (batch, length) and `lengths` (batch,), int64 -> logits (batch, 2)."""

    def __init__(self, vectors: Tensor, hidden: int) -> None:
        super().__init__()
        self.words = nn.Embedding(len(vectors), vectors.shape[1], _weight=vectors, _freeze=True)
        self.lstm = nn.LSTM(vectors.shape[1], hidden, batch_first=True)
        self.out = nn.Linear(hidden, len(_LABELS))
        for name, weight in [*self.lstm.named_parameters(), *self.out.named_parameters()]:
            if "weight" in name:
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.zeros_(weight)
        with (
            torch.no_grad()
        ):  # forget gates open, DL4J's default; else a sentence's start is gone after ten words
            self.lstm.get_parameter("bias_hh_l0")[hidden : 2 * hidden] = 1.0

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """The state after each text's last token decides."""
        states, _ = self.lstm(self.words(tokens))
        last = states[torch.arange(len(tokens)), lengths - 1]
        logits: Tensor = self.out(last)
        return logits


def train_talk(
    data: Path, out: Path, work: Path, hyper: TalkHyper, *, threads: int, command: str
) -> Manifest:
    """Train, export and measure; `out` gets the model folder, `work` the checkpoints."""
    sources = data_files(data, ["imdb", UNLABELLED])
    claim(work, hyper, sources)
    torch.set_num_threads(threads)
    corpora = load_corpora(data, ["imdb"])
    vectors = _vectors(corpora, data, work, hyper, threads)
    vocabulary = Vocabulary(
        [*SPECIAL, *(word for word in vectors.words if word not in SPECIAL)][: hyper.words]
    )
    encoder = Encoder(vocabulary, Recipe("words", head=hyper.tokens, tail=0, questions=False))
    torch.manual_seed(hyper.seed)
    network = TalkNetwork(torch.from_numpy(side_by_side(vocabulary.words, [vectors])), hyper.hidden)
    train, dev = (
        _Reviews([encoder.encode(one.text)[0] for one in part], np.array([one.label // 2 for one in part]))
        for part in (corpora.train["imdb"], corpora.dev["imdb"])
    )
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    progress = Run[NDArray[np.int64]](
        network=network,
        optimizers=[torch.optim.Adam(learned, hyper.rate, weight_decay=hyper.l2)],
        plan=lambda epoch: _plan(train, hyper, epoch),
        loss=lambda rows: nn.functional.cross_entropy(
            network(*train.tensors(rows)), torch.from_numpy(train.labels[rows])
        ),
        limit_gradients=lambda: nn.utils.clip_grad_value_(learned, hyper.clip),
        measure=lambda: {"imdb": _accuracy(network, dev)},
        rate=lambda share: 1.0,  # noqa: ARG005  # the talk kept its rate
        epochs=hyper.epochs,
        checkpoint=work / "talk.pt",
    ).train()
    network.eval()
    round_to_eight_bit(network.words)
    product = Product(
        architecture="the talk's: word2vec 300 -> LSTM 256 -> softmax 2",
        labels=_LABELS,
        inputs=("tokens", "lengths"),
        encoder=encoder,
        probabilities=lambda tokens, lengths: network(tokens, lengths).softmax(1),
        write=lambda path: write_talk(network.words, network.lstm, network.out, path),
        files={WORDS_FILE: vocabulary.save},
    )
    run = TrainingRun(
        command=command,
        data=sources,
        seed=hyper.seed,
        commit=commit(),
        finished_at=now(),
        hours=round(progress.seconds / 3600, 2),
        machine=machine(),
    )
    return hand_over(
        product,
        out,
        {"imdb": corpora.dev["imdb"][:_PARITY_TEXTS]},
        {"imdb": corpora.test["imdb"]},
        run,
        lambda manifest, results, scorer: talk_card(manifest, results, scorer, hyper, progress, out),
    )


@dataclass(frozen=True)
class _Reviews:
    encoded: list[Window]
    labels: NDArray[np.int64]

    def tensors(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        feed = collate([self.encoded[row] for row in rows])
        return torch.from_numpy(feed["tokens"]).long(), torch.from_numpy(feed["lengths"]).long()


def _vectors(corpora: Corpora, data: Path, work: Path, hyper: TalkHyper, threads: int) -> WordVectors:
    kept = work / "talk-word2vec.npz"
    if not kept.exists():
        recipe = Word2VecRecipe(hyper.dims, epochs=hyper.word2vec_epochs)
        texts = [*load_unlabelled(data, [UNLABELLED]), *(one.text for one in corpora.train["imdb"])]
        train_word2vec(token_lists(texts), recipe, hyper.seed, threads).save(kept)
    return WordVectors.load(kept)


def _plan(reviews: _Reviews, hyper: TalkHyper, epoch: int) -> list[NDArray[np.int64]]:
    """Batches of alike lengths in random order."""
    random = np.random.default_rng([hyper.seed, epoch])
    lengths = np.array([len(one.rows) for one in reviews.encoded])
    order = np.argsort(lengths * random.uniform(0.9, 1.1, len(lengths)))
    batches = [order[start : start + hyper.batch] for start in range(0, len(order), hyper.batch)]
    random.shuffle(batches)
    return batches


def _accuracy(network: TalkNetwork, reviews: _Reviews) -> float:
    right = 0
    with torch.inference_mode():
        for start in range(0, len(reviews.labels), 256):
            rows = np.arange(start, min(start + 256, len(reviews.labels)))
            found = network(*reviews.tensors(rows)).argmax(1).numpy()
            right += int((found == reviews.labels[rows]).sum())
    return right / len(reviews.labels)
