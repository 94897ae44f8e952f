"""The kernel is compiled once; where it cannot be, the reason is said."""

import os
import subprocess
import sys

import pytest

import jlstm
from jlstm.activations import HardSigmoid
from jlstm.native import unavailable
from jlstm.native.build import BuildError, built, find_compiler
from tests.native.samples import needs_kernel

PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
ASK = "import jlstm, jlstm.native as n; print(n.unavailable(jlstm.LSTMCell(3)))"


def ask(folder, **environment):
    """Start a process that asks for the kernel; return what it says."""
    return subprocess.Popen(
        [sys.executable, "-c", ASK],
        env=os.environ | PATHS | {"JLSTM_CACHE_DIR": str(folder)} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("cell", "dtypes", "reason"),
    [
        (jlstm.RNNCell(3), (), "the kernel has LSTMCell and GRUCell, not RNNCell"),
        (jlstm.GRUCell(3, "before"), (), 'the kernel has the GRU with reset="after"'),
        (jlstm.LSTMCell(4, num_heads=2), (), "the kernel has one head, not 2"),
        (jlstm.LSTMCell(3, cell_clip=1.0), (), "does not clip the cell state"),
        (
            jlstm.LSTMCell(3, gate_activation=HardSigmoid()),
            (),
            "the kernel has gate_activation='sigmoid', not HardSigmoid",
        ),
        (jlstm.GRUCell(3), ("float32", "float64"), "float32, not in float64"),
    ],
)
def test_the_reason_is_named(cell, dtypes, reason):
    assert reason in unavailable(cell, *dtypes)


def test_no_compiler_is_a_reason(tmp_path):
    said, _ = ask(tmp_path, CXX="no-such-compiler").communicate()
    assert "no C++ compiler is found (looked for no-such-compiler)" in said
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_fails_is_a_reason(tmp_path):
    said, _ = ask(tmp_path, CXX="false").communicate()
    assert "cannot compile the kernel: it says nothing" in said
    assert not list(tmp_path.iterdir())


def test_a_compiler_is_looked_for_by_name(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BuildError, match="install one, or name it"):
        find_compiler()


@needs_kernel
@pytest.mark.slow
def test_two_processes_compile_at_once_and_a_third_only_loads(tmp_path):
    first, second = ask(tmp_path), ask(tmp_path)
    assert [p.communicate()[0].strip() for p in (first, second)] == ["None", "None"]
    (library,) = tmp_path.iterdir()
    made = library.stat().st_mtime_ns
    assert ask(tmp_path).communicate()[0].strip() == "None"
    assert library.stat().st_mtime_ns == made


@needs_kernel
def test_a_build_is_reused():
    path = built()
    made = path.stat().st_mtime_ns
    assert built() == path and path.stat().st_mtime_ns == made


def test_importing_compiles_nothing(tmp_path):
    code = "import jlstm, jlstm.native, jlstm.backends.native"
    environment = os.environ | PATHS | {"JLSTM_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not (tmp_path / "cache").exists()
