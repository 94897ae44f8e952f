"""Every mode of differentiation, every transformation, several threads and devices."""

import threading
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import jlstm
from tests.backends.native.samples import (
    CELLS,
    Point,
    assert_close,
    draw,
    loss,
    needs_kernel,
    random_like,
    run,
    value_and_grad,
)
from tests.quick import quick

pytestmark = needs_kernel
SHAPE = (4, (3,), 2)
KEY = jax.random.key(3)
# With a weight per unit; with sums over units; with two products; with noise.
KINDS = (
    *CELLS,
    jlstm.PeepholeLSTMCell,
    jlstm.LayerNormLSTMCell,
    partial(jlstm.GRUCell, reset="before"),
    lambda size: jlstm.Zoneout(jlstm.LSTMCell(size), h=0.3, c=0.2),
)
NAMES = ("lstm", "gru", "peephole", "norm", "gru_before", "noise")


@pytest.fixture(autouse=True)
def noise_in_float32(request):
    """With 64 bits noise is drawn in float64; and all are to have the same noise."""
    if "noise" not in request.node.name:
        yield
        return
    with jax.enable_x64(False), jax.debug_key_reuse(False):
        yield


def sample_of(cell, *shape, **flags):
    key = KEY if isinstance(cell, jlstm.Zoneout) else None
    return draw(cell, *shape, **flags, key=key)


DEVICES = 2


def both(function, *args):
    """Compute something by the kernel and by the scan."""
    return (jax.jit(partial(function, name))(*args) for name in ("native", "scan"))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_derivatives_of_first_and_second_order(kind):
    cell = kind(5)
    sample = sample_of(cell, *SHAPE, live=True, resets=True)
    direction = random_like(sample.point, np.random.default_rng(1))

    def derivatives(name, point, direction):
        grad = jax.grad(partial(loss, name, cell, sample))
        _, slope = jax.jvp(partial(loss, name, cell, sample), (point,), (direction,))
        _, forward_reverse = jax.jvp(grad, (point,), (direction,))

        def along(point):
            pairs = zip(*map(jax.tree.leaves, (grad(point), direction)), strict=True)
            return sum(jnp.vdot(a, b) for a, b in pairs)

        return slope, forward_reverse, jax.grad(along)(point)

    ours, wanted = both(derivatives, sample.point, direction)
    assert_close(ours, wanted)
    assert_close(ours[1], ours[2])


@pytest.mark.parametrize("kind", quick(KINDS), ids=NAMES)
@pytest.mark.parametrize("weights", [None, 0], ids=["one model", "several models"])
def test_vmap_of_value_and_gradient(kind, weights):
    cell = kind(5)
    sample = sample_of(cell, *SHAPE, live=True, resets=True)
    axes = Point(weights, 1, 0, None)
    grown = Point(*(
        part if axis is None else jax.tree.map(
            lambda leaf, axis=axis: jnp.stack([leaf, 0.5 * leaf], axis), part
        )
        for part, axis in zip(sample.point, axes, strict=True)
    ))  # fmt: skip

    def mapped(name, points):
        both = jax.value_and_grad(partial(loss, name, cell, sample))
        return jax.vmap(both, in_axes=(axes,))(points)

    ours, wanted = both(mapped, grown)
    assert_close(ours, wanted)


@pytest.mark.long
@pytest.mark.parametrize("kind", quick(CELLS))
def test_checkpoint_and_eager_calls_change_nothing(kind):
    cell = kind(5)
    sample = draw(cell, 5, (3,), 2)
    wanted = run("scan", cell, sample)
    assert_close(run("native", cell, sample), wanted)
    assert_close(run("native", cell, sample, checkpoint=2), wanted)

    def chunked(point):
        carry, ys = run("native", cell, sample._replace(point=point), checkpoint=2)
        pairs = zip(*map(jax.tree.leaves, ((ys, carry), sample.weights)), strict=True)
        return sum(jnp.vdot(a, b) for a, b in pairs)

    _, grads = value_and_grad("scan", cell, sample)
    assert_close(jax.grad(chunked)(sample.point), grads)
    remat = jax.checkpoint(partial(loss, "native", cell, sample))
    assert_close(jax.grad(remat)(sample.point), grads)


