"""The commands turn what they measured into tables; options that are wrong say so."""

import pytest

from benchmarks import language_step, layers, linear, memory, scaling
from benchmarks.rows import COMPILE_ROWS, OWN_ROWS, ROWS
from benchmarks.training import build


def test_a_training_step_says_what_it_needs_and_runs():
    sizes = {"steps": 6, "batch": 2, "hidden_size": 3, "checkpoint": "sqrt"}
    program = build(sizes | {"run": True})
    inputs = 6 * 2 * 3 * 4
    assert inputs < program.facts["estimate"] < 100 * inputs
    params, loss = program.run()
    assert params.w_ih.shape == (3, 4, 3)
    assert float(loss) > 0


def test_memory_tells_what_did_not_run():
    shared = {"steps": 4096, "estimate": 2_000_000, "compile": 1.25}
    ran = {"peak": 5_000_000, "above": 3_000_000, "seconds": 0.02}
    results = [
        shared | {"checkpoint": "sqrt"} | ran,
        shared | {"checkpoint": None, "failed": "only 0.1 GB are free"},
    ]
    rows = memory.table(results).splitlines()[2:]
    assert rows == [
        "| 4,096 | 'sqrt' | 2 | 5 | 3 | 20.0 | 1.2 |",
        "| 4,096 | None | 2 | not run: only 0.1 GB are free | – | – | – |",
    ]
    assert memory.groups(results) == {"4,096 steps": {"checkpoint='sqrt'": 0.003}}


def test_scaling_writes_slopes_and_compile_times():
    results = [
        {
            **{"axis": "T", "size": size, "cell": "LSTM", "mode": mode},
            **{"minimum": factor * size, "compile": 0.5},
        }
        for mode, factor in (("forward", 1e-5), ("both", 3e-5))
        for size in (128, 512, 2048)
    ]
    lines = scaling.section(results, "T").splitlines()
    assert lines[2] == "With batch 8, input_size 64, hidden_size 64. Least times in ms."
    assert lines[4] == "| T | LSTM forward | LSTM forward and backward | LSTM compile |"
    assert lines[7] == "| 512 | 5.12 | 15.4 | 500 |"
    assert lines[-1] == "| **slope** | 1.00 | 1.00 | 0.00 |"


def test_linear_has_a_line_for_each_cell_and_backend():
    results = [
        {
            **{"cell": cell, "backend": backend, "size": size},
            **{"minimum": factor * size, "compile": 0.5},
        }
        for cell, backend, factor, last in (
            ("LSTM", "auto", 2e-5, 3),
            ("MinGRU", "scan", 3e-5, 2),
            ("MinGRU", "parallel", 1e-5, 3),
        )
        for size in (128, 512, 2048)[:last]
    ]
    assert linear.lines(["MinGRU"]) == [
        linear.Line(p["cell"], p["backend"]) for p in results if p["size"] == 128
    ]
    lines = linear.table(results).splitlines()
    assert lines[0] == "| cell, backend | 128 | 512 | 2,048 | slope | compile, s |"
    assert lines[3] == "| MinGRU, scan | 3.84 | 15.4 | – | 1.00 | 0.5 – 0.5 |"
    assert linear.curves(results, "scan")["MinGRU"][0] == [128, 512]
    assert list(linear.curves(results, "parallel")) == ["LSTM", "MinGRU"]


def test_language_step_compares_tokens_per_second():
    results = [
        {
            **{"recipe": "zaremba_small", "library": library, "compile": compiled},
            **{"minimum": s, "median": s, "tokens_per_second": 400 / s},
        }
        for library, compiled, s in (("jlstm", 2.0, 0.05), ("torch", 0.0, 0.1))
    ]
    assert language_step.table(results).splitlines()[2:] == [
        "| zaremba_small | jlstm | 2.0 | 50.0 | 50.0 | 8,000 | 2.00 |",
        "| zaremba_small | torch | – | 100 | 100 | 4,000 |  |",
        "| **geometric mean** |  |  |  |  |  | 2.00 |",
    ]


def test_layers_takes_rows_that_mean_something():
    assert layers.rows_of("lstm", "both", None) == list(ROWS)
    assert layers.rows_of("gru", "step", None) == list(ROWS[:-1])
    assert layers.rows_of("gru", "compile", None) == list(COMPILE_ROWS)
    assert layers.rows_of("SRUCell", "forward", None) == list(OWN_ROWS)
    assert layers.rows_of("SRUCell", "memory", None) == []
    assert layers.rows_of("SRUCell", "step", ROWS[-2:]) == [ROWS[-2]]


def test_layers_asks_each_backend_of_jlstm():
    names = layers.labels()
    assert names[0] == "jlstm"
    assert "jlstm:scan" in names
    assert "jlstm:auto" not in names
    problem = layers.Problem("lstm", "both", ROWS[0])
    assert layers.asked("jlstm:scan", problem)["backend"] == "scan"
    assert layers.asked("torch", problem)["backend"] == "auto"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "1,2,3"], "'1,2,3' is no row; write T,B,I,H"),
        (["--modes", "both,bth"], "there is no 'bth'; choose of forward, both, step"),
        (["--libraries", "tensorflow"], "there is no 'tensorflow'; choose of jlstm"),
    ],
)
def test_wrong_options_say_so(arguments, message, capsys):
    with pytest.raises(SystemExit):
        layers.read_options(arguments)
    assert message in capsys.readouterr().err
