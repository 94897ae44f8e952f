"""The memory task between the configuration and the report."""

import json

import numpy as np
import pytest

from experiments.memory import gradient_lag, solved
from jlstm import LSTMCell
from jlstm.data.synthetic.problem import ProblemConfig, make_problem
from jlstm.tasks.synthetic.experiment import Config, MemoryExperiment
from jlstm.tasks.synthetic.report import draw_seeds, verdict
from jlstm.tasks.synthetic.seeds import first_solved, seed_table
from jlstm.training.config.schema import plain
from jlstm.training.seeds import of_seeds

RECORDS = [
    {"kind": "train", "step": 5, "loss": 0.3},
    {
        "kind": "valid", "step": 10, "loss": 0.2, "loss_members": [0.1, 0.3],
        "solved": 0.0, "solved_members": [0.0, 0.0],
    },
    {
        "kind": "valid", "step": 20, "loss": 0.1, "loss_members": [0.001, 0.2],
        "solved": 0.5, "solved_members": [1.0, 0.0],
    },
    {
        "kind": "valid", "step": 30, "loss": 0.1, "loss_members": [0.002, 0.2],
        "solved": 0.5, "solved_members": [1.0, 0.0],
    },
]  # fmt: skip
SUMMARY = {
    "goal": {"metric": "loss", "value": 0.01, "at_most": True},
    "test": RECORDS[-1],
    "solved_after": [640, None],
}
BUDGET = solved.Budget(hidden_size=4, updates=4, batch_size=4, seeds=2, epochs=2)


def test_a_seed_has_solved_its_task_at_the_first_evaluation_that_it_passed():
    assert first_solved(RECORDS, 2) == [20, None]
    alone = [{"kind": "valid", "step": 7, "solved": 1.0}]
    assert first_solved(alone, 1) == [7]


def test_one_seed_has_no_list():
    assert of_seeds({"loss": 2.0}, "loss") == [2.0]
    assert of_seeds(RECORDS[1], "loss") == [0.1, 0.3]


def test_the_table_has_a_line_a_seed_and_their_spread():
    test = {"loss": 2.0, "loss_members": [1.0, 3.0]}
    test |= {"solved": 0.5, "solved_members": [1.0, 0.0]}
    lines = seed_table(5, {"test": test, "solved_after": [640, None]}).splitlines()
    assert lines[0].split("|")[2:5] == [
        " test loss ", " solved ", " after sequences "
    ]  # fmt: skip
    assert [cell.strip() for cell in lines[2].split("|")[1:5]] == [
        "seed 5", "1", "yes", "640",
    ]  # fmt: skip
    assert "never" in lines[3] and "2 ± 1.414" in lines[4] and "1/2" in lines[4]


def test_the_verdict_counts_the_weights_that_were_scored():
    found = verdict(SUMMARY)
    assert found == ("Solved (test loss at most 0.01) in 1/2 seeds.", None)
    goal = {"metric": "far_accuracy", "value": 0.99, "at_most": False}
    text, wins = verdict({"goal": goal, "test": {"solved": 1.0}})
    assert text == "Solved (test far accuracy at least 0.99) in 1/1 seeds." and wins
    assert verdict({"goal": goal, "test": {"solved": 0.0}}).wins is False


def test_the_plot_has_a_line_a_seed_and_the_goal():
    problem = make_problem(ProblemConfig(steps=10))
    [(caption, figure)] = draw_seeds(problem, RECORDS)
    axes = figure.axes[0]
    lines = [line.get_ydata() for line in axes.lines]
    np.testing.assert_array_equal(lines[0], [0.1, 0.001, 0.002])
    assert len(lines) == 3 and set(lines[2]) == {0.01}
    assert axes.get_yscale() == "log" and "seed" in caption


def test_sizes_are_checked_before_anything_runs():
    config = Config(data=ProblemConfig("parity", longest=40, far=30))
    with pytest.raises(ValueError, match="data: far must be at least 41, got 30"):
        MemoryExperiment.from_config(config)


def test_a_point_that_is_done_is_not_run_again(tmp_path):
    rows = [
        {"cell": "GRU", "steps": 50, "budget": {}, "solved_after": [1]},
        {
            "cell": "GRU",
            "steps": 50,
            "budget": plain(BUDGET),
            "solved_after": [9, None],
        },
    ]
    path = tmp_path / "solved.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = solved.read_rows(path, BUDGET)
    assert done == rows[1:]
    left = list(solved.missing(done, (50, 100)))
    assert len(left) == 2 * len(solved.CONTENDERS) - 1
    assert ("GRU", 50) not in left and left[0][1] == 50 and left[-1][1] == 100
    never = done[0] | {"cell": "IRNN", "solved_after": [None, None]}
    left = list(solved.missing([*done, never], (50, 100)))
    assert ("IRNN", 100) not in left and ("GRU", 100) in left
    text = solved.present(done, (50, 100), tmp_path)
    line = next(line for line in text.splitlines() if line.startswith("| GRU"))
    assert [cell.strip() for cell in line.split("|")[2:4]] == ["1/2", ""]
    assert {path.name for path in tmp_path.iterdir()} == {
        "solved.jsonl", "solved.md", "solved.png", "solved.svg",
    }  # fmt: skip


@pytest.mark.long
def test_norms_at_a_lag_are_the_mean_over_seeds_of_their_logarithms():
    norms = gradient_lag.lag_norms(LSTMCell(4), steps=6, seeds=3)
    assert norms["h"].shape == norms["c"].shape == (7,)
    assert norms["h"][0] == pytest.approx(1.0) and norms["c"][0] == 0
    text = gradient_lag.norm_table({"LSTM": norms})
    assert f"{norms['c'][1]:.1e}" in text and "lag 10" not in text
