"""The sentence on top of a report, of every task."""

import math

import pytest

from jlstm.tasks.classification.report import verdict_of as of_classes
from jlstm.tasks.forecasting.report import verdict_of as of_forecasts
from jlstm.tasks.music.report import verdict_of as of_music
from jlstm.tasks.translation.report import verdict_of as of_translation
from jlstm.training.report.verdict import compared

RIVALS = {"a": 0.5, "b": 0.7, "unknown": math.nan}
TOLD = {
    "higher is better": (0.8, "higher", "Beats b: x 0.800 against 0.700, by 14.3 %."),
    "and ours is not": (0.6, "higher", "Loses to b: x 0.600 against 0.700, by 14.3 %."),
    "lower is better": (0.4, "lower", "Beats a: x 0.400 against 0.500, by 20.0 %."),
    "the same digits": (0.50001, "lower", "As good as a, the best baseline: x 0.500."),
    "small numbers": (0.0002, "lower", "Beats a: x 0.0002 against 0.500, by 100.0 %."),
    "a large distance": (9.0, "lower", "Loses to a: x 9.000 against 0.500, by 8.500."),
    "no number": (math.nan, "lower", "X is nan: no baseline is beaten."),
    "the mean of seeds": ([0.3, 0.5], "lower",
                          "Beats a: x 0.400 against 0.500, by 20.0 %."),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_the_best_baseline_is_named(name):
    ours, better, said = TOLD[name]
    assert compared("x", ours, RIVALS, better).text == said


SMALL = {
    "apart": (0.0001, 0.0004, "Beats a: x 0.0001 against 0.0004, by 75.0 %."),
    "alike": (0.00041, 0.000410001, "As good as a, the best baseline: x 0.00041."),
    "nearly nothing": (0.536, 2e-12, "Loses to a: x 0.536 against 2e-12, by 0.536."),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_numbers_are_not_all_the_same(name):
    ours, other, said = SMALL[name]
    assert compared("x", ours, {"a": other}, "lower").text == said


def test_nothing_to_compare_with_is_neither_won_nor_lost():
    assert compared("x", 1.0, {"a": math.nan}, "lower").wins is None
    assert compared("x", 0.0, {"a": 0.0}, "lower").wins is False
    assert compared("x", -1.0, {"a": 0.0}, "lower").text == (
        "Beats a: x -1.000 against 0.000, by 1.000."
    )


def parts(**scores):
    return {name: {"test": value} for name, value in scores.items()}


OF_TASKS = {
    "classes": (of_classes, {"test": {"accuracy": 0.9}, "baselines": parts(often=0.5)},
                "Beats often: test accuracy 90.0 % against 50.0 %, by 40.0 points."),
    "forecasts": (of_forecasts,
                  {"test": {"mse": 0.4}, "baselines": parts(last={"mse": 0.2})},
                  "Loses to last: test MSE 0.400 against 0.200, by 100.0 %."),
    "quantiles": (of_forecasts,
                  {"test": {"mse": 9.0, "crps": 0.1},
                   "baselines": parts(last={"mse": 0.2, "crps": 0.2})},
                  "Beats last: test CRPS 0.100 against 0.200, by 50.0 %."),
    "music": (of_music, {"test": {"loss": 8.0}, "baselines": parts(copy=10.0)},
              "Beats copy: test nats per step 8.000 against 10.0, by 20.0 %."),
    "translation": (of_translation,
                    {"bleu": {"val": {}, "test": {
                        "greedy": {"words": 50.0}, "beam 5": {"words": 10.0},
                        "by word": {"words": 12.5}}}},
                    "Loses to by word: BLEU on test 10.0 against 12.5, by 20.0 %."),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TASKS)
def test_a_task_is_judged_by_what_is_quoted_of_it(name):
    verdict, summary, said = OF_TASKS[name]
    assert verdict(summary).text == said
