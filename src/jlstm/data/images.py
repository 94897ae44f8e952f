"""MNIST as sequences: row by row, pixel by pixel, and pixels in a fixed random order.

These are three tasks. Row by row, 28 steps of 28 pixels, is easy; "sequential MNIST" is
784 steps of one pixel; "permuted" is that in one order drawn once for all images, so
accuracies under two permutations are not strictly comparable: the seed is part of the
result.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer, Shaped, UInt8

from jlstm.data.archive import read_bytes
from jlstm.data.fetch import fetch

_BYTES = 0x08  # the type of an idx file's values


class Images(NamedTuple):
    """Images and the digit on each."""

    images: UInt8[np.ndarray, "n row column"]
    labels: UInt8[np.ndarray, " n"]

    def take(self, rows: Shaped[np.ndarray, " k"] | slice) -> "Images":
        """Return the images at ``rows``."""
        return Images(self.images[rows], self.labels[rows])


def load_mnist(valid: int = 5_000) -> dict[str, Images]:
    """Return train, valid and test; valid is the end of the 60,000 training images.

    Args:
        valid: how many images to keep out of training.

    Raises:
        ValueError: it leaves nothing to train on, or as ``jlstm.data.fetch``.
        FileNotFoundError: as ``jlstm.data.fetch``.
    """
    if not 0 <= valid < 60_000:
        raise ValueError(f"valid must be from 0 to 59999, got {valid}.")
    parts = {part: read_idx(path) for part, path in fetch("mnist").items()}
    train = Images(parts["train_images"], parts["train_labels"])
    cut = len(train.labels) - valid
    return {
        "train": train.take(slice(cut)),
        "valid": train.take(slice(cut, None)),
        "test": Images(parts["test_images"], parts["test_labels"]),
    }


def read_idx(path: str | Path) -> UInt8[np.ndarray, "..."]:
    """Read an idx file of bytes, which may be gzipped.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is something else, or cut short.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a-idx1-ubyte")
        >>> _ = Path(name).write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
        >>> read_idx(name)
        array([7, 9], dtype=uint8)
    """
    content = read_bytes(path)
    typed = len(content) > 3 and content[:3] == bytes([0, 0, _BYTES])
    axes = content[3] if typed else 0
    start = 4 + 4 * axes
    if axes and len(content) >= start:
        shape = struct.unpack(f">{axes}I", content[4:start])
        if len(content) - start == np.prod(shape):
            return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    raise ValueError(
        f"{path} is not a whole idx file of bytes: it has {len(content)} bytes and "
        f"begins with {content[:4].hex() or 'nothing'}."
    )


def as_rows(
    images: UInt8[np.ndarray, "n row column"],
) -> Float32[np.ndarray, "row n column"]:
    """Return images as sequences of their rows, time first, values 0 to 1.

    Example:
        >>> as_rows(np.full((5, 28, 28), 255, np.uint8)).shape
        (28, 5, 28)
    """
    return np.moveaxis(images, 1, 0).astype(np.float32) / np.float32(255)


def as_pixels(
    images: UInt8[np.ndarray, "n row column"],
    order: Integer[np.ndarray, " t"] | None = None,
) -> Float32[np.ndarray, "t n 1"]:
    """Return images as sequences of single pixels, time first, values 0 to 1.

    Args:
        images: the images.
        order: which pixel comes at each step; None for row after row.

    Example:
        >>> as_pixels(np.full((5, 28, 28), 255, np.uint8)).shape
        (784, 5, 1)
    """
    flat = images.reshape(len(images), -1)
    flat = flat if order is None else flat[:, order]
    return flat.T[..., None].astype(np.float32) / np.float32(255)


def pixel_order(seed: int, pixels: int = 784) -> Integer[np.ndarray, " t"]:
    """Return the order of permuted MNIST: the same for the same seed, everywhere.

    Example:
        >>> pixel_order(seed=0)[:4]
        array([318,   2, 606, 446])
    """
    return np.random.default_rng(seed).permutation(pixels)


def pooled(images: UInt8[np.ndarray, "n row column"]) -> UInt8[np.ndarray, "n r c"]:
    """Halve images: each pixel is the mean of four. Say "pooled" next to a result.

    Example:
        >>> pooled(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))
        array([[[ 2,  4],
                [10, 12]]], dtype=uint8)
    """
    count, rows, columns = images.shape
    quads = images.reshape(count, rows // 2, 2, columns // 2, 2)
    return quads.mean((2, 4)).astype(np.uint8)
