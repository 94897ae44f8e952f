"""The parts of a page that needs nothing else: frame, look, tables, pictures."""

import html
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from jlstm._files import write_atomically
from jlstm.analysis.plots.literal import readable

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
<main class="$width">
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
main.wide { max-width: 76rem; }
main.wide figure { max-width: 46rem; }
main.wide td { white-space: nowrap; }
main.wide th:first-child, main.wide td:first-child { position: sticky; left: 0;
  background: var(--paper); }
main.wide th:first-child { z-index: 1; }
a { color: inherit; }
p { font-size: .9rem; color: var(--soft); }
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
pre.table { white-space: pre; overflow-x: auto; }
@media (max-width: 30rem) {
  table { font-size: .8rem; }
  th, td { padding-left: .4rem; }
}
details { margin-top: 1rem; }
summary { cursor: pointer; font-size: 1.15rem; font-weight: 600; padding: .25rem 0; }
"""


def escape(text: str) -> str:
    """Return a text for HTML, with a visible sign for what may not stand there.

    Example:
        >>> escape("a < b" + chr(0))
        'a &lt; b␀'
    """
    return html.escape(readable(text))


class Link(NamedTuple):
    """A cell of a table that leads elsewhere.

    Attributes:
        text: what is shown.
        address: relative to the page.
    """

    text: str
    address: str


class Row(NamedTuple):
    """A line of a table.

    Attributes:
        cells: numbers, texts or :class:`Link`; None leaves a cell empty.
        kind: ``"best"`` for bold, ``"baseline"`` for grey, or nothing.
    """

    cells: Sequence[Any]
    kind: str = ""


def write_page(
    path: Path, title: str, parts: Sequence[str], *, wide: bool = False
) -> None:
    """Write a page by a rename: a kill leaves the old page or the new one.

    The page loads nothing, works without a network, fits a telephone, and follows the
    reader's choice of light or dark.

    Args:
        path: where to; an old page there is replaced.
        title: of the page.
        parts: HTML from the functions below.
        wide: leave room for wide tables.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "page.html"
        >>> write_page(path, "a < b", [samples([("Prompt", "to be")])])
        >>> "<h1>a &lt; b</h1>" in path.read_text(encoding="utf-8")
        True
    """
    page = PAGE.substitute(
        title=escape(title),
        style=STYLE,
        width="wide" if wide else "text",
        body="".join(parts),
    )
    write_atomically(path, page)


def headline(numbers: Sequence[tuple[str, str]]) -> str:
    """Return the few numbers that matter, name and value, in large type.

    Example:
        >>> "<dt>loss</dt><dd>1.52</dd>" in headline([("loss", "1.52")])
        True
    """
    cells = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n"
        for name, value in numbers
    )
    return f"<dl>\n{''.join(cells)}</dl>\n" if numbers else ""


def figures(pictures: Sequence[tuple[str, str]]) -> str:
    """Return pictures, each a caption and an ``<svg>`` element.

    Example:
        >>> "<figcaption>Loss</figcaption>" in figures([("Loss", "<svg></svg>")])
        True
    """
    drawn = (
        f'<figure>\n<div class="scroll" role="img" aria-label="{escape(caption)}">'
        f"{svg}</div>\n<figcaption>{escape(caption)}</figcaption>\n</figure>\n"
        for caption, svg in pictures
    )
    return f"<h2>Curves and pictures</h2>\n{''.join(drawn)}" if pictures else ""


def samples(texts: Sequence[tuple[str, str]]) -> str:
    """Return texts as they were written, each below a heading.

    Example:
        >>> "<h3>Prompt</h3>" in samples([("Prompt", "to be")])
        True
    """
    shown = (
        f"<h3>{escape(heading)}</h3>\n{_written(text)}\n" for heading, text in texts
    )
    return f"<h2>Samples</h2>\n{''.join(shown)}" if texts else ""


def _written(text: str) -> str:
    """Return a text in lines that fold, those of a table in lines that scroll."""
    kind = ' class="table"' if text.startswith("|") else ""
    return f"<pre{kind}>{escape(text)}</pre>"


def paragraph(text: str) -> str:
    """Return a note in small type.

    Example:
        >>> paragraph("a < b").strip()
        '<p>a &lt; b</p>'
    """
    return f"<p>{escape(text)}</p>\n"


def folded(heading: str, text: str) -> str:
    """Return a text that opens at a click.

    Example:
        >>> "<summary>Config</summary>" in folded("Config", "seed: 1")
        True
    """
    return (
        f"<details>\n<summary>{escape(heading)}</summary>\n"
        f"<pre>{escape(text)}</pre>\n</details>\n"
    )


def table(heading: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table below a heading; nothing where there is no row.

    Example:
        >>> "<td>run</td><td>0.5000</td>" in table("H", ["a", "b"], [Row(["run", 0.5])])
        True
    """
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(name)}</th>" for name in columns)
    return (
        f'<h2>{escape(heading)}</h2>\n<div class="tall">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(map(_line, rows))}"
        "</tbody>\n</table>\n</div>\n"
    )


def cell_text(value: Any) -> str:
    """Return a number in the digits a table needs: four behind the point, or fewer.

    Example:
        >>> cell_text(1234), cell_text(0.25), cell_text(123.456), cell_text(1e-5)
        ('1,234', '0.2500', '123.46', '1e-05')
    """
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.2f}"


def _line(row: Row) -> str:
    cells = "".join(f"<td>{_cell(value)}</td>" for value in row.cells)
    return f'<tr class="{row.kind}">{cells}</tr>\n'


def _cell(value: Any) -> str:
    if isinstance(value, Link):
        return f'<a href="{escape(value.address)}">{escape(value.text)}</a>'
    return escape(cell_text(value))
