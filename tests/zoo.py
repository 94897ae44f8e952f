"""THE table of the tests: one row for each cell and each layer.

A law in ``tests/laws`` is written once and runs over these rows, so a new row inherits
every law. ``test_zoo.py`` demands a row for whatever ``jlstm`` exports.

The helpers draw one small sample for a row and run the row's layer on it. What they
compile is kept for each row, so a law that asks with samples of the same shapes costs
next to nothing.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import Bidirectional, Recurrent, Stack
from jlstm.activations import HardSigmoid
from jlstm.initializers import Chrono
from tests import oracle

STEPS, ROWS_IN_BATCH = 5, 3


@dataclass(frozen=True)
class Row:
    """One entry: what runs, what it should compute, and what is special about it."""

    name: str
    layer: Any
    oracle: Any
    cell: jlstm.Cell | None = None
    direction: str = "forward"  # where time runs; "both" has no last step to go on from
    variant: bool = False  # differs from another row in a detail; it runs the same way
    feature_shape: tuple = (2,)  # of the input of one step; channels last
    legal: Any = None  # turns a random carry into one that steps could have made
    unread: tuple = ()  # fields of the carry that no step reads
    kinked: bool = False  # has no second derivative everywhere

    @property
    def input_size(self):
        return self.feature_shape[-1]


def shapes_of(cell):
    """Return the shape of each field of a cell's carry, for one row of a batch."""
    carry = jax.eval_shape(cell.init_carry)
    return {name: leaf.shape for name, leaf in carry._asdict().items()}


def cell_row(name, cell, step, fresh=None, **options):
    reference = oracle.Recurrent(step, shapes_of(cell), fresh=fresh)
    return Row(name, Recurrent(cell), reference, cell, **options)


def normalized(carry):
    """Give a random carry a normaliser of at least 1, as every step leaves it."""
    return carry._replace(n=1 + jnp.abs(carry.n))


RNN, LSTM, GRU = jlstm.RNNCell(3), jlstm.LSTMCell(3), jlstm.GRUCell(3)
PEEPHOLE = jlstm.PeepholeLSTMCell(3)
NO_BIAS, VARIANT, KINKED = {"use_bias": False}, {"variant": True}, {"kinked": True}

