"""Metrics: what people quote of a model's answers, exact, in numpy."""

from jlstm.metrics.edit import align as align
from jlstm.metrics.edit import edit_distance as edit_distance
from jlstm.metrics.edit import error_rate as error_rate
