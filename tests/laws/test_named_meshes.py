"""Law: on an automatic mesh with axes of our names the kernel runs on each shard.

Values and gradients are those of one device, and no array is gathered.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jlstm
from jlstm._backends.native import library
from jlstm.losses import linear_nll
from tests.quick import quick

STEPS, SIZE = 5, 4
MESHES = {
    "data": {"data": 8},
    "all": {"data": 2, "fsdp": 2, "model": 2},
    "model": {"model": 8},
}
KERNEL = "jlstm_"


@pytest.fixture
def kernel():
    if reason := library.failure():
        pytest.skip(f"no kernel here: {reason}")


def made(axes):
    kinds = (AxisType.Auto,) * len(axes)
    return jax.make_mesh(tuple(axes.values()), tuple(axes), axis_types=kinds)


def given(rows, cell):
    keys = jax.random.split(jax.random.key(0), 3)
    params = cell.init(keys[0], SIZE)
    xs = jax.random.normal(keys[1], (STEPS, rows, SIZE), jnp.float32)
    return params, xs, jnp.arange(rows) % (STEPS + 1)


def value_and_grads(cell, backend):
    def loss(params, xs, lengths):
        carry, ys = jlstm.unroll(cell, params, xs, lengths=lengths, backend=backend)
        return jnp.sum(jnp.square(ys)) + jnp.sum(carry.h)

    return jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))


def on_mesh(axes, arrays, run):
    """Run with rows split over the axes that split rows; return the program too."""
    mesh = made(axes)
    names = tuple(name for name in ("data", "fsdp") if name in axes)
    specs = (P(), P(None, names), P(names))
    with jax.set_mesh(mesh):
        placed = [
            jax.device_put(array, NamedSharding(mesh, spec))
            for array, spec in zip(arrays, specs, strict=True)
        ]
        return run(*placed), run.lower(*placed).compile().as_text()


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("name", quick(MESHES))
@pytest.mark.parametrize("cell", [jlstm.LSTMCell(3), jlstm.GRUCell(3)], ids=repr)
def test_the_kernel_runs_on_each_shard(cell, name):
    arrays = given(16, cell)
    wanted = value_and_grads(cell, "scan")(*arrays)
    found, program = on_mesh(MESHES[name], arrays, value_and_grads(cell, "native"))
    for left, right in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    assert program.count(f'custom_call_target="{KERNEL}') == 2, program[:2000]
    assert "all-gather" not in program


@pytest.mark.usefixtures("kernel")
@pytest.mark.long
def test_rows_that_cannot_be_shared_are_computed_by_all():
    cell = jlstm.LSTMCell(3)
    arrays = given(6, cell)
    wanted = value_and_grads(cell, "scan")(*arrays)
    with jax.set_mesh(made({"data": 8})):
        found = value_and_grads(cell, "native")(*arrays)
    for left, right in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("kernel")
@pytest.mark.long
def test_models_side_by_side_are_split_too():
    cell = jlstm.LSTMCell(3)
    params, xs, lengths = given(8, cell)
    params = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf]), params)
    one = value_and_grads(cell, "native")
    wanted = jax.vmap(one, in_axes=(0, None, None))(params, xs, lengths)
    mesh = made({"data": 2, "replicas": 2})
    with jax.set_mesh(mesh):
        placed = jax.device_put(params, NamedSharding(mesh, P("replicas")))
        every = jax.vmap(one, in_axes=(0, None, None), spmd_axis_name="replicas")
        run = jax.jit(every)
        found = run(placed, xs, lengths)
        program = run.lower(placed, xs, lengths).compile().as_text()
    for left, right in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    assert f'custom_call_target="{KERNEL}' in program


@pytest.mark.usefixtures("kernel")
def test_the_likelihood_is_computed_where_its_rows_are():
    hs = jax.random.normal(jax.random.key(0), (STEPS, 16, SIZE), jnp.float32)
    weight = jax.random.normal(jax.random.key(1), (SIZE, 9), jnp.float32)
    targets = jnp.arange(STEPS * 16).reshape(STEPS, 16) % 9

    def nll(backend):
        return jax.jit(
            lambda w, hs, y: linear_nll(hs, w, None, y, backend=backend).sum()
        )

    mesh = made({"data": 8})
    with jax.set_mesh(mesh):
        rows = NamedSharding(mesh, P(None, "data"))
        placed = weight, *jax.device_put((hs, targets), rows)
        run = nll("native")
        found = run(*placed)
        assert KERNEL in run.lower(*placed).compile().as_text()
    np.testing.assert_allclose(found, nll("xla")(weight, hs, targets), rtol=1e-5)


def test_a_mesh_with_other_names_tells_nothing():
    """There XLA splits the formula: it must see what it splits."""
    cell = jlstm.LSTMCell(3)
    arrays = given(16, cell)
    _, program = on_mesh({"rows": 8}, arrays, value_and_grads(cell, "native"))
    assert KERNEL not in program