CELLS = (
    cell_row("rnn_tanh", RNN, oracle.rnn_tanh),
    cell_row(
        "rnn_relu", jlstm.RNNCell(3, activation="relu"), oracle.rnn_relu, **KINKED
    ),
    cell_row("rnn_no_bias", jlstm.RNNCell(3, **NO_BIAS), oracle.rnn_tanh, **VARIANT),
    cell_row("lstm", LSTM, oracle.lstm),
    cell_row("lstm_forget_0", jlstm.LSTMCell(3, 0.0), oracle.lstm, **VARIANT),
    cell_row("lstm_chrono", jlstm.LSTMCell(3, Chrono(20)), oracle.lstm, **VARIANT),
    cell_row("lstm_no_bias", jlstm.LSTMCell(3, **NO_BIAS), oracle.lstm, **VARIANT),
    cell_row("gru_after", GRU, oracle.gru_after),
    cell_row("gru_before", jlstm.GRUCell(3, reset="before"), oracle.gru_before),
    cell_row("gru_no_bias", jlstm.GRUCell(3, **NO_BIAS), oracle.gru_after, **VARIANT),
    cell_row(
        "rnn_heads",
        jlstm.RNNCell(4, num_heads=2),
        oracle.with_heads(oracle.rnn_tanh),
        **VARIANT,
    ),
    cell_row(
        "lstm_heads",
        jlstm.LSTMCell(4, num_heads=2),
        oracle.with_heads(oracle.lstm),
        **VARIANT,
    ),
    cell_row(
        "gru_heads",
        jlstm.GRUCell(4, reset="before", num_heads=2),
        oracle.with_heads(oracle.gru_before),
        **VARIANT,
    ),
    cell_row(
        "lstm_clip_activations",
        jlstm.LSTMCell(
            3,
            gate_activation=HardSigmoid(),
            activation="relu",
            output_activation="softsign",
            cell_clip=0.3,
        ),
        oracle.lstm_with(
            gate=lambda z: np.clip(0.2 * z + 0.5, 0, 1),
            candidate=lambda z: np.maximum(z, 0),
            output=lambda c: c / (1 + np.abs(c)),
            clip=0.3,
        ),
        **VARIANT,
    ),
    cell_row("peephole", PEEPHOLE, oracle.peephole),
    cell_row(
        "peephole_no_bias",
        jlstm.PeepholeLSTMCell(3, **NO_BIAS),
        oracle.peephole,
        **VARIANT,
    ),
    cell_row("projected", jlstm.ProjectedLSTMCell(4, 3), oracle.projected),
    cell_row("cifg", jlstm.CIFGLSTMCell(3), oracle.cifg),
    cell_row(
        "odyssey_full_recurrence",
        jlstm.OdysseyLSTMCell(3, full_gate_recurrence=True),
        oracle.odyssey(recurrent_gates=True),
    ),
    cell_row(
        "odyssey_coupled",
        jlstm.OdysseyLSTMCell(3, coupled=True),
        oracle.odyssey(coupled=True),
        **VARIANT,
    ),
    cell_row(
        "odyssey_no_input_gate",
        jlstm.OdysseyLSTMCell(3, peepholes=False, input_gate=False),
        oracle.odyssey(without="i"),
        **VARIANT,
    ),
    cell_row(
        "odyssey_input_gate_only",
        jlstm.OdysseyLSTMCell(3, forget_gate=False, output_gate=False, **NO_BIAS),
        oracle.odyssey(without="fo"),
        **VARIANT,
    ),
    cell_row(
        "layer_norm_lstm",
        jlstm.LayerNormLSTMCell(3, epsilon=0.1),
        oracle.layer_norm_lstm(epsilon=0.1),
    ),
    cell_row(
        "layer_norm_lstm_no_bias",
        jlstm.LayerNormLSTMCell(3, **NO_BIAS),
        oracle.layer_norm_lstm(epsilon=1e-5),
        **VARIANT,
    ),
    cell_row(
        "layer_norm_gru",
        jlstm.LayerNormGRUCell(3, epsilon=0.1),
        oracle.layer_norm_gru(epsilon=0.1),
    ),
    cell_row("multiplicative", jlstm.MultiplicativeLSTMCell(3), oracle.multiplicative),
    cell_row(
        "mogrifier",
        jlstm.MogrifierLSTMCell(3, rounds=4, rank=1),
        oracle.mogrifier(rounds=4, low_rank=True),
    ),
    cell_row(
        "mogrifier_full_rank",
        jlstm.MogrifierLSTMCell(3, rounds=1),
        oracle.mogrifier(rounds=1, low_rank=False),
        **VARIANT,
    ),
    cell_row(
        "rhn",
        jlstm.RHNCell(3, depth=2, coupled=False),
        oracle.rhn(depth=2, coupled=False),
    ),
    cell_row(
        "rhn_coupled",
        jlstm.RHNCell(3, depth=3, **NO_BIAS),
        oracle.rhn(depth=3, coupled=True),
        **VARIANT,
    ),
    cell_row("mgu", jlstm.MGUCell(3), oracle.mgu("before", "write")),
    cell_row(
        "mgu_after",
        jlstm.MGUCell(3, reset="after", update="keep"),
        oracle.mgu("after", "keep"),
        **VARIANT,
    ),
    cell_row(
        "mgu_no_reset",
        jlstm.MGUCell(3, reset="none", update="keep", **NO_BIAS),
        oracle.mgu("none", "keep"),
        **VARIANT,
    ),
    cell_row("indrnn", jlstm.IndRNNCell(3, activation="silu"), oracle.indrnn_silu),
    cell_row(
        "indrnn_relu", jlstm.IndRNNCell(3, **NO_BIAS), oracle.indrnn_relu, **VARIANT
    ),
    cell_row("janet", jlstm.JANETCell(3, beta=0.5), oracle.janet(beta=0.5)),
    cell_row(
        "janet_chrono",
        jlstm.JANETCell(3, Chrono(20), **NO_BIAS),
        oracle.janet(beta=1.0),
        **VARIANT,
    ),
    cell_row("nas", jlstm.NASCell(3, use_bias=True), oracle.nas, **KINKED),
    cell_row("nas_no_bias", jlstm.NASCell(3), oracle.nas, **VARIANT),
    cell_row("minimal_rnn", jlstm.MinimalRNNCell(3), oracle.minimal_rnn),
    cell_row(
        "cornn",
        jlstm.CoRNNCell(3, time_step=0.5, gamma=0.9, epsilon=0.7),
        oracle.cornn(dt=0.5, gamma=0.9, epsilon=0.7),
    ),
    cell_row("lem", jlstm.LEMCell(3, time_step=0.8), oracle.lem(dt=0.8)),
    cell_row("urlstm", jlstm.URLSTMCell(3), oracle.urlstm),
    cell_row(
        "conv_lstm",
        jlstm.ConvLSTMCell(
            2, (4, 3), (3, 2), (2, 1), recurrent_kernel_size=2, peepholes=True
        ),
        oracle.conv_lstm(strides=(2, 1)),
        feature_shape=(4, 3, 2),
    ),
    cell_row(
        "conv_lstm_valid",
        jlstm.ConvLSTMCell(3, (6,), padding="VALID", dilation=2, **NO_BIAS),
        oracle.conv_lstm(padding="VALID", dilation=(2,)),
        feature_shape=(6, 2),
        **VARIANT,
    ),
    cell_row(
        "conv_gru",
        jlstm.ConvGRUCell(2, (3, 3)),
        oracle.conv_gru("before"),
        feature_shape=(3, 3, 2),
    ),
    cell_row(
        "conv_gru_after",
        jlstm.ConvGRUCell(2, (2, 3, 2), 2, reset="after"),
        oracle.conv_gru("after"),
        feature_shape=(2, 3, 2, 2),
        **VARIANT,
    ),
)

