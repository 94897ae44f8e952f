"""The Linen modules: names of parameters, Linen's tools, options, errors."""

import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import errors, nnx, serialization, traverse_util
from flax import linen as nn

import jlstm.linen
import jlstm.nnx
from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack
from tests.nnx.samples import PLAIN, STACKED, TOL, B, H, T, X, inputs
from tests.zoo import assert_close, assert_same


def noisy(model):
    """Return variables for ``model`` with random values, biases included."""
    random = np.random.default_rng(1)
    xs = jnp.swapaxes(inputs(), 0, 1) if model.time_major else inputs()
    return jax.tree.map(
        lambda a: jnp.asarray(0.5 * random.normal(size=a.shape), a.dtype),
        jax.eval_shape(lambda: model.init(jax.random.key(0), xs)),
    )


@functools.partial(jax.jit, static_argnums=0)
def run(model, variables, xs, carry=None, **arguments):
    return model.apply(variables, xs, carry, **arguments)


@pytest.mark.long
def test_parameters_are_nested_dicts_under_plain_names():
    model = jlstm.linen.LSTM(H, 2, bidirectional=True)
    flat = traverse_util.flatten_dict(noisy(model), sep="/")
    assert len(flat) == 12
    assert flat["params/weights/0/forward/w_ih"].shape == (X, 4, H)
    assert flat["params/weights/1/backward/w_ih"].shape == (2 * H, 4, H)
    assert flat["params/weights/1/backward/b"].shape == (4, H)


@pytest.mark.long
def test_initial_parameters_are_those_that_the_layer_draws():
    model = jlstm.linen.SimpleRNN(H)
    made = jax.jit(model.init)(jax.random.key(0), inputs())["params"]["weights"]
    layer = model.sequence_layer()
    wanted = jax.eval_shape(lambda: layer.init(jax.random.key(0), X))
    params = jlstm.linen.pure_params(layer, X, made)
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(jnp.shape, wanted)
    w_hh = params[0].w_hh
    assert_close(w_hh @ w_hh.T, jnp.eye(H, dtype=jnp.float32), TOL)
    assert jnp.abs(params[0].w_ih).max() > 0.1


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LSTM", {"forget_bias": 3.0}),
        ("PeepholeLSTM", {"use_bias": False}),
        ("GRU", {"reset": "before"}),
        ("SimpleRNN", {"activation": "relu"}),
    ],
)
def test_conveniences_are_those_of_nnx(name, options, bidirectional):
    arguments = {"dropout": 0.3, "variational": True, **options}
    model = getattr(jlstm.linen, name)(H, 2, bidirectional, **arguments)
    kind = getattr(jlstm.nnx, name)
    twin = jax.eval_shape(
        lambda: kind(X, H, 2, bidirectional, **arguments, rngs=nnx.Rngs(0))
    )
    assert model.sequence_layer() == twin.layer


@pytest.mark.long
def test_time_major_equals_batch_major():
    batch_major, time_major = (
        jlstm.linen.RNN(PLAIN, time_major=flag) for flag in (False, True)
    )
    variables, xs = noisy(batch_major), inputs()
    mask = jnp.asarray(np.random.default_rng(2).random((B, T)) < 0.7)
    carry = jax.tree.map(lambda a: a + 0.5, batch_major.init_carry((B,)))
    done, ys = run(batch_major, variables, xs, carry, mask=mask)
    xs_t = jnp.swapaxes(xs, 0, 1)
    done_t, ys_t = run(time_major, variables, xs_t, carry, mask=mask.T)
    assert_close((done, ys), (done_t, jnp.swapaxes(ys_t, 0, 1)), TOL)
    np.testing.assert_array_equal(np.any(ys != 0, axis=-1), mask)


@pytest.mark.long
def test_a_training_step_reduces_the_loss_and_a_mask_by_path_freezes(
    standard_promotion,
):
    model = jlstm.linen.LSTM(H)
    variables, xs = noisy(model), inputs()
    frozen = traverse_util.path_aware_map(
        lambda path, _: path[-1] == "w_hh", variables["params"]
    )
    rule = optax.chain(optax.adam(0.02), optax.masked(optax.set_to_zero(), frozen))

    @jax.jit
    def step(params, state):
        def loss(params):
            return jnp.mean((model.apply({"params": params}, xs)[1] - 0.5) ** 2)

        value, grads = jax.value_and_grad(loss)(params)
        updates, state = rule.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    params, losses = variables["params"], []
    state = rule.init(params)
    for _ in range(20):
        params, state, value = step(params, state)
        losses.append(float(value))
    assert losses[-1] < 0.9 * losses[0]
    before, after = (tree["weights"]["0"] for tree in (variables["params"], params))
    assert_same(before["w_hh"], after["w_hh"])
    assert jnp.abs(before["w_ih"] - after["w_ih"]).min() > 0


def test_bytes_and_back():
    model = jlstm.linen.RNN(STACKED)
    variables = noisy(model)
    blank = jax.tree.map(jnp.zeros_like, variables)
    restored = serialization.from_bytes(blank, serialization.to_bytes(variables))
    assert_same(restored, variables)


