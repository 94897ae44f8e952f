"""Weights of ``torch.nn.LSTM``, ``GRU`` and ``RNN``, in and out; no torch is needed.

PyTorch stacks the gates in our order along the rows and keeps two biases of which only
the sum counts (but for the candidate of the GRU). Its ``batch_first`` changes no
weight: our sequences are time first always.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import (
    GRUCell,
    LSTMCell,
    ProjectedLSTMCell,
    ProjectedLSTMParams,
    RNNCell,
)
from jlstm.interop._check import check_kind, check_options
from jlstm.interop._files import read_model
from jlstm.interop._gates import Layout, Stacked, read_params, write_params
from jlstm.interop._layers import Part, from_levels, uniform_levels
from jlstm.interop._names import group, has_weights, name_of
from jlstm.interop._torch_shapes import check_shapes, hidden_size_of
from jlstm.layers import Layer, Stack

LAYOUTS: dict[type[Cell], Layout] = {
    LSTMCell: Layout("ifgo", rows=True),
    ProjectedLSTMCell: Layout("ifgo", rows=True),
    GRUCell: Layout("rzn", rows=True),
    RNNCell: Layout("h", rows=True),
}
NONLINEARITIES = ("tanh", "relu")
CELLS = ("LSTMCell", "GRUCell", "RNNCell")
TARGET = "torch.nn"


def from_torch(
    source: Any, *, prefix: str = "", nonlinearity: str | None = None
) -> tuple[Stack, Params]:
    """Return the layer that a recurrent module of PyTorch is, and its parameters.

    Args:
        source: a ``torch.nn.LSTM``, ``GRU`` or ``RNN``, or one of their cells, or a
            mapping from torch's names to tensors or arrays, such as the
            ``state_dict()`` of a whole model.
        prefix: what stands before ``weight_ih_l0`` in the names, the dot included.
        nonlinearity: of an RNN that comes as a mapping: ``"tanh"`` or ``"relu"``; the
            weights do not tell.

    Returns:
        A stack, also of one layer, with the dropout of the module. Parameters are
        copies with the dtype of the source (float64 needs ``jax_enable_x64``).

    Raises:
        ValueError, TypeError: the weights are not those of such a module, or not all;
            the text names the first that is missing or has another shape or dtype.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> named = {
        ...     "rnn.weight_ih_l0": rng.normal(size=(12, 2)),
        ...     "rnn.weight_hh_l0": rng.normal(size=(12, 3)),
        ...     "rnn.bias_ih_l0": rng.normal(size=12),
        ...     "rnn.bias_hh_l0": rng.normal(size=12),
        ... }
        >>> layer, params = from_torch(named, prefix="rnn.")
        >>> layer
        Stack(layers=(Recurrent(cell=LSTMCell(hidden_size=3)),))
    """
    dropout = 0.0
    if not isinstance(source, Mapping):
        nonlinearity = _nonlinearity_of(source)
        dropout = float(getattr(source, "dropout", 0.0))
        source = source.state_dict()
    _check_level(source)
    return _assemble(source, source.__getitem__, prefix, nonlinearity, dropout)


def to_torch(layer: Cell | Layer, params: Params) -> dict[str, np.ndarray]:
    """Return the weights as ``load_state_dict`` takes them, after ``torch.from_numpy``.

    The second bias is zero, but for the candidate's of a GRU. bfloat16, which NumPy and
    torch cannot exchange, becomes float32; loading it rounds nothing.

    Args:
        layer: a cell, a layer, or a stack of equal layers.
        params: of ``layer``.

    Raises:
        ValueError, TypeError: ``torch.nn`` has no such layer.

    Example:
        >>> import jax
        >>> cell = LSTMCell(3)
        >>> named = to_torch(cell, cell.init(jax.random.key(0), input_size=2))
        >>> {name: array.shape for name, array in named.items()}
        {'weight_ih_l0': (12, 2), 'weight_hh_l0': (12, 3), 'bias_ih_l0': (12,),
         'bias_hh_l0': (12,)}
    """
    return {name: _writable(array) for name, array in _named(layer, params).items()}


def from_safetensors(
    path: str | Path, *, prefix: str = "", nonlinearity: str | None = None
) -> tuple[Stack, Params]:
    """Return layer and parameters from a ``.safetensors`` file with torch's names.

    Only the tensors of this layer are read. The arguments are those of
    :func:`from_torch`.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError, TypeError: the file is no safetensors file, or the weights are not
            those of such a module.
    """
    from safetensors import safe_open

    with read_model(
        "safetensors", path, lambda file: safe_open(file, framework="flax")
    ) as file:
        return _assemble(file.keys(), file.get_tensor, prefix, nonlinearity, 0.0)


def save_safetensors(path: str | Path, layer: Cell | Layer, params: Params) -> None:
    """Write a ``.safetensors`` file with torch's names, as :func:`to_torch` has them.

    Dtypes stay, bfloat16 included.
    """
    from safetensors.flax import save_file

    named = _named(layer, params)
    save_file({name: jnp.array(array) for name, array in named.items()}, str(path))


def _nonlinearity_of(module: Any) -> str | None:
    if type(module).__name__ in CELLS and hasattr(module, "weight_ih"):
        return getattr(module, "nonlinearity", None)
    mode = getattr(module, "mode", None)
    if mode not in ("LSTM", "GRU", "RNN_TANH", "RNN_RELU"):
        inside = [name for name in ("_orig_mod", "module") if hasattr(module, name)]
        hint = f" It wraps one: give its .{inside[0]}." if inside else ""
        raise TypeError(
            f"from_torch cannot read a {type(module).__name__}; give a torch.nn.LSTM, "
            "GRU or RNN, or the state_dict() of a model with the prefix of its layer."
            f"{hint}"
        )
    return mode[4:].lower() or None if mode.startswith("RNN") else None


def _check_level(source: Mapping[Any, Any]) -> None:
    """Require that the weights lie in ``source`` itself, not in a mapping inside it."""
    if has_weights(source):
        return
    for key, value in source.items():
        if isinstance(value, Mapping) and has_weights(value):
            raise ValueError(
                f"The mapping is a checkpoint; its weights are under {key!r}: give "
                f"source[{key!r}]."
            )
        if hasattr(value, "state_dict"):
            raise ValueError(
                f"The mapping has a {type(value).__name__} under {key!r}: give "
                f"source[{key!r}].state_dict()."
            )


def _assemble(
    names: Iterable[str],
    tensor: Callable[[str], Any],
    prefix: str,
    nonlinearity: str | None,
    dropout: float,
) -> tuple[Stack, Params]:
    """Make the layer whose weights have these names; read them by ``tensor(name)``."""
    weights = {
        place: {w: _array(tensor(n)) for w, n in named.items()}
        for place, named in group(names, prefix).items()
    }
    check_shapes(weights)
    cells = {place: _read(own, nonlinearity) for place, own in weights.items()}
    ways = sorted({reverse for _, reverse in cells})
    levels = range(len(cells) // len(ways))
    return from_levels([[cells[n, way] for way in ways] for n in levels], dropout)


def _read(weights: dict[str, np.ndarray], nonlinearity: str | None) -> Part:
    """Turn the weights of one layer and direction into a cell and its parameters."""
    biases = (weights.get("bias_ih"), weights.get("bias_hh"))
    stacked = Stacked(weights["weight_ih"], weights["weight_hh"], *biases)
    w_hr, hidden_size = weights.get("weight_hr"), hidden_size_of(weights)
    cell = _cell_of(stacked, hidden_size, nonlinearity)
    params = read_params(cell, LAYOUTS[type(cell)], stacked)
    if w_hr is None:
        return Part(cell, params)
    if not isinstance(cell, LSTMCell):
        raise ValueError("There is a weight_hr, but only an LSTM of torch has one.")
    cell = ProjectedLSTMCell(hidden_size, w_hr.shape[0], use_bias=cell.use_bias)
    return Part(cell, ProjectedLSTMParams(*params, w_hr=jnp.array(w_hr.T)))


def _cell_of(stacked: Stacked, hidden_size: int, nonlinearity: Any) -> Cell:
    """Tell the kind of a cell by the rows that its weight has for each hidden unit."""
    rows, use_bias = stacked.w_ih.shape[0], stacked.b_ih is not None
    kinds = {4 * hidden_size: "LSTM", 3 * hidden_size: "GRU", hidden_size: "RNN"}
    _check_nonlinearity(kinds[rows], nonlinearity)
    if kinds[rows] == "RNN":
        return RNNCell(hidden_size, nonlinearity, use_bias)
    kind = LSTMCell if kinds[rows] == "LSTM" else GRUCell
    return kind(hidden_size, use_bias=use_bias)


def _check_nonlinearity(kind: str, nonlinearity: str | None) -> None:
    allowed = NONLINEARITIES if kind == "RNN" else (None,)
    if nonlinearity not in allowed:
        raise ValueError(
            f"nonlinearity is {nonlinearity!r}, but these are the weights of a "
            f"torch.nn.{kind}; give {' or '.join(map(repr, allowed))}."
        )


def _named(layer: Cell | Layer, params: Params) -> dict[str, np.ndarray]:
    named: dict[str, np.ndarray] = {}
    for n, parts in enumerate(uniform_levels(TARGET, layer, params)):
        for reverse, part in zip((False, True), parts, strict=False):
            _check_cell(part.cell)
            for weight, array in _write(*part).items():
                named[name_of(weight, (n, reverse))] = array
    return named


def _check_cell(cell: Cell) -> None:
    check_kind(TARGET, cell, LAYOUTS)
    if not isinstance(cell, RNNCell):
        return check_options(TARGET, cell)
    check_options(TARGET, cell, {"activation"})
    if cell.activation not in NONLINEARITIES:
        raise ValueError(
            f"{TARGET} cannot hold {cell!r}: its RNN has only the activations "
            f"{' and '.join(NONLINEARITIES)}."
        )


def _write(cell: Cell, params: Params) -> dict[str, np.ndarray]:
    """Return the weights of one layer and direction by torch's names."""
    stacked = write_params(cell, LAYOUTS[type(cell)], params)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = {n: w for n, w in zip(names, stacked, strict=True) if w is not None}
    if isinstance(cell, ProjectedLSTMCell):
        named["weight_hr"] = np.asarray(params.w_hr).T
    return named


def _array(tensor: Any) -> np.ndarray:
    """Turn a tensor of torch or an array into an array of NumPy."""
    if not type(tensor).__module__.startswith("torch"):
        try:
            return np.asarray(tensor)
        except ValueError:
            raise TypeError("torch.nn: a weight is no array of floats.") from None
    if tensor.is_meta:
        raise ValueError("a tensor is on torch's meta device: load its numbers.")
    tensor = tensor.detach().cpu()
    if str(tensor.dtype) == "torch.bfloat16":
        return tensor.float().numpy().astype(jnp.bfloat16)
    return tensor.numpy()


def _writable(array: np.ndarray) -> np.ndarray:
    wide = array.astype(np.float32) if array.dtype == jnp.bfloat16 else array
    return np.array(wide)
