"""Text in, text out: a language model together with its vocabulary."""

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Key
from jlstm.data.vocab import Vocab
from jlstm.decoding.sample import PLAIN, Sampling
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.model import generate_tokens


def generate_text(
    model: TokenModel,
    vocab: Vocab,
    prompt: str,
    length: int,
    key: Key,
    sampling: Sampling = PLAIN,
) -> str:
    """Continue ``prompt`` by ``length`` symbols and return the continuation.

    A fixed key gives a fixed text.

    Raises:
        ValueError: the prompt is empty or has a symbol that the vocabulary lacks, or a
            number is out of range.

    Example:
        >>> import jax
        >>> from flax import nnx
        >>> from jlstm.tasks.language.model import LanguageConfig, LanguageModel
        >>> from jlstm.training.config.stack import StackConfig
        >>> vocab = Vocab(("a", "b"), "char")
        >>> config = LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=None)
        >>> model = LanguageModel(len(vocab), config, rngs=nnx.Rngs(0))
        >>> len(generate_text(model, vocab, "ab", 6, jax.random.key(0)))
        6
    """
    ids = jnp.asarray(vocab.encode(prompt), jnp.int32)
    tokens = generate_tokens(model, ids, length, key, sampling)
    return vocab.decode(np.asarray(tokens))
