"""A run that can be used: predictions and scores on new data, without the old data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jlstm.tasks import find_task
from jlstm.training.backtest import Backtest
from jlstm.training.checkpoint import Checkpoints
from jlstm.training.config.run import RunConfig
from jlstm.training.config.schema import build, plain
from jlstm.training.experiment import Experiment, Row
from jlstm.training.model_folder import (
    FOLDER,
    ModelFolderError,
    check_fits,
    find_model,
    read_config,
    read_prep,
    read_weights,
    weight_names,
)
from jlstm.training.stream import Stream
from jlstm.training.tree_io import named_leaves
from jlstm.training.variables import hidden_in_errors, resolved, unset

Which: TypeAlias = Literal["best", "last"]
MEAN = "average/mean/"


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A model that a run trained, with what it knows of its data.

    Attributes:
        folder: it was loaded from.
        experiment: the task with its configuration; its data is not read.
        prep: what the model knows of its data: vocabularies, classes, scales.
        model: with its weights.
        texts: the configuration as it was written, with variables in place of values.
    """

    folder: Path
    experiment: Experiment[Any, Any, Any]
    prep: Any
    model: nnx.Module
    texts: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        """Return a line: the model itself has a number for each weight."""
        named = self.config.name or self.config.task
        return f"TrainedRun({named}, {str(self.folder)!r})"

    @property
    def config(self) -> RunConfig:
        """What was run."""
        return self.experiment.config

    @property
    def vocab(self) -> Any:
        """The symbols that are read, where there is one vocabulary."""
        return self._of_prep("vocab")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their numbers."""
        return self._of_prep("classes")

    @property
    def scaler(self) -> Any:
        """What makes z-scores of a series, and undoes that."""
        return self._of_prep("scaler")

    def reading(self, **data: Any) -> "TrainedRun":
        """Return the run with other options of how new data is read.

        Args:
            data: keys below ``data`` with their values, such as ``gaps="fill"`` and
                ``interpolate=True`` of a series, ``label="stars"`` of labelled texts.

        Raises:
            ValueError: there is no such key, or a value is wrong.
        """
        config = self.config
        mapping = plain(config)
        mapping["data"] = {**mapping["data"], **data}
        changed = build(type(config), mapping)
        return replace(self, experiment=type(self.experiment)(changed))

    def predict(self, source: Any) -> Iterator[Row]:
        """Yield what the model makes of new data, a row for each example.

        Args:
            source: the path of a file or a folder as the README of the task describes
                it, without answers; or the same as values, where the task says so.

        Raises:
            ValueError, OSError: it is not there or does not fit, in one line.
        """
        new = self.experiment.read(source, self.prep, labelled=False)
        return self.experiment.predict(self.model, new, self.prep)

    def stream(self) -> Stream:
        """Return an input that is read as it comes, from its beginning.

        Its ``feed`` reads on and returns what the model makes of it; a run can have
        many of them at a time.

        Raises:
            NotImplementedError: the task reads its input as a whole.
        """
        return self.experiment.stream(self.model, self.prep)

    def score(self, source: Any) -> dict[str, float]:
        """Return the metrics of the task on new data that has its answers.

        Args:
            source: as for :meth:`predict`, with the right answers.

        Raises:
            ValueError, OSError: it is not there or does not fit, in one line.
        """
        new = self.experiment.read(source, self.prep, labelled=True)
        return self.experiment.score(self.model, new, self.prep)

    def backtest(self, source: Any, every: int | None = None) -> Backtest:
        """Forecast a series from every so many steps of it, and compare.

        The model is not trained again in between: it is what it would have said at each
        of these times.

        Args:
            source: as for :meth:`score`.
            every: steps from one forecast to the next; None for the horizon.

        Raises:
            NotImplementedError: the task forecasts no series.
            ValueError, OSError: it is not there or does not fit, in one line.
        """
        can = type(self.experiment).backtest is not Experiment.backtest
        new = self.experiment.read(source, self.prep, labelled=True) if can else None
        return self.experiment.backtest(self.model, new, self.prep, every)

    def _of_prep(self, name: str) -> Any:
        if getattr(self.prep, name, None) is None:
            fields = getattr(self.prep, "_fields", None) or vars(self.prep)
            names = [one for one in fields if getattr(self.prep, one) is not None]
            raise AttributeError(
                f"A run of task={self.config.task} has no {name}; its prep has "
                f"{', '.join(names)}."
            )
        return getattr(self.prep, name)


def load_run(
    folder: str | Path,
    weights: Which = "best",
    *,
    trust_code: bool = False,
    experiment: type[Experiment[Any, Any, Any]] | None = None,
) -> TrainedRun:
    """Load what a run has trained; its data is not needed, and nothing is trained.

    Args:
        folder: of the run, or its ``model/``, which can be moved anywhere.
        weights: those of the best epoch or the last ones. ``model/`` has those that
            were scored, in most runs the best; the others are read from
            ``checkpoints/``, and so are those of a run that did not end.
        trust_code: import cells that are not jlstm's, which the configuration names
            by their import paths. Whoever wrote it then decides what is imported.
        experiment: the class of the task, where it is not one of jlstm's.

    Returns:
        The model, with ``predict`` and ``score``. Of seeds that were trained side by
        side it is the first.

    Raises:
        FileNotFoundError: there is no such folder, or it lacks these weights.
        ValueError: ``weights`` is something else, or the configuration uses a
            variable of the environment that is not set, but for the paths of the data.
        ModelFolderError: it is not that of a run, or is damaged; a ``ValueError``.

    Example:
        >>> load_run("runs/nothing/20260131-235959")
        Traceback (most recent call last):
        ...
        FileNotFoundError: There is no folder runs/nothing/20260131-235959: give that of
        a run.
    """
    if weights not in get_args(Which):
        raise ValueError(f"weights is {weights!r}; give 'best' or 'last'.")
    place = find_model(Path(folder))
    texts = read_config(place)
    with hidden_in_errors(texts):
        mapping = _resolved(texts)
        if not trust_code:
            _refuse_code(place, mapping)
        kind = experiment or find_task(mapping.get("task"))
        made = kind(build(kind.Config, mapping))
    prep = read_prep(place, kind.Prep)
    blank = _blank(place, made, prep)
    arrays = _weights(place, weights, made.config.train.seeds)
    check_fits(place, arrays, blank)
    return TrainedRun(Path(folder), made, prep, _filled(blank, arrays), texts)


def _blank(place: Path, made: Experiment[Any, Any, Any], prep: Any) -> nnx.Module:
    """Return the shapes of a model, or refuse a prep that no model is made of."""
    try:
        return jax.eval_shape(lambda: made.make_model(prep, nnx.Rngs(0)))
    except (LookupError, AttributeError, ArithmeticError, TypeError) as error:
        reason = " ".join(str(error).split())[:90]
        raise ModelFolderError(
            f"{place} has a prep of which no model is made ({reason}): it was changed, "
            "or another version of jlstm wrote it."
        ) from error


def _resolved(texts: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with values in the place of variables.

    The paths of the data are not needed: a variable that is not set stays there.
    """
    data = texts.get("data")
    paths = {
        key: value
        for key, value in (data.items() if isinstance(data, dict) else ())
        if key.endswith("path") and unset(value)
    }
    if not paths:
        return resolved(texts)
    left = {key: value for key, value in texts["data"].items() if key not in paths}
    found = resolved({**texts, "data": left})
    return {**found, "data": {**found["data"], **paths}}


