"""The music task: pieces, a network, its baselines, a piece that it writes."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import present
from experiments.music.config import Config, Pieces, SampleConfig
from experiments.music.report import show
from jlstm.data.music import Roll, copy_floor, independent_floor, load_music
from jlstm.midi import write_midi
from jlstm.models.music import MusicModel, compose
from jlstm.train.loop import Result
from jlstm.train.music import MusicTask
from jlstm.train.program import take


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run.
        pieces: train, valid and test.
    """

    config: Config
    pieces: Pieces

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        return {name: _identity(part) for name, part in self.pieces.items()}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, score, write a piece and report in ``folder``."""
        config, pieces = self.config, self.pieces
        floors = score_floors(pieces)
        task = make_task(config, pieces, floors)
        result = present.fit(task, config, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        summary = summarize(config, pieces, result, floors)
        written = write_piece(config.sample, model, pieces["test"][0])
        seconds = config.sample.step_seconds
        write_midi(folder / "piece.mid", written, step_seconds=seconds)
        show(folder, config, model, pieces, summary, written)
        return summary


def prepare(config: Config) -> Job:
    """Read the pieces."""
    pieces = load_music(config.data.name)
    kept = pieces["train"][: config.data.limit_train]
    return Job(config, pieces | {"train": kept})


def make_task(
    config: Config, pieces: Pieces, floors: dict[str, dict[str, float]]
) -> MusicTask:
    """Return what the trainer trains."""
    return MusicTask(
        config.model.encoder.make_stack(),
        *(pieces[part] for part in ("train", "valid", "test")),
        output_dropout=config.model.output_dropout,
        cut=config.batches,
        window=config.data.window,
        baselines={name: scores["valid"] for name, scores in floors.items()},
        seed=config.train.seed,
    )


def score_floors(pieces: Pieces) -> dict[str, dict[str, float]]:
    """Return the nats a step of what needs no network, on validation and test."""
    floors = {
        "each key by itself": independent_floor,
        "each key as it was": copy_floor,
    }
    return {
        name: {part: floor(pieces["train"], pieces[part]) for part in ("valid", "test")}
        for name, floor in floors.items()
    }


def write_piece(config: SampleConfig, model: MusicModel, piece: Roll) -> Roll:
    """Return the opening of a piece and how the model goes on."""
    opening = jnp.asarray(piece[: config.opening])
    key = jax.random.key(config.seed)
    rest = compose(model, opening, config.steps, key, config.temperature)
    return np.concatenate([piece[: config.opening], np.asarray(rest)])


def summarize(
    config: Config,
    pieces: Pieces,
    result: Result,
    floors: dict[str, dict[str, float]],
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``."""
    common = present.summarize(config, result)
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "model": config.model.title,
        "baselines": floors,
        "pieces": {name: len(part) for name, part in pieces.items()},
        "predicted": {
            name: sum(len(piece) - 1 for piece in part) for name, part in pieces.items()
        },
    }


def _identity(pieces: Sequence[Roll]) -> list[int]:
    """Return the number of pieces and of steps, and a checksum."""
    sums = [zlib.crc32(np.ascontiguousarray(piece)) for piece in pieces]
    return [len(pieces), sum(map(len, pieces)), zlib.crc32(np.array(sums))]
