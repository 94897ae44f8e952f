"""``jlstm.interop.torch``: torch's weights compute here what they compute there."""

import types
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import (
    Bidirectional,
    GRUCell,
    LSTMCell,
    ProjectedLSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from jlstm.interop import (
    dense_heads,
    from_safetensors,
    from_torch,
    save_safetensors,
    to_torch,
)
from tests.interop.peers import (
    HIDDEN_SIZE,
    LENGTHS,
    flat,
    golden,
    inputs,
    loss_weights,
    need,
    require_close,
    require_same,
    shapes_of,
    waves,
)
from tests.interop.peers import run as run_here
from tests.interop.run_torch import CASES, LSTM, PROJECTED, RNN, module, run, weights

each_case = pytest.mark.parametrize("case", CASES, ids=str)


def read(case, named):
    return from_torch(named, nonlinearity=case.nonlinearity)


@partial(jax.jit, static_argnums=0)
def run_ours(layer, params, xs):
    """Return outputs and last states, and the gradients of the parameters."""

    def scored(params):
        carry, ys = layer.apply(params, xs, lengths=jnp.asarray(LENGTHS))
        outputs = [ys, *jax.tree.leaves(carry)]
        return sum(jnp.sum(out * loss_weights(out.shape)) for out in outputs), outputs

    grads, outputs = jax.grad(scored, has_aux=True)(params)
    return outputs, grads


def as_ours(case, grads):
    """Turn gradients of torch's weights into those of ours, by the same conversion.

    Our bias is the sum of two, so its gradient is that of the first; the second counts
    only inside the reset product of a GRU.
    """
    for name in [name for name in grads if name.startswith("bias_hh")]:
        grads[name] = grads[name].copy()
        grads[name][: 2 * HIDDEN_SIZE if case.kind == "GRU" else None] = 0
    return read(case, grads)[1]


@each_case
def test_we_compute_what_torch_did(case):
    named = weights(case)
    layer, params = read(case, named)
    outputs, grads = run_ours(layer, params, jnp.asarray(inputs()))
    theirs = golden("torch")[str(case)]
    count = sum(out.size for out in outputs)
    require_close(outputs, theirs[:count])
    ends = count + np.cumsum([array.size for array in named.values()])
    blocks = np.split(theirs[count:], ends[:-1] - count)
    wanted = {
        name: block.reshape(array.shape)
        for (name, array), block in zip(named.items(), blocks, strict=True)
    }
    require_close(jax.tree.leaves(grads), flat(jax.tree.leaves(as_ours(case, wanted))))


@each_case
def test_there_and_back_keeps_every_bit(case):
    layer, params = read(case, weights(case))
    named = to_torch(layer, params)
    assert named.keys() == weights(case).keys()
    for name in named:
        assert named[name].shape == weights(case)[name].shape
        assert named[name].flags.writeable
        if not name.startswith("bias"):
            np.testing.assert_array_equal(named[name], weights(case)[name])
    back, same = read(case, named)
    assert back == layer
    require_same(same, params)


@each_case
def test_torch_computes_what_we_export(case):
    need("torch")
    layer, params = read(case, weights(case))
    live = run(case, to_torch(layer, params))
    outputs, _ = run_ours(layer, params, jnp.asarray(inputs()))
    require_close(outputs, live[: sum(out.size for out in outputs)])


@each_case
def test_the_golden_file_is_what_torch_computes(case):
    need("torch")
    live, kept = run(case, weights(case)), golden("torch")[str(case)]
    np.testing.assert_allclose(live, kept, rtol=1e-12, atol=1e-12)


def test_modules_are_read_with_their_dropout():
    torch = need("torch")
    source = torch.nn.LSTM(2, 3, num_layers=2, bidirectional=True, dropout=0.25)
    layer, params = from_torch(source)
    assert layer == Stack((Bidirectional(LSTMCell(3)),) * 2, dropout=0.25)
    assert params[0].forward.w_ih.dtype == jnp.float32
    before = np.asarray(params[0].forward.w_ih).copy()
    with torch.no_grad():
        source.weight_ih_l0.zero_()
    np.testing.assert_array_equal(params[0].forward.w_ih, before)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_modules_tell_their_nonlinearity(nonlinearity):
    torch = need("torch")
    layer, _ = from_torch(torch.nn.RNN(2, 3, nonlinearity=nonlinearity))
    assert layer == Stack((Recurrent(RNNCell(3, nonlinearity)),))


def test_bfloat16_passes_in_both_directions():
    torch = need("torch")
    source = torch.nn.GRU(2, 3, dtype=torch.bfloat16)
    layer, params = from_torch(source)
    assert params[0].w_hh.dtype == jnp.bfloat16
    named = to_torch(layer, params)
    source.load_state_dict({name: torch.from_numpy(a) for name, a in named.items()})
    require_same(from_torch(source)[1], params)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_safetensors_there_and_back(tmp_path, dtype):
    need("safetensors")
    case = PROJECTED
    layer, params = read(case, weights(case))
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
    save_safetensors(tmp_path / "model.safetensors", layer, params)
    back, same = from_safetensors(tmp_path / "model.safetensors")
    assert back == layer
    require_same(same, params)


def test_safetensors_are_what_torch_reads(tmp_path):
    need("torch")
    files = need("safetensors.torch")
    case = LSTM
    layer, params = read(case, weights(case))
    save_safetensors(tmp_path / "model.safetensors", layer, params)
    made = module(case, weights(case))
    made.load_state_dict(files.load_file(tmp_path / "model.safetensors"))
    require_same(from_torch(made)[1], params)


def test_a_prefix_picks_a_layer_of_a_model():
    named = {f"encoder.rnn.{k}": v for k, v in weights(LSTM).items()}
    named |= {"head.weight": np.ones((2, 2)), "head.bias": np.ones(2)}
    _, params = from_torch(named, prefix="encoder.rnn.")
    require_same(params, from_torch(weights(LSTM))[1])
    with pytest.raises(ValueError, match=r"prefix ''; .* prefixes \['encoder.rnn.'\]"):
        from_torch(named)


def drop(name):
    return {k: v for k, v in weights(LSTM).items() if k != name}


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (drop("bias_hh_l0"), {}, "both biases or none"),
        (drop("weight_hh_l1_reverse"), {}, "not those of a whole module"),
        (weights(RNN), {}, "nonlinearity is None, but .* torch.nn.RNN"),
        (weights(LSTM), {"nonlinearity": "relu"}, "weights of a torch.nn.LSTM"),
        (
            {"weight_ih_l0": np.ones((10, 2)), "weight_hh_l0": np.ones((10, 3))},
            {},
            "10 rows for 3 hidden units",
        ),
        ({}, {}, "No weight_ih_l0"),
    ],
)
def test_weights_that_tell_too_little_are_refused(source, options, message):
    with pytest.raises(ValueError, match=message):
        from_torch(source, **options)


