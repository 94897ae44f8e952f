"""Hyper-parameters: checked once, where they are given, as they are annotated.

A frozen dataclass that extends :class:`Options`, as every cell does, says with its
annotations what each field may be: a type, and with :class:`Limit` a range::

    @dataclass(frozen=True, repr=False)
    class MyCell(jlstm.AffineCell):
        hidden_size: int
        leak: Annotated[float, Limit("a share in (0, 1]", lambda x: 0 < x <= 1)] = 0.5
        depth: Size = 1
"""

from jlstm._internal.options.arguments import Drawn as Drawn
from jlstm._internal.options.checked import Options as Options
from jlstm._internal.options.checked import hints_of as hints_of
from jlstm._internal.options.component import Component as Component
from jlstm._internal.options.component import GivenOptions as GivenOptions
from jlstm._internal.options.component import OptionMap as OptionMap
from jlstm._internal.options.limits import AtLeast2 as AtLeast2
from jlstm._internal.options.limits import Count as Count
from jlstm._internal.options.limits import Cuts as Cuts
from jlstm._internal.options.limits import Decay as Decay
from jlstm._internal.options.limits import Fraction as Fraction
from jlstm._internal.options.limits import Limit as Limit
from jlstm._internal.options.limits import NotNegative as NotNegative
from jlstm._internal.options.limits import Positive as Positive
from jlstm._internal.options.limits import Rate as Rate
from jlstm._internal.options.limits import Rising as Rising
from jlstm._internal.options.limits import Share as Share
from jlstm._internal.options.limits import Size as Size
from jlstm._internal.options.limits import Sizes as Sizes
from jlstm._internal.options.numbers import read_numbers as read_numbers
from jlstm._internal.options.rules import rule_of as rule_of
from jlstm._internal.options.texts import nearest as nearest
from jlstm._internal.options.texts import unknown as unknown
from jlstm._internal.options.texts import wrong_value as wrong_value
