"""The parts of a page that needs nothing else: frame, look, tables, plots."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jlstm._internal.extras import brought_by
from jlstm._internal.files import write_atomically
from jlstm.analysis.plots.literal import readable
from jlstm.training.report.curves import Panel, as_json

TEMPLATES = Path(__file__).parent / "templates"
CHART, SORTS = 'class="chart"', 'class="sorts"'
DRAWN = ("uplot.min.js", "charts.js")


def escape(text: object) -> str:
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
    path: Path,
    title: str,
    parts: Sequence[str],
    *,
    wide: bool = False,
    refresh: int | None = None,
) -> None:
    """Write a page by a rename: a kill leaves the old page or the new one.

    The page loads nothing, works without a network, fits a telephone, and follows the
    reader's choice of light or dark. A browser runs its one script, of whose text the
    page has the digest, and no other.

    Args:
        path: where to; an old page there is replaced.
        title: of the page.
        parts: HTML from the functions below.
        wide: leave room for wide tables.
        refresh: seconds after which a browser reads the page again.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "page.html"
        >>> write_page(path, "a < b", [samples([("Prompt", "to be")])])
        >>> "<h1>a &lt; b</h1>" in path.read_text(encoding="utf-8")
        True
    """
    body = "".join(parts)
    script = _script(CHART in body, SORTS in body)
    frame = _environment().get_template("page.html")
    page = frame.render(
        title=title, width="wide" if wide else "text", body=body, refresh=refresh,
        script=script, sources=f"; script-src '{_digest(script)}'" if script else "",
    )  # fmt: skip
    write_atomically(path, page)


def verdict(text: str, kind: str) -> str:
    """Return what a run comes to, on top of its page.

    Args:
        text: one sentence.
        kind: ``"win"``, ``"loss"`` or ``"open"``.

    Example:
        >>> verdict("Beats 5-grams.", "win").strip()
        '<p class="verdict win">Beats 5-grams.</p>'
    """
    return _part("verdict", text, kind)


def curves(panels: Sequence[Panel], still: str = "") -> str:
    """Return plots that a reader can zoom into; nothing where there is none.

    Args:
        panels: of :func:`jlstm.training.report.curves.panels`.
        still: an ``<svg>`` element, for readers without scripts.

    Example:
        >>> one = {"title": "loss", "series": [{"name": "a", "points": [[1, 2.0]]}]}
        >>> '"points":[[1,2.0]]' in curves([one])
        True
    """
    return _part("curves", panels, as_json(panels), still) if panels else ""


def sounds(recordings: Sequence[tuple[str, bytes]]) -> str:
    """Return recordings, each a caption and a WAV file, that a click plays.

    Example:
        >>> "data:audio/wav;base64,UklGRg==" in sounds([("a word", b"RIFF")])
        True
    """
    sources = [
        (caption, f"data:audio/wav;base64,{base64.b64encode(wav).decode()}")
        for caption, wav in recordings
    ]
    return _part("sounds", sources) if sources else ""


def headline(numbers: Sequence[tuple[str, str]]) -> str:
    """Return the few numbers that matter, name and value, in large type.

    Example:
        >>> "<dt>loss</dt><dd>1.52</dd>" in headline([("loss", "1.52")])
        True
    """
    return _part("headline", numbers) if numbers else ""


def figures(plots: Sequence[tuple[str, str]]) -> str:
    """Return plots, each a caption and an ``<svg>`` element.

    Example:
        >>> "<figcaption>Loss</figcaption>" in figures([("Loss", "<svg></svg>")])
        True
    """
    return _part("figures", plots) if plots else ""


def samples(texts: Sequence[tuple[str, str]]) -> str:
    """Return texts as they were written, each below a heading.

    Example:
        >>> "<h3>Prompt</h3>" in samples([("Prompt", "to be")])
        True
    """
    return _part("samples", texts) if texts else ""


def paragraph(text: str) -> str:
    """Return a note in small type.

    Example:
        >>> paragraph("a < b").strip()
        '<p>a &lt; b</p>'
    """
    return _part("paragraph", text)


def folded(heading: str, text: str) -> str:
    """Return a text that opens at a click.

    Example:
        >>> "<summary>Config</summary>" in folded("Config", "seed: 1")
        True
    """
    return _part("folded", heading, text)


def table(heading: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table below a heading; nothing where there is no row.

    Example:
        >>> ">run</td><td>0.5000</td>" in table("H", ["a", "b"], [Row(["run", 0.5])])
        True
    """
    return _part("table", heading, columns, rows) if rows else ""


def cell_text(value: Any) -> str:
    """Return a number in the digits a table needs: four after the point, or fewer.

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


@cache
def _script(charts: bool, tables: bool) -> str:
    """Return what a page needs: uPlot and what it is to draw, the order of tables."""
    files = [*DRAWN * charts, *("sort.js",) * tables]
    return "\n".join((TEMPLATES / name).read_text("utf-8") for name in files)


def _digest(script: str) -> str:
    """Return the digest of a script as a page's policy has it."""
    found = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(found).decode()}"


def grid(text: str) -> list[list[str]]:
    r"""Return the cells of a table that is written in Markdown; [] for other texts.

    Example:
        >>> grid("| a | b |\n|---|--:|\n| x \\| y | 1 |")
        [['a', 'b'], ['x | y', '1']]
        >>> grid("to be")
        []
    """
    lines = text.strip().split("\n")
    if len(lines) < 2 or not all(line.startswith("|") for line in lines):
        return []
    head, rule, *rows = (_markdown_cells(line) for line in lines)
    return [head, *rows] if all(set(cell) <= set("-:") for cell in rule) else []


def _markdown_cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _part(name: str, *values: Any) -> str:
    """Return what a macro of ``templates/parts.html`` makes of some values."""
    macros = _environment().get_template("parts.html").module
    return str(getattr(macros, name)(*values))


@cache
def _environment() -> Any:
    with brought_by("train"):
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup

    def escaped(value: Any) -> Markup:
        return value if isinstance(value, Markup) else Markup(escape(value))

    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        auto_reload=False,  # a run ends with the pages that it began with
        finalize=escaped,
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    found.filters["cell_text"] = cell_text
    found.filters["grid"] = grid
    return found
