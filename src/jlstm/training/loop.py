"""The one trainer: epochs of steps, evaluation, checkpoints, an early stop on NaN."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jlstm.data.share import own
from jlstm.training import processes
from jlstm.training.ahead import ReadAhead
from jlstm.training.alive import watched
from jlstm.training.average import init_average, should_average, start_average
from jlstm.training.checkpoint import Checkpoints
from jlstm.training.config.mesh import MeshConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.early import ends_early, why_early
from jlstm.training.finite import NonFiniteError as NonFiniteError
from jlstm.training.finite import check_loss, check_weights
from jlstm.training.layout import Layout
from jlstm.training.listeners import Opener, openers_of
from jlstm.training.log import RunLog
from jlstm.training.memory import planned
from jlstm.training.nonfinite import MOST_ROLLBACKS, Watch, slower, with_count
from jlstm.training.pending import Pending
from jlstm.training.position import TrainPosition, read_position
from jlstm.training.program import Program, Replica, make_program, mean_metrics
from jlstm.training.progress import Progress
from jlstm.training.resources import Resources
from jlstm.training.schedule import rate_factor
from jlstm.training.select import Selection, selection
from jlstm.training.state import TrainState
from jlstm.training.stop import Stopped, StopRequest
from jlstm.training.stored import CheckpointError
from jlstm.training.task import Metrics, Task
from jlstm.training.updates import Updates, make_updates


class Result(NamedTuple):
    """What a finished run gives back.

    Attributes:
        model: with the weights that were scored.
        valid: metrics of these weights on the validation part.
        test: metrics on the test part, ``None`` where there is none.
        place: where the run ended.
    """

    model: nnx.Module
    valid: Metrics
    test: Metrics | None
    place: TrainPosition


@dataclass
class Trainer:
    """Trains a task in a folder, from the start or from its latest checkpoint.

    The step is pure and the state one pytree; this object holds only what is written to
    disk and shown. Interrupted at any moment, a second ``fit`` in the same folder
    resumes bit-identically.

    Attributes:
        task: what is trained.
        train: how long, and what is kept.
        optimizer: how gradients become updates.
        schedule: how the learning rate changes.
        folder: gets ``checkpoints/``, ``metrics.jsonl`` and TensorBoard events.
        members: what is trained side by side; by default ``train.seeds`` models of
            consecutive seeds, all with the learning rate of ``optimizer``.
        watch: is told the place after each epoch, once it is saved.
        mesh: over which devices state and batches are spread.
    """

    task: Task
    train: TrainConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    folder: Path
    members: tuple[Replica, ...] = ()
    watch: Callable[[TrainPosition], None] | None = None
    mesh: MeshConfig = MeshConfig()
    _checkpoints: Checkpoints = field(init=False)
    _program: Program = field(init=False)
    _selection: Selection = field(init=False)
    _updates: Updates = field(init=False)
    _openers: tuple[Opener, ...] = field(init=False)
    _numbers: Watch = field(init=False)
    _started: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._selection = selection(self.train, self.task)
        self._numbers = Watch(self.train.on_nonfinite, self.train.skip_most)
        self._openers = openers_of(self.train)
        self._checkpoints = Checkpoints(self.folder / "checkpoints", self.train.keep)
        self._updates = make_updates(
            self.task, self.train, self.optimizer, self.schedule
        )
        members = self.members or self._seeds()
        layout = Layout.of(self.mesh, len(members))
        self._program = make_program(
            self.task, self._updates.rule, members, self.train.dtype, layout
        )

    def fit(self) -> Result:
        """Train to the last epoch, score the chosen weights and return them.

        A signal that asks for the end (Ctrl-C, SIGTERM, …) lets the running step end
        and a checkpoint be written first; see :class:`jlstm.training.stop.StopRequest`.

        Raises:
            NonFiniteError: loss, gradient or weights became NaN or infinite; the
                message names the step and the checkpoint that is kept.
            Stopped: a signal asked for the end; a ``KeyboardInterrupt``.
        """
        shared = processes.count() > 1
        with processes.watched(), watched(self.folder), StopRequest(shared) as stop:
            with stop.at_once():
                state, place, pending = self._start()
            self._started = time.perf_counter() - place.seconds
            total = self.train.epochs * len(self.task.batches(place.epoch))
            done = place.step - len(pending.metrics)
            with (
                RunLog(self.folder, place.step, self._openers) as log,
                Progress(total, self.task.unit, done=done) as progress,
                ReadAhead(self.train.prefetch) as ahead,
            ):
                used = Resources(self.folder, self.task.unit, ahead)
                now = _Session(log, progress, stop, pending, used, ahead)
                while place.epoch <= self.train.epochs:
                    if ends_early(self.train, place, self._selection):
                        progress.note(why_early(self.train, place, self._selection))
                        break
                    try:
                        state, place = self._run_epoch(state, place, now)
                        state, place = self._end_epoch(state, place, now)
                    except NonFiniteError as error:
                        state, place = self._go_back(error, place, now)
            with stop.at_once():
                return self._score(state, place)

    def plan(self) -> str:
        """Say what a step needs of memory; nothing is computed."""
        state = jax.eval_shape(self._program.init)
        return planned(self._program.step, state, self.task.batches(1)[0])

    def _seeds(self) -> tuple[Replica, ...]:
        first, rate = self.train.seed, self.optimizer.learning_rate
        seeds = range(first, first + self.train.seeds)
        return tuple(Replica(seed, rate) for seed in seeds)

    def _start(self) -> tuple[TrainState, TrainPosition, Pending]:
        fresh = self._program.init()
        if self.train.average == "nt_asgd":
            average = init_average(fresh.model, fresh.step)
            fresh = self._program.layout.placed(fresh._replace(average=average))
        try:
            state, position = self._checkpoints.restore(fresh, "latest")
        except FileNotFoundError:
            return fresh, TrainPosition(), Pending()
        pending = Pending.from_json(position.pop("pending", []))
        return state, read_position(position), pending

    def _go_back(
        self, error: NonFiniteError, place: TrainPosition, now: "_Session"
    ) -> tuple[TrainState, TrainPosition]:
        """Return where the newest checkpoint is, at a lower rate, if that is wanted."""
        times = place.rollbacks + 1
        if self.train.on_nonfinite != "rollback":
            raise error
        if times > MOST_ROLLBACKS:
            raise NonFiniteError(f"{error} It went back {times - 1} times before.")
        state, place, now.pending = self._start()
        state = slower(state, times - place.rollbacks)
        rate = float(np.mean(state.learning_rate))
        reason = str(error).partition(". ")[0]
        now.log.rewind(place.step)
        now.log.write(
            "rollback", place.step, epoch=place.epoch, learning_rate=rate, reason=reason
        )
        now.progress.done = place.step - len(now.pending.metrics)
        now.progress.note(
            f"{reason}: back to step {place.step}, learning rate {rate:.3g} "
            f"({times} of {MOST_ROLLBACKS})"
        )
        return self._program.layout.placed(state), place._replace(rollbacks=times)

    def _run_epoch(
        self, state: TrainState, place: TrainPosition, now: "_Session"
    ) -> tuple[TrainState, TrainPosition]:
        read = own(self.task.batches(place.epoch), self._program.layout.share)
        batches = now.ahead.of(read)
        while place.batch < len(batches):
            batch = batches[place.batch]
            with now.announced("compiling the training step"):
                units = self.task.count(batch)
                state, metrics = self._program.step(state, batch, np.float32(units))
            place = place._replace(batch=place.batch + 1, step=place.step + 1)
            now.pending.add(metrics, units * self._program.size)
            saves = place.step % self.train.checkpoint_every == 0
            if saves or place.step % self.train.log_every == 0:
                self._flush(state, place, now)
            if saves and place.batch < len(batches):
                self._save(state, place, now)
            if now.stop.comes_after(place.step):
                self._leave(state, place, now)
        self._flush(state, place, now)
        return state, place

    def _end_epoch(
        self, state: TrainState, place: TrainPosition, now: "_Session"
    ) -> tuple[TrainState, TrainPosition]:
        valid = self._evaluate(state, place, now)
        chosen = valid[self._selection.name]
        improved = self._selection.improves(chosen, place.best)
        now.log.write("valid", place.step, epoch=place.epoch, **valid)
        now.progress.note(f"epoch {place.epoch}: " + describe(valid))
        check_loss(valid, place.step, "validation", self._kept())
        place = place._replace(losses=(*place.losses, valid["loss"]))
        if improved:
            place = place._replace(best=chosen, best_epoch=place.epoch)
        state = self._between_epochs(state, place)
        place = place._replace(epoch=place.epoch + 1, batch=0)
        self._save(state, place, now, best=improved)
        if self.watch is not None:
            self.watch(place)
        return state, place

    def _evaluate(
        self, state: TrainState, place: TrainPosition, now: "_Session"
    ) -> Metrics:
        """Score the validation part; where a signal comes, leave it for later."""
        try:
            with now.stop.at_once(), now.announced("compiling the evaluation"):
                return self._program.evaluate(state.scored, "valid")
        except Stopped:
            self._save(state, place, now)
            raise

    def _between_epochs(self, state: TrainState, place: TrainPosition) -> TrainState:
        stale = place.epoch - place.best_epoch
        factor = rate_factor(self.schedule, place.epoch, stale)
        rate = np.asarray(state.learning_rate, np.float64) * factor
        state = state._replace(learning_rate=jnp.asarray(rate, jnp.float32))
        if self.train.reset_carry == "epoch":
            state = state._replace(carry=self._program.init_carry())
        patience = self.train.average_patience
        if state.average is not None and should_average(place.losses, patience):
            state = state._replace(average=start_average(state.average))
        return self._program.layout.placed(state)

    def _flush(self, state: TrainState, place: TrainPosition, now: "_Session") -> None:
        if not now.pending.metrics:
            return
        count, units = len(now.pending.metrics), now.pending.units
        metrics = self._take(place, now)
        means = with_count(mean_metrics(metrics), metrics)
        now.log.write(
            "train", place.step, epoch=place.epoch,
            learning_rate=self._updates.rate(state, place.step), **means,
        )  # fmt: skip
        now.progress.advance(count, units, loss=means["loss"])
        now.used.note(place.step, units)

    def _leave(self, state: TrainState, place: TrainPosition, now: "_Session") -> None:
        """Save what a resumed run needs to log what an undisturbed one does."""
        metrics = self._take(place, now)
        self._save(state, place, now, pending=Pending.to_json(metrics))
        now.stop.check()

    def _take(self, place: TrainPosition, now: "_Session") -> list[Metrics]:
        metrics = now.pending.take()
        self._numbers.check(metrics, place.step - len(metrics) + 1, self._kept())
        return metrics

    def _save(
        self,
        state: TrainState,
        place: TrainPosition,
        now: "_Session",
        *,
        best: bool = False,
        pending: Sequence[Any] = (),
    ) -> None:
        """Save a place to go on from; one that is the best so far is kept as that."""
        check_weights(state.model, place.step, self._program.size, self._kept())
        now.log.sync()
        position = self._timed(place)._asdict() | {"pending": list(pending)}
        if best:
            self._checkpoints.save_best(place.step, state, position)
        self._checkpoints.save(place.step, state, position)

    def _kept(self) -> str:
        step = self._checkpoints.latest()
        if step is None:
            return "There is no earlier checkpoint"
        return f"The checkpoint of step {step} in {self.folder} is kept"

    def _timed(self, place: TrainPosition) -> TrainPosition:
        return place._replace(seconds=time.perf_counter() - self._started)

    def _score(self, state: TrainState, place: TrainPosition) -> Result:
        if self.train.test_weights == "best":
            state = self._best(state, place)
        score = partial(self._program.evaluate, state.scored)
        test = score("test") if self.task.has_test else None
        model = self._program.layout.whole(state.scored)
        return Result(model, score("valid"), test, self._timed(place))

    def _best(self, state: TrainState, place: TrainPosition) -> TrainState:
        """Return the state of the best epoch, or say that it cannot be scored."""
        try:
            best, position = self._checkpoints.restore(state, "best")
            position.pop("pending", None)
            found = read_position(position).best_epoch
            if found != place.best_epoch:
                raise CheckpointError(f"The best one kept is of epoch {found}.")
        except (CheckpointError, FileNotFoundError) as error:
            raise CheckpointError(
                f"The weights of epoch {place.best_epoch}, the best one, cannot be "
                f"scored: {error} The last ones are kept; resume the run with "
                "train.test_weights=last to score these."
            ) from None
        return best


@dataclass
class _Session:
    """What a call of ``fit`` writes to and listens to."""

    log: RunLog
    progress: Progress
    stop: StopRequest
    pending: Pending
    used: Resources
    ahead: ReadAhead
    _known: set[str] = field(default_factory=set)

    def announced(self, what: str) -> AbstractContextManager[None]:
        """Say what takes its time, the first time only: that is when JAX compiles."""
        if what in self._known:
            return nullcontext()
        self._known.add(what)
        return self.progress.waiting(what)


def describe(metrics: Metrics) -> str:
    """Return metrics as one readable line.

    Example:
        >>> describe({"loss": 4.7, "perplexity": 109.947})
        'loss 4.7000, perplexity 109.95'
    """
    parts = (
        f"{name} {value:.2f}" if value >= 10 else f"{name} {value:.4f}"
        for name, value in metrics.items()
        if not isinstance(value, list)
    )
    return ", ".join(parts)
