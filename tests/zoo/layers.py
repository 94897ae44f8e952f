"""The rows of the layers."""

import jlstm
from jlstm import Bidirectional, Recurrent, Stack
from tests import oracle
from tests.zoo.rows import GRU, LSTM, RNN, Row, shapes_of

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
