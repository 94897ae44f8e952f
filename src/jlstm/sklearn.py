"""Estimators as scikit-learn has them, under the name that one looks for."""

from jlstm.interop.sklearn import Forecaster as Forecaster
from jlstm.interop.sklearn import SequenceClassifier as SequenceClassifier
from jlstm.interop.sklearn import SequenceRegressor as SequenceRegressor
