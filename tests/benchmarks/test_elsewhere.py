"""What is compiled for machines that are not here, read off the compiler's text.

`python3 dev.py --venv .venv-aot aot` has the compilers; elsewhere the rows are skipped.
"""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from benchmarks import aot
from benchmarks.elsewhere.launches import Loop, loops
from benchmarks.elsewhere.layers import Key
from benchmarks.elsewhere.machines import MACHINES, missing
from benchmarks.elsewhere.page import line, page, per_step
from benchmarks.elsewhere.registers import Kernel, kernels

TABLE = json.loads(Path(__file__).with_name("launches.json").read_text("utf-8"))
"""Launches of each loop for each step. A number may fall; that one may rise takes a
line in docs/design/021-compiled-elsewhere.md that says why."""
KEYS = [
    Key(machine, library, cell, backend, dtype)
    for machine, library, cell, backend, dtype in map(str.split, TABLE)
]
PROGRAM = """
%inner (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]{0}) parameter(0)
  %i = s32[] get-tuple-element(%p), index=0
  %x = f32[4]{0} get-tuple-element(%p), index=1
  %y = f32[4]{0:T(128)S(1)} fusion(%x), kind=kLoop, calls=%fused
  %start = ((f32[4]{0}), f32[4]{0}, u32[]) fusion-start(%y), kind=kLoop, calls=%fused
  %done = f32[4]{0} fusion-done(%start)
  %made = (f32[4]{0}, /*index=1*/f32[4]{0}) custom-call(%done), custom_call_target="k"
  %z = f32[4]{0} get-tuple-element(%made), index=0
  %one = s32[]{:T(128)} constant(1)
  %next = s32[]{:T(128)} add(%i, %one)
  ROOT %t = (s32[], f32[4]{0}) tuple(%next, %z)
}

%below (p.1: (s32[], f32[4])) -> pred[] {
  %bound = s32[]{:T(128)} constant(32)
  %p.1 = (s32[], f32[4]{0}) parameter(0)
  %i.1 = s32[] get-tuple-element(%p.1), index=0
  ROOT %less = pred[] compare(%i.1, %bound), direction=LT
}

%wrapped (x.1: f32[4]) -> f32[4] {
  ROOT %copied = f32[4]{0} copy(%x.1)
}

%outer (p.2: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p.2 = (s32[], f32[4]{0}) parameter(0)
  %i.2 = s32[] get-tuple-element(%p.2), index=0
  %w = (s32[], f32[4]{0}) while(%p.2), condition=%below, body=%inner
  %x.2 = f32[4]{0} get-tuple-element(%w), index=1
  %c = f32[4]{0} call(%x.2), to_apply=%wrapped
  ROOT %t.2 = (s32[], f32[4]{0}) tuple(%i.2, %c)
}

ENTRY %main (a: (s32[], f32[4])) -> (s32[], f32[4]) {
  %a = (s32[], f32[4]{0}) parameter(0)
  ROOT %w.2 = (s32[], f32[4]{0}) while(%a), condition=%below, body=%outer, backend_config={"known_trip_count":{"n":"7"}}
}
"""  # noqa: E501
PTXAS = """ptxas info    : Function properties for kernel
    0 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 70 registers, used 2 barriers, 1 bytes smem
ptxas info    : Function properties for kernel
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers
"""


@cache
def compiled(machine):
    """Compile the rows of a machine, in one process."""
    rows = aot.compile_rows(machine, [key for key in KEYS if key.machine == machine])
    return {str(Key(*row["key"])): row for row in rows}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_launches_do_not_rise(key):
    if lacking := missing(key.machine):
        assert "JLSTM_REQUIRE_COMPILERS" not in os.environ, lacking
        pytest.skip(f"{', '.join(lacking)} not installed: setup aot")
    row = compiled(key.machine)[str(key)]
    assert "error" not in row, row
    made, most = per_step(row), TABLE[str(key)]
    assert len(made) == len(most)
    assert all(one <= limit for one, limit in zip(made, most, strict=True)), made
    if key.backend == "pallas":
        assert len(row["kernels"]) == 2
        assert all(spilled == 0 for _, spilled, _ in row["kernels"])


def test_launches_are_counted_in_each_loop():
    assert loops(PROGRAM) == [Loop(launches=1, turns=7), Loop(launches=3, turns=32)]


def test_registers_are_read_off_what_ptxas_says():
    assert kernels(PTXAS) == [Kernel(70, 12, 1), Kernel(255, 0, 0)]


KEY = Key("h100", "jlstm", "LSTMCell", "pallas", "float32")
ROW = {
    **{"key": KEY, "commit": "abc", "loops": [[12, 32], [15, 32]], "flops": None},
    **{"temporaries": 102_300_000, "kernels": [[70, 0, 1]]},
}


def test_a_row_is_launches_for_each_step():
    assert line(KEY, ROW) == (
        "| `LSTMCell` | pallas | float32 | 3 / 3.75 | 102 | – | 70 registers, 0 B "
        "spilled, 1 B shared |"
    )
    failed = {"key": KEY, "commit": "abc", "error": "RuntimeError: no"}
    assert "| not compiled: RuntimeError: no | | | |" in line(KEY, failed)
    assert "commit abc." in page({"versions": {"jax": "1"}, "rows": [ROW]})


def test_a_row_that_is_done_is_not_compiled_again(monkeypatch, tmp_path, capsys):
    asked = []

    def compile_rows(machine, rows):
        asked.extend(rows)
        return [ROW | {"key": key} for key in rows]

    monkeypatch.setattr(aot, "missing", lambda name: [])
    monkeypatch.setattr(aot, "compile_rows", compile_rows)
    for commit, count in (("one", 2), ("one", 2), ("two", 4), ("two+", 6)):
        monkeypatch.setattr(aot, "commit", lambda commit=commit: commit)
        aot.main(["--only", "h100 RNNCell float32", "--out", str(tmp_path)])
        assert len(asked) == count
    written = json.loads((tmp_path / "aot.json").read_text())
    assert {row["commit"] for row in written["rows"]} == {"two+"}
    assert "`RNNCell` | fused | float32" in (tmp_path / "aot.md").read_text()


@pytest.mark.long
def test_a_process_that_ends_is_a_row_with_the_reason(monkeypatch):
    monkeypatch.setattr(aot, "environment", lambda machine: {"PATH": "", "HOME": ""})
    [row] = aot.compile_rows("h100", [KEY])
    assert row["key"] == KEY and "Error" in row["error"]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_that_cannot_be_compiled_for_is_left_out(machine, monkeypatch):
    monkeypatch.setattr(aot, "missing", lambda name: ["a_compiler"])
    options = aot.argparse.Namespace(machines=[machine], only="")
    assert aot.wanted(options) == []
