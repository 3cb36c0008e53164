"""Trains the talk's sentiment model: word2vec 300-d (gensim) -> LSTM 256 -> softmax 2, on IMDB.

    brand-train sentiment --arch talk --data ../data/text --out onnx_models/sentiment-talk

As on the slides: tanh, Xavier, Adam, L2 1e-5, gradients clipped element-wise at 1.0. What differs is said in
the CARD: torch's LSTM has no peephole connections (the slides' GravesLSTM does), and the word vectors are our
own.
"""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.inference import Manifest
from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.vocabulary import SPECIAL, Vocabulary
from training.data.sets import REVIEWS
from training.data.texts import data_files, load_corpora, load_unlabelled
from training.sentiment.graph import round_to_eight_bit, write_talk
from training.sentiment.handover import Origin, Product, hand_over
from training.sentiment.loop import Run
from training.sentiment.questions import Pool, lessons, loss, measured
from training.sentiment.recipe import TalkHyper
from training.sentiment.vectors import side_by_side, train_word2vec
from training.sentiment.work import claim

_LABELS: Final = ("negative", "positive")


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
        with torch.no_grad():
            # Forget gates open, DL4J's default; else a sentence's start is gone after ten words.
            self.lstm.get_parameter("bias_hh_l0")[hidden : 2 * hidden] = 1.0

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """The state after each text's last token decides."""
        states, _ = self.lstm(self.words(tokens))
        logits: Tensor = self.out(states[torch.arange(len(tokens)), lengths - 1])
        return logits

    def answer(self, tokens: Tensor, lengths: Tensor, questions: Tensor) -> Tensor:
        """As the networks that know neutral, which never is the answer here."""
        negative, positive = self(tokens, lengths)[questions[:, 0]].unbind(1)
        return torch.stack([negative, torch.full_like(negative, -1e9), positive], 1)


def train_talk(
    data: Path, out: Path, work: Path, hyper: TalkHyper, *, threads: int, command: str
) -> Manifest:
    """Train, export and measure; `out` gets the model folder, `work` the checkpoints."""
    sources = data_files(data, ["imdb", REVIEWS])
    claim(work, hyper, sources)
    torch.set_num_threads(threads)
    corpora = load_corpora(data, ["imdb"])
    vectors = train_word2vec(
        [*load_unlabelled(data, [REVIEWS]), *(one.text for one in corpora.train["imdb"])],
        work / "talk-word2vec.npz",
        dims=hyper.dims,
        epochs=hyper.word2vec_epochs,
        least_seen=5,
        skip_gram=False,
        seed=hyper.seed,
        threads=threads,
    )
    vocabulary = Vocabulary(
        [*SPECIAL, *(word for word in vectors.words if word not in SPECIAL)][: hyper.words]
    )
    encoder = Encoder(vocabulary, Recipe("words", head=hyper.tokens, tail=0, questions=False))
    torch.manual_seed(hyper.seed)
    network = TalkNetwork(torch.from_numpy(side_by_side(vocabulary.words, [vectors])), hyper.hidden)
    train, dev = (
        Pool(lessons(encoder, split["imdb"], two_sided=True)) for split in (corpora.train, corpora.dev)
    )

    def loss_of(rows: NDArray[np.int64]) -> Tensor:
        batch = train.batch(rows)
        return loss(network.answer(batch.tokens, batch.lengths, batch.questions), batch, 0.0)

    learned = [weight for weight in network.parameters() if weight.requires_grad]
    progress = Run[NDArray[np.int64]](
        network=network,
        optimizers=[torch.optim.Adam(learned, hyper.rate, weight_decay=hyper.l2)],
        plan=lambda epoch: train.plan(hyper.batch * hyper.tokens, [hyper.seed, epoch]),
        loss=loss_of,
        limit_gradients=lambda: nn.utils.clip_grad_value_(learned, hyper.clip),
        measure=lambda: measured(network.answer, dev),
        rate=lambda share: 1.0,  # noqa: ARG005  # the talk kept its rate
        epochs=hyper.epochs,
        checkpoint=work / "talk.pt",
    ).train()
    network.eval()
    round_to_eight_bit(network.words)
    product = Product(
        "the talk's: word2vec 300 -> LSTM 256 -> softmax 2",
        _LABELS,
        encoder,
        network,
        lambda path: write_talk(network.words, network.lstm, network.out, path),
    )
    return hand_over(product, Origin(corpora, [REVIEWS], sources, hyper, progress, command), "talk", out)
