"""Embeddings survive the way to the database and back; damage is told, nothing that is read can run."""

import pickle

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.logos.gallery.embedder import unit
from monitor.logos.gallery.entries import pack, unpack


@given(st.integers(1, 30), st.integers(2, 300), st.integers(0, 2**32 - 1))
def test_embeddings_come_back_as_they_were(rows: int, columns: int, seed: int) -> None:
    embeddings = unit(np.random.default_rng(seed).normal(0, 1, (rows, columns)).astype(np.float32))
    back = unpack(pack(embeddings), "Acme")
    np.testing.assert_array_equal(back, embeddings)
    assert back.dtype == np.float32
    back[0, 0] = 0  # a copy of one's own, not a view of bytes


@given(st.binary(max_size=200))
def test_any_other_bytes_are_told_to_be_damaged(data: bytes) -> None:
    with pytest.raises(SetupError, match="'Acme' are damaged"):
        unpack(data, "Acme")


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 2, b"1234567"),
        (2**40, 2**40, b""),
        (0, 4, b""),
        (1, 2, np.array([3, 4], "<f4").tobytes()),
        (1, 2, np.array([np.nan, 1], "<f4").tobytes()),
    ],
)
def test_matrices_that_are_not_unit_vectors_are_damaged(matrix: tuple[int, int, bytes]) -> None:
    with pytest.raises(SetupError, match="brands rebuild"):
        unpack(msgspec.msgpack.encode(matrix), "Acme")


def test_a_cut_off_matrix_is_damaged() -> None:
    packed = pack(np.eye(3, dtype=np.float32))
    for length in range(len(packed)):
        with pytest.raises(SetupError):
            unpack(packed[:length], "Acme")


def test_pickles_are_not_opened() -> None:
    with pytest.raises(SetupError):
        unpack(pickle.dumps(np.eye(3)), "Acme")
