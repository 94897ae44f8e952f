"""Writing records that do not fit in memory; :mod:`jlstm.data.records` reads them."""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from jlstm.data.records import CHECKSUMS, LABELS, LENGTHS, VALUES


def write_records(
    folder: str | Path, records: Iterable[tuple[np.ndarray, int | float | np.number]]
) -> None:
    """Write sequences and their labels, one after another, with checksums.

    The file that counts the records is written last: a folder without it is not whole.

    Args:
        folder: is made if it is not there; files in it are replaced.
        records: sequences with time first, all of one type and width, and a label each,
            the number of a class or a number to predict.

    Raises:
        ValueError: there is no record, one is empty, or one is unlike the first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LENGTHS).unlink(missing_ok=True)
    lengths, labels, sums = [], [], []
    with (folder / VALUES).open("wb") as file:
        first = None
        for one, label in records:
            first = _first(file, one) if first is None else first
            _check(one, first, len(lengths))
            data = np.ascontiguousarray(one)
            file.write(data)
            lengths.append(len(one))
            labels.append(label)
            sums.append(zlib.crc32(data))
        if first is None:
            raise ValueError(f"There is no record to write to {folder}: give one.")
        _head(file, sum(lengths), first)
    np.save(folder / LABELS, np.array(labels))
    np.save(folder / CHECKSUMS, np.array(sums, np.uint32))
    np.save(folder / LENGTHS, np.array(lengths, np.int64))


def _first(file: BinaryIO, one: np.ndarray) -> np.ndarray:
    """Leave room for the header, whose size does not depend on the number of rows."""
    _check(one, one, 0)
    _head(file, 0, one)
    return one[:0]


def _head(file: BinaryIO, rows: int, like: np.ndarray) -> None:
    file.seek(0)
    np.lib.format.write_array_header_1_0(
        file,
        {
            "shape": (rows, like.shape[1]),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(like.dtype),
        },
    )


def _check(one: np.ndarray, first: np.ndarray, number: int) -> None:
    if one.ndim != 2 or not one.size:
        raise ValueError(
            f"Record {number} has shape {one.shape}: give steps by features, at least "
            "one of each."
        )
    if one.shape[1] != first.shape[1] or one.dtype != first.dtype:
        raise ValueError(
            f"Record {number} has {one.shape[1]} features of {one.dtype}, the first "
            f"one has {first.shape[1]} of {first.dtype}: give the same."
        )
