"""Compile the kernel once a machine, load it, and tell XLA of it.

The first use compiles ``kernel.cc`` with the system's C++ compiler for exactly the
processor at hand, which takes some seconds, and keeps the library in the user's cache
directory under a name that says from what it was made. Later processes load it; what is
damaged there is compiled again.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import sys
import tempfile
from pathlib import Path

import jax
import jaxlib

from jlstm._backends.native.cache import cache_dir, is_kept, keep, make_private
from jlstm._backends.native.compiler import compile_file, find_compiler, flags
from jlstm._backends.native.error import BuildError

FOLDER = Path(__file__).with_name("kernel")
SOURCE = FOLDER / "kernel.cc"
TARGETS = (
    *("lstm_forward", "lstm_backward", "gru_forward", "gru_backward"),
    *("nll_forward", "nll_backward"),
)


@functools.cache
def register_kernel() -> None:
    """Compile and load the kernel if that has not been done, and tell XLA of it.

    ``import jlstm`` does it where a kernel is in the cache. Elsewhere call it before a
    compiled program with the kernel in it (``jax.experimental.serialize_executable``)
    is loaded.

    Raises:
        BuildError: the kernel cannot be compiled or loaded here.
    """
    library = _load(built())
    for name in TARGETS:
        handler = jax.ffi.pycapsule(getattr(library, name))
        jax.ffi.register_ffi_target(target(name), handler, platform="cpu")


def register_if_built() -> None:
    """Tell XLA of a kernel that is in the cache; compile nothing."""
    with contextlib.suppress(BuildError, OSError):  # said when it is asked for
        if is_kept(library_path()):
            register_kernel()


@functools.cache
def failure() -> str | None:
    """Return why the kernel cannot run in this process; ``None`` if it can.

    Asking compiles the kernel if that has not been done.
    """
    try:
        register_kernel()
    except BuildError as error:
        return str(error)
    return None


def target(name: str) -> str:
    """Return the name under which XLA knows a function of the kernel."""
    return f"jlstm_{name}"


def library_path() -> Path:
    """Return where the compiled kernel is, or would be."""
    return cache_dir() / f"kernel-{_fingerprint(find_compiler())}.so"


def built() -> Path:
    """Return the path of the compiled kernel, after compiling it if need be."""
    try:
        path = library_path()
        make_private(path.parent)
        if not is_kept(path):
            _build(path)
    except OSError as error:
        raise BuildError(f"the kernel cannot be compiled: {error}") from error
    if not is_kept(path):
        raise BuildError(f"{path.parent} does not keep what is put there")
    return path


def _build(path: Path) -> None:
    """Compile to a directory of its own and rename, so that no reader finds half of it.

    Two processes that compile at once both do so, and the second name wins.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        compile_file(find_compiler(), SOURCE, made)
        _load(made)
        keep(made, path)


def _load(path: Path) -> ctypes.CDLL:
    """Load a library that has all functions of the kernel."""
    try:
        library = ctypes.CDLL(str(path))
        for name in TARGETS:
            getattr(library, name)
    except (OSError, AttributeError) as error:
        raise BuildError(f"the compiled kernel cannot be loaded: {error}") from error
    return library


def _fingerprint(compiler: list[str]) -> str:
    """Hash all that the library depends on: a cache may be shared between machines."""
    text = "\n".join([_source_and_machine(), *compiler, *flags(), jaxlib.__version__])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:20]


@functools.cache
def _source_and_machine() -> str:
    parts = [path.read_text("utf-8") for path in sorted(FOLDER.iterdir())]
    parts += [sys.platform, platform.machine(), _c_library(), _processor()]
    return "\n".join(parts)


def _c_library() -> str:
    name = "CS_GNU_LIBC_VERSION"
    known = name in getattr(os, "confstr_names", ())
    return (os.confstr(name) if known else None) or ""


def _processor() -> str:
    """Return the model and the instruction sets of the processor."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    first = info.read_text("utf-8").split("\n\n")[0].splitlines()
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU part")
    return "\n".join(line for line in first if line.split("\t")[0].strip() in wanted)
