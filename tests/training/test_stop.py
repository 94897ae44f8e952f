"""A signal ends a run after its step, and it resumes bit-identically."""

import dataclasses
import math
import signal
import threading

import jax
import numpy as np
import pytest

from jlstm.tasks.language.objective import LanguageTask
from jlstm.training.finite import NonFiniteError, check_weights
from jlstm.training.stop import NAMES, Stopped, StopRequest
from tests.quick import quick
from tests.training.test_loop import bits, make_task, trainer, untimed

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys", "listens")
NUMBERS = [getattr(signal, name) for name in NAMES]


@pytest.fixture
def listens():
    """Signals as a process has them that a shell starts in the foreground."""
    before = {n: signal.signal(n, signal.SIG_DFL) for n in NUMBERS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@dataclasses.dataclass(frozen=True, eq=False)
class Signalled(LanguageTask):
    """A task in which a signal comes: at a batch of epoch 2, or in its evaluation."""

    at: int = -1
    number: int = signal.SIGTERM
    calls: list = dataclasses.field(default_factory=list)

    def batches(self, epoch):
        return _Signalling(super().batches(epoch), self, epoch == 2)

    def evaluate(self, model, part):
        self.calls.append(part)
        if self.at < 0 and len(self.calls) == 2:
            signal.raise_signal(self.number)
        return super().evaluate(model, part)


class _Signalling:
    def __init__(self, batches, task, here):
        self.batches, self.task, self.here = batches, task, here

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, n):
        if self.here and n == self.task.at:
            signal.raise_signal(self.task.number)
        return self.batches[n]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that no signal reached: its folder, and what it ended with."""
    folder = tmp_path_factory.mktemp("whole")
    with jax.debug_key_reuse(False), jax.numpy_dtype_promotion("standard"):
        return trainer(folder, make_task(), epochs=2).fit(), folder


@pytest.mark.long
@pytest.mark.parametrize(
    ("at", "number"),
    [
        (7, signal.SIGTERM),
        (-1, signal.SIGINT),
        pytest.param(0, signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(12, signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_goes_on_with_the_same_bits_and_log(tmp_path, whole, at, number):
    before = [signal.getsignal(n) for n in NUMBERS]
    whole, folder = whole
    task = make_task(Signalled, at=at, number=number)
    with pytest.raises(KeyboardInterrupt) as caught:
        # Read when it is wanted: a signal that a thread raises may come a step early.
        trainer(tmp_path, task, epochs=2, prefetch=0).fit()
    assert isinstance(caught.value, Stopped) and caught.value.signal == number
    assert [signal.getsignal(n) for n in NUMBERS] == before
    again = trainer(tmp_path, make_task(), epochs=2)
    assert again._checkpoints.latest() == (26 if at < 0 else 13 + at + 1)
    resumed = again.fit()
    assert bits(resumed.model) == bits(whole.model)
    assert untimed(tmp_path) == untimed(folder)
    assert (resumed.valid, resumed.place.step) == (whole.valid, whole.place.step)


@pytest.mark.slow
def test_a_thread_trains_without_touching_signals(tmp_path):
    found = []

    def train():
        with jax.debug_key_reuse(False), jax.numpy_dtype_promotion("standard"):
            found.append(trainer(tmp_path, make_task(), epochs=1).fit())

    thread = threading.Thread(target=train)
    before = signal.getsignal(signal.SIGTERM)
    thread.start()
    thread.join()
    assert found[0].place.step == 13
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_is_noted_and_the_second_raises(number, monkeypatch):
    clock = iter([10.0, 10.5, 11.5])
    monkeypatch.setattr("jlstm.training.stop.time.monotonic", lambda: next(clock))
    with StopRequest() as stop:
        signal.raise_signal(number)
        signal.raise_signal(number)  # to the group, half a second later
        assert stop.asked == number
        with pytest.raises(Stopped):
            signal.raise_signal(number)
        with pytest.raises(Stopped):
            stop.check()


def test_in_a_block_that_changes_nothing_a_signal_raises_at_once():
    with StopRequest() as stop, pytest.raises(Stopped), stop.at_once():
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("the signal did not raise")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
def test_ignored_signals_and_handlers_of_others_stay(handler):
    before = signal.signal(signal.SIGHUP, handler)
    try:
        with StopRequest() as stop:
            assert signal.getsignal(signal.SIGHUP) is handler
            signal.raise_signal(signal.SIGHUP)
            assert stop.asked is None
    finally:
        signal.signal(signal.SIGHUP, before)


@dataclasses.dataclass(frozen=True, eq=False)
class Diverges(LanguageTask):
    """A task whose validation is not finite any more."""

    loss_then: float = float("nan")

    def evaluate(self, model, part):
        return {"loss": self.loss_then, "perplexity": 1.0}


@pytest.mark.long
@pytest.mark.parametrize("loss", quick([math.nan, math.inf, -math.inf]))
def test_a_validation_that_is_not_finite_ends_the_run(tmp_path, loss):
    task = make_task(Diverges, loss_then=loss)
    with pytest.raises(NonFiniteError, match=f"Step 13: validation loss is {loss}. "):
        trainer(tmp_path, task, epochs=1, checkpoint_every=500).fit()
    records = (tmp_path / "metrics.jsonl").read_text()
    assert "NaN" not in records.replace('"NaN"', "")


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_noticed(members, bad):
    weights = np.ones((2, 3), np.float32)
    tree = {"w": weights, "n": np.arange(2), "k": jax.random.split(jax.random.key(0))}
    check_weights(tree, 7, members, "Kept")
    weights[0, 1] = bad
    if members == 2:  # the other one may go on
        check_weights(tree, 7, members, "Kept")
        weights[1, 2] = bad
    with pytest.raises(NonFiniteError, match="Step 7: a weight is no longer finite"):
        check_weights(tree, 7, members, "Kept")
