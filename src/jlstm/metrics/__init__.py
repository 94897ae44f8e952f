"""Metrics: what people quote of a model's answers, exact, in numpy."""

from jlstm.metrics.chunks import Chunk as Chunk
from jlstm.metrics.chunks import ChunkScore as ChunkScore
from jlstm.metrics.chunks import chunk_score as chunk_score
from jlstm.metrics.chunks import chunk_scores as chunk_scores
from jlstm.metrics.chunks import chunks_of as chunks_of
from jlstm.metrics.confusion import ClassScores as ClassScores
from jlstm.metrics.confusion import class_scores as class_scores
from jlstm.metrics.confusion import confusion as confusion
from jlstm.metrics.edit import align as align
from jlstm.metrics.edit import edit_distance as edit_distance
from jlstm.metrics.edit import error_rate as error_rate
