"""Buckets and packed columns: nothing lost, few shapes, and the same numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import LSTMCell, last_output, unroll
from jlstm.data import BucketedBatches, boundaries_of, pack, unpack
from jlstm.data.batch_config import BatchConfig
from tests.traces import jit_at_most

CELL = LSTMCell(3)
PARAMS = CELL.init(jax.random.key(0), 2, jnp.float64)


def sequences(count=23, longest=12, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, 2)) for n in rng.integers(1, longest + 1, count)]


def alone(one):
    """Return the outputs for a sequence that runs by itself."""
    return unroll(CELL, PARAMS, jnp.asarray(one))[1]


@pytest.mark.parametrize("seed", [pytest.param(None, marks=pytest.mark.slow), 3])
def test_buckets_give_every_sequence_once_in_few_compilations(seed):
    data = sequences()
    batches = BucketedBatches(data, 4, boundaries=(4, 8, 12), seed=seed)

    def last(xs, lengths):
        return last_output(unroll(CELL, PARAMS, xs, lengths=lengths)[1], lengths)

    last = jit_at_most(3, last)
    found = {}
    for xs, lengths, rows in batches:
        out = last(jnp.asarray(xs), jnp.asarray(lengths))
        found |= {n: h for n, h in zip(rows, out, strict=True) if n >= 0}
        assert not np.any(np.asarray(out)[rows < 0])
    assert sorted(found) == list(range(len(data)))
    assert last._cache_size() == 3
    for n, one in enumerate(data):
        np.testing.assert_allclose(found[n], alone(one)[-1], rtol=1e-12)


def test_a_seed_shuffles_and_the_next_one_otherwise():
    data = sequences()
    orders = [
        [batch.rows.tolist() for batch in BucketedBatches(data, 4, (4, 12), seed)]
        for seed in (None, 1, 1, 2)
    ]
    assert orders[1] == orders[2]
    assert orders[0] != orders[1] != orders[3]
    assert len(orders[0]) == len(orders[3]) == len(BucketedBatches(data, 4, (4, 12)))


def test_buckets_of_equal_share_pad_less():
    data = sequences(400, longest=100)
    lengths = np.array([len(one) for one in data])
    one, eight = (
        BucketedBatches(data, 10, boundaries_of(lengths, count)) for count in (1, 8)
    )
    sizes = np.searchsorted(eight.boundaries, lengths)
    assert eight.boundaries[-1] == lengths.max()
    assert np.bincount(sizes).min() > 400 / 8 * 0.8
    assert one.padding > 0.45 and eight.padding < 0.2


@pytest.mark.long
def test_packed_sequences_run_as_they_do_alone():
    data = sequences()
    packed = pack(data, steps=16)
    _, ys = unroll(
        CELL,
        PARAMS,
        jnp.asarray(packed.xs),
        mask=jnp.asarray(packed.mask),
        resets=jnp.asarray(packed.resets),
    )
    for one, out in zip(data, unpack(packed, np.asarray(ys)), strict=True):
        np.testing.assert_allclose(out, alone(one), rtol=1e-12)


def test_packing_fills_columns():
    data = sequences(300, longest=40)
    packed = pack(data, steps=64)
    total = sum(map(len, data))
    assert packed.mask.sum() == total
    assert packed.xs.shape[1] <= np.ceil(total / 64) * 11 / 9 + 1
    assert packed.padding < 0.05
    for one, part in zip(data, unpack(packed, packed.xs), strict=True):
        np.testing.assert_array_equal(one, part)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BucketedBatches([np.ones(9)], 2, (4, 8)),
            "The longest sequence has 9 steps, the last boundary is 8; add a boundary "
            "of at least 9 or cut the sequence.",
        ),
        (
            lambda: BucketedBatches([np.ones(3)], 2, (8, 8)),
            "BucketedBatches: boundaries is (8, 8); give positive integers in a list, "
            "each larger than the one before.",
        ),
        (
            lambda: BucketedBatches([np.ones(3)], 0, (8,)),
            "BucketedBatches: batch_size is 0; give a positive integer.",
        ),
        (
            lambda: boundaries_of(np.array([1]), 0),
            "buckets is 0; give a positive number.",
        ),
        (
            lambda: pack([np.ones(9)], 8),
            "The longest sequence has 9 steps, a packed column has 8; give steps of at "
            "least 9 or cut the sequence.",
        ),
        (lambda: pack([], 8), "There are no sequences to pack; give at least one."),
    ],
)
def test_what_cannot_be_batched_is_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_new_data_comes_in_few_shapes():
    """Requests of any size meet programs that are compiled: powers of two."""
    cut = BatchConfig(eval_batch=50)
    rows = {cut.for_new(count).eval_batch for count in range(1, 200)}
    assert rows == {1, 2, 4, 8, 16, 32, 50}
    lengths = {cut.for_new(1).boundaries([n])[-1] for n in range(1, 200)}
    assert lengths == {8, 16, 32, 64, 128, 256}
    assert cut.boundaries([3, 5, 4, 4], [9, 1])[-1] == 9
