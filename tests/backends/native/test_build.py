"""The kernel is compiled once; where it cannot be, the reason is said."""

import os
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.serialize_executable import serialize

import jlstm
from jlstm._backends.native import library, unavailable
from jlstm._backends.native.build import BuildError, built, find_compiler
from jlstm._backends.native.compiled import compiled, own_types
from tests.backends.native.samples import needs_kernel

PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
ASK = (
    "import jlstm, jlstm._backends.native as n; print(n.unavailable(jlstm.LSTMCell(3)))"
)


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
        (jlstm.MLSTMCell(3), (), "no kernel for MLSTMCell: its carry has a leaf of "),
        (jlstm.LRUCell(3), (), "no kernel for LRUCell: it computes imag of the carry"),
        (jlstm.ConvGRUCell(3, (4, 4)), (), "it reads images"),
        (jlstm.GRUCell(3), ("float32", "float64"), "float32 and float64, not in both"),
    ],
)
def test_the_reason_is_named(cell, dtypes, reason):
    assert reason in unavailable(cell, *dtypes)


@pytest.mark.long
def test_no_compiler_is_a_reason(tmp_path):
    said, _ = ask(tmp_path, CXX="no-such-compiler").communicate()
    assert "no C++ compiler is found (looked for no-such-compiler)" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.long
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
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    kinds = sorted((path.name.split("-")[0], path.suffix) for path in made)
    assert kinds == [(what, end) for what in ("cell", "kernel")
                     for end in (".sha256", ".so")]  # fmt: skip
    assert ask(tmp_path).communicate()[0].strip() == "None"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == made


@needs_kernel
def test_a_build_is_reused():
    path = built()
    made = path.stat().st_mtime_ns
    assert built() == path and path.stat().st_mtime_ns == made


def source_of(cell):
    return compiled(cell, own_types(cell, None)).program.source


def test_a_program_is_that_of_all_sizes_of_a_cell():
    """And of all cells with its equations, but of no others."""
    small, large = jlstm.LSTMCell(3), jlstm.LSTMCell(500, forget_bias=0.0)
    assert source_of(small) == source_of(large)
    assert source_of(small) != source_of(jlstm.LSTMCell(3, activation="relu"))
    norms = (jlstm.LayerNormLSTMCell(3), jlstm.LayerNormLSTMCell(500))
    assert source_of(norms[0]) == source_of(norms[1])


@pytest.fixture
def unknown(monkeypatch):
    """No program is registered yet, for all that Python knows."""
    library.register_program.cache_clear()
    monkeypatch.setattr(library, "_loaded", {})
    yield
    library.register_program.cache_clear()


@needs_kernel
@pytest.mark.long
@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("damage", ["truncated", "no digest", "removed"])
def test_a_damaged_program_is_compiled_again(damage):
    source = source_of(jlstm.RNNCell(3, activation="softsign"))
    source += f"// {damage}\n"  # what nobody else has loaded
    path = library._path(source)
    library.register_program(source)
    library.register_program.cache_clear()
    library._loaded.clear()
    if damage == "no digest":
        path.with_suffix(".sha256").unlink()
    else:
        path.unlink()  # not in place: it is loaded
        if damage == "truncated":
            path.write_bytes(b"something else")
    try:
        assert library.register_program(source) == path.stem
        assert library.is_kept(path)
    finally:
        path.unlink()
        path.with_suffix(".sha256").unlink()


@needs_kernel
@pytest.mark.usefixtures("unknown")
def test_a_program_that_does_not_compile_is_a_reason():
    with pytest.raises(BuildError, match="cannot compile the kernel: "):
        library.register_program("no program")
    assert not library.is_kept(library._path("no program"))


@needs_kernel
def test_flags_are_part_of_the_name_of_a_program(monkeypatch):
    """So a cell that is watched by a sanitizer is another library."""
    plain = library._path("a program")
    assert library._path("another") != plain
    monkeypatch.setenv("JLSTM_KERNEL_FLAGS", "-fsanitize=address")
    assert library._path("a program") != plain


@pytest.mark.long
def test_any_trouble_leaves_a_loop_that_runs_and_the_reason(tmp_path):
    (tmp_path / "file").write_text("")
    code = """
import jax, jax.numpy as jnp, jlstm
cell, xs = jlstm.LSTMCell(3), jnp.ones((30, 4, 2))
jlstm.unroll(cell, cell.init(jax.random.key(0), 2), xs)
print(jlstm.explain(cell, xs=xs))
try:
    jlstm.explain(cell, "native")
except ValueError as error:
    print(error)
"""
    environment = PATHS | {"JLSTM_CACHE_DIR": str(tmp_path / "file")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, text=True,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    explained, refused = done.stdout.splitlines()
    reason = "the kernel cannot be compiled: [Errno 20] Not a directory"
    assert explained.startswith("fused: ") and reason in explained
    assert refused.startswith("The native backend cannot run ") and reason in refused


@pytest.mark.long
@needs_kernel
def test_a_compiled_program_is_loaded_by_a_process_that_only_imports_jlstm(tmp_path):
    """XLA must know of the kernel before; the kernel asks for the program."""
    cell = jlstm.LSTMCell(4)
    params, xs = cell.init(jax.random.key(0), 3), jnp.ones((20, 8, 3), jnp.float32)
    run = jax.jit(lambda params, xs: jlstm.unroll(cell, params, xs)[1])
    lowered = run.lower(params, xs)
    assert "jlstm_cell_forward" in lowered.as_text()
    with open(tmp_path / "program", "wb") as file:
        pickle.dump((serialize(lowered.compile())[0], tuple(params), xs), file)
    code = """
import pickle, sys, jax, jlstm
from jax.experimental.serialize_executable import deserialize_and_load
program, params, xs = pickle.load(open(sys.argv[1], "rb"))
args = jlstm.LSTMParams(*params), xs
ins, outs = jax.tree.structure((args, {})), jax.tree.structure(0)
run = deserialize_and_load(program, ins, outs)
print(float(run(*args).sum()))
"""
    alone = os.environ | PATHS | {"XLA_FLAGS": ""}  # with one device
    command = [sys.executable, "-c", code, str(tmp_path / "program")]
    done = subprocess.run(
        command, env=alone, text=True, stdout=subprocess.PIPE, check=True
    )
    np.testing.assert_allclose(float(done.stdout), run(params, xs).sum(), rtol=1e-6)


@pytest.mark.long
def test_importing_compiles_nothing(tmp_path):
    code = "import jlstm, jlstm._backends.native, jlstm._backends.native.backend"
    environment = os.environ | PATHS | {"JLSTM_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not (tmp_path / "cache").exists()
