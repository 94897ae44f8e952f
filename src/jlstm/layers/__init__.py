"""Maps of sequences: a cell over time, two directions, a stack.

A layer is a frozen dataclass with ``init`` and ``apply``, like a cell. Time leads,
batch is any axes between time and features.
"""

from jlstm.layers.bidirectional import Bidirectional as Bidirectional
from jlstm.layers.bidirectional import BidirectionalParams as BidirectionalParams
from jlstm.layers.bidirectional import Merge as Merge
from jlstm.layers.connect import Connect as Connect
from jlstm.layers.connect import HighwayParams as HighwayParams
from jlstm.layers.layer import Layer as Layer
from jlstm.layers.recurrent import Recurrent as Recurrent
from jlstm.layers.stack import Stack as Stack
