"""A checksum of what is large reads little of it, and tells the ends apart."""

import zlib

import numpy as np
import pytest

from jlstm.training import checksum
from jlstm.training.checksum import array_checksum


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(checksum, "LARGE", 100)
    monkeypatch.setattr(checksum, "BLOCK", 4)
    monkeypatch.setattr(checksum, "BLOCKS", 5)


@pytest.mark.parametrize("kind", ["u1", "<u2", "<u4"])
def test_small_arrays_are_read_whole(kind):
    array = np.arange(100).astype(kind)
    assert array_checksum(array) == zlib.crc32(array)


@pytest.mark.parametrize(
    ("place", "seen"), [(0, True), (3, True), (5, False), (199, True), (150, True)]
)
def test_blocks_of_large_arrays_are_read(small_blocks, place, seen):
    """Blocks of 4 bytes begin at 0, 49, 98, 147 and 196."""
    array = np.zeros(200, np.uint8)
    before = array_checksum(array)
    array[place] = 1
    assert (array_checksum(array) != before) == seen
