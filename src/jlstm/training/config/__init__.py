"""What a run can be told: frozen dataclasses, and how a mapping becomes one.

A configuration extends :class:`Options`; its fields are checked by their annotations.
Both are at home in :mod:`jlstm.cell`, whose cells are checked in the same way.
"""

from jlstm.cell import AtLeast2 as AtLeast2
from jlstm.cell import Count as Count
from jlstm.cell import Decay as Decay
from jlstm.cell import Fraction as Fraction
from jlstm.cell import Limit as Limit
from jlstm.cell import NotNegative as NotNegative
from jlstm.cell import Options as Options
from jlstm.cell import Positive as Positive
from jlstm.cell import Rate as Rate
from jlstm.cell import Share as Share
from jlstm.cell import Size as Size
from jlstm.cell import Sizes as Sizes
