"""Weights in and out of other libraries: parameters in, parameters out.

For every library ``from_x`` returns a layer or a cell of ours with its parameters, and
``to_x`` turns such a pair into what the library takes. A conversion computes the same
or is an error that says why; other libraries are imported only where they must be.
"""

from jlstm._backends.native import register_kernel as register_kernel
from jlstm.interop._layers import dense_heads as dense_heads
from jlstm.interop.cudnn import Sizes as Sizes
from jlstm.interop.cudnn import from_cudnn as from_cudnn
from jlstm.interop.cudnn import to_cudnn as to_cudnn
from jlstm.interop.equinox import from_equinox as from_equinox
from jlstm.interop.equinox import to_equinox as to_equinox
from jlstm.interop.haiku import from_haiku as from_haiku
from jlstm.interop.haiku import to_haiku as to_haiku
from jlstm.interop.keras import KerasLayer as KerasLayer
from jlstm.interop.keras import from_keras as from_keras
from jlstm.interop.keras import to_keras as to_keras
from jlstm.interop.linen import from_linen as from_linen
from jlstm.interop.linen import to_linen as to_linen
from jlstm.interop.nnx import from_nnx as from_nnx
from jlstm.interop.nnx import to_nnx as to_nnx
from jlstm.interop.onnx import from_onnx as from_onnx
from jlstm.interop.onnx import to_onnx as to_onnx
from jlstm.interop.torch import from_safetensors as from_safetensors
from jlstm.interop.torch import from_torch as from_torch
from jlstm.interop.torch import save_safetensors as save_safetensors
from jlstm.interop.torch import to_torch as to_torch
