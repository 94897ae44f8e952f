"""What Flax is told of a mesh: metadata of NNX, boxes of Linen."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn
from flax import nnx
from jax.sharding import AxisType, NamedSharding

import jlstm.linen
import jlstm.nnx
from jlstm._internal.axes import logical_axes

AXES = {"units": "model", "input": "fsdp", "heads": "model"}
XS = jnp.linspace(-1, 1, 2 * 5 * 8, dtype=jnp.float32).reshape(2, 5, 8)


@pytest.fixture
def mesh():
    kinds = (AxisType.Auto,) * 2
    return jax.make_mesh((2, 2), ("fsdp", "model"), axis_types=kinds)


@pytest.mark.parametrize(
    ("name", "shape", "axes"),
    [
        ("w_ih", (8, 4, 6), ("input", None, "units")),
        ("w_hh", (6, 4, 6), ("input", None, "units")),
        ("w_hh", (6,), ("units",)),
        ("w_hh", (2, 3, 4, 3), ("heads", None, None, None)),
        ("w_hh", (2, 6, 3, 6), ("input", None, None, "units")),
        ("b", (4, 6), (None, "units")),
        ("b_hn", (6,), ("units",)),
        ("gain_ih", (4, 6), (None, "units")),
        ("p_i", (2, 3, 2), (None, None, "units")),
        ("nothing", (), ()),
    ],
)
def test_axes_by_name_and_shape(name, shape, axes):
    assert logical_axes(name, shape) == axes


def test_an_nnx_module_lies_as_it_was_told(mesh):
    plain = jlstm.nnx.LSTM(8, 4, rngs=nnx.Rngs(0))
    wanted = plain(XS)[1]
    with jax.set_mesh(mesh):
        model = jlstm.nnx.annotate(jlstm.nnx.LSTM(8, 4, rngs=nnx.Rngs(0)), AXES)
        state = nnx.state(model)
        nnx.update(model, jax.device_put(state, nnx.get_named_sharding(state, mesh)))
        optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)
        ys = nnx.jit(lambda model, xs: model(xs)[1])(model, XS)
    spec = ("fsdp", None, "model")
    assert tuple(model.weights[0].w_hh[...].sharding.spec) == spec
    moments = [
        leaf
        for leaf in jax.tree.leaves(nnx.as_pure(nnx.state(optimizer)))
        if leaf.ndim == 3
    ]
    assert moments and all(tuple(m.sharding.spec) == spec for m in moments)
    np.testing.assert_allclose(ys, wanted, atol=1e-6)


def test_linen_variables_lie_as_they_were_told(mesh):
    model = jlstm.linen.GRU(4)
    variables = model.init(jax.random.key(0), XS)
    boxed = jlstm.linen.annotate(variables, AXES)
    shardings = nn.get_sharding(boxed, mesh)
    placed = jax.device_put(nn.unbox(boxed), shardings)
    w_hh = placed["params"]["weights"]["0"]["w_hh"]
    wanted = NamedSharding(mesh, jax.sharding.PartitionSpec("fsdp", None, "model"))
    assert w_hh.sharding.is_equivalent_to(wanted, 3)
    for given in (boxed, placed):
        np.testing.assert_allclose(
            jax.jit(model.apply)(given, XS)[1], model.apply(variables, XS)[1], atol=1e-6
        )
    prepared, _ = model.apply(boxed, jnp.asarray(XS), method="prepare")
    assert jax.tree.leaves(prepared)


@pytest.mark.parametrize("annotate", ["nnx", "linen"])
def test_a_name_that_is_none_is_refused(annotate):
    with pytest.raises(ValueError, match="no axis 'unit' of parameters: name the axis"):
        if annotate == "nnx":
            jlstm.nnx.annotate(jlstm.nnx.GRU(2, 3, rngs=nnx.Rngs(0)), {"unit": "x"})
        else:
            jlstm.linen.annotate({"params": {"b": jnp.ones(3)}}, {"unit": "x"})
