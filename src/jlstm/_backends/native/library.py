"""What XLA and the kernel know in this process: the kernel's calls, and programs.

The kernel is one library, compiled once; what is compiled for a cell is its stages
only, in a fraction of a second. Both are kept in the same directory, under names that
say from what they were made.
"""

import contextlib
import ctypes
import functools
import os
from pathlib import Path

import jax

from jlstm._backends.native import prebuilt
from jlstm._backends.native.build import (
    TARGETS,
    built,
    fingerprint,
    is_prebuilt,
    is_ready,
    kept_library,
    load_kernel,
    read_source,
    target,
)
from jlstm._backends.native.cache import cache_dir, is_kept
from jlstm._backends.native.error import BuildError

HEADERS = ("functions.h", "program.h", "vectors.h")
"""What a program includes: another kernel, or another jaxlib, keeps it."""
_loaded: dict[str, ctypes.CDLL] = {}


@functools.cache
def register_kernel() -> None:
    """Compile and load the kernel if that has not been done, and tell XLA of it.

    ``import jlstm`` does it where a kernel is in the cache. Elsewhere call it before a
    compiled program with the kernel in it (``jax.experimental.serialize_executable``)
    is loaded.

    Raises:
        BuildError: the kernel cannot be compiled or loaded here.
    """
    library = load_kernel()
    library.jlstm_on_missing(_missing)
    for name in TARGETS:
        handler = jax.ffi.pycapsule(getattr(library, name))
        jax.ffi.register_ffi_target(target(name), handler, platform="cpu")


def register_if_built() -> None:
    """Tell XLA of a kernel that is there; compile nothing."""
    with contextlib.suppress(BuildError, OSError):  # said when it is asked for
        if is_ready():
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


@functools.lru_cache(maxsize=1024)
def register_program(source: str) -> str:
    """Compile and load a program if need be, and return the key that names it.

    Raises:
        BuildError: it cannot be compiled or loaded here.
    """
    register_kernel()
    path = _prebuilt(source) if is_prebuilt() else _compiled(source)
    _register(path.stem, path)
    return path.stem


def program_text(source: str) -> str:
    """Return all text that a program is made from."""
    return source + read_source(*HEADERS)


def _path(source: str) -> Path:
    return cache_dir() / f"cell-{fingerprint(program_text(source))}.so"


def _compiled(source: str) -> Path:
    return kept_library(lambda: _path(source), source, _load, "cell")


def _prebuilt(source: str) -> Path:
    found = prebuilt.find("cell", program_text(source))
    if found is None:
        raise BuildError(f"{_why_prebuilt()}; this cell did not come with the package")
    return found


def _why_prebuilt() -> str:
    """Return why the kernel is not one that was compiled here."""
    try:
        return f"the kernel is now {built()}, after the start of this process"
    except BuildError as error:
        return str(error)


def _register(key: str, path: Path) -> None:
    if key in _loaded:
        return
    library = _load(path)
    load_kernel().jlstm_register(key.encode(), library.jlstm_program())
    _loaded[key] = library


def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(os.fspath(path))
        library.jlstm_program.restype = ctypes.c_void_p
    except (OSError, AttributeError) as error:
        raise BuildError(f"the compiled cell cannot be loaded: {error}") from error
    return library


@ctypes.CFUNCTYPE(None, ctypes.c_char_p)
def _missing(key: bytes) -> None:
    """Load a program that a compiled call names and nobody has asked for here.

    So it is where XLA's program comes from a cache or a file: nothing was traced.
    """
    with contextlib.suppress(BuildError, OSError):  # the kernel says what is missing
        name = f"{key.decode()}.so"
        if is_prebuilt():
            _register(key.decode(), prebuilt.FOLDER / str(prebuilt.level_here()) / name)
        elif is_kept(path := cache_dir() / name):
            _register(key.decode(), path)
