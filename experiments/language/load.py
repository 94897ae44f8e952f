"""The model of a finished run."""

from pathlib import Path

from experiments.language.task import Job
from experiments.resume import resumed
from experiments.tasks import find_task
from experiments.variables import resolved
from jlstm.models.tokens import TokenModel
from jlstm.train.language import LanguageTask
from jlstm.train.loop import Trainer
from jlstm.train.schema import build


def load_run(folder: Path) -> tuple[TokenModel, Job]:
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
    module = find_task(mapping.get("task"))
    job = module.prepare(build(module.Config, mapping))
    if not isinstance(job, Job) or job.config.train.seeds > 1:
        raise ValueError(f"{folder} is not a run of one language model.")
    config = job.config
    task = LanguageTask(job.corpus, config.model, config.stream, {})
    trainer = Trainer(task, config.train, config.optimizer, config.schedule, folder)
    return trainer.fit().model, job  # which trains no more, and scores
