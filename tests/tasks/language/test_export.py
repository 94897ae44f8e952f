"""A language model in one file: what is read is what was written."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.data import Vocab
from jlstm.tasks.language.export import load_model, save_model
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.training.config.stack import StackConfig

FULL = pytest.param("float32", 0.0, marks=pytest.mark.slow)

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
VOCAB = Vocab(("the", "cat", "sat", "<unk>", "<eos>"), "word")
CONFIG = LanguageConfig(
    StackConfig(hidden_sizes=(6, 5)), embedding_size=4, tied=True, projected=True
)


@pytest.fixture
def model():
    return LanguageModel(len(VOCAB), CONFIG, rngs=nnx.Rngs(3))


@pytest.mark.long
@pytest.mark.parametrize(("dtype", "off"), [("float16", 5e-4), FULL])
def test_a_model_comes_back(model, tmp_path, dtype, off):
    save_model(tmp_path / "model.npz", model, VOCAB, dtype)
    loaded, vocab = load_model(tmp_path / "model.npz")
    assert vocab == VOCAB and loaded.config == CONFIG
    tokens = jnp.asarray(VOCAB.encode("the cat sat\n"), jnp.int32)
    (_, wanted), (_, found) = model(tokens), loaded(tokens)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, atol=off)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


@pytest.mark.long
def test_sixteen_bits_take_half_the_room(model, tmp_path):
    sizes = []
    for dtype in ("float32", "float16"):
        save_model(tmp_path / dtype, model, VOCAB, dtype)
        with np.load(tmp_path / dtype) as file:
            sizes.append(sum(file[name].nbytes for name in file if name != "about"))
    assert sizes[0] == 4 * sum(leaf.size for leaf in jax.tree.leaves(model))
    assert sizes[0] == 2 * sizes[1]


@pytest.mark.long
def test_what_cannot_be_written(model, tmp_path):
    with pytest.raises(ValueError, match="The vocabulary has 2 symbols and no weight"):
        save_model(tmp_path / "a", model, Vocab(("a", "b"), "char"))
    large = jax.tree.map(lambda leaf: leaf + 1e5, model)
    message = "values up to 1e.05, which float16 cannot hold: give dtype='float32'"
    with pytest.raises(ValueError, match=message):
        save_model(tmp_path / "a", large, VOCAB)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"some text", b"PK\x03\x04 half an archive"])
def test_what_is_no_model(tmp_path, content):
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(f"{path} holds no language model")):
        load_model(path)


@pytest.mark.long
def test_other_archives_of_numpy(model, tmp_path):
    np.savez(tmp_path / "other.npz", w=np.ones(3))
    with pytest.raises(ValueError, match="holds no language model"):
        load_model(tmp_path / "other.npz")
    save_model(tmp_path / "model.npz", model, VOCAB)
    with np.load(tmp_path / "model.npz") as file:
        entries = dict(file)
    entries[next(name for name in entries if name.endswith("w_hh"))] = np.ones((2, 2))
    np.savez(tmp_path / "model.npz", **entries)
    with pytest.raises(ValueError, match=r"has \(2, 2\) where the model has .*w_hh"):
        load_model(tmp_path / "model.npz")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.npz"):
        load_model(tmp_path / "model.npz")
