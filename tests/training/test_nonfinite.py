"""What a run does where numbers are not finite: stop, skip the update, go back."""

import dataclasses

import jax
import numpy as np
import pytest

from jlstm.tasks.language.objective import LanguageTask
from jlstm.training.finite import NonFiniteError
from jlstm.training.log import read_metrics
from jlstm.training.report.run_report import write_report
from tests.training.test_loop import bits, make_task, trainer

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")


@dataclasses.dataclass(frozen=True, eq=False)
class Damaged(LanguageTask):
    """Some batches hold targets that are no symbol: their likelihood is NaN."""

    bad: tuple[int, ...] = ()

    def batches(self, epoch):
        batches = [*super().batches(epoch)]
        for n in self.bad:
            targets = np.full_like(batches[n].targets, -1)
            batches[n] = batches[n]._replace(targets=targets)
        return batches


@dataclasses.dataclass(frozen=True, eq=False)
class DamagedOnce(Damaged):
    """The second epoch has such a batch the first time that it is read."""

    read: list = dataclasses.field(default_factory=list)

    def batches(self, epoch):
        self.read.append(epoch)
        once = self.read.count(2) == 1 and epoch == 2
        return super().batches(epoch) if once else LanguageTask.batches(self, epoch)


def kind(folder, kind):
    return [record for record in read_metrics(folder) if record["kind"] == kind]


def test_an_update_that_is_not_finite_leaves_all_as_it_was(tmp_path):
    run = trainer(tmp_path, make_task(Damaged, bad=(1,)), on_nonfinite="skip")
    good, bad, *_ = run.task.batches(1)
    state, metrics = run._program.step(run._program.init(), good, np.float32(20))
    assert float(metrics["skipped"]) == 0
    names = ("model", "opt_state", "carry")
    before = [bits(getattr(state, name)) for name in names]
    state, metrics = run._program.step(state, bad, np.float32(20))
    assert float(metrics["skipped"]) == 1
    assert [bits(getattr(state, name)) for name in names] == before
    assert int(state.step) == 2


@pytest.mark.long
@pytest.mark.parametrize("seeds", [1, 2])
def test_updates_that_are_skipped_are_counted_and_the_run_ends_well(tmp_path, seeds):
    task = make_task(Damaged, bad=(1, 4))
    result = trainer(tmp_path, task, on_nonfinite="skip", seeds=seeds).fit()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result.model))
    records = kind(tmp_path, "train")
    assert sum(record["skipped"] for record in records) == 3 * 2 * seeds
    # The means are those of the other steps, where there are some.
    assert any(np.isfinite(each["loss"]) for each in records if each["skipped"])
    assert all(np.isfinite(each["loss"]) for each in records if not each["skipped"])
    page = write_report(
        tmp_path, title="a", headline=[], figures=[], samples=[], config="",
        environment={}, metrics=read_metrics(tmp_path),
    )  # fmt: skip
    assert f"loss or gradient was not finite: {6 * seeds}." in page.read_text()


@pytest.mark.long
def test_where_all_is_finite_the_bits_are_those_of_a_run_that_would_stop(tmp_path):
    stops, skips = (
        trainer(tmp_path / how, make_task(), epochs=1, on_nonfinite=how).fit()
        for how in ("stop", "skip")
    )
    assert bits(stops.model) == bits(skips.model)


@pytest.mark.long
def test_too_many_in_a_row_end_the_run(tmp_path):
    task = make_task(Damaged, bad=(2, 4, 5, 6))
    run = trainer(tmp_path, task, on_nonfinite="skip", skip_most=3)
    with pytest.raises(NonFiniteError, match=r"Step 7: 3 updates in a row were left"):
        run.fit()


@pytest.mark.long
def test_a_run_goes_back_and_on_at_half_the_rate(tmp_path, capsys):
    task = make_task(DamagedOnce, bad=(7,))
    result = trainer(tmp_path, task, on_nonfinite="rollback").fit()
    (back,) = kind(tmp_path, "rollback")
    assert back["learning_rate"] == pytest.approx(0.025)
    assert back["reason"] == "Step 21: loss is nan" and result.place.rollbacks == 1
    line = f"loss is nan: back to step {back['step']}, learning rate 0.025 (1 of 3)"
    assert back["step"] == 20 and line in capsys.readouterr().out
    steps = [record["step"] for record in kind(tmp_path, "train")]
    assert steps == sorted(set(steps)) and result.place.step == 39
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result.model))


@pytest.mark.long
def test_a_run_goes_back_three_times_and_then_ends(tmp_path):
    run = trainer(tmp_path, make_task(Damaged, bad=(6,)), on_nonfinite="rollback")
    with pytest.raises(NonFiniteError, match=r"Step 7: .* It went back 3 times before"):
        run.fit()
    rates = [record["learning_rate"] for record in kind(tmp_path, "rollback")]
    assert rates == pytest.approx([0.025, 0.0125, 0.00625])