def _refuse_code(place: Path, mapping: Mapping[str, Any]) -> None:
    """Raise where a configuration names a class by its import path, at any depth."""
    for what, name in _named(mapping):
        if "." in name:
            raise ModelFolderError(
                f"{place} has the {what} {name}, which is code that jlstm does not "
                "know: give trust_code=True, or --trust-code, if you know who wrote it."
            )


def _named(mapping: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a configuration names that may be code: task, cells, wrappers."""
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _named(value)
        elif key in ("cell", "task"):
            yield key, str(value)
        elif key == "wrappers" and isinstance(value, list | tuple):
            for one in value:
                yield "wrapper", str(one.get("name") if isinstance(one, dict) else one)


def _weights(place: Path, which: Which, seeds: int) -> Mapping[str, np.ndarray]:
    """Return the weights, from the model's folder or else from a checkpoint."""
    kept = read_weights(place)
    if kept is not None and kept.which == which:
        return kept.arrays
    if place.name != FOLDER:  # what is next to it is of another run
        raise FileNotFoundError(_absent(place, which, kept))
    checkpoints = Checkpoints(place.parent / "checkpoints")
    try:
        state = checkpoints.arrays("latest" if which == "last" else "best")
    except FileNotFoundError:
        raise FileNotFoundError(_absent(place, which, kept)) from None
    return {name: own[0] if seeds > 1 else own for name, own in _scored(state).items()}


def _scored(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the leaves that are validated: of the mean, once there is one."""
    averaged = np.max(state.get("average/count", -1)) >= 1
    start = MEAN if averaged else "model/"
    found = (item for item in state.items() if item[0].startswith(start))
    return weight_names({name.removeprefix(start): array for name, array in found})


def _absent(place: Path, which: Which, kept: Any) -> str:
    there = "no weights yet" if kept is None else f"the {kept.which} weights only"
    saved = place.parent / "checkpoints"
    own = place.name == FOLDER and saved.is_dir()
    missing = "no checkpoints are next to it: copy the folder again, or "
    if own:
        missing = f"{saved} has no checkpoint for the {which} ones: "
    other = f', or load with weights="{kept.which}"' if kept else ""
    return f"{place} has {there}, and {missing}resume the run{other}."


def _filled(blank: nnx.Module, arrays: Mapping[str, np.ndarray]) -> nnx.Module:
    names = weight_names(named_leaves(blank))
    leaves = [jnp.asarray(arrays[name]) for name in names]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves)
