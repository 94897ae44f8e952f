"""Any text of a user in any plot, page and table: shown as it is, without a word."""

import re
import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from jlstm.analysis import plots
from jlstm.analysis.plots import figure_to_svg
from jlstm.analysis.plots.literal import LONGEST, readable
from jlstm.analysis.plots.points import plot_points
from jlstm.training.numbers import from_json, to_json
from jlstm.training.report import page
from jlstm.training.report.run_report import write_report
from jlstm.training.report.table import table
from tests.quick import crossed

NASTY = {
    "two dollars": "$10_$20",
    "a formula": r"$\frac{1}{0}$ $x^2$",
    "a broken formula": r"$\foo{$ and $^_$",
    "an escaped dollar": r"\$5 and $6",
    "backslashes": r"\alpha\n\\ C:\new",
    "percent and braces": "100 % {} {0} %s %(x)s {x!r}",
    "html": "<script>alert(1)</script> & \"quotes' ]]> <!--",
    "line breaks": "one\ntwo\r\nthree\ttabs",
    "long": "long " * 2000,
    "emoji": "😀 👩‍👩‍👧‍👦 🇩🇪",
    "chinese": "中文 日本語 한국어",
    "right to left": "שלום عربى \u202eabc",
    "nul and control": "a\0b\x1b[31m\x07\x7f\x85",
    "a lone surrogate": "a\udcffb",
    "no character": "a\uffffb\ufffe",
    "underscore first": "_hidden",
    "nothing": "",
    "blanks": "   ",
    "combining": "e\u0301\u0302\u0303 ﷽",
    "markdown": "| a | `b` | **c** |",
}
ONES = np.ones((2, 2))
SOUND = np.random.default_rng(0).random((6, 4)).astype(np.float32)


def examples(title):
    line = np.array([1.0, 2.0])
    return [plots.ForecastExample(title, line, line, line, line, line, line)]


DRAW = {
    "confusion": lambda t: plots.plot_confusion(np.eye(2, dtype=int), [t, "b"]),
    "curves": lambda t: plots.learning_curves(
        [{"kind": "valid", "step": n, "loss": 1.0 + n} for n in (1, 2)], {t: 2.0}, t
    ),
    "dots": lambda t: plots.plot_dots(
        {t: [1.0, 2.0], "b": [1.0]}, {t: 1.0, "b": 1.0}, label=t, marked=t
    ),
    "attention": lambda t: plots.plot_attention(ONES, [t, "b"], [t, "c"]),
    "step lines": lambda t: plots.plot_steps(
        {t: {t: np.ones(2), "b": np.zeros(2)}, "b": {t: np.ones(2)}}, [t, "b"]
    ),
    "gates": lambda t: plots.plot_gates({"f": np.ones((2, 3))}, [t, "b"]),
    "grid": lambda t: plots.share_grid(
        ONES, [t, "b"], [t, "c"], [[t, "1"], ["1", t]], label=t
    ),
    "forecast": lambda t: plots.plot_forecast(examples(t), baseline=t),
    "steps": lambda t: plots.step_errors({t: np.ones(3)}, t),
    "lags": lambda t: plots.plot_lags({t: {t: plots.LagCurve(np.ones(3))}}),
    "overlay": lambda t: plots.plot_overlay(
        {t: {t: plots.OverlayCurve([1.0, 2.0], [1.0, 3.0])}}, (t, t), [t]
    ),
    "points": lambda t: plot_points(
        {t: [(1, 1.0), (2, 2.0)]}, x_label=t, y_label=t, baseline=(t, 1.0)
    ),
    "seeds": lambda t: plots.seed_curves([1, 2], [[1.0, 2.0]], 1.5, label=t),
    "utterance": lambda t: plots.plot_utterance(
        SOUND, np.full((3, 2), 0.5), [t, "b"], hop=0.1, step=0.2, unit=t
    ),
    "sounds": lambda t: plots.plot_log_mels([(t, SOUND)], 0.1),
    "text": lambda t: plots.plot_text(t or "x", np.ones(len(t or "x"))),
    "words": lambda t: plots.plot_words(
        [plots.Passage(t, (t, "b"), np.array([1.0, -1.0]))]
    ),
    "ablation": lambda t: plots.plot_ablation(np.ones(3), t),
}


@pytest.mark.parametrize(("what", "kind"), crossed(DRAW, NASTY))
def test_a_plot_takes_any_text(what, kind):
    if kind == "long" and what == "text":
        pytest.skip("a text plot has a text of any length: not a label")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = figure_to_svg(DRAW[what](NASTY[kind]))
    ET.fromstring(svg)
    svg.encode()
    assert "<script" not in svg and "\0" not in svg


@pytest.mark.parametrize("text", ["$10_$20", r"\alpha $x$", "100 % {}"])
def test_a_label_is_drawn_as_it_stands(text):
    svg = figure_to_svg(plots.plot_confusion(np.eye(2, dtype=int), [text, "b"]))
    assert svg.count(f">{text}</text>") == 2


def test_a_label_that_is_too_long_is_cut():
    svg = figure_to_svg(plots.step_errors({"long " * 99: np.ones(3)}))
    (shown,) = [t for t in ET.fromstring(svg).itertext() if t.startswith("long ")]
    assert len(shown) == LONGEST and shown.endswith("…")


def test_numbers_of_a_logarithmic_scale_are_still_formulas():
    figure = plots.plot_lags({"c": {"a": plots.LagCurve(np.array([1.0, 1.0, 1e-4]))}})
    texts = ET.fromstring(figure_to_svg(figure)).itertext()
    written = "".join("".join(texts).split())
    assert "10−2" in written and "mathdefault" not in written and "$" not in written


@pytest.mark.parametrize("kind", NASTY)
def test_a_page_and_a_table_take_any_text(tmp_path, kind):
    text = NASTY[kind]
    records = [{"kind": "valid", "step": 1, "loss": 1.0, text or "x": 2.0}]
    path = write_report(
        tmp_path, title=text, headline=[(text, text)], figures=[(text, "<svg/>")],
        samples=[(text, text)], config=text, environment={text: text}, metrics=records,
        baselines={text: 1.0}, notes=[text],
    )  # fmt: skip
    written = path.read_text(encoding="utf-8")
    written = re.sub("<script.*?</script>", "", written, count=2, flags=re.DOTALL)
    assert "<script" not in written and "\0" not in written and "\x1b" not in written
    link = page.table(text, [text], [page.Row([page.Link(text, text)])])
    assert "<script" not in link
    rows = table([text or "head"], [[text], ["b"]]).splitlines()
    assert all(row.startswith("|") and row.endswith("|") for row in rows)
    assert "\x1b" not in "".join(rows)


@pytest.mark.parametrize("kind", NASTY)
def test_json_holds_any_text(kind):
    text = NASTY[kind]
    assert from_json(to_json({text: [text]})) == {text: [text]}


def test_a_readable_text_is_what_it_was():
    for text in ("plain", "Ünïcödé 中文 😀", "tab\tand\nline"):
        assert readable(text) == text
