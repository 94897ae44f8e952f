"""A trained model in a folder of its own: what a run leaves for whoever uses it.

``model/`` has all that it takes to predict, and nothing of what it took to train:

- ``about.json``: the task, the versions that wrote it, digests of the next three;
- ``config.yaml``: the configuration;
- ``prep.json`` and ``prep.safetensors``: vocabularies, classes, scales;
- ``weights.safetensors``: those that were scored.

All but the weights are there from the start of a run, so that the checkpoints of one
that was cut off can be used too. The folder can be moved and sent: nothing in it is
code, and it names no file outside.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import PyTree

import jlstm
from jlstm._internal.extras import brought_by
from jlstm._internal.files import write_atomically
from jlstm.training.prep import pack, unpack
from jlstm.training.run import write_json
from jlstm.training.tree_io import leaves_to_numpy, named_leaves
from jlstm.training.yaml_file import parse_yaml, yaml_text

with brought_by("train"):
    import safetensors.numpy

FORMAT = 1
FOLDER = "model"
ABOUT, CONFIG, WEIGHTS = "about.json", "config.yaml", "weights.safetensors"
PREP, ARRAYS = "prep.json", "prep.safetensors"


class ModelFolderError(ValueError):
    """A folder holds no model, or one that is damaged or of another version."""


class DamagedModelError(ModelFolderError):
    """A file of a model is missing, or not what was written there."""


class Weights(NamedTuple):
    """What ``weights.safetensors`` holds.

    Attributes:
        which: ``"best"`` or ``"last"``: of the best epoch, or of the end.
        arrays: by the path of each in the model.
    """

    which: str
    arrays: Mapping[str, np.ndarray]


def begin_model(folder: Path, config: dict[str, Any], prep: Any) -> None:
    """Write all of a model but its weights; the folder may be there already.

    Args:
        folder: to write to; its parent exists.
        config: of the run, plain and nested.
        prep: what the model knows of its data; see :mod:`jlstm.training.prep`.

    Raises:
        TypeError: the prep has a value that has no place in a prep.
    """
    plain, arrays = pack(prep)
    files = {
        CONFIG: yaml_text(config).encode(),
        PREP: json.dumps(plain, ensure_ascii=False, indent=1).encode(),
        ARRAYS: safetensors.numpy.save(_whole(arrays)),
    }
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        write_atomically(folder / name, content)
    about = {
        "format": FORMAT,
        "jlstm": jlstm.__version__,
        "task": config["task"],
        "sha256": {name: _digest(content) for name, content in files.items()},
    }
    write_json(folder / ABOUT, about)  # last: what has it is complete


def write_weights(folder: Path, model: PyTree, which: str) -> None:
    """Write the weights of a model next to what :func:`begin_model` wrote."""
    arrays = _whole(weight_names(leaves_to_numpy(model)))
    about = {
        "which": which,
        "sha256": _digest_arrays(arrays),
        "prep": _prep_digest(folder),
    }
    content = safetensors.numpy.save(arrays, about)
    write_atomically(folder / WEIGHTS, content)


def find_model(folder: Path) -> Path:
    """Return the model of a run, given the folder of either.

    Raises:
        FileNotFoundError: there is no such folder.
        ModelFolderError: it holds no model.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}: give that of a run.")
    for place in (folder / FOLDER, folder):
        if (place / ABOUT).is_file():
            return place
    if (folder / "starts.jsonl").exists() or (folder / "checkpoints").exists():
        raise ModelFolderError(
            f"{folder} is a run without {FOLDER}/: it was stopped before its training "
            "began, or an earlier jlstm wrote it; run it again."
        )
    below = (folder.glob(f"{any_}{FOLDER}/{ABOUT}") for any_ in ("*/", "*/*/"))
    runs = sorted(about.parent.parent for found in below for about in found)
    if runs:
        raise ModelFolderError(
            f"{folder} holds {len(runs)} run(s): give one of them, such as {runs[-1]}."
        )
    raise ModelFolderError(
        f"{folder} is not the folder of a run: it has neither {FOLDER}/ nor {ABOUT}."
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration in a model's folder, as it was written.

    Raises:
        ModelFolderError: a file is damaged, or of a newer version.
        ValueError: it is not YAML as a run writes it.
    """
    return parse_yaml(_read(folder, CONFIG), folder / CONFIG)


def read_prep(folder: Path, cls: type) -> Any:
    """Return what a model knows of its data.

    Args:
        folder: of the model.
        cls: the class of it, ``Experiment.Prep``.

    Raises:
        ModelFolderError: a file is damaged, or of a newer version.
    """
    plain, arrays = _read(folder, PREP), _read(folder, ARRAYS)
    try:
        return unpack(cls, json.loads(plain), safetensors.numpy.load(arrays))
    except Exception as error:  # whatever a class makes of other fields than its own
        reason = " ".join(str(error).split())[:90] or type(error).__name__
        raise ModelFolderError(
            f"{folder} has no {PREP} of a {cls.__qualname__} ({reason}): it was "
            "changed, or another version of jlstm wrote it."
        ) from None


def read_weights(folder: Path) -> Weights | None:
    """Return the weights, or None where there are none yet.

    Raises:
        ModelFolderError: the file is damaged, or of another run.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        return None
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = file.metadata()
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        intact = about["sha256"] == _digest_arrays(arrays)
    except (safetensors.SafetensorError, OSError, KeyError, TypeError):
        intact = False
    if not intact:
        raise _damaged(folder, WEIGHTS)
    if "prep" in about and about["prep"] != _prep_digest(folder):
        raise ModelFolderError(
            f"{path} is of another run than {PREP}: their classes or words differ. "
            "Copy the folder again, or resume the run."
        )
    return Weights(about["which"], arrays)


def weight_names(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Return leaves of a model by the names that their weights have in the file.

    Example:
        >>> weight_names({"rnn/weights/0/w_ih/value": 1})
        {'rnn.weights.0.w_ih': 1}
    """
    return {n.removesuffix("/value").replace("/", "."): x for n, x in leaves.items()}


def check_fits(folder: Path, arrays: Mapping[str, np.ndarray], model: PyTree) -> None:
    """Raise ModelFolderError where weights are not those of a model.

    Args:
        folder: for the message.
        arrays: the weights by name.
        model: a tree of arrays, or of their shapes and dtypes.
    """
    leaves = weight_names(named_leaves(model))
    wanted = {name: leaf.shape for name, leaf in leaves.items()}
    found = {name: array.shape for name, array in arrays.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            raise ModelFolderError(
                f"{folder} has {found.get(name, 'nothing')} where the model has {name} "
                f"of shape {wanted.get(name, 'nothing')}: it was written by another "
                "version of jlstm."
            )


def _read(folder: Path, name: str) -> bytes:
    """Return a file, checked against the digest that ``about.json`` has of it."""
    about = _about(folder)
    try:
        content = (folder / name).read_bytes()
    except OSError:
        raise _damaged(folder, name) from None
    if _digest(content) != about["sha256"].get(name):
        raise _damaged(folder, name)
    return content


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        newer, _ = about["format"] > FORMAT, about["sha256"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(folder, ABOUT) from None
    if newer:
        raise ModelFolderError(
            f"{folder} has format {about['format']}, which a newer jlstm "
            f"({about.get('jlstm')}) wrote: install that, or train again."
        )
    return about


def _damaged(folder: Path, name: str) -> DamagedModelError:
    return DamagedModelError(
        f"{folder / name} is missing or not what was written there: copy the folder "
        "again, or resume the run, which writes it again."
    )


def _whole(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def _prep_digest(folder: Path) -> str:
    return _digest(b"".join((folder / name).read_bytes() for name in (PREP, ARRAYS)))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
        digest.update(arrays[name].reshape(-1).view(np.uint8))
    return digest.hexdigest()
