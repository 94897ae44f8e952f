"""The keys of a run on music."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jlstm._internal.options import AtLeast2, Count, Options, Positive, Size
from jlstm.data.batch_config import BatchConfig
from jlstm.data.music import Roll
from jlstm.tasks.music.model import MusicConfig
from jlstm.training.config.run import RunConfig

Pieces = Sequence[Roll]


@dataclass(frozen=True)
class Prep:
    """What a model of music knows of its data.

    Attributes:
        keys: how many there are.
    """

    keys: int


@dataclass(frozen=True)
class DataConfig(Options):
    """Which pieces.

    Attributes:
        name: of the data set.
        window: training pieces are cut into parts of at most so many steps; ``None``
            leaves them whole.
        limit_train: train on the first so many pieces only.
    """

    name: Literal["jsb", "nottingham", "musedata", "piano_midi"] = "jsb"
    window: AtLeast2 | None = None
    limit_train: Size | None = None


@dataclass(frozen=True)
class SampleConfig(Options):
    """The piece that a trained model writes.

    Attributes:
        opening: how many steps of the first test piece are given; the model goes on.
        steps: how many it writes.
        temperature: divides the logits; below 1 the likely becomes likelier.
        step_seconds: how long a step lasts in the MIDI file.
        seed: of the draws.
    """

    opening: Size = 16
    steps: Size = 112
    temperature: Positive = 1.0
    step_seconds: Positive = 0.4
    seed: Count = 0


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a run on music.

    Attributes:
        data: which pieces.
        model: hyper-parameters of the model.
        batches: how pieces are put into batches.
        sample: the piece that the model writes.
    """

    task: str = "music"
    data: DataConfig = DataConfig()
    model: MusicConfig = MusicConfig()
    batches: BatchConfig = BatchConfig(batch_size=16, eval_batch=80)
    sample: SampleConfig = SampleConfig()
