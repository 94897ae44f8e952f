"""The translation experiment: both kinds of BLEU, baselines, and a whole small run."""

import json
import math
import sys
from collections import Counter

import numpy as np
import pytest

from jlstm.data.translation import TranslationConfig, encode_pairs
from jlstm.tasks.translation.baselines import count_ngrams, write_by_dictionary
from jlstm.tasks.translation.bleu import score
from jlstm.tasks.translation.data import loaded
from jlstm.tasks.translation.experiment import Config, TranslateExperiment
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.tasks.translation.objective import PairBatchConfig
from jlstm.tasks.translation.report import Examples, sample_texts
from jlstm.tasks.translation.written import SearchConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, TrainConfig

LINES = (
    ["Ein Hund.", "Zwei Hunde rennen.", "Ein Mann rennt.", "Ein Hund und ein Mann."],
    ["A dog.", "Two dogs run.", "A man runs.", "A dog and a man."],
)
MANY = tuple(side * 120 for side in LINES)
CORPUS = encode_pairs(
    {"train": MANY, "val": LINES, "test_2016_flickr": LINES},
    TranslationConfig(min_count=1),
)


def bleu_by_hand(written, references):
    """Return BLEU-4 of words: clipped n-gram precisions and the brevity penalty."""
    logs = []
    for n in range(1, 5):
        hits = total = 0
        for words, reference in zip(written, references, strict=True):
            own, theirs = (
                Counter(tuple(side[i : i + n]) for i in range(len(side) - n + 1))
                for side in (words, reference)
            )
            hits += sum((own & theirs).values())
            total += sum(own.values())
        logs.append(math.log(hits / total))
    lengths = [sum(map(len, side)) for side in (written, references)]
    short = min(0.0, 1 - lengths[1] / lengths[0])
    return 100 * math.exp(sum(logs) / 4 + short)


def test_bleu_of_words_is_counted_as_the_paper_says():
    start = ("a", "man", "in", "a", "red")
    references = [(*start, "hat", "runs", "."), ("two", "dogs", ".")]
    written = [(*start, "cap", "runs"), ("two", "dogs", "!")]
    texts = ["A man in a red hat runs.", "Two dogs."]
    found = score(written, references, texts, "en", lowercase=True)
    assert found.words == pytest.approx(bleu_by_hand(written, references))
    assert found.signature.startswith("nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|")


def test_running_text_is_put_together_before_it_is_scored():
    words = ("it", "'s", "a", "dog", ",", "isn", "'t", "it", "?")
    found = score([words], [words], ["It's a dog, isn't it?"], "en", lowercase=True)
    assert found.detokenized == pytest.approx(100.0)
    cased = score([words], [words], ["It's a dog, isn't it?"], "en", lowercase=False)
    assert cased.detokenized < 100 and "case:mixed" in cased.signature


def chrf_by_hand(written, reference):
    """The F score that counts recall twice, of shares of runs of one to six letters."""
    shares = []
    for n in range(1, 7):
        runs = [
            Counter(text[i : i + n] for i in range(len(text) - n + 1))
            for text in (written.replace(" ", ""), reference.replace(" ", ""))
        ]
        same = sum((runs[0] & runs[1]).values())
        shares.append([same / sum(own.values()) for own in runs])
    precision, recall = np.mean(shares, axis=0)
    return 100 * 5 * precision * recall / (4 * precision + recall)


def test_chrf_counts_runs_of_letters():
    words, text = ("two", "dogs", "bark", "."), "Two dogs barked."
    found = score([words], [words], [text], "en", lowercase=True)
    assert found.chrf == pytest.approx(chrf_by_hand("two dogs bark.", text.lower()))
    assert score([words], [words], ["Two dogs bark."], "en", True).chrf == 100


def test_baselines_are_made_of_the_training_pairs():
    written = write_by_dictionary(CORPUS, "val")
    assert written[0] == ("a", "dog", ".")
    assert all(len(a) == len(b) for a, b in zip(
        written, CORPUS.parts["val"].source_words, strict=True
    ))  # fmt: skip
    unigram = count_ngrams(CORPUS, "val")["unigram"]
    assert 1.5 < unigram < math.log(len(CORPUS.target_vocab))


@pytest.mark.slow
def test_a_run_learns_its_pairs_by_heart_and_reports(tmp_path, standard_promotion):
    config = Config(
        name="tiny",
        model=Seq2SeqConfig(
            StackConfig(hidden_sizes=(8,), bidirectional=True),
            StackConfig(hidden_sizes=(16,)),
            embedding_size=16,
        ),
        batches=PairBatchConfig(4, 4, boundaries=()),
        search=SearchConfig(beams=2, limit=8, parts=("val", "test_2016_flickr")),
        optimizer=OptimizerConfig("adam", 0.03, clip=1.0),
        train=TrainConfig(epochs=1, checkpoint_every=1000),
    )
    summary = TranslateExperiment(config, loaded(CORPUS)).run(tmp_path)
    assert summary["test"]["perplexity"] < 1.5 < summary["baselines"]["unigram"]
    ways = summary["bleu"]["test_2016_flickr"]
    assert ways["greedy"]["words"] == pytest.approx(100.0)
    assert ways["source copied"]["words"] < ways["beam 2"]["words"]
    kept = json.loads((tmp_path / "result.json").read_text())
    assert kept["bleu"] == json.loads(json.dumps(summary["bleu"]))
    lines = (tmp_path / "val.greedy.txt").read_text().splitlines()
    assert lines == [" ".join(words) for words in CORPUS.parts["val"].target_words]
    page = (tmp_path / "report.html").read_text()
    assert "BLEU of words, beam 2" in page and "a dog and a man ." in page
    assert "The top layer&#x27;s gates at" in page and "norm of the gradient" in page


def test_samples_show_source_translations_and_reference():
    written = {"greedy": list(CORPUS.parts["val"].target_words)}
    heading, text = sample_texts(
        Examples(CORPUS, "val", written)
    )[1]  # fmt: skip
    assert heading == "val, sentence 2"
    assert text.splitlines() == [
        "source     zwei hunde rennen .",
        "greedy     two dogs run .",
        "reference  two dogs run .",
    ]


def test_the_identity_of_a_run_is_that_of_its_pairs():
    other = encode_pairs(
        {part: (LINES[0], LINES[1][::-1]) for part in CORPUS.parts},
        TranslationConfig(min_count=1),
    )
    made = TranslateExperiment(Config())
    one, two, again = (made.identity(loaded(own)) for own in (CORPUS, other, CORPUS))
    assert one["checksums"] != two["checksums"] and one == again


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"beams": 0}, "SearchConfig: beams is 0; give a positive"),
        ({"parts": ("test",)}, r"search.parts is \['test'\]; choose some of train"),
    ],
)
def test_what_is_out_of_range_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        SearchConfig(**wrong)


def test_several_seeds_are_several_runs():
    with pytest.raises(ValueError, match=r"run the seeds one by one with train\.seed"):
        TranslateExperiment.from_config(Config(train=TrainConfig(seeds=2)))
    assert np.isfinite(count_ngrams(CORPUS, "val")["KN bigram"])


def test_a_missing_package_of_the_end_is_named_before_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ModuleNotFoundError, match="sacrebleu"):
        TranslateExperiment.from_config(Config(name="none"))
