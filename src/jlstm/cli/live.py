"""The loss while it falls, in a notebook."""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jlstm.training.log import METRICS, read_metrics

SECONDS = 2.0


def is_live(wanted: bool | None) -> bool:
    """Return whether losses are drawn: by default where a notebook shows pictures.

    Raises:
        RuntimeError: it is wanted where there is no notebook.
    """
    if wanted and not in_notebook():
        raise RuntimeError(
            "live=True draws in a notebook, and this is none: leave it out, and look "
            "at report.html in the folder of the run."
        )
    return in_notebook() if wanted is None else wanted


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython is not imported for that."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")


@contextmanager
def live_curve(folder: Path) -> Iterator[None]:
    """Draw the losses of a run while it trains."""
    from IPython.display import display

    done = threading.Event()
    shown = display(_picture([]), display_id=True)

    def draw() -> None:
        records = read_metrics(folder) if (folder / METRICS).exists() else []
        shown.update(_picture(records))

    def watch() -> None:
        while not done.wait(SECONDS):
            draw()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        draw()


def _picture(records: list[dict[str, Any]]) -> Any:
    """Return the losses of training and validation, over the updates."""
    from IPython.display import Image
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.6), layout="constrained")
    axes = figure.subplots()
    for kind, style in (("train", "-"), ("valid", "o-")):
        own = [one for one in records if one["kind"] == kind and "loss" in one]
        if own:
            axes.plot([one["step"] for one in own], [one["loss"] for one in own],
                      style, label=kind)  # fmt: skip
    axes.set_xlabel("updates")
    axes.set_ylabel("loss")
    if axes.lines:
        axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return Image(file.getvalue(), format="png")
