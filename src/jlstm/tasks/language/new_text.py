"""New text for a trained language model: prompts to continue, or text to score."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jlstm.data import Vocab
from jlstm.data.lines import Texts, read_lines_of
from jlstm.data.text import read_text
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.show import SampleConfig
from jlstm.tasks.language.text import generate_text


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


def continued(
    model: TokenModel, prompts: Sequence[str], vocab: Vocab, config: SampleConfig
) -> Iterator[dict[str, Any]]:
    """Yield what the model writes after each prompt, at each temperature."""
    for prompt in prompts:
        for number, temperature in enumerate(config.temperatures):
            key = jax.random.fold_in(jax.random.key(config.seed), number)
            how = config.length, key, config.sampling(temperature)
            text = generate_text(model, vocab, prompt, *how)
            yield {"prompt": prompt, "temperature": temperature, "text": text}


def _whole(source: Texts) -> str:
    if isinstance(source, str | os.PathLike):
        return read_text(Path(source))
    return "".join(f"{line}\n" for line in read_lines_of(source)[0])
