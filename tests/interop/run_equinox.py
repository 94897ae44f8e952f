"""What Equinox computes for the cases of ``test_equinox.py``, from waves."""

import jax
import jax.numpy as jnp

from tests.interop.peers import (
    HIDDEN_SIZE,
    INPUT_SIZE,
    run_steps,
    usual_jax,
    waves,
)

CASES = ("LSTMCell", "GRUCell", "LSTMCell_bare", "GRUCell_bare")
FEATURES = (INPUT_SIZE, INPUT_SIZE, 2 * HIDDEN_SIZE)


def weights(case):
    """Return the fields of three cells: two that read the input, one above."""
    h = HIDDEN_SIZE
    rows = (4 if case.startswith("LSTM") else 3) * h
    fields = []
    for n, x in enumerate(FEATURES):
        w_ih, w_hh, b, b_n = waves([(rows, x), (rows, h), (rows,), (h,)], 1.0 + n)
        own = {"weight_ih": w_ih, "weight_hh": w_hh}
        if not case.endswith("bare"):
            own["bias"] = b
            if case.startswith("GRU"):
                own["bias_n"] = b_n
        fields.append(own)
    return fields


def modules(case):
    """Make the three cells with these fields."""
    import equinox as eqx

    kind, _, bare = case.partition("_")

    def make(own):
        x = own["weight_ih"].shape[1]
        key = jax.random.key(0)
        return getattr(eqx.nn, kind)(x, HIDDEN_SIZE, use_bias=not bare, key=key)

    with usual_jax():
        return [
            eqx.tree_at(
                lambda one, own=own: [getattr(one, name) for name in own],
                eqx.filter_eval_shape(make, own),
                [jnp.asarray(array) for array in own.values()],
            )
            for own in weights(case)
        ]


def run(case, cells, how=run_steps):
    """Return outputs and last states of the network of three cells."""
    lstm = case.startswith("LSTM")

    def step(cell, carry, x):
        new = jax.vmap(cell)(x, carry if lstm else carry[0])
        new = tuple(new) if lstm else (new,)
        return new, new[0]

    return how(step, cells, 2 if lstm else 1)


def golden_cases():
    """Return what is written down."""
    return {case: run(case, modules(case)) for case in CASES}