def test_module_is_static_and_pickles():
    model = jlstm.linen.LSTM(H, 2, dropout=0.1)
    assert hash(model) == hash(jlstm.linen.LSTM(H, 2, dropout=0.1))
    assert pickle.loads(pickle.dumps(model)) == model
    assert model != jlstm.linen.LSTM(H, 2)


@pytest.mark.long
def test_ensembles_by_vmap_over_variables():
    model, xs = jlstm.linen.RNN(PLAIN), inputs()
    one, two = noisy(model), jax.tree.map(lambda a: -a, noisy(model))
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), one, two)
    together = jax.vmap(lambda v: run(model, v, xs)[1])(both)
    apart = jnp.stack([run(model, v, xs)[1] for v in (one, two)])
    assert_close(together, apart, TOL)
    assert jnp.abs(together[0] - together[1]).max() > 0.1


def test_lives_inside_another_module():
    class Tagger(nn.Module):
        @nn.compact
        def __call__(self, xs):
            _, ys = jlstm.linen.SimpleRNN(H, name="rnn")(xs)
            return nn.Dense(2, dtype=xs.dtype)(ys)

    shapes = jax.eval_shape(lambda: Tagger().init(jax.random.key(0), inputs()))
    flat = traverse_util.flatten_dict(shapes["params"], sep="/")
    assert flat["rnn/weights/0/w_hh"].shape == (H, H)
    assert flat["Dense_0/kernel"].shape == (H, 2)


@pytest.mark.long
def test_compute_dtype_casts_the_inputs_and_not_the_parameters():
    full, half = (jlstm.linen.RNN(PLAIN, dtype=d) for d in (None, jnp.bfloat16))
    variables = noisy(half)
    carry, ys = run(half, variables, inputs())
    assert ys.dtype == jnp.bfloat16 and carry.h.dtype == jnp.float32
    assert {a.dtype for a in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    exact = run(full, variables, inputs())[1]
    assert_close(ys.astype(jnp.float32), exact, 0.03)
    narrow = noisy(jlstm.linen.RNN(PLAIN, param_dtype=jnp.bfloat16))
    assert {a.dtype for a in jax.tree.leaves(narrow)} == {jnp.dtype("bfloat16")}


@pytest.mark.long
def test_dropout_comes_with_the_key_only():
    model = jlstm.linen.SimpleRNN(H, 2, dropout=0.5)
    variables, xs = noisy(model), inputs()
    quiet = run(model, variables, xs)[1]
    plain = run(jlstm.linen.SimpleRNN(H, 2), variables, xs)[1]
    assert_same(quiet, plain)
    one, same, other = (
        run(model, variables, xs, key=jax.random.key(n))[1] for n in (5, 5, 6)
    )
    assert_same(one, same)
    assert jnp.abs(one - quiet).max() > 0.01
    assert jnp.abs(one - other).max() > 0.01


@pytest.mark.slow
def test_parameters_there_and_back():
    layer = Stack((Bidirectional(LSTMCell(H)),) * 12)  # "10" sorts before "2"
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(3), X))
    numbers = iter(range(100))
    params = jax.tree.map(lambda a: next(numbers), shapes)
    tree = jlstm.linen.linen_params(params)
    assert tree["10"]["forward"]["w_hh"] == params[10].forward.w_hh
    assert jlstm.linen.pure_params(layer, X, tree) == params


def test_parameters_of_another_layer_are_refused():
    tree = jlstm.linen.linen_params(PLAIN.init(jax.random.key(3), X))
    with pytest.raises(ValueError, match=r"field names .* do not match"):
        jlstm.linen.pure_params(Recurrent(GRUCell(H)), X, tree)
    with pytest.raises(errors.ScopeParamShapeError, match=r"\(2, 4\)"):
        jlstm.linen.RNN(PLAIN).apply({"params": {"weights": tree}}, jnp.ones((T, 5)))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LSTMCell, "layer is the class LSTMCell; give an object"),
        (3, "layer is 3; give a cell or a layer"),
    ],
)
def test_refuses_what_is_no_layer(layer, message, unchecked):
    with pytest.raises(TypeError, match=message):
        jlstm.linen.RNN(layer).init(jax.random.key(0), inputs())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"mask": jnp.ones((T, B), bool)},
            r"mask has shape \(6, 3\); xs has time and batch axes \(3, 6\)",
        ),
        ({"lengths": jnp.full(B, T + 1)}, "lengths go from 7 to 7; xs has 6 steps"),
        ({"xs": jnp.ones(X)}, r"xs has shape \(2,\).*wants \(\*batch, t, x\)"),
    ],
)
def test_refuses_arguments_that_do_not_fit(arguments, message, unchecked):
    model = jlstm.linen.RNN(PLAIN)
    with pytest.raises(ValueError, match=message):
        model.apply(noisy(model), **{"xs": inputs(), **arguments})
