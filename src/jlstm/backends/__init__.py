"""How the loop is run: one definition of a cell, several ways to execute it."""

from jlstm.backends.auto import Choice as Choice
from jlstm.backends.auto import Given as Given
from jlstm.backends.choose import BACKENDS as BACKENDS
from jlstm.backends.choose import RUN as RUN
from jlstm.backends.choose import Backend as Backend
from jlstm.backends.choose import choose as choose
from jlstm.backends.cudnn import cudnn as cudnn
from jlstm.backends.fused import fused as fused
from jlstm.backends.native import native as native
from jlstm.backends.pallas import pallas as pallas
from jlstm.backends.parallel import parallel as parallel
from jlstm.backends.scan import Controls as Controls
from jlstm.backends.scan import Emit as Emit
from jlstm.backends.scan import scan as scan
