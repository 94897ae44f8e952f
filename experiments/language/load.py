"""The model of a finished run."""

from pathlib import Path

from jlstm.cli.resume import resumed
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks import find_task
from jlstm.tasks.language.experiment import LanguageExperiment
from jlstm.training.config.schema import build
from jlstm.training.variables import resolved


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
