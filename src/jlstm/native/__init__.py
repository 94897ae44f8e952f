"""LSTM and GRU on the CPU by a compiled kernel; optional, held to the scan."""

from jlstm.native.available import few_rows as few_rows
from jlstm.native.available import misfit as misfit
from jlstm.native.available import refusal as refusal
from jlstm.native.available import unavailable as unavailable
from jlstm.native.build import BuildError as BuildError
