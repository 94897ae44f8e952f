"""Law: a layer can be exported once for every batch and every length of sequence."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest
from jax import export

from tests.zoo import MAIN, apply, assert_close, draw, each, outputs, run

# The name of a size is no int, which is what shapes are annotated with.
pytestmark = pytest.mark.usefixtures("unchecked")


def symbolic(sample, steps, rows):
    """Replace the sizes of time and batch by names."""

    def shape_of(name, leaf):
        if name == "params":
            return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
        axes = (rows,) if name in ("carry", "lengths") else (steps, rows)
        return jax.ShapeDtypeStruct((*axes, *leaf.shape[len(axes) :]), leaf.dtype)

    return type(sample)(
        *(
            jax.tree.map(partial(shape_of, name), part)
            for name, part in sample._asdict().items()
        )
    )


@pytest.mark.slow
@each(MAIN)
def test_an_exported_layer_runs_on_any_sizes(row):
    sample = draw(row)
    steps, rows = export.symbolic_shape("t, b")

    @jax.jit
    def flat(leaves):
        structure = jax.tree.structure(sample)
        return jax.tree.leaves(apply(row.layer, jax.tree.unflatten(structure, leaves)))

    made = export.export(flat)(jax.tree.leaves(symbolic(sample, steps, rows)))
    loaded = export.deserialize(made.serialize())
    assert_close(
        loaded.call(jax.tree.leaves(sample)), jax.tree.leaves(outputs(row, sample))
    )
    longer = draw(row, seed=3, steps=4, batch=(2,))
    if row.name == "lstm":
        wanted = run(row.layer, longer)
        assert_close(loaded.call(jax.tree.leaves(longer)), jax.tree.leaves(wanted))


def test_a_layer_exports_without_options_too():
    row = next(row for row in MAIN if row.name == "bidirectional_concat")
    sample = draw(row)
    shape = (*export.symbolic_shape("t, b"), 2)
    xs = jax.ShapeDtypeStruct(shape, jnp.float64)
    params = jax.tree.leaves(sample.params)

    @jax.jit
    def ys_of(params, xs):
        structure = jax.tree.structure(sample.params)
        return row.layer.apply(jax.tree.unflatten(structure, params), xs)[1]

    loaded = export.deserialize(export.export(ys_of)(params, xs).serialize())
    bare = sample._replace(carry=None, lengths=None, mask=None, resets=None)
    assert_close(loaded.call(params, sample.xs), run(row.layer, bare)[1])
