"""Data for recurrent networks: data sets, vocabularies, token streams, batches.

All of it is numpy; nothing here traces or compiles.
"""

from jlstm.data.bucket import BucketedBatches as BucketedBatches
from jlstm.data.bucket import PaddedBatch as PaddedBatch
from jlstm.data.bucket import boundaries_of as boundaries_of
from jlstm.data.corpus import Corpus as Corpus
from jlstm.data.corpus import CorpusConfig as CorpusConfig
from jlstm.data.corpus import load_corpus as load_corpus
from jlstm.data.fetch import fetch as fetch
from jlstm.data.pack import Packed as Packed
from jlstm.data.pack import pack as pack
from jlstm.data.pack import unpack as unpack
from jlstm.data.registry import DATASETS as DATASETS
from jlstm.data.registry import Dataset as Dataset
from jlstm.data.registry import RemoteFile as RemoteFile
from jlstm.data.registry import dataset as dataset
from jlstm.data.split import char_rnn_split as char_rnn_split
from jlstm.data.split import tail_split as tail_split
from jlstm.data.stream import TokenStream as TokenStream
from jlstm.data.stream import Window as Window
from jlstm.data.text import language_reference as language_reference
from jlstm.data.text import read_text as read_text
from jlstm.data.tokenfile import TokenFile as TokenFile
from jlstm.data.tokenfile import open_token_file as open_token_file
from jlstm.data.vocab import Vocab as Vocab
