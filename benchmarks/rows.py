"""The sizes that are timed, and the multiplications that each of them needs."""

from typing import NamedTuple

import numpy as np

GATES = {"lstm": 4, "gru": 3}
"""Gates of the cells that every library has."""


class Row(NamedTuple):
    """One size: time, batch, input and hidden units, and what the layers are like.

    ``padded``: the sequences have different lengths, from a third of ``steps`` on.
    """

    steps: int
    batch: int
    input_size: int
    hidden_size: int
    layers: int = 1
    bidirectional: bool = False
    padded: bool = False

    def __str__(self) -> str:
        sizes = ",".join(map(str, self[:4]))
        layers = f",{self.layers}" if self.layers > 1 else ""
        both = ",both" if self.bidirectional else ""
        return sizes + layers + both + (",lengths" if self.padded else "")

    @property
    def directions(self) -> int:
        """Two of a bidirectional layer, else one."""
        return 2 if self.bidirectional else 1

    @property
    def is_plain(self) -> bool:
        """Whether it is one layer from left to right, without lengths."""
        return self == Row(*self[:4])

    def input_sizes(self) -> list[int]:
        """Return the input size of every layer."""
        inner = self.directions * self.hidden_size
        return [self.input_size, *[inner] * (self.layers - 1)]

    def lengths(self) -> np.ndarray:
        """Return how many steps of each sequence count; the longest has all."""
        if not self.padded:
            return np.full(self.batch, self.steps, np.int32)
        return np.linspace(self.steps // 3 + 1, self.steps, self.batch).astype(np.int32)


ROWS = (
    Row(35, 20, 200, 200),
    Row(35, 20, 650, 650),
    Row(128, 32, 256, 256),
    Row(100, 16, 64, 64),
    Row(128, 64, 32, 128),
    Row(64, 256, 64, 128),
    Row(1000, 1, 128, 128),
    Row(16, 1024, 64, 128),
    Row(512, 8, 512, 512),
    Row(64, 32, 128, 128, layers=2, bidirectional=True, padded=True),
)
QUICK_ROWS = (Row(35, 20, 200, 200), Row(16, 4, 16, 16, 2, True, True))
OWN_ROWS = (ROWS[0], ROWS[2], ROWS[3])
"""For the cells that no other library has."""
COMPILE_ROWS = (ROWS[0], ROWS[6], ROWS[9])
"""Compile time hardly depends on sizes: a short, a long and a deep row are enough."""


def parse_row(text: str) -> Row:
    """Read a row as it prints: ``T,B,I,H[,LAYERS][,both][,lengths]``.

    Raises:
        ValueError: ``text`` is no row.
    """
    words = text.split(",")
    padded = words[-1] == "lengths"
    words = words[:-1] if padded else words
    both = words[-1:] == ["both"]
    words = words[:-1] if both else words
    sizes = [int(word) for word in words if word.isdecimal()]
    if len(sizes) != len(words) or len(sizes) not in (4, 5) or min(sizes) < 1:
        raise ValueError(
            f"{text!r} is no row; write T,B,I,H[,LAYERS][,both][,lengths], "
            "such as 35,20,200,200 or 64,32,128,128,2,both,lengths."
        )
    layers = sizes[4] if len(sizes) == 5 else 1
    return Row(*sizes[:4], layers, both, padded)


def flops(cell: str, mode: str, row: Row) -> float:
    """Return the operations in the matrix products that ``mode`` cannot do without.

    A multiplication and an addition are two. Steps beyond a sequence's length count
    nothing, though a library may compute them. Backward is twice forward.
    """
    hidden = row.hidden_size
    count = row.batch if mode == "step" else int(row.lengths().sum())
    each = sum(size + hidden for size in row.input_sizes()) * GATES[cell] * hidden
    forward = 2.0 * count * row.directions * each
    return 3 * forward if mode == "both" else forward
