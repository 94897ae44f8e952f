"""Decoding: draw tokens, search for likely sequences, read the answers of CTC."""

from jlstm.decoding.beam import Beams as Beams
from jlstm.decoding.beam import Search as Search
from jlstm.decoding.beam import beam_search as beam_search
from jlstm.decoding.beam import greedy_search as greedy_search
from jlstm.decoding.ctc_beam import ctc_beam_decode as ctc_beam_decode
from jlstm.decoding.ctc_greedy import Decoded as Decoded
from jlstm.decoding.ctc_greedy import ctc_greedy_decode as ctc_greedy_decode
from jlstm.decoding.sample import Sampling as Sampling
from jlstm.decoding.sample import generate as generate
from jlstm.decoding.sample import most_likely as most_likely
from jlstm.decoding.sample import restrict as restrict
from jlstm.decoding.sample import sample as sample
