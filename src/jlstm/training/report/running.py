"""The page of a run that is not finished: it is there from the first epoch on."""

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jlstm.training.log import read_metrics
from jlstm.training.position import TrainPosition
from jlstm.training.report.run_report import write_report
from jlstm.training.report.verdict import Verdict
from jlstm.training.run import environment
from jlstm.training.yaml_file import yaml_text

SECONDS = 10
"""Between two pages, and until a browser reads the next one."""


class RunningPage:
    """Writes ``report.html`` while a run trains, now and then.

    So one can watch a run, and a run that died has its curves.

    Args:
        folder: of the run.
        title: of the page.
        epochs: of the whole run.
        config: as it was written, YAML of texts.
    """

    def __init__(
        self, folder: Path, title: str, epochs: int, config: Mapping[str, Any]
    ) -> None:
        self._folder, self._title, self._epochs = folder, title, epochs
        self._config, self._written = config, -float("inf")

    def __call__(self, place: TrainPosition) -> None:
        """Write the page after an epoch, unless one was written just now."""
        if time.monotonic() - self._written < SECONDS:
            return
        with contextlib.suppress(OSError):  # a page is no reason to stop a training
            self._write(place)
        self._written = time.monotonic()

    def _write(self, place: TrainPosition) -> None:
        done = place.epoch - 1
        now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        text = f"Not finished: epoch {done} of {self._epochs} ended on {now}. "
        again = f"If it trains no more: jlstm resume {self._folder}"
        write_report(
            self._folder,
            title=self._title,
            headline=[("best epoch", str(place.best_epoch)),
                      ("steps", f"{place.step:,}")],
            figures=[],
            samples=[],
            config=yaml_text(self._config),
            environment=environment(),
            metrics=read_metrics(self._folder),
            verdict=Verdict(text + again),
            refresh=SECONDS,
        )  # fmt: skip
