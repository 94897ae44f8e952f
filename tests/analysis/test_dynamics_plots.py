"""Plots of spectra, exponents, saturation and ablation draw their numbers."""

import numpy as np
import pytest

from jlstm.analysis.jacobian import Spectra
from jlstm.analysis.plots import (
    figure_to_svg,
    plot_ablation,
    plot_lyapunov,
    plot_saturation,
    plot_spectrum,
)
from jlstm.analysis.statistics import Saturation

NUMBERS = np.random.default_rng(11)


def test_a_spectrum_has_its_points_and_the_range_of_its_singular_values():
    values = np.array([[2.0, 1.0, 0.0], [4.0, 0.5, 0.0], [3.0, 0.7, 0.0]])
    turned = values * np.exp(1j * NUMBERS.uniform(size=(3, 3)))
    figure = plot_spectrum(Spectra(values, turned))
    plane, right = figure.axes
    circle, *_, points = plane.lines
    np.testing.assert_allclose(np.hypot(*circle.get_xydata().T), 1)
    np.testing.assert_array_equal(points.get_xydata() @ [1, 1j], turned.ravel())
    assert plane.get_xlim()[1] > 4 and plane.get_xlim() == plane.get_ylim()
    drawn = right.lines[1].get_xydata()
    floor = 4e-8  # a zero has no place on a logarithmic scale
    np.testing.assert_allclose(drawn, [[1, 3], [2, 0.7], [3, floor]])
    band = right.collections[0].get_paths()[0].vertices
    assert {0.5, 1.0} <= {y for x, y in band if x == 2}
    assert right.get_title() == "singular values: median and range"
    one = plot_spectrum(Spectra(values[0], turned[0])).axes[1]
    assert one.get_title() == "singular values" and not one.collections


def test_exponents_are_means_over_the_rows_and_infinity_is_left_out():
    rows = np.array([[0.5, -1.0, -np.inf], [0.1, -2.0, -3.0]])
    figure = plot_lyapunov({"LSTM": rows, "RNN": np.array([0.2])})
    zero, first, second = figure.axes[0].lines
    assert set(zero.get_ydata()) == {0}
    np.testing.assert_allclose(first.get_ydata(), [0.3, -1.5, np.nan])
    assert second.get_xydata().tolist() == [[1, 0.2]]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["LSTM", "RNN"]
    with pytest.raises(ValueError, match="no exponents to draw; give those of one cel"):
        plot_lyapunov({})


def test_each_gate_has_a_panel_with_a_point_for_each_unit():
    gates = {name: Saturation(*NUMBERS.uniform(0, 0.5, size=(2, 5))) for name in "ifoz"}
    figure = plot_saturation(gates)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["input i", "forget f", "output o", "update z"]
    for axes, shares in zip(figure.axes, gates.values(), strict=True):
        np.testing.assert_array_equal(axes.lines[1].get_xydata(), np.stack(shares, 1))
        assert axes.get_xlabel() == "left-saturated (share)"
    svg = figure_to_svg(plot_saturation({"f": gates["f"]}))
    assert "right-saturated (share)" in svg
    with pytest.raises(ValueError, match="no gate to draw; give at least one"):
        plot_saturation({})


def test_the_unit_whose_loss_hurts_most_stands_first():
    figure = plot_ablation(np.array([0.1, 0.5, -0.2, 0.3]), "nats")
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.5, 0.3, 0.1, -0.2]
    assert [text.get_text() for text in axes.get_xticklabels()] == list("1302")
    colors = [bar.get_facecolor() for bar in axes.patches]
    assert len(set(colors[:3])) == 1 and colors[3] != colors[0]
    assert axes.get_ylabel() == "nats"
    many = plot_ablation(NUMBERS.normal(size=50)).axes[0]
    assert many.get_xlabel() == "rank of the unit" and len(many.patches) == 50
    with pytest.raises(ValueError, match="no unit to draw"):
        plot_ablation(np.zeros(0))
