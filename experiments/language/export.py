"""Write the model of a finished run to one small file.

    python experiments/language/export.py RUN_FOLDER FILE.npz [--dtype float32]

``jlstm.tasks.language.export.load_model(FILE)`` gives the model and its symbols again,
without the data and without the run.
"""

import argparse
import sys
from pathlib import Path

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.language.load import load_run
from jlstm.tasks.language.export import save_model
from jlstm.tasks.language.model import LanguageModel


def main() -> None:
    """Export the run that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    options = parser.parse_args()
    try:
        export(options.folder, options.file, options.dtype)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"wrote {options.file}, {options.file.stat().st_size / 1000:,.0f} kB")


def export(folder: Path, file: Path, dtype: str) -> None:
    """Write the scored model of a run.

    Raises:
        ValueError: the folder is not that of a finished run of one recurrent language
            model.
    """
    model, made = load_run(folder)
    if not isinstance(model, LanguageModel):
        raise ValueError(
            f"{folder} holds a {type(model).__name__}: only a LanguageModel, made of "
            "recurrent layers, can be written."
        )
    save_model(file, model, made.data.prep.vocab, dtype)


if __name__ == "__main__":
    main()
