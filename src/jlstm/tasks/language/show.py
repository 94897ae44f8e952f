"""What a trained language model shows: samples, and a table next to its baselines."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

from jlstm._internal.options import Count, NotNegative, Options, Share, Size
from jlstm.data import Corpus, Vocab
from jlstm.decoding.sample import Sampling
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.text import generate_text
from jlstm.training.report.table import table
from jlstm.training.task import perplexity


@dataclass(frozen=True)
class SampleConfig(Options):
    """What to let the trained model write.

    Attributes:
        prompt: what to continue; by default a line break, or else the symbol with which
            the validation part begins.
        length: symbols to write.
        temperatures: one text for each; 0 always takes the most likely symbol.
        top_k: draw among the k most likely symbols only.
        top_p: draw among the most likely symbols that together hold this probability.
        seed: the same seed gives the same text.
    """

    prompt: str | None = None
    length: Size = 300
    temperatures: tuple[NotNegative, ...] = (0.5, 0.8, 1.0)
    top_k: Size | None = None
    top_p: Share | None = None
    seed: Count = 0

    def sampling(self, temperature: float) -> Sampling:
        """Return how to draw at one temperature."""
        return Sampling(temperature, self.top_k, self.top_p)

    def prompt_for(self, corpus: Corpus) -> str:
        """Return the prompt, of which every symbol is in the vocabulary."""
        vocab = corpus.vocab
        if self.prompt is None:
            line_break = "\n" if vocab.level == "char" else "<eos>"
            return "\n" if line_break in vocab.index else vocab.decode(corpus.valid[:1])
        try:
            if not len(vocab.encode(self.prompt)):
                raise ValueError("It is empty: leave it out or give some text.")
        except ValueError as error:
            raise ValueError(f"sample.prompt: {error}") from None
        return self.prompt


class Sample(NamedTuple):
    """A text that a model wrote.

    Attributes:
        temperature: how boldly it was drawn.
        prompt: what it continues.
        text: what the model wrote.
    """

    temperature: float
    prompt: str
    text: str


def draw_samples(
    model: TokenModel, corpus: Corpus, config: SampleConfig
) -> list[Sample]:
    """Let the model write one text for each temperature."""
    return list(continued(model, corpus.vocab, config.prompt_for(corpus), config))


def continued(
    model: TokenModel, vocab: Vocab, prompt: str, config: SampleConfig
) -> Iterator[Sample]:
    """Yield what the model writes after a prompt, at each temperature."""
    for number, temperature in enumerate(config.temperatures):
        key = jax.random.fold_in(jax.random.key(config.seed), number)
        how = config.length, key, config.sampling(temperature)
        text = generate_text(model, vocab, prompt, *how)
        yield Sample(temperature, prompt, text)


def sample_title(sample: Sample) -> str:
    """Return how a sample was made.

    Example:
        >>> sample_title(Sample(0.5, "to be", "or not"))
        "temperature 0.5, after 'to be'"
    """
    return f"temperature {sample.temperature:g}, after {sample.prompt!r}"


def score_table(model_name: str, level: str, summary: dict[str, Any]) -> str:
    """Return a model next to its baselines: perplexity, or nats and bits."""
    rows = {model_name: {"valid": summary["valid"]["loss"]}} | summary["baselines"]
    if summary["test"] is not None:
        rows[model_name]["test"] = summary["test"]["loss"]
    parts = list(rows[model_name])
    if level == "word":
        header = [f"{part} perplexity" for part in parts]
        cells = [[perplexity(row[p]) for p in parts] for row in rows.values()]
    else:
        header = [f"{part} {unit}/char" for part in parts for unit in ("nats", "bits")]
        cells = [
            [row[p] / scale for p in parts for scale in (1.0, math.log(2))]
            for row in rows.values()
        ]
    named = [[name, *row] for name, row in zip(rows, cells, strict=True)]
    return table(["model", *header], named)
