"""The commands for a GPU: what they refuse, write and merge, tried on the CPU."""

import json
from contextlib import ExitStack

import pytest

from benchmarks import device, gpu, gpu_memory, gpu_report, on_gpu
from benchmarks.problem import Problem
from benchmarks.turns import Worker, environment

NO_GPU = device.Gpu("", "RuntimeError: no GPU")


@pytest.fixture
def no_gpu(monkeypatch):
    for module in (device, gpu):
        monkeypatch.setattr(module, "find_gpu", lambda: NO_GPU)


@pytest.mark.parametrize("command", [gpu, gpu_memory, on_gpu])
def test_without_a_gpu_it_stops(command, no_gpu):
    name = f"benchmarks.{command.__name__.split('.')[-1]}"
    wanted = (
        rf"^{name} measures a GPU, and JAX sees none \(RuntimeError: no GPU\)\. Run"
    )
    with pytest.raises(SystemExit, match=wanted):
        command.main([])


@pytest.mark.slow
def test_a_quick_try_writes_tables(no_gpu, tmp_path, capsys):
    arguments = [
        "--quick",
        "--cells",
        "lstm",
        "--dtypes",
        "bfloat16",
        "--modes",
        "both",
    ]
    arguments += ["--libraries", "jlstm,jax_rnn"]
    gpu.main([*arguments, "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "device: the CPU, there being no GPU" in printed
    assert "lstm bfloat16 both 6,3,8,8, ms: jlstm " in printed
    assert "without jax_rnn: has float32 only, not bfloat16" in printed
    page = (tmp_path / "gpu.md").read_text()
    assert "## LSTM, bfloat16, forward and backward" in page
    assert "* jax_rnn: has float32 only, not bfloat16 (1 rows, the first one: " in page
    assert "share of this device's peak of " in page
    written = json.loads((tmp_path / "gpu.json").read_text())
    [result] = written["results"]
    assert 0 < result["minimum"] <= result["median"] < result["compile"]


RESULT = {
    **{"cell": "lstm", "dtype": "float32", "mode": "both", "row": "1024,16,768,768"},
    **{"library": "torch", "minimum": 0.01, "median": 0.02, "compile": 0.0, "note": ""},
}


def test_new_results_take_the_place_of_old_ones():
    other = RESULT | {"library": "nnx"}
    again = RESULT | {"minimum": 0.005}
    assert gpu.merged([RESULT, other], [again]) == [other, again]


def test_the_page_compares_with_torch_and_with_the_peak():
    ours = RESULT | {"library": "jlstm", "minimum": 0.02, "compile": 3.0}
    content = {
        **{"device": "a GPU", "results": [RESULT, ours], "peak": {"float32": 1e14}},
        **{"left_out": {"nnx": "No module"}, "missing": {"jlstm:native: no": ["a"]}},
    }
    title, how, *texts = gpu_report.page(content)
    assert title == "Layers on a GPU"
    assert how.startswith("On a GPU. ")
    assert texts[0] == "## LSTM, float32, forward and backward"
    assert "| 1024,16,768,768 | 2.00 | – |" in texts[3]
    assert "100,000 GFLOP/s" in texts[4]
    assert "46385.6 (46%) | 23192.8 (23%) |" in texts[5]
    assert "| 1024,16,768,768 | 3.0 |" in texts[7]
    assert (
        texts[-1] == "* nnx: No module\n* jlstm:native: no (1 rows, the first one: a)"
    )


def test_a_process_that_ended_is_started_again(monkeypatch):
    fake = "tests.benchmarks.fake_library"
    monkeypatch.setattr(gpu, "module_of", lambda label: fake)
    with ExitStack() as stack:
        dead, alive = (stack.enter_context(Worker(fake, 1)) for _ in range(2))
        dead.close()
        workers = {"dead": dead, "alive": alive}
        failed = dict.fromkeys(workers, "has no nothing")
        gpu.restart(stack, workers, failed, 1, "cpu")
        assert workers["alive"] is alive
        assert workers["dead"].process.poll() is None


def test_workers_for_a_gpu_leave_its_memory_to_each_other():
    assert environment(1, "gpu")["JAX_PLATFORMS"] == "cuda"
    assert environment(1)["JAX_PLATFORMS"] == "cpu"
    assert environment(1, "gpu")["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_memory_tells_what_failed():
    ran = {"steps": 16384, "checkpoint": None, "estimate": 3.5e9, "seconds": 1.25}
    failed = {"steps": 32768, "checkpoint": "sqrt", "failed": "RESOURCE_EXHAUSTED"}
    assert gpu_memory.line(ran) == ["None", "16,384", "3.50", "1.25"]
    assert gpu_memory.line(failed)[1:3] == ["32,768", "failed: RESOURCE_EXHAUSTED"]


def test_the_rows_are_those_of_the_plan():
    given = [(row.batch, row.steps, row.hidden_size) for row in gpu.ROWS]
    wanted = [(16, 1024, 768), (64, 256, 512), (256, 128, 256), (32, 35, 1500)]
    assert given == wanted
    options = gpu.read_options([])
    assert len(gpu.problems(options, "gpu")) == 2 * 2 * 2 * 4
    first = gpu.problems(options, "gpu")[0]
    assert first == Problem("lstm", "forward", gpu.ROWS[0], device="gpu")


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Let the GPU be this machine, and the steps be short scripts."""
    steps = {
        "good": ["-c", "print('fine')"],
        "bad": ["-c", "raise SystemExit('wrong')"],
        "hangs": ["-c", "import time; print('waits', flush=True); time.sleep(60)"],
        "last": ["-c", "print('the end')"],
    }
    monkeypatch.setattr(on_gpu, "require_gpu", lambda command: "a stand-in")
    monkeypatch.setattr(on_gpu, "FOLDER", tmp_path / "gpu")
    monkeypatch.setattr(on_gpu, "STEPS", steps)
    return lambda: json.loads((tmp_path / "gpu" / "summary.json").read_text())


def test_a_step_that_fails_or_hangs_does_not_stop_the_next(stand_in, capsys):
    arguments = ["--steps", "good,bad,hangs,last", "--minutes", "0.1"]
    with pytest.raises(SystemExit) as ended:
        on_gpu.main(arguments)
    assert ended.value.code
    codes = {one["step"]: one["exit_code"] for one in stand_in()["steps"]}
    assert codes == {"good": 0, "bad": 1, "hangs": -9, "last": 0}
    capsys.readouterr()
    with pytest.raises(SystemExit):
        on_gpu.main(["--steps", "good,bad", "--minutes", "0.05"])
    printed = capsys.readouterr().out
    assert "== bad" in printed and "== good" not in printed


def test_the_steps_exist(capsys):
    """Each file and each option of the real commands is there; --quick has a test."""
    on_gpu.main(["--list"])
    assert "laws: python -m pytest" in capsys.readouterr().out
    for command in on_gpu.STEPS.values():
        paths = [word for word in command if word.startswith("tests")]
        assert all((on_gpu.ROOT / path).exists() for path in paths)
        if command[:2] == ["-m", "benchmarks.gpu"]:
            assert gpu.read_options(command[2:]).add
