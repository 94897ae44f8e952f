"""The doors of the Flax modules: what comes in, where a call starts, Flax's tools."""

import functools

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx

import jlstm.linen
import jlstm.nnx
from jlstm import (
    Bidirectional,
    GRUCell,
    InputDropout,
    LearnedCarry,
    LSTMCell,
    Recurrent,
    RecurrentDropout,
    Stack,
    WeightDrop,
    WeightNoise,
    Zoneout,
)
from jlstm._internal.names import parts_of
from jlstm.linen.params import input_size_of, pure_params
from tests.messages import message_of
from tests.nnx.samples import PLAIN, TOL, B, H, T, X, inputs, noisy
from tests.quick import crossed, quick
from tests.zoo import assert_close

GRU, LSTM = GRUCell(H), LSTMCell(H)
LEARNED = LearnedCarry(GRU)
LAYERS = {
    "plain": PLAIN,
    "learned": Recurrent(LEARNED),
    "learned outside": Recurrent(LearnedCarry(Zoneout(RecurrentDropout(LSTM, 0.3)))),
    "learned inside": Recurrent(Zoneout(LearnedCarry(LSTM), h=0.1)),
    "noise outside": Recurrent(
        WeightNoise(WeightDrop(InputDropout(LEARNED, 0.2), 0.3))
    ),
    "one of a stack": Stack((Recurrent(LSTM), Recurrent(LEARNED))),
    "highway": Stack((Recurrent(LEARNED), Recurrent(GRU)), connect="highway"),
}
BOTH = {
    "bidirectional": Bidirectional(LEARNED, GRU),
    "all": Stack((Bidirectional(LEARNED), Stack((Recurrent(LEARNED),)))),
}


def as_nnx(layer, **options):
    model = noisy(lambda: jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0), **options))
    return model, model.init_carry((B,))


def as_linen(layer, **options):
    model = jlstm.linen.RNN(layer, **options)
    variables = noisy(lambda: model.init(jax.random.key(0), inputs()))
    start = model.apply(variables, (B,), method="init_carry")
    return functools.partial(model.apply, variables), start


def as_linen_unbound(layer, **options):
    run, _ = as_linen(layer, **options)
    return run, jlstm.linen.RNN(layer, **options).init_carry((B,))


FACES = {"nnx": as_nnx, "linen": as_linen, "linen unbound": as_linen_unbound}


@pytest.mark.long
@pytest.mark.parametrize(("name", "face"), crossed(LAYERS | BOTH, FACES))
def test_init_carry_is_what_a_call_starts_from(name, face):
    run, start = FACES[face]((LAYERS | BOTH)[name])
    xs = inputs()
    carry, ys = run(xs)
    assert_close(run(xs, start), (carry, ys), TOL)
    zeros = jax.tree.map(jnp.zeros_like, carry)
    moved = float(jnp.abs(run(xs, zeros)[1] - ys).max())
    assert (moved > 1e-3) == (name != "plain")
    if face != "linen unbound":
        assert jax.tree.structure(start) == jax.tree.structure(carry)
    if name in BOTH:
        return
    steps = []
    for t in range(T):  # step by step it is the whole sequence
        start, y = run(xs[:, t : t + 1], start)
        steps.append(y)
    assert_close(jnp.concatenate(steps, 1), ys, TOL)


@pytest.mark.long
def test_the_input_size_is_read_off_the_parameters():
    for layer in (*LAYERS.values(), Recurrent(jlstm.ConvGRUCell(2, (3, 2)))):
        params = jax.eval_shape(lambda one=layer: one.init(jax.random.key(0), 5))
        assert input_size_of(layer, jlstm.linen.linen_params(params)) == 5
    with pytest.raises(ValueError, match="no parameters of Recurrent"):
        input_size_of(PLAIN, {"w": jnp.ones((2, 3))})


@pytest.mark.parametrize("above", [("weights",), ("params",), ("params", "weights")])
def test_another_level_of_the_variables_is_refused(above):
    tree = jlstm.linen.linen_params(PLAIN.init(jax.random.key(3), X))
    for key in reversed(above):
        tree = {key: tree}
    text = message_of(ValueError, lambda: pure_params(PLAIN, X, tree))
    assert text.startswith(f"pure_params: the tree has {above[0]!r} alone; give what")


