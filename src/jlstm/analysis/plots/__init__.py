"""Pictures of a run: for a page or a notebook.

Every function returns a matplotlib ``Figure`` of its own and touches no global state.
All of it reads in grey: lines differ in weight and dash, and the color map of the heat
maps, cividis, grows steadily lighter.
"""

from jlstm.analysis.plots.ablation import ablation_picture as ablation_picture
from jlstm.analysis.plots.attention import attention_picture as attention_picture
from jlstm.analysis.plots.confusion import confusion_picture as confusion_picture
from jlstm.analysis.plots.curves import learning_curves as learning_curves
from jlstm.analysis.plots.dots import dot_picture as dot_picture
from jlstm.analysis.plots.exponents import lyapunov_picture as lyapunov_picture
from jlstm.analysis.plots.forecast import ForecastExample as ForecastExample
from jlstm.analysis.plots.forecast import forecast_picture as forecast_picture
from jlstm.analysis.plots.forecast import step_errors as step_errors
from jlstm.analysis.plots.gates import gate_picture as gate_picture
from jlstm.analysis.plots.grid import share_grid as share_grid
from jlstm.analysis.plots.lags import LagCurve as LagCurve
from jlstm.analysis.plots.lags import lag_picture as lag_picture
from jlstm.analysis.plots.overlay import OverlayCurve as OverlayCurve
from jlstm.analysis.plots.overlay import overlay_picture as overlay_picture
from jlstm.analysis.plots.roll import roll_picture as roll_picture
from jlstm.analysis.plots.saturation import saturation_picture as saturation_picture
from jlstm.analysis.plots.seeds import seed_curves as seed_curves
from jlstm.analysis.plots.spectrum import spectrum_picture as spectrum_picture
from jlstm.analysis.plots.speech import error_curves as error_curves
from jlstm.analysis.plots.speech import log_mel_pictures as log_mel_pictures
from jlstm.analysis.plots.speech import utterance_picture as utterance_picture
from jlstm.analysis.plots.svg import figure_to_svg as figure_to_svg
from jlstm.analysis.plots.text import text_picture as text_picture
from jlstm.analysis.plots.words import Passage as Passage
from jlstm.analysis.plots.words import word_picture as word_picture
