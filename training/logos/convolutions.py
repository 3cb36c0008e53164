"""Convolutions with batch norm, in the form in which they train fastest on a CPU.

Training runs under bfloat16 autocast on CPUs that multiply it in hardware (AVX512-BF16, AMX), where 1x1
convolutions take half the time; on others bfloat16 takes up to thirty times as long. Two things would eat the
gain up and are done by hand here. torch's gradients of depthwise convolutions of 5x5, or with a stride, are
ten times slower in bfloat16 than in float32; those of 5x5 are slow in both, and done by hand in both. And a
batch norm that keeps its statistics is no more than a factor and a shift: they go into the convolution's
weights instead of over its whole output. Neither changes what is computed, beyond rounding; exported are the
plain layers.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from monitor.errors import SetupError

AS_THE_CPU: Final = 0
"""`bits` for whichever of 16 and 32 this CPU is faster with."""
_BN_EPSILON: Final = 1e-3  # of the TensorFlow original
_FAST_KERNEL: Final = 3


def in_half(bits: int) -> bool:
    """Whether convolutions train in bfloat16, said on the terminal; `bits` 16, 32, or `AS_THE_CPU`.

    Raises `SetupError` for other bits.
    """
    if bits not in (AS_THE_CPU, 16, 32):
        raise SetupError(
            f"--set bits={bits}: 16 is bfloat16, 32 float32, {AS_THE_CPU} what this CPU does faster"
        )
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    half = fast if bits == AS_THE_CPU else bits == 16
    print(
        f"convolutions in {'bfloat16' if half else 'float32'}: this CPU "
        f"{'multiplies' if fast else 'does not multiply'} bfloat16 in hardware"
        + ("; --set bits=32 would be much faster" if half and not fast else ""),
        flush=True,
    )
    return half


class ConvNorm(nn.Sequential):
    """A convolution without bias and its batch norm; padding keeps the grid aligned at every stride."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=_BN_EPSILON),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        convolution, norm = self[0], self[1]
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        if norm.training or not self.training:
            normed: Tensor = norm(_convolved(x, convolution.weight, None, convolution))
            return normed
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = convolution.weight * factor[:, None, None, None]
        return _convolved(x, weight, norm.bias - norm.running_mean * factor, convolution)


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None, like: nn.Conv2d) -> Tensor:
    stride, padding = like.stride[0], like.kernel_size[0] // 2
    half = torch.is_autocast_enabled("cpu")
    large = like.kernel_size[0] > _FAST_KERNEL
    slow = (large and like.training) or (half and (large or stride > 1))
    if like.groups > 1 and slow:
        kind = torch.get_autocast_dtype("cpu") if half else x.dtype
        y = depthwise(x.to(kind), weight.to(kind), stride)
        return y if bias is None else y + bias.to(kind)[:, None, None]
    return F.conv2d(x, weight, bias, stride, padding, groups=like.groups)


def depthwise(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """A depthwise convolution of 5x5, or 3x3 with a stride of 2, that is fast to differentiate.

    `x` (N, C, H, W) in channels-last memory, `weight` (C, 1, K, K); padded by half of the kernel.
    """
    y: Tensor = _Depthwise.apply(x, weight, stride)  # type: ignore[no-untyped-call]
    return y


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution, 5x5 or with a stride, whose gradients are made of operations that are fast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        (gradient,) = gradients
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        if ctx.stride > 1:
            return (*_in_float(x, weight, gradient, ctx.stride), None)
        # With stride 1 the input's gradient is a convolution with the turned kernel.
        to_input = F.conv2d(gradient, weight.flip(2, 3), None, 1, 2, groups=len(weight))
        return to_input, _to_weight(x, gradient) if ctx.needs_input_grad[1] else None, None


def _in_float(x: Tensor, weight: Tensor, gradient: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    to_input, to_weight, _ = torch.ops.aten.convolution_backward(
        gradient.float(),
        x.float(),
        weight.float(),
        None,
        [stride, stride],
        [weight.shape[-1] // 2] * 2,
        [1, 1],
        False,
        [0, 0],
        len(weight),
        [True, True, False],
    )
    return to_input.to(x.dtype), to_weight.to(weight.dtype)


def _to_weight(x: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of a 5x5 kernel in four quarters of 3x3, for which there is a fast way."""
    channels, height, width = x.shape[1:]
    padded = F.pad(x, (2, 2, 2, 2))
    kernel = x.new_empty(channels, 1, 3, 3)
    whole = x.new_empty(channels, 1, 5, 5)
    for top in (0, 2):
        for left in (0, 2):
            part = padded[:, :, top : top + height + 2, left : left + width + 2]
            whole[:, :, top : top + 3, left : left + 3] = torch.ops.aten.convolution_backward(
                gradient,
                part.contiguous(memory_format=torch.channels_last),
                kernel,
                None,
                [1, 1],
                [0, 0],
                [1, 1],
                False,
                [0, 0],
                channels,
                [False, True, False],
            )[1]
    return whole
