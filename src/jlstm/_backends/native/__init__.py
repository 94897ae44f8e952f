"""LSTM and GRU on the CPU by a compiled kernel; optional, held to the scan."""

from jlstm._backends.native.available import unavailable as unavailable
from jlstm._backends.native.build import register_if_built
from jlstm._backends.native.build import register_kernel as register_kernel
from jlstm._backends.native.error import BuildError as BuildError

register_if_built()  # a compiled program may be loaded that has the kernel in it
