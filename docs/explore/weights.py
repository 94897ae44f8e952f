"""Write a trained language model as a script that a page loads, without any request.

    python -m docs.explore.weights docs/tutorial/weights/captions_cpu.npz captions.js

The file comes from `jlstm.tasks.language.export.save_model` (of a run, by
`python experiments/language/export.py`). The script sets `jlstmModels.captions`, after
its own name: symbols, and arrays in base64 with the numbers of the file, bit by bit. A
page that is opened from a disk may load a script, but no data.
"""

import argparse
import base64
import json
import sys
from pathlib import Path

import numpy as np

from jlstm.tasks.language.export import ABOUT, load_model


def as_script(file: Path, name: str) -> str:
    """Return the text of a script that sets `jlstmModels[name]`.

    Raises:
        FileNotFoundError: nothing is at `file`.
        ValueError: the file holds no language model, or one that is not a single layer
            of LSTM with a projection and a tied softmax, which the pages read.
    """
    model, vocab = load_model(file)
    config = model.config
    made = (config.stack.cell, len(config.stack.hidden_sizes))
    if made != ("LSTMCell", 1) or not (config.tied and config.projected):
        raise ValueError(
            f"{file} holds {config.title}: the pages read one layer of LSTMCell with "
            "model.tied=true and model.projected=true."
        )
    with np.load(file) as archive:
        arrays = {key: packed(archive[key]) for key in archive.files if key != ABOUT}
    content = json.dumps({"symbols": vocab.symbols, "weights": arrays})
    return f"(globalThis.jlstmModels ??= {{}})[{json.dumps(name)}] = {content};\n"


def packed(array: np.ndarray) -> dict:
    """Return an array as JSON: shape, dtype and base64, the lowest byte first."""
    raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
    data = base64.b64encode(raw).decode()
    return {"shape": array.shape, "dtype": array.dtype.name, "data": data}


def main() -> None:
    """Write the script that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("script", type=Path)
    options = parser.parse_args()
    try:
        text = as_script(options.model, options.script.stem)
        options.script.write_text(text, "utf-8")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"wrote {options.script}, {options.script.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
