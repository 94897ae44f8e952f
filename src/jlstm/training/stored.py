"""One checkpoint on the disk: written whole, and checked when it is read.

A checkpoint is a folder with the arrays (``state``, written by Orbax) and
``position.json``, which says what was saved and holds digests: of the bytes of every
array, of every file of ``state``, and of itself. So numbers that are not those that
were saved are noticed, however they came about, before anything is trained on them.
"""

import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import PyTree
from orbax.checkpoint import v1 as ocp

from jlstm._internal.files import sync_tree, write_atomically
from jlstm.training import processes
from jlstm.training.tree_io import (
    LeafSpec,
    first_difference,
    leaf_specs,
    leaves_from_numpy,
    leaves_to_numpy,
)

FORMAT = 2
"""Of ``position.json``. The first format, without a number, had no digests."""
STATE, POSITION = "state", "position.json"
OTHER_NAMES = " Another model or an older jlstm wrote it: start a new run."
BLOCK = 1 << 20


class CheckpointError(ValueError):
    """A checkpoint cannot be used: it is damaged, or another state's."""


class Packed(NamedTuple):
    """A checkpoint in memory: what ``position.json`` will say, and the arrays."""

    record: dict[str, Any]
    arrays: dict[str, np.ndarray]


def pack(name: str, state: PyTree, position: dict[str, Any]) -> Packed:
    """Return a checkpoint that is ready to be written.

    Args:
        name: of its folder in the end, which is checked when it is read.
        state: a pytree of arrays, typed random keys and Python numbers.
        position: JSON data.

    Raises:
        TypeError: ``position`` is not JSON data, or a leaf cannot be stored.
    """
    specs, arrays = leaf_specs(state), leaves_to_numpy(state)
    leaves = {n: [*spec, _digest(arrays[n])] for n, spec in specs.items()}
    record = {"format": FORMAT, "name": name, "position": position, "leaves": leaves}
    return Packed(json.loads(_to_json(record)), arrays)


def write_checkpoint(folder: Path, packed: Packed) -> None:
    """Write a checkpoint into a new folder; on return all of it is on the disk.

    Of several processes the first one writes; Orbax wants that all of them ask.
    """
    if processes.is_first():
        folder.mkdir()
    processes.meet(folder.name)
    _write_arrays(folder / STATE, {n: a for n, a in packed.arrays.items() if a.size})
    if processes.is_first():
        _seal(folder, packed)


def _seal(folder: Path, packed: Packed) -> None:
    """Write last what says that all else is there, and what it is."""
    sync_tree(folder)
    record = packed.record | {"files": _file_digests(folder / STATE)}
    sealed = {"sha256": _digest(_to_json(record).encode()), "record": record}
    write_atomically(folder / POSITION, json.dumps(sealed, indent=1))


