"""The tagging task: sentences, a network, its baselines, a report."""

import dataclasses
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import present
from experiments.config import RunConfig
from experiments.tagging.baselines import known_and_unknown, score_baselines
from experiments.tagging.data import Dataset, load
from experiments.tagging.read import DataConfig
from experiments.tagging.report import show
from jlstm.data.words import UNK, Words
from jlstm.models.tag import TaggerConfig
from jlstm.options import Count
from jlstm.train.classify import BatchConfig, confusion
from jlstm.train.loop import Result
from jlstm.train.program import take
from jlstm.train.tag import Sentence, TagTask

MOST_CLASSES = 24  # in the confusion matrix
OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The keys of a tagging run.

    Attributes:
        data: which tagged sentences.
        model: hyper-parameters of the model.
        batches: how sentences are put into batches.
        examples: tagged sentences in the report.
    """

    task: str = "tagging"
    data: DataConfig = DataConfig()
    model: TaggerConfig = TaggerConfig()
    batches: BatchConfig = BatchConfig()
    examples: Count = 12


@dataclass(frozen=True, eq=False)
class Job:
    """A run that was checked and can start; see ``experiments/tasks.py``.

    Attributes:
        config: what to run, with absolute paths to the user's files.
        data: the tagged sentences.
    """

    config: Config
    data: Dataset

    def identity(self) -> dict[str, Any]:
        """Return what must not change between the start of a run and its resumption."""
        return {name: _identity(part) for name, part in self.data.numbers.items()}

    def run(self, folder: Path) -> dict[str, Any]:
        """Train, tag and report in ``folder``."""
        config, data = self.config, self.data
        for name, vocab in data.vocabs._asdict().items():
            if vocab is not None:
                vocab.save(folder / f"{name}.json")
        task = make_task(config, data)
        result = present.fit(task, config, folder)
        model = result.model if config.train.seeds == 1 else take(result.model, 0)
        found = task.names(task.tag(model, data.numbers["test"]).tags)
        summary = summarize(config, data, result, found)
        show(folder, config, model, data, summary, found, config.examples)
        return summary


def prepare(config: Config) -> Job:
    """Read the sentences."""
    data = load(config.data)
    own = dataclasses.replace(  # so that the run can go on from elsewhere
        config.data,
        path=_absolute(config.data.path),
        valid_path=_absolute(config.data.valid_path),
        test_path=_absolute(config.data.test_path),
    )
    return Job(dataclasses.replace(config, data=own), data)


def make_task(config: Config, data: Dataset) -> TagTask:
    """Return what the trainer trains."""
    vocabs = data.vocabs
    return TagTask(
        config.model,
        vocabs.sizes,
        vocabs.tags.symbols,
        *(data.numbers[part] for part in ("train", "valid", "test")),
        unknown=vocabs.words.index[UNK],
        cut=config.batches,
        seed=config.train.seed,
    )


def summarize(
    config: Config, data: Dataset, result: Result, found: Sequence[Words]
) -> dict[str, Any]:
    """Return the numbers of a finished run, for ``result.json``.

    Args:
        config: what was run.
        data: the sentences.
        result: of the trainer.
        found: tags of the test, by the model of the first seed.
    """
    common = present.summarize(config, result)
    train, test = data.parts["train"].tagged, data.parts["test"].tagged
    classes, counts = count_tags(test.tags, found)
    return common | {
        "parameters": common["parameters"] // config.train.seeds,
        "model": config.model.title,
        "baselines": score_baselines(data),
        "by_word": known_and_unknown(train, test, found),
        "sentences": {n: len(p.tagged.sentences) for n, p in data.parts.items()},
        "words": {n: p.tagged.num_words for n, p in data.parts.items()},
        "vocabulary": len(data.vocabs.words),
        "classes": classes,
        "confusion": counts.tolist(),
    }


def count_tags(
    gold: Sequence[Words], found: Sequence[Words], most: int = MOST_CLASSES
) -> tuple[list[str], np.ndarray]:
    """Count which tag was taken for which; the rarest of many become one class.

    Example:
        >>> gold = [("A", "A", "B", "C")]
        >>> classes, counts = count_tags(gold, [("A", "B", "B", "A")], most=3)
        >>> classes, counts.tolist()
        (['A', 'B', 'C'], [[1, 1, 0], [0, 1, 0], [1, 0, 0]])
        >>> count_tags(gold, gold, most=2)[0]
        ['A', 'other']
    """
    flat = [[tag for tags in each for tag in tags] for each in (gold, found)]
    ranked = [tag for tag, _ in Counter([*flat[0], *flat[1]]).most_common()]
    many = len(ranked) > most
    kept = sorted(ranked[: most - 1] if many else ranked)
    classes = [*kept, OTHER] if many else kept
    place = {tag: classes.index(tag) if tag in kept else most - 1 for tag in ranked}
    labels, guesses = (np.array([place[tag] for tag in tags]) for tags in flat)
    return classes, confusion(labels, guesses, len(classes))


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())


def _identity(sentences: Sequence[Sentence]) -> list[int]:
    """Return the number of sentences and of words, and a checksum."""
    words = sum(map(len, sentences))
    sums = [zlib.crc32(np.ascontiguousarray(one)) for one in sentences]
    return [len(sentences), words, zlib.crc32(np.array(sums))]
