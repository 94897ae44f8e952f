"""The equations of the cells on tiles, forward and back, as the kernels use them.

A cell's own ``gate`` takes arrays with a gate axis, which registers do not have: here
each block of pre-activations is a tile of its own. What the gates read next to the
carry is four blocks, the *share*: for the LSTMs the four sums ``zx + zh``, for the GRU
the sums of r and z and then both parts of n. The way back is written out, because
Mosaic GPU lacks what JAX's derivatives are made of (``add_any``, powers below 1). The
tests hold both ways to ``cell.gate``.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell
from jlstm.cells.slstm import SLSTMCell

Cell = LSTMCell | GRUCell | SLSTMCell
Blocks = tuple[Array, ...]
SHARE = 4
"""Blocks of a share."""


class Equations(NamedTuple):
    """What a kernel has to know about a cell."""

    gate: Callable[[Blocks, Blocks], Blocks]
    """Maps a share and the leaves of the carry that it reads to the new carry."""
    back: Callable[[Blocks, Blocks, Blocks], tuple[Blocks, Blocks]]
    """Maps what ``gate`` takes, and the gradient of what it makes, to gradients."""
    reads: tuple[int, ...]
    """Which leaves of the carry ``gate`` reads."""
    input_blocks: tuple[int, ...]
    """Which blocks of the share the blocks of ``zx`` enter."""
    recurrent_blocks: tuple[int, ...]
    """Which blocks of the share the blocks of ``zh`` enter."""


def equations(cell: Cell) -> Equations:
    """Return the equations of ``cell``.

    Example:
        >>> equations(GRUCell(8)).recurrent_blocks
        (0, 1, 3)
    """
    if isinstance(cell, GRUCell):
        return Equations(_gru, _gru_back, (0,), (0, 1, 2), (0, 1, 3))
    every = tuple(range(SHARE))
    if isinstance(cell, LSTMCell):
        return Equations(_lstm, _lstm_back, (1,), every, every)
    sigmoid = cell.forget_gate == "sigmoid"

    def gate(share: Blocks, read: Blocks) -> Blocks:
        return _slstm(sigmoid, share, read)

    def back(share: Blocks, read: Blocks, d_new: Blocks) -> tuple[Blocks, Blocks]:
        return _slstm_back(sigmoid, share, read, d_new)

    return Equations(gate, back, (1, 2, 3), every, every)


def share_of(rules: Equations, zx: Sequence[Array], zh: Sequence[Array]) -> Blocks:
    """Add up the two parts of the pre-activations, block by block."""
    blocks: list[Any] = [None] * SHARE
    for at, block in zip(rules.input_blocks, zx, strict=True):
        blocks[at] = block
    for at, block in zip(rules.recurrent_blocks, zh, strict=True):
        blocks[at] = block if blocks[at] is None else blocks[at] + block
    return tuple(blocks)


def _lstm(share: Blocks, read: Blocks) -> Blocks:
    i, f, g, o = _lstm_gates(share)
    (c,) = read
    c = f * c + i * g
    return o * jnp.tanh(c), c


def _lstm_back(share: Blocks, read: Blocks, d_new: Blocks) -> tuple[Blocks, Blocks]:
    i, f, g, o = _lstm_gates(share)
    (c,), (d_h, d_c) = read, d_new
    shown = jnp.tanh(f * c + i * g)
    d_c = d_c + d_h * o * _tanh_slope(shown)
    d_zi = d_c * g * _sigmoid_slope(i)
    d_zf = d_c * c * _sigmoid_slope(f)
    d_zg = d_c * i * _tanh_slope(g)
    d_zo = d_h * shown * _sigmoid_slope(o)
    return (d_zi, d_zf, d_zg, d_zo), (d_c * f,)


def _lstm_gates(share: Blocks) -> Blocks:
    zi, zf, zg, zo = share
    sigmoid = jax.nn.sigmoid
    return sigmoid(zi), sigmoid(zf), jnp.tanh(zg), sigmoid(zo)


def _gru(share: Blocks, read: Blocks) -> Blocks:
    _, z, n = _gru_gates(share)
    (h,) = read
    return ((1 - z) * n + z * h,)


def _gru_back(share: Blocks, read: Blocks, d_new: Blocks) -> tuple[Blocks, Blocks]:
    r, z, n = _gru_gates(share)
    (h,), (d_h,) = read, d_new
    d_zn = d_h * (1 - z) * _tanh_slope(n)
    d_zr = d_zn * share[3] * _sigmoid_slope(r)
    d_zz = d_h * (h - n) * _sigmoid_slope(z)
    return (d_zr, d_zz, d_zn, d_zn * r), (d_h * z,)


def _gru_gates(share: Blocks) -> Blocks:
    zr, zz, zxn, zhn = share
    r = jax.nn.sigmoid(zr)
    return r, jax.nn.sigmoid(zz), jnp.tanh(zxn + r * zhn)


class _SLSTM(NamedTuple):
    """What happens in a step of the sLSTM, stabilised."""

    i: Array
    f: Array
    g: Array
    o: Array
    c: Array
    n: Array
    m: Array
    kept: Array  # the logarithm of what the forget gate keeps


def _slstm(sigmoid: bool, share: Blocks, read: Blocks) -> Blocks:
    at = _slstm_parts(sigmoid, share, read)
    return at.o * at.c / at.n, at.c, at.n, at.m


def _slstm_back(
    sigmoid: bool, share: Blocks, read: Blocks, d_new: Blocks
) -> tuple[Blocks, Blocks]:
    (zi, zf, _, _), (c, n, _) = share, read
    at = _slstm_parts(sigmoid, share, read)
    d_h, d_c, d_n, d_m = d_new
    ratio = at.c / at.n
    d_ratio = d_h * at.o / at.n
    d_c, d_n = d_c + d_ratio, d_n - d_ratio * ratio
    d_log_f = (d_c * c + d_n * n) * at.f
    d_log_i = (d_c * at.g + d_n) * at.i
    d_m = d_m - d_log_f - d_log_i
    # The stabiliser is the larger of two; of equal ones, half each.
    zeros = jnp.zeros_like(n)
    half = jnp.where(at.kept == zi, zeros + 0.5, zeros)
    from_kept = jnp.where(at.kept > zi, zeros + 1, half)
    from_kept = jnp.where(n != 0, from_kept, zeros)
    d_kept = d_log_f + from_kept * d_m
    d_zi = d_log_i + (1 - from_kept) * d_m
    d_zf = d_kept * (1 - jax.nn.sigmoid(zf)) if sigmoid else d_kept
    d_zg = d_c * at.i * _tanh_slope(at.g)
    d_zo = d_h * ratio * _sigmoid_slope(at.o)
    return (d_zi, d_zf, d_zg, d_zo), (d_c * at.f, d_n * at.f, d_kept)


def _slstm_parts(sigmoid: bool, share: Blocks, read: Blocks) -> _SLSTM:
    zi, zf, zg, zo = share
    c, n, m = read
    begun = n != 0
    kept = (_log_sigmoid(zf) if sigmoid else zf) + m
    new_m = jnp.where(begun, jnp.maximum(kept, zi), zi)
    i = jnp.exp(zi - new_m)
    # In a unit that has not begun `kept` means nothing: exp could overflow.
    zeros = jnp.zeros_like(n)
    f = jnp.where(begun, jnp.exp(jnp.where(begun, kept - new_m, zeros)), zeros)
    g, o = jnp.tanh(zg), jax.nn.sigmoid(zo)
    return _SLSTM(i, f, g, o, f * c + i * g, f * n + i, new_m, kept)


def _log_sigmoid(z: Array) -> Array:
    # Mosaic GPU has no log1p; the error is absolute, 6e-8 at most, and is added to a
    # logarithm.
    return jnp.minimum(z, 0) - jnp.log(1 + jnp.exp(-jnp.abs(z)))


def _sigmoid_slope(gate: Array) -> Array:
    return gate * (1 - gate)


def _tanh_slope(gate: Array) -> Array:
    return 1 - gate * gate
