"""Write docs/parity.md: how far each cell is from each reference, in every case.

    python -m tests.parity.table

The references are the equations of the papers in plain NumPy (`tests/oracle`), and
other libraries: as golden files that were written with them (PyTorch, Keras) or live
(Flax, Haiku, Equinox, cuDNN's stand-in in JAX, onnxruntime).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import conftest  # noqa: F401 - JAX as in the tests: float64, strict
from tests import zoo
from tests.interop import (
    peers,
    run_equinox,
    run_haiku,
    test_cudnn,
    test_equinox,
    test_flax,
    test_haiku,
    test_keras,
    test_onnx_export,
    test_torch,
)
from tests.laws.test_gradients import inner, move

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
STEP = 1e-5
EQUATIONS = "equations in NumPy, float64"
HEAD = f"""# Parity

Written by `python -m tests.parity.table`; a test checks that the rows are all there.

The largest difference between a cell and a reference, on padded batches with random
non-zero biases: of outputs and last carries, and of gradients. Against the equations
the gradient is that of parameters, inputs and carry along one random direction,
relative, next to a central difference of the equations with a step of {STEP:g} (which
limits it to about 1e-9); against PyTorch and Keras it is that of the weights, against
Flax, Haiku and Equinox that of the inputs. A dash: the reference has none, or none is
defined.