WRAPPERS = (
    cell_row(
        "zoneout",
        jlstm.Zoneout(LSTM, h=0.3, c=0.2),
        oracle.zoneout(oracle.lstm, h=0.3, c=0.2),
    ),
    cell_row(
        "learned_carry",
        jlstm.LearnedCarry(LSTM),
        oracle.inside(oracle.lstm),
        fresh=lambda p: p.carry._asdict(),
    ),
    cell_row(
        "recurrent_dropout",
        jlstm.RecurrentDropout(GRU, 0.5),
        oracle.inside(oracle.gru_after),
        **VARIANT,
    ),
    cell_row(
        "input_dropout",
        jlstm.InputDropout(RNN, 0.5),
        oracle.inside(oracle.rnn_tanh),
        **VARIANT,
    ),
    cell_row("weight_drop", jlstm.WeightDrop(RNN, 0.5), oracle.rnn_tanh, **VARIANT),
    cell_row("weight_noise", jlstm.WeightNoise(RNN, 0.1), oracle.rnn_tanh, **VARIANT),
    cell_row(
        "clip_gradient",
        jlstm.ClipRecurrentGradient(LSTM, 0.1),
        oracle.lstm,
        **VARIANT,
    ),
    cell_row("cut_gradient", jlstm.CutRecurrentGradient(LSTM), oracle.lstm, **VARIANT),
    cell_row("min_gru", jlstm.MinGRUCell(3), oracle.min_gru),
    cell_row("min_lstm", jlstm.MinLSTMCell(3), oracle.min_lstm),
    cell_row(
        "min_lstm_no_bias", jlstm.MinLSTMCell(3, **NO_BIAS), oracle.min_lstm, **VARIANT
    ),
    cell_row("lru", jlstm.LRUCell(3, state_size=4), oracle.lru, unread=("h",)),
    cell_row(
        "qrnn",
        jlstm.QRNNCell(3, window=3, pooling="ifo"),
        oracle.qrnn("ifo"),
        unread=("h",),
    ),
    cell_row("qrnn_fo", jlstm.QRNNCell(3), oracle.qrnn("fo"), unread=("h",), **VARIANT),
    cell_row(
        "qrnn_f",
        jlstm.QRNNCell(3, window=1, pooling="f", **NO_BIAS),
        oracle.qrnn("f"),
        unread=("h",),
        **VARIANT,
    ),
    cell_row("sru", jlstm.SRUCell(3, 1.5), oracle.sru(1.5), unread=("h",)),
    cell_row(
        "sru_same_width",
        jlstm.SRUCell(3, **NO_BIAS),
        oracle.sru(),
        feature_shape=(3,),
        unread=("h",),
        **VARIANT,
    ),
    cell_row(
        "sru_peephole",
        jlstm.PeepholeSRUCell(3, 1.5),
        oracle.sru_peephole(1.5),
        unread=("h",),
    ),
    cell_row(
        "slstm",
        jlstm.SLSTMCell(4, num_heads=2),
        oracle.slstm("sigmoid", 2),
        legal=normalized,
    ),
    cell_row(
        "slstm_exp",
        jlstm.SLSTMCell(3, forget_gate="exp", **NO_BIAS),
        oracle.slstm("exp"),
        legal=normalized,
        **VARIANT,
    ),
    cell_row(
        "mlstm",
        jlstm.MLSTMCell(4, 2, key_size=6, chunk_size=2),
        oracle.mlstm("sigmoid", 2),
        unread=("h",),
    ),
    cell_row(
        "mlstm_exp",
        jlstm.MLSTMCell(3, forget_gate="exp", **NO_BIAS),
        oracle.mlstm("exp"),
        unread=("h",),
        **VARIANT,
    ),
)

