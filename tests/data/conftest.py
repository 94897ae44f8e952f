"""Real data, read once a session."""

import functools

import pytest


@pytest.fixture(scope="session")
def real(data_dir):
    """Call a loader where JLSTM_DATA names the real data; the result is kept."""

    @functools.cache
    def call(load, *arguments):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JLSTM_DATA", str(data_dir))
            return load(*arguments)

    return call
