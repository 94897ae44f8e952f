"""Plots: what they draw, and that they can stand together in a page."""

import re
import xml.etree.ElementTree as ET

import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.analysis.plots import figure_to_svg, learning_curves, plot_gates

RECORDS = [
    *(
        {"kind": "train", "step": n, "loss": 2 + 40 / n, "learning_rate": 20.0 / n}
        for n in range(1, 41)
    ),
    {"kind": "valid", "step": 20, "loss": 3.5, "sample": "text"},
    {"kind": "valid", "step": 40, "loss": 3.25},
    {"kind": "note", "step": 41, "text": "no loss"},
]


def lines(axes):
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


def test_curves_draw_the_numbers_of_the_log():
    figure = learning_curves(RECORDS, {"order-3 n-gram": 4.0, "unigram": 7.5})
    losses, rate = figure.axes
    drawn = lines(losses)
    np.testing.assert_array_equal(drawn["validation"], [[20, 3.5], [40, 3.25]])
    np.testing.assert_array_equal(
        drawn["training"], [[n, 2 + 40 / n] for n in range(1, 41)]
    )
    np.testing.assert_array_equal(drawn["order-3 n-gram: 4.000"][:, 1], [4.0, 4.0])
    np.testing.assert_array_equal(rate.get_lines()[0].get_ydata()[[0, -1]], [20, 0.5])
    assert (losses.get_ylabel(), rate.get_xlabel()) == ("loss (nats)", "step")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [
        "training",
        "validation",
        "order-3 n-gram: 4.000",
        "unigram: 7.500",
    ]


def test_the_loss_axis_leaves_out_only_the_fall_of_the_first_steps():
    low, high = learning_curves(RECORDS, {"unigram": 7.5}).axes[0].get_ylim()
    assert 2.0 < low < 3.0 and 7.5 < high < 42.0
    assert high > np.quantile([2 + 40 / n for n in range(1, 41)], 0.95)


def test_curves_without_rate_or_with_a_single_point_or_a_nan():
    one = learning_curves(
        [{"kind": "valid", "step": 5, "loss": 1.5}], loss_label="bits"
    )
    assert [axes.get_ylabel() for axes in one.axes] == ["bits"]
    low, high = one.axes[0].get_ylim()
    assert low < 1.5 < high
    broken = [*RECORDS, {"kind": "train", "step": 41, "loss": float("nan")}]
    assert np.isfinite(learning_curves(broken).axes[0].get_ylim()).all()


def test_curves_of_nothing():
    with pytest.raises(ValueError, match="no record of kind 'train' or 'valid' has a"):
        learning_curves([{"kind": "note", "step": 1}])


@pytest.fixture
def gates():
    rng = np.random.default_rng(0)
    f = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.6]])
    return {
        "i": jnp.array(rng.uniform(size=(2, 3)), jnp.float32),
        "f": jnp.array(f, jnp.bfloat16),
        "g": rng.uniform(-1, 1, size=(2, 3)),
    }


def test_a_unit_is_in_one_row_of_every_map_and_the_longest_memory_on_top(gates):
    cell = np.array([[10.0, -20.0, 0.0], [1.0, 2.0, 3.0]])
    figure = plot_gates(gates, ["to", "be"], cell)
    maps = [axes for axes in figure.axes if axes.get_xlim() == (-0.5, 1.5)]
    names = ["input i", "forget f", "candidate g", "tanh(c)"]
    assert [axes.get_ylabel() for axes in maps] == names
    order = [1, 2, 0]
    for axes, values in zip(maps, [*gates.values(), np.tanh(cell)], strict=True):
        drawn = axes.images[0].get_array()
        wanted = np.asarray(values, np.float32)[:, order].T
        np.testing.assert_array_equal(drawn, wanted)
    ranges = [axes.images[0].get_clim() for axes in maps]
    assert ranges == [(0, 1), (0, 1), (-1, 1), (-1, 1)]
    assert figure.get_supylabel() == "units, sorted by mean f"


def test_units_are_sorted_by_the_gate_that_is_named(gates):
    figure = plot_gates({"z": gates["i"], "r": gates["f"]}, ["a", "b"], sort_by="z")
    order = np.argsort(-np.asarray(gates["i"]).mean(0))
    drawn = figure.axes[1].images[0].get_array()
    np.testing.assert_array_equal(drawn, np.asarray(gates["f"], np.float32)[:, order].T)


def test_labels_are_shown_as_they_are(gates):
    figure = plot_gates(gates, [" ", "$x_1$"])
    labels = figure.axes[2].get_xticklabels()
    assert [text.get_text() for text in labels] == ["␣", "$x_1$"]
    assert "$x_1$" in figure_to_svg(figure)
    strange = figure_to_svg(plot_gates(gates, ["<eos>&", "猫"]))
    assert "&lt;eos&gt;&amp;" in strange and "猫" in strange


def test_what_does_not_fit(gates):
    with pytest.raises(ValueError, match=r"sort_by='z': the gates are i, f, g\."):
        plot_gates(gates, ["a", "b"], sort_by="z")
    with pytest.raises(ValueError, match="3 labels for 2 steps; give one per step"):
        plot_gates(gates, ["a", "b", "c"])


def test_svg_is_the_same_again_and_shares_no_id_with_another(gates):
    curves = figure_to_svg(learning_curves(RECORDS))
    figure = plot_gates(gates, ["a", "b"])
    plot = figure_to_svg(figure)
    assert plot == figure_to_svg(figure)
    assert plot == figure_to_svg(plot_gates(gates, ["a", "b"]))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (curves, plot)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    for svg, own in zip((curves, plot), ids, strict=True):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used and used <= own


def test_svg_stands_alone_and_takes_the_color_of_the_page(gates):
    svg = figure_to_svg(plot_gates(gates, ["a", "b"]))
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "metadata" not in svg and "<!DOCTYPE" not in svg
    assert "currentColor" in svg and "#1a1a1b" not in svg
    assert svg.count("data:image/png;base64,") == 6  # three maps, three scales
    links = set(re.findall(r'https?://[^"]*', svg))
    assert links == {"http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg"}
