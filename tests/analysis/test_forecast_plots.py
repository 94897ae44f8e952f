"""Plots of forecasts: what is drawn where."""

import numpy as np
import pytest

from jlstm.analysis.plots import ForecastExample, plot_forecast, step_errors

KNOWN, AHEAD = np.arange(5.0), np.array([5.0, 4.0])


def test_all_lines_begin_at_the_last_known_value():
    example = ForecastExample(
        "a", KNOWN, AHEAD, AHEAD + 1, AHEAD - 2, AHEAD + 2, baseline=AHEAD * 0
    )
    axes = plot_forecast([example, example]).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines[:4]}
    assert set(lines) == {"known", "seasonal naive", "forecast", "what happened"}
    assert lines["known"][-1].tolist() == [0, 4]
    assert lines["forecast"].tolist() == [[0, 4], [1, 5], [2, 4]]
    assert lines["what happened"].tolist() == [[0, 4], [1, 6], [2, 5]]
    (interval,) = axes.collections
    assert interval.get_paths()[0].get_extents().y1 == 7


def test_what_is_unknown_is_not_drawn():
    axes = plot_forecast([ForecastExample("$a_b", KNOWN, AHEAD)]).axes[0]
    assert [line.get_label() for line in axes.lines[:2]] == ["known", "forecast"]
    assert not axes.collections
    assert axes.get_title(loc="left") == "$a_b"


def test_the_worst_line_may_leave_the_plots():
    errors = {"a": np.array([1.0, 2.0]), "b": np.array([9.0, 9.0]), "c": np.ones(2)}
    axes = step_errors(errors).axes[0]
    assert axes.get_ylim()[1] == pytest.approx(2.3)
    assert axes.lines[1].get_xydata().tolist() == [[1, 9], [2, 9]]
    assert step_errors({"a": np.ones(2)}).axes[0].get_ylim()[1] == pytest.approx(1.15)
