"""The music task: pieces, a network, its baselines, a piece that it writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
from flax import nnx

from jlstm.data.lines import path_only
from jlstm.data.music import copy_baseline, independent_baseline, load_music
from jlstm.tasks.music.config import Config, Pieces, Prep
from jlstm.tasks.music.held_out import step_rows
from jlstm.tasks.music.midi import read_midi
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.music.objective import MusicTask
from jlstm.tasks.music.report import make_report
from jlstm.tasks.music.stream import MusicStream, likely_keys
from jlstm.training.checksum import checksum
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores

BASELINES = {
    "each key by itself": independent_baseline,
    "each key as it was": copy_baseline,
}


class MusicExperiment(Experiment[Config, Prep, Pieces]):
    """Which keys sound next in a piece of polyphonic music."""

    Config = Config
    Prep = Prep

    def load(self) -> Loaded[Prep, Pieces]:
        """Read the pieces."""
        pieces = load_music(self.config.data.name)
        kept = pieces["train"][: self.config.data.limit_train]
        return Loaded(Prep(kept[0].shape[1]), pieces | {"train": kept})

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> MusicModel:
        """Draw a model."""
        config = self.config.model
        stack, dropout = config.stack.make_stack(), config.output_dropout
        return MusicModel(stack, dropout, keys=prep.keys, rngs=rngs)

    def task(self, data: Loaded[Prep, Pieces], baselines: Scores) -> MusicTask:
        """Return what the trainer trains."""
        config = self.config
        return MusicTask(
            config.model.stack.make_stack(),
            data.train,
            data.valid,
            data.test,
            output_dropout=config.model.output_dropout,
            cut=config.batches,
            window=config.data.window,
            baselines={name: scores["valid"] for name, scores in baselines.items()},
            seed=config.train.seed,
        )

    def baselines(self, data: Loaded[Prep, Pieces]) -> dict[str, dict[str, float]]:
        """Return the nats per step of the baselines, on validation and test."""
        return {
            name: {p: baseline(data.train, data.parts[p]) for p in ("valid", "test")}
            for name, baseline in BASELINES.items()
        }

    def identity(self, data: Loaded[Prep, Pieces]) -> dict[str, Any]:
        """Return the number of pieces and steps of each part, and a checksum."""
        return {name: checksum(part) for name, part in data.parts.items()}

    def report(self, run: Finished[Prep, Pieces]) -> Report:
        """Let the model write a piece, and show that next to the nats per step."""
        return make_report(self.config, run)

    def held_out(
        self, task: MusicTask, model: MusicModel, part: Pieces, prep: Prep
    ) -> Iterator[Row]:
        """Yield how likely each step was, its notes, and the likeliest ones."""
        return step_rows(model, task, part)

    def read(self, source: str | Path, prep: Prep, *, labelled: bool) -> Pieces:
        """Read a piece that ``write_midi`` has written; it is its own answer."""
        return (read_midi(path_only(source)),)

    def stream(self, model: MusicModel, prep: Prep) -> MusicStream:
        """Return a piece that is heard as it is played."""
        return MusicStream(model, prep.keys)

    def predict(self, model: MusicModel, new: Pieces, prep: Prep) -> Iterator[Row]:
        """Yield the keys that sound next after each piece, with their chances."""
        for piece in new:
            _, logits = model(jnp.asarray(piece, jnp.float32))
            yield likely_keys(logits[-1])
