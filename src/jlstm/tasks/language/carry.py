"""Where the streams of a corpus start, and what goes from one window to the next."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from jlstm._internal.flax import learns_start
from jlstm._internal.types import Carry
from jlstm.nnx.tokens import TokenConfig, TokenModel
from jlstm.tasks.language.model import LanguageConfig


class StreamCarry(NamedTuple):
    """The carry of a model that learns where it starts.

    The start is read from the parameters inside the training step, so that it has a
    gradient; until then a flag stands for it.

    Attributes:
        begun: whether a window was read; before, ``carry`` does not count.
        carry: of all layers, after the last window.
    """

    begun: Bool[Array, ""]
    carry: Carry


def init_streams(config: TokenConfig, streams: int) -> Carry | StreamCarry:
    """Return the carry before the first window."""
    carry = config.init_carry((streams,))
    if isinstance(config, LanguageConfig) and learns_start(config.make_stack()):
        return StreamCarry(jnp.zeros((), bool), carry)
    return carry


def enter_window(model: TokenModel, given: Carry | StreamCarry, streams: int) -> Carry:
    """Return what the layers start a window from."""
    if not isinstance(given, StreamCarry):
        return given
    fresh = model.init_carry((streams,))
    return jax.tree.map(
        lambda old, new: jnp.where(given.begun, old, new), given.carry, fresh
    )


def leave_window(given: Carry | StreamCarry, carry: Carry) -> Carry | StreamCarry:
    """Return the carry for the next window, in the form in which it was given."""
    if not isinstance(given, StreamCarry):
        return carry
    return StreamCarry(jnp.ones_like(given.begun), carry)
