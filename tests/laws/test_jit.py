"""Law: a layer gives the same without ``jax.jit``, which all other laws use."""

import chex
import pytest

from tests.zoo import MAIN, assert_close, draw, each, measure, value_and_grads


@pytest.mark.long
@each(MAIN, kinds=("lstm",))
def test_values_and_gradients_are_the_same_without_jit(row):
    """Not that of the caller, and not that of the loops and branches inside."""
    sample = draw(row)
    with chex.fake_jit():
        measured = value_and_grads(row.layer, sample)
    assert_close(measured, measure(row.layer, sample))