LAYERS = (
    Row(
        "reverse",
        Recurrent(LSTM, reverse=True),
        oracle.Recurrent(oracle.lstm, shapes_of(LSTM), reverse=True),
        direction="backward",
    ),
    *(
        Row(
            f"bidirectional_{merge}",
            Bidirectional(GRU, merge=merge),
            oracle.Bidirectional(oracle.gru_after, shapes_of(GRU), merge),
            direction="both",
            variant=merge != "concat",
        )
        for merge in ("concat", "sum", "mul", "mean")
    ),
    Row(
        "stack",
        Stack((Recurrent(jlstm.LSTMCell(4)), Recurrent(GRU))),
        oracle.Stack(
            oracle.Recurrent(oracle.lstm, shapes_of(jlstm.LSTMCell(4))),
            oracle.Recurrent(oracle.gru_after, shapes_of(GRU)),
        ),
    ),
    Row(
        "stack_residual",
        Stack((Recurrent(RNN), Recurrent(LSTM)), connect="residual"),
        oracle.Stack(
            oracle.Recurrent(oracle.rnn_tanh, shapes_of(RNN)),
            oracle.Recurrent(oracle.lstm, shapes_of(LSTM)),
            connect="residual",
        ),
        variant=True,
    ),
    Row(
        "stack_highway",
        Stack((Recurrent(RNN), Recurrent(GRU)), connect="highway"),
        oracle.Stack(
            oracle.Recurrent(oracle.rnn_tanh, shapes_of(RNN)),
            oracle.Recurrent(oracle.gru_after, shapes_of(GRU)),
            connect="highway",
        ),
    ),
    Row(
        "stack_skip",
        Stack((Recurrent(jlstm.RNNCell(4)), Recurrent(GRU)), connect="skip"),
        oracle.Stack(
            oracle.Recurrent(oracle.rnn_tanh, shapes_of(jlstm.RNNCell(4))),
            oracle.Recurrent(oracle.gru_after, shapes_of(GRU)),
            connect="skip",
        ),
        variant=True,
    ),
    Row(
        "stack_bidirectional",
        Stack((Bidirectional(LSTM), Bidirectional(LSTM))),
        oracle.Stack(
            oracle.Bidirectional(oracle.lstm, shapes_of(LSTM), "concat"),
            oracle.Bidirectional(oracle.lstm, shapes_of(LSTM), "concat"),
        ),
        direction="both",
    ),
)

