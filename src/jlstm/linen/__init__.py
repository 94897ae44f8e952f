"""Flax Linen modules: any cell or layer as ``jlstm.linen.RNN``; LSTM, … for short.

For code that is written in Linen; new code is better served by :mod:`jlstm.nnx`. The
modules are called as those are::

    model = jlstm.linen.LSTM(64, num_layers=2, dropout=0.5)
    variables = model.init(jax.random.key(0), xs)
    carry, ys = model.apply(variables, xs, lengths=lengths, key=key)

Parameters are nested dicts of arrays, ``variables["params"]["weights"]["0"]["w_ih"]``,
so that masks by path, checkpoints and tables work on them; :func:`pure_params` and
:func:`linen_params` turn them into the tree of the pure layer and back.

:class:`ScannedRNN` and :class:`ScannedLSTM` take the place of the ``ScannedRNN`` that
reinforcement learning code carries with it.
"""

from jlstm.linen.params import linen_params as linen_params
from jlstm.linen.params import pure_params as pure_params
from jlstm.linen.partition import annotate as annotate
from jlstm.linen.rnn import RNN as RNN
from jlstm.linen.scanned import ScannedLSTM as ScannedLSTM
from jlstm.linen.scanned import ScannedRNN as ScannedRNN
from jlstm.linen.stacks import GRU as GRU
from jlstm.linen.stacks import LSTM as LSTM
from jlstm.linen.stacks import PeepholeLSTM as PeepholeLSTM
from jlstm.linen.stacks import SimpleRNN as SimpleRNN
