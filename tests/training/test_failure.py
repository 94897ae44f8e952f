"""Any failure is one line and a code; the table of codes is the one in the docs."""

import errno
import re
from pathlib import Path

import pytest

from jlstm.cli.meanings import groups_of, keys_of
from jlstm.cli.resume import DamagedError
from jlstm.cli.signals import Interrupted
from jlstm.data.mapped import ChangedFileError
from jlstm.tasks import TASKS
from jlstm.training.exits import Exit, exit_table
from jlstm.training.failure import Reached, tell
from jlstm.training.finite import NonFiniteError
from jlstm.training.model_folder import DamagedModelError
from jlstm.training.report.present import ReportError, draw_all
from jlstm.training.stop import Stopped
from jlstm.training.stored import CheckpointError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "howto-launch.md"
FULL = OSError(errno.ENOSPC, "No space left on device", "runs/a")
TENSORSTORE = ValueError("RESOURCE_EXHAUSTED: [OS error 28: No space left]")
LIMITED = ValueError("OUT_OF_RANGE: [OS error 27: File too large]")
XLA = RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.")
MISSING = ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")


@pytest.mark.parametrize(
    ("error", "training", "code", "said"),
    [
        (NonFiniteError("Step 7: loss is nan."), True, 1, "error: Step 7: loss is nan"),
        (ValueError("There is no key a."), False, 2, "error: There is no key a."),
        (FileNotFoundError(2, "No such file", "a"), False, 2, "error: [Errno 2] No su"),
        (FULL, True, 3, "error: the folder of the run cannot be written or read ([Er"),
        (FULL, False, 3, "error: a file cannot be written or read ([Errno 28] No spa"),
        (NotImplementedError("It reads none."), False, 2, "error: It reads none."),
        (TENSORSTORE, True, 3, "error: the folder of the run cannot be written"),
        (LIMITED, True, 3, "error: the folder of the run cannot be written"),
        (FileNotFoundError(2, "No such file", "a"), True, 3, "error: the folder of th"),
        (PermissionError(13, "Permission denied", "a"), True, 3, "error: the folder o"),
        (MemoryError(), True, 4, "error: out of memory (): smaller batches or windows"),
        (XLA, True, 4, "error: out of memory (RESOURCE_EXHAUSTED: Out of memory all"),
        (CheckpointError("step_3.1 is damaged."), True, 5, "error: step_3.1 is damage"),
        (ChangedFileError("a.tokens has 9 bytes."), True, 2, "error: a.tokens has 9 b"),
        (DamagedModelError("a is missing."), False, 5, "error: a is missing."),
        (DamagedError("config.yaml is damaged."), False, 5, "error: config.yaml is da"),
        (MISSING, False, 6, 'error: matplotlib is not installed: pip install "jlstm[t'),
        (ReportError("A plot failed."), True, 7, "error: A plot failed."),
        (ValueError("a bug"), True, 8, "error: ValueError: a bug ["),
        (KeyError("x"), False, 8, "error: KeyError: 'x' ["),
        (AssertionError(), True, 8, "error: AssertionError:  ["),
        (KeyboardInterrupt(), True, 130, "interrupted; "),
        (Stopped(15), True, 143, "terminated; "),
        (Interrupted(1), False, 129, "hung up; nothing was begun"),
        (Stopped(10), True, 138, "stopped by SIGUSR1; "),
    ],
)  # fmt: skip
def test_a_failure_is_one_line_and_a_code(tmp_path, error, training, code, said):
    reached = Reached(tmp_path if training else None, training)
    found, line = tell(error, reached)
    assert found == code and code in exit_table()
    assert line.startswith(said) and "\n" not in line
    if code == 5:  # what was saved cannot be read: nobody can go on from there
        assert "to go on" not in line
    elif training and code not in (1, 2, 7):
        assert line.count("nothing was saved yet; to go on: jlstm") + line.count(
            "Nothing was saved yet; to go on: jlstm"
        ) == 1  # fmt: skip
    if code == 8:
        assert "--debug shows the traceback" in line


def test_the_place_of_an_error_is_a_line_of_this_project():
    def fails():
        raise KeyError("deep")

    drawn, failed = draw_all([fails])
    assert drawn == []
    assert re.fullmatch(
        r"A plot failed: KeyError: 'deep' \[jlstm/training/report/.*py:\d+\].",
        failed[0],
    )


def test_a_folder_that_is_gone_is_said_so(tmp_path):
    _, line = tell(FULL, Reached(tmp_path / "gone", True))
    assert line.endswith(f"{tmp_path / 'gone'} is gone")


def test_the_docs_have_the_table_of_exit_codes():
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", DOCS.read_text(), re.M)
    assert {int(code): text for code, text in rows} == exit_table()
    assert set(Exit) <= set(exit_table())


@pytest.mark.parametrize("task", TASKS)
def test_every_key_says_what_it_means(task):
    config = TASKS[task].Config
    silent = [key.name for key in keys_of(config) if not key.meaning]
    silent += [name for name, meaning in groups_of(config).items() if not meaning]
    assert silent == [], "give these a line in the Attributes of their dataclass"


def test_a_stopped_sweep_says_how_to_go_on(tmp_path):
    code, line = tell(Stopped(15), Reached(sweep=tmp_path))
    assert (code, line) == (
        143,
        "terminated; jobs that are done are kept; "
        f"to go on: jlstm sweep resume={tmp_path}",
    )