CELLS = CELLS + WRAPPERS
ALL = CELLS + LAYERS
MAIN = tuple(row for row in ALL if not row.variant)
MAIN_CELLS = tuple(row for row in CELLS if not row.variant)
# One row for each kind of step, carry and layer that the loop may meet.
KINDS = (
    *("lstm", "gru_before", "projected", "odyssey_full_recurrence", "conv_lstm"),
    *("qrnn", "lru", "slstm", "mlstm", "zoneout", "learned_carry", "reverse"),
    *("bidirectional_concat", "stack_bidirectional"),
)
# Those of them that differ most, for laws that are dear.
FEW = ("lstm", "conv_lstm", "mlstm", "stack_bidirectional")


def each(rows, always=False, kinds=KINDS):
    """Parametrise a test over rows of the table.

    The tests of a row run in one process, so that what they share is compiled once. A
    row that the loop treats as it treats one of ``kinds`` is marked slow, unless the
    law is about what a cell computes (``always``).
    """
    marked = []
    for row in rows:
        marks = [pytest.mark.xdist_group(row.name)]
        if not always and row.name not in kinds:
            marks.append(pytest.mark.slow)
        marked.append(pytest.param(row, id=row.name, marks=marks))
    return pytest.mark.parametrize("row", marked)


class Sample(NamedTuple):
    """What a layer is applied to."""

    params: Any
    xs: jax.Array
    carry: Any = None
    lengths: jax.Array | None = None
    mask: jax.Array | None = None
    resets: jax.Array | None = None


def random_like(tree, rng, dtype=jnp.float64, scale=0.5):
    """Fill every leaf with normals: biases, peepholes and carries are never zero."""
    return jax.tree.map(
        lambda leaf: jnp.asarray(scale * rng.standard_normal(leaf.shape), dtype), tree
    )


def random_params(row, rng, dtype=jnp.float64):
    """Draw the parameters of a row, none of them zero."""
    shapes = jax.eval_shape(lambda: row.layer.init(jax.random.key(0), row.input_size))
    return random_like(shapes, rng, dtype)


def random_carry(row, rng, batch, dtype=jnp.float64):
    """Draw a carry that steps of the row's cell could have made."""
    shapes = jax.eval_shape(lambda: row.layer.init_carry(batch))
    carry = random_like(shapes, rng, dtype)
    return carry if row.legal is None else row.legal(carry)


