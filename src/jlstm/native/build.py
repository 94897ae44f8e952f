"""Compile the kernel once a machine, and load it.

The first use compiles ``kernel.cc`` with the system's C++ compiler for exactly the
processor at hand, which takes some seconds, and keeps the library in the user's cache
directory under a name that says from what it was made. Later processes load it. Set
``JLSTM_CACHE_DIR`` to keep it elsewhere and ``CXX`` to choose the compiler.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jaxlib

FOLDER = Path(__file__).with_name("kernel")
SOURCE = FOLDER / "kernel.cc"
TARGETS = (
    *("lstm_forward", "lstm_backward", "gru_forward", "gru_backward"),
    *("nll_forward", "nll_backward"),
)
COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-O2", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
TIMEOUT = 300  # seconds


class BuildError(RuntimeError):
    """The kernel cannot be compiled or loaded here; the message says why."""


@functools.cache
def register() -> None:
    """Compile and load the kernel if that has not been done, and tell XLA of it.

    Raises:
        BuildError: there is no compiler, or it fails.
    """
    library = _load(built())
    for name in TARGETS:
        handler = jax.ffi.pycapsule(getattr(library, name))
        jax.ffi.register_ffi_target(target(name), handler, platform="cpu")


@functools.cache
def failure() -> str | None:
    """Return why the kernel cannot run in this process; ``None`` if it can.

    Asking compiles the kernel if that has not been done.
    """
    try:
        register()
    except BuildError as error:
        return str(error)
    return None


def target(name: str) -> str:
    """Return the name under which XLA knows a function of the kernel."""
    return f"jlstm_{name}"


def built() -> Path:
    """Return the path of the compiled kernel, after compiling it if need be."""
    compiler = find_compiler()
    path = cache_dir() / f"kernel-{_fingerprint(compiler)}.so"
    if not path.exists():
        _compile(compiler, path)
    return path


def find_compiler() -> str:
    """Return the path of the C++ compiler: ``CXX`` if set, else the system's."""
    wanted = (os.environ["CXX"],) if os.environ.get("CXX") else COMPILERS
    for name in wanted:
        found = shutil.which(name)
        if found:
            return found
    raise BuildError(
        f"no C++ compiler is found (looked for {', '.join(wanted)}); install one, or "
        "name it in the environment variable CXX"
    )


def cache_dir() -> Path:
    """Return the directory of compiled kernels."""
    if given := os.environ.get("JLSTM_CACHE_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jlstm"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "jlstm"


def _compile(compiler: str, path: Path) -> None:
    """Compile to a file of its own and rename it, so that no reader finds half of it.

    Two processes that compile at once both do so, and the second name wins.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            command = [compiler, *_flags(), str(SOURCE), "-o", str(part)]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            if done.returncode:
                raise BuildError(
                    f"{compiler} cannot compile the kernel: {_first_error(done.stderr)}"
                )
            os.replace(part, path)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"the kernel cannot be compiled: {error}") from error


def _load(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(f"the compiled kernel cannot be loaded: {error}") from error


def _flags() -> list[str]:
    arm = platform.machine() in ("arm64", "aarch64")
    native = "-mcpu=native" if arm else "-march=native"
    return [*FLAGS, native, "-isystem", jax.ffi.include_dir()]


def _fingerprint(compiler: str) -> str:
    """Hash all that the library depends on: a cache may be shared between machines."""
    parts = [path.read_text("utf-8") for path in sorted(FOLDER.iterdir())]
    parts += [compiler, *FLAGS, jaxlib.__version__]
    parts += [platform.platform(), platform.machine(), _processor()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _processor() -> str:
    """Return the model and the instruction sets of the processor."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    first = info.read_text("utf-8").split("\n\n")[0].splitlines()
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU part")
    return "\n".join(line for line in first if line.split("\t")[0].strip() in wanted)


def _first_error(text: str) -> str:
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines()
    return lines[0] if lines else "it says nothing"
