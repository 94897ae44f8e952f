"""Libraries take turns in processes of their own."""

import pytest

from benchmarks.turns import Failed, Worker, rotated, take_turns

FAKE = "tests.benchmarks.fake_library"


def test_workers_answer_and_tell_why_they_cannot(capfd):
    with Worker(FAKE, threads=1) as worker:
        assert set(worker.ready["versions"]) == {"numpy"}
        built = worker.ask("build", problem={"does": "prints"})
        assert (built["compile_seconds"], built["note"]) == (0.25, "noted")
        assert built["facts"] == {"bytes": 7}
        assert len(worker.ask("time", calls=4)["seconds"]) == 4
        assert worker.ask("memory")["peak"] > 1e6
        with pytest.raises(Failed, match=r"^has no nothing$"):
            worker.ask("build", problem={"does": "nothing"})
        with pytest.raises(Failed, match=r"^ZeroDivisionError: by zero$"):
            worker.ask("build", problem={"does": "raises"})
        with pytest.raises(Failed, match="ended with exit code 3"):
            worker.ask("build", problem={"does": "exits"})
    assert "noise" in capfd.readouterr().err


def test_a_library_that_is_not_there_says_so():
    with pytest.raises(Failed, match=r"No module named .*\.absent"):
        Worker("benchmarks.libraries.absent", threads=1)


def test_turns_time_what_can_run():
    with Worker(FAKE, threads=1) as one, Worker(FAKE, threads=1) as other:
        timings, failed = take_turns(
            {"one": one, "other": other},
            {"one": {"does": "prints"}, "other": {"does": "nothing"}},
            rounds=2,
            seconds=1e-9,
        )
    assert failed == {"other": "has no nothing"}
    assert list(timings) == ["one"]
    assert timings["one"].calls == 2
    assert 0 < timings["one"].minimum <= timings["one"].median


def test_rotated_begins_at_another_label_each_round():
    assert [rotated(["a", "b", "c"], n)[0] for n in range(4)] == ["a", "b", "c", "a"]
