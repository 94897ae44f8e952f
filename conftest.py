"""How JAX runs under pytest: strictly in tests, by its defaults in doctests.

Strict means: float64 is on, so that a dtype that is not pinned shows; dtype and rank
are never promoted silently; a random key used twice is an error. Arrays are checked
against their annotated shapes everywhere. Eight devices are simulated on the CPU.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Programs here are compiled to run once or twice: what optimising them takes is never
# won back, and is half of the time of the tests.
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        "--xla_force_host_platform_device_count=8",
        "--xla_backend_optimization_level=0",
    ]
).strip()

import jax
import pytest

import tests.checking
from tests.measured import LISTS, listed

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)

tests.checking.install("jlstm")


def pytest_collection_modifyitems(items):
    """Mark the tests that were measured to take a while."""
    for mark in LISTS:
        measured = listed(mark)
        for item in items:
            if item.nodeid in measured:
                item.add_marker(mark)


@pytest.fixture
def standard_promotion():
    """JAX's usual promotion of dtypes, which adam and the schedules of optax need."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture
def user_defaults():
    """JAX as a user has it, for what a reader will run and see."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.debug_key_reuse(False),
    ):
        yield


@pytest.fixture(autouse=True)
def _user_defaults_in_doctests(request):
    """A doctest prints what its reader will see."""
    if isinstance(request.node, pytest.DoctestItem):
        request.getfixturevalue("user_defaults")
