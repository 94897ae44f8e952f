"""What every finished run leaves: ``result.json`` and ``report.html``.

A task says what is worth knowing, a :class:`Report`; here it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jlstm.analysis.plots import figure_to_svg, learning_curves
from jlstm.training.config.run import RunConfig
from jlstm.training.config.schema import plain
from jlstm.training.failure import install_line
from jlstm.training.failure import place as place_of
from jlstm.training.finite import ADVICE, NonFiniteError, not_finite
from jlstm.training.log import read_metrics
from jlstm.training.report.run_report import write_report
from jlstm.training.report.verdict import Verdict
from jlstm.training.run import environment, write_json
from jlstm.training.starts import effective_config
from jlstm.training.variables import hide
from jlstm.training.yaml_file import yaml_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawn = tuple[str, "Figure"]
Draw = Callable[[], Drawn | list[Drawn]]
"""Returns captions and plots."""
RESULT = "result.json"
CURVES = "Training and validation loss over the updates."


class ReportError(RuntimeError):
    """A run was trained and scored, but a part of its report failed."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is worth knowing of a finished run.

    Attributes:
        numbers: for ``result.json``, next to those that every task has.
        said: what is printed.
        headline: the few numbers that matter, name and value; size and time of the
            run are put after them.
        loss_label: what the axis of the learning curves says.
        baselines: validation losses of the baselines, next to the curves.
        figures: each returns one or more captions and plots, shown after the
            learning curves.
        tables: heading and text of what stands below the plots.
        files: writes a file of the run's folder, by its name.
        verdict: what the run comes to, in one sentence.
        sounds: caption and WAV file of what can be heard.
    """

    numbers: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    headline: Sequence[tuple[str, str]] = ()
    loss_label: str = "loss"
    baselines: Mapping[str, float] | None = None
    figures: Sequence[Draw] = ()
    tables: Sequence[tuple[str, str]] = ()
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    verdict: Verdict | None = None
    sounds: Sequence[tuple[str, bytes]] = ()


def write_scores(folder: Path, summary: dict[str, Any]) -> None:
    """Write ``result.json`` before there is a report, which may fail."""
    found = summary | {"environment": environment()}
    write_json(folder / RESULT, hide(found, effective_config(folder)))


def present(
    folder: Path, config: RunConfig, summary: dict[str, Any], report: Report
) -> Path:
    """Write ``result.json`` and ``report.html``; return the path of the latter.

    Args:
        folder: of the run.
        config: what was run.
        summary: the numbers of the run, JSON data; the environment is put next to them.
        report: what else there is to say; a plot that fails is a line there.

    Raises:
        NonFiniteError: a number of the result is not finite; all is written.
        ReportError: a plot failed; the report has all others.
    """
    texts = effective_config(folder) or plain(config)
    given = [summary, report.tables, report.baselines]
    summary, tables, baselines = hide(given, texts)
    around = environment()
    if report.verdict is not None:
        summary = summary | {"verdict": report.verdict.text}
    write_json(folder / RESULT, summary | {"environment": around})
    records = read_metrics(folder)
    curves = partial(_curves, records, baselines, report.loss_label)
    drawn, failed = draw_all([curves, *report.figures])
    still = drawn.pop(0)[1] if drawn and drawn[0][0] == CURVES else ""
    path = write_report(
        folder,
        title=hide(str(config.name), texts),
        headline=[*report.headline, *_effort(summary)],
        figures=drawn,
        samples=tables,
        config=yaml_text(texts),
        environment=around,
        metrics=records,
        baselines=baselines,
        notes=failed,
        verdict=report.verdict,
        curves=still,
        sounds=report.sounds,
    )
    if report.verdict is not None:
        print(report.verdict.text)
    print(f"report: {path}", flush=True)
    check_result(config, summary, folder)
    if failed:
        raise ReportError(f"{' '.join(failed)} All else is in {path}.")
    return path


def draw_all(figures: Sequence[Draw]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return captions and plots as SVG, and a line for each that failed."""
    drawn, failed = [], []
    for draw in figures:
        try:
            made = draw()
            pairs = [made] if isinstance(made, tuple) else made
            drawn += [(caption, figure_to_svg(figure)) for caption, figure in pairs]
        except Exception as error:
            failed.append(_picture_line(error))
    return drawn, list(dict.fromkeys(failed))


def check_result(config: RunConfig, summary: Mapping[str, Any], folder: Path) -> None:
    """Raise NonFiniteError where a number of the result is not finite.

    Of several seeds, those are named; the others are as good as they are alone.
    """
    first = config.train.seed
    names = [f"seed {first + n}" for n in range(config.train.seeds)]
    wrong = [
        f"{part} {what}"
        for part in ("valid", "test")
        for what in not_finite(summary.get(part), names)
    ]
    if wrong:
        raise NonFiniteError(
            f"The result is not finite: {', '.join(wrong)}. All numbers are in "
            f"{folder / RESULT}; {ADVICE}."
        )


def _curves(
    records: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, float] | None,
    loss_label: str,
) -> Drawn:
    return CURVES, learning_curves(records, baselines, loss_label)


def _picture_line(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"No plots: {error.name} is not installed, {install_line(error.name)}."
    said = " ".join(str(error).split())[:200]
    return f"A plot failed: {type(error).__name__}: {said} [{place_of(error)}]."


def _effort(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a run took, as far as it was written down."""
    forms = {"parameters": ",", "steps": ",", "seconds": ",.0f"}
    return [(n, format(summary[n], form)) for n, form in forms.items() if n in summary]
