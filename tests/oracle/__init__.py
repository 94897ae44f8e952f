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
from tests.oracle.layers import Bidirectional as Bidirectional
from tests.oracle.layers import Recurrent as Recurrent
from tests.oracle.layers import Stack as Stack
from tests.oracle.layers import flags as flags
