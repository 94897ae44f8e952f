"""What a model must beat: baselines without a network, in numpy."""

from jlstm.training.baselines.linear import SoftmaxRegression as SoftmaxRegression
from jlstm.training.baselines.linear import fit_softmax as fit_softmax
from jlstm.training.baselines.naive_bayes import NaiveBayes as NaiveBayes
from jlstm.training.baselines.naive_bayes import fit_naive_bayes as fit_naive_bayes
from jlstm.training.baselines.ngram import (
    kneser_ney_bigram_nll as kneser_ney_bigram_nll,
)
from jlstm.training.baselines.ngram import unigram_nll as unigram_nll
from jlstm.training.baselines.ngram import witten_bell_nll as witten_bell_nll
