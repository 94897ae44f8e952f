"""Pictures of a run: for a page or a notebook.

Every function returns a matplotlib ``Figure`` of its own and touches no global state.
All of it reads in grey: lines differ in weight and dash, and the color map of the heat
maps, cividis, grows steadily lighter.
"""

from jlstm.analysis.plots.curves import learning_curves as learning_curves
from jlstm.analysis.plots.gates import gate_picture as gate_picture
from jlstm.analysis.plots.svg import figure_to_svg as figure_to_svg
