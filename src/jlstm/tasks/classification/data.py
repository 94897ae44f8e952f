"""The labelled sequences of a run: which, cut how, and what they are once read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Real, Shaped

from jlstm._internal.options import Count, Fraction, Options, Size
from jlstm.data import Vocab
from jlstm.data.parts import check_fractions
from jlstm.data.records import OnError
from jlstm.data.scale import Scaler
from jlstm.data.sheet.given import check_source
from jlstm.data.words import UNK, Words
from jlstm.tasks.classification.labels import ProblemType
from jlstm.tasks.classification.objective import Examples
from jlstm.training.experiment import Loaded

TextName = Literal["sst2", "sst5", "mr", "subj", "cr", "mpqa", "imdb", "labelled_text"]
VectorName = Literal[
    "mnist_rows",
    "mnist_pixels",
    "mnist_permuted",
    "mnist_pooled",
    "japanese_vowels",
    "sequences",
    "records",
]
Name = Literal[TextName, VectorName]
TEXTS, VECTORS = get_args(TextName), get_args(VectorName)
OWN = "labelled_text", "sequences"
PATHS = *OWN, "records"
_OF = dict.fromkeys(("valid_path", "test_path", "label", "group"), OWN)
_OF["problem_type"] = OWN
_OF |= {"text": OWN[:1], **dict.fromkeys(("id", "columns", "interpolate"), OWN[1:])}
_OF["on_error"] = ("records",)
"""Which data each option is of."""


@dataclass(frozen=True)
class DataConfig(Options):
    """Which labelled sequences, and how they are cut.

    Attributes:
        name: of the data set.
        path: of ``labelled_text``: a file with a class, a tab and a text a line, or
            with columns as CSV has them. Of ``sequences``: a table whose rows of one
            id are one sequence, or a folder with a folder of tables for each class. Of
            ``records``: a folder of records, or one with such folders ``train``,
            ``valid`` and ``test``; see :mod:`jlstm.data.records`.
        function: of your own data, in place of ``path``: a function by its import path,
            ``mymodule.function``, that returns a table (a DataFrame or a dictionary of
            columns) or a pair of inputs and labels; or these by ``train``, ``valid``
            and ``test``.
        valid_path: of your own data: a file that chooses the best epoch; else a share
            of ``path`` does.
        test_path: of your own data: a file to report on; else a share of ``path``.
        text: of ``labelled_text``: name of the column of texts; None to find it.
        label: of your own data: name of the column of classes, or of numbers to
            predict; None to find it.
        problem_type: of your own data: what labels are, ``"classification"`` of names
            or ``"regression"`` of numbers; ``"auto"`` takes them for numbers where all
            are and some of them have a fraction.
        group: of your own data: name of a column, such as the speaker or the author,
            each of which stands in one part alone; of a folder, a pattern of the path
            with brackets around it. None cuts by classes.
        id: of ``sequences``: the column that says which a row is of; None to find it.
        columns: of ``sequences``: the numbers to read; empty for all.
        interpolate: of ``sequences``: fill missing values; else they are an error.
        on_error: of ``records``: ``"raise"`` an error where a record is broken, or
            ``"skip"`` and count it.
        phrases: train on all labelled phrases of SST, not on its sentences alone.
        fold: which tenth of MR, Subj, CR or MPQA is the test.
        length: keep at most so many words, the last ones; None keeps all.
        min_count: words that are rarer in training are unknown.
        max_vocab: keep at most so many words.
        valid_fraction: share that chooses the best epoch, where none is given.
        test_fraction: share that ``labelled_text`` is tested on.
        order_seed: of the order of pixels in ``mnist_permuted``.
        limit_train: train on so many examples only, drawn at random.
        seed: of the cut into parts.
    """

    name: Name = "sst2"
    path: str | None = None
    function: str | None = None
    valid_path: str | None = None
    test_path: str | None = None
    text: str | None = None
    label: str | None = None
    problem_type: ProblemType = "auto"
    group: str | None = None
    id: str | None = None
    columns: tuple[str, ...] = ()
    interpolate: bool = False
    on_error: OnError = "raise"
    phrases: bool = False
    fold: Count = 0
    length: Size | None = None
    min_count: Size = 1
    max_vocab: Size | None = None
    valid_fraction: Fraction = 0.1
    test_fraction: Fraction = 0.1
    order_seed: Count = 0
    limit_train: Size | None = None
    seed: Count = 0

    def __post_init__(self) -> None:
        self._check_numbers()
        check_source(self.path, self.function, self.name, PATHS)
        if self.name == "records" and self.function is not None:
            raise ValueError(
                "data.function goes with labelled_text and sequences, data.name is "
                "records: give the folder of the records by data.path."
            )
        for key, names in _OF.items():
            if (
                getattr(self, key) not in (None, (), False, "auto", "raise")
                and self.name not in names
            ):
                raise ValueError(
                    f"data.{key} goes with data.name={' or '.join(names)}; data.name "
                    f"is {self.name!r}: leave it out."
                )
        if self.phrases and self.name not in ("sst2", "sst5"):
            raise ValueError(
                f"data.phrases is true, but only sst2 and sst5 have labelled phrases, "
                f"and data.name is {self.name!r}: set data.phrases=false."
            )

    def _check_numbers(self) -> None:
        check_fractions(self.valid_fraction, self.test_fraction)

    @property
    def is_text(self) -> bool:
        """Whether the sequences are words."""
        return self.name in TEXTS


@dataclass(frozen=True)
class Prep:
    """What a classifier knows of its data.

    Attributes:
        classes: their names; none where numbers are predicted.
        vocab: of the words, None for vectors.
        input_size: features of a vector, None for words.
        columns: the names of the features, where they have some.
        scaler: makes z-scores of the features, where that is to be done.
        target: makes z-scores of the numbers to predict; None for classes.
    """

    classes: tuple[str, ...]
    vocab: Vocab | None = None
    input_size: int | None = None
    columns: tuple[str, ...] = ()
    scaler: Scaler | None = None
    target: Scaler | None = None

    @property
    def problem_type(self) -> ProblemType:
        """What the labels are."""
        return "classification" if self.target is None else "regression"

    @property
    def outputs(self) -> int:
        """What a model gives for a sequence: a logit for each class, or a number."""
        return len(self.classes) or 1

    def name_of(self, label: int | float | np.number) -> str:
        """Return the name of a class, or a number to predict as a text."""
        return self.classes[int(label)] if self.classes else f"{label:.4g}"

    @property
    def inputs(self) -> dict[str, int | None]:
        """What a model reads: ids of words, one of them unknown, or vectors."""
        if self.vocab is None:
            return {"input_size": self.input_size}
        return {"vocab_size": len(self.vocab), "unknown": self.vocab.index[UNK]}


class Part(NamedTuple):
    """Labelled sequences.

    Attributes:
        sequences: ids of words, or vectors.
        labels: the number of each class, or the numbers to predict; 0 where they are
            not known.
        sentences: the words of the ids, None for vectors.
        names: of the sequences, where they have some.
    """

    sequences: Sequence[Shaped[np.ndarray, "t ..."]]
    labels: Real[np.ndarray, " n"]
    sentences: tuple[Words, ...] | None = None
    names: tuple[str, ...] | None = None

    @property
    def examples(self) -> Examples:
        """The sequences and labels alone."""
        return Examples(self.sequences, self.labels)


Data = Loaded[Prep, Part]
