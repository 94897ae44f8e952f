"""The system's C++ compiler: which one, with what flags, and what it says.

``CXX`` names another, with arguments if need be; what ``JLSTM_KERNEL_FLAGS`` holds is
added to the flags, after all others.
"""

import contextlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import jax

from jlstm._backends.native.error import BuildError

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-O2", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
TIMEOUT = 300  # seconds


def find_compiler() -> list[str]:
    """Return the C++ compiler, and arguments for it: ``CXX`` if set, or the system's.

    Raises:
        BuildError: it is not found.
    """
    wanted = [_words("CXX")] if _given("CXX") else [[name] for name in COMPILERS]
    for name, *arguments in wanted:
        if found := shutil.which(os.path.expanduser(name)):
            return [os.path.abspath(found), *arguments]
    raise BuildError(
        f"no C++ compiler is found (looked for {', '.join(name for name, *_ in wanted)}"
        "); install one, or name it in the environment variable CXX"
    )


def flags() -> list[str]:
    """Return how the kernel is compiled: for exactly the processor at hand."""
    arm = platform.machine() in ("arm64", "aarch64")
    native = "-mcpu=native" if arm else "-march=native"
    own = _words("JLSTM_KERNEL_FLAGS")
    return [*FLAGS, native, *own]


def compile_file(command: list[str], source: Path, target: Path, include: Path) -> None:
    """Compile one file to a library; what the compiler keeps aside goes there too.

    Args:
        command: the compiler and its flags.
        source: the file.
        target: the library.
        include: where headers are, next to those of XLA's interface.

    Raises:
        BuildError: the compiler fails, or takes too long.
    """
    headers = ["-I", str(include), "-isystem", jax.ffi.include_dir()]
    words = [*command, *headers, str(source), "-o", str(target)]
    code, said = _run(words, target.parent)
    if code is None:
        raise BuildError(f"{command[0]} did not end within {TIMEOUT} seconds")
    if code:
        raise BuildError(f"{command[0]} cannot compile the kernel: {_error(said)}")
    if not target.is_file():
        raise BuildError(f"{command[0]} made no library")


def _given(name: str) -> str:
    return os.environ.get(name, "").strip()


def _words(name: str) -> list[str]:
    """Split a variable as a shell does, unless it is a path with blanks in it."""
    text = _given(name)
    if shutil.which(os.path.expanduser(text)):
        return [text]
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BuildError(f"{name}={text!r} cannot be read: {error}") from error


def _run(command: list[str], folder: Path) -> tuple[int | None, str]:
    """Return the exit code, ``None`` after the time limit, and what was said.

    What is said goes to a file: a pipe would be waited for as long as any process that
    the compiler has started holds it.
    """
    environment = os.environ | {"LC_ALL": "C", "TMPDIR": str(folder)}
    with tempfile.TemporaryFile(dir=folder) as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said,
            stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        said.seek(0)
        return code, said.read().decode(errors="replace")


def _end(process: subprocess.Popen) -> None:
    """End a compiler that still runs, and what it has started."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _error(said: str) -> str:
    """Return the line that says what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it says nothing"])[0]