def read_checkpoint(
    folder: Path, template: PyTree, say: Callable[[str], None] = print
) -> tuple[PyTree, dict[str, Any]]:
    """Return the state and the position in a folder, checked to the last bit.

    Args:
        folder: of the checkpoint.
        template: a tree of the structure, shapes and dtypes that were saved.
        say: gets a line about a checkpoint of the first format, which has no digests.

    Raises:
        CheckpointError: it is damaged, or differs from the template; says how.
    """
    record = _read_record(folder)
    if "format" not in record:
        say(f"{folder.name} was saved without checksums: its numbers are not checked.")
    leaves = _leaves(folder, record)
    specs = {name: spec for name, (spec, _) in leaves.items()}
    wanted = leaf_specs(template)
    difference = first_difference(wanted, specs)
    if difference is not None:
        whose = "" if wanted.keys() == specs.keys() else OTHER_NAMES
        raise CheckpointError(f"{folder.name} does not fit: {difference}.{whose}")
    arrays = _checked_arrays(folder, record, leaves)
    return leaves_from_numpy(template, arrays), record["position"]


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays in a folder by their paths, checked to the last bit.

    A random key comes as its key data.

    Raises:
        CheckpointError: it is damaged; says how.
    """
    record = _read_record(folder)
    return _checked_arrays(folder, record, _leaves(folder, record))


def _checked_arrays(
    folder: Path,
    record: dict[str, Any],
    leaves: dict[str, tuple[LeafSpec, str | None]],
) -> dict[str, np.ndarray]:
    specs = {name: spec for name, (spec, _) in leaves.items()}
    _check_files(folder, record.get("files", {}))
    arrays = {n: _empty(folder, s) for n, s in specs.items() if 0 in s.shape}
    if len(arrays) < len(specs):
        arrays.update(_read_arrays(folder))
    _check_arrays(folder, arrays, {n: digest for n, (_, digest) in leaves.items()})
    return {name: np.asarray(array) for name, array in arrays.items()}


def _empty(folder: Path, spec: LeafSpec) -> np.ndarray:
    """Return an array without numbers: Orbax writes none of these."""
    try:
        return np.zeros(spec.shape, spec.dtype)
    except (TypeError, ValueError, SyntaxError):
        raise _damaged(folder, f"{POSITION} is not what is written there") from None


def _read_record(folder: Path) -> dict[str, Any]:
    """Return what ``position.json`` says, of this format or the first one."""
    try:
        sealed = json.loads((folder / POSITION).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder, f"{POSITION}: {_reason(error)}") from None
    if isinstance(sealed, dict) and sealed.keys() == {"step", "position", "leaves"}:
        return sealed
    if not isinstance(sealed, dict) or sealed.keys() != {"sha256", "record"}:
        raise _damaged(folder, f"{POSITION} is not what is written there")
    record = sealed["record"]
    text = json.dumps(record)
    if sealed["sha256"] != _digest(text.encode()):
        raise _damaged(folder, f"{POSITION} was changed")
    if not isinstance(record, dict) or not isinstance(record.get("format"), int):
        raise _damaged(folder, f"{POSITION} is not what is written there")
    if record["format"] != FORMAT:
        raise CheckpointError(
            f"{folder.name} has format {record['format']}, which a newer jlstm wrote."
        )
    if not _is_record(record):
        raise _damaged(folder, f"{POSITION} is not what is written there")
    if record["name"] != folder.name:
        raise _damaged(folder, f"it is {record['name']} under another name")
    return record


def _is_record(record: dict[str, Any]) -> bool:
    """Whether there is all that a checkpoint of this format says, with its files."""
    if not {"name", "position", "leaves", "files"} <= record.keys():
        return False
    files = record["files"]
    return isinstance(files, dict) and all(
        isinstance(pair, list) and list(map(type, pair)) == [int, int]
        for pair in files.values()
    )


def _leaves(
    folder: Path, record: dict[str, Any]
) -> dict[str, tuple[LeafSpec, str | None]]:
    """Return what each leaf is, and its digest if there is one."""
    found = {}
    try:
        dict.keys(record["position"])
        for name, (shape, dtype, *digest) in record["leaves"].items():
            spec = LeafSpec(tuple(int(n) for n in shape), str(dtype))
            found[name] = spec, digest[0] if digest else None
    except (AttributeError, TypeError, ValueError):
        raise _damaged(folder, f"{POSITION} is not what is written there") from None
    return found


def _check_files(folder: Path, files: dict[str, list[Any]]) -> None:
    """Raise for a file that is not as it was written; new ones do no harm."""
    for name, (size, digest) in files.items():
        path = folder / STATE / name
        try:
            found = path.stat().st_size
            if found != size:
                raise _damaged(folder, f"{name} has {found} of {size} bytes")
            if _file_digest(path) != digest:
                raise _damaged(folder, f"{name} was changed")
        except OSError as error:
            raise _damaged(folder, f"{name}: {_reason(error)}") from None


def _check_arrays(
    folder: Path, arrays: dict[str, Any], digests: dict[str, str | None]
) -> None:
    for name, digest in digests.items():
        if name not in arrays:
            raise _damaged(folder, f"leaf {name!r} is missing")
        if digest is not None and _digest(np.asarray(arrays[name])) != digest:
            raise _damaged(folder, f"leaf {name!r} has other numbers")


def _write_arrays(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Let Orbax write the arrays; it refuses a tree without any."""
    if not arrays:
        folder.mkdir()
        return
    context = ocp.Context()
    # Trained weights hardly compress, and trying doubles the time.
    context.array_options.saving.use_compression = False
    # Nothing changes the arrays before the save returns.
    context.memory_options.deepcopy_host_arrays = False
    with context:
        ocp.save(str(folder), arrays)  # pyrefly: ignore[bad-argument-type]


def _read_arrays(folder: Path) -> dict[str, Any]:
    try:
        arrays: Any = ocp.load(str(folder / STATE))
    except MemoryError:
        raise
    except Exception as error:  # what Orbax makes of a damaged file has no one type
        raise _damaged(folder, f"{STATE}: {_reason(error)}") from None
    return arrays


def _to_json(record: dict[str, Any]) -> str:
    try:
        return json.dumps(record)
    except TypeError as error:
        raise TypeError(
            f"position is not JSON data ({error}); "
            "use dict, list, str, int, float, bool or None."
        ) from None


def _digest(data: np.ndarray | bytes) -> str:
    """Return the SHA-256 of bytes, or of the numbers of an array in their order."""
    if isinstance(data, np.ndarray):
        data = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    return hashlib.sha256(data).hexdigest()


def _file_digests(folder: Path) -> dict[str, list[Any]]:
    """Return size and digest of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): [path.stat().st_size, _file_digest(path)]
        for path in files
    }


def _file_digest(path: Path) -> int:
    """Return the CRC-32 of a file: the numbers in it have a stronger digest."""
    digest = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest = zlib.crc32(block, digest)
    return digest


def _damaged(folder: Path, how: str) -> CheckpointError:
    return CheckpointError(f"{folder.name} is damaged ({how}).")


def _reason(error: BaseException) -> str:
    """Return what an error says in a short line, without the path that it names."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < 90 else text[:90] + "…"
