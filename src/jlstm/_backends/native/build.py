"""Compile the kernel once a machine, and load it.

The first use compiles ``kernel.cc`` with the system's C++ compiler for exactly the
processor at hand, which takes some seconds, and keeps the library in the user's cache
directory under a name that says from what it was made. Later processes load it; what is
damaged there is compiled again. Where nothing can compile it, that which came with the
package is loaded, if one did (``prebuilt.py``).
"""

import ctypes
import functools
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jaxlib

from jlstm._backends.native import prebuilt
from jlstm._backends.native.cache import cache_dir, is_kept, keep, make_private
from jlstm._backends.native.compiler import compile_file, find_compiler, flags
from jlstm._backends.native.error import BuildError

FOLDER = Path(__file__).with_name("kernel")
SOURCE = FOLDER / "kernel.cc"
SESSION = tuple(
    f"jlstm_session_{name}" for name in ("new", "run", "get", "set", "free")
)


class Variant(NamedTuple):
    """The kernel for one dtype that it computes in: a library of its own.

    Attributes:
        name: how files of it are called.
        source: what it is compiled from.
        targets: the functions that XLA calls.
        suffix: of their names there.
    """

    name: str
    source: Path
    targets: tuple[str, ...]
    suffix: str


CELL = ("cell_forward", "cell_backward")
VARIANTS = {
    "float32": Variant("kernel", SOURCE, ("nll_forward", "nll_backward", *CELL), ""),
    "float64": Variant("double", FOLDER / "double.cc", CELL, "_float64"),
}


@functools.cache
def load_kernel(real: str = "float32") -> ctypes.CDLL:
    """Return the kernel's library, compiled and loaded once a process.

    Args:
        real: the dtype that it computes in; so in all functions here.

    Raises:
        BuildError: it cannot be compiled or loaded here.
    """
    return _load(kernel_file(real), VARIANTS[real])


@functools.cache
def kernel_file(real: str = "float32") -> Path:
    """Return the kernel that was compiled here, or else the one of the package.

    Raises:
        BuildError: there is neither.
    """
    try:
        return built(real)
    except BuildError:
        if (path := prebuilt.find(VARIANTS[real].name, kernel_text())) is None:
            raise
        return path


def is_prebuilt(real: str = "float32") -> bool:
    """Whether the kernel came with the package; programs must come from there too.

    Else they might be for vectors of another width.
    """
    return kernel_file(real).is_relative_to(prebuilt.FOLDER)


def is_ready(real: str = "float32") -> bool:
    """Whether there is a kernel without compiling it."""
    try:
        return is_kept(library_path(real))
    except BuildError:  # there is no compiler
        return prebuilt.find(VARIANTS[real].name, kernel_text()) is not None


def target(name: str, real: str = "float32") -> str:
    """Return the name under which XLA knows a function of the kernel.

    Example:
        >>> target("cell_forward"), target("cell_forward", "float64")
        ('jlstm_cell_forward', 'jlstm_cell_forward_float64')
    """
    return f"jlstm_{name}{VARIANTS[real].suffix}"


def library_path(real: str = "float32") -> Path:
    """Return where the compiled kernel is, or would be."""
    made_of = read_source(), jax.ffi.include_dir(), jaxlib.__version__
    return cache_dir() / f"{VARIANTS[real].name}-{fingerprint(*made_of)}.so"


def built(real: str = "float32") -> Path:
    """Return the path of the compiled kernel, after compiling it if need be."""
    variant = VARIANTS[real]
    check = functools.partial(_load, variant=variant)
    return kept_library(lambda: library_path(real), variant.source, check, "kernel")


def kept_library(
    where: Callable[[], Path], source: Path | str, check: Callable, name: str
) -> Path:
    """Return where a library is kept, after compiling it if need be.

    Args:
        where: says where it is to be.
        source: a file in C++, or its text.
        check: is called with a new library before it is kept; raises if it is none.
        name: what it is, for messages.

    Raises:
        BuildError: it cannot be compiled, or is not kept.
    """
    try:
        path = where()
        make_private(path.parent)
        if not is_kept(path):
            _build(path, source, check)
    except OSError as error:
        raise BuildError(f"the {name} cannot be compiled: {error}") from error
    if not is_kept(path):
        raise BuildError(f"{path.parent} does not keep what is put there")
    return path


def _build(path: Path, source: Path | str, check: Callable) -> None:
    """Compile to a directory of its own and rename, so that no reader finds half of it.

    Two processes that compile at once both do so, and the second name wins.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        if isinstance(source, str):
            text, source = source, Path(folder) / "source.cc"
            source.write_text(text, "utf-8")
        compile_file([*find_compiler(), *flags()], source, made, FOLDER)
        check(made)
        keep(made, path)


def _load(path: Path, variant: Variant) -> ctypes.CDLL:
    """Load a library that has all functions of the kernel."""
    try:
        library = ctypes.CDLL(str(path))
        for name in (*variant.targets, *SESSION, "jlstm_register", "jlstm_on_missing"):
            getattr(library, name)
        library.jlstm_register.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
        _declare_session(library)
    except (OSError, AttributeError) as error:
        raise BuildError(f"the compiled kernel cannot be loaded: {error}") from error
    return library


def _declare_session(library: ctypes.CDLL) -> None:
    """Say what the functions of a session take: pointers are wider than C's int."""
    text, size, pointer = ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p
    types = {
        "new": ((text, *3 * (size,), pointer, *3 * (size,), text, size), pointer),
        "run": ((pointer, size, pointer, pointer), ctypes.c_bool),
        "get": ((pointer, pointer), None),
        "set": ((pointer, pointer), None),
        "free": ((pointer,), None),
    }
    for name, (arguments, result) in types.items():
        function = getattr(library, f"jlstm_session_{name}")
        function.argtypes, function.restype = arguments, result


def fingerprint(*source: str) -> str:
    """Hash all that a library depends on: a cache may be shared between machines."""
    parts = [*source, *find_compiler(), *flags(), _machine()]
    text = "\n".join(parts).encode(errors="surrogateescape")
    return hashlib.sha256(text).hexdigest()[:20]


@functools.cache
def read_source(*names: str) -> str:
    """Return the text of files of the kernel; of all, if none is named."""
    paths = [FOLDER / name for name in names] or sorted(FOLDER.iterdir())
    return "\n".join(path.read_text("utf-8") for path in paths)


@functools.cache
def kernel_text() -> str:
    """Return what a kernel that came with the package must have been made from.

    XLA takes calls of its own version of the interface only.
    """
    header = Path(jax.ffi.include_dir(), "xla", "ffi", "api", "c_api.h")
    lines = header.read_text("utf-8").splitlines()
    version = [line for line in lines if line.startswith("#define XLA_FFI_API_M")]
    return "\n".join([read_source(), *version])


@functools.cache
def _machine() -> str:
    parts = [sys.platform, platform.machine(), _c_library(), _processor()]
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
