"""Labelled sequences larger than memory: a folder of ``.npy`` files, read as needed.

``values.npy`` has the steps of all records one after another, a row for each;
``lengths.npy`` the steps of each record, ``labels.npy`` its class or number, and
``checksums.npy`` the CRC-32 of its bytes, if it is there. Memory holds the three small
ones, 8 bytes or less for each record in each, and the records of a batch.
"""

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, overload

import numpy as np
from jaxtyping import Float32, Integer, Real

OnError = Literal["raise", "skip"]
VALUES, LENGTHS, LABELS = "values.npy", "lengths.npy", "labels.npy"
CHECKSUMS = "checksums.npy"
SHOWN = 5
"""Broken records that are named when they are left out; all are counted."""
SAMPLES = 256
"""Records that tell data without checksums from other data."""


class BrokenRecordError(ValueError):
    """A record of the data is damaged."""


class Records(Sequence[np.ndarray]):
    """The sequences in a folder, each read from disk when it is asked for.

    A broken record, whose bytes do not have its checksum or are not there any more, or
    whose numbers are not finite in float32, is an error; or it is counted, and has no
    steps, which batches leave out. That all of them are broken is an error.

    Args:
        folder: that holds the files.
        on_error: ``"raise"`` or ``"skip"`` what is broken.
        rows: which of the records; all by default.

    Attributes:
        labels: of the records, zeros where the folder has none.
        lengths: steps of the records.
        skipped: the broken records that were met, by their number in the folder.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: files are damaged as a whole, or do not fit each other.

    Example:
        >>> import tempfile
        >>> from jlstm.data.record_writer import write_records
        >>> folder = tempfile.mkdtemp()
        >>> write_records(folder, [(np.ones((2, 3)), 1), (np.zeros((5, 3)), 0)])
        >>> records = Records(folder)
        >>> len(records), records.lengths.tolist(), records[0].shape
        (2, [2, 5], (2, 3))
    """

    def __init__(
        self,
        folder: str | Path,
        on_error: OnError = "raise",
        rows: Integer[np.ndarray, " n"] | None = None,
    ) -> None:
        self.folder, self.on_error = Path(folder), on_error
        all_lengths = _loaded(self.folder / LENGTHS)
        self._values = _header(self.folder / VALUES)
        _check(self.folder, self._values, all_lengths)
        self._rows = np.arange(len(all_lengths)) if rows is None else rows
        self._starts = (np.cumsum(all_lengths) - all_lengths)[self._rows]
        self.lengths = all_lengths[self._rows].astype(np.int64)
        self.labels = self._column(LABELS, len(all_lengths), np.zeros(1, np.int64))
        self.skipped: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, row: int | np.integer) -> np.ndarray: ...

    @overload
    def __getitem__(self, row: slice) -> "Records": ...

    def __getitem__(self, row: int | np.integer | slice) -> "np.ndarray | Records":
        if isinstance(row, slice):
            return self.take(np.arange(len(self))[row])
        read = self._read(row)
        with np.errstate(over="ignore"):  # what overflows is not finite, and told
            found = read.astype(np.float32)
        why = self._broken(read, found, row)
        return self._refuse(int(self._rows[row]), why) if why else found

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self.__getitem__, range(len(self)))

    @property
    def size(self) -> int:
        """Numbers of a step."""
        return self._values.shape[1]

    def take(self, rows: Integer[np.ndarray, " k"]) -> "Records":
        """Return some of the records."""
        return Records(self.folder, self.on_error, self._rows[rows])

    def whole(self) -> "Records":
        """Read all records once and return those that are not broken."""
        good = [n for n in range(len(self)) if len(self[n]) == self.lengths[n]]
        found = self.take(np.array(good, int))
        found.skipped = self.skipped
        return found

    def checksum(self) -> list[int]:
        """Return the number of records and of steps, and a digest.

        Of the values it is that of their checksums, or else of a few records.
        """
        told: list[np.ndarray] = [self.lengths, self.labels, self._rows]
        if self._checksums is None:
            few = np.unique(np.linspace(0, len(self) - 1, SAMPLES).astype(int))
            told += [self._read(int(row)) for row in few]
        else:
            told.append(self._checksums)
        digest = 0
        for one in told:
            digest = zlib.crc32(np.ascontiguousarray(one), digest)
        return [len(self), int(self.lengths.sum()), digest]

    @cached_property
    def _checksums(self) -> Integer[np.ndarray, " n"] | None:
        if not (self.folder / CHECKSUMS).exists():
            return None
        return self._column(CHECKSUMS, len(_loaded(self.folder / LENGTHS)))

    def _column(
        self, name: str, count: int, fill: np.ndarray | None = None
    ) -> Real[np.ndarray, " n"]:
        path = self.folder / name
        if fill is not None and not path.exists():
            return np.resize(fill, len(self))
        found = _loaded(path)
        if found.shape != (count,):
            raise ValueError(
                f"{path} has shape {found.shape}, {LENGTHS} has {count} records: give "
                "a number for each."
            )
        return found[self._rows]

    def _read(self, row: int | np.integer) -> Real[np.ndarray, "t x"]:
        """Return what the file has; a plain read, so that a bad disk is an error.

        Of a record that is not wholly there any more it is the steps that are.
        """
        values, start = self._values, int(self._starts[row])
        found = np.fromfile(
            self.folder / VALUES,
            values.dtype,
            int(self.lengths[row]) * self.size,
            offset=values.offset + start * self.size * values.dtype.itemsize,
        )
        return found[: len(found) // self.size * self.size].reshape(-1, self.size)

    def _broken(
        self, read: np.ndarray, found: np.ndarray, row: int | np.integer
    ) -> str:
        """Return why a record is not what was written; nothing if it is."""
        if len(read) < self.lengths[row]:
            return f"{VALUES} ends before it does"
        if self._checksums is not None and zlib.crc32(read) != self._checksums[row]:
            return "its bytes do not have its checksum"
        finite = bool(np.isfinite(found).all())
        return "" if finite else "it has numbers that are not finite in float32"

    def _refuse(self, number: int, why: str) -> Float32[np.ndarray, "0 x"]:
        told = f"Record {number} in {self.folder} is broken: {why}"
        if self.on_error == "raise":
            raise BrokenRecordError(
                f"{told}. Write it again, or leave such ones out by data.on_error=skip."
            )
        if number not in self.skipped and len(self.skipped) < SHOWN:
            print(f"{told}; it is left out.", flush=True)
        self.skipped.add(number)
        if len(self.skipped) == len(self):
            raise BrokenRecordError(
                f"All {len(self)} records of a part in {self.folder} are broken; of "
                f"record {number}: {why}. Write them again."
            )
        return np.zeros((0, self.size), np.float32)


def _loaded(path: Path) -> Real[np.ndarray, "..."]:
    """Return a small array of numbers."""
    _exists(path)
    try:
        found = np.load(path)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no whole .npy file ({error}).") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iuf":
        raise ValueError(f"{path} holds no numbers: give an array of numbers.")
    return found


def _header(path: Path) -> np.memmap:
    """Return an array of which only type, shape and place in the file are used."""
    _exists(path)
    try:
        return np.lib.format.open_memmap(path, "r")
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no whole .npy file ({error}).") from None


def _exists(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(
            f"No file at {path}: a folder of records holds {VALUES}, {LENGTHS} and "
            f"{LABELS}."
        )


def _check(folder: Path, values: np.ndarray, lengths: np.ndarray) -> None:
    """Raise unless the files of a folder fit each other."""
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not values.shape[1]:
        raise ValueError(
            f"{folder / VALUES} has shape {values.shape} and type {values.dtype}: give "
            "numbers, a row for each step of all records."
        )
    if not values.flags.c_contiguous:
        raise ValueError(f"{folder / VALUES} has its columns first: give rows first.")
    counts = lengths.ndim == 1 and lengths.dtype.kind in "iu" and len(lengths)
    if not counts or lengths.min() < 1:
        raise ValueError(
            f"{folder / LENGTHS} has shape {lengths.shape} and type {lengths.dtype}: "
            "give whole numbers above 0, one for each record."
        )
    steps = lengths.sum(dtype=np.float64)  # which does not wrap around
    if steps != len(values):
        raise ValueError(
            f"{folder / LENGTHS} counts {steps:.0f} steps, "
            f"{VALUES} has {len(values)}: give the steps of each record."
        )
