"""Weights of other libraries, in files and as trees."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm import GRUCell, LSTMCell, Recurrent, Stack
from jlstm.interop import (
    KerasLayer,
    Sizes,
    from_cudnn,
    from_haiku,
    from_keras,
    from_safetensors,
    from_torch,
    save_safetensors,
    stablehlo,
    to_cudnn,
    to_haiku,
    to_keras,
    to_torch,
)
from tests.fuzz.mutate import other_value
from tests.fuzz.reader import Reader

CELL, GRU = LSTMCell(3), GRUCell(3)
STACK = Stack((Recurrent(CELL), Recurrent(LSTMCell(2))))


def files() -> Iterator[Reader]:
    """Yield importers of files."""
    params = drawn(STACK)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.safetensors"
        save_safetensors(path, Recurrent(CELL), drawn(Recurrent(CELL)))
        weights = path.read_bytes()
    yield Reader("safetensors", {"a.safetensors": weights}, from_safetensors)
    artifact = stablehlo.export_sequence(STACK, params, 2, platforms=("cpu",))
    seeds = {"a.stablehlo": bytes(artifact)}
    yield Reader("StableHLO", seeds, stablehlo.load, share=0.5)


def onnx() -> Iterator[Reader]:
    """Yield the importer of ONNX."""
    from jlstm.interop.onnx import from_onnx, to_onnx

    seeds = {
        f"{cell}.onnx": to_onnx(Recurrent(cell), drawn(cell)).SerializeToString()
        for cell in (CELL, GRUCell(2, reset="before"))
    }
    yield Reader(
        "ONNX",
        {f"{n}.onnx": s for n, s in enumerate(seeds.values())},
        from_onnx,
        share=0.3,
    )


def trees() -> Iterator[Reader]:
    """Yield importers of trees; the file is JSON that describes one."""
    torch = to_torch(Recurrent(CELL), drawn(CELL))
    haiku = to_haiku(CELL, drawn(CELL), "lstm")
    keras = [layer._asdict() for layer in to_keras(STACK, drawn(STACK))]
    flat = {"weights": to_cudnn(CELL, drawn(CELL)), "sizes": Sizes(2, 3)._asdict()}
    yield _tree("torch", torch, from_torch)
    yield _tree("Haiku", haiku, lambda tree: from_haiku(tree, "lstm"))
    yield _tree("Keras", keras, _keras)
    yield _tree("cuDNN", flat, _cudnn)


def drawn(layer: Any) -> Any:
    """Return parameters of a layer for inputs of two numbers."""
    return jax.tree.map(jnp.asarray, layer.init(jax.random.key(0), 2))


def _keras(layers: Any) -> Any:
    return from_keras(
        [_layer(one) for one in layers] if isinstance(layers, list) else layers
    )


def _layer(tree: Any) -> Any:
    known = isinstance(tree, dict) and tree.keys() == {"config", "weights"}
    return KerasLayer(**tree) if known else tree


def _cudnn(tree: Any) -> Any:
    if not isinstance(tree, dict) or not isinstance(tree.get("sizes"), dict):
        return from_cudnn(tree, Sizes(2, 3))
    named = {name: tree["sizes"].get(name) for name in Sizes._fields}
    return from_cudnn(tree.get("weights"), Sizes(**named))


def _described(tree: Any) -> bytes:
    def plain(leaf: Any) -> Any:
        if not hasattr(leaf, "dtype"):
            return leaf
        return {"shape": list(leaf.shape), "dtype": str(leaf.dtype)}

    return json.dumps(jax.tree.map(plain, tree)).encode()


def _tree(name: str, tree: Any, read: Callable[[Any], Any]) -> Reader:
    """Return a reader of a tree; one whose arrays cannot be made is nothing to read."""

    def read_tree(path: Path) -> Any:
        try:
            made = _made(json.loads(path.read_text()))
        except Exception:  # NumPy's, of shapes and dtypes that are none
            return None
        return read(made)

    return Reader(name, {"a.json": _described(tree)}, read_tree, (other_value,))


def _made(plain: Any) -> Any:
    if isinstance(plain, dict) and plain.keys() == {"shape", "dtype"}:
        if np.prod(np.array(plain["shape"], float)) > 1e6:
            raise ValueError
        return np.zeros(plain["shape"], plain["dtype"])
    if isinstance(plain, dict):
        return {name: _made(value) for name, value in plain.items()}
    return [_made(value) for value in plain] if isinstance(plain, list) else plain
