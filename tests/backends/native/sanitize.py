"""Run the tests of the kernel on a build of it that watches every access to memory.

``python dev.py sanitize`` starts this. AddressSanitizer ends a process that touches
memory which is not its own, UndefinedBehaviorSanitizer one whose arithmetic overflows.
First a copy of the kernel without its checks must be ended so: by that it is known that
a wrong access would be found.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jlstm._backends.native.build import FOLDER, SOURCE, BuildError, library_path
from jlstm._backends.native.cache import is_kept, keep, make_private
from jlstm._backends.native.compiler import compile_file, find_compiler, flags

HERE = Path(__file__).parent
FLAGS = (
    "-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined "
    "-fno-sanitize-recover=undefined"
)
TESTS = (
    *("test_foreign_memory.py", "test_kernel.py", "test_cells.py"),
    *("test_likelihood.py", "test_session.py", "test_dtypes.py"),
)
OPTIONS = {
    # Python and XLA free nothing at their end; memory that cannot be had is an error
    # of the kernel's.
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
CHECK = "    if (!is(type, wanted)) throw"
UNCHECKED = "    if (false) throw"


def main(arguments: list[str]) -> int:
    """Return 0 if all tests pass and a wrong access is found."""
    os.environ["JLSTM_KERNEL_FLAGS"] = FLAGS
    try:
        watched = os.environ | OPTIONS | {"LD_PRELOAD": preload()}
        with ThreadPoolExecutor() as pool:  # each is one long run of the compiler
            building = pool.submit(build)
            blind = finds_nothing(watched)
            building.result()
    except BuildError as error:
        print(f"sanitize: not run, as {error}")
        return 1 if os.environ.get("CI") else 0
    workers = ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    chosen = ["-m", "(not slow and not long) or sanitize"]
    command = ["-m", "pytest", "-q", *workers, *chosen, *arguments]
    tests = [str(HERE / name) for name in TESTS]
    return blind or run([*command, *tests], watched).returncode


def preload() -> str:
    """Return the libraries that must be loaded before all others.

    Raises:
        BuildError: the compiler has no such library.
    """
    return " ".join(map(library, ("asan", "stdc++")))


def library(name: str) -> str:
    """Return the path of a library of the compiler's."""
    compiler = find_compiler()
    command = [*compiler, f"-print-file-name=lib{name}.so"]
    path = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(path):  # it says a name only where there is no such file
        raise BuildError(f"{compiler[0]} has no lib{name}.so")
    return path


def build() -> None:
    """Compile the kernel into the cache; only a watched process could load it.

    Such a process compiles the cells itself: their flags are those of the kernel.
    """
    path = library_path()
    make_private(path.parent)
    if not is_kept(path):
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            compile_file([*find_compiler(), *flags()], SOURCE, made, FOLDER)
            keep(made, path)


def finds_nothing(watched: dict[str, str]) -> bool:
    """Whether a kernel without its checks writes where it likes, and is not ended."""
    with tempfile.TemporaryDirectory() as folder:
        for source in FOLDER.iterdir():
            text = source.read_text("utf-8")
            if source.name == "arrays.h":
                assert text.count(CHECK) == 1
                text = text.replace(CHECK, UNCHECKED)
            (Path(folder) / source.name).write_text(text, "utf-8")
        made = Path(folder) / "unchecked.so"
        source = Path(folder) / SOURCE.name
        compile_file([*find_compiler(), *flags()], source, made, Path(folder))
        command = ["-m", "tests.backends.native.unchecked", str(made)]
        done = run(command, watched, text=True, capture_output=True)
    found = done.returncode != 0 and "ERROR: AddressSanitizer" in done.stderr
    told = "is found" if found else f"is NOT found: {done.stdout}{done.stderr}"
    print(f"sanitize: what a kernel without checks writes {told}", flush=True)
    return not found


def run(
    command: list[str], watched: dict[str, str], **how
) -> subprocess.CompletedProcess:
    """Run Python in the root of the project with the sanitizers in front."""
    return subprocess.run([sys.executable, *command], env=watched, cwd=HERE.parents[2],
                          **how)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
