"""Which stepper runs a layer, and why."""

import jax
import numpy as np

from jlstm._backends import BackendChoice, CallTypes, choose
from jlstm._backends.native.backend import NATIVE
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.error import BuildError
from jlstm._backends.native.session import Session
from jlstm._internal.types import Carry, Params
from jlstm._internal.validate import check_params
from jlstm.cell import Cell
from jlstm.layers import Layer, Recurrent, Stack
from jlstm.layers.noise import PreparedStack
from jlstm.streaming.stepper import Jitted, Stacked, Stepper

PACKED = "the kernel made from its equations, with the weights packed once"


def stepper_of(
    layer: Layer,
    params: Params,
    carry: Carry,
    x: jax.ShapeDtypeStruct,
    quantize: str | None = None,
) -> tuple[Stepper, BackendChoice]:
    """Return what runs a layer, and why.

    Args:
        layer: what happens in a step.
        params: made by ``layer.init``.
        carry: where to start.
        x: the type of the input of a step.
        quantize: what the kernel keeps weights as; None: as they are.

    Raises:
        ValueError: they are to be quantized, and the kernel does not run the layer.
    """
    if isinstance(layer, Stack):
        return _of_stack(layer, params, carry, x, quantize)
    if isinstance(layer, Recurrent):
        check_params(layer.cell, params, x.shape[-1])
    prepared, _ = layer.prepare(params, jax.ShapeDtypeStruct((1, *x.shape), x.dtype))
    if not isinstance(layer, Recurrent):
        own = f"{type(layer).__name__} is a layer of its own"
        _refuse(layer, quantize, own)
        return Jitted(layer, prepared, carry), _jitted(own)
    return _of_cell(layer, prepared, carry, x, quantize)


def _of_stack(
    stack: Stack,
    params: tuple,
    carry: tuple,
    x: jax.ShapeDtypeStruct,
    quantize: str | None,
) -> tuple[Stepper, BackendChoice]:
    sequence = jax.ShapeDtypeStruct((1, *x.shape), x.dtype)
    prepared, _ = stack.prepare(params, sequence)  # refuses what has no steps
    assert isinstance(prepared, PreparedStack)
    made = [
        stepper_of(layer, stack.part(n, params[n]), own, _step_of(read), quantize)
        for n, (layer, own, read) in enumerate(
            zip(stack.layers, carry, stack.entering(sequence), strict=True)
        )
    ]
    choices = [choice for _, choice in made]
    steppers = [stepper for stepper, _ in made]
    return Stacked(stack, prepared.layers, steppers), _together(choices)


def _of_cell(
    layer: Recurrent,
    prepared: Params,
    carry: Carry,
    x: jax.ShapeDtypeStruct,
    quantize: str | None,
) -> tuple[Stepper, BackendChoice]:
    reason = _not_native(layer, carry, x)
    if reason is None:
        try:
            session = Session(layer.cell, prepared, carry, x, quantize)
            return session, BackendChoice("native", f"{PACKED}{_said(quantize)}")
        except (UnsupportedError, BuildError) as error:
            reason = str(error)
    _refuse(layer.cell, quantize, reason)
    return Jitted(layer, prepared, carry), _jitted(reason)


def _not_native(layer: Recurrent, carry: Carry, x: jax.ShapeDtypeStruct) -> str | None:
    """Return why the kernel does not run a cell.

    Raises:
        ValueError: it was asked for by name.
    """
    if layer.backend not in ("auto", "native"):
        return f'the layer has backend="{layer.backend}"'
    batch = x.shape[: len(x.shape) - layer.num_feature_axes]
    dtypes = (x.dtype, *(leaf.dtype for leaf in jax.tree.leaves(carry)))
    types = CallTypes(1, batch, dtypes, features=x.shape[-1])
    if layer.backend == "native":
        choose(layer.cell, "native", types)
    return NATIVE.unsupported(layer.cell, types)


def _step_of(xs: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(xs.shape[1:], np.dtype(xs.dtype))


def _together(choices: list[BackendChoice]) -> BackendChoice:
    """Return one choice for the layers of a stack, each named where they differ."""
    if len(set(choices)) == 1:
        return choices[0]
    names = dict.fromkeys(choice.backend for choice in choices)
    reasons = (f"layers[{n}] {choice}" for n, choice in enumerate(choices))
    return BackendChoice(" and ".join(names), "; ".join(reasons))


def _jitted(reason: str) -> BackendChoice:
    return BackendChoice("scan", f"a compiled step of JAX; not native, as {reason}")


def _said(quantize: str | None) -> str:
    return f", as {quantize}" if quantize else ""


def _refuse(layer: Cell | Layer, quantize: str | None, reason: str) -> None:
    """Refuse to quantize where it is not the kernel that runs."""
    if quantize:
        raise ValueError(
            f'quantize="{quantize}" needs the kernel, which does not run {layer!r}: '
            f"{reason}. Leave quantize out."
        )
