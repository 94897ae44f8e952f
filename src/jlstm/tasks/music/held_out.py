"""What a model of music made of each step of a piece, as rows of a table."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from jlstm.data.music import Roll
from jlstm.tasks.music.config import Pieces
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.music.objective import (
    MusicTask,
    PieceBatch,
    PieceBatches,
    step_nats,
)
from jlstm.tasks.music.report import name_of
from jlstm.training.rows import Row

LIKELIEST = 5
"""Keys of a row."""


class Steps(NamedTuple):
    """The nats of predicted steps, and which keys were the likeliest, best first."""

    nats: Float[np.ndarray | Array, "t ..."]
    keys: Int[np.ndarray | Array, "t ... k"]


def step_rows(model: MusicModel, task: MusicTask, pieces: Pieces) -> Iterator[Row]:
    """Yield what is expected at each step of each piece, and which notes sound.

    The first step, number 0, is given.
    """
    batches = PieceBatches(pieces, task.cut.eval_batch, task.boundaries)
    found: dict[int, Steps] = {}
    for padded, batch in zip(batches.padded, batches, strict=True):
        told = jax.device_get(_told(model, batch))
        for column, row in enumerate(padded.rows[padded.rows >= 0]):
            found[row] = Steps(told.nats[:, column], told.keys[:, column])
    for number, piece in enumerate(pieces):
        yield from _rows(number, piece, found[number])


def _rows(number: int, piece: Roll, told: Steps) -> Iterator[Row]:
    for step in range(1, len(piece)):
        yield {
            "piece": number,
            "step": step,
            "log_likelihood": round(-float(told.nats[step - 1]), 5),
            "notes": [name_of(int(key)) for key in np.flatnonzero(piece[step])],
            "likeliest": [name_of(int(key)) for key in told.keys[step - 1]],
        }


@jax.jit
def _told(model: MusicModel, batch: PieceBatch) -> Steps:
    logits, nats, _ = step_nats(model, batch)
    return Steps(nats, jax.lax.top_k(logits, min(LIKELIEST, logits.shape[-1]))[1])
