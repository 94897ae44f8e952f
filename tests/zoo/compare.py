"""Compare trees of arrays with each other and with what the oracle computes."""

import chex
import jax
import numpy as np


def assert_close(actual, wanted, tol=1e-11):
    """Require the same structure, the same shapes and nearly the same numbers."""
    chex.assert_trees_all_equal_shapes(actual, wanted)
    chex.assert_trees_all_close(actual, wanted, rtol=tol, atol=tol)


def assert_same(actual, wanted):
    """Require the same structure and the same bits."""
    chex.assert_trees_all_equal(actual, wanted)


def as_dicts(tree):
    """Turn NamedTuples into dicts, as the oracle has them, and arrays into numpy's."""
    if hasattr(tree, "_asdict"):
        return {name: as_dicts(part) for name, part in tree._asdict().items()}
    if isinstance(tree, tuple):
        return tuple(as_dicts(part) for part in tree)
    return None if tree is None else np.asarray(tree)


def ask_oracle(row, sample):
    """Return the last carry and the outputs that the oracle computes for a sample."""
    arrays = jax.tree.map(np.asarray, sample)
    return row.oracle.run(arrays.params, arrays.xs, as_dicts(sample.carry), *arrays[3:])
