"""Connectionist temporal classification: its loss, and how to read its answers."""

from jlstm.ctc.beam import beam_decode as beam_decode
from jlstm.ctc.greedy import Decoded as Decoded
from jlstm.ctc.greedy import greedy_decode as greedy_decode
from jlstm.ctc.loss import check_alignable as check_alignable
from jlstm.ctc.loss import ctc_loss as ctc_loss
from jlstm.ctc.loss import steps_needed as steps_needed
