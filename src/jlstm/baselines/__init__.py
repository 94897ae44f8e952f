"""What a model must beat: baselines without a network, in numpy."""

from jlstm.baselines.linear import SoftmaxRegression as SoftmaxRegression
from jlstm.baselines.linear import fit_softmax as fit_softmax
from jlstm.baselines.naive_bayes import NaiveBayes as NaiveBayes
from jlstm.baselines.naive_bayes import fit_naive_bayes as fit_naive_bayes
from jlstm.baselines.ngram import kneser_ney_bigram_nll as kneser_ney_bigram_nll
from jlstm.baselines.ngram import unigram_nll as unigram_nll
from jlstm.baselines.ngram import witten_bell_nll as witten_bell_nll
