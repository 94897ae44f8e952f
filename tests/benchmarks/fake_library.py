"""A library that computes nothing, to try the turns with."""

import os

from benchmarks.program import Program, Unsupported

PACKAGES = ("numpy",)


def build(given):
    """Return a program that does what it is told to."""
    if given["does"] == "nothing":
        raise Unsupported("has no nothing")
    if given["does"] == "prints":
        return Program(lambda: print("noise"), 0.25, "noted", {"bytes": 7})
    if given["does"] == "raises":
        raise ZeroDivisionError("by zero")
    return Program(lambda: os._exit(3))
