"""Losses: of tokens, of a softmax over features, of sequences by CTC and a CRF."""

from jlstm.losses.classes import class_nll as class_nll
from jlstm.losses.crf import CRFParams as CRFParams
from jlstm.losses.crf import crf_marginals as crf_marginals
from jlstm.losses.crf import crf_nll as crf_nll
from jlstm.losses.crf import crf_normalizer as crf_normalizer
from jlstm.losses.crf import crf_score as crf_score
from jlstm.losses.crf import init_crf as init_crf
from jlstm.losses.ctc import check_alignable as check_alignable
from jlstm.losses.ctc import ctc_loss as ctc_loss
from jlstm.losses.ctc import steps_needed as steps_needed
from jlstm.losses.linear_cross_entropy import linear_nll as linear_nll
from jlstm.losses.tokens import Reduction as Reduction
from jlstm.losses.tokens import class_index as class_index
from jlstm.losses.tokens import reduce_tokens as reduce_tokens
from jlstm.losses.tokens import token_nll as token_nll
