"""What Keras computes for the cases of ``test_keras.py``, from waves.

    KERAS_BACKEND=jax python -m tests.interop.run_keras out.npz

writes what a process of its own computed: Keras wants JAX's defaults, not the strict
settings of the tests. It computes in float32, as it always does on JAX. Next to each
case is what Keras computes once its layers have been to jlstm and back.
"""

import json
import sys

import numpy as np

from tests.interop.peers import (
    GOLDEN,
    HIDDEN_SIZE,
    INPUT_SIZE,
    ROWS,
    STEPS,
    flat,
    inputs,
    loss_weights,
    wave,
    waves,
    within_lengths,
)

SPACE = {"ConvLSTM1D": (4,), "ConvLSTM2D": (4, 3), "ConvLSTM3D": (3, 2, 2)}
DRAWN = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}
CASES = {
    "lstm": [("LSTM", {})],
    "lstm_options": [("LSTM", DRAWN), ("LSTM", {"use_bias": False})],
    "gru_after": [("GRU", DRAWN), ("GRU", {"use_bias": False})],
    "gru_before": [("GRU", {"reset_after": False})],
    "simple_rnn": [("SimpleRNN", {"activation": "leaky_relu"})],
    "backwards": [("GRU", {"go_backwards": True, "return_sequences": False})],
    "both_lstm": [("LSTM", {"merge_mode": "concat"}), ("LSTM", {"merge_mode": "ave"})],
    "both_gru": [("GRU", {"merge_mode": "sum"}), ("GRU", {"merge_mode": "mul"})],
    "conv_1d": [("ConvLSTM1D", {"kernel_size": 2, "padding": "same"})],
    "conv_2d": [("ConvLSTM2D", {"kernel_size": (3, 2), "strides": 2})],
    "conv_3d": [("ConvLSTM3D", {"kernel_size": 2, "merge_mode": "concat"})],
}
WITH_GRADIENTS = ("lstm_options", "gru_after", "gru_before")


def images(case):
    """Return the inputs of a case, time first."""
    space = SPACE.get(CASES[case][0][0], ())
    if not space:
        return inputs()
    return 2 * wave((STEPS, ROWS, *space, INPUT_SIZE), 0.5)


def is_padded(case):
    """Say whether rows have different lengths: Keras's ConvLSTM fails with a mask."""
    return not case.startswith("conv")


def build(case):
    """Make the layers of a case with waves as weights."""
    import keras

    layers, shape = [], (ROWS, STEPS, *images(case).shape[2:])
    for n, (kind, options) in enumerate(CASES[case]):
        options = {"return_sequences": True} | options
        merge = options.pop("merge_mode", None)
        layer = getattr(keras.layers, kind)(HIDDEN_SIZE, return_state=True, **options)
        if merge:
            layer = keras.layers.Bidirectional(layer, merge_mode=merge)
        layer.build(shape)
        layer.set_weights(waves([w.shape for w in layer.get_weights()], 1.0 + n))
        shape = (*shape[:-1], HIDDEN_SIZE * (2 if merge == "concat" else 1))
        layers.append(layer)
    return layers


def run(case, layers, gradients=False):
    """Return outputs, last states and, if wanted, the gradients of the weights."""
    import jax

    def outputs_of(weights):
        ys, states, live = np.swapaxes(images(case), 0, 1), [], within_lengths()
        for layer, own in zip(layers, weights, strict=True):
            frozen = [variable.value for variable in layer.non_trainable_variables]
            mask = live.T if is_padded(case) else None
            (ys, *last), _ = layer.stateless_call(own, frozen, ys, mask=mask)
            states += last
        if case == "backwards":
            return states  # its one output is the last state
        ys = ys.swapaxes(0, 1)
        return [ys * live[..., None] if is_padded(case) else ys, *states]

    def scored(weights):
        return sum((out * loss_weights(out.shape)).sum() for out in outputs_of(weights))

    weights = [[v.value for v in layer.trainable_variables] for layer in layers]
    results = outputs_of(weights)
    if gradients:
        results += jax.tree.leaves(jax.jit(jax.grad(scored))(weights))
    return flat(results)


def without_initializers(config):
    """Leave out what computes nothing once the weights are there."""
    dropped = ("_initializer", "_regularizer", "_constraint", "dtype", "name")
    return {
        name: without_initializers(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if not name.endswith(dropped) or name == "class_name"
    }


def describe(layers):
    """Return what Keras says of its layers, as plain data, without its weights."""
    return [
        {
            "class_name": type(layer).__name__,
            "config": without_initializers(layer.get_config()),
            "build_config": layer.get_build_config(),
        }
        for layer in layers
    ]


def activations():
    """Return Keras's activations at some points."""
    import keras

    from jlstm.interop._keras_cells import ACTIVATIONS

    points = np.linspace(-4.0, 4.0, 9)
    return flat([np.asarray(keras.activations.get(a)(points)) for a in ACTIVATIONS])


def golden_cases():
    """Return what is written down."""
    vectors = {case: run(case, build(case), case in WITH_GRADIENTS) for case in CASES}
    return vectors | {"activations": activations()}


def write_configs():
    """Write what Keras says of the layers of all cases."""
    text = json.dumps({case: describe(build(case)) for case in CASES})
    (GOLDEN / "keras.json").write_text(text + "\n")


def there_and_back(layers):
    """Send Keras layers to jlstm and back."""
    import keras

    from jlstm.interop import from_keras, to_keras

    back = []
    for config, weights in to_keras(*from_keras(layers)):
        inner = config["config"]
        for one in (inner.get("layer"), inner.get("backward_layer"), config):
            if one and one["class_name"] != "Bidirectional":
                one["config"]["return_state"] = True
        layer = keras.layers.deserialize(config)
        layer.set_weights(weights)
        back.append(layer)
    return back


def main():
    """Write what Keras computes, before and after its layers went to jlstm and back."""
    back = {f"{case}_back": run(case, there_and_back(build(case))) for case in CASES}
    np.savez(sys.argv[1], **golden_cases(), **back)


if __name__ == "__main__":
    main()
