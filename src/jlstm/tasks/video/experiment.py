"""The video task: clips of moving digits, a network, its baselines, frames ahead."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from jlstm.data.images import load_mnist
from jlstm.tasks.video.baselines import RULES, Baseline
from jlstm.tasks.video.data import Clips, DataConfig, Prep, draw_parts
from jlstm.tasks.video.model import FramePredictor, VideoConfig
from jlstm.tasks.video.new_frames import read_frames
from jlstm.tasks.video.objective import ClipBatchConfig, VideoTask
from jlstm.tasks.video.overview import make_overview
from jlstm.tasks.video.own_clips import load_own
from jlstm.tasks.video.report import make_report
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores
from jlstm.training.overview import Overview


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a run on video.

    Attributes:
        data: which clips.
        model: hyper-parameters of the model.
        batches: how clips are put into batches.
    """

    task: str = "video"
    data: DataConfig = DataConfig()
    model: VideoConfig = VideoConfig()
    batches: ClipBatchConfig = ClipBatchConfig()


class VideoExperiment(Experiment[Config, Prep, Clips]):
    """What happens next in a clip, frame by frame."""

    Config = Config
    Prep = Prep

    def load(self) -> Loaded[Prep, Clips]:
        """Read the digits or clips and check the sizes.

        Clips of digits are drawn as they are needed.
        """
        config = self.config.data
        own = config.name == "clips"
        data = load_own(config) if own else draw_parts(config, load_mnist())
        self.config.model.make_stack(data.prep)
        return data

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> FramePredictor:
        """Draw a model."""
        return FramePredictor(self.config.model, prep, rngs=rngs)

    def task(self, data: Loaded[Prep, Clips], baselines: Scores) -> VideoTask:
        """Return what the trainer trains."""
        scores = {name: parts["valid"] for name, parts in baselines.items()}
        config = self.config
        return VideoTask(
            config.model, data.prep, data.parts, config.batches, baselines=scores
        )

    @cached_property
    def rules(self) -> dict[str, Baseline]:
        """The baselines, fitted to training clips."""
        train, prep = self.data.train, self.data.prep
        return {name: Baseline(rule, train, prep) for name, rule in RULES.items()}

    def baselines(self, data: Loaded[Prep, Clips]) -> dict[str, dict[str, float]]:
        """Return the nats per frame of the baselines, on validation and test."""
        parts = {name: data.parts[name] for name in ("valid", "test")}
        return {
            name: {p: float(rule.errors(own).nats.mean()) for p, own in parts.items()}
            for name, rule in self.rules.items()
        }

    def identity(self, data: Loaded[Prep, Clips]) -> dict[str, Any]:
        """Return the number of clips of each part, and a checksum of the first ones."""
        return {
            name: [len(clips), zlib.crc32(clips.take(np.arange(min(8, len(clips)))))]
            for name, clips in data.parts.items()
        }

    def overview(self, data: Loaded[Prep, Clips]) -> Overview:
        """Say what the clips hold."""
        return make_overview(data)

    def report(self, run: Finished[Prep, Clips]) -> Report:
        """Show predicted frames next to the true ones, and the error of each step."""
        found = {name: rule.errors(run.data.test) for name, rule in self.rules.items()}
        return make_report(self.config.model.title, run, found)

    def held_out(
        self, task: VideoTask, model: FramePredictor, part: Clips, prep: Prep
    ) -> Iterator[Row]:
        """Yield the errors of each clip, means per frame, and the nats of each step."""
        errors = task.errors(model, part)
        for number, (nats, squares) in enumerate(zip(*errors, strict=True)):
            yield {
                "clip": number,
                "loss": round(float(nats.mean()), 3),
                "squared_error": round(float(squares.mean()), 3),
                "loss_by_step": [round(float(one), 3) for one in nats],
            }

    def read(
        self, source: str | Path | np.ndarray, prep: Prep, *, labelled: bool
    ) -> Clips:
        """Read clips from an ``.npy`` or ``.npz`` file, or take them as an array."""
        return read_frames(source, prep, labelled=labelled)

    def predict(self, model: FramePredictor, new: Clips, prep: Prep) -> Iterator[Row]:
        """Yield a row for each frame that comes next, its pixels row by row."""
        task = self.task(Loaded.of_one(prep, new), {})
        number = 0
        for clips in task.predicted(model, new):
            for frames in clips:
                yield from _rows(number, frames)
                number += 1


def _rows(clip: int, frames: np.ndarray) -> Iterator[Row]:
    for ahead, frame in enumerate(frames, 1):
        pixels = [round(float(share), 4) for share in frame.ravel()]
        yield {"clip": clip, "ahead": ahead, "pixels": pixels}
