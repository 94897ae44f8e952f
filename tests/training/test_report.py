"""The report: one page, complete, escaped, without any request."""

import re
from html.parser import HTMLParser

import pytest

from jlstm.training.report.run_report import evaluations, write_report

SCRIPT = re.compile("<script.*?</script>", re.DOTALL)
EVIL = "<script>alert('1')</script> & \"more\""
SVG = '<svg viewBox="0 0 1 1"><text>curve</text></svg>'
METRICS = [
    {"kind": "train", "step": 50, "loss": 6.0, "learning_rate": 20.0},
    {"kind": "train", "step": 100, "loss": 5.0, "learning_rate": 20.0},
    {"kind": "valid", "step": 100, "epoch": 1, "loss": 5.25, "perplexity": 190.566},
    {"kind": "train", "step": 200, "loss": 4.0, "learning_rate": 20.0},
    {"kind": "valid", "step": 1200, "epoch": 2, "loss": 4.5, "perplexity": 90.0171},
    {"kind": "valid", "step": 1300, "epoch": 3, "loss": 4.75, "perplexity": 115.584},
]
VOID = {"meta", "input"}


class Page(HTMLParser):
    """Collects tags, the text of table rows, and checks that all is closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([dict(attrs).get("class")])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


@pytest.fixture
def write(tmp_path):
    def write(**changes):
        given = {
            "title": "demo",
            "headline": [("test perplexity", "110.2")],
            "figures": [("Loss", SVG)],
            "samples": [("Prompt: to be", "or not\nto be")],
            "config": "seed: 1\n",
            "environment": {"jax": "0.12", "command": ["python", "run.py"]},
            "metrics": METRICS,
            "baselines": {"order-3 n-gram": 5.0},
        }
        path = write_report(tmp_path, **(given | changes))
        assert path == tmp_path / "report.html"
        assert list(tmp_path.iterdir()) == [path]
        return path.read_text(encoding="utf-8")

    return write


def test_everything_is_in_the_page(write):
    page = Page(write())
    for text in ("demo", "110.2", "curve", "Prompt: to be", "or not\nto be", "seed: 1"):
        assert text in page.text
    assert "jax: 0.12\ncommand: python run.py" in page.text
    assert [tag for tag, _ in page.tags].count("details") == 2


def test_what_a_template_would_read_is_text(write):
    code = "{{ 7 * 7 }} {% for %} {# no #}"
    page = write(title=code, samples=[(code, f"|{code}")], notes=[code], config=code)
    assert Page(page).text.count(code) == 6 and "49" not in Page(write(title=code)).text
    assert f"<pre>|{code}</pre>" in page


def test_the_table_has_the_evaluations_the_best_one_and_the_baselines(write):
    heads = ["epoch", "step", "training loss", "validation loss", "perplexity"]
    assert Page(write()).rows == [
        [None, *heads],
        ["", "1", "100", "5.5000", "5.2500", "190.57"],
        ["best", "2", "1,200", "4.0000", "4.5000", "90.0171"],
        ["", "3", "1,300", "4.7500", "115.58"],
        ["baseline", "order-3 n-gram", "5.0000"],
    ]


def test_an_evaluation_without_training_before_it_has_no_training_loss():
    rows = evaluations(METRICS)
    assert [row.get("training loss") for row in rows] == [5.5, 4.0, None]


def test_text_is_escaped_everywhere(write):
    page = write(
        title=EVIL,
        headline=[(EVIL, EVIL)],
        figures=[(EVIL, SVG)],
        samples=[(EVIL, EVIL)],
        config=EVIL,
        environment={EVIL: EVIL},
        metrics=[{"kind": "valid", "step": 1, "loss": 1.0, EVIL: EVIL}],
        baselines={EVIL: 2.0},
    )
    own = ['<script type="application/json" id="curves">', "<script>"]
    assert re.findall("<script.*?>", page) == own
    assert Page(SCRIPT.sub("", page)).text.count(EVIL) == 13


def test_a_table_in_markdown_is_a_table(write):
    text = "| model | nats |\n|-------|-----:|\n| a \\| b | 1.5 |"
    page = Page(write(samples=[("score", text), ("text", "to be")]))
    assert page.rows[-2:] == [[None, "model", "nats"], [None, "a | b", "1.5"]]
    assert [tag for tag, _ in page.tags].count("pre") == 3  # a text, and two folded


def test_nothing_is_loaded(write):
    text = SCRIPT.sub("", write())  # which test_curves.py reads
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|@import|url\(", text)
    assert not any({"src", "href"} & set(attrs) for _, attrs in page.tags)


def test_empty_parts_are_left_out(write):
    text = write(headline=[], figures=[], samples=[], metrics=[], baselines={})
    page = Page(text)
    assert not {"table", "figure", "dl", "h2"} & {tag for tag, _ in page.tags}
    assert "seed: 1" in page.text


def test_a_second_report_replaces_the_first(write):
    write(title="the old one")
    text = write(title="the new one")
    assert "the new one" in text and "the old one" not in text


def test_small_large_and_missing_numbers(write):
    metrics = [
        {"kind": "valid", "step": 12345, "loss": 1e-5, "rate": 0.0, "bits": 12345.678},
        {"kind": "valid", "step": 12346, "loss": float("inf"), "name": "a"},
    ]
    assert Page(write(metrics=metrics, baselines={})).rows[1:] == [
        ["best", "12,345", "1e-05", "0.0000", "12,345.68"],
        ["", "12,346", "inf", "a"],
    ]


@pytest.mark.long
def test_a_run_of_many_evaluations_stays_small(write):
    many = [
        {"kind": "valid", "step": n, "epoch": n, "loss": 5.0 / n, "perplexity": 2.0}
        for n in range(1, 2000)
    ]
    assert len(write(metrics=many)) < 1_000_000
