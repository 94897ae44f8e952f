"""The rows of the wrappers: cells around cells."""

import jlstm
from tests import oracle
from tests.zoo.rows import GRU, LSTM, RNN, VARIANT, cell_row

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
)
