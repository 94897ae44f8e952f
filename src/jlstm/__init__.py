"""jlstm: recurrent networks for JAX.

A cell is a frozen dataclass of hyper-parameters with pure functions over a params
pytree; everything else is a function of cells.
"""

import typing

from jlstm.analysis.memory_of import Memory as Memory
from jlstm.analysis.memory_of import memory_of as memory_of
from jlstm.analysis.summary import Summary as Summary
from jlstm.analysis.summary import summary as summary
from jlstm.analysis.target import target as target
from jlstm.cell import AffineCell as AffineCell
from jlstm.cell import Cell as Cell
from jlstm.cell import GatedCell as GatedCell
from jlstm.cell import LinearCell as LinearCell
from jlstm.cell import ParallelCell as ParallelCell
from jlstm.cells import CIFGLSTMCell as CIFGLSTMCell
from jlstm.cells import CIFGLSTMParams as CIFGLSTMParams
from jlstm.cells import ConvGRUCell as ConvGRUCell
from jlstm.cells import ConvGRUParams as ConvGRUParams
from jlstm.cells import ConvLSTMCell as ConvLSTMCell
from jlstm.cells import ConvLSTMParams as ConvLSTMParams
from jlstm.cells import CoRNNCarry as CoRNNCarry
from jlstm.cells import CoRNNCell as CoRNNCell
from jlstm.cells import CoRNNGates as CoRNNGates
from jlstm.cells import CoRNNParams as CoRNNParams
from jlstm.cells import GRUCarry as GRUCarry
from jlstm.cells import GRUCell as GRUCell
from jlstm.cells import GRUGates as GRUGates
from jlstm.cells import GRUParams as GRUParams
from jlstm.cells import HiddenCarry as HiddenCarry
from jlstm.cells import IndRNNCell as IndRNNCell
from jlstm.cells import IndRNNParams as IndRNNParams
from jlstm.cells import JANETCell as JANETCell
from jlstm.cells import JANETGates as JANETGates
from jlstm.cells import JANETParams as JANETParams
from jlstm.cells import LayerNormGRUCell as LayerNormGRUCell
from jlstm.cells import LayerNormGRUParams as LayerNormGRUParams
from jlstm.cells import LayerNormLSTMCell as LayerNormLSTMCell
from jlstm.cells import LayerNormLSTMParams as LayerNormLSTMParams
from jlstm.cells import LEMCarry as LEMCarry
from jlstm.cells import LEMCell as LEMCell
from jlstm.cells import LEMGates as LEMGates
from jlstm.cells import LEMParams as LEMParams
from jlstm.cells import LowRank as LowRank
from jlstm.cells import LRUCarry as LRUCarry
from jlstm.cells import LRUCell as LRUCell
from jlstm.cells import LRUGates as LRUGates
from jlstm.cells import LRUParams as LRUParams
from jlstm.cells import LSTMCarry as LSTMCarry
from jlstm.cells import LSTMCell as LSTMCell
from jlstm.cells import LSTMGates as LSTMGates
from jlstm.cells import LSTMParams as LSTMParams
from jlstm.cells import MGUCell as MGUCell
from jlstm.cells import MGUGates as MGUGates
from jlstm.cells import MGUParams as MGUParams
from jlstm.cells import MinGRUCell as MinGRUCell
from jlstm.cells import MinGRUGates as MinGRUGates
from jlstm.cells import MinGRUParams as MinGRUParams
from jlstm.cells import MinimalRNNCell as MinimalRNNCell
from jlstm.cells import MinimalRNNGates as MinimalRNNGates
from jlstm.cells import MinimalRNNParams as MinimalRNNParams
from jlstm.cells import MinLSTMCell as MinLSTMCell
from jlstm.cells import MinLSTMGates as MinLSTMGates
from jlstm.cells import MinLSTMParams as MinLSTMParams
from jlstm.cells import MLSTMCarry as MLSTMCarry
from jlstm.cells import MLSTMCell as MLSTMCell
from jlstm.cells import MLSTMGates as MLSTMGates
from jlstm.cells import MLSTMParams as MLSTMParams
from jlstm.cells import MogrifierLSTMCell as MogrifierLSTMCell
from jlstm.cells import MogrifierLSTMParams as MogrifierLSTMParams
from jlstm.cells import MultiplicativeLSTMCell as MultiplicativeLSTMCell
from jlstm.cells import MultiplicativeLSTMParams as MultiplicativeLSTMParams
from jlstm.cells import NASCell as NASCell
from jlstm.cells import NASGates as NASGates
from jlstm.cells import NASParams as NASParams
from jlstm.cells import OdysseyLSTMCarry as OdysseyLSTMCarry
from jlstm.cells import OdysseyLSTMCell as OdysseyLSTMCell
from jlstm.cells import OdysseyLSTMParams as OdysseyLSTMParams
from jlstm.cells import PeepholeLSTMCell as PeepholeLSTMCell
from jlstm.cells import PeepholeLSTMParams as PeepholeLSTMParams
from jlstm.cells import PeepholeSRUCell as PeepholeSRUCell
from jlstm.cells import PeepholeSRUParams as PeepholeSRUParams
from jlstm.cells import ProjectedLSTMCell as ProjectedLSTMCell
from jlstm.cells import ProjectedLSTMParams as ProjectedLSTMParams
from jlstm.cells import QRNNCarry as QRNNCarry
from jlstm.cells import QRNNCell as QRNNCell
from jlstm.cells import QRNNParams as QRNNParams
from jlstm.cells import RHNCell as RHNCell
from jlstm.cells import RHNGates as RHNGates
from jlstm.cells import RHNParams as RHNParams
from jlstm.cells import RNNCarry as RNNCarry
from jlstm.cells import RNNCell as RNNCell
from jlstm.cells import RNNGates as RNNGates
from jlstm.cells import RNNParams as RNNParams
from jlstm.cells import SLSTMCarry as SLSTMCarry
from jlstm.cells import SLSTMCell as SLSTMCell
from jlstm.cells import SLSTMParams as SLSTMParams
from jlstm.cells import SRUCell as SRUCell
from jlstm.cells import SRUGates as SRUGates
from jlstm.cells import SRUParams as SRUParams
from jlstm.cells import URLSTMCell as URLSTMCell
from jlstm.cells import URLSTMGates as URLSTMGates
from jlstm.cells import URLSTMParams as URLSTMParams
from jlstm.layers import Bidirectional as Bidirectional
from jlstm.layers import BidirectionalParams as BidirectionalParams
from jlstm.layers import HighwayParams as HighwayParams
from jlstm.layers import Layer as Layer
from jlstm.layers import Recurrent as Recurrent
from jlstm.layers import Stack as Stack
from jlstm.loop import explain as explain
from jlstm.loop import trace as trace
from jlstm.loop import unroll as unroll
from jlstm.masking import last_output as last_output
from jlstm.masking import prepend as prepend
from jlstm.masking import resets_from_dones as resets_from_dones
from jlstm.masking import resets_from_segments as resets_from_segments
from jlstm.streaming import Stream as Stream
from jlstm.streaming import stream as stream
from jlstm.wrappers import ClipRecurrentGradient as ClipRecurrentGradient
from jlstm.wrappers import CutRecurrentGradient as CutRecurrentGradient
from jlstm.wrappers import InputDropout as InputDropout
from jlstm.wrappers import LearnedCarry as LearnedCarry
from jlstm.wrappers import LearnedCarryParams as LearnedCarryParams
from jlstm.wrappers import MaskedParams as MaskedParams
from jlstm.wrappers import RecurrentDropout as RecurrentDropout
from jlstm.wrappers import WeightDrop as WeightDrop
from jlstm.wrappers import WeightNoise as WeightNoise
from jlstm.wrappers import Zoneout as Zoneout

__version__ = "0.1.0"

if typing.TYPE_CHECKING:
    from jlstm import sklearn as sklearn
    from jlstm.cli.experiment import Experiment as Experiment
    from jlstm.tasks.runs import load_run as load_run
else:  # a checker that saw this function would believe in every name

    def __getattr__(name: str) -> typing.Any:
        """Import what stands on the upper storeys when it is asked for."""
        if name == "load_run":
            from jlstm.tasks.runs import load_run as found
        elif name == "Experiment":
            from jlstm.cli.experiment import Experiment as found
        elif name == "sklearn":
            import jlstm.sklearn as found
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return found
