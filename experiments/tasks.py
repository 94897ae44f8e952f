"""The tasks that the launcher knows: one line here and one folder for each.

A task is a class below :class:`experiments.experiment.Experiment`;
``docs/adding-a-task.md`` builds one.
"""

from experiments.classify.task import ClassifyExperiment
from experiments.ctc.task import RecognizeExperiment
from experiments.experiment import Experiment
from experiments.forecast.task import ForecastExperiment
from experiments.language.task import LanguageExperiment
from experiments.language.transformer import TransformerExperiment
from experiments.memory.task import MemoryExperiment
from experiments.music.task import MusicExperiment
from experiments.speech.task import SpeechExperiment
from experiments.tagging.task import TagExperiment
from experiments.translation.task import TranslateExperiment

TASKS: dict[str, type[Experiment]] = {
    "language": LanguageExperiment,
    "transformer": TransformerExperiment,
    "classify": ClassifyExperiment,
    "memory": MemoryExperiment,
    "ctc": RecognizeExperiment,
    "speech": SpeechExperiment,
    "translation": TranslateExperiment,
    "tagging": TagExperiment,
    "forecast": ForecastExperiment,
    "music": MusicExperiment,
}


def find_task(name: object) -> type[Experiment]:
    """Return the class of a task.

    Raises:
        ValueError: there is no such task.
    """
    if name not in TASKS:
        raise ValueError(
            f"There is no task {name!r}: choose one of {', '.join(TASKS)}."
        )
    return TASKS[name]
