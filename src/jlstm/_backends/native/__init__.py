"""Any cell on the CPU by a kernel from its equations; optional, held to the scan."""

from jlstm._backends.native.available import unavailable as unavailable
from jlstm._backends.native.error import BuildError as BuildError
from jlstm._backends.native.library import register_if_built
from jlstm._backends.native.library import register_kernel as register_kernel

register_if_built()  # a compiled program may be loaded that has the kernel in it
