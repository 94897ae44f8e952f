"""The likelihood of targets under a softmax, from the features, not from the logits.

With ten thousand words the logits of a training step are more numbers than all the rest
of a model's activations. Where the compiled kernel runs they are made and used panel by
panel; elsewhere XLA makes them whole.
"""

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Float, Integer

from jlstm._backends.native.available import too_small, unsupported
from jlstm._backends.native.primitive import run
from jlstm._internal.affine import affine, check_features
from jlstm._internal.arrays import check_array
from jlstm._internal.axes import named_mesh, row_axes
from jlstm._internal.mesh import REPLICATED, entries, run_by_rows, run_free
from jlstm._internal.types import accumulator_dtype
from jlstm.analysis.target import current
from jlstm.losses.linear_kernel import Likelihood, LikelihoodInputs
from jlstm.losses.tokens import class_index, token_nll


def linear_nll(
    hs: Float[Array, "*b h"],
    weight: Float[Array, "_ _"],
    bias: Float[Array, "v"] | None,
    targets: Integer[Array, "*b"],
    *,
    tied: bool = False,
    backend: Literal["auto", "xla", "native"] = "auto",
) -> Float[Array, "*b"]:
    """Return ``token_nll(hs @ weight + bias, targets)``: nats, one per target.

    Args:
        hs: features.
        weight: of the logits, ``(h, v)``; with ``tied`` that of an embedding, ``(v,
            h)``.
        bias: of the logits.
        targets: classes; one that there is not has no likelihood, NaN.
        tied: read ``weight`` transposed.
        backend: ``"native"`` is the compiled kernel for float32 on the CPU, ``"xla"``
            the formula; ``"auto"`` takes the kernel where it can run and there are at
            least 64 targets.

    Raises:
        ValueError, TypeError: an array does not fit, or the backend cannot run here.

    Example:
        >>> import jax.numpy as jnp
        >>> targets = jnp.array([0, 5, 7])
        >>> nll = linear_nll(jnp.ones((3, 2)), jnp.zeros((2, 8)), None, targets)
        >>> bool(jnp.allclose(nll, jnp.log(8.0)))
        True
    """
    _check(hs, weight, bias, targets, tied)
    hs, weight = jnp.asarray(hs), jnp.asarray(weight)
    bias = None if bias is None else jnp.asarray(bias)
    targets = class_index(targets, weight.shape[0 if tied else 1])
    if _use_kernel(backend, hs, weight, bias):
        return _by_kernel(hs, weight, bias, targets, tied)
    return _by_formula(hs, weight, bias, targets, tied)


def _by_formula(
    hs: Array, weight: Array, bias: Array | None, targets: Array, tied: bool
) -> Array:
    def compute(hs: Array, weight: Array, bias: Array | None, targets: Array) -> Array:
        logits = affine(hs, weight.T if tied else weight, bias)
        return token_nll(logits.astype(accumulator_dtype(logits.dtype)), targets)

    rows = PartitionSpec(*entries(hs)[:-1])
    return run_free(compute, (hs, weight, bias, targets), lambda _: rows)


def _check(hs: Any, weight: Any, bias: Any, targets: Any, tied: bool) -> None:
    """Require arrays that fit each other: the kernel goes by their sizes."""
    if not isinstance(tied, bool):
        raise TypeError(f"tied is {tied!r}; give True or False.")
    for name, array in (("hs", hs), ("weight", weight), ("bias", bias)):
        if name == "bias" and array is None:
            continue
        check_array(name, array)
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(f"{name} has dtype {array.dtype}; give floating numbers.")
    check_array("targets", targets)
    if not jnp.issubdtype(targets.dtype, jnp.integer):
        raise TypeError(f"targets has dtype {targets.dtype}; give integers.")
    layout = "(v, h)" if tied else "(h, v)"
    if hs.ndim < 1 or weight.ndim != 2 or 0 in weight.shape:
        raise ValueError(
            f"hs has shape {hs.shape} and weight {weight.shape}; give features "
            f"(*batch, h) and a weight {layout} of at least one feature and class."
        )
    classes, features = weight.shape if tied else weight.shape[::-1]
    check_features(hs, features)
    if bias is not None and bias.shape != (classes,):
        raise ValueError(
            f"bias has shape {bias.shape}; weight {weight.shape}, read as {layout}, "
            f"has {classes} classes: give a bias of shape ({classes},)."
        )
    if targets.shape != hs.shape[:-1]:
        raise ValueError(
            f"targets has shape {targets.shape}; hs has shape {hs.shape}: give one "
            f"target for each of {hs.shape[:-1]}."
        )


def _use_kernel(backend: str, hs: Array, weight: Array, bias: Array | None) -> bool:
    if backend not in ("auto", "xla", "native"):
        raise ValueError(
            f"linear_nll: backend is {backend!r}; choose auto, xla or native."
        )
    if backend == "xla" or (backend == "auto" and too_small(*hs.shape[:-1])):
        return False
    dtypes = (leaf.dtype for leaf in (hs, weight, bias) if leaf is not None)
    reason = unsupported(current().platform, *dtypes)
    if backend == "native" and reason:
        raise ValueError(
            f'linear_nll: the native backend cannot run: {reason}. Use backend="xla".'
        )
    return reason is None


def _by_kernel(
    hs: Array, weight: Array, bias: Array | None, targets: Array, tied: bool
) -> Array:
    """Run the kernel; on a mesh every device has its own rows."""
    compute = partial(_flat, tied=tied)
    given = (hs, weight, bias, targets)
    if named_mesh(hs):
        rows = _named_rows(hs)
        specs = (rows, REPLICATED, REPLICATED, rows)
        return jax.shard_map(compute, in_specs=specs, out_specs=rows)(*given)
    rows = PartitionSpec(*entries(hs)[:-1])
    specs = (rows, REPLICATED, REPLICATED, rows)
    return run_by_rows(compute, given, specs, rows, lambda _: rows)


def _named_rows(hs: Array) -> PartitionSpec:
    """Return how features are split; the first of several axes is taken for time."""
    axis = min(hs.ndim, 3) - 2
    if axis < 0:
        return REPLICATED
    return PartitionSpec(*[None] * axis, row_axes(hs.shape[axis]))


def _flat(
    hs: Array, weight: Array, bias: Array | None, targets: Array, tied: bool
) -> Array:
    flat = LikelihoodInputs(
        hs.reshape(-1, hs.shape[-1]), weight, bias, targets.reshape(-1)
    )
    (nll,) = run(Likelihood(tied), flat)
    return nll.reshape(hs.shape[:-1])