FLAGS = jnp.ones((B, T), bool)
REFUSED = {
    "list": ({"xs": [[1.0]]}, TypeError, "xs is a list; give an array."),
    "tuple": ({"xs": (1.0,)}, TypeError, "xs is a tuple; give an array."),
    "number": ({"xs": 1.0}, TypeError, "xs is a float; give an array."),
    "none": ({"xs": None}, TypeError, "xs is a NoneType; give an array."),
    "text": ({"xs": "abc"}, TypeError, "xs is a str; give an array."),
    "integers": ({"xs": jnp.ones((B, T, X), int)}, TypeError, "xs has dtype int64; "),
    "flags": ({"xs": jnp.ones((B, T, X), bool)}, TypeError, "xs has dtype bool; "),
    "complex": ({"xs": jnp.ones((B, T, X), complex)}, TypeError, "xs has dtype comp"),
    "scalar": ({"xs": jnp.ones(())}, ValueError, "xs has shape (); time_major="),
    "vector": ({"xs": jnp.ones(X)}, ValueError, "xs has shape (2,); time_major="),
    "mask of lists": ({"mask": [[True]]}, TypeError, "mask is a list; give an array."),
    "mask of numbers": (
        {"mask": jnp.ones((B, T))}, TypeError, "mask has dtype float64; give booleans",
    ),
    "mask turned": ({"mask": FLAGS.T}, ValueError, "mask has shape (6, 3); xs has"),
    "mask of one row": ({"mask": FLAGS[0]}, ValueError, "mask has shape (6,); xs has"),
    "resets turned": ({"resets": FLAGS.T}, ValueError, "resets has shape (6, 3); xs"),
    "resets of none": ({"resets": "no"}, TypeError, "resets is a str; give an array."),
    "lengths of lists": ({"lengths": [3]}, TypeError, "lengths is a list; give an"),
    "one length": ({"lengths": 3}, TypeError, "lengths is a int; give an array."),
    "lengths of floats": (
        {"lengths": jnp.ones(B)}, TypeError, "lengths has dtype float64; give",
    ),
    "lengths too many": (
        {"lengths": jnp.ones(T, int)}, ValueError, "lengths has shape (6,); xs has 6",
    ),
    "lengths too long": (
        {"lengths": jnp.full(B, 7)}, ValueError, "lengths go from 7 to 7; xs has",
    ),
    "lengths negative": (
        {"lengths": jnp.full(B, -1)}, ValueError, "lengths go from -1 to -1; xs has 6",
    ),
    "carry of another batch": (
        {"carry": PLAIN.init_carry((T,))}, ValueError, "The carry has shapes [(6, 4)]",
    ),
    "carry of lists": ({"carry": [jnp.ones((B, H))]}, ValueError, "The carry is [f64"),
    "key of numbers": ({"key": 3}, TypeError, "key is a int; give jax.random.key(0)"),
    "streams of keys": ({"key": nnx.Rngs(0)}, TypeError, "key is a Rngs; give jax.ran"),
}  # fmt: skip


@pytest.mark.parametrize("face", ["nnx", "linen"])
@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_named_and_the_advice_is_batch_first(
    what, face, unchecked
):
    arguments, error, wanted = REFUSED[what]
    run, _ = FACES[face](PLAIN)
    text = message_of(error, lambda: run(**{"xs": inputs(), **arguments}))
    assert text.startswith(wanted)
    assert "time first" not in text


def test_linen_refuses_what_is_no_sequence_before_it_draws(unchecked):
    for arguments, error, wanted in list(REFUSED.values())[:10]:
        text = message_of(
            error,
            lambda xs=arguments["xs"]: jlstm.linen.RNN(PLAIN).init(
                jax.random.key(0), xs
            ),
        )
        assert text.startswith(wanted)


@pytest.mark.long
@pytest.mark.parametrize("face", ["nnx", "linen"])
def test_numpy_is_taken_as_jax_is(face, unchecked):
    run, _ = FACES[face](PLAIN)
    lengths, mask = np.array([6, 4, 0]), np.ones((B, T), bool)
    wanted = run(inputs(), lengths=jnp.asarray(lengths), mask=jnp.asarray(mask))
    came = run(np.asarray(inputs()), lengths=lengths, mask=mask)
    assert_close(came, wanted, TOL)


