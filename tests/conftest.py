"""What the tests share: the hypothesis profile and the folder of real data."""

import os
from pathlib import Path

import hypothesis
import jax
import pytest
from jaxtyping import config as jaxtyping_config

hypothesis.settings.register_profile(
    "jlstm",
    deadline=None,  # the first example compiles
    derandomize=True,
    max_examples=10,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("jlstm")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets that JLSTM_DATA names.

    Without it the test is skipped, or fails where JLSTM_REQUIRE_DATA=1.
    """
    name = os.environ.get("JLSTM_DATA", "")
    if name and Path(name).is_dir():
        return Path(name)
    reason = f"JLSTM_DATA={name!r} names no folder: no real data to test with"
    if os.environ.get("JLSTM_REQUIRE_DATA") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def unchecked():
    """Annotations are not checked: an argument meets jlstm as it does at a user's."""
    before = jaxtyping_config.jaxtyping_disable
    jaxtyping_config.update("jaxtyping_disable", True)
    yield
    jaxtyping_config.update("jaxtyping_disable", before)


@pytest.fixture
def plain_keys():
    """The step folds its number into one root key: a reuse that is meant."""
    with jax.debug_key_reuse(False):
        yield
