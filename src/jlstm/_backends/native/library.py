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
    VARIANTS,
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

HEADERS = ("exponential.h", "functions.h", "program.h", "vectors.h")
"""What a program includes: another kernel, or another jaxlib, keeps it."""
_loaded: dict[str, ctypes.CDLL] = {}


@functools.cache
def register_kernel(real: str = "float32") -> None:
    """Compile and load the kernel if that has not been done, and tell XLA of it.

    ``import jlstm`` does it where a kernel is in the cache. Elsewhere call it before a
    compiled program with the kernel in it (``jax.experimental.serialize_executable``)
    is loaded.

    Args:
        real: the dtype that the kernel computes in; ``"float64"`` is a library of its
            own. bfloat16 is computed by that of ``"float32"``.

    Raises:
        BuildError: the kernel cannot be compiled or loaded here.
    """
    library = load_kernel(real)
    library.jlstm_on_missing(_MISSING[real])
    for name in VARIANTS[real].targets:
        handler = jax.ffi.pycapsule(getattr(library, name))
        jax.ffi.register_ffi_target(target(name, real), handler, platform="cpu")


def register_if_built() -> None:
    """Tell XLA of the kernels that are there; compile nothing."""
    for real in VARIANTS:
        with contextlib.suppress(BuildError, OSError):  # said when it is asked for
            if is_ready(real):
                register_kernel(real)


@functools.cache
def failure(real: str = "float32") -> str | None:
    """Return why the kernel cannot run in this process; ``None`` if it can.

    Asking compiles the kernel if that has not been done.
    """
    try:
        register_kernel(real)
    except BuildError as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=1024)
def register_program(source: str, real: str = "float32") -> str:
    """Compile and load a program if need be, and return the key that names it.

    Raises:
        BuildError: it cannot be compiled or loaded here.
    """
    register_kernel(real)
    path = _prebuilt(source, real) if is_prebuilt(real) else _compiled(source)
    _register(path.stem, path, real)
    return path.stem


def program_text(source: str) -> str:
    """Return all text that a program is made from."""
    return source + read_source(*HEADERS)


def _path(source: str) -> Path:
    return cache_dir() / f"cell-{fingerprint(program_text(source))}.so"


def _compiled(source: str) -> Path:
    return kept_library(lambda: _path(source), source, _load, "cell")


def _prebuilt(source: str, real: str) -> Path:
    found = prebuilt.find("cell", program_text(source))
    if found is None:
        raise BuildError(
            f"{_why_prebuilt(real)}; this cell did not come with the package"
        )
    return found


def _why_prebuilt(real: str) -> str:
    """Return why the kernel is not one that was compiled here."""
    try:
        return f"the kernel is now {built(real)}, after the start of this process"
    except BuildError as error:
        return str(error)


def _register(key: str, path: Path, real: str) -> None:
    if key in _loaded:
        return
    library = _load(path)
    load_kernel(real).jlstm_register(key.encode(), library.jlstm_program())
    _loaded[key] = library


def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(os.fspath(path))
        library.jlstm_program.restype = ctypes.c_void_p
    except (OSError, AttributeError) as error:
        raise BuildError(f"the compiled cell cannot be loaded: {error}") from error
    return library


def _missing(key: bytes, real: str) -> None:
    """Load a program that a compiled call names and nobody has asked for here.

    So it is where XLA's program comes from a cache or a file: nothing was traced.
    """
    with contextlib.suppress(BuildError, OSError):  # the kernel says what is missing
        name = f"{key.decode()}.so"
        if is_prebuilt(real):
            path = prebuilt.FOLDER / str(prebuilt.level_here()) / name
            _register(key.decode(), path, real)
        elif is_kept(path := cache_dir() / name):
            _register(key.decode(), path, real)


_MISSING = {
    real: ctypes.CFUNCTYPE(None, ctypes.c_char_p)(
        functools.partial(_missing, real=real)
    )
    for real in VARIANTS
}
"""What each kernel calls."""
