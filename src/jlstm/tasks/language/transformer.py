"""The language task with a Transformer in the place of the recurrent layers.

Data, trainer, baselines, samples and report are those of ``task=language``. A window of
the stream is all that the Transformer sees: ``stream.window`` in training,
``stream.eval_window`` in evaluation.
"""

from dataclasses import dataclass
from typing import NoReturn

from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language import experiment as task
from jlstm.tasks.language.data import Data, Prep
from jlstm.tasks.language.transformer_model import TransformerLanguageConfig


@dataclass(frozen=True, kw_only=True)
class Config(task.Config):
    """The keys of a run.

    Attributes:
        model: hyper-parameters of the model.
    """

    model: TransformerLanguageConfig = TransformerLanguageConfig()  # pyrefly: ignore


class TransformerExperiment(task.LanguageExperiment):
    """The language task with attention over a window of the text."""

    Config = Config

    def stream(self, model: TokenModel, prep: Prep) -> NoReturn:
        """Raise NotImplementedError: attention needs the whole window again."""
        self._lacks("reads a window as a whole")

    def load(self) -> Data:
        """Check that every window has positions, and read the text."""
        config = self.config
        layers, stream = config.model.layers, config.stream
        longest = max(stream.window, stream.eval_window, config.model.context)
        if layers.positions == "learned" and longest > layers.max_length:
            raise ValueError(
                f"model.layers.max_length is {layers.max_length}, but one of "
                f"stream.window, stream.eval_window and model.context is {longest}; "
                "raise the first."
            )
        return super().load()
