"""Generated tasks that ask for memory: a random key in, a batch out.

Every function here may be called inside ``jit`` and ``vmap``: shapes depend on its
numbers only. Each task says what a model without memory scores.
"""

from jlstm.data.synthetic.adding import adding as adding
from jlstm.data.synthetic.adding import adding_1997 as adding_1997
from jlstm.data.synthetic.adding import adding_1997_baseline as adding_1997_baseline
from jlstm.data.synthetic.adding import adding_baseline as adding_baseline
from jlstm.data.synthetic.batch import SyntheticBatch as SyntheticBatch
from jlstm.data.synthetic.batch import memoryless_accuracy as memoryless_accuracy
from jlstm.data.synthetic.copying import copying as copying
from jlstm.data.synthetic.copying import copying_baseline as copying_baseline
from jlstm.data.synthetic.counting import counting as counting
from jlstm.data.synthetic.counting import counting_baseline as counting_baseline
from jlstm.data.synthetic.counting import counting_strings as counting_strings
from jlstm.data.synthetic.dyck import dyck as dyck
from jlstm.data.synthetic.order import temporal_order as temporal_order
from jlstm.data.synthetic.order import (
    temporal_order_baseline as temporal_order_baseline,
)
from jlstm.data.synthetic.parity import parity as parity
from jlstm.data.synthetic.parity import parity_baseline as parity_baseline
