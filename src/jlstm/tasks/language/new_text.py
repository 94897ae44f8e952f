"""New text for a trained language model: prompts to continue, or text to score."""

import os
from pathlib import Path

import numpy as np

from jlstm.data import Vocab
from jlstm.data.lines import Texts, read_lines_of
from jlstm.data.text import read_text


def read_prompts(source: Texts, vocab: Vocab) -> tuple[str, ...]:
    """Return the texts to continue; every symbol of each is in the vocabulary.

    Raises:
        FileNotFoundError: nothing is at the path.
        ValueError: a text is empty, or has a symbol that the vocabulary lacks.
    """
    prompts, place = read_lines_of(source)
    for number, prompt in enumerate(prompts, 1):
        try:
            vocab.encode(prompt)
        except ValueError as error:
            raise ValueError(f"{place} {number}: {error}") from None
    return prompts


def read_tokens(source: Texts, vocab: Vocab) -> np.ndarray:
    """Return the ids of a text, of a file or of lines.

    Raises:
        FileNotFoundError: nothing is at the path.
        ValueError: the text has less than two symbols, or one that the vocabulary
            lacks.
    """
    text = _whole(source)
    tokens = vocab.encode(text)
    if len(tokens) < 2:
        raise ValueError(
            f"The text has {len(tokens)} symbol(s), and the first one is only read: "
            "give two or more."
        )
    return tokens


def _whole(source: Texts) -> str:
    if isinstance(source, str | os.PathLike):
        return read_text(Path(source))
    return "".join(f"{line}\n" for line in read_lines_of(source)[0])
