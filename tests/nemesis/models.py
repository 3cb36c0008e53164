"""Models as small as they get, so that thousands of records a second pass: a bag of words for texts, the mean
colour for pictures. With them the brands watched."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx

from monitor.inference.manifest import sha256_of
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary

GOOD: Final = ("love", "great", "wonderful", "best", "happy", "fast", "solid", "thanks")
BAD: Final = ("hate", "awful", "broken", "worst", "angry", "slow", "refund", "never")
PLAIN: Final = (
    "the",
    "phone",
    "cloud",
    "ticket",
    "today",
    "again",
    "store",
    "video",
    "game",
    "coffee",
    "work",
)

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
BRANDS: Final = tuple(f"{first.upper()}q{second}zon" for first in _LETTERS for second in _LETTERS[:8])
"""208 names that nothing else looks like."""

SENTIMENT: Final = "tiny-sentiment"
LOGOS: Final = "tiny-logos"


def write_models(folder: Path) -> None:
    """Model folders `SENTIMENT` and `LOGOS`, and brands.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_sentiment(folder / SENTIMENT)
    _write_logos(folder / LOGOS)
    logos = {BRANDS[0]: "red", BRANDS[1]: "green", BRANDS[2]: "blue"}
    lines = []
    for name in BRANDS:
        lines += ["[[brand]]", f'name = "{name}"']
        if name in logos:
            lines.append(f'logos = ["{logos[name]}"]')
        if name == BRANDS[0]:
            lines.append("own = true")
    (folder / "brands.toml").write_text("\n".join(lines) + "\n")


def _write_sentiment(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    vocabulary = Vocabulary([*SPECIAL, NAME, *GOOD, *BAD, *PLAIN])
    vocabulary.save(folder)
    rng = np.random.default_rng(0)
    words = rng.normal(0, 0.05, (len(vocabulary), 3)).astype(np.float32)
    for row, word in enumerate(vocabulary.words):
        words[row] += np.array([0.6, 0, 0] if word in BAD else [0, 0, 0.6] if word in GOOD else [0, 0.1, 0])
    words[0] = 0  # padding says nothing
    places = rng.normal(0, 0.1, (400, 3)).astype(np.float32)
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["": 18]>
        bag (int32[batch, length] tokens, int32[rows, 3] questions) => (float[rows, 3] probabilities)
        <float[words, 3] words, float[places, 3] places, int64[1] along = {1},
         int64 window = {0}, int64 first = {1}>
        {
            each = Gather (words, tokens)
            said = ReduceSum <keepdims = 0> (each, along)
            windows = Gather <axis = 1> (questions, window)
            firsts = Gather <axis = 1> (questions, first)
            whole = Gather (said, windows)
            there = Gather (places, firsts)
            logits = Add (whole, there)
            probabilities = Softmax <axis = 1> (logits)
        }
    """)
    for name, values in (("words", words), ("places", places)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    onnx.save(model, folder / "model.onnx")
    _write_manifest(
        folder,
        name=SENTIMENT,
        task="sentiment",
        architecture="bag-of-words",
        inputs=[
            {"name": "tokens", "shape": ["batch", "length"], "type": "int32"},
            {"name": "questions", "shape": ["rows", 3], "type": "int32"},
        ],
        outputs=[{"name": "probabilities", "shape": ["rows", 3], "type": "float32"}],
        preprocessing={"tokenizer": "words", "head": 256, "tail": 64, "questions": True},
        labels=["negative", "neutral", "positive"],
        files={"words.txt": sha256_of(folder / "words.txt")},
    )


def _write_logos(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["": 18]>
        hue (uint8[batch, height, width, 3] pixels)
            => (float[batch, 1] objectness, float[batch, 1, 3] brands, float[batch, 1, 4] boxes)
        <float all = {255.0}, int64[2] middle = {1, 2}, int64[1] last = {1}, float none = {0.0},
         float[1, 1, 4] box = {24.0, 24.0, 64.0, 60.0}>
        {
            values = Cast <to = 1> (pixels)
            scaled = Div (values, all)
            means = ReduceMean <keepdims = 0> (scaled, middle)
            objectness = ReduceMax <keepdims = 1> (means, last)
            brands = Unsqueeze (means, last)
            zero = Mul (objectness, none)
            nothing = Unsqueeze (zero, last)
            boxes = Add (nothing, box)
        }
    """)
    onnx.save(model, folder / "model.onnx")
    _write_manifest(
        folder,
        name=LOGOS,
        task="logos",
        architecture="dense-pyramid",
        inputs=[{"name": "pixels", "shape": ["batch", "height", "width", 3], "type": "uint8"}],
        outputs=[
            {"name": "objectness", "shape": ["batch", 1], "type": "float32"},
            {"name": "brands", "shape": ["batch", 1, 3], "type": "float32"},
            {"name": "boxes", "shape": ["batch", 1, 4], "type": "float32"},
        ],
        preprocessing={"levels": [64]},
        labels=["blue", "green", "red"],
        thresholds={"blue": 0.3, "green": 0.3, "red": 0.3},
    )


def _write_manifest(folder: Path, **fields: Any) -> None:
    manifest = {
        "version": "1",
        "sha256": sha256_of(folder / "model.onnx"),
        "thresholds": {},
        "metrics": [],
        "parity": {"max_abs_diff": 0.0, "inputs": 0, "dataset": "none"},
        "opset": 18,
        "training": {"command": "tests/nemesis/models.py", "data": [], "seed": 0},
        **fields,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
