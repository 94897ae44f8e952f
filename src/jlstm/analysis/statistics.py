"""Numbers that describe parameters, and how often gates are shut or open."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jlstm._internal.names import name_of, parts_of
from jlstm._internal.types import Params
from jlstm._internal.validate import check_flags

GATED = ("w_ih", "w_hh", "b")


class ParameterStatistics(NamedTuple):
    """What the numbers of one array of parameters, or of one gate of it, are like.

    Attributes:
        spectral_norm: the largest singular value of a recurrent weight, ``w_hh``: by
            how much it can stretch ``h``; ``None`` for other parameters. Of several
            blocks (heads, layers) it is that of the largest. For a convolution, whose
            blocks are the taps of its kernel, it is not the norm of the whole map.
    """

    mean: float
    std: float
    min: float
    max: float
    spectral_norm: float | None


class Saturation(NamedTuple):
    """In which share of the steps each unit's gate is nearly shut, and nearly open."""

    left: Float[Array, " h"]
    right: Float[Array, " h"]


def parameter_statistics(
    params: Params, gates: Sequence[str] = ()
) -> dict[str, ParameterStatistics]:
    """Return mean, spread, range and recurrent norm of each array of parameters.

    Args:
        params: of a cell, a layer or a stack.
        gates: names of the gates in the order of the parameters, such as ``"ifgo"``;
            ``w_ih``, ``w_hh`` and ``b`` whose last axis but one has as many are taken
            apart. Without names an array stays whole.

    Returns:
        statistics by name, such as ``"w_hh"``, or ``"w_hh.f"`` of a gate, or
        ``"0.w_hh.f"`` of the first layer of a stack.

    Example:
        >>> from jlstm.cells.rnn import RNNParams
        >>> params = RNNParams(w_ih=np.ones((3, 2)), w_hh=2 * np.eye(2), b=None)
        >>> found = parameter_statistics(params)
        >>> list(found), found["w_ih"].mean, found["w_hh"].spectral_norm
        (['w_ih', 'w_hh'], 1.0, 2.0)
    """
    found: dict[str, ParameterStatistics] = {}
    for path, leaf in jax.tree.leaves_with_path(params):
        name, last = ".".join(parts_of(path)), name_of(path)
        values = np.asarray(leaf, np.float64)
        for gate, part in _parts(last, values, gates).items():
            found[f"{name}{gate}"] = _statistics(last, part)
    return found


def gate_saturation(
    gate: Float[Array, "t *b h"],
    mask: Bool[Array, "t *b"] | None = None,
    *,
    low: float = 0.1,
    high: float = 0.9,
) -> Saturation:
    """Return how often each unit's gate is left-saturated, and right-saturated.

    A unit whose forget gate is right-saturated nearly always is an integrator; one
    whose forget gate is left-saturated nearly always has no memory.

    Args:
        gate: values of one gate, from 0 to 1, as from :func:`jlstm.trace`.
        mask: which steps count, such as those within the lengths of padded rows.
        low: below it a gate is left-saturated.
        high: above it a gate is right-saturated.

    Source: A. Karpathy, J. Johnson and L. Fei-Fei, "Visualizing and understanding
    recurrent networks", 2016 (arXiv:1506.02078), figure 2.

    Example:
        >>> f = jnp.array([[0.95, 0.5], [0.99, 0.05], [0.5, 0.0], [1.0, 0.5]])
        >>> found = gate_saturation(f)
        >>> found.left.tolist(), found.right.tolist()
        ([0.0, 0.5], [0.75, 0.0])
    """
    if not 0 <= low < high <= 1:
        raise ValueError(f"low is {low} and high is {high}; give 0 <= low < high <= 1.")
    counted = jnp.ones(gate.shape[:-1], bool) if mask is None else mask
    check_flags("mask", counted, gate.shape[:-1])
    counted = counted[..., None]
    axes = tuple(range(gate.ndim - 1))
    total = jnp.sum(counted)

    def share(holds: Bool[Array, "t *b h"]) -> Float[Array, " h"]:
        return jnp.sum(holds & counted, axis=axes) / total

    return Saturation(share(gate < low), share(gate > high))


def _parts(
    name: str, values: Float[np.ndarray, "..."], gates: Sequence[str]
) -> dict[str, Float[np.ndarray, "..."]]:
    """Return the parts of an array by what is added to its name."""
    gated = name in GATED and values.ndim > 1 and values.shape[-2] == len(gates)
    if not gated:
        return {"": values}
    return {f".{gate}": values[..., n, :] for n, gate in enumerate(gates)}


def _statistics(name: str, part: Float[np.ndarray, "..."]) -> ParameterStatistics:
    square = name == "w_hh" and part.ndim > 1
    norms = np.linalg.norm(part, ord=2, axis=(-2, -1)) if square else None
    return ParameterStatistics(
        mean=float(part.mean()),
        std=float(part.std()),
        min=float(part.min()),
        max=float(part.max()),
        spectral_norm=None if norms is None else float(norms.max()),
    )
