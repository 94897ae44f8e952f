"""A cell or a layer as an NNX module: layouts, dtypes, noise, parameters, errors."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jlstm.nnx
from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack
from tests.messages import message_of
from tests.nnx.samples import PLAIN, STACKED, TOL, B, H, T, X, inputs, make, run
from tests.quick import quick
from tests.zoo import assert_close, assert_same

MIXED = Stack((Bidirectional(LSTMCell(H)), Recurrent(GRUCell(3))))


def swap(xs):
    return jnp.swapaxes(xs, 0, 1)


def test_time_major_equals_batch_major():
    batch_major, time_major = make(STACKED), make(STACKED, time_major=True)
    random = np.random.default_rng(2)
    mask, resets = (jnp.asarray(random.random((B, T)) < p) for p in (0.7, 0.3))
    carry = jax.tree.map(lambda a: a + 0.5, batch_major.init_carry((B,)))
    done, ys = run(batch_major, inputs(), carry, mask=mask, resets=resets)
    done_t, ys_t = run(time_major, swap(inputs()), carry, mask=mask.T, resets=resets.T)
    assert_close((done, ys), (done_t, swap(ys_t)), TOL)
    assert not np.any(np.asarray(ys)[~np.asarray(mask)])
    assert np.all(np.asarray(ys)[np.asarray(mask)])


@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_any_number_of_batch_axes(batch):
    model, xs = make(PLAIN), inputs(batch)
    mask = jnp.ones((*batch, T), bool).at[..., 3:].set(False)
    carry, ys = run(model, xs, lengths=jnp.full(batch, 4), mask=mask)
    short = run(model, xs[..., :3, :])
    assert ys.shape == (*batch, T, H)
    assert_close((carry, ys[..., :3, :]), short, TOL)


def test_carry_continues_a_sequence():
    model, xs = make(PLAIN), inputs()
    carry, first = run(model, xs[:, :3])
    _, second = run(model, xs[:, 3:], carry)
    whole = run(model, xs)[1]
    assert_close(jnp.concatenate([first, second], 1), whole, TOL)
    assert_close(run(model, xs[:, :3], model.init_carry((B,)))[1], first, TOL)


def dtypes(tree):
    return {str(leaf.dtype) for leaf in jax.tree.leaves(tree)}


def test_compute_dtype_casts_the_inputs_and_not_the_parameters():
    model = make(STACKED, dtype=jnp.bfloat16)
    carry, ys = run(model, inputs())
    assert dtypes(ys) == {"bfloat16"}
    assert dtypes(model) == dtypes(carry) == {"float32"}
    exact = run(make(STACKED), inputs())[1]
    assert_close(ys.astype(jnp.float32), exact, 0.03)
    assert dtypes(exact) == {"float32"}


def test_dropout_comes_with_the_key_only():
    model, xs = make(Stack((PLAIN, PLAIN), dropout=0.5)), inputs()
    quiet = run(model, xs)[1]
    plain = make(Stack((PLAIN, PLAIN))).with_params(model.pure_params())
    assert_same(run(plain, xs)[1], quiet)
    one, same, other = (run(model, xs, key=jax.random.key(n))[1] for n in (5, 5, 6))
    assert_same(one, same)
    assert jnp.abs(one - quiet).max() > 0.01
    assert jnp.abs(one - other).max() > 0.01


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "clone": nnx.clone,
    "split_merge": lambda model: nnx.merge(*nnx.split(model)),
    "tree": lambda model: jax.tree.map(lambda a: a, model),
    "with_params": lambda model: model.with_params(model.pure_params()),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_whole(name):
    model = make(STACKED, dtype=jnp.float32)
    twin = COPIES[name](model)
    assert type(twin) is type(model)
    assert (twin.layer, twin.input_size, twin.dtype) == (model.layer, X, jnp.float32)
    assert jax.tree.structure(twin) == jax.tree.structure(model)
    assert_same(run(twin, inputs()), run(model, inputs()))


def test_state_has_the_paths_of_the_pure_parameters():
    model = make(MIXED)
    paths = [
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, _ in jax.tree_util.tree_leaves_with_path(model)
    ]
    assert paths[0] == "weights/0/forward/w_ih/value"
    tree = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    assert sorted(tree["weights"][0]["backward"]) == ["b", "w_hh", "w_ih"]
    assert_same(tree["weights"][1]["b_hn"], model.pure_params()[1].b_hn)
    assert len(jax.tree.leaves(tree)) == len(jax.tree.leaves(model)) == 10


def test_with_params_takes_what_a_layer_makes():
    model, xs = make(PLAIN), inputs()
    params = jax.tree.map(jnp.ones_like, model.pure_params())
    loaded = model.with_params(params)
    assert_same(loaded.pure_params(), params)
    assert jnp.abs(run(loaded, xs)[1] - run(model, xs)[1]).max() > 0.01


def test_with_params_refuses_other_shapes():
    params = jax.eval_shape(lambda: PLAIN.init(jax.random.key(7), X + 1))
    with pytest.raises(
        ValueError, match=r"params has shapes .*w_ih=\(3, 4\).* wants .*\(2, 4\)"
    ):
        make(PLAIN).with_params(params)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LSTMCell, "layer is the class LSTMCell; give an object"),
        (Recurrent, "layer is the class Recurrent; give an object"),
        ("lstm", "layer is 'lstm'; give a cell or a layer"),
    ],
)
def test_refuses_what_is_no_layer(layer, message, unchecked):
    with pytest.raises(TypeError, match=message):
        jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"mask": jnp.ones((T, B), bool)},
            r"mask has shape \(6, 3\); xs has time and batch axes \(3, 6\)",
        ),
        (
            {"resets": jnp.ones((B,), bool)},
            r"resets has shape \(3,\).*time_major=False",
        ),
        ({"lengths": jnp.ones(B + 1, int)}, r"lengths has shape \(4,\)"),
        ({"lengths": jnp.full(B, T + 1)}, "lengths go from 7 to 7; xs has 6 steps"),
        ({"xs": jnp.ones(X)}, r"xs has shape \(2,\).*wants \(\*batch, t, x\)"),
        (
            {"xs": jnp.ones((B, T, X + 1))},
            r"w_ih has shape \(2,.* where xs has 3 features",
        ),
    ],
)
def test_refuses_arguments_that_do_not_fit(arguments, message, unchecked):
    with pytest.raises(ValueError, match=message):
        make(PLAIN)(**{"xs": inputs(), **arguments})


def test_refuses_token_ids_even_with_a_compute_dtype(unchecked):
    with pytest.raises(TypeError, match="xs has dtype int64; give floating-point"):
        make(PLAIN, dtype=jnp.float32)(jnp.ones((B, T, X), int))


def test_a_carry_of_another_batch_is_refused():
    model = make(Recurrent(LSTMCell(H)))
    with pytest.raises(ValueError, match=r"carry has shapes .*batch of shape \(3,\)"):
        model(inputs(), model.init_carry((B + 1,)))


STEPS = {
    "plain": (PLAIN, {}),
    "residual": (Stack((Recurrent(LSTMCell(H)),) * 2, 0.5, connect="residual"), {}),
    "batch first": (Stack((Recurrent(GRUCell(H)),) * 2, 0.5, variational=True), {}),
    "time first": (
        Stack((Recurrent(GRUCell(H)),) * 2, 0.5), {"time_major": True},
    ),
    "bfloat16": (PLAIN, {"dtype": jnp.bfloat16}),
}  # fmt: skip


@pytest.mark.parametrize("name", quick([*STEPS]))
def test_step_by_step_is_the_call_with_the_same_noise(name):
    layer, options = STEPS[name]
    model = make(layer, **options)
    xs = swap(inputs()) if options.get("time_major") else inputs()

    @jax.jit
    def stepped(model, xs, key):
        like = jax.ShapeDtypeStruct(xs.shape, xs.dtype)
        prepared, noise = model.prepare(like, key)
        steps = xs if model.time_major else swap(xs)
        return jax.lax.scan(
            lambda carry, step: model.step(prepared, carry, *step),
            model.init_carry((B,)), (steps, noise),
        )  # fmt: skip

    carry, ys = stepped(model, xs, jax.random.key(4))
    wanted = run(model, xs, key=jax.random.key(4))
    assert_close((carry, ys if model.time_major else swap(ys)), wanted, TOL)
    assert ys.dtype == wanted[1].dtype


@pytest.mark.parametrize(
    ("xs", "error", "wanted"),
    [
        ([[1.0]], TypeError, "xs is a list; give an array."),
        (jnp.ones((T, X), int), TypeError, "xs has dtype int64; give floating-point"),
        (jnp.ones(X), ValueError, "xs has shape (2,); time_major=False wants (*batch,"),
    ],
)
def test_prepare_says_what_it_takes(xs, error, wanted, unchecked):
    assert message_of(error, lambda: make(PLAIN).prepare(xs)).startswith(wanted)
