"""Law: a batch spread over devices computes what one device does.

Eight devices are simulated, each with one row of the batch, under ``jax.shard_map``
with its checks on, under ``jax.jit`` with sharded arrays, and under ``jax.pmap``.
"""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jlstm import LSTMCell, Recurrent, RNNCell, Stack
from tests.zoo import (
    FEW,
    MAIN,
    Sample,
    apply,
    assert_close,
    draw,
    each,
    loss_of,
    random_like,
    run,
)

DEVICES = 8
SPREAD = Sample(
    P(), P(None, "rows"), P("rows"), P("rows"), P(None, "rows"), P(None, "rows")
)


@pytest.fixture
def mesh():
    assert jax.device_count() >= DEVICES
    return jax.make_mesh(
        (DEVICES,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,)
    )


def value_and_grads(run_one, sample):
    """Return outputs, and gradients of the params, which every device shares."""

    def scored(params):
        out = run_one(sample._replace(params=params))
        return loss_of(*out), out

    (_, out), grads = jax.value_and_grad(scored, has_aux=True)(sample.params)
    return out, grads


def spread_over(mesh, layer, sample):
    """Return ``apply`` as one that runs each row on a device of its own."""
    specs = Sample(
        *(
            None if given is None else spec
            for given, spec in zip(sample, SPREAD, strict=True)
        )
    )
    return jax.shard_map(
        partial(apply, layer),
        mesh=mesh,
        in_specs=(specs,),
        out_specs=(P("rows"), P(None, "rows")),
    )


def sample_for_devices(row, given):
    """Draw a row of the batch for each device; ``given`` says whether all is."""
    sample = draw(row, batch=(DEVICES,))
    return sample if given else sample._replace(carry=None, mask=None)


@each(MAIN, kinds=FEW)
@pytest.mark.parametrize("given", [False, True], ids=["fresh", "given"])
def test_shard_map_accepts_every_layer(row, given, mesh):
    """Its checks are made while tracing: what a loop's carry varies over must agree."""
    sample = sample_for_devices(row, given)
    out, grads = jax.eval_shape(
        lambda s: value_and_grads(spread_over(mesh, row.layer, sample), s), sample
    )
    wanted = jax.eval_shape(
        lambda s: value_and_grads(partial(apply, row.layer), s), sample
    )
    chex.assert_trees_all_equal_shapes_and_dtypes((out, grads), wanted)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "given"),
    [("lstm", False), ("stack_bidirectional", True)],
)
def test_shard_map_is_one_device(name, given, mesh):
    row = next(row for row in MAIN if row.name == name)
    sample = sample_for_devices(row, given)
    spread = jax.jit(lambda s: value_and_grads(spread_over(mesh, row.layer, sample), s))
    alone = jax.jit(lambda s: value_and_grads(partial(apply, row.layer), s))
    assert_close(spread(sample), alone(sample))


@each([row for row in MAIN if row.name in ("lstm", "bidirectional_concat")])
def test_jit_of_sharded_arrays_is_one_device(row, mesh):
    sample = draw(row, batch=(DEVICES,))
    shardings = jax.tree.map(
        lambda spec, part: jax.tree.map(lambda _: NamedSharding(mesh, spec), part),
        SPREAD,
        sample,
        is_leaf=lambda node: isinstance(node, P),
    )
    carry, ys = run(row.layer, jax.device_put(sample, shardings))
    assert ys.sharding.is_equivalent_to(NamedSharding(mesh, P(None, "rows")), ys.ndim)
    assert_close((carry, ys), run(row.layer, sample))


@each([row for row in MAIN if row.name in ("lstm", "bidirectional_concat")])
def test_pmap_is_one_device(row):
    sample = draw(row, batch=(DEVICES,))
    by_device = Sample(params=None, xs=1, carry=0, lengths=0, mask=1, resets=1)
    mapped = jax.pmap(partial(apply, row.layer), in_axes=(by_device,), out_axes=(0, 1))
    assert_close(mapped(sample), run(row.layer, sample))


@pytest.mark.long
def test_shard_map_takes_a_key_and_a_checkpoint(mesh):
    """Options that enter the loop as arrays, or nest it."""
    lower = Recurrent(LSTMCell(3), checkpoint=2)
    upper = Recurrent(RNNCell(3), reverse=True, unroll=2)
    layer = Stack((lower, upper), dropout=0.5, variational=True)
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), 2))
    params = random_like(shapes, rng)
    xs = jnp.asarray(rng.standard_normal((5, DEVICES, 2)))

    def ys_of(params, xs, key):
        return layer.apply(params, xs, key=key)[1]

    spread = jax.shard_map(
        ys_of,
        mesh=mesh,
        in_specs=(P(), P(None, "rows"), P()),
        out_specs=P(None, "rows"),
    )
    noisy = jax.jit(spread)(params, xs, jax.random.key(2))
    # One key for all devices is one mask for the one row of each.
    by_row = jax.vmap(ys_of, in_axes=(None, 1, None), out_axes=1)
    alone = jax.jit(by_row)(params, xs[:, :, None], jax.random.key(2))
    assert_close(noisy, alone[:, :, 0])
