"""Plots of a run: for a page or a notebook.

Every function returns a matplotlib ``Figure`` of its own and touches no global state.
All of it reads in grey: lines differ in weight and dash, and the color map of the heat
maps, cividis, grows steadily lighter.
"""

from jlstm.analysis.plots.ablation import plot_ablation as plot_ablation
from jlstm.analysis.plots.attention import plot_attention as plot_attention
from jlstm.analysis.plots.confusion import plot_confusion as plot_confusion
from jlstm.analysis.plots.curves import learning_curves as learning_curves
from jlstm.analysis.plots.dots import plot_dots as plot_dots
from jlstm.analysis.plots.exponents import plot_lyapunov as plot_lyapunov
from jlstm.analysis.plots.forecast import ForecastExample as ForecastExample
from jlstm.analysis.plots.forecast import plot_forecast as plot_forecast
from jlstm.analysis.plots.forecast import step_errors as step_errors
from jlstm.analysis.plots.frames import plot_frames as plot_frames
from jlstm.analysis.plots.gates import plot_gates as plot_gates
from jlstm.analysis.plots.grid import share_grid as share_grid
from jlstm.analysis.plots.lags import LagCurve as LagCurve
from jlstm.analysis.plots.lags import plot_lags as plot_lags
from jlstm.analysis.plots.overlay import OverlayCurve as OverlayCurve
from jlstm.analysis.plots.overlay import plot_overlay as plot_overlay
from jlstm.analysis.plots.rates import plot_rates as plot_rates
from jlstm.analysis.plots.roll import plot_roll as plot_roll
from jlstm.analysis.plots.saturation import plot_saturation as plot_saturation
from jlstm.analysis.plots.seeds import seed_curves as seed_curves
from jlstm.analysis.plots.spectrum import plot_spectrum as plot_spectrum
from jlstm.analysis.plots.speech import error_curves as error_curves
from jlstm.analysis.plots.speech import plot_log_mels as plot_log_mels
from jlstm.analysis.plots.speech import plot_utterance as plot_utterance
from jlstm.analysis.plots.steps import plot_steps as plot_steps
from jlstm.analysis.plots.svg import figure_to_svg as figure_to_svg
from jlstm.analysis.plots.text import plot_text as plot_text
from jlstm.analysis.plots.truth import plot_truth as plot_truth
from jlstm.analysis.plots.words import Passage as Passage
from jlstm.analysis.plots.words import plot_words as plot_words
