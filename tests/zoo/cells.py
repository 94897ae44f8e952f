"""The rows of the gated cells."""

import numpy as np

import jlstm
from jlstm.activations import HardSigmoid
from jlstm.initializers import Chrono
from tests import oracle
from tests.zoo.rows import GRU, KINKED, LSTM, NO_BIAS, PEEPHOLE, RNN, VARIANT, cell_row

GATED = (
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