@pytest.mark.parametrize("time_major", [False, True])
@pytest.mark.parametrize("face", ["nnx", "linen"])
def test_no_step_and_no_row(face, time_major):
    run, start = FACES[face](PLAIN, time_major=time_major)
    shape = (0, B, X) if time_major else (B, 0, X)
    carry, ys = run(jnp.ones(shape, jnp.float32))
    assert ys.shape == (*shape[:-1], H)
    assert_close(carry, start, TOL)
    shape = (T, 0, X) if time_major else (0, T, X)
    carry, ys = run(jnp.ones(shape, jnp.float32))
    assert ys.shape == (*shape[:-1], H) and carry.h.shape == (0, H)


@pytest.mark.parametrize(
    ("options", "error", "wanted"),
    [
        ({"input_size": 0}, ValueError, "input_size is 0; give a positive integer."),
        ({"input_size": None}, TypeError, "input_size is None; give a positive"),
        ({"input_size": True}, TypeError, "input_size is True; give a positive"),
        ({"dtype": int}, TypeError, "dtype is <class 'int'>; give a float"),
        ({"dtype": "nonsense"}, TypeError, "dtype is 'nonsense'; give a float"),
        ({"param_dtype": None}, TypeError, "param_dtype is None; give a float"),
        ({"time_major": "no"}, TypeError, "time_major is 'no'; give True or False."),
    ],
)
def test_options_of_a_module_are_checked(options, error, wanted, unchecked):
    given = {"input_size": X, **options}
    build = functools.partial(jlstm.nnx.RNN, PLAIN, rngs=nnx.Rngs(0), **given)
    assert message_of(error, build).startswith(wanted)


MODULES = {
    "RNN": lambda rngs: jlstm.nnx.RNN(LAYERS["highway"], X, rngs=rngs),
    "LSTM": lambda rngs: jlstm.nnx.LSTM(X, H, 2, True, rngs=rngs),
    "PeepholeLSTM": lambda rngs: jlstm.nnx.PeepholeLSTM(X, H, rngs=rngs),
    "GRU": lambda rngs: jlstm.nnx.GRU(X, H, 2, rngs=rngs),
    "SimpleRNN": lambda rngs: jlstm.nnx.SimpleRNN(X, H, bidirectional=True, rngs=rngs),
}


class Tagger(nnx.Module):
    """One of ours inside a larger model."""

    def __init__(self, rngs):
        self.rnn = jlstm.nnx.GRU(X, H, rngs=rngs)
        self.head = nnx.Linear(H, 2, rngs=rngs)

    def __call__(self, xs):
        carry, ys = self.rnn(xs)
        return carry[0].h, self.head(ys)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_flax_tabulates_every_module(name, plain_keys, standard_promotion):
    options = {"console_kwargs": {"width": 300, "force_terminal": False}}
    table = nnx.tabulate(MODULES[name](nnx.Rngs(0)), inputs(), **options)
    assert f"{name} Summary" in table
    assert f"float32[{B},{T},{X}]" in table
    assert "h: float32[3,4]" in table and "w_hh" in table


@pytest.mark.long
def test_flax_tabulates_a_model_that_holds_one(plain_keys, standard_promotion):
    options = {"console_kwargs": {"width": 300, "force_terminal": False}}
    table = nnx.tabulate(Tagger(nnx.Rngs(0)), inputs(), **options)
    assert "head" in table and "h: float32[3,4]" in table


@pytest.mark.slow
@pytest.mark.parametrize("name", ["RNN", "LSTM"])
def test_the_bridge_to_linen_is_the_module(name, plain_keys):
    kind = getattr(jlstm.nnx, name)
    arguments = (LAYERS["one of a stack"], X) if name == "RNN" else (X, H)
    module = nnx.bridge.to_linen(kind, *arguments)
    variables = jax.jit(module.init)(jax.random.key(0), inputs())
    weights = nnx.to_pure_dict(nnx.state(kind(*arguments, rngs=nnx.Rngs(1))))
    assert variables["params"].keys() == weights.keys() == {"weights"}
    carry, ys = module.apply(variables, inputs())
    params = kind(*arguments, rngs=nnx.Rngs(2)).pure_params()
    came, wanted = (
        {parts_of(path): leaf.shape for path, leaf in jax.tree.leaves_with_path(tree)}
        for tree in (variables["params"]["weights"], params)
    )
    assert came == wanted
    assert ys.shape == (B, T, H) and len(carry) == len(params)


