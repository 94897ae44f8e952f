"""The model of a finished run."""

from pathlib import Path

from experiments.language.task import LanguageExperiment
from experiments.resume import resumed
from experiments.tasks import find_task
from experiments.variables import resolved
from jlstm.models.tokens import TokenModel
from jlstm.train.schema import build


def load_run(folder: Path) -> tuple[TokenModel, LanguageExperiment]:
    """Return the scored model of a finished run, and what it was trained on.

    Raises:
        ValueError: the folder is not that of a finished language-model run.
    """
    old = resumed([f"resume={folder}"])
    if old is None or not (folder / "result.json").is_file():
        raise ValueError(
            f"{folder} has no result.json: give the folder of a run that ended."
        )
    mapping = resolved(old.config)
    kind = find_task(mapping.get("task"))
    made = kind.from_config(build(kind.Config, mapping))
    if not isinstance(made, LanguageExperiment) or made.config.train.seeds > 1:
        raise ValueError(f"{folder} is not a run of one language model.")
    task = made.task(made.data, {})
    return made.train(task, folder).model, made  # which trains no more, and scores