def test_other_modules_are_refused():
    with pytest.raises(TypeError, match=r"cannot read a SimpleNamespace.*state_dict"):
        from_torch(types.SimpleNamespace())


def stacked(*cells):
    return Stack(tuple(Recurrent(cell) for cell in cells))


REFUSED = [
    (GRUCell(3, reset="before"), ValueError, "reset is 'before'.*different models"),
    (LSTMCell(3, cell_clip=1.0), ValueError, "cell_clip is 1.0"),
    (LSTMCell(4, num_heads=2), ValueError, "num_heads is 2.*dense_heads"),
    (LSTMCell(3, activation="relu"), ValueError, "activation is 'relu'"),
    (RNNCell(3, activation="elu"), ValueError, "only the activations tanh and relu"),
    (jlstm.PeepholeLSTMCell(3), TypeError, "has no cell like PeepholeLSTMCell"),
    (Recurrent(LSTMCell(3), reverse=True), ValueError, "reverse is True"),
    (Bidirectional(LSTMCell(3), merge="sum"), ValueError, "merge is 'sum'"),
    (Bidirectional(LSTMCell(3), GRUCell(3)), ValueError, "one by one"),
    (
        Stack((Recurrent(LSTMCell(3)),) * 2, connect="residual"),
        ValueError,
        "connect is 'resid",
    ),
    (stacked(LSTMCell(3), LSTMCell(4)), ValueError, "one by one"),
    (stacked(LSTMCell(3), LSTMCell(3, use_bias=False)), ValueError, "one by one"),
]


@pytest.mark.parametrize(("layer", "error", "message"), REFUSED)
def test_what_torch_cannot_hold_is_refused(layer, error, message):
    params = shapes_of(layer)
    with pytest.raises(error, match=message):
        to_torch(layer, params)


def test_one_and_two_directions_do_not_mix():
    layer = Stack((Bidirectional(LSTMCell(3)), Recurrent(LSTMCell(3))))
    with pytest.raises(ValueError, match="one direction or all have two"):
        to_torch(layer, shapes_of(layer))


def test_heads_made_dense_compute_the_same():
    parts = (LSTMCell(2), GRUCell(4, num_heads=2), RNNCell(4, num_heads=2))
    below, above = Bidirectional(*parts[:2]), Recurrent(parts[2])
    layer = Stack((below, Stack((above, above), connect="highway")))
    leaves, structure = jax.tree.flatten(shapes_of(layer))
    params = structure.unflatten(
        map(jnp.asarray, waves([leaf.shape for leaf in leaves]))
    )
    require_close(
        run_here(*dense_heads(layer, params), inputs()),
        flat(run_here(layer, params, inputs())),
    )
    assert ProjectedLSTMCell(3, 2) == dense_heads(ProjectedLSTMCell(3, 2), ())[0]
    with pytest.raises(TypeError, match=r"heads of MLSTMCell.* are more than blocks"):
        dense_heads(jlstm.MLSTMCell(4, num_heads=2), ())
