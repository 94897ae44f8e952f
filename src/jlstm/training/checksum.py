"""What tells whether the data of a run is still the same."""

import zlib
from collections.abc import Sequence

import numpy as np

from jlstm.data.records import Records

LARGE = 1 << 28
BLOCK, BLOCKS = 1 << 14, 4096


def array_checksum(array: np.ndarray) -> int:
    """Return a checksum of an array: of all of it, or of a sample where it is large.

    Beyond 256 MiB it is that of 4096 blocks of 16 KiB, evenly spread, the first and the
    last among them, so that a start does not read all of what is mapped.

    Example:
        >>> array_checksum(np.zeros(2)) == zlib.crc32(np.zeros(2))
        True
    """
    if array.nbytes <= LARGE:
        return zlib.crc32(array)
    data, found = array.reshape(-1).view(np.uint8), 0
    for start in np.linspace(0, array.nbytes - BLOCK, BLOCKS).astype(np.int64):
        found = zlib.crc32(data[start : start + BLOCK], found)
    return found


def checksum(sequences: Sequence[np.ndarray]) -> list[int]:
    """Return the number of sequences and of all their steps, and a checksum.

    Records on disk are not read for it, see :class:`jlstm.data.records.Records`.

    Example:
        >>> checksum([np.zeros(2), np.zeros(3)])[:2]
        [2, 5]
        >>> checksum([np.zeros(2)]) == checksum([np.ones(2)])
        False
    """
    if isinstance(sequences, Records):
        return sequences.checksum()
    sums = [zlib.crc32(np.ascontiguousarray(one)) for one in sequences]
    return [len(sequences), sum(map(len, sequences)), zlib.crc32(np.array(sums))]
