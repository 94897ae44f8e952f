"""How the loop is run: one definition of a cell, several ways to execute it."""

from jlstm.backends.call import Backend as Backend
from jlstm.backends.call import Call as Call
from jlstm.backends.call import CallTypes as CallTypes
from jlstm.backends.call import Steps as Steps
from jlstm.backends.call import empty_result as empty_result
from jlstm.backends.choose import BACKENDS as BACKENDS
from jlstm.backends.choose import NAMES as NAMES
from jlstm.backends.choose import BackendName as BackendName
from jlstm.backends.choose import Choice as Choice
from jlstm.backends.choose import choose as choose
from jlstm.backends.choose import named as named
from jlstm.backends.chunks import run_call as run_call
from jlstm.backends.scan import scan_steps as scan_steps
