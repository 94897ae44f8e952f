"""What a translator can be told."""

from dataclasses import dataclass
from typing import Literal

from jlstm._internal.options import Options, Positive, Rate, Size
from jlstm.training.config.stack import StackConfig, check_forwards, check_vector_carry

AttentionName = Literal["none", "additive", "dot", "general"]


@dataclass(frozen=True)
class Seq2SeqDropout(Options):
    """Where a translator drops, as rates; layers have ``stack.dropout`` and the like.

    Attributes:
        embedding: entries of the embedded words, of both languages.
        context: entries of the outputs of the encoder.
        output: entries of the decoder's readout, before the softmax.
    """

    embedding: Rate = 0.0
    context: Rate = 0.0
    output: Rate = 0.0


@dataclass(frozen=True)
class Seq2SeqConfig(Options):
    """Hyper-parameters of a translator.

    Attributes:
        stack: layers that read the source.
        decoder: layers that write the target, in one direction.
        embedding_size: width of both embeddings.
        attention: how the decoder looks at the source; ``"none"`` leaves it what the
            bridge has handed over.
        attention_size: units of ``attention="additive"``.
        input_feeding: give each step the readout of the one before (Luong et al.,
            2015, section 3.3); ``attention="none"`` has no use for it.
        tied: use the embedding of the target as the softmax weight (Press and Wolf,
            2017); the readout then has ``embedding_size`` units.
        init_scale: limit of the uniform draw of embeddings and softmax.
        dropout: where to drop.
    """

    stack: StackConfig = StackConfig(bidirectional=True)
    decoder: StackConfig = StackConfig(hidden_sizes=(256,))
    embedding_size: Size = 128
    attention: AttentionName = "general"
    attention_size: Size = 128
    input_feeding: bool = True
    tied: bool = True
    init_scale: Positive = 0.1
    dropout: Seq2SeqDropout = Seq2SeqDropout()

    def __post_init__(self) -> None:
        why = "and a decoder knows no later words"
        check_forwards(self.decoder, why, "model.decoder")
        *_, top = self.stack.make_stack().layers
        check_vector_carry(top, "model.stack")
        check_vector_carry(self.decoder.make_stack(), "model.decoder")
        if self.attention == "none" and self.input_feeding:
            raise ValueError(
                "model.input_feeding is true and model.attention none: there is no "
                "context to feed; set one of them otherwise."
            )

    @property
    def readout_size(self) -> int:
        """Units of what the softmax reads."""
        return self.embedding_size if self.tied else self.decoder.hidden_sizes[-1]

    @property
    def title(self) -> str:
        """What a table calls it.

        Example:
            >>> Seq2SeqConfig().title
            'BiLSTM 1×128 → LSTM 1×256, general attention, input feeding, tied'
        """
        parts = [
            f"{self.stack.title} → {self.decoder.title}",
            "no attention"
            if self.attention == "none"
            else f"{self.attention} attention",
            *(["input feeding"] if self.input_feeding else []),
            *(["tied"] if self.tied else []),
        ]
        return ", ".join(parts)
