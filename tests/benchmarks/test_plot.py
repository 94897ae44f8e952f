"""Plots are written, with the slopes in them, and nothing is drawn of nothing."""

from benchmarks.plot import plot_bars, plot_curves, plot_ratios


def test_plots_are_written_as_svg_and_png(tmp_path):
    times = {"35,20,200,200": {"jlstm": 1.0, "linen": 2.0, "torch": 1.5}}
    panels = {"LSTM": times, "GRU": times}
    plot_ratios(tmp_path / "ratio", panels, ["jlstm", "linen"], "torch")
    lines = {"LSTM": ([1, 2, 4], [3.0, 6.0, 12.0])}
    plot_curves(tmp_path / "curve", lines, title="Cost", xlabel="T")
    plot_bars(tmp_path / "bars", {"a": {"x": 1.0}}, title="Bars", ylabel="GB")
    plot_bars(tmp_path / "none", {"a": {}}, title="Bars", ylabel="GB")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        f"{n}.{e}" for n in ("bars", "curve", "ratio") for e in ("png", "svg")
    ]
    assert "<!-- LSTM: slope 1.00 -->" in (tmp_path / "curve.svg").read_text()
    assert "time / time of torch" in (tmp_path / "ratio.svg").read_text()
