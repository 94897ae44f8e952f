"""Words cut into frequent pieces, so that none is unknown: byte pair encoding.

Pairs of neighbouring pieces that are frequent become one, again and again, from single
characters on. A piece that ends a word ends in ``</w>``, so that words can be put
together again. It is computed by the package ``tokenizers``.

Source: Sennrich, Haddow and Birch, 2016, "Neural machine translation of rare words with
subword units" (arXiv:1508.07909), section 3.2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jlstm.data.words import UNK, Words

END_OF_WORD = "</w>"


@dataclass(frozen=True)
class Pieces:
    """Cuts words into the pieces that :func:`fit_pieces` has found.

    Attributes:
        text: pieces and merges as JSON, as the package ``tokenizers`` writes them.
    """

    text: str

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of that package.

        Raises:
            ImportError: the package ``tokenizers`` is not installed.
        """
        return _tokenizers().Tokenizer.from_str(self.text)

    def cut(self, sentences: Sequence[Words]) -> tuple[Words, ...]:
        """Return the pieces of each sentence; a strange character is ``<unk>``."""
        lines = [list(words) for words in sentences]
        found = self.tokenizer.encode_batch(lines, is_pretokenized=True)
        return tuple(tuple(one.tokens) for one in found)


def fit_pieces(sentences: Iterable[Words], size: int) -> Pieces:
    """Find about ``size`` pieces of the words of a text.

    Args:
        sentences: words of the training text.
        size: how many different pieces, single characters among them.

    Raises:
        ImportError: the package ``tokenizers`` is not installed.

    Example:
        >>> import pytest
        >>> tokenizers = pytest.importorskip("tokenizers")
        >>> pieces = fit_pieces([("low", "lower", "lowest")] * 5, size=14)
        >>> join_pieces(pieces.cut([("slow", "lower")])[0])
        ('slow', 'lower')
    """
    tokenizers = _tokenizers()
    model = tokenizers.models.BPE(unk_token=UNK, end_of_word_suffix=END_OF_WORD)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[UNK],
        end_of_word_suffix=END_OF_WORD,
        show_progress=False,
    )
    lines = (" ".join(words) for words in sentences)
    tokenizer.train_from_iterator(lines, trainer)
    return Pieces(tokenizer.to_str())


def join_pieces(pieces: Sequence[str]) -> Words:
    """Put words together again; what ends in no whole word is one too.

    Example:
        >>> join_pieces(("a</w>", "dog", "s</w>", "ru"))
        ('a', 'dogs', 'ru')
    """
    return tuple("".join(pieces).replace(END_OF_WORD, " ").split())


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "Byte pair encoding needs the package tokenizers, which is not installed: "
            "install it, or take whole words."
        ) from None
    return tokenizers
