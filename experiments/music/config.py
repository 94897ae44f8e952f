"""The keys of a run on music."""

from dataclasses import dataclass
from typing import Literal

from experiments.config import RunConfig
from jlstm.data.music import Roll
from jlstm.models.music import MusicConfig
from jlstm.train.classify import BatchConfig

Pieces = dict[str, tuple[Roll, ...]]


@dataclass(frozen=True)
class DataConfig:
    """Which pieces.

    Attributes:
        name: of the data set.
        window: training pieces are cut into parts of at most so many steps; ``None``
            leaves them whole.
        limit_train: train on the first so many pieces only.
    """

    name: Literal["jsb", "nottingham", "musedata", "piano_midi"] = "jsb"
    window: int | None = None
    limit_train: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("window", 2), ("limit_train", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"data.{name} is {value}; give {least} or more.")


@dataclass(frozen=True)
class SampleConfig:
    """The piece that a trained model writes.

    Attributes:
        opening: how many steps of the first test piece are given; the model goes on.
        steps: how many it writes.
        temperature: divides the logits; below 1 the likely becomes likelier.
        step_seconds: how long a step lasts in the MIDI file.
        seed: of the draws.
    """

    opening: int = 16
    steps: int = 112
    temperature: float = 1.0
    step_seconds: float = 0.4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("opening", "steps", "temperature", "step_seconds"):
            if getattr(self, name) <= 0:
                raise ValueError(
                    f"sample.{name} is {getattr(self, name)}; give a positive number."
                )


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
