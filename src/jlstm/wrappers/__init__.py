"""Cell → cell: noise, a learned start, gradients held in check.

A wrapper is a cell, so it goes wherever a cell goes, another wrapper included::

    cell = LearnedCarry(Zoneout(RecurrentDropout(LSTMCell(650), 0.3), h=0.05, c=0.05))

No key, no noise: without ``key`` the expectation of the noisy step is computed. What a
sequence shares (a mask, a noise on the weights) is drawn once, before the loop.
"""

from jlstm.wrappers.dropout import InputDropout as InputDropout
from jlstm.wrappers.dropout import MaskedParams as MaskedParams
from jlstm.wrappers.dropout import RecurrentDropout as RecurrentDropout
from jlstm.wrappers.gradient import ClipRecurrentGradient as ClipRecurrentGradient
from jlstm.wrappers.gradient import CutRecurrentGradient as CutRecurrentGradient
from jlstm.wrappers.learned import LearnedCarry as LearnedCarry
from jlstm.wrappers.learned import LearnedCarryParams as LearnedCarryParams
from jlstm.wrappers.weights import WeightDrop as WeightDrop
from jlstm.wrappers.weights import WeightNoise as WeightNoise
from jlstm.wrappers.zoneout import Zoneout as Zoneout
