"""The cells: one paper, one file."""

from jlstm.cells.family import LSTMCarry as LSTMCarry
from jlstm.cells.family import LSTMGates as LSTMGates
from jlstm.cells.gru import GRUCarry as GRUCarry
from jlstm.cells.gru import GRUCell as GRUCell
from jlstm.cells.gru import GRUGates as GRUGates
from jlstm.cells.gru import GRUParams as GRUParams
from jlstm.cells.lstm import LSTMCell as LSTMCell
from jlstm.cells.lstm import LSTMParams as LSTMParams
from jlstm.cells.peephole import PeepholeLSTMCell as PeepholeLSTMCell
from jlstm.cells.peephole import PeepholeLSTMParams as PeepholeLSTMParams
from jlstm.cells.rnn import RNNCarry as RNNCarry
from jlstm.cells.rnn import RNNCell as RNNCell
from jlstm.cells.rnn import RNNGates as RNNGates
from jlstm.cells.rnn import RNNParams as RNNParams
