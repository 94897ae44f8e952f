"""The report of a run: one HTML file that needs nothing else."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jlstm.training.nonfinite import mishaps
from jlstm.training.report import page
from jlstm.training.report.curves import panels
from jlstm.training.report.page import Row
from jlstm.training.report.verdict import Verdict
from jlstm.training.resources import read_resources

Records = Sequence[Mapping[str, Any]]


def write_report(
    folder: Path,
    *,
    title: str,
    headline: Sequence[tuple[str, str]],
    figures: Sequence[tuple[str, str]],
    samples: Sequence[tuple[str, str]],
    config: str,
    environment: Mapping[str, Any],
    metrics: Records,
    baselines: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    verdict: Verdict | None = None,
    curves: str = "",
    sounds: Sequence[tuple[str, bytes]] = (),
    refresh: int | None = None,
) -> Path:
    """Write ``report.html`` into a run's folder and return its path.

    The page loads nothing, works without a network, fits a telephone, and follows the
    reader's choice of light or dark.

    Args:
        folder: of the run; it exists.
        title: of the page.
        headline: the few numbers that matter: name and value.
        figures: caption and ``<svg>`` element, as of
            :func:`jlstm.analysis.plots.figure_to_svg`.
        samples: heading and text, such as a prompt and what the model wrote.
        config: the resolved config, as YAML.
        environment: of :func:`jlstm.training.run.environment`.
        metrics: of :func:`jlstm.training.log.read_metrics`; its records of kind
            ``"valid"`` are the table.
        baselines: losses to compare with, by name; they end the table.
        notes: lines above the plots, such as why one is missing.
        verdict: what the run comes to.
        curves: ``<svg>`` of the learning curves, for readers without scripts.
        sounds: caption and WAV file of what can be heard.
        refresh: seconds after which a browser reads the page again.

    Example:
        >>> import tempfile
        >>> path = write_report(
        ...     Path(tempfile.mkdtemp()), title="demo", headline=[("loss", "1.52")],
        ...     figures=[], samples=[("Prompt: to be", "or not to be")],
        ...     config="seed: 1", environment={"jax": "0.12"}, metrics=[],
        ... )
        >>> "<dt>loss</dt><dd>1.52</dd>" in path.read_text()
        True
    """
    parts = [
        page.verdict(verdict.text, verdict.kind) if verdict else "",
        page.headline(headline),
        *map(page.paragraph, [*notes, *mishaps(metrics)]),
        page.curves(panels([*metrics, *read_resources(folder)], baselines), curves),
        page.sounds(sounds),
        page.figures(figures),
        _table(metrics, baselines or {}),
        page.samples(samples),
        page.folded("Config", config),
        page.folded("Environment", _lines(environment)),
    ]
    path = folder / "report.html"
    page.write_page(path, title, parts, refresh=refresh)
    return path


def _lines(environment: Mapping[str, Any]) -> str:
    texts = (
        " ".join(map(str, value)) if isinstance(value, list | tuple) else value
        for value in environment.values()
    )
    return "\n".join(f"{n}: {t}" for n, t in zip(environment, texts, strict=True))


def _table(metrics: Records, baselines: Mapping[str, float]) -> str:
    """Make the table of evaluations: the best in bold, the baselines at the end."""
    rows = evaluations(metrics)
    if not rows:
        return ""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    finite = [row for row in rows if math.isfinite(row["validation loss"])]
    best = min(finite, key=lambda row: row["validation loss"], default=None)
    lines = [
        Row([row.get(name) for name in columns], "best" if row is best else "")
        for row in rows
    ]
    for name, loss in baselines.items():
        row = {columns[0]: name, "validation loss": loss}
        lines.append(Row([row.get(column) for column in columns], "baseline"))
    return page.table("Evaluations", columns, lines)


def evaluations(metrics: Records) -> list[dict[str, Any]]:
    """Return the records of kind "valid", each with the mean training loss before it.

    Example:
        >>> evaluations([
        ...     {"kind": "train", "step": 1, "loss": 3.0},
        ...     {"kind": "train", "step": 2, "loss": 2.0},
        ...     {"kind": "valid", "step": 2, "loss": 2.75},
        ... ])
        [{'step': 2, 'training loss': 2.5, 'validation loss': 2.75}]
    """
    rows, losses = [], []
    for record in metrics:
        if record["kind"] == "train" and "loss" in record:
            losses.append(record["loss"])
        if record["kind"] == "valid" and "loss" in record:
            first = {k: record[k] for k in ("epoch", "step") if k in record}
            known = ("kind", "loss", *first)
            rest = {
                name: value
                for name, value in record.items()
                if name not in known and not isinstance(value, list)
            }
            if losses:
                first["training loss"] = sum(losses) / len(losses)
            rows.append(first | {"validation loss": record["loss"]} | rest)
            losses = []
    return rows
