"""Several runs side by side: found, told apart, in tables, on one page."""

import json
import re

import numpy as np
import pytest
import yaml

from jlstm.analysis.plots import OverlayCurve, plot_overlay
from jlstm.cli.comparison.axes import draw_axes
from jlstm.cli.comparison.curves import curve, draw_curves, overlay, pace
from jlstm.cli.comparison.groups import groups_of, groups_table
from jlstm.cli.comparison.page import write_comparison
from jlstm.cli.comparison.runs import read_runs
from jlstm.cli.comparison.tables import (
    best_of,
    differences_table,
    kind_of,
    mean_and_std,
    results_table,
)
from jlstm.cli.main import main as command


def main(words):
    """Return the exit code of ``jlstm compare``."""
    return command(["compare", *words])


CONFIG = {
    "task": "music", "name": "jsb", "runs_dir": "runs",
    "model": {"cell": "lstm", "sizes": [8, 8]}, "train": {"epochs": 2, "stop": None},
}  # fmt: skip
LOG = [
    {"kind": "train", "step": 5, "loss": 9.0},
    {"kind": "valid", "step": 10, "epoch": 1, "loss": 3.0, "loss_members": [2.0, 4.0]},
    {"kind": "valid", "step": 20, "epoch": 2, "loss": 1.5, "loss_members": [1.0, 2.0]},
]
RESULT = {
    "valid": {"loss": 1.5, "loss_members": [1.0, 2.0]}, "test": {"loss": 1.75},
    "parameters": 1234, "epochs": 2, "best_epoch": 2, "steps": 20, "seconds": 50.0,
    "environment": {"device": "1 x cpu", "git_commit": "abcdef012", "git_dirty": True},
}  # fmt: skip


