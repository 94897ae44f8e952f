"""MNIST: counts, and three ways to read an image as a sequence."""

import gzip

import numpy as np
import pytest

from jlstm.data import load_mnist
from jlstm.data.images import as_pixels, as_rows, pixel_order, pooled, read_idx

IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8)


def test_counts_of_mnist(real):
    parts = real(load_mnist)
    assert [len(part.labels) for part in parts.values()] == [55_000, 5_000, 10_000]
    assert parts["train"].labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert parts["test"].labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(parts["test"].labels).tolist() == [
        *(980, 1_135, 1_032, 1_010, 982),
        *(892, 958, 1_028, 974, 1_009),
    ]
    assert parts["test"].images[0].sum() == 18_454
    assert parts["train"].images.shape == (55_000, 28, 28)


def test_rows_and_pixels_are_the_image():
    rows, pixels = as_rows(IMAGES), as_pixels(IMAGES)
    assert rows.dtype == pixels.dtype == np.float32
    np.testing.assert_array_equal(rows[3, 1], IMAGES[1, 3] / np.float32(255))
    np.testing.assert_array_equal(pixels[:, 1, 0], IMAGES[1].ravel() / np.float32(255))


def test_a_permutation_is_fixed_and_the_same_for_all_images():
    order = pixel_order(seed=0)
    np.testing.assert_array_equal(order, pixel_order(seed=0))
    assert not np.array_equal(order, pixel_order(seed=1))
    assert sorted(order) == [*range(784)]
    permuted = as_pixels(IMAGES, order)
    np.testing.assert_array_equal(permuted, as_pixels(IMAGES)[order])


def test_pooled_pixels_are_means_of_four():
    small = pooled(IMAGES)
    assert small.shape == (2, 14, 14)
    assert small[1, 2, 3] == int(IMAGES[1, 4:6, 6:8].mean())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes([0, 0, 8]),
        bytes([0, 0, 13, 1, 0, 0, 0, 1, 9]),
        bytes([0, 0, 8, 1, 0, 0, 0, 2, 9]),
        bytes([0, 0, 8, 2, 0, 0, 0, 1]),
    ],
)
def test_what_is_no_idx_file_is_one_line(tmp_path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="is not a whole idx file of bytes: it has"):
        read_idx(path)


def test_a_validation_part_of_all_is_refused():
    with pytest.raises(ValueError, match="valid must be from 0 to 59999, got 60000"):
        load_mnist(60_000)
