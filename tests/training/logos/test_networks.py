"""The networks are what they are said to be, learn, go on after a stop, and leave as equal ONNX files."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from monitor.errors import SetupError
from monitor.inference.session import session_options
from monitor.logos.dense import LEVEL_MARGIN, LEVEL_MULTIPLE
from monitor.logos.windows import build_level
from training.data.pictures import AnnotatedPicture
from training.logos.canvases import CanvasMix
from training.logos.dense_export import dense_parity, export_dense
from training.logos.dense_network import DenseLogoNetwork
from training.logos.dense_training import DenseHyper, train_dense
from training.logos.eight_bit import store_in_eight_bits
from training.logos.hyper import overridden
from training.logos.talk_export import export_talk
from training.logos.talk_network import (
    HEIGHT,
    WIDTH,
    SameConv2d,
    TalkNetwork,
    add_penalties,
    renormalise_layers,
)
from training.logos.talk_training import TalkHyper, confusion, probabilities, train_talk, training_crops
from training.logos.training_run import learning_rate_factor


def test_the_talks_layers() -> None:
    network = TalkNetwork()
    shapes = [tuple(layer.weight.shape) for layer in network.weighted_layers()]
    assert shapes == [
        (64, 3, 4, 4),
        (64, 64, 4, 4),
        (96, 64, 4, 4),
        (96, 96, 4, 4),
        (128, 96, 3, 3),
        (128, 128, 3, 3),
        (256, 128, 2, 2),
        (256, 256, 2, 2),
        (1024, 256 * 18 * 5),
        (1024, 1024),
        (2, 1024),
    ]
    assert sum(parameter.numel() for parameter in network.parameters()) == 25_612_354
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0.2, 0.2]
    assert network.eval()(torch.zeros(2, 3, HEIGHT, WIDTH)).shape == (2, 2)


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_same_padding_keeps_the_size_and_the_place(kernel: int) -> None:
    layer = SameConv2d(1, 1, kernel, bias=False)
    nn.init.zeros_(layer.weight)
    layer.weight.data[0, 0, (kernel - 1) // 2, (kernel - 1) // 2] = 1
    x = torch.rand(1, 1, 7, 9)
    assert torch.equal(layer(x), x)


def test_gradients_are_penalised_and_scaled_layer_by_layer() -> None:
    network = TalkNetwork()
    network(torch.rand(2, 3, HEIGHT, WIDTH)).sum().backward()
    layer = network.weighted_layers()[0]
    plain = layer.weight.grad.clone()
    add_penalties(network, l1=1e-4, l2=5e-4)
    expected = plain + 1e-4 * layer.weight.sign() + 5e-4 * layer.weight
    assert torch.allclose(layer.weight.grad, expected)
    renormalise_layers(network)
    for layer in network.weighted_layers():
        norm = torch.sqrt(layer.weight.grad.square().sum() + layer.bias.grad.square().sum())
        assert norm.item() == pytest.approx(1.0, rel=1e-4)


def test_confusion_is_the_talks_table() -> None:
    """The slides' matrix gives the slides' macro precision; their recall is a mean too."""
    found = np.repeat([True, False, True, False], [140, 42, 3, 855])
    wanted = np.repeat([True, True, False, False], [140, 42, 3, 855])
    counts = confusion(found, wanted)
    assert counts["macro_precision"] == pytest.approx(0.9661, abs=1e-4)
    assert counts["macro_recall"] == pytest.approx(0.8829, abs=1e-4)


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    hyper = DenseHyper(steps=1000, warmup=100, decay_share=0.25)
    assert learning_rate_factor(0, hyper) == pytest.approx(0.01)
    assert learning_rate_factor(500, hyper) == 1
    assert learning_rate_factor(875, hyper) == pytest.approx(0.5)
    assert learning_rate_factor(1000, hyper) == 0


def test_unknown_hyper_parameters_are_refused() -> None:
    assert overridden(DenseHyper(), ["steps=7", "clip=2.5"]).clip == 2.5
    with pytest.raises(SetupError, match="head_rate"):
        overridden(DenseHyper(), ["speed=7"])
    with pytest.raises(SetupError, match="int"):
        overridden(DenseHyper(), ["steps=many"])


@pytest.mark.training
def test_the_dense_network_leaves_as_an_equal_file(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    torch.manual_seed(0)
    network = DenseLogoNetwork(3).eval()
    export_dense(network, tmp_path / "model.onnx")
    parity = dense_parity(network, tmp_path / "model.onnx", drawn[:3], "drawn")
    assert parity.inputs == 3
    assert parity.max_abs_diff < 1e-2  # boxes are in pixels


@pytest.mark.training
def test_the_backbone_is_stored_in_eight_bits(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    torch.manual_seed(0)
    exact, stored = tmp_path / "exact.onnx", tmp_path / "stored" / "model.onnx"
    export_dense(DenseLogoNetwork(2), exact)
    store_in_eight_bits(exact, stored, drawn, seed=0)
    assert stored.stat().st_size < exact.stat().st_size / 2
    level = build_level(drawn[0].load(), 208, LEVEL_MARGIN, LEVEL_MULTIPLE).pixels[None]
    sessions = [
        ort.InferenceSession(str(file), session_options(file), providers=["CPUExecutionProvider"])
        for file in (exact, stored)
    ]
    for expected, found in zip(*(session.run(None, {"pixels": level}) for session in sessions), strict=True):
        difference = np.abs(expected - found)
        assert difference.max() > 0
        assert np.median(difference) < 0.05 * max(expected.std(), 1e-6)
    with pytest.raises(SetupError, match="no dense logo model in float32"):
        store_in_eight_bits(stored, tmp_path / "again.onnx", drawn, seed=0)


def test_the_talks_network_leaves_with_small_rounding(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TalkNetwork().eval()
    export_talk(network, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 30_000_000
    windows = np.random.default_rng(0).integers(0, 255, (5, HEIGHT, WIDTH, 3), np.uint8)
    (found,) = ort.InferenceSession(str(tmp_path / "model.onnx")).run(None, {"pixels": windows})
    assert np.abs(found[:, 1] - probabilities(network, windows)).max() < 0.02


@pytest.mark.training
def test_a_stopped_dense_run_ends_as_an_unbroken_one(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    hyper = DenseHyper(steps=4, batch=4, warmup=2, mine_every=3, checkpoint_every=2)
    whole = train_dense(drawn, ("bar", "disc"), tmp_path / "whole", hyper, CanvasMix())
    # The learning rate looks at the planned steps, so the first part is cut off rather than planned shorter.
    with pytest.raises(KeyboardInterrupt):
        _cut_off_after(2, drawn, tmp_path / "parts", hyper)
    parts = train_dense(drawn, ("bar", "disc"), tmp_path / "parts", hyper, CanvasMix())
    for (name, one), (_, other) in zip(whole.state_dict().items(), parts.state_dict().items(), strict=True):
        assert torch.equal(one, other), name
    with pytest.raises(SetupError, match="other labels"):
        train_dense(drawn, ("bar", "disc", "ring"), tmp_path / "parts", hyper, CanvasMix())


def _cut_off_after(steps: int, pictures: list[AnnotatedPicture], run: Path, hyper: DenseHyper) -> None:
    """As Ctrl-C does it: the exception comes while the next step is being computed."""
    from training.logos import dense_training

    real, calls = dense_training.dense_loss, 0

    def interrupted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls > steps:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense_training, "dense_loss", interrupted)
        train_dense(pictures, ("bar", "disc"), run, hyper, CanvasMix())


@pytest.mark.training
def test_the_dense_network_learns_two_drawn_logos(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    hyper = DenseHyper(steps=60, batch=8, warmup=10, mine_every=1000, average=0.9)
    network = train_dense(drawn, ("bar", "disc"), tmp_path, hyper, CanvasMix())
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    first, last = (sum(json.loads(line)[part] for part in ("logo", "box", "brand")) for line in lines[::2])
    assert last < 0.7 * first
    assert not network.training


@pytest.mark.training
def test_a_stopped_talk_run_ends_as_an_unbroken_one(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    hyper = TalkHyper(
        brand="disc", epochs=2, batch=8, positives=16, negatives=16, rate=1e-3, first_dense_rate=1e-4
    )
    crops = training_crops(drawn, hyper)
    assert crops.is_brand.sum() == 16
    whole = train_talk(crops, crops, tmp_path / "whole", hyper)
    train_talk(crops, crops, tmp_path / "parts", overridden(hyper, ["epochs=1"]))
    parts = train_talk(crops, crops, tmp_path / "parts", hyper)
    for (name, one), (_, other) in zip(whole.state_dict().items(), parts.state_dict().items(), strict=True):
        assert torch.equal(one, other), name
