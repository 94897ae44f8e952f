"""What every finished run leaves behind: ``result.json`` and ``report.html``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import yaml

from experiments.config import RunConfig
from jlstm.analysis.plots import figure_to_svg, learning_curves
from jlstm.train.log import read_metrics
from jlstm.train.loop import Result
from jlstm.train.report import write_report
from jlstm.train.run import environment, write_json
from jlstm.train.schema import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def summarize(config: RunConfig, result: Result) -> dict[str, Any]:
    """Return the numbers that every task has, for ``result.json``."""
    place = result.place
    return {
        "name": config.name,
        "valid": result.valid,
        "test": result.test,
        "weights": config.train.test_weights,
        "best_epoch": place.best_epoch,
        "epochs": place.epoch - 1,
        "steps": place.step,
        "seconds": round(place.seconds, 1),
        "parameters": sum(p.size for p in jax.tree.leaves(result.model)),
    }


def present(
    folder: Path,
    config: RunConfig,
    summary: dict[str, Any],
    *,
    headline: Sequence[tuple[str, str]],
    loss_label: str,
    figures: Sequence[tuple[str, "Figure"]] = (),
    samples: Sequence[tuple[str, str]] = (),
    baselines: Mapping[str, float] | None = None,
) -> Path:
    """Write ``result.json`` and ``report.html``; return the path of the latter.

    Args:
        folder: of the run.
        config: what was run.
        summary: the numbers of the run, JSON data; the environment is put beside them.
        headline: the few numbers that matter, name and value; size and time of the
            run are put behind them.
        loss_label: what the axis of the learning curves says.
        figures: caption and picture, shown behind the learning curves.
        samples: heading and text of what the model produced.
        baselines: validation losses of what needs no network, by name.
    """
    around = environment()
    write_json(folder / "result.json", summary | {"environment": around})
    records = read_metrics(folder)
    curves = learning_curves(records, baselines, loss_label)
    drawn = [("Training and validation loss over the updates.", curves), *figures]
    path = write_report(
        folder,
        title=str(config.name),
        headline=[*headline, *_effort(summary)],
        figures=[(caption, figure_to_svg(figure)) for caption, figure in drawn],
        samples=samples,
        config=yaml.safe_dump(plain(config), sort_keys=False, allow_unicode=True),
        environment=around,
        metrics=records,
        baselines=baselines,
    )
    print(f"report: {path}", flush=True)
    return path


def _effort(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a run took, as far as it was written down."""
    forms = {"parameters": ",", "steps": ",", "seconds": ",.0f"}
    return [(n, format(summary[n], form)) for n, form in forms.items() if n in summary]
