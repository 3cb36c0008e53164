"""What the gallery holds: for each brand the embeddings of its reference pictures and its threshold.

Everything here is data: it goes to the database and comes back, as numbers in MessagePack and JSON. Nothing
that is read can run.
"""

from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError

Embeddings = NDArray[np.float32]
"""(N, D), each row of length 1."""

Method = Literal["order-statistic", "tail-extrapolation"]

_MOST_VALUES: Final = 4096 * 1024
"""Numbers in one packed matrix; a brand has some dozens of rows, so more is damage."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Why a brand's threshold is what it is; see `monitor.logos.gallery.calibration` for the statistics."""

    false_alarm_rate: float
    """Share of pictures without the brand that may be said to show it, 0..1: what was asked for."""
    confidence: float
    """That the true rate is no higher, as far as the negatives speak for the pictures to come, 0..1."""
    proposals: int
    """Boxes a picture may bring; each gets this part of the rate."""
    negatives: int
    """Boxes without the brand that were compared with it."""
    nearest_negative: float
    """Similarity of the one most like the brand, -1..1."""
    method: Method
    margin: float
    """What nine in ten views of the references reach in similarity to the others, less the threshold. Under
    0: such a picture of the logo is missed."""


class GalleryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One brand: `embeddings` (N, D) of its references, and the similarity from which a box is called by
    its name."""

    brand: str
    embeddings: Embeddings
    threshold: float
    calibration: Calibration


class Gallery(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of one version that one embedder made. Version 0 is the gallery nobody has put anything
    in."""

    version: int = 0
    entries: tuple[GalleryEntry, ...] = ()
    stale: tuple[str, ...] = ()
    """Brands whose embeddings another embedder made: they cannot be compared, so they are not found."""


class _Matrix(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    rows: Annotated[int, msgspec.Meta(ge=1)]
    columns: Annotated[int, msgspec.Meta(ge=1)]
    values: bytes
    """Little-endian float32, row by row."""


def pack(embeddings: Embeddings) -> bytes:
    """Embeddings as MessagePack: rows, columns, float32 values."""
    rows, columns = embeddings.shape
    return msgspec.msgpack.encode(_Matrix(rows, columns, embeddings.astype("<f4").tobytes()))


def unpack(packed: bytes, whose: str) -> Embeddings:
    """The embeddings that `pack` packed. Raises `SetupError` naming `whose` they are where they are
    damaged."""
    try:
        matrix = msgspec.msgpack.decode(packed, type=_Matrix)
    except msgspec.DecodeError as error:
        raise _damaged(whose, str(error)) from error
    if matrix.rows * matrix.columns > _MOST_VALUES or len(matrix.values) != 4 * matrix.rows * matrix.columns:
        raise _damaged(whose, f"{len(matrix.values):,} bytes for {matrix.rows} x {matrix.columns} numbers")
    values = np.frombuffer(matrix.values, "<f4").reshape(matrix.rows, matrix.columns).astype(np.float32)
    if not np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-3):  # NaN fails, too
        raise _damaged(whose, "they are not of length 1")
    return values


def _damaged(whose: str, fault: str) -> SetupError:
    return SetupError(
        f"gallery embeddings of {whose!r} are damaged: {fault}; run `brand-monitor brands rebuild`"
    )
