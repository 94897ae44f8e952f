"""What a cell is: the contract that every cell keeps, and what follows from it.

The names that say what a hyper-parameter may be, such as :class:`Limit`, stand here
too: a cell of your own annotates its fields with them.
"""

from jlstm._internal.options import AtLeast2 as AtLeast2
from jlstm._internal.options import Count as Count
from jlstm._internal.options import Decay as Decay
from jlstm._internal.options import Fraction as Fraction
from jlstm._internal.options import Limit as Limit
from jlstm._internal.options import NotNegative as NotNegative
from jlstm._internal.options import Options as Options
from jlstm._internal.options import Positive as Positive
from jlstm._internal.options import Rate as Rate
from jlstm._internal.options import Share as Share
from jlstm._internal.options import Size as Size
from jlstm._internal.options import Sizes as Sizes
from jlstm.cell.contract import AffineCell as AffineCell
from jlstm.cell.contract import Cell as Cell
from jlstm.cell.contract import GatedCell as GatedCell
from jlstm.cell.contract import check_heads as check_heads
from jlstm.cell.contract import recurrent_product as recurrent_product
from jlstm.cell.parallel import LinearCell as LinearCell
from jlstm.cell.parallel import ParallelCell as ParallelCell
