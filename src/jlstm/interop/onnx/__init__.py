"""ONNX's LSTM, GRU and RNN operators: import them, run them, write them."""

from jlstm.interop.onnx.export import to_onnx as to_onnx
from jlstm.interop.onnx.model import Imported as Imported
from jlstm.interop.onnx.model import from_onnx as from_onnx
from jlstm.interop.onnx.node import from_onnx_node as from_onnx_node
from jlstm.interop.onnx.node import run_onnx_node as run_onnx_node
from jlstm.interop.onnx.states import carry_from_onnx as carry_from_onnx
from jlstm.interop.onnx.states import carry_to_onnx as carry_to_onnx
