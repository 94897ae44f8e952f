"""Cells whose steps can also be computed all at once.

A cell is parallel where no step reads what another one has made other than through a
linear recurrence. It still has a ``step``, which defines it; :meth:`ParallelCell.run`
computes the same for a whole sequence in about log T rounds, or chunk by chunk.
"""

import abc
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from jlstm._tree import align, cast, cast_like, select, zero_unless
from jlstm._types import Carry, Gates, Key, Params, accumulator_dtype
from jlstm.cell import Cell

State = Any
"""What the linear recurrence carries: an array or a tree, real or complex."""


class ParallelCell(Cell):
    """A cell that can run over a whole sequence without a loop over its steps."""

    @abc.abstractmethod
    def run(
        self,
        params: Params,
        carry: Carry,
        fresh: Carry,
        zxs: Any,
        live: Bool[Array, "t *b"],
        resets: Bool[Array, "t *b"],
    ) -> tuple[Carry, Carry]:
        """Return the last carry, and the carry after every step (``t`` leads).

        Of the latter only ``h`` is read: a cell may leave the others out, as None.
        Steps that are not ``live`` hold the carry (what is returned for them does not
        matter); a step that ``resets`` starts from ``fresh``, also where it is not
        live.
        """


class LinearCell(ParallelCell):
    r"""A cell whose state follows a diagonal linear recurrence driven by the input.

    .. math:: s_t = a_t \odot s_{t-1} + d_t

    with decay :math:`a_t` and drive :math:`d_t` of the input alone. ``step`` and
    ``run`` are written once, here; ``run`` is an associative scan (G. Blelloch, "Prefix
    sums and their applications", 1990).
    """

    @abc.abstractmethod
    def coefficients(self, params: Params, zx: Any) -> tuple[State, State]:
        """Return decay and drive of one step, or of all steps at once."""

    @abc.abstractmethod
    def state(self, carry: Carry) -> State:
        """Return the linear state that a carry holds."""

    @abc.abstractmethod
    def show(self, params: Params, state: State, zx: Any) -> tuple[Carry, Gates]:
        """Return the carry that holds ``state`` with its output, and the gates."""

    @final
    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step, computed in float32 or wider."""
        zx, old = self._widened(zx, carry)
        decay, drive = self.coefficients(params, zx)
        state = jax.tree.map(_advance, decay, self.state(old), drive)
        new, gates = self.show(params, state, zx)
        return cast_like(new, carry), gates

    @final
    def run(
        self,
        params: Params,
        carry: Carry,
        fresh: Carry,
        zxs: Any,
        live: Bool[Array, "t *b"],
        resets: Bool[Array, "t *b"],
    ) -> tuple[Carry, Carry]:
        """Compute all steps by an associative scan over time."""
        zxs, old, blank = self._widened(zxs, carry, fresh)
        decays, drives = self.coefficients(params, zxs)
        first, blank = self.state(old), self.state(blank)
        states = linear_states(decays, drives, first, blank, live, resets)
        carries, _ = self.show(params, states, zxs)
        carries = jax.tree.map(lambda a, b: a.astype(b.dtype), carries, carry)
        return last_carry(carries, carry, fresh, live, resets), carries

    def _widened(self, zx: Any, *carries: Carry) -> list[Any]:
        wide = accumulator_dtype(jax.tree.leaves(zx)[0].dtype)
        return [cast(tree, wide) for tree in (zx, *carries)]


class Pair(NamedTuple):
    """The map ``s -> decay * s + drive``, one for each step."""

    decay: State
    drive: State


def linear_states(
    decays: State,
    drives: State,
    first: State,
    blank: State,
    live: Bool[Array, "t *b"],
    resets: Bool[Array, "t *b"],
) -> State:
    """Return the state after every step, from ``first`` on, by an associative scan."""
    pair = hold(decays, drives, live)
    pair = restart(*pair, blank, resets)
    decays, drives = jax.lax.associative_scan(_compose, pair)
    first = jax.tree.map(lambda leaf: leaf[None], first)
    return jax.tree.map(_advance, decays, first, drives)


def hold(decays: State, drives: State, live: Bool[Array, "t *b"]) -> Pair:
    """Make the steps that are not live keep the state: decay 1, drive 0."""
    ones = jax.tree.map(jnp.ones_like, decays)
    return Pair(select(live, decays, ones), zero_unless(live, drives))


def restart(
    decays: State, drives: State, blank: State, resets: Bool[Array, "t *b"]
) -> Pair:
    """Make the steps that reset start from ``blank``, whatever was before."""

    def moved(decay: Array, drive: Array, start: Array) -> Array:
        return jnp.where(align(resets, drive), decay * start[None] + drive, drive)

    return Pair(
        zero_unless(~resets, decays), jax.tree.map(moved, decays, drives, blank)
    )


def held_before(
    values: Array,
    first: Array,
    fresh: Array,
    live: Bool[Array, "t *b"],
    resets: Bool[Array, "t *b"],
) -> Array:
    """Return what a step finds of ``values``, of which every live step makes one.

    That is the value of the last live step before it; ``fresh`` if a reset came since,
    at the step itself also; ``first`` if there was neither.
    """
    time = _time_like(live)
    lived = jax.lax.cummax(jnp.where(live, time, -1))
    lived = jnp.where(time > 0, jnp.roll(lived, 1, axis=0), -1)
    reset = jax.lax.cummax(jnp.where(resets, time, -1))
    index = align(jnp.maximum(lived, 0), values)
    found = jnp.take_along_axis(values, index, axis=0)
    start = select(
        reset >= 0, *jnp.broadcast_arrays(fresh[None], first[None], found)[:2]
    )
    return select((lived >= 0) & (lived >= reset), found, start)


def last_carry(
    carries: Carry,
    carry: Carry,
    fresh: Carry,
    live: Bool[Array, "t *b"],
    resets: Bool[Array, "t *b"],
) -> Carry:
    """Return what is held after the last step.

    That is the carry after the last live step; the fresh one if a reset came later; the
    given one if there was neither.
    """
    steps = live.shape[0]
    if steps == 0:
        return carry
    time = _time_like(live)
    lived = jnp.max(jnp.where(live, time, -1), axis=0)
    reset = jnp.max(jnp.where(resets, time, -1), axis=0)

    def take(leaf: Array) -> Array:
        index = align(jnp.maximum(lived, 0), leaf[0])[None]
        return jnp.take_along_axis(leaf, index, axis=0)[0]

    held = select(lived >= 0, jax.tree.map(take, carries), carry)
    return select(reset > lived, fresh, held)


def _time_like(flags: Bool[Array, "t *b"]) -> Array:
    """Number the steps, with the axes of ``flags``."""
    return jax.lax.broadcasted_iota(jnp.int32, flags.shape, 0)


def _advance(decay: Array, state: Array, drive: Array) -> Array:
    return decay * state + drive


def _compose(first: Pair, second: Pair) -> Pair:
    """Return the map that does ``first`` and then ``second``."""
    decay = jax.tree.map(jnp.multiply, first.decay, second.decay)
    drive = jax.tree.map(_advance, second.decay, first.drive, second.drive)
    return Pair(decay, drive)
