"""The fast forms of the training convolutions compute what torch's plain layers do."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from monitor.errors import SetupError
from training.logos.convolutions import AS_THE_CPU, ConvNorm, depthwise, in_half
from training.logos.dense_network import DenseLogoGraph, DenseLogoNetwork
from training.logos.dense_training import as_input
from training.logos.embedder_network import CropEmbedder, CropEmbedderGraph


@pytest.mark.parametrize(("kernel", "stride"), [(5, 1), (5, 2), (3, 2)])
def test_a_depthwise_convolution_has_torchs_gradients(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 6, 12, 14).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(6, 1, kernel, kernel, requires_grad=True)
    ours = depthwise(x, weight, stride)
    theirs = F.conv2d(x, weight, None, stride, kernel // 2, groups=6)
    assert torch.allclose(ours, theirs, atol=1e-5)
    pull = torch.randn_like(theirs)
    for one, other in zip(
        torch.autograd.grad(ours, (x, weight), pull),
        torch.autograd.grad(theirs, (x, weight), pull),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(("kernel", "stride", "groups"), [(1, 1, 1), (5, 1, 8), (3, 2, 8)])
def test_a_norm_that_keeps_its_statistics_is_folded_without_a_difference(
    kernel: int, stride: int, groups: int
) -> None:
    torch.manual_seed(0)
    layer = ConvNorm(8, 8, kernel, stride, groups)
    norm = layer[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    for values in (norm.running_mean, norm.weight.data, norm.bias.data):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    x = torch.randn(2, 8, 10, 10)
    plain = layer.eval()(x)
    layer.train()
    norm.eval()
    assert torch.allclose(layer(x), plain, atol=1e-4)
    layer(x).square().sum().backward()
    folded = [parameter.grad.clone() for parameter in layer.parameters() if parameter.grad is not None]
    layer.zero_grad()
    layer.eval()(x).square().sum().backward()
    plainly = [parameter.grad for parameter in layer.parameters() if parameter.grad is not None]
    for one, other in zip(folded, plainly, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-2)


def test_bfloat16_stays_close_to_float32() -> None:
    torch.manual_seed(0)
    network = CropEmbedder()
    network.load_imagenet()
    network.train()
    x = torch.randn(4, 3, 96, 96).contiguous(memory_format=torch.channels_last)
    exact = network.maps(x)
    with torch.autocast("cpu", torch.bfloat16):
        close = network.maps(x)
    for one, other in zip(exact, close, strict=True):
        assert other.dtype == torch.bfloat16
        assert F.cosine_similarity(one.flatten(), other.float().flatten(), dim=0) > 0.98


def test_the_exported_graphs_take_pixels_as_the_networks_take_what_training_makes_of_them() -> None:
    """Their stems hold the normalisation; at the border, too."""
    torch.manual_seed(0)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    detector, embedder = DenseLogoNetwork(3), CropEmbedder()
    for network in (detector, embedder):
        network.backbone.load_imagenet()
        network.eval()
    with torch.inference_mode():
        objectness, brands, _ = detector(as_input(list(pixels)))
        found = DenseLogoGraph(detector).eval()(torch.from_numpy(pixels))
        assert torch.allclose(found[0], objectness.flatten(1).sigmoid(), atol=1e-4)
        assert torch.allclose(found[1], brands.flatten(2).softmax(1).transpose(1, 2), atol=1e-4)
        embedded = CropEmbedderGraph([embedder]).eval()(torch.from_numpy(pixels))
        assert torch.allclose(embedded, embedder(as_input(list(pixels))), atol=1e-4)


@pytest.mark.parametrize("fast", [True, False])
def test_half_precision_is_for_cpus_that_multiply_it(
    fast: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert in_half(AS_THE_CPU) is fast
    assert f"convolutions in {'bfloat16' if fast else 'float32'}:" in capsys.readouterr().out
    assert in_half(16)
    assert ("--set bits=32 would be much faster" in capsys.readouterr().out) is not fast
    assert not in_half(32)
    with pytest.raises(SetupError, match="--set bits=8"):
        in_half(8)
