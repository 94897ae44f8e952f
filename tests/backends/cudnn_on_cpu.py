"""cuDNN's stand-in: the primitives of ``jax.experimental.rnn``, lowered for the CPU.

They compute what ``rnn.lstm_ref`` says, and are as unkind as cuDNN may be: with a
length of zero all of it fails, and what lies beyond a length is not defined. Here both
are NaN. The input beyond a length is never read.
"""

import importlib

import jax
import jax.numpy as jnp
import pytest
from jax.experimental import rnn
from jax.interpreters import mlir

KEPT = 5
"""Numbers that the stand-in says it keeps for the backward pass."""
SIZES = ("input_size", "hidden_size", "num_layers", "bidirectional")


def reference(x, h, c, w, lengths, *, dropout, cudnn_allow_tf32, **sizes):
    sizes = [sizes[name] for name in SIZES]
    weights = rnn.unpack_lstm_weights(w, *sizes)
    x = jnp.where(_inside(x, lengths), x, 0)
    return rnn.lstm_ref(
        x, h, c, *weights, lengths, *sizes[:3], dropout, sizes[3]
    )  # fmt: skip


def forward(x, h, c, w, lengths, **options):
    ys, h, c = reference(x, h, c, w, lengths, **options)
    ys = jnp.where(_inside(ys, lengths), ys, jnp.nan)
    ys, h, c = (_broken_by_zero(leaf, lengths) for leaf in (ys, h, c))
    return ys, h, c, jnp.zeros(KEPT, jnp.float32)


def backward(d_ys, d_h, d_c, x, h, c, w, ys, kept, lengths, **options):
    d_ys = jnp.where(_inside(d_ys, lengths), d_ys, 0)
    _, pull = jax.vjp(
        lambda *inputs: reference(*inputs, lengths, **options), x, h, c, w
    )
    d_x, *grads = pull((d_ys, d_h, d_c))
    d_x = jnp.where(_inside(d_x, lengths), d_x, jnp.nan)
    return [_broken_by_zero(leaf, lengths) for leaf in (d_x, *grads)]


def _inside(leaf, lengths):
    return (jnp.arange(leaf.shape[1]) < lengths[:, None])[..., None]


def _broken_by_zero(leaf, lengths):
    return jnp.where((lengths < 1).any(), jnp.nan, leaf)


def as_users_have_it(function):
    """Trace a reference that promotes dtypes and ranks, as JAX lets it by default."""

    def traced(*args, **options):
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            return function(*args, **options)

    return mlir.lower_fun(traced, multiple_results=True)


mlir.register_lowering(rnn.rnn_fwd_p, as_users_have_it(forward), platform="cpu")
mlir.register_lowering(rnn.rnn_bwd_p, as_users_have_it(backward), platform="cpu")


@pytest.fixture
def runs_anywhere(monkeypatch):
    """Let the backend run on this platform: cuDNN on a GPU, else the stand-in."""
    if jax.default_backend() == "gpu":
        yield
        return
    monkeypatch.setattr(
        rnn.gpu_rnn,
        "compute_rnn_workspace_reserve_space_sizes",
        lambda *sizes: (0, KEPT),
        raising=False,
    )
    backend = importlib.import_module("jlstm._backends.cudnn")
    monkeypatch.setattr(backend, "_other_platform", lambda platform: None)
    yield
