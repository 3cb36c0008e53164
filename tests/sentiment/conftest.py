"""Model folders as small as they get, with the shipped ones' inputs and outputs and weights by chance."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from monitor.inference.manifest import sha256_of
from monitor.sentiment.pieces import END, MASK, START, Pieces
from monitor.sentiment.pieces import UNKNOWN as UNKNOWN_PIECE
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = Vocabulary([*SPECIAL, NAME, "good", "so", "not", "n't", "bad", "great", "is", ":)", "x", "!", "."])
PIECES = Pieces(
    [
        "[PAD]",
        UNKNOWN_PIECE,
        START,
        END,
        MASK,
        *"#@!?.,'",
        *_LETTERS,
        *(f"##{letter}" for letter in _LETTERS),
        "good",
        "not",
        "can",
        "user",
        "http",
        "##ing",
    ]
)

# What stands near the place asked about counts most; padding counts nothing.
_GRAPH = """
    <ir_version: 10, opset_import: ["": 18]>
    nearness (int32[batch, length] tokens, int32[batch] lengths, int32[rows, 3] questions)
        => (float[rows, 3] probabilities)
    <float[words, 3] words, float[3] toward, int64 window = {0}, int64 first = {1}, int64 last = {2},
     int64[1] one = {1}, int64[1] two = {2}, int64 nought = {0}, int64 step = {1}, float fading = {-0.3}>
    {
        windows = Gather <axis = 1> (questions, window)
        firsts = Gather <axis = 1> (questions, first)
        lasts = Gather <axis = 1> (questions, last)
        each = Gather (words, tokens)
        states = Gather (each, windows)
        shape = Shape (tokens)
        length = Gather (shape, step)
        positions = Range (nought, length, step)
        places = Cast <to = 1> (positions)
        there = Cast <to = 1> (firsts)
        column = Unsqueeze (there, one)
        apart = Sub (places, column)
        distance = Abs (apart)
        faded = Mul (distance, fading)
        near = Exp (faded)
        ends = Gather (lengths, windows)
        borders = Cast <to = 1> (ends)
        border = Unsqueeze (borders, one)
        inside = Less (places, border)
        shown = Cast <to = 1> (inside)
        weights = Mul (near, shown)
        wide = Unsqueeze (weights, two)
        weighted = Mul (states, wide)
        said = ReduceSum <keepdims = 0> (weighted, one)
        marks = Cast <to = 1> (lasts)
        sign = Sign (marks)
        signs = Unsqueeze (sign, one)
        aim = Mul (signs, toward)
        logits = Add (said, aim)
        probabilities = Softmax <axis = 1> (logits)
    }
"""


def write_model(folder: Path, tokens: Vocabulary | Pieces, **changes: Any) -> Path:
    """A model folder; `changes` to its manifest."""
    folder.mkdir()
    tokens.save(folder)
    rng = np.random.default_rng(0)
    model = onnx.parser.parse_model(_GRAPH)
    vectors = rng.normal(0, 1, (len(tokens), 3)).astype(np.float32)
    for name, values in (("words", vectors), ("toward", np.array([1, 0, -1], np.float32))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, folder / "model.onnx")
    inputs = {"tokens": ["batch", "length"], "lengths": ["batch"], "questions": ["rows", 3]}
    (file,) = (path.name for path in folder.iterdir() if path.suffix == ".txt")
    manifest = {
        "name": folder.name,
        "version": "1",
        "task": "sentiment",
        "architecture": "nearness",
        "sha256": sha256_of(folder / "model.onnx"),
        "inputs": [{"name": name, "shape": shape, "type": "int32"} for name, shape in inputs.items()],
        "outputs": [{"name": "probabilities", "shape": ["rows", 3], "type": "float32"}],
        "preprocessing": {
            "tokenizer": "pieces" if isinstance(tokens, Pieces) else "words",
            "head": 50,
            "tail": 150,
            "questions": True,
        },
        "labels": ["negative", "neutral", "positive"],
        "thresholds": {},
        "metrics": [],
        "parity": {"max_abs_diff": 0.0, "inputs": 0, "dataset": "none"},
        "opset": 18,
        "training": {"command": "tests/sentiment/conftest.py", "data": [], "seed": 0},
        "files": {file: sha256_of(folder / file)},
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def words_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that reads words."""
    return write_model(tmp_path_factory.mktemp("words") / "words-model", WORDS)


@pytest.fixture(scope="session")
def pieces_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that reads word pieces."""
    return write_model(tmp_path_factory.mktemp("pieces") / "pieces-model", PIECES)
