"""Any exception as one line: what happened, where, what is kept, how to go on."""

import errno
import re
import signal
import traceback
from dataclasses import dataclass
from pathlib import Path

from jlstm.training.exits import SIGNALLED, Exit

PACKAGE = Path(__file__).resolve().parents[1]
BY_NAME = {
    "jlstm.data.mapped.ChangedFileError": Exit.REQUEST,
    "jlstm.data.records.BrokenRecordError": Exit.REQUEST,
    "jlstm.training.finite.NonFiniteError": Exit.NOT_FINITE,
    "jlstm.training.stored.CheckpointError": Exit.DAMAGED,
    "jlstm.training.starts.DamagedError": Exit.DAMAGED,
    "jlstm.training.model_folder.DamagedModelError": Exit.DAMAGED,
    "jlstm.training.report.present.ReportError": Exit.REPORT,
    "jlstm.training.processes.LostProcessError": Exit.LOST,
    "jlstm.cli.launchers.LauncherError": Exit.NOT_FINITE,
    "builtins.MemoryError": Exit.MEMORY,
    "builtins.ModuleNotFoundError": Exit.PACKAGE,
}
"""Names, since what defines them may be the very thing that cannot be imported."""
NO_WAY_ON = Exit.NOT_FINITE, Exit.REQUEST, Exit.DAMAGED, Exit.REPORT
"""To start the same run once more would end as it did."""
DISK = re.compile(
    r"No space left|Disk quota exceeded|Read-only file system|Input/output error"
    r"|Stale file handle|File too large|ENOSPC|EDQUOT|EFBIG"
)
DISK_ERRNO = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.EFBIG,
    errno.EMFILE, errno.ENFILE,
}  # fmt: skip
FULL_MEMORY = re.compile(
    r"RESOURCE_EXHAUSTED|[Oo]ut of memory|Cannot allocate memory|bad_alloc"
    r"|Failed to allocate|Unable to allocate"
)
INSTALL = {
    "train": ("charset_normalizer", "dtaidistance", "filelock", "hydra",
              "hydra_plugins", "jinja2", "markupsafe", "matplotlib", "omegaconf",
              "pooch", "rapidfuzz", "rich", "sacrebleu", "safetensors", "scipy",
              "scoringrules", "sklearn", "soundfile", "tensorboardX", "yaml"),
    "sweep": ("optuna", "submitit"),
    "interop": ("flatbuffers", "onnx"),
    "serve": ("cachetools", "fastapi", "prometheus_client", "pydantic", "starlette",
              "uvicorn"),
    "parquet": ("pyarrow",),
    "loggers": ("mlflow", "wandb"),
}  # fmt: skip
"""Which extra of jlstm brings which package."""


class Note(str):
    """A note of ours at an error; JAX adds some of its own."""

    __slots__ = ()


@dataclass
class Reached:
    """How far the launcher got.

    Attributes:
        folder: of the run, once there is one.
        training: whether the job was started.
        sweep: the folder of a sweep, once there is one.
    """

    folder: Path | None = None
    training: bool = False
    sweep: Path | None = None


def tell(error: BaseException, reached: Reached) -> tuple[int, str]:
    """Return the exit code and the line for what ended a run."""
    if isinstance(error, KeyboardInterrupt):
        code = 128 + int(getattr(error, "signal", signal.SIGINT))
        word = SIGNALLED.get(code, str(error)).partition(" (")[0]
        return code, f"{word}; {kept(reached)}"
    code = exit_code(error, reached)
    text = f"error: {_what(error, code, reached)}"
    if code in (Exit.INTERNAL, Exit.MEMORY) or (reached.training and code is Exit.DISK):
        text += f" [{place(error)}]"
    return int(code), f"{_ended(text)} {_going_on(code, reached)}".strip()


def exit_code(error: BaseException, reached: Reached) -> Exit:
    """Return which kind of failure an exception is."""
    for name in _names(error):
        if name in BY_NAME:
            return BY_NAME[name]
    if _is_disk(error) or (reached.training and isinstance(error, OSError)):
        return Exit.DISK
    if is_full(error):
        return Exit.MEMORY
    asked = isinstance(error, ValueError | OSError | NotImplementedError)
    return Exit.REQUEST if asked and not reached.training else Exit.INTERNAL


def place(error: BaseException) -> str:
    """Return file and line of the innermost frame that is code of this project."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    if not own:
        return "no line of jlstm"
    return f"{Path(own[-1].filename).relative_to(PACKAGE.parent)}:{own[-1].lineno}"


def kept(reached: Reached) -> str:
    """Return what there is to go on with, and how."""
    folder = reached.folder
    if reached.sweep is not None:
        again = f"to go on: jlstm sweep resume={reached.sweep}"
        return f"jobs that are done are kept; {again}"
    if folder is None:
        return "nothing was begun"
    if not folder.is_dir():
        return f"{folder} is gone"
    again = f"to go on: jlstm resume {folder}"
    step = _newest(folder)
    return f"nothing was saved yet; {again}" if step is None else (
        f"the checkpoint of step {step} is kept; {again}"
    )  # fmt: skip


def install_line(module: str) -> str:
    """Return how to install what a module belongs to.

    Example:
        >>> install_line("matplotlib.figure")
        'pip install "jlstm[train]"'
        >>> install_line("torch")
        'pip install torch'
    """
    package = module.partition(".")[0]
    for extra, names in INSTALL.items():
        if package in names:
            return f'pip install "jlstm[{extra}]"'
    return f"pip install {package}"


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory.

    Example:
        >>> is_full(MemoryError()), is_full(RuntimeError("RESOURCE_EXHAUSTED: no"))
        (True, True)
        >>> is_full(OSError("RESOURCE_EXHAUSTED: No space left")), is_full(OSError())
        (False, False)
    """
    said = isinstance(error, MemoryError) or FULL_MEMORY.search(str(error))
    return bool(said) and not _is_disk(error)


def _names(error: BaseException) -> list[str]:
    return [f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__]


def _is_disk(error: BaseException) -> bool:
    return getattr(error, "errno", None) in DISK_ERRNO or bool(DISK.search(str(error)))


def _what(error: BaseException, code: Exit, reached: Reached) -> str:
    """Return what an exception says, with its type where that is part of it."""
    said = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed: {install_line(error.name)}"
    if code is Exit.MEMORY:
        notes = [n for n in getattr(error, "__notes__", ()) if isinstance(n, Note)]
        told = " ".join(notes) or "smaller batches or windows need less"
        return f"out of memory ({_short(said)}): {told}"
    if code is Exit.DISK:
        what = "a file" if reached.folder is None else "the folder of the run"
        return f"{what} cannot be written or read ({_short(said)})"
    if code is Exit.INTERNAL:
        return f"{type(error).__name__}: {_short(said)}"
    return said or type(error).__name__


def _going_on(code: Exit, reached: Reached) -> str:
    if reached.folder is None or code in NO_WAY_ON:
        return "" if code is not Exit.INTERNAL else "--debug shows the traceback."
    debug = "; --debug shows the traceback" if code is Exit.INTERNAL else ""
    text = kept(reached)
    return f"{text[0].upper()}{text[1:]}{debug}"


def _newest(folder: Path) -> int | None:
    from jlstm.training.checkpoint import Checkpoints

    return Checkpoints(folder / "checkpoints").latest()


def _short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
