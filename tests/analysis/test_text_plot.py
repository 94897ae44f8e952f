"""A shaded text: where a character stands, and how dark it is."""

import re

import numpy as np
import pytest

from jlstm.analysis.plots import figure_to_svg, plot_gates, plot_text


def test_values_are_shades_in_lines_of_a_text():
    values = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 3.0, -7.0])
    (axes,) = plot_text("ab\ncdef", values, columns=3).axes
    boxes = [(*box.get_xy(), box.get_alpha()) for box in axes.patches]
    columns, heights, shades = zip(*boxes, strict=True)
    assert columns == (0, 1, 2, 0, 1, 2, 0)
    assert [int(y) for y in heights] == [0, 0, 0, 1, 1, 1, 2]
    np.testing.assert_allclose(shades, [0, 0.25, 0.5, 0.75, 1, 1, 0])
    assert [text.get_text() for text in axes.texts] == list("abcdef")
    assert axes.get_ylim() == (3, 0)


def test_limits_may_be_others():
    (axes,) = plot_text("$x", np.array([2.0, 4.0]), limits=(0.0, 8.0)).axes
    assert [box.get_alpha() for box in axes.patches] == [0.25, 0.5]


def test_a_text_keeps_its_columns_in_the_reader_s_font():
    text = figure_to_svg(plot_text("wi", np.zeros(2)))
    gates = figure_to_svg(plot_gates({"f": np.zeros((2, 2))}, ["a", "b"]))
    families = [set(re.findall(r"font-family: ([^;]*);", svg)) for svg in (text, gates)]
    assert families == [{"monospace"}, {"sans-serif"}]


@pytest.mark.parametrize(
    ("text", "size", "options"),
    [
        ("ab", 3, {}),
        ("", 0, {}),
        ("a", 1, {"columns": 0}),
        ("a", 1, {"limits": (1.0, 1.0)}),
    ],
)
def test_what_cannot_be_drawn(text, size, options):
    message = f"plot_text: {len(text)} characters, {size} values"
    with pytest.raises(ValueError, match=message):
        plot_text(text, np.zeros(size), **options)
