"""Law: a batch is a map over rows, and an ensemble a map over parameters."""

from functools import partial

import jax
import jax.numpy as jnp

from tests.zoo import FEW, MAIN, Sample, apply, assert_close, draw, each, outputs

OVER_ROWS = Sample(params=None, xs=1, carry=0, lengths=0, mask=1, resets=1)
OVER_MODELS = Sample(0, None, None, None, None, None)


@partial(jax.jit, static_argnums=0)
def run_ensemble(layer, sample):
    """Run every model on every row: models lead, then rows, then time."""
    one_model = jax.vmap(lambda s: apply(layer, s), in_axes=(OVER_ROWS,))
    return jax.vmap(one_model, in_axes=(OVER_MODELS,))(sample)


@each(MAIN, kinds=FEW)
def test_vmap_over_rows_and_models_is_the_batch(row):
    samples = [draw(row)._replace(params=draw(row, seed).params) for seed in (0, 1)]
    models = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *(s.params for s in samples)
    )
    carries, ys = run_ensemble(row.layer, samples[0]._replace(params=models))
    for n, sample in enumerate(samples):
        mapped = jax.tree.map(lambda leaf, n=n: leaf[n], carries), ys[n].swapaxes(0, 1)
        assert_close(mapped, outputs(row, sample))
