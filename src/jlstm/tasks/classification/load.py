"""Reading a data set of labelled sequences, whatever they are of."""

from jlstm.tasks.classification.data import Data, DataConfig
from jlstm.tasks.classification.texts import load_texts
from jlstm.tasks.classification.vectors import load_vectors


def load(config: DataConfig) -> Data:
    """Read a data set.

    Raises:
        FileNotFoundError, ValueError: it is not there, or the options do not fit it.
    """
    return load_texts(config) if config.is_text else load_vectors(config)
