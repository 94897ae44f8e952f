"""Write beyond an array by a kernel that lacks its checks; for sanitize.py."""

import ctypes
import sys

import jax

from tests.backends.native.calls import floats, likelihood


def main(path: str) -> None:
    """Ask a library for a gradient of 1000 numbers in the place of one."""
    handler = jax.ffi.pycapsule(ctypes.CDLL(path).nll_backward)
    jax.ffi.register_ffi_target("jlstm_unchecked", handler, platform="cpu")
    call = likelihood("backward", 5, 3, 1000, tied=False, bias=True)
    call.replace("d_b", floats(1))._replace(handler="unchecked").run()


if __name__ == "__main__":
    main(sys.argv[1])