def draw(row, seed=0, steps=STEPS, batch=(ROWS_IN_BATCH,), dtype=jnp.float64):
    """Draw a sample that uses every option.

    Where the batch is the usual one its lengths are 5, 4 and 2, so every row has steps
    that count and two have padding; some steps are masked, some reset, of the third
    always two.
    """
    rng = np.random.default_rng(seed)
    lengths = np.resize([steps, steps - 1, steps // 2], batch)
    sample = Sample(
        params=random_params(row, rng, dtype),
        xs=jnp.asarray(rng.standard_normal((steps, *batch, *row.feature_shape)), dtype),
        carry=random_carry(row, rng, batch, dtype),
        lengths=jnp.asarray(lengths, jnp.int32),
        mask=jnp.asarray(rng.random((steps, *batch)) < 0.8),
        resets=jnp.asarray(rng.random((steps, *batch)) < 0.3),
    )
    return sample._replace(resets=sample.resets.at[2:3, :2].set(True))


def plain(sample, carry=False):
    """Return the sample whose options change nothing, in the same shapes.

    The carry is the one of the sample if ``carry`` holds, else zero.
    """
    steps, *batch = sample.mask.shape
    return sample._replace(
        carry=sample.carry if carry else jax.tree.map(jnp.zeros_like, sample.carry),
        lengths=jnp.full(batch, steps, jnp.int32),
        mask=jnp.ones((steps, *batch), bool),
        resets=jnp.zeros((steps, *batch), bool),
    )


def apply(layer, sample, key=None):
    """Apply a layer to a sample."""
    params, xs, carry, lengths, mask, resets = sample
    return layer.apply(
        params, xs, carry, lengths=lengths, mask=mask, resets=resets, key=key
    )


@partial(jax.jit, static_argnums=0)
def run(layer, sample):
    """Return the last carry and the outputs."""
    return apply(layer, sample)


class Measured(NamedTuple):
    """What a layer returns for a sample, and the gradients of a loss of it."""

    carry: Any
    ys: jax.Array
    loss: jax.Array
    grads: Sample  # of params, xs and carry; None elsewhere


def measure(layer, sample, carry_weight=1.0):
    """Return outputs, loss and gradients; the loss weighs the last carry as told."""
    return _measure(layer, sample, carry_weight)


def outputs(row, sample):
    """Return the last carry and the outputs, from what is compiled anyway."""
    if row.variant:
        return run(row.layer, sample)
    measured = measure(row.layer, sample)
    return measured.carry, measured.ys


@partial(jax.jit, static_argnums=0)
def _measure(layer, sample, carry_weight):

    def scored(params, xs, carry):
        out = apply(layer, sample._replace(params=params, xs=xs, carry=carry))
        return loss_of(*out, carry_weight), out

    grad = jax.value_and_grad(scored, argnums=(0, 1, 2), has_aux=True)
    (loss, (carry, ys)), grads = grad(*sample[:3])
    return Measured(carry, ys, loss, Sample(*grads))


def loss_of(carry, ys, carry_weight=1.0):
    """Sum outputs and carries, with other weights for each step and each unit."""
    last = sum(weighted_sum(leaf, leaf.ndim - 1) for leaf in jax.tree.leaves(carry))
    return weighted_sum(ys, 0, ys.ndim - 1) + carry_weight * last


def weighted_sum(array, *axes):
    """Sum an array with weights that differ along ``axes`` and are equal elsewhere."""
    shape = [n if axis in axes else 1 for axis, n in enumerate(array.shape)]
    weights = np.cos(np.arange(np.prod(shape))).reshape(shape)
    return jnp.sum(array * jnp.asarray(weights, array.dtype))


def assert_close(actual, wanted, tol=1e-11):
    """Require the same structure, the same shapes and nearly the same numbers."""
    assert jax.tree.structure(actual) == jax.tree.structure(wanted)
    pairs = zip(jax.tree.leaves(actual), jax.tree.leaves(wanted), strict=True)
    for a, b in pairs:
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tol, atol=tol)


def assert_same(actual, wanted):
    """Require the same structure and the same bits."""
    assert jax.tree.structure(actual) == jax.tree.structure(wanted)
    jax.tree.map(np.testing.assert_array_equal, actual, wanted)


def as_dicts(tree):
    """Turn NamedTuples into dicts, as the oracle has them, and arrays into numpy's."""
    if hasattr(tree, "_asdict"):
        return {name: as_dicts(part) for name, part in tree._asdict().items()}
    if isinstance(tree, tuple):
        return tuple(as_dicts(part) for part in tree)
    return None if tree is None else np.asarray(tree)


def ask_oracle(row, sample):
    """Return the last carry and the outputs that the oracle computes for a sample."""
    arrays = jax.tree.map(np.asarray, sample)
    return row.oracle.run(arrays.params, arrays.xs, as_dicts(sample.carry), *arrays[3:])
