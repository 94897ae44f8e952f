"""Spoiled files are read or refused in a line; what was found once stays mended."""

import functools
import json
import random
import subprocess
import sys
from collections import Counter

import pytest

from tests.fuzz.kinds import arrays, requests, runs, tables, weights
from tests.fuzz.mutate import mutated
from tests.fuzz.outcome import outcome
from tests.fuzz.watch import counted, jobs_of, reports
from tests.fuzz.worker import tried

pytestmark = [
    pytest.mark.usefixtures("unchecked"),
    pytest.mark.filterwarnings("default"),  # as a user's program has it
]
QUICK = (
    tables.tables, tables.parquet, tables.texts, arrays.arrays, arrays.sounds,
    runs.logs, pytest.param(weights.onnx, marks=pytest.mark.long),
    pytest.param(weights.trees, marks=pytest.mark.long),
)  # fmt: skip
HOSTILE = {"d.npy", "b.yaml", "c.yaml"}
"""Seeds that are refused as they are."""
SAMPLE = 4


@functools.cache
def rows(kind):
    """Return the readers of a kind by their names."""
    return {reader.name: reader for reader in kind()}


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.__name__)
def test_a_sample_is_read_or_refused(kind, tmp_path):
    found = [
        (reader.name, n, *tried(reader, n, 7, tmp_path))
        for reader in rows(kind).values()
        for n in range(SAMPLE)
    ]
    wrong = [each for each in found if each[2] not in ("read", "refused")]
    assert found and not wrong


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.__name__)
def test_seeds_are_read_as_they_are(kind, tmp_path):
    """Of a seed that is refused all spoiled copies would be worth little."""
    for reader in rows(kind).values():
        for file, content in reader.seeds.items():
            (tmp_path / file).write_bytes(content)
            wanted = "refused" if file in HOSTILE else "read"
            assert outcome(reader.read, tmp_path / file)[0] == wanted, file


def test_spoiled_bytes_are_the_same_for_the_same_seed():
    seeds = [b'{"a": 1}', b"1,2\n"]
    first, again = (
        [mutated(seeds, 0, random.Random(n)) for n in range(200)] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) > 150


def keras(kind, **config):
    return json.dumps([{"config": {"class_name": kind, **config}, "weights": [1]}])


LONG = "1" * 5000
"""More digits than Python makes a number of."""
NO_WAY = {
    "weights": {"shape": [9], "dtype": "float32"},
    "sizes": dict.fromkeys(("input_size", "hidden_size", "num_layers"), 1),
}
BUILT = {"build_config": {"input_shape": [1, 2, 3]}}
FOUND = {
    "digits without end": (tables.tables, "sequences", "a.csv",
                           f"id,label,t,x\n0,up,{LONG},2\n0,up,{LONG},2\n", "a.csv"),
    "no words": (tables.texts, "CoNLL-U", "a.conllu", "1-2\ta\t_\t_\n", "ranges and"),
    "long numbers of words": (tables.texts, "CoNLL-U", "a.conllu",
                              f"{LONG}\ta\t_\t_\n", "no tags in column"),
    "a header of NumPy": (arrays.arrays, "npy and npz", "a.npy",
                          "\x93NUMPY\1\0\4\0{\x1e}\n", "no array"),
    "several lines": (arrays.arrays, "zip and tar", "a.tar", "x" * 600,
                      "not a whole zip or tar"),
    "no text": (arrays.arrays, "vocabulary", "a.json",
                '{"level": "word", "symbols": [{}]}', "no word"),
    "no character": (arrays.arrays, "vocabulary", "a.json",
                     '{"level": "char", "symbols": ["ab"]}', "'ab' is no char"),
    "cut off": (arrays.arrays, "MATLAB", "a.mat",
                "MATLAB 5.0".ljust(124) + "\0\1IM\x0e", "it is cut off"),
    "no level": (weights.trees, "Haiku", "a.json", '{"lstm/linear": "x"}',
                 "lstm/linear is a str"),
    "no direction": (weights.trees, "cuDNN", "a.json", json.dumps(NO_WAY),
                     "bidirectional is None"),
    "no layer": (weights.trees, "Keras", "a.json", keras("LSTM", config=[], **BUILT),
                 "not what Keras gives"),
    "a long override": (requests.commands, "overrides", "a",
                        f"train.seed={LONG * 5}", "20,000 at most are read"),
    "a long name": (requests.commands, "overrides", "a", f"task=memory{LONG}",
                    "longer than one of a file"),
    "no class": (weights.trees, "Keras", "a.json", keras([], config={}),
                 "cannot read a []"),
}  # fmt: skip


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_is_refused_in_a_line_of_ours(what, tmp_path):
    kind, name, file, content, words = FOUND[what]
    (tmp_path / file).write_bytes(content.encode("latin-1"))
    how, said = outcome(rows(kind)[name].read, tmp_path / file)
    assert how == "refused" and words in said, said


@pytest.mark.slow
def test_each_fault_of_a_reader_is_seen():
    wanted = {"read": "read", "fault": "fault", "slow": "slow", "escape": "escape",
              "unpickled": "escape", "crash": "crash", "memory": "fault"}  # fmt: skip
    jobs = jobs_of(dict.fromkeys(wanted, 1.0), len(wanted))
    counts, wrong = counted(reports("tests.fuzz.faulty", jobs))
    assert counts == {name: Counter({how: 1}) for name, how in wanted.items()}
    assert len(wrong) == len(wanted) - 1


@pytest.mark.long
def test_thousands_of_inputs_are_read_or_refused():
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", "2000", "--first", "50"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " 0 faults, " in done.stdout
