"""``jlstm.interop.cudnn``: the flat weights of ``jax.experimental.rnn``."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import rnn

from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack
from jlstm.interop import Sizes, from_cudnn, to_cudnn
from tests.interop.peers import (
    LENGTHS,
    inputs,
    require_close,
    require_same,
    run,
    shapes_of,
    usual_jax,
    wave,
)

SIZES = [Sizes(2, 3), Sizes(2, 3, num_layers=2, bidirectional=True)]
each_size = pytest.mark.parametrize("sizes", SIZES)


def drawn(sizes):
    count = rnn.get_num_params_in_lstm(*sizes)
    return jnp.asarray(wave((count,), 1.0), jnp.float32)


def run_reference(flat, sizes):
    """Return what cuDNN's stand-in on the CPU computes, in the order of ours."""
    xs = jnp.asarray(inputs(), jnp.float32).swapaxes(0, 1)
    ways = sizes.num_layers * (1 + sizes.bidirectional)
    zeros = jnp.zeros((ways, len(LENGTHS), sizes.hidden_size), jnp.float32)
    with usual_jax():
        weights = rnn.unpack_lstm_weights(flat, *sizes)
        ys, h, c = rnn.lstm_ref(
            xs, zeros, zeros, *weights, jnp.asarray(LENGTHS, jnp.int32),
            *sizes[:3], 0.0, sizes.bidirectional,
        )  # fmt: skip
    states = [state[n] for n in range(ways) for state in (h, c)]
    return np.concatenate([np.ravel(a) for a in (ys.swapaxes(0, 1), *states)])


def test_we_compute_what_the_reference_does():
    sizes = SIZES[1]
    flat = drawn(sizes)
    layer, params = from_cudnn(flat, sizes)
    xs = jnp.asarray(inputs(), jnp.float32)
    ours = run(layer, params, xs)
    require_close(ours, run_reference(flat, sizes), tol=1e-6)
    require_close(ours, run_reference(to_cudnn(layer, params), sizes), tol=1e-6)


@each_size
def test_there_and_back_keeps_every_bit(sizes):
    layer, params = from_cudnn(drawn(sizes), sizes)
    one = Bidirectional if sizes.bidirectional else Recurrent
    assert layer == Stack((one(LSTMCell(3)),) * sizes.num_layers)
    flat = to_cudnn(layer, params)
    assert flat.dtype == jnp.float32
    require_same(from_cudnn(flat, sizes), (layer, params))


def test_a_wrong_length_is_an_error():
    with pytest.raises(ValueError, match=r"shape \(5,\); Sizes\(input_size=2.*\(84,\)"):
        from_cudnn(np.zeros(5, np.float32), Sizes(2, 3))


REFUSED = [
    (GRUCell(3), TypeError, "no cell like GRUCell"),
    (LSTMCell(3, use_bias=False), ValueError, "always has biases"),
    (LSTMCell(3, cell_clip=2.0), ValueError, "cell_clip is 2.0"),
]


@pytest.mark.parametrize(("cell", "error", "message"), REFUSED)
def test_what_cudnn_cannot_hold_is_refused(cell, error, message):
    with pytest.raises(error, match=message):
        to_cudnn(cell, shapes_of(cell))
