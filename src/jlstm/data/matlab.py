"""Whether a MATLAB file is whole: SciPy ends the process with some that are not.

A file of version 5 is a header of 128 bytes and elements: a kind, a size in bytes, and
so many bytes. A matrix holds elements: flags, dimensions, a name, and its numbers, or
matrices if it has cells. Source: MathWorks, "MAT-File Format", R2023b.
"""

import struct
import zlib
from collections.abc import Iterator

HEADER, CELLS = 128, 1
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2}
"""Bytes of a number, by the kind of an element."""
MATRIX, PACKED, FLAGS, SIZES = 14, 15, 6, 5
MOST_BYTES, DEEPEST = 1 << 28, 4


def check_whole(content: bytes) -> None:
    """Raise ValueError for what is not a whole file of matrices of numbers and cells.

    Example:
        >>> check_whole(b"MATLAB 5.0")
        Traceback (most recent call last):
        ValueError: it is no file of version 5, little endian
    """
    if content[124:HEADER] != b"\0\1IM":
        raise ValueError("it is no file of version 5, little endian")
    for kind, data in _elements(content[HEADER:]):
        if kind == PACKED:
            ((kind, data),) = _elements(_unpacked(data))
        _check_matrix(kind, data, 0)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and bytes of the elements that lie one after the other."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError("it is cut off")
        kind, size = struct.unpack_from("<II", data, at)
        start, end = at + 8, at + 8 + size
        if kind >> 16:  # a small one: both in four bytes, and four bytes more
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            end = start + size
            if size > 4:
                raise ValueError("a small element is too large")
        if end > len(data):
            raise ValueError("it is cut off")
        yield kind, data[start:end]
        at = end if kind == PACKED else at + 8 + (size + 7) // 8 * 8 * (start == at + 8)


def _unpacked(data: bytes) -> bytes:
    whole = zlib.decompressobj()
    found = whole.decompress(data, MOST_BYTES)
    if whole.unconsumed_tail or not whole.eof:
        raise ValueError("a packed element is damaged or too large")
    return found


def _check_matrix(kind: int, data: bytes, depth: int) -> None:
    if kind != MATRIX or depth > DEEPEST:
        raise ValueError("it holds something else than matrices")
    parts = list(_elements(data))
    if [kind for kind, _ in parts[:2]] != [FLAGS, SIZES] or len(parts) < 3:
        raise ValueError("a matrix has no flags, sizes or name")
    flags, sizes = parts[0][1], parts[1][1]
    if len(flags) != 8 or len(sizes) % 4 or len(sizes) < 8:
        raise ValueError("a matrix has no sizes")
    count = 1
    for size in struct.unpack(f"<{len(sizes) // 4}I", sizes):
        count *= size
    _check_values(flags, count, parts[3:], depth)


def _check_values(
    flags: bytes, count: int, values: list[tuple[int, bytes]], depth: int
) -> None:
    """Require as many cells, or numbers, as the sizes say."""
    if flags[0] == CELLS:
        if len(values) != count:
            raise ValueError(f"{len(values)} cells are there, {count} are announced")
        for kind, data in values:
            _check_matrix(kind, data, depth + 1)
        return
    widths = [WIDTHS.get(kind) for kind, _ in values]
    if not 6 <= flags[0] <= 15 or flags[1] & 8 or len(values) != 1 or not widths[0]:
        raise ValueError("a matrix holds no real numbers")
    if len(values[0][1]) != count * widths[0]:
        raise ValueError("a matrix has other numbers than its sizes say")
