"""The plots that a reader can zoom into, pages while a run trains, the page of runs."""

import base64
import hashlib
import html
import json
import math
import re

from jlstm.cli.comparison.index import write_index
from jlstm.training.ahead import ReadAhead
from jlstm.training.log import METRICS, RunLog
from jlstm.training.position import TrainPosition
from jlstm.training.report import page
from jlstm.training.report.curves import MOST, panels, thinned
from jlstm.training.report.running import RunningPage
from jlstm.training.resources import Resources, read_resources

RECORDS = [
    {"kind": "train", "step": 1, "loss": 2.0, "grad_norm": [1.0, math.inf]},
    {"kind": "valid", "step": 2, "loss": 1.5, "epoch": 1, "note": "a </script> text"},
    {"kind": "other", "step": 3, "loss": 9.0},
]


def data_of(text):
    found = re.search(r'id="curves">(.*?)</script>', text, re.DOTALL)[1]
    return json.loads(found)


def test_every_number_has_its_plot_and_no_text_has():
    loss, norm = panels(RECORDS, {"</script>": 3.0})
    assert loss["title"] == "loss" and norm["title"] == "gradient norm"
    assert {one["name"]: one["points"] for one in loss["series"]} == {
        "training": [[1, 2.0]], "validation": [[2, 1.5]],
        "</script>": [[1, 3.0], [2, 3.0]],
    }  # fmt: skip
    assert norm["series"][1] == {"name": "training, seed 2", "points": [[1, None]]}


def test_a_long_run_keeps_its_ends():
    points = [[n, float(n)] for n in range(100_000)]
    kept = thinned(points)
    assert len(kept) <= MOST + 1 and kept[0] == points[0] and kept[-1] == points[-1]


def test_a_browser_runs_the_script_of_the_page_and_no_other(tmp_path):
    path = tmp_path / "page.html"
    page.write_page(path, "t", [page.curves(panels(RECORDS, {"</script>": 3.0}))])
    text = path.read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(text.partition("Content-Security-Policy")[2])[:300]
    assert f"script-src 'sha256-{digest}'" in policy and "uPlot" in script
    assert data_of(text)[0]["series"][2]["name"] == "</script>"
    assert not re.search(r'(src|href)="(?!data:)', text)
    page.write_page(path, "t", [page.table("H", ["a"], [page.Row([1])])])
    text = path.read_text("utf-8")
    assert "table.sorts" in text and "uPlot" not in text
    page.write_page(path, "t", [page.headline([("a", "b")])])
    text = path.read_text("utf-8")
    assert "<script" not in text and "script-src" not in text


def test_speed_and_memory_have_a_file_of_their_own(tmp_path):
    ahead = ReadAhead(depth=0)
    batches, used = ahead.of([1, 2]), Resources(tmp_path, "words", ahead)
    for step in (1, 2, 2):  # the second was done again after a kill
        batches[step - 1]
        used.note(step, 100)
    with (tmp_path / "resources.jsonl").open("a") as file:
        file.write('{"step": 3, "wo')
    assert [record["step"] for record in read_resources(tmp_path)] == [1, 2]
    assert all(record["words_per_second"] > 0 for record in read_resources(tmp_path))
    assert all(0 <= record["wait"] <= 1 for record in read_resources(tmp_path))
    assert not (tmp_path / METRICS).exists()


def test_a_run_that_is_not_finished_has_its_page(tmp_path):
    with RunLog(tmp_path) as log:
        log.write("valid", 7, loss=1.25)
    write = RunningPage(tmp_path, "demo", 9, {"seed": 1})
    write(TrainPosition(epoch=3, step=7, best_epoch=2))
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "Not finished: epoch 2 of 9 ended on" in text
    assert f"jlstm resume {tmp_path}" in text
    assert '<meta http-equiv="refresh" content="10">' in text
    assert data_of(text)[0]["series"][0]["points"] == [[7, 1.25]]
    (tmp_path / "report.html").unlink()
    write(TrainPosition(epoch=4, step=8, best_epoch=2))
    assert not (tmp_path / "report.html").exists()  # one was written just now


def test_the_page_of_all_runs_leads_to_each(tmp_path):
    done, cut = tmp_path / "demo" / "1", tmp_path / "demo" / "2"
    for folder in (done, cut, done / "model"):
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text("a: 1")
    (done / "result.json").write_text(
        json.dumps({"verdict": f"Beats <b>{' and another' * 9}.", "seconds": 74.2})
    )
    (done / "report.html").write_text("")
    write_index(tmp_path)
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "<h1>2 runs</h1>" in text and "model" not in text
    assert '<a href="demo/1/report.html">demo/1</a>' in text
    assert "not finished" in text and "<td>74</td>" in text
    heads = re.findall(r"<th(?: class=.words[ long]*.)?>(\w+)", text)
    assert heads[:2] == ["run", "verdict"]  # what one looks for is not cut off
    assert '<td class="words long">Beats &lt;b&gt; and another' in text
