"""Cells whose steps can also be computed many at a time.

A cell is parallel where no step reads what another one has made other than through a
linear recurrence. It still has a ``step``, which defines it; :meth:`ParallelCell.run`
computes the same for many steps, and all that no carry enters for all of them at once.
"""

import abc
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Num

from jlstm._internal.tree import align, cast, cast_like, select, zero_unless
from jlstm._internal.types import Carry, Gates, Key, Params, accumulator_dtype
from jlstm.analysis.target import current
from jlstm.cell.contract import Cell
from jlstm.masking import at_step, last_step, number_steps

State = Any
"""What the linear recurrence carries: an array or a tree, real or complex."""


class ParallelCell(Cell):
    """A cell that can run over many steps without taking each of them by itself.

    Attributes:
        chunk_size: so many steps a CPU computes together; ``None``: what fits into its
            cache. Changes cost only.
    """

    chunk_size: int | None = None

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
    ``run`` are written once, here; of ``run`` only this line is a recurrence.
    """

    @abc.abstractmethod
    def coefficients(self, params: Params, zx: Any) -> tuple[State, State]:
        """Return decay and drive of one step, or of all steps at once."""

    @abc.abstractmethod
    def state(self, carry: Carry) -> State:
        """Return the linear state that a carry holds."""

    @abc.abstractmethod
    def readout(self, params: Params, state: State, zx: Any) -> tuple[Carry, Gates]:
        """Return the carry that holds ``state`` with its output, and the gates."""

    @final
    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step, computed in float32 or wider."""
        zx, old = self._widened(zx, carry)
        decay, drive = self.coefficients(params, zx)
        state = jax.tree.map(_advance, decay, self.state(old), drive)
        new, gates = self.readout(params, state, zx)
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
        """Compute decay and drive of all steps at once, then the states."""
        zxs, old, reset_state = self._widened(zxs, carry, fresh)
        decays, drives = self.coefficients(params, zxs)
        first, reset_state = self.state(old), self.state(reset_state)
        states = linear_states(decays, drives, first, reset_state, live, resets)
        carries, _ = self.readout(params, states, zxs)
        carries = jax.tree.map(lambda a, b: a.astype(b.dtype), carries, carry)
        return last_carry(carries, carry, fresh, live, resets), carries

    def _widened(self, zx: Any, *carries: Carry) -> list[Any]:
        wide = accumulator_dtype(jax.tree.leaves(zx)[0].dtype)
        return [cast(tree, wide) for tree in (zx, *carries)]


def linear_states(
    decays: State,
    drives: State,
    first: State,
    reset_state: State,
    live: Bool[Array, "t *b"],
    resets: Bool[Array, "t *b"],
) -> State:
    """Return the state after every step, from ``first`` on.

    Steps that are not ``live`` keep the state; those that ``resets`` start from
    ``reset_state``, whatever was before, even if it is NaN. On a CPU the steps follow
    each other: a turn of a loop costs less there than the extra passes over memory of
    an associative scan, which other platforms use.
    """
    decays, drives = hold(decays, drives, live)
    solve = sequential_scan if current().platform == "cpu" else associative_scan

    def solve_leaf(
        decays: Array, drives: Array, first: Array, reset_state: Array
    ) -> Array:
        return solve(decays, drives, first, reset_state, resets)

    return jax.tree.map(solve_leaf, decays, drives, first, reset_state)


def sequential_scan(
    decays: Num[Array, "t *bh"],
    drives: Num[Array, "t *bh"],
    first: Num[Array, "*bh"],
    reset_state: Num[Array, "*bh"],
    resets: Bool[Array, "t *b"],
) -> Num[Array, "t *bh"]:
    """Follow the recurrence in a loop.

    Example:
        >>> flags, reset_state = jnp.array([False, False, True]), jnp.array(2.0)
        >>> decays, drives, first = jnp.full(3, 0.5), jnp.ones(3), jnp.array(8.0)
        >>> sequential_scan(decays, drives, first, reset_state, flags).tolist()
        [5.0, 3.5, 2.0]
    """

    def step(state: Array, inputs: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        decay, drive, reset = inputs
        state = _advance(decay, jnp.where(reset, reset_state, state), drive)
        return state, state

    return jax.lax.scan(step, first, (decays, drives, align(resets, drives)))[1]


def associative_scan(
    decays: Num[Array, "t *bh"],
    drives: Num[Array, "t *bh"],
    first: Num[Array, "*bh"],
    reset_state: Num[Array, "*bh"],
    resets: Bool[Array, "t *b"],
) -> Num[Array, "t *bh"]:
    """Compute the same in about 2 log t rounds, by a segmented associative scan.

    Source: G. Blelloch, "Prefix sums and their applications", 1990.

    Example:
        >>> flags, reset_state = jnp.array([False, False, True]), jnp.array(2.0)
        >>> decays, drives, first = jnp.full(3, 0.5), jnp.ones(3), jnp.array(8.0)
        >>> associative_scan(decays, drives, first, reset_state, flags).tolist()
        [5.0, 3.5, 2.0]
    """
    flags = align(resets, drives)
    begun = jnp.where(flags, _advance(decays, reset_state[None], drives), drives)
    decays, drives, cut = jax.lax.associative_scan(
        _compose, Steps(decays, begun, flags)
    )
    return _advance(decays, _zero_where(cut, first[None]), drives)


class Steps(NamedTuple):
    """The map ``s -> decay * s + drive`` of steps; ``drive`` alone where one resets."""

    decay: Array
    drive: Array
    reset: Array


def _compose(first: Steps, second: Steps) -> Steps:
    """Return the map that does ``first`` and then ``second``."""
    decay = second.decay * _zero_where(second.reset, first.decay)
    kept = _zero_where(second.reset, first.drive)
    drive = _advance(second.decay, kept, second.drive)
    return Steps(decay, drive, first.reset | second.reset)


def _zero_where(flags: Array, values: Array) -> Array:
    """Set to zero what may be no number, in the gradient as well."""
    return jnp.where(flags, jnp.zeros_like(values), values)


def hold(
    decays: State, drives: State, live: Bool[Array, "t *b"]
) -> tuple[State, State]:
    """Make the steps that are not live keep the state: decay 1, drive 0."""
    ones = jax.tree.map(jnp.ones_like, decays)
    return select(live, decays, ones), zero_unless(live, drives)


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
    time = number_steps(live)
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
    if live.shape[0] == 0:
        return carry
    lived, reset = last_step(live), last_step(resets)
    taken = jax.tree.map(lambda leaf: at_step(leaf, lived), carries)
    return select(reset > lived, fresh, select(lived >= 0, taken, carry))


def _advance(decay: Array, state: Array, drive: Array) -> Array:
    return decay * state + drive
