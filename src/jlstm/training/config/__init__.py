"""What a run can be told: frozen dataclasses, and how a mapping becomes one.

A configuration extends :class:`Options`; its fields are checked by their annotations.
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
