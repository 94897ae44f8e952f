"""The music task and the odyssey between the configuration and the report."""

import json

import numpy as np
import pytest
from flax import nnx

from experiments.odyssey.odyssey import (
    ADAM,
    VARIANTS,
    Budget,
    make_trainer,
    read_rows,
)
from experiments.odyssey.outcome import best_rate, outcome_of, outcome_table, present
from jlstm import OdysseyLSTMCell
from jlstm.data.music import copy_baseline, independent_baseline
from jlstm.tasks.music import experiment as music
from jlstm.tasks.music.config import Config, DataConfig, SampleConfig
from jlstm.tasks.music.experiment import MusicExperiment
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.music.report import nats_table, shown, write_piece
from jlstm.training.config.schema import plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.program import Replica


def pieces(count, seed):
    rng = np.random.default_rng(seed)
    return tuple(
        (rng.random((n, 88)) < 0.1).astype(np.uint8)
        for n in rng.integers(4, 9, size=count)
    )


PIECES = {"train": pieces(5, 0), "valid": pieces(2, 1), "test": pieces(3, 2)}


@pytest.fixture
def jsb(monkeypatch):
    monkeypatch.setattr(music, "load_music", lambda name: PIECES)
    monkeypatch.setattr("experiments.odyssey.odyssey.load_music", lambda name: PIECES)


def test_a_run_gets_its_pieces_and_its_baselines(jsb):
    made = MusicExperiment.from_config(Config(data=DataConfig(limit_train=3, window=4)))
    assert [len(part) for part in made.data.parts.values()] == [3, 2, 3]
    baselines = made.baselines(made.data)
    kept, test = PIECES["train"][:3], PIECES["test"]
    assert [each["test"] for each in baselines.values()] == [
        independent_baseline(kept, test),
        copy_baseline(kept, test),
    ]
    task = made.task(made.data, baselines)
    assert max(map(len, task.excerpts)) == 4 and len(task.train) == 3
    assert [*task.baselines.values()] == [each["valid"] for each in baselines.values()]
    again = MusicExperiment.from_config(made.config)
    assert made.identity(made.data) == again.identity(again.data)


def test_a_written_piece_begins_with_what_was_given():
    stack = StackConfig(hidden_sizes=(2,)).make_stack()
    model = MusicModel(stack, rngs=nnx.Rngs(0))
    piece = write_piece(SampleConfig(opening=3, steps=5), model, PIECES["test"][0])
    np.testing.assert_array_equal(piece[:3], PIECES["test"][0][:3])
    assert piece.shape == (8, 88) and piece.dtype == np.uint8


def test_the_table_of_nats():
    part = {"loss": 8.456, "loss_members": [8.356, 8.556]}
    baselines = {"each key by itself": {"valid": 11.0, "test": 11.09}}
    lines = nats_table(
        {"model": "LSTM", "valid": part, "test": part, "baselines": baselines}
    ).splitlines()
    assert lines[2].split("|")[3].strip() == "8.46 ± 0.14" == shown(part)
    assert lines[3].split("|")[3].strip() == "11.09"


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            lambda: DataConfig(window=1),
            r"DataConfig: window is 1; give an integer of 2 or more",
        ),
        (lambda: SampleConfig(steps=0), "SampleConfig: steps is 0; give a positive"),
    ],
)
def test_what_is_out_of_range_is_refused(make, line):
    with pytest.raises(ValueError, match=line):
        make()


def test_each_variant_is_one_change_of_the_vanilla_cell(jsb, tmp_path):
    budget = Budget(4, seeds=1, rates=(0.1, 0.2))
    vanilla = OdysseyLSTMCell(4, forget_bias=0.0)
    cells = {
        name: make_trainer(name, budget, tmp_path / name).task.stack.cell
        for name in VARIANTS
    }
    assert len(cells) == 9 and cells["vanilla"] == vanilla
    for name, cell in cells.items():
        changed = {k for k, v in plain(cell).items() if v != plain(vanilla)[k]}
        assert changed == set(VARIANTS[name]) and len(changed) == (name != "vanilla")
    assert budget.members == (Replica(0, 0.1), Replica(0, 0.2))


def row(name, tests, rate=0.1, budget=None):
    members = [
        {"seed": n, "learning_rate": rate, "epoch": 3, "valid": test - 1, "test": test}
        for n, test in enumerate(tests)
    ]
    return {"variant": name, "members": members, "parameters": 7, "seconds": 1.0,
            "budget": plain(budget or Budget())}  # fmt: skip


def test_a_member_is_scored_at_its_own_best_epoch():
    nan = float("nan")
    losses = [([3.0, nan, nan], [30.0, nan, nan]), ([4.0, 2.0, nan], [40.0, 20.0, nan])]
    records = [
        {"kind": "valid", "epoch": n, "loss_members": a, "test_loss_members": b}
        for n, (a, b) in enumerate(losses, 1)
    ]
    found = outcome_of(
        [{"kind": "train"}, *records], [Replica(n, 0.1) for n in range(3)]
    )
    assert [(one["epoch"], one["test"]) for one in found] == [
        (1, 30.0),
        (2, 20.0),
        (None, None),
    ]


def test_validation_chooses_the_learning_rate():
    both = row("x", [9.0, 9.2])
    both["members"] += row("x", [8.0, 8.2], rate=0.2)["members"]
    both["members"][-1]["valid"] = 20.0
    assert {one["learning_rate"] for one in best_rate(both)} == {0.1}
    both["members"][0]["valid"] = None
    assert {one["learning_rate"] for one in best_rate(both)} == {0.2}
    both["members"][2]["valid"] = None
    assert best_rate(both) == []


def test_the_best_variant_comes_first_and_what_failed_last(tmp_path):
    rows = [row("vanilla", [8.5, 8.7]), row("broken", []), row("other", [8.4, 8.4])]
    text = present(rows, tmp_path / "adam")
    names = [line.split("|")[1].strip() for line in text.splitlines()[2:]]
    assert names == ["other", "vanilla", "broken"]
    assert text.splitlines()[2].split("|")[6].strip() == "-0.200"
    assert "not finite" in text.splitlines()[4]
    assert (tmp_path / "adam.md").read_text() == text + "\n"
    assert outcome_table([rows[2]]).splitlines()[2].split("|")[6].strip() == ""


def test_rows_of_another_budget_are_not_taken_for_done(tmp_path):
    path = tmp_path / "odyssey.jsonl"
    assert read_rows(path, Budget()) == []
    rows = [row("vanilla", [8.5]), row("other", [8.5], budget=ADAM)]
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    assert [each["variant"] for each in read_rows(path, Budget())] == ["vanilla"]
