"""The report of a run: one HTML file that needs nothing else."""

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

Records = Sequence[Mapping[str, Any]]

PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$body</main>
</body>
</html>
""")

STYLE = """\
:root { --ink: #1d1f21; --soft: #5c6166; --line: #dcdfe2; --wash: #f5f6f7;
  --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e8; --soft: #9aa1a8; --line: #383d42; --wash: #22262a;
    --paper: #181b1e; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1.25rem;
  overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .9rem; font-weight: 600; color: var(--soft); margin: 1.25rem 0 .35rem; }
dl { display: grid; gap: 1rem; margin: 0; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
dl div { border-top: 2px solid var(--line); padding-top: .4rem; }
dt { font-size: .85rem; line-height: 1.3; color: var(--soft); }
dd { margin: .15rem 0 0; font-size: 1.3rem; line-height: 1.25;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
figure { margin: 0 0 1.75rem; }
figcaption { font-size: .9rem; color: var(--soft); margin-top: .35rem; }
.scroll { overflow-x: auto; }
.scroll svg { display: block; width: 100%; min-width: 22rem; height: auto; }
.tall { max-height: 44rem; overflow: auto; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--paper); color: var(--soft);
  font-weight: 600; vertical-align: bottom; }
th, td { text-align: right; padding: .3rem 0 .3rem .75rem;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.best td { font-weight: 700; }
tr.baseline td { color: var(--soft); }
pre { margin: 0; padding: .75rem .9rem; background: var(--wash); border-radius: 4px;
  font: .82rem/1.5 ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }
@media (max-width: 30rem) {
  table { font-size: .8rem; }
  th, td { padding-left: .4rem; }
}
details { margin-top: 1rem; }
summary { cursor: pointer; font-size: 1.15rem; font-weight: 600; padding: .25rem 0; }
"""


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
        environment: of :func:`jlstm.train.run.environment`.
        metrics: of :func:`jlstm.train.log.read_metrics`; its records of kind
            ``"valid"`` are the table.
        baselines: losses to compare with, by name; they end the table.

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
        _headline(headline),
        _figures(figures),
        _table(metrics, baselines or {}),
        _samples(samples),
        _folded("Config", config),
        _folded("Environment", _lines(environment)),
    ]
    page = PAGE.substitute(
        title=html.escape(title), style=STYLE, body="".join(p for p in parts if p)
    )
    path = folder / "report.html"
    draft = path.with_suffix(".draft")
    draft.write_text(page, encoding="utf-8")
    os.replace(draft, path)
    return path


def _headline(headline: Sequence[tuple[str, str]]) -> str:
    cells = (
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>\n"
        for name, value in headline
    )
    return f"<dl>\n{''.join(cells)}</dl>\n" if headline else ""


def _figures(figures: Sequence[tuple[str, str]]) -> str:
    drawn = (
        f'<figure>\n<div class="scroll" role="img" aria-label="{html.escape(caption)}">'
        f"{svg}</div>\n<figcaption>{html.escape(caption)}</figcaption>\n</figure>\n"
        for caption, svg in figures
    )
    return f"<h2>Curves and pictures</h2>\n{''.join(drawn)}" if figures else ""


def _samples(samples: Sequence[tuple[str, str]]) -> str:
    texts = (
        f"<h3>{html.escape(heading)}</h3>\n<pre>{html.escape(text)}</pre>\n"
        for heading, text in samples
    )
    return f"<h2>Samples</h2>\n{''.join(texts)}" if samples else ""


def _folded(heading: str, text: str) -> str:
    return (
        f"<details>\n<summary>{html.escape(heading)}</summary>\n"
        f"<pre>{html.escape(text)}</pre>\n</details>\n"
    )


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
    best = min(rows, key=lambda row: row["validation loss"])
    lines = [_row(row, columns, "best" if row is best else "") for row in rows]
    lines += [
        _row({columns[0]: name, "validation loss": loss}, columns, "baseline")
        for name, loss in baselines.items()
    ]
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    return (
        '<h2>Evaluations</h2>\n<div class="tall">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody>\n"
        "</table>\n</div>\n"
    )


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


def _row(row: Mapping[str, Any], columns: Sequence[str], kind: str) -> str:
    cells = "".join(f"<td>{html.escape(_text(row.get(name)))}</td>" for name in columns)
    return f'<tr class="{kind}">{cells}</tr>\n'


def _text(value: Any) -> str:
    """Return a number in the digits a table needs: four behind the point, or fewer."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.2f}"
