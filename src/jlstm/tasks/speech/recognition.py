"""The recognition task: utterances, a network, decoding, a report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flax import nnx

from jlstm._internal.options import Size
from jlstm.data.audio import AugmentConfig, LogMelConfig, leave_out
from jlstm.data.batch_config import BatchConfig
from jlstm.tasks.speech.new_sound import Heard, read_new
from jlstm.tasks.speech.recognition_data import (
    RATES,
    Data,
    DataConfig,
    Prep,
    checksum,
    load,
)
from jlstm.tasks.speech.recognition_objective import RecognizeTask, Utterances
from jlstm.tasks.speech.recognition_report import make_report
from jlstm.tasks.speech.recognizer import Recognizer, RecognizerConfig
from jlstm.tasks.speech.transcripts import read_spoken
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report, Row, Scores


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a recognition run.

    Attributes:
        data: which utterances.
        front: how sound becomes features.
        augment: what becomes of training sounds.
        model: hyper-parameters of the model.
        batches: how utterances are put into batches.
        beam: prefixes that the beam search keeps.
    """

    task: str = "ctc"
    data: DataConfig = DataConfig()
    front: LogMelConfig = LogMelConfig()
    augment: AugmentConfig = AugmentConfig()
    model: RecognizerConfig = RecognizerConfig()
    batches: BatchConfig = BatchConfig()
    beam: Size = 16


class RecognizeExperiment(Experiment[Config, Prep, Utterances]):
    """What is said in an utterance, learned without when it is said (CTC)."""

    Config = Config
    Prep = Prep
    values = "recordings, each a list of samples from -1 to 1"

    def load(self) -> Data:
        """Make the utterances, and check that each is long enough for what is said."""
        config = self.config
        data = load(config.data, config.front, config.augment)
        self.task(data, {})  # which compares the lengths
        return data

    def make_model(self, prep: Prep, rngs: nnx.Rngs) -> Recognizer:
        """Draw a model."""
        sizes = len(prep.symbols), prep.input_size
        return Recognizer(self.config.model, *sizes, rngs=rngs)

    def task(self, data: Data, baselines: Scores) -> RecognizeTask:
        """Return what the trainer trains; each epoch leaves out other spans."""
        config = self.config

        def masked(said: Utterances, rng: np.random.Generator) -> Utterances:
            return said._replace(features=leave_out(said.features, config.augment, rng))

        return RecognizeTask(
            config.model,
            len(data.prep.symbols),
            data.train,
            data.valid,
            data.test,
            config.batches,
            config.beam,
            RATES[config.data.name],
            masked if config.augment.masks else None,
            config.train.seed,
        )

    def identity(self, data: Data) -> dict[str, Any]:
        """Return how many utterances and frames a part has, and what is said."""
        return {name: checksum(part) for name, part in data.parts.items()}

    def report(self, run: Finished[Prep, Utterances]) -> Report:
        """Listen to the test, and say what was heard wrong."""
        return make_report(self.config, run)

    def read(self, source: Any, prep: Prep, *, labelled: bool) -> Any:
        """Read a recording or a folder of them; to be scored, a table with texts.

        In place of the table a folder for each text will do.
        """
        config = self.config
        if prep.hop is None:
            self._lacks("was trained on made-up sounds and reads no recordings")
        if labelled:
            join = config.model.join
            return read_spoken(source, prep.symbols, config.front, join)
        return read_new(source, config.front)

    def predict(self, model: Recognizer, new: Heard, prep: Prep) -> Iterator[Row]:
        """Yield what is heard in each recording, by beam search."""
        said = Utterances(new.features, [np.ones(1, int)] * len(new.features))
        heard = self._new(said, prep).recognize(model, said, _longest(said)).beam
        for name, symbols in zip(new.names, heard, strict=True):
            yield {"file": name, "text": _spelt(symbols, prep)}

    def score(self, model: Recognizer, new: Utterances, prep: Prep) -> dict[str, float]:
        """Return the metrics of what is heard, however much that is."""
        task = self._new(new, prep)
        return task.scores(new, task.recognize(model, new, _longest(new)))

    def held_out(
        self, task: RecognizeTask, model: Recognizer, part: Utterances, prep: Prep
    ) -> Iterator[Row]:
        """Yield what is heard in each utterance, and what was said."""
        heard = task.recognize(model, part).beam
        for symbols, said in zip(heard, part.targets, strict=True):
            yield {"text": _spelt(symbols, prep), "right": _spelt(said, prep)}

    def _new(self, said: Utterances, prep: Prep) -> RecognizeTask:
        """Return a task of new utterances, in shapes that come again."""
        cut = self.config.batches.for_new(len(said.features))
        return replace(self.task(Loaded.of_one(prep, said), {}), cut=cut)


def _longest(said: Utterances) -> int:
    return max(map(len, said.features))


def _spelt(symbols: Iterable[Any], prep: Prep) -> str:
    return " ".join(prep.symbols[number - 1] for number in symbols)
