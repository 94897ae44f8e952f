"""Wrappers next to their noise: learned carries, gradients, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import (
    Bidirectional,
    ClipRecurrentGradient,
    CutRecurrentGradient,
    GRUCell,
    InputDropout,
    LearnedCarry,
    LSTMCell,
    Recurrent,
    RecurrentDropout,
    RNNCell,
    Stack,
    WeightDrop,
    WeightNoise,
    Zoneout,
    trace,
    unroll,
)
from tests.zoo import assert_close, random_like

LSTM = LSTMCell(3)


def drawn(cell, size=2, seed=0):
    """Return parameters of a cell with no zero in them."""
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), size))
    return random_like(shapes, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: Zoneout(GRUCell(3), c=0.1),
            ValueError,
            "Zoneout: c is 0.1, but the carry of GRUCell(hidden_size=3) has no c; it "
            "has h. Give h only.",
        ),
        (
            lambda: Zoneout(LSTM, h=1.0),
            ValueError,
            "Zoneout: h is 1.0; give a probability in [0, 1).",
        ),
        (
            lambda: RecurrentDropout(Zoneout(LSTM, h=0.1), 0.5),
            TypeError,
            "RecurrentDropout: cell is Zoneout(cell=LSTMCell(hidden_size=3), h=0.1) "
            "(Zoneout); give a gated cell, whose recurrent map can be changed, such as "
            "LSTMCell(64).",
        ),
        (
            lambda: RecurrentDropout(LSTM, -0.1),
            ValueError,
            "RecurrentDropout: rate is -0.1; give a probability in [0, 1).",
        ),
        (
            lambda: InputDropout(LSTM, 1.0),
            ValueError,
            "InputDropout: rate is 1.0; give a probability in [0, 1).",
        ),
        (
            lambda: WeightDrop(LSTM, 1.5),
            ValueError,
            "WeightDrop: rate is 1.5; give a probability in [0, 1).",
        ),
        (
            lambda: WeightNoise(LSTM, -1.0),
            ValueError,
            "WeightNoise: std is -1.0; give 0 or a positive number.",
        ),
        (
            lambda: ClipRecurrentGradient(LSTM, 0.0),
            ValueError,
            "ClipRecurrentGradient: limit is 0.0; give a positive number.",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_makes_no_sense_is_refused(make, kind, message):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.long
def test_a_learned_carry_gets_its_gradient_from_every_start():
    """From the sequence's start and from each reset, for each row."""
    cell = LearnedCarry(LSTM)
    params = drawn(cell)
    xs = jax.random.normal(jax.random.key(1), (6, 2, 2))
    resets = jnp.zeros((6, 2), bool).at[3, 1].set(True)

    def loss(params, pieces):
        return sum(unroll(cell, params, piece)[1].sum() for piece in pieces)

    whole = jax.grad(lambda params: unroll(cell, params, xs, resets=resets)[1].sum())(
        params
    )
    parts = jax.grad(loss)(params, (xs[:, 0], xs[:3, 1], xs[3:, 1]))
    assert_close(whole, parts)
    assert all(np.all(leaf) for leaf in jax.tree.leaves(whole.carry))


@pytest.mark.long
def test_layers_and_modules_start_where_their_cells_have_learned_to():
    cell = LearnedCarry(LSTM)
    stack = Stack((Recurrent(cell), Bidirectional(cell)), connect="plain")
    shapes = jax.eval_shape(lambda: stack.init(jax.random.key(0), 2))
    params = random_like(shapes, np.random.default_rng(0))
    xs = jax.random.normal(jax.random.key(1), (6, 4, 2))
    fresh = stack.fresh_carry(params, (4,), jnp.float64)
    np.testing.assert_array_equal(fresh[1].backward.c[3], params[1].backward.carry.c)
    assert_close(stack.apply(params, xs, fresh), stack.apply(params, xs))
    blank = stack.init_carry((4,), jnp.float64)
    assert not np.allclose(
        stack.apply(params, xs, blank)[1], stack.apply(params, xs)[1]
    )


def test_a_learned_carry_can_be_wrapped_and_wrap():
    inner = LearnedCarry(RecurrentDropout(LSTM, 0.5))
    outer = Zoneout(inner, h=0.0)
    params = drawn(outer)
    xs = jax.random.normal(jax.random.key(1), (6, 4, 2))
    assert_close(unroll(outer, params, xs), unroll(inner, params, xs))
    np.testing.assert_array_equal(
        outer.fresh_carry(params, (4,), jnp.float64).h[2], params.carry.h
    )


def test_gradients_are_clipped_at_every_step():
    """With one unit the chain of clipped gradients can be followed by hand."""
    limit = 0.1
    cell = ClipRecurrentGradient(RNNCell(1, "identity", use_bias=False), limit)
    params = cell.init(jax.random.key(0), 1, jnp.float64)
    params = params._replace(w_ih=jnp.full((1, 1), 3.0), w_hh=jnp.full((1, 1), 0.5))
    xs = jnp.ones((3, 1))

    def loss(xs):
        return 0.06 * unroll(cell, params, xs)[1][-1].sum()

    # Into z: 0.06; through w_hh 0.03; then 0.015. All are below the limit.
    np.testing.assert_allclose(jax.grad(loss)(xs)[:, 0], [0.045, 0.09, 0.18])
    # Twice the loss three times over: 0.36 is held to 0.1, then 0.05 and 0.025 pass.
    grads = jax.grad(lambda xs: 6 * loss(xs))(xs)[:, 0]
    np.testing.assert_allclose(grads, [0.075, 0.15, 0.3])


@pytest.mark.long
def test_a_wide_limit_changes_no_gradient_and_never_the_values():
    xs = jax.random.normal(jax.random.key(1), (6, 4, 2))
    params = drawn(LSTM)

    def run(cell):
        return jax.value_and_grad(lambda p: unroll(cell, p, xs)[1].sum())(params)

    assert_close(run(ClipRecurrentGradient(LSTM, 1e6)), run(LSTM))
    tight = run(ClipRecurrentGradient(LSTM, 0.01))
    assert_close(tight[0], run(LSTM)[0])
    assert not np.allclose(tight[1].w_hh, run(LSTM)[1].w_hh)


def test_a_cut_lets_the_gradient_pass_along_the_cell_state_alone():
    """The gradient of the last c is then the product of the forget gates."""
    cell = CutRecurrentGradient(LSTM)
    params = drawn(cell)
    xs = jax.random.normal(jax.random.key(1), (6, 2))
    carry = cell.init_carry((), jnp.float64)

    def last_c(c):
        return trace(cell, params, xs, carry._replace(c=c))[0].c.sum()

    _, (_, gates) = trace(cell, params, xs)
    np.testing.assert_allclose(
        jax.grad(last_c)(carry.c), np.prod(gates.f, axis=0), rtol=1e-12
    )
    assert_close(unroll(cell, params, xs), unroll(LSTM, params, xs))


def test_wrappers_print_compare_and_hash():
    cell = Zoneout(RecurrentDropout(LSTM, 0.5), h=0.1)
    assert repr(cell) == (
        "Zoneout(cell=RecurrentDropout(cell=LSTMCell(hidden_size=3), rate=0.5), h=0.1)"
    )
    assert cell == Zoneout(RecurrentDropout(LSTMCell(3), 0.5), h=0.1)
    assert hash(cell) == hash(Zoneout(RecurrentDropout(LSTMCell(3), 0.5), h=0.1))
    assert cell.hidden_size == 3
    assert isinstance(cell, jlstm.Cell)
