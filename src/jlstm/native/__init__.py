"""LSTM and GRU on the CPU by a compiled kernel; optional, held to the scan."""

from jlstm.native.available import unavailable as unavailable
from jlstm.native.build import register as register
from jlstm.native.build import register_if_built
from jlstm.native.error import BuildError as BuildError

register_if_built()  # a compiled program may be loaded that has the kernel in it
