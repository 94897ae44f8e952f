"""Where nothing can compile, what came with the package is loaded."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import jlstm
from jlstm._backends.native import prebuilt
from jlstm._backends.native.build import built, kernel_text
from jlstm._backends.native.cache import cache_dir
from jlstm._backends.native.compiled import compiled, own_types
from jlstm._backends.native.library import program_text
from tests.backends.native.samples import needs_kernel

ROOT = Path(__file__).parents[3]
V3 = "flags\t\t: " + " ".join(sorted(prebuilt.V3))
V4 = "flags\t\t: " + " ".join(sorted(prebuilt.V4))
needs_level = pytest.mark.skipif(
    prebuilt.level_here() is None, reason="no library is made for this processor"
)
USE = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp
import jlstm
from jlstm._backends.native import prebuilt, unavailable
prebuilt.FOLDER = Path(sys.argv[1])
cell = jlstm.LSTMCell(5)
print(unavailable(cell))
print(unavailable(jlstm.GRUCell(5, reset="before")))
params = cell.init(jax.random.key(0), 3)
xs = jax.random.normal(jax.random.key(1), (9, 8, 3))
def loss(params, backend):
    return jnp.square(jlstm.unroll(cell, params, xs, backend=backend)[1]).sum()
own, wanted = (jax.grad(loss)(params, name) for name in ("native", "scan"))
far = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), own, wanted)
print(max(map(float, jax.tree.leaves(far))))
"""


def without_a_compiler(folder, cache, code=USE, **environment):
    """Return the lines of a process that finds no compiler."""
    paths = os.pathsep.join(path for path in sys.path if path)
    told = {"PATH": str(cache), "CXX": "", "JLSTM_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": paths} | told | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(Path(cache).glob("*"))
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("machine", "words", "level"),
    [
        ("x86_64", V4, "x86-64-v4"),
        ("x86_64", V4.replace("avx512vl", "avx512er"), "x86-64-v3"),
        ("x86_64", V3, "x86-64-v3"),
        ("x86_64", V3.replace("fma", "fma4"), None),
        ("x86_64", V3.replace("avx2", ""), None),
        ("x86_64", "flags : sse2\n\n" + V3, None),
        ("x86_64", "", None),
        ("aarch64", "Features : asimd", "armv8-a"),
        ("riscv64", V3, None),
    ],
)
def test_a_level_is_what_a_processor_has_all_of(machine, words, level):
    assert prebuilt.level_of(machine, words) == level


@needs_kernel
@needs_level
@pytest.mark.long
def test_a_cell_that_came_with_the_package_runs_and_another_says_why_not(tmp_path):
    folder, cache = tmp_path / "prebuilt", tmp_path / "cache"
    target = folder / prebuilt.level_here()
    target.mkdir(parents=True)
    cache.mkdir()
    shutil.copy(built(), target / prebuilt.file_name("kernel", kernel_text()))
    cell = jlstm.LSTMCell(5)
    made = compiled(cell, own_types(cell, None, 6))
    text = program_text(made.program.source)
    kept = cache_dir() / f"{made.key}.so"
    shutil.copy(kept, target / prebuilt.file_name("cell", text))

    mine, other, far = without_a_compiler(folder, cache)
    assert mine == "None"
    assert "no C++ compiler is found" in other
    assert other.endswith("this cell did not come with the package")
    assert float(far) < 1e-5


@needs_level
@pytest.mark.long
@pytest.mark.parametrize("kind", ["absent", "of another source", "damaged"])
def test_without_a_library_that_fits_the_reason_is_that_of_the_compiler(tmp_path, kind):
    folder, cache = tmp_path / "prebuilt", tmp_path / "cache"
    target = folder / prebuilt.level_here()
    target.mkdir(parents=True)
    cache.mkdir()
    text = kernel_text() + ("//" if kind == "of another source" else "")
    if kind != "absent":
        (target / prebuilt.file_name("kernel", text)).write_bytes(b"\x7fELF")
    ask = USE[: USE.index("print(unavailable(jlstm.GRUCell")]
    (said,) = without_a_compiler(folder, cache, ask)
    wanted = {"damaged": "the compiled kernel cannot be loaded"}
    assert wanted.get(kind, "no C++ compiler is found") in said


@needs_kernel
@needs_level
@pytest.mark.slow
def test_a_wheel_for_one_kind_of_machine_needs_no_compiler(tmp_path):
    folder, cache = tmp_path / "prebuilt", tmp_path / "cache"
    cache.mkdir()
    level = prebuilt.level_here()
    command = ["-m", "jlstm._backends.native.prebuild", str(folder), level]
    subprocess.run([sys.executable, *command], check=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, env=os.environ | {"JLSTM_PREBUILT": str(folder)}, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stem.split("-")[-1].startswith("linux_")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    site = str(tmp_path / "site")
    packed = Path(site, "jlstm", "_backends", "native", "prebuilt")
    code = f"import sys; sys.path.insert(0, {site!r})\n{USE}"
    mine, other, far = without_a_compiler(packed, cache, code)
    assert (mine, float(far) < 1e-5) == ("None", True)
    assert other.endswith("this cell did not come with the package")