| cell | reference | case | value | gradient |
| --- | --- | --- | ---: | ---: |
"""


class Row(NamedTuple):
    """One comparison: the largest difference in value and in gradient."""

    reference: str
    cells: str
    case: str
    value: float
    gradient: float | None


def difference(ours, theirs) -> float:
    """Return the largest difference of two lists of numbers, as they come."""
    ours, theirs = (
        np.concatenate([np.ravel(np.asarray(part, float)) for part in both])
        for both in (ours, theirs)
    )
    return float(np.abs(ours - theirs).max())


def equations(row) -> Row:
    """Compare a cell with its equations, the gradient along one random direction."""
    sample = zoo.draw(row)
    measured = zoo.measure(row.layer, sample)
    ask = [zoo.as_dicts(measured.carry), measured.ys]
    value = difference(*map(jax.tree.leaves, (ask, zoo.ask_oracle(row, sample))))
    along = zoo.random_like(sample[:3], np.random.default_rng(7), scale=1.0)
    ahead, behind = (
        float(zoo.loss_of(*as_jax(zoo.ask_oracle(row, move(sample, along, step)))))
        for step in (STEP, -STEP)
    )
    slope = float(inner(measured.grads[:3], along))
    gradient = abs(slope - (ahead - behind) / (2 * STEP)) / max(1.0, abs(slope))
    what = f"`{row.name}`: {row.cell!r}"
    cut = row.name in ("clip_gradient", "cut_gradient")
    return Row(EQUATIONS, f"`{type(row.cell).__name__}`", what, value,
               None if cut else gradient)  # fmt: skip


def as_jax(tree):
    """Turn the arrays of an oracle into those that the loss is defined for."""
    return jax.tree.map(jnp.asarray, tree)


def torch_case(case) -> Row:
    """Compare with PyTorch: outputs, last states, gradients of the weights."""
    named = test_torch.weights(case)
    layer, params = test_torch.read(case, named)
    outputs, grads = test_torch.run_ours(layer, params, jnp.asarray(peers.inputs()))
    theirs = peers.golden("torch")[str(case)]
    count = sum(out.size for out in outputs)
    wanted, at = {}, count
    for name, array in named.items():
        wanted[name] = theirs[at : at + array.size].reshape(array.shape)
        at += array.size
    wanted = jax.tree.leaves(test_torch.as_ours(case, wanted))
    return Row("PyTorch, float64", kinds(layer), f"{case}: {dict(case.options)}",
               difference(outputs, [theirs[:count]]),
               difference(jax.tree.leaves(grads), wanted))  # fmt: skip


def keras_case(case) -> Row:
    """Compare with Keras on JAX; gradients of the weights where they are kept."""
    layer, params = test_keras.from_keras(test_keras.layers_of(case))
    xs = jnp.asarray(test_keras.images(case))
    outputs, grads = test_keras.run_ours(layer, params, xs, case)
    theirs = peers.golden("keras")[case]
    count = sum(out.size for out in outputs)
    gradient = None
    if grads is not None:
        wanted = test_keras.gradients_of(case, theirs[count:])
        gradient = difference(*map(jax.tree.leaves, (grads, wanted)))
    value = difference(outputs, [theirs[:count]])
    return Row("Keras on JAX, float32 inside", kinds(layer), case, value, gradient)


def live(reference, what, parts, run) -> Row:
    """Compare a network of three cells with a peer that runs here.

    ``run(how)`` returns what the peer computes; the gradient is that of the inputs.
    """
    layer, params = peers.network(parts)
    xs = jnp.asarray(peers.inputs())
    outputs = peers.run(layer, params, xs)
    grad = jax.grad(lambda xs: peers.loss_of(peers.run(layer, params, xs)))(xs)
    return Row(reference, kinds(layer), what,
               difference(outputs, [run(peers.run_steps)]),
               difference([grad], [run(peers.differentiate_steps)]))  # fmt: skip


def haiku_case(case) -> Row:
    """Compare with Haiku."""
    trees = run_haiku.weights(case)
    parts = test_haiku.read(case, trees)
    return live("Haiku, float64", case, parts,
                lambda how: run_haiku.run(case, trees, how))  # fmt: skip


def equinox_case(case) -> Row:
    """Compare with Equinox."""
    cells = run_equinox.modules(case)
    parts = [test_equinox.from_equinox(cell) for cell in test_equinox.stand_ins(case)]
    return live("Equinox, float64", case, parts,
                lambda how: run_equinox.run(case, cells, how))  # fmt: skip


def linen_case(module) -> Row:
    """Compare with Flax Linen."""
    trees = test_flax.linen_trees(module)
    parts = [test_flax.from_linen(module, tree) for tree in trees]

    def apply(tree, carry, x):
        return module.apply({"params": tree}, carry, x)

    lstm = test_flax.is_lstm(module)
    what = type(module).__name__
    what += ", no reset" if getattr(module, "reset_gate", True) is False else ""

    def run(how):
        return test_flax.run_modules(apply, lstm, trees, how)

    return live("Flax Linen, float64", what, parts, run)


def nnx_case(kind) -> Row:
    """Compare with Flax NNX."""
    modules = test_flax.nnx_modules(kind)
    parts = [test_flax.from_nnx(module) for module in modules]

    def apply(module, carry, x):
        return module(carry, x)

    lstm = test_flax.is_lstm(modules[0])

    def run(how):
        return test_flax.run_modules(apply, lstm, modules, how)

    return live("Flax NNX, float64", kind.__name__, parts, run)


def onnx_case(name) -> Row:
    """Compare with onnxruntime, which runs what we export; it has no gradients."""
    layer, _ = test_onnx_export.LAYERS[name]
    params, xs, carry = test_onnx_export.drawn(layer)
    lengths = test_onnx_export.LENGTHS
    model = test_onnx_export.to_onnx(layer, params, lengths=True, carry=True)
    start = test_onnx_export.carry_to_onnx(layer, carry)
    start = {key: np.asarray(value) for key, value in start.items()}
    feed = {"X": xs, "sequence_lens": lengths, **start}
    out = test_onnx_export.run_model(model, feed)
    last, ys = test_onnx_export.ours(layer, params, xs, carry, lengths)
    theirs = [out["Y"], *jax.tree.leaves(test_onnx_export.carry_from_onnx(layer, out))]
    value = difference([ys, *jax.tree.leaves(last)], theirs)
    return Row("onnxruntime, float32", kinds(layer), name, value, None)


def cudnn_case(sizes) -> Row:
    """Compare with the stand-in that JAX has for cuDNN on a CPU."""
    flat = test_cudnn.drawn(sizes)
    layer, params = test_cudnn.from_cudnn(flat, sizes)
    ours = peers.run(layer, params, jnp.asarray(peers.inputs(), jnp.float32))
    value = difference(ours, [test_cudnn.run_reference(flat, sizes)])
    reference = "cuDNN's stand-in in JAX, float32"
    return Row(reference, kinds(layer), str(sizes), value, None)


def kinds(layer) -> str:
    """Name the cells in a layer, each once."""
    found = dict.fromkeys(type(cell).__name__ for cell in cells_in(layer))
    return ", ".join(f"`{name}`" for name in found)


def cells_in(layer) -> Iterator:
    """Yield the cells of a layer."""
    for part in getattr(layer, "layers", (layer,)):
        if part is not layer:
            yield from cells_in(part)
        else:
            halves = (getattr(layer, n, None) for n in ("cell", "forward", "backward"))
            yield from (cell for cell in halves if cell is not None)


TABLE = (
    (equations, zoo.CELLS),
    (torch_case, test_torch.CASES),
    (keras_case, test_keras.CASES),
    (linen_case, test_flax.LINEN),
    (nnx_case, test_flax.NNX),
    (haiku_case, run_haiku.CASES),
    (equinox_case, run_equinox.CASES),
    (cudnn_case, test_cudnn.SIZES),
    (onnx_case, test_onnx_export.LAYERS),
)


def text(row: Row) -> str:
    """Format a row of the page."""
    gradient = "–" if row.gradient is None else f"{row.gradient:.0e}"
    what = (row.cells, row.reference, row.case.replace("|", "\\|"))
    return f"| {' | '.join(what)} | {row.value:.0e} | {gradient} |"


def main() -> None:
    """Make all comparisons and write the page."""
    lines = []
    for compare, cases in TABLE:
        for case in cases:
            lines.append(text(compare(case)))
            print(lines[-1], flush=True)
    PAGE.write_text(f"{HEAD}{chr(10).join(lines)}\n", "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
