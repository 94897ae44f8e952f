"""What the compiler of cells makes of a step: products, stages, columns, leaves."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends.native.available import unsupported_cell
from jlstm._backends.native.compiled import compiled, own_types
from tests.backends.native.samples import (
    assert_close,
    draw,
    needs_kernel,
    value_and_grad,
)

KEY = jax.typeof(jax.random.key(0))


def program(cell, key=None, features=3):
    return compiled(cell, own_types(cell, key, features))


def stages(made):
    source = made.program.source
    return source.count("void forward_") // 2, source.count("void backward_") // 2


@pytest.mark.parametrize(
    ("cell", "products", "staged", "wanted", "width"),
    [
        # An LSTM keeps four gates, and has four gradients in their place.
        (jlstm.LSTMCell(5), 2, 0, (1, 2), 4),
        # The two shares of a GRU's candidate do not meet before the gate.
        (jlstm.GRUCell(5), 2, 0, (1, 2), 4),
        (jlstm.GRUCell(5, reset="before"), 3, 1, (2, 3), None),
        (jlstm.RHNCell(5, depth=3), 4, 2, (3, 4), None),
        (jlstm.LayerNormLSTMCell(5), 2, 0, (5, 6), None),
        (jlstm.MinGRUCell(5), 1, 0, (1, 1), 2),
        (jlstm.LSTMCell(6, num_heads=3), 4, 0, (1, 2), 12),
    ],
)
def test_a_step_is_cut_at_products_and_sums(cell, products, staged, wanted, width):
    made = program(cell)
    operands = [p.operand.kind for p in made.program.products]
    assert len(operands) == products and operands.count("STAGED") == staged
    assert stages(made) == wanted
    assert width is None or made.program.width == width


def test_the_sum_of_two_products_is_one():
    """What the input gives is where the recurrent product begins, bias or not."""
    for cell in (jlstm.LSTMCell(5), jlstm.LSTMCell(5, use_bias=False)):
        ahead, recurrent = program(cell).program.products
        assert recurrent.begins == ahead.used == (0, 1, 2, 3)
        assert recurrent.columns == ahead.columns
    *_, recurrent = program(jlstm.GRUCell(5)).program.products
    assert recurrent.begins == (0, 1, -1)


def test_a_program_does_not_depend_on_sizes():
    kinds = (jlstm.LSTMCell, jlstm.LayerNormGRUCell, jlstm.LEMCell)
    for kind in kinds:
        assert len({program(kind(size)).program.source for size in (4, 33)}) == 1


def test_what_is_drawn_is_read_from_outside():
    zoneout = jlstm.Zoneout(jlstm.LSTMCell(5), h=0.2, c=0.1)
    assert [len(program(zoneout, key).cut.streams) for key in (None, KEY)] == [0, 2]
    dropped = jlstm.RecurrentDropout(jlstm.LSTMCell(5), 0.2)
    assert [len(program(dropped, key).cut.rows) for key in (None, KEY)] == [0, 1]
    bare = program(jlstm.LSTMCell(5)).program.source
    weights = jlstm.WeightDrop(jlstm.LSTMCell(5), 0.2)
    assert program(weights, KEY).program.source == bare


class CumsumCell(jlstm.RNNCell):
    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=jnp.cumsum(new.h, -1) / self.hidden_size), gates


class ReversedCell(jlstm.RNNCell):
    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=new.h[..., ::-1]), gates


class HalvesCell(jlstm.RNNCell):
    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        half = self.hidden_size // 2
        h = jnp.concatenate([new.h[..., half:], new.h[..., :half]], -1)
        return new._replace(h=h), gates


class RowsCell(jlstm.RNNCell):
    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=new.h - new.h.mean(0, keepdims=True)), gates


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (CumsumCell(4), "it computes cumsum of the carry"),
        (ReversedCell(4), "it computes rev of the carry"),
        (HalvesCell(4), "it takes a part of the units"),
        (RowsCell(4), "it sums over the rows of a batch"),
        (jlstm.LRUCell(4), "it computes imag of the carry"),
        (jlstm.MLSTMCell(4), "its carry has a leaf of 1 by units by units per row"),
        (jlstm.ConvLSTMCell(4, (8, 8)), "it reads images"),
        (
            jlstm.ClipRecurrentGradient(jlstm.LSTMCell(4)),
            "it computes custom_vjp_call of the carry",
        ),
        (
            jlstm.MogrifierLSTMCell(4),
            "it has a product of another kind (rowsxfeatures by featuresxunits)",
        ),
        (jlstm.ProjectedLSTMCell(4, proj_size=2), None),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_named(cell, reason):
    said = unsupported_cell(cell)
    name = type(cell).__name__
    if reason is None:
        assert said.startswith(f"no kernel for {name}: ")
    else:
        assert said == f"no kernel for {name}: {reason}"


def test_an_attribute_set_on_an_object_is_seen():
    cell = jlstm.RNNCell(4)
    object.__setattr__(cell, "gate", lambda *args: None)
    assert "would not see the gate set on it" in unsupported_cell(cell)
    assert "set on it" in unsupported_cell(jlstm.Zoneout(cell, h=0.1))
    assert unsupported_cell(jlstm.RNNCell(4)) is None  # which is equal


@pytest.mark.long
def test_all_others_have_a_program():
    """A cell that loses its program is noticed here, with the reason."""
    without = {
        "ConvGRUCell", "ConvLSTMCell", "LRUCell", "MLSTMCell", "MogrifierLSTMCell",
        "ProjectedLSTMCell", "QRNNCell",
    }  # fmt: skip
    options = {
        "ProjectedLSTMCell": (2,),
        "ConvGRUCell": ((4,),),
        "ConvLSTMCell": ((4,),),
    }
    found = {
        name
        for name, kind in vars(jlstm).items()
        if isinstance(kind, type)
        and issubclass(kind, jlstm.Cell)
        and name.endswith("Cell")
        and not getattr(kind, "__abstractmethods__", None)
        and unsupported_cell(kind(4, *options.get(name, ()))) is not None
    }
    assert found == without
    assert unsupported_cell(jlstm.MogrifierLSTMCell(4), features=4) is None


class PadsSmallCell(jlstm.RNNCell):
    """A step whose equations are others for few units."""

    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=new.h * 2 if self.hidden_size < 9 else new.h), gates


def test_equations_that_depend_on_sizes_are_refused():
    said = unsupported_cell(PadsSmallCell(4))
    assert said == "no kernel for PadsSmallCell: its equations depend on the sizes"
    assert unsupported_cell(PadsSmallCell(16)) is None


@pytest.mark.slow
def test_a_step_of_very_many_stages_ends_nothing():
    assert "RecursionError" in unsupported_cell(jlstm.RHNCell(4, depth=300))
    xs = jnp.ones((40, 2, 3), jnp.float32)
    assert jlstm.explain(jlstm.RHNCell(4, depth=300), xs=xs).backend != "native"


class MixParams(NamedTuple):
    """Those of a plain network, and two numbers for all units."""

    w_ih: Any
    w_hh: Any
    b: Any
    mix: Any


class MixCell(jlstm.RNNCell):
    """A network that keeps a learned share of its state, the same for all units."""

    def init(self, key, input_size, dtype=jnp.float32):
        params = super().init(key, input_size, dtype)
        return MixParams(*params[:3], jnp.asarray([0.3, 0.6], dtype))

    def gate(self, params, carry, zx, zh):
        keep, write = jax.nn.sigmoid(params.mix.astype(zx.dtype))
        n = jnp.tanh(zx + zh)
        return carry._replace(h=write * n + keep * carry.h), n


@needs_kernel
def test_a_number_that_all_units_share_has_its_gradient():
    cell = MixCell(21)
    sample = draw(cell, 6, (5,), 3)
    ours, wanted = (value_and_grad(name, cell, sample) for name in ("native", "scan"))
    assert_close(ours, wanted)


class RowsInStep(jlstm.RNNCell):
    """A step that reads how many rows there are."""

    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=new.h / carry.h.shape[0]), gates


class RootInStep(jlstm.RNNCell):
    """A step that reads the root of the number of units: no number for all sizes."""

    def gate(self, params, carry, zx, zh):
        new, gates = super().gate(params, carry, zx, zh)
        return new._replace(h=new.h / self.hidden_size**0.5), gates


class DeafCell(jlstm.RNNCell):
    """A step that does not hear its input."""

    def gate(self, params, carry, zx, zh):
        _, gates = super().gate(params, carry, zx, zh)
        return carry, gates


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (RowsInStep, "its equations depend on the sizes"),
        (RootInStep, "its equations depend on the sizes"),
        (DeafCell, "it does not read its input"),
    ],
)
def test_what_would_be_wrong_is_refused(kind, reason):
    assert unsupported_cell(kind(4)) == f"no kernel for {kind.__name__}: {reason}"
    sample = draw(kind(4), 16, (5,), 3)
    params, xs, carry, _ = sample.point
    assert_close(
        jlstm.unroll(kind(4), params, xs, carry),
        jlstm.unroll(kind(4), params, xs, carry, backend="scan"),
    )


@needs_kernel
@pytest.mark.parametrize(
    ("function", "exact", "low", "high"),
    [
        (jnp.exp, np.exp, -80.0, 80.0),
        (jnp.expm1, np.expm1, -5.0, 5.0),
        (jnp.log, np.log, 1e-30, 10.0),
        (jnp.log1p, np.log1p, -0.99, 100.0),
        (jnp.sqrt, np.sqrt, 0.0, 1e30),
        (jnp.abs, np.abs, -3.0, 3.0),
        (jnp.sign, np.sign, -3.0, 3.0),
    ],
)
def test_functions_are_accurate(function, exact, low, high):
    """Also near zero and one, and what is no number stays none."""
    near = np.array([1e-8, 1e-3, 1 - 1e-6, 1.0, 1 + 1e-6, np.inf, np.nan])
    x = np.concatenate([np.linspace(low, high, 2000), near]).astype(np.float32)
    cell = jlstm.RNNCell(1, activation=function)
    params = cell.init(jax.random.key(0), 1)
    params = jax.tree.map(jnp.zeros_like, params)
    params = params._replace(w_ih=jnp.ones_like(params.w_ih))
    _, ys = jlstm.unroll(cell, params, jnp.asarray(x)[None, :, None], backend="native")
    with np.errstate(over="ignore"):
        wanted = exact(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(ys[0, :, 0], wanted, rtol=3e-7)


class DeepCell(jlstm.RNNCell):
    """A network that reads its input through a layer of its own."""

    def project(self, params, x):
        return super().project(params, jnp.tanh(2 * x))


def test_the_kernel_multiplies_what_is_made_of_the_input():
    for cell in (DeepCell(5), jlstm.InputDropout(jlstm.LSTMCell(5), 0.3)):
        for key in (None, KEY):
            made = program(cell, key)
            assert len(made.cut.x) == 1 and not made.cut.streams
            kinds = [p.operand.kind for p in made.program.products]
            assert kinds == ["INPUT", "CARRY"]


@needs_kernel
def test_its_gradient_goes_on_to_the_input():
    sample = draw(DeepCell(21), 6, (5,), 3)
    ours, wanted = (
        value_and_grad(name, DeepCell(21), sample) for name in ("native", "scan")
    )
    assert_close(ours, wanted)
