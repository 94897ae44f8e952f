"""Samples as a file that a browser plays."""

import io
from typing import Literal

import numpy as np
from jaxtyping import Float

from jlstm._internal.extras import brought_by


def as_wav(
    samples: Float[np.ndarray, " n"], rate: int, bits: Literal[8, 16] = 16
) -> bytes:
    """Return a sound as a WAV file of one channel.

    Args:
        samples: from -1 to 1; what is louder is clipped.
        rate: how many of them make a second.
        bits: of a sample.

    Raises:
        ModuleNotFoundError: soundfile is missing; ``jlstm[train]`` brings it.

    Example:
        >>> wav = as_wav(np.zeros(100), 8_000)
        >>> wav[:4], len(wav)
        (b'RIFF', 244)
    """
    with brought_by("train"):
        import soundfile
    file = io.BytesIO()
    subtype = "PCM_U8" if bits == 8 else "PCM_16"
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()
