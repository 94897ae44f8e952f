"""How the loop is run: one definition of a cell, several ways to execute it."""

from jlstm._backends.call import Backend as Backend
from jlstm._backends.call import Call as Call
from jlstm._backends.call import CallTypes as CallTypes
from jlstm._backends.call import Steps as Steps
from jlstm._backends.call import empty_result as empty_result
from jlstm._backends.choose import BACKENDS as BACKENDS
from jlstm._backends.choose import NAMES as NAMES
from jlstm._backends.choose import BackendChoice as BackendChoice
from jlstm._backends.choose import BackendName as BackendName
from jlstm._backends.choose import choose as choose
from jlstm._backends.choose import named as named
from jlstm._backends.chunks import run_call as run_call
from jlstm._backends.scan import scan_steps as scan_steps
