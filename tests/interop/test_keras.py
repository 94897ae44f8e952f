"""``jlstm.interop.keras``: Keras's layers compute here what they compute there."""

import json
import os
import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import (
    Bidirectional,
    ConvLSTMCell,
    GRUCell,
    LSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from jlstm.activations import HardSigmoid, resolve
from jlstm.interop import KerasLayer, from_keras, to_keras
from jlstm.interop._keras_cells import ACTIVATIONS
from tests.interop.peers import (
    GOLDEN,
    LENGTHS,
    flat,
    golden,
    loss_weights,
    need,
    require_close,
    require_same,
    shapes_of,
    waves,
)
from tests.interop.run_keras import CASES, WITH_GRADIENTS, images, is_padded

CONFIGS = json.loads((GOLDEN / "keras.json").read_text())
TOLERANCE = 1e-6  # Keras computes in float32 on JAX, whatever dtype a layer has
each_case = pytest.mark.parametrize("case", CASES)


def weight_shapes(config):
    """Return the shapes of the weights of a layer, as Keras builds them."""
    inner, x = config["config"], config["build_config"]["input_shape"][-1]
    if config["class_name"] == "Bidirectional":
        half = {**inner["layer"], "build_config": config["build_config"]}
        return 2 * weight_shapes(half)
    count = {"SimpleRNN": 1, "GRU": 3}.get(config["class_name"], 4)
    h = inner.get("units") or inner["filters"]
    kernel = tuple(inner.get("kernel_size", ()))
    bias = (2, count * h) if inner.get("reset_after") else (count * h,)
    shapes = [(*kernel, x, count * h), (*kernel, h, count * h)]
    return shapes + ([bias] if inner["use_bias"] else [])


def layers_of(case):
    """Return the layers of a case, as :func:`tests.interop.run_keras.build` does."""
    return [
        KerasLayer(config, waves(weight_shapes(config), 1.0 + n))
        for n, config in enumerate(CONFIGS[case])
    ]


@partial(jax.jit, static_argnums=(0, 3))
def run_ours(layer, params, xs, case):
    """Return outputs and last states, and for some cases the parameters' gradients."""

    def scored(params):
        lengths = jnp.asarray(LENGTHS) if is_padded(case) else None
        carry, ys = layer.apply(params, xs, lengths=lengths)
        outputs = [ys, *jax.tree.leaves(carry)]
        outputs = outputs[1:] if case == "backwards" else outputs
        return sum(jnp.sum(out * loss_weights(out.shape)) for out in outputs), outputs

    if case not in WITH_GRADIENTS:
        return scored(params)[1], None
    grads, outputs = jax.grad(scored, has_aux=True)(params)
    return outputs, grads


def gradients_of(case, vector):
    """Turn gradients of Keras's weights into those of ours, by the same conversion.

    Of the two biases of a GRU the second counts only inside the reset product.
    """
    layers = []
    for layer in layers_of(case):
        weights = []
        for old in layer.weights:
            own, vector = vector[: old.size].reshape(old.shape), vector[old.size :]
            if own.ndim == 2 and own.shape[0] == 2 and len(weights) == 2:
                own = own.copy()
                own[1, : own.shape[1] * 2 // 3] = 0
            weights.append(own)
        layers.append(KerasLayer(layer.config, weights))
    assert not vector.size
    return from_keras(layers)[1]


@each_case
def test_we_compute_what_keras_did(case):
    layer, params = from_keras(layers_of(case))
    outputs, grads = run_ours(layer, params, jnp.asarray(images(case)), case)
    theirs = golden("keras")[case]
    count = sum(out.size for out in outputs)
    require_close(outputs, theirs[:count], tol=TOLERANCE)
    if case in WITH_GRADIENTS:
        wanted = flat(jax.tree.leaves(gradients_of(case, theirs[count:])))
        require_close(jax.tree.leaves(grads), wanted, tol=TOLERANCE)


@each_case
def test_there_and_back_keeps_every_bit(case):
    layer, params = from_keras(layers_of(case))
    written = to_keras(layer, params)
    for new, old in zip(written, layers_of(case), strict=True):
        assert [w.shape for w in new.weights] == [w.shape for w in old.weights]
        assert new.config["class_name"] == old.config["class_name"]
        shapes = (one.config["build_config"]["input_shape"] for one in (new, old))
        assert next(shapes)[2:] == next(shapes)[2:]  # batch and time are any
        np.testing.assert_array_equal(new.weights[1], old.weights[1])
    back, same = from_keras(written)
    assert back == layer
    require_same(same, params)


def test_activations_are_those_of_keras():
    points = jnp.linspace(-4.0, 4.0, 9)
    ours = [resolve(activation)(points) for activation in ACTIVATIONS.values()]
    require_close(ours, golden("keras")["activations"], tol=TOLERANCE)


@pytest.mark.slow
def test_keras_itself_agrees(tmp_path):
    """The golden file is what Keras computes, before and after a visit to jlstm."""
    need("keras", load=False)
    env = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    paths = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-m", "tests.interop.run_keras", tmp_path / "live.npz"],
        env=os.environ | env | {"PYTHONPATH": paths},
        check=True,
    )
    kept = golden("keras")
    with np.load(tmp_path / "live.npz") as live:
        for case in CASES:
            options = {"rtol": TOLERANCE, "atol": TOLERANCE, "err_msg": case}
            np.testing.assert_allclose(live[case], kept[case], **options)
            back = live[f"{case}_back"]
            np.testing.assert_allclose(back, kept[case][: back.size], **options)


def test_layers_become_ours():
    def read(case):
        return from_keras(layers_of(case))[0].layers

    gates = {"gate_activation": HardSigmoid(1 / 6, 0.5)}
    soft = LSTMCell(3, activation="softsign", output_activation="softsign", **gates)
    assert read("lstm_options")[0] == Recurrent(soft)
    assert read("backwards") == (Recurrent(GRUCell(3), reverse=True),)
    merges = [layer.merge for case in ("both_lstm", "both_gru") for layer in read(case)]
    assert merges == ["concat", "mean", "sum", "mul"]
    conv = ConvLSTMCell(3, (4, 3), (3, 2), (2, 2), "VALID", (1, 1))
    assert read("conv_2d") == (Recurrent(conv),)


def changed(case, **options):
    """Return the one layer of a case with other options in its config."""
    (layer,) = layers_of(case)
    config = layer.config["config"] | options
    return KerasLayer(layer.config | {"config": config}, layer.weights)


UNREAD = [
    ([changed("lstm", activation="gelu")], ValueError, "cannot read a LSTM with"),
    ([changed("lstm", go_backwards=True)], ValueError, "outputs come last step first"),
    (
        [changed("lstm", return_sequences=False), changed("lstm")],
        ValueError,
        "below another layer has return_sequences=False",
    ),
    ([changed("conv_1d", data_format="channels_first")], ValueError, "channels last"),
    ([], ValueError, "give at least one layer"),
    (
        [changed("conv_3d", layer={"class_name": "RNN", "config": {}})],
        TypeError,
        "cannot read a RNN",
    ),
    ([changed("conv_3d", merge_mode=None)], ValueError, "merge_mode=None"),
    (
        [KerasLayer({"class_name": "LSTM", "config": {}}, [])],
        ValueError,
        "the LSTM has no weights; build it",
    ),
    (
        [
            KerasLayer(
                {
                    "class_name": "Dense",
                    "config": {},
                    "build_config": {"input_shape": [None, 2]},
                },
                [np.ones((2, 3))],
            )
        ],
        TypeError,
        "cannot read a Dense; give the recurrent layers alone, LSTM",
    ),
]


@pytest.mark.parametrize(("layers", "error", "message"), UNREAD)
def test_what_we_cannot_read_is_refused(layers, error, message):
    with pytest.raises(error, match=message):
        from_keras(layers)


REFUSED = [
    (LSTMCell(3, output_activation="relu"), "one option for activation"),
    (LSTMCell(3, cell_clip=1.0), "cell_clip is 1.0"),
    (GRUCell(4, num_heads=2), "num_heads is 2"),
    (RNNCell(3, activation="gelu"), "no activation 'gelu'; it has tanh"),
    (LSTMCell(3, gate_activation="hard_sigmoid"), "no activation 'hard_sigmoid'"),
    (ConvLSTMCell(3, (4,), peepholes=True), "peepholes is True"),
    (ConvLSTMCell(3, (4,), recurrent_kernel_size=1), "recurrent_kernel_size is 1"),
    (
        Stack((Recurrent(LSTMCell(3), reverse=True), Recurrent(LSTMCell(3)))),
        "below another layer: the outputs of its go_backwards come last",
    ),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED)
def test_what_keras_cannot_hold_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        to_keras(layer, shapes_of(layer))


def test_two_directions_may_differ():
    layer = Bidirectional(LSTMCell(3), LSTMCell(3, use_bias=False), merge="mean")
    params = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), shapes_of(layer))
    back, (same,) = from_keras(to_keras(layer, params))
    assert back.layers == (layer,)
    require_same(same, params)
