"""An experiment in Python: what ``jlstm run`` does, without a command line."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jlstm.cli.comparison.index import write_index
from jlstm.cli.comparison.runs import read_json
from jlstm.cli.launch import Prepared, enter, prepare
from jlstm.cli.live import is_live, live_curve
from jlstm.cli.spelling import spelled
from jlstm.tasks.runs import TrainedRun, load_run
from jlstm.training.config.run import RunConfig
from jlstm.training.experiment import Row

RESULT = "result.json"


class Experiment:
    """An experiment by its name, to be trained and used in Python.

    A new task is a subclass of :class:`jlstm.training.experiment.Experiment`; this is
    the handle of its user.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._run: TrainedRun | None = None

    def __repr__(self) -> str:
        """Return what is to be trained, and where it was."""
        named = self.config.name or self.config.task
        where = "not trained" if self._run is None else repr(str(self._run.folder))
        return f"Experiment({named}, {where})"

    @classmethod
    def from_config(cls, name: str | None = None, /, **overrides: Any) -> "Experiment":
        """Read an experiment and its data, and check that they fit.

        Args:
            name: of the experiment, as ``jlstm list experiments`` shows them, or one of
                your own in ``./configs``; ``None`` leaves it to ``data`` or ``task``.
            **overrides: keys with their values: ``data="csv"``,
                ``train={"epochs": 3}``, or ``**{"train.epochs": 3}``.

        Raises:
            ValueError, OSError: something is wrong, in one line, before any compute.

        Example:
            >>> Experiment.from_config("char_smoke", train={"epoch": 3})
            Traceback (most recent call last):
            ...
            ValueError: There is no key train.epoch: did you mean train.epochs?
        """
        if not isinstance(name, str | None):
            raise TypeError(f"The name is {name!r}; give a text, or None.")
        chosen = [] if name is None else spelled({"experiment": name})
        return cls(prepare([*chosen, *spelled(overrides)]))

    @classmethod
    def resume(cls, folder: str | Path, /, **overrides: Any) -> "Experiment":
        """Read a run that was stopped or killed; ``fit`` goes on where it was.

        Args:
            folder: of the run.
            **overrides: such as ``train={"epochs": 9}``; few keys may change.

        Raises:
            ValueError, OSError: something is wrong, in one line, before any compute.
        """
        return cls(prepare([*spelled({"resume": str(folder)}), *spelled(overrides)]))

    @property
    def config(self) -> RunConfig:
        """What is run: all keys with their values."""
        return self._prepared.experiment.config

    @property
    def run(self) -> TrainedRun:
        """What was trained.

        Raises:
            RuntimeError: nothing was.
        """
        if self._run is None:
            raise RuntimeError("Nothing is trained yet: call fit() first.")
        return self._run

    def fit(self, *, live: bool | None = None) -> TrainedRun:
        """Train in a new folder, or go on in an old one; write the report.

        Args:
            live: draw the loss while it falls; by default where there is a notebook.

        Returns:
            The trained run: ``predict``, ``score``, ``model``. Its ``folder`` holds
            ``report.html``.

        Raises:
            RuntimeError: it was trained already.
            NonFiniteError: loss, gradient or weights became NaN or infinite.
            KeyboardInterrupt: it was interrupted; :meth:`resume` goes on.
        """
        if self._run is not None:
            raise RuntimeError(
                f"This is trained, in {self._run.folder}: make another one, or "
                "Experiment.resume(folder, train={...}) to train longer."
            )
        drawn = is_live(live)
        with ExitStack() as held:
            folder = enter(self._prepared, held)
            if drawn:
                held.enter_context(live_curve(folder))
            self._prepared.experiment.run(folder)
            write_index(Path(self.config.runs_dir))
        kind = type(self._prepared.experiment)
        # Absolute: a program may work in another folder later.
        self._run = load_run(folder.absolute(), trust_code=True, experiment=kind)
        return self._run

    def predict(self, source: Any) -> Iterator[Row]:
        """Yield what the model makes of new data; see :meth:`TrainedRun.predict`."""
        return self.run.predict(source)

    def score(self, source: Any = None) -> dict[str, float]:
        """Return the metrics of the model.

        Args:
            source: new data with answers, see :meth:`TrainedRun.score`; ``None`` is the
                test part of the experiment, or where it has none the validation part.
        """
        if source is not None:
            return self.run.score(source)
        return scores_of(self.run.folder)


def scores_of(folder: Path) -> dict[str, float]:
    """Return the metrics that a finished run wrote.

    Raises:
        FileNotFoundError: they are not there any more.
    """
    found = read_json(folder / RESULT)
    if found is None:
        raise FileNotFoundError(
            f"{folder / RESULT} is gone: score new data, or resume the run."
        )
    return found["valid"] if found["test"] is None else found["test"]
