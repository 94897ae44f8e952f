"""The data sets that jlstm knows: where each file comes from and how to check it.

The table is in ``jlstm.data.tables``; ``jlstm.data.fetch`` acts on it. Nothing of it is
shipped with the package: the licence of each data set is its owner's, see
``Dataset.licence``.
"""

from jlstm.data.remote import Dataset as Dataset
from jlstm.data.remote import RemoteFile as RemoteFile
from jlstm.data.tables.images import IMAGES
from jlstm.data.tables.language import LANGUAGE
from jlstm.data.tables.music import MUSIC
from jlstm.data.tables.sentences import SENTENCES
from jlstm.data.tables.series import SERIES
from jlstm.data.tables.speech import SPEECH
from jlstm.data.tables.tagging import TAGGING
from jlstm.data.tables.translation import TRANSLATION

DATASETS = (
    *LANGUAGE,
    *TRANSLATION,
    *SENTENCES,
    *TAGGING,
    *SPEECH,
    *SERIES,
    *MUSIC,
    *IMAGES,
)


def dataset(name: str) -> Dataset:
    """Return the table's entry for a name.

    Raises:
        ValueError: the table has no such name.

    Example:
        >>> dataset("ptb").parts
        ('train', 'valid', 'test')
    """
    for entry in DATASETS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in DATASETS)
    raise ValueError(f"No data set is named {name!r}: choose one of {known}.")
