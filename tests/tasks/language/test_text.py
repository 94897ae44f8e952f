"""Text in, text out."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from jlstm.data import Vocab
from jlstm.decoding.sample import Sampling
from jlstm.tasks.language.model import LanguageConfig, LanguageModel, generate_tokens
from jlstm.tasks.language.text import generate_text
from jlstm.training.config.stack import StackConfig

WORDS = Vocab(("a", "rose", "<eos>", "is"), "word")


@pytest.fixture(scope="module")
def model():
    config = LanguageConfig(StackConfig("RNNCell", hidden_sizes=(5,)), embedding_size=3)
    return LanguageModel(len(WORDS), config, rngs=nnx.Rngs(0))


def test_the_text_is_that_of_the_tokens(model):
    sampling = Sampling(0.7, top_k=3)
    text = generate_text(model, WORDS, "a rose\n", 12, jax.random.key(1), sampling)
    prompt = jnp.array([0, 1, 2], jnp.int32)
    tokens = generate_tokens(model, prompt, 12, jax.random.key(1), sampling)
    assert text == WORDS.decode(tokens.tolist())


def test_a_key_fixes_the_text(model):
    texts = [generate_text(model, WORDS, "a", 40, jax.random.key(k)) for k in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_a_prompt_with_an_unknown_word_is_refused(model):
    with pytest.raises(ValueError, match="The word 'tulip' is not among the 4 symbols"):
        generate_text(model, WORDS, "a tulip", 3, jax.random.key(0))


def test_an_empty_prompt_is_refused(model):
    with pytest.raises(ValueError, match="The prompt has 0 tokens"):
        generate_text(model, WORDS, "", 3, jax.random.key(0))
