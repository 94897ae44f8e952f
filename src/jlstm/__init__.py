"""jlstm: recurrent networks for JAX.

A cell is a frozen dataclass of hyper-parameters with pure functions over a params
pytree; everything else is a function of cells.
"""

from jlstm.cell import Cell as Cell
from jlstm.cell import GatedCell as GatedCell
from jlstm.cells import GRUCarry as GRUCarry
from jlstm.cells import GRUCell as GRUCell
from jlstm.cells import GRUGates as GRUGates
from jlstm.cells import GRUParams as GRUParams
from jlstm.cells import LSTMCarry as LSTMCarry
from jlstm.cells import LSTMCell as LSTMCell
from jlstm.cells import LSTMGates as LSTMGates
from jlstm.cells import LSTMParams as LSTMParams
from jlstm.cells import PeepholeLSTMCell as PeepholeLSTMCell
from jlstm.cells import PeepholeLSTMParams as PeepholeLSTMParams
from jlstm.cells import RNNCarry as RNNCarry
from jlstm.cells import RNNCell as RNNCell
from jlstm.cells import RNNGates as RNNGates
from jlstm.cells import RNNParams as RNNParams
from jlstm.layers import Bidirectional as Bidirectional
from jlstm.layers import BidirectionalParams as BidirectionalParams
from jlstm.layers import Layer as Layer
from jlstm.layers import Recurrent as Recurrent
from jlstm.layers import Stack as Stack
from jlstm.unroll import explain as explain
from jlstm.unroll import resets_from_dones as resets_from_dones
from jlstm.unroll import resets_from_segments as resets_from_segments
from jlstm.unroll import trace as trace
from jlstm.unroll import unroll as unroll

__version__ = "0.1.0"