def test_only_what_is_asked_for_is_differentiated():
    cell = jlstm.LSTMCell(5)
    sample = draw(cell, *SHAPE)
    _, wanted = value_and_grad("scan", cell, sample)

    def of(name, value):
        return loss("native", cell, sample, sample.point._replace(**{name: value}))

    for name in ("params", "xs", "carry"):
        ours = jax.grad(partial(of, name))(getattr(sample.point, name))
        assert_close(ours, getattr(wanted, name))


@pytest.mark.long
@pytest.mark.parametrize("kind", quick(KINDS[:-1]), ids=NAMES[:-1])
def test_devices(kind):
    """Under shard_map and pmap each device runs the kernel; jit splits the formula."""
    cell = kind(5)
    sample = sample_of(cell, 4, (DEVICES,), 2)
    devices = jax.devices()[:DEVICES]
    mesh = jax.make_mesh(
        (DEVICES,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,), devices=devices
    )
    specs = Point(P(), P(None, "rows"), P("rows"), P("rows"))
    wanted = value_and_grad("scan", cell, sample)

    def outputs(point):
        return run("native", cell, sample._replace(point=point))

    spread = jax.shard_map(
        outputs, mesh=mesh, in_specs=(specs,), out_specs=(P("rows"), P(None, "rows"))
    )

    def scored(point):
        out = carry, ys = spread(point)
        pairs = zip(*map(jax.tree.leaves, ((ys, carry), sample.weights)), strict=True)
        return sum(jnp.vdot(a, b) for a, b in pairs), out

    grads, out = jax.jit(jax.grad(scored, has_aux=True))(sample.point)
    assert_close((out, grads), wanted)

    placed = Point(*(
        jax.device_put(part, NamedSharding(mesh, spec))
        for part, spec in zip(sample.point, specs, strict=True)
    ))  # fmt: skip
    ours = value_and_grad("native", cell, sample._replace(point=placed))
    assert_close(ours, wanted)

    mapped = jax.pmap(
        outputs, in_axes=(Point(None, 1, 0, 0),), out_axes=(0, 1), devices=devices
    )
    apart = jax.tree.map(
        lambda leaf, axis: jnp.expand_dims(leaf, axis + 1),
        sample.point._replace(params=None),
        Point(None, 1, *2 * (jax.tree.map(lambda _: 0, sample.point.carry),)),
    )._replace(params=sample.point.params)
    carry, ys = mapped(apart)
    ours = jax.tree.map(lambda leaf: leaf[:, 0], carry), ys[:, :, 0]
    assert_close(ours, wanted[0])


def test_two_threads_at_once():
    cell = jlstm.LSTMCell(40)
    sample = draw(cell, 6, (20,), 8)
    wanted = value_and_grad("native", cell, sample)
    results = [[], []]

    def work(seen):
        for _ in range(20):
            seen.append(value_and_grad("native", cell, sample))

    threads = [threading.Thread(target=work, args=(seen,)) for seen in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(seen) for seen in results] == [20, 20]
    chex.assert_trees_all_equal(wanted, *results[0], *results[1])


@pytest.mark.usefixtures("unchecked")  # the name of a size is no int
@pytest.mark.parametrize("kind", quick(KINDS[:-1]), ids=NAMES[:-1])
def test_an_exported_program_has_the_formula_in_place_of_the_kernel(kind):
    """It may run where there is no kernel, on any number of steps and rows."""
    cell = kind(3)
    sample = draw(cell, *SHAPE)
    shape = (*jax.export.symbolic_shape("t, b"), 2)
    xs = jax.ShapeDtypeStruct(shape, jnp.float32)

    @jax.jit
    def gradient(params, xs):
        return jax.grad(lambda p: (jlstm.unroll(cell, p, xs)[1] ** 2).sum())(params)

    params = sample.point.params
    made = jax.export.export(gradient)(params, xs)
    assert "jlstm_cell" not in made.mlir_module()
    assert_close(made.call(params, sample.point.xs), gradient(params, sample.point.xs))
