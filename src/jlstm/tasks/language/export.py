"""A trained language model in one small file: its config, its symbols, its weights.

A run's folder holds what training needs to go on. To show a model, to send it or to
keep it next to a page of text takes less: an ``.npz`` file of numpy that ``load_model``
turns into the model again, without data and without the run.
"""

import io
import json
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jlstm._internal.files import write_atomically
from jlstm.data.vocab import Vocab
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.training.config.schema import build, plain

ABOUT = "about"
"""The entry that is text: JSON in UTF-8."""


def save_model(
    path: str | Path,
    model: LanguageModel,
    vocab: Vocab,
    dtype: Literal["float16", "float32"] = "float16",
) -> None:
    """Write a language model and its symbols to one file, by a rename.

    Args:
        path: of the file, ``.npz`` by custom.
        model: the model.
        vocab: its symbols.
        dtype: of the numbers in the file: 16 bits are enough to read and to write text
            with, and take half the room.

    Raises:
        ValueError: the model has another number of symbols, or a weight that ``dtype``
            cannot hold.

    Example:
        >>> import tempfile
        >>> from jlstm.training.config.stack import StackConfig
        >>> vocab = Vocab.from_text("to be or not to be", level="word")
        >>> config = LanguageConfig(StackConfig(hidden_sizes=(8,)), embedding_size=4)
        >>> model = LanguageModel(len(vocab), config, rngs=nnx.Rngs(0))
        >>> path = Path(tempfile.mkdtemp()) / "model.npz"
        >>> save_model(path, model, vocab)
        >>> loaded, symbols = load_model(path)
        >>> loaded.config == config, symbols == vocab
        (True, True)
    """
    weights = {
        name: _cast(name, np.asarray(leaf), dtype) for name, leaf in _named(model)
    }
    if not any(len(vocab) in leaf.shape for leaf in weights.values()):
        raise ValueError(
            f"The vocabulary has {len(vocab)} symbols and no weight of the model has "
            "so many rows or columns: give the vocabulary that it was trained with."
        )
    about = {
        "config": plain(model.config),
        "level": vocab.level,
        "symbols": vocab.symbols,
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, **{ABOUT: _bytes(about)}, **weights)
    write_atomically(Path(path), packed.getvalue())


def load_model(path: str | Path) -> tuple[LanguageModel, Vocab]:
    """Read what ``save_model`` wrote; the weights come back in float32.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is not one of ``save_model``.
    """
    try:
        # np.load leaves a file open that it opened and could not read.
        with Path(path).open("rb") as file, np.load(file) as archive:
            entries = dict(archive)
        about = json.loads(entries.pop(ABOUT).tobytes())
        vocab = Vocab.from_json(about)
        config = build(LanguageConfig, about["config"])
    except FileNotFoundError:
        raise
    except Exception as error:  # what NumPy makes of a damaged file has no one type
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} holds no language model ({reason}): give a file that save_model "
            "wrote."
        ) from None
    blank = jax.eval_shape(lambda: config.make(len(vocab), nnx.Rngs(0)))
    leaves = [_restored(path, entries, name, leaf) for name, leaf in _named(blank)]
    return jax.tree.unflatten(jax.tree.structure(blank), leaves), vocab


def _named(model: Any) -> list[tuple[str, Any]]:
    """Return the weights by name, in the order of the tree's leaves."""
    return [
        (jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value"),
         leaf)
        for path, leaf in jax.tree.leaves_with_path(model)
    ]  # fmt: skip


def _cast(name: str, leaf: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        cast = leaf.astype(dtype)
    if not np.isfinite(cast).all():
        raise ValueError(
            f"{name} has values up to {np.abs(leaf).max():.3g}, which {dtype} cannot "
            "hold: give dtype='float32', or a model that did not diverge."
        )
    return cast


def _restored(path: str | Path, entries: dict, name: str, leaf: Any) -> jax.Array:
    if name not in entries or entries[name].shape != leaf.shape:
        found = entries[name].shape if name in entries else "nothing"
        raise ValueError(
            f"{path} has {found} where the model has {name} of shape {leaf.shape}: it "
            "was written by another version, or is damaged. Write it again."
        )
    return jnp.asarray(entries[name], jnp.float32)


def _bytes(about: dict[str, Any]) -> np.ndarray:
    text = json.dumps(about, ensure_ascii=False)
    return np.frombuffer(text.encode(), np.uint8)
