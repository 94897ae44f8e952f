"""The text of an error that is asked for."""

import pytest


def message_of(error, call):
    """Return the one line that a call fails with."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text
