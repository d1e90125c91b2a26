"""Benchmarks: what a row says, and that the command measures and writes it."""

import itertools
import json

import pytest

from interp_claims.bench import __main__ as command
from interp_claims.bench import training
from interp_claims.bench.rows import Row


def row(ratio, direction):
    return Row("work", "other work", ratio, 1.1, direction, "detail")


@pytest.mark.parametrize(
    ("ratio", "direction", "reached"),
    [(1.1, "at most", True), (1.11, "at most", False), (1.1, "at least", True), (1.09, "at least", False)],
)
def test_a_target_is_reached_from_its_side(ratio, direction, reached):
    assert row(ratio, direction).reached is reached
    assert row(ratio, direction).to_dict()["reached"] is reached


def test_the_command_writes_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "BENCHMARKS", {"one": lambda device: iter([row(1.05, "at most")]), "two": None})
    assert command.main(["--only", "one", "--json", str(tmp_path / "bench.json")]) == 0
    content = json.loads((tmp_path / "bench.json").read_text())
    assert [(r["name"], r["ratio"], r["target"], r["reached"]) for r in content["rows"]] == [("work", 1.05, 1.1, True)]
    assert "1.050" in capsys.readouterr().out


def test_live_data_is_timed_against_the_first_batch_alone(monkeypatch):
    """With the clock replaced: a step takes one second, and fetching a live batch takes a tenth of one."""
    clock = [0.0]
    fetched = []

    def live(recipe, first_step, workers):
        for number in itertools.count():
            clock[0] += 0.1
            fetched.append(number)
            yield number

    class Run:
        def __init__(self, recipe, device):
            pass

        def train(self, batch):
            clock[0] += 1.0
            return 0.0

    monkeypatch.setattr(training, "batches", live)
    monkeypatch.setattr(training, "TrainingRun", Run)
    monkeypatch.setattr(training.time, "perf_counter", lambda: clock[0])
    (found,) = training.live_data_rows("cpu", (1,))
    assert found.ratio == pytest.approx(1.1)
    assert (found.target, found.direction) == (1.1, "at most")
    assert found.detail.startswith("1100.0 ms against 1000.0 ms")
