"""The rows of the cells with a linear memory, and of sLSTM next to mLSTM."""

import jlstm
from tests import oracle
from tests.zoo.rows import NO_BIAS, VARIANT, cell_row, normalized

LINEAR = (
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
