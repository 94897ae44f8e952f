"""An exported artifact computes what the layer does, in one call or step by step."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import jlstm
from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, RNNCell, Stack
from jlstm.interop.stablehlo import (
    export_sequence,
    export_start,
    export_step,
    load,
    to_dicts,
)
from tests.zoo import random_like

# The name of a size is no int, which is what shapes are annotated with.
pytestmark = pytest.mark.usefixtures("unchecked")

FORWARD = Stack((Recurrent(jlstm.LearnedCarry(LSTMCell(3))), Recurrent(GRUCell(2))))
BOTH_WAYS = Stack((Bidirectional(RNNCell(2)),))
DTYPE = jnp.float64


def drawn(layer, batch, steps=6):
    """Return random parameters and inputs."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), 2))
    xs = jnp.asarray(rng.standard_normal((steps, batch, 2)), DTYPE)
    return random_like(shapes, rng), xs


def require_close(actual, wanted):
    chex.assert_trees_all_close(actual, wanted, rtol=1e-12, atol=1e-12)


def test_a_sequence_artifact_runs_every_size_with_lengths_and_carry():
    params, xs = drawn(BOTH_WAYS, batch=3)
    data = export_sequence(BOTH_WAYS, params, 2, lengths=True, dtype=DTYPE)
    run = load(data)
    rng = np.random.default_rng(1)
    for some in (xs, xs[:4, :2]):
        steps, rows = some.shape[:2]
        lengths = jnp.asarray([steps, 0, 2][:rows], jnp.int32)
        carry = random_like(BOTH_WAYS.init_carry((rows,), DTYPE), rng)
        last, ys = BOTH_WAYS.apply(params, some, carry, lengths=lengths)
        require_close(run(some, to_dicts(carry), lengths), (to_dicts(last), ys))


def test_nothing_of_jlstm_is_needed_to_load():
    params, xs = drawn(FORWARD, batch=3)
    data = export_start(FORWARD, params, 2, dtype=DTYPE)
    carry = export.deserialize(bytearray(data)).call(xs[0])
    wanted = FORWARD.fresh_carry(params, (3,), DTYPE)
    require_close(carry, to_dicts(wanted))
    assert bool(carry[0]["h"].any())  # it is learned


def test_steps_and_chunks_are_one_call(tmp_path):
    params, xs = drawn(FORWARD, batch=3)
    (tmp_path / "step").write_bytes(export_step(FORWARD, params, 2, dtype=DTYPE))
    start = load(export_start(FORWARD, params, 2, dtype=DTYPE))
    step = load(tmp_path / "step")
    run = load(export_sequence(FORWARD, params, 2, dtype=DTYPE))
    last, ys = FORWARD.apply(params, xs)
    carry, outputs = start(xs[0]), []
    for x in xs[:3]:
        carry, y = step(x, carry)
        outputs.append(y[None])
    carry, rest = run(xs[3:], carry)
    require_close((carry, jnp.concatenate([*outputs, rest])), (to_dicts(last), ys))


def test_parameters_may_stay_outside():
    layer = RNNCell(3)
    params, xs = drawn(layer, batch=3)
    step = load(export_step(layer, params, 2, bake=False, dtype=DTYPE))
    carry = layer.init_carry((3,), DTYPE)
    for scale in (1.0, 0.5):
        scaled = jax.tree.map(lambda leaf, s=scale: s * leaf, params)
        last, ys = jlstm.unroll(layer, scaled, xs[:1], carry)
        ours = step(to_dicts(scaled), xs[0], to_dicts(carry))
        require_close(ours, (to_dicts(last), ys[0]))


def test_an_artifact_can_be_for_several_platforms():
    layer = RNNCell(3)
    params, _ = drawn(layer, batch=3)
    data = export_step(layer, params, 2, dtype=DTYPE, platforms=("cpu", "cuda"))
    assert export.deserialize(bytearray(data)).platforms == ("cpu", "cuda")


@pytest.mark.parametrize(
    "layer",
    [BOTH_WAYS, Recurrent(LSTMCell(3), reverse=True), Stack((BOTH_WAYS,))],
    ids=["bidirectional", "reverse", "nested"],
)
def test_a_layer_that_reads_from_the_end_has_no_step(layer):
    params, _ = drawn(layer, batch=3)
    with pytest.raises(ValueError, match=r"one step a call; .* from its end. Use"):
        export_step(layer, params, 2)