@pytest.mark.long
def test_the_bridge_to_nnx_is_the_linen_module(plain_keys):
    linen = jlstm.linen.LSTM(H)
    model = nnx.bridge.ToNNX(linen, rngs=nnx.Rngs(0)).lazy_init(inputs())
    variables = {"params": nnx.to_pure_dict(nnx.state(model, nnx.Param))}
    assert_close(model(inputs()), linen.apply(variables, inputs()), TOL)


def grads_by_nnx(model, xs):
    return nnx.grad(lambda m: jnp.sum(m(xs)[1] ** 2))(model)


TOOLS = {
    "split and merge": lambda m, xs: nnx.merge(*nnx.split(m))(xs),
    "state and update": lambda m, xs: nnx.merge(nnx.graphdef(m), nnx.state(m))(xs),
    "jit": lambda m, xs: nnx.jit(lambda m, xs: m(xs))(m, xs),
    "cond": lambda m, xs: nnx.cond(True, lambda m: m(xs), lambda m: m(2 * xs), m),
    "remat": lambda m, xs: nnx.remat(lambda m, xs: m(xs))(m, xs),
    "vmap": lambda m, xs: nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(m, xs),
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_flax_tools_run_the_module(tool):
    model, _ = as_nnx(LAYERS["one of a stack"])
    assert_close(TOOLS[tool](model, inputs()), model(inputs()), TOL)


@pytest.mark.slow
def test_flax_gradient_scan_and_graph():
    model, _ = as_nnx(LAYERS["one of a stack"])
    grads = jax.grad(lambda m: jnp.sum(m(inputs())[1] ** 2))(model)
    pure = nnx.to_pure_dict(nnx.state(grads))
    assert_close(nnx.to_pure_dict(grads_by_nnx(model, inputs())), pure, TOL)
    variables = [one for _, one in nnx.iter_graph(model) if isinstance(one, nnx.Param)]
    assert len(variables) == len(jax.tree.leaves(model))
    body = nnx.scan(
        lambda carry, x: model(x[:, None], carry),
        in_axes=(nnx.Carry, 1),
        out_axes=(nnx.Carry, 1),
    )
    carry, ys = body(model.init_carry((B,)), inputs())
    assert_close((carry, ys[:, :, 0]), model(inputs()), TOL)


class Parent(nn.Module):
    """A Linen model that asks its part where it starts."""

    @nn.compact
    def __call__(self, xs):
        rnn = jlstm.linen.RNN(LAYERS["learned"].cell, name="rnn")
        _, ys = rnn(xs)
        return ys, rnn(xs, rnn.init_carry(xs.shape[:1]))[1]


@pytest.mark.long
def test_a_bound_part_of_a_linen_model_knows_its_start():
    variables = noisy(lambda: Parent().init(jax.random.key(0), inputs()))
    without, given = Parent().apply(flax.core.freeze(variables), inputs())
    assert_close(given, without, TOL)


@pytest.mark.parametrize("name", quick(["one of a stack", "plain", "noise outside"]))
def test_both_faces_make_the_same_steps(name):
    layer, xs = LAYERS[name], inputs()
    model, _ = as_nnx(layer)
    linen = jlstm.linen.RNN(layer)
    variables = {"params": {"weights": jlstm.linen.linen_params(model.pure_params())}}

    def walk(face, prepared, noise, carry):
        steps = jnp.swapaxes(xs, 0, 1), noise
        return jax.lax.scan(lambda c, s: face.step(prepared, c, *s), carry, steps)

    def both():
        start = model.init_carry((B,))
        one, two, three = (jax.random.key(3) for _ in range(3))
        bound = linen.apply(variables, xs, one, method="prepare")
        own = walk(model, *model.prepare(xs, two), start)
        return own, walk(linen, *bound, start), model(xs, key=three)

    own, other, (carry, ys) = jax.jit(both)()
    assert_close(own, other, TOL)
    assert_close(own, (carry, jnp.swapaxes(ys, 0, 1)), TOL)


def test_a_linen_module_without_variables_prepares_nothing():
    text = message_of(ValueError, lambda: jlstm.linen.RNN(PLAIN).prepare(inputs()))
    assert text == (
        "RNN has no parameters here: call model.apply(variables, ..., "
        'method="prepare").'
    )
