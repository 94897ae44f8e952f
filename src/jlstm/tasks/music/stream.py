"""A piece that a model of music hears as it is played."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jlstm._internal.types import Carry
from jlstm.data.music import LOWEST_MIDI_NOTE
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.music.report import name_of
from jlstm.training.stream import Stream, parts_of

LIKELY = 0.5


class MusicStream(Stream):
    """What was heard so far, and which keys may sound next."""

    def __init__(self, model: MusicModel, keys: int) -> None:
        self._model, self._keys = model, keys
        self._carry = model.init_carry(())

    def feed(self, source: Any) -> dict[str, Any]:
        """Hear more steps.

        Args:
            source: the MIDI numbers of the keys that sound in each step, such as
                ``[[60, 64], [60, 67], []]``.

        Returns:
            ``read``, the number of steps; ``next``, the keys that sound next with at
            least even chances, and these.
        """
        roll = chords(source, self._keys)
        carry, logits, start = self._carry, None, 0
        for size in parts_of(len(roll)):
            carry, logits = _hear(self._model, carry, roll[start : start + size])
            start += size
        self._carry = carry
        return {"read": len(roll), "next": likely_keys(jnp.asarray(logits))}


def likely_keys(logits: Float[Array, " k"]) -> dict[str, float]:
    """Return the keys that sound with at least even chances, and these.

    Example:
        >>> likely_keys(jnp.array([-2.0, 0.0, 2.0]))
        {'A♯0': 0.5, 'B0': 0.8808}
    """
    chances = np.asarray(jax.nn.sigmoid(logits))
    likely = np.flatnonzero(chances >= LIKELY)
    return {name_of(int(key)): round(float(chances[key]), 4) for key in likely}


def chords(source: Any, keys: int) -> Float[np.ndarray, "t k"]:
    """Return a piano roll of steps that are given as MIDI numbers.

    Raises:
        TypeError: they are no numbers in lists.
        ValueError: there is no step, or a piano has no such key.

    Example:
        >>> chords([[21, 23], []], keys=3).tolist()
        [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    steps = source if _is_list(source) else [source]
    wrong = next((step for step in steps if not _are_notes(step)), None)
    if wrong is not None:
        raise TypeError(
            f"A step is {wrong!r}: give a list of steps, each a list of MIDI numbers."
        )
    if not steps:
        raise ValueError("There is no step: give at least one, which may be silent.")
    roll = np.zeros((len(steps), keys), np.float32)
    for number, step in enumerate(steps):
        for note in step:
            if not 0 <= note - LOWEST_MIDI_NOTE < keys:
                raise ValueError(
                    f"Step {number + 1} has the note {note}; give MIDI numbers from "
                    f"{LOWEST_MIDI_NOTE} to {LOWEST_MIDI_NOTE + keys - 1}."
                )
            roll[number, note - LOWEST_MIDI_NOTE] = 1
    return roll


def _is_list(source: Any) -> bool:
    return isinstance(source, Sequence) and not isinstance(source, str | bytes)


def _are_notes(step: Any) -> bool:
    return _is_list(step) and all(type(note) is int for note in step)


@jax.jit
def _hear(
    model: MusicModel, carry: Carry, roll: Float[Array, "t k"]
) -> tuple[Carry, Float[Array, " k"]]:
    carry, logits = model(roll, carry)
    return carry, logits[-1]
