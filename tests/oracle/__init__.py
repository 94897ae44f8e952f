"""What every cell and layer should compute: numpy, float64, plain loops.

Written from the equations of the papers, one row of the batch, one step and one gate at
a time, and from the rules for padding and resets; it shares no code with jlstm. Weights
are read by field name, with the gate on the middle axis of a matrix. Carries and gates
are dicts, a layer's carry nests them as the layer nests its parts.
"""

from tests.oracle.basic import gru_after as gru_after
from tests.oracle.basic import gru_before as gru_before
from tests.oracle.basic import lstm as lstm
from tests.oracle.basic import peephole as peephole
from tests.oracle.basic import rnn_relu as rnn_relu
from tests.oracle.basic import rnn_tanh as rnn_tanh
from tests.oracle.conv import conv_gru as conv_gru
from tests.oracle.conv import conv_lstm as conv_lstm
from tests.oracle.dynamics import cornn as cornn
from tests.oracle.dynamics import lem as lem
from tests.oracle.dynamics import minimal_rnn as minimal_rnn
from tests.oracle.dynamics import urlstm as urlstm
from tests.oracle.layers import Bidirectional as Bidirectional
from tests.oracle.layers import Recurrent as Recurrent
from tests.oracle.layers import Stack as Stack
from tests.oracle.layers import flags as flags
from tests.oracle.linear import lru as lru
from tests.oracle.linear import min_gru as min_gru
from tests.oracle.linear import min_lstm as min_lstm
from tests.oracle.linear import qrnn as qrnn
from tests.oracle.linear import sru as sru
from tests.oracle.linear import sru_peephole as sru_peephole
from tests.oracle.lstms import cifg as cifg
from tests.oracle.lstms import layer_norm_gru as layer_norm_gru
from tests.oracle.lstms import layer_norm_lstm as layer_norm_lstm
from tests.oracle.lstms import mogrifier as mogrifier
from tests.oracle.lstms import multiplicative as multiplicative
from tests.oracle.lstms import odyssey as odyssey
from tests.oracle.lstms import projected as projected
from tests.oracle.options import lstm_with as lstm_with
from tests.oracle.options import with_heads as with_heads
from tests.oracle.small import indrnn_relu as indrnn_relu
from tests.oracle.small import indrnn_silu as indrnn_silu
from tests.oracle.small import janet as janet
from tests.oracle.small import mgu as mgu
from tests.oracle.small import nas as nas
from tests.oracle.small import rhn as rhn
from tests.oracle.wrappers import inside as inside
from tests.oracle.wrappers import zoneout as zoneout
from tests.oracle.xlstm import mlstm as mlstm
from tests.oracle.xlstm import slstm as slstm