def save(folder, config=CONFIG, log=LOG, result=RESULT):
    """Write a run as the launcher leaves it; what is None is left out."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    if log is not None:
        text = "".join(json.dumps(record) + "\n" for record in log)
        (folder / "metrics.jsonl").write_text(text)
    if result is not None:
        (folder / "result.json").write_text(json.dumps(result))
        (folder / "report.html").write_text("<!doctype html>")
    return folder


def of_one_seed(log):
    """Return a log without the numbers of each seed."""
    return [{k: v for k, v in r.items() if k != "loss_members"} for r in log]


@pytest.fixture
def three(tmp_path):
    """A run of two seeds, one of another cell that still goes on, one without a log."""
    other = CONFIG | {"model": {"cell": "gru", "sizes": [8, 8]}, "extra": True}
    begun = of_one_seed(LOG[:2])
    return read_runs(
        [
            save(tmp_path / "jsb" / "1"),
            save(tmp_path / "jsb" / "2", other, begun, None),
            save(tmp_path / "new" / "3", CONFIG | {"name": "new"}, None, None),
        ]
    )


def test_runs_have_the_shortest_name_that_tells(three):
    assert [run.name for run in three] == ["jsb 1", "jsb 2", "new"]


def test_a_folder_of_runs_stands_for_all_and_none_comes_twice(tmp_path, three):
    folders = [tmp_path / "jsb" / "2", tmp_path / "jsb", tmp_path]
    names = [run.folder.name for run in read_runs(folders)]
    assert names == ["2", "1", "3"]


def test_the_jobs_of_a_sweep_are_named_by_what_differs(tmp_path):
    for number, cell in enumerate(("lstm", "gru")):
        job = tmp_path / "sweep" / "0101" / f"{number:03}"
        save(job / "0102")
        overrides = ["experiment=jsb", f"model.cell={cell}"]
        (job / "job.json").write_text(json.dumps({"overrides": overrides}))
    runs = read_runs([tmp_path / "sweep"])
    assert [run.name for run in runs] == ["model.cell=lstm", "model.cell=gru"]


def test_copies_in_two_places_are_numbered(tmp_path):
    runs = read_runs([save(tmp_path / place / "jsb" / "1") for place in "ab"])
    assert [run.name for run in runs] == ["jsb 1", "jsb 1 (2)"]


def test_results_are_mean_and_deviation_of_seeds_and_dashes(three):
    header, rows = results_table(three)
    assert header == [
        "run", "test loss", "valid loss", "parameters", "epochs", "best epoch",
        "updates", "seconds", "commit", "device",
    ]  # fmt: skip
    std = f"{np.std([1.0, 2.0], ddof=1):.4f}"
    assert rows == [
        ["jsb 1", "1.7500", f"1.5000 ± {std}", "1,234", "2", "2", "20", "50",
         "abcdef0+", "1 x cpu"],
        ["jsb 2 (not finished)", "–", "3.0000", "–", "1", "1", "10", *"–––"],
        ["new (not finished)", *"–––––––––"],
    ]  # fmt: skip


def test_a_seed_that_diverged_is_shown():
    assert mean_and_std([1.0, float("nan")]) == "nan ± nan"
    assert mean_and_std([1.0, float("inf")]) == "inf ± nan"


def test_only_keys_that_differ_are_shown_and_not_where_a_run_lies(three):
    header, rows = differences_table(three)
    assert header == ["key", "jsb 1", "jsb 2", "new"]
    assert rows == [
        ["model.cell", "lstm", "gru", "lstm"],
        ["extra", "–", "true", "–"],
    ]


def test_a_key_of_another_task_is_no_difference(tmp_path):
    speech = {"task": "speech", "model": {"cell": "gru", "mels": 40, "sizes": [9]}}
    runs = read_runs([save(tmp_path / "a" / "1"), save(tmp_path / "b" / "1", speech)])
    _, rows = differences_table(runs)
    assert rows == [
        ["task", "music", "speech"],
        ["model.cell", "lstm", "gru"],
        ["model.sizes", "[8, 8]", "[9]"],
    ]


def test_the_best_run_has_the_lowest_loss_where_losses_compare(three, tmp_path):
    assert best_of(three[:2]) is three[0]
    assert best_of(three) is three[0]  # the third has no loss yet
    bad = RESULT | {"valid": {"loss": float("nan")}}
    runs = read_runs([three[0].folder, save(tmp_path / "x" / "1", result=bad)])
    assert best_of(runs) is None


def test_a_curve_is_the_mean_of_seeds_in_their_range(three):
    line = curve(three[0], pace(three[0]))
    assert line.xs == [25.0, 50.0]  # 50 seconds for 20 updates
    assert line.values == [3.0, 1.5]
    assert line.band == ([2.0, 1.0], [4.0, 2.0])
    assert curve(three[1], 1.0) == ([10.0], [3.0], None)


def test_each_loss_has_a_panel_and_only_finished_runs_have_a_time(three, tmp_path):
    result = RESULT | {"valid": {"loss": 0.5, "error": 0.1}}
    speech = save(tmp_path / "s" / "1", {"task": "speech"}, of_one_seed(LOG), result)
    runs = read_runs([*(run.folder for run in three), speech])
    assert kind_of(runs[3]) == ("speech", "loss", "error")
    panels = overlay([runs[0], runs[1], runs[3]], lambda run: 1.0)
    assert {title: list(each) for title, each in panels.items()} == {
        "music": ["jsb 1", "jsb 2"], "speech": ["s"]
    }  # fmt: skip
    (_, updates), (_, time) = draw_curves(runs)
    shown = [[t.get_text() for t in f.legends[0].get_texts()] for f in (updates, time)]
    assert shown == [["jsb 1", "jsb 2", "s"], ["jsb 1", "s"]]
    # The same run has the same look in both plots.
    looks = [f.axes[1].lines[0] for f in (updates, time)]
    assert looks[0].get_color() == looks[1].get_color()
    assert looks[0].get_linestyle() == looks[1].get_linestyle()
    np.testing.assert_array_equal(looks[1].get_xdata(), [25.0, 50.0])


def test_fifteen_runs_differ_in_shade_or_dash():
    lines = {f"run {n}": OverlayCurve([1], [1.0]) for n in range(15)}
    drawn = plot_overlay({"": lines}, ("updates", "loss")).legends[0].get_lines()
    assert len({(each.get_color(), str(each._dash_pattern)) for each in drawn}) == 15


@pytest.mark.parametrize(("low", "scale"), [(0.01, "log"), (0.1, "linear")])
def test_a_wide_range_is_drawn_on_a_logarithmic_axis(low, scale):
    lines = {"a": OverlayCurve([1, 2], [np.nan, 1.0]), "b": OverlayCurve([1], [low])}
    figure = plot_overlay({"": lines}, ("updates", "loss"))
    assert figure.axes[0].get_yscale() == scale


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="there is no curve to draw; give at least"):
        plot_overlay({}, ("updates", "loss"))


def test_the_page_is_complete_in_itself_and_leads_to_reports(three, tmp_path):
    path = tmp_path / "pages" / "compare.html"
    path.parent.mkdir()
    write_comparison(path, three)
    text = path.read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]*)">', text) == ["../jsb/1/report.html"]
    assert text.count("<figure>") == 2 and text.count('<tr class="best"') == 1
    assert not re.search(r"<(link|img|iframe)\b|@import|src=", text)
    assert text.count("<script>") == 1 and "script-src" in text  # it sorts tables
    assert "default-src 'none'" in text
    assert len(text) < 200_000


def test_names_are_escaped(tmp_path):
    evil = '<script>alert("1")</script>'
    config = CONFIG | {"note": evil}
    runs = read_runs([save(tmp_path / "a&b" / "1", config), save(tmp_path / "b" / "1")])
    write_comparison(tmp_path / "page.html", runs)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<script") == 1
    assert "&lt;script&gt;" in text and ">a&amp;b<" in text


def test_the_command_prints_the_tables_and_names_the_page(three, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main([*(str(run.folder) for run in three[1:]), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "| jsb (not finished)" in said and "| model.cell | gru  | lstm |" in said
    assert said.endswith(f"comparison: {out}\n")
    assert out.is_file()


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("config.yaml", "a: [", "config.yaml is not YAML."),
        ("config.yaml", "- 1", "config.yaml holds no keys: it is not that of a run."),
        ("result.json", "{", "result.json is not JSON."),
        ("result.json", "[" * 99999, "result.json is not JSON."),
        ("result.json", "[]", "result.json is not what a run writes there."),
        ("result.json", '{"valid": 3}', "result.json holds no scores of a run."),
        ("metrics.jsonl", "x\n{}\n", "metrics.jsonl, line 1 is not JSON."),
    ],
)
def test_a_broken_file_is_one_line(tmp_path, capsys, file, text, error):
    folder = save(tmp_path / "jsb" / "1")
    (folder / file).write_text(text)
    assert main([str(folder), "--out", str(tmp_path / "page.html")]) == 2
    said = capsys.readouterr().err
    assert said == f"error: {folder}/{error}\n"
    other = save(tmp_path / "jsb" / "2")
    assert main([str(folder), str(other), "--out", str(tmp_path / "page.html")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"left out: {folder}/{error}\n") and "| jsb 2 " in said


def test_what_is_no_run_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path} is no run: there is no config.yaml in it or below it. Give "
        "the folder of a run, such as runs/NAME/20260131-235959, or of a sweep.\n"
    )
    folder = save(tmp_path / "jsb" / "1")
    assert main([str(folder), "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: --out is {tmp_path}; give the name of a file in a folder that "
        "exists.\n"
    )
    assert main([]) == 2
    assert "RUN" in capsys.readouterr().err


def sweep(tmp_path, key, values, seeds=(0, 1)):
    """Save a sweep over a key and seeds, the loss of which is value + seed."""
    paths = []
    for value in values:
        for seed in seeds:
            config = CONFIG | {key: value, "train": {"seed": seed}}
            scores = {"loss": float(value) + seed}
            result = RESULT | {"valid": scores, "test": scores}
            folder = tmp_path / "sweep" / f"{value}-{seed}"
            paths.append(save(folder, config, of_one_seed(LOG), result))
    return read_runs(paths)


def test_runs_that_differ_in_their_seed_are_one_line(tmp_path):
    header, rows = groups_table(groups_of(sweep(tmp_path, "rate", (0.5, 4.0))))
    assert header == ["rate", "runs", "test loss", "valid loss"]
    assert rows == [
        ["0.5", "2", "1.0000 ± 0.7071", "1.0000 ± 0.7071"],
        ["4.0", "2", "4.5000 ± 0.7071", "4.5000 ± 0.7071"],
    ]


def test_without_several_seeds_there_is_no_such_table(tmp_path):
    runs = sweep(tmp_path, "rate", (0.5, 4.0), seeds=(0,))
    assert groups_table(groups_of(runs)) == ([], [])
    assert groups_table(groups_of([])) == ([], [])


def test_the_key_of_a_sweep_is_an_axis(tmp_path):
    runs = sweep(tmp_path, "rate", (4.0, 0.25, 0.5))
    [(caption, figure)] = draw_axes(groups_of(runs))
    axes = figure.axes[0]
    assert "over rate" in caption and axes.get_xscale() == "log"
    line = axes.lines[0]
    assert list(line.get_xdata()) == [0.25, 0.5, 4.0]
    low, high = axes.get_xlim()
    assert 0.2 < low < 0.25 and 4.0 < high < 5.0
    assert list(line.get_ydata()) == [0.75, 1.0, 4.5]
    assert draw_axes(groups_of(runs[:2])) == draw_axes([]) == []
    write_comparison(tmp_path / "page.html", runs)
    assert "Seeds together" in (tmp_path / "page.html").read_text("utf-8")
