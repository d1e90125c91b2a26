"""Benchmarks: what a row says, and that the command measures and writes it."""

import importlib.util
import itertools
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from interp_claims.bench import __main__ as command
from interp_claims.bench import budget, edits, explorer, rendering, suite, timing, training
from interp_claims.bench.budget import mazes_of_a_fixed_test
from interp_claims.bench.published import NotInstalledError, PublishedTools
from interp_claims.bench.rows import Row
from interp_claims.errors import InterpClaimsError
from interp_claims.files import check_marks
from interp_claims.mazes import CONFIRMATION, simulator, with_decision_square
from interp_claims.measures import vector_fields
from interp_claims.policies import Manifest

REPOSITORY = Path(__file__).parents[2]


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


def test_two_ways_are_timed_in_turns_and_their_preparation_is_not(monkeypatch):
    clock, order = [0.0], []

    def way(name, seconds):
        def prepare():
            clock[0] += 100

            def work():
                order.append(name)
                clock[0] += seconds[order.count(name) - 1]

            return work

        return prepare

    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    found = timing.compared(way("a", [1, 2, 1]), way("b", [3, 10, 7]), rounds=3)
    assert order == ["a", "b"] * 3
    assert (found.ratio, found.first_seconds, found.second_seconds) == (5, 1, 7)


def test_what_is_missing_is_said_and_the_rest_is_measured(monkeypatch, capsys):
    def missing(device):
        raise NotInstalledError("procgen-tools: not installed")
        yield

    monkeypatch.setattr(command, "BENCHMARKS", {"one": missing, "two": lambda device: iter([row(1.05, "at most")])})
    assert command.main([]) == 2
    shown = capsys.readouterr().out
    assert "one: procgen-tools: not installed" in shown
    assert "1.050" in shown


def test_whole_runs_are_left_out_unless_they_are_named(monkeypatch):
    asked = []

    def benchmark(name):
        return lambda device: iter(asked.append(name) or [])

    monkeypatch.setattr(command, "BENCHMARKS", {name: benchmark(name) for name in ("edits", "suite", "policies")})
    command.main([])
    assert asked == ["edits"]
    command.main(["--only", "suite"])
    assert asked == ["edits", "suite"]


def test_a_test_of_fixed_size_needs_more_mazes_for_wider_bounds_and_smaller_margins():
    needed = mazes_of_a_fixed_test((0, 1), alpha=0.001)
    assert mazes_of_a_fixed_test((-1, 1), alpha=0.001) == pytest.approx(4 * needed, abs=4)
    assert mazes_of_a_fixed_test((0, 1), alpha=0.001, margin=0.05) == pytest.approx(4 * needed, abs=4)
    rates = [math.sqrt(math.log(2 / rate) / (2 * needed)) for rate in (0.001, 0.1)]
    assert sum(rates) == pytest.approx(0.1, rel=1e-3), "both bands fill the margin"


def test_mazes_to_a_verdict_are_those_on_record():
    (found,) = budget.budget_rows("cpu", REPOSITORY)
    assert 0 < found.ratio < 1
    count = sum(
        entry["kind"] == "sampled" and entry["verdict"] != "not evaluated"
        for path in (REPOSITORY / "fixtures" / "verdicts").glob("*.json")
        for entry in json.loads(path.read_text())["claims"].values()
    )
    assert found.detail.startswith(f"{count} verdicts on record")


def test_without_records_there_is_nothing_to_compare(tmp_path):
    shutil.copytree(REPOSITORY / "claims", tmp_path / "claims")
    with pytest.raises(InterpClaimsError, match="no verdicts on record"):
        list(budget.budget_rows("cpu", tmp_path))


def test_every_kind_of_click_on_the_explorer_has_its_answers_timed(monkeypatch):
    monkeypatch.setattr(explorer, "_POLICY", "untrained-scale1-seed0")
    monkeypatch.setattr(explorer, "_SIZE", 9)  # whose fields are soon computed
    monkeypatch.setattr(explorer, "_CLICKS", 3)
    rows = list(explorer.explorer_rows("cpu", REPOSITORY / "fixtures" / "policies.toml"))
    kinds = [each.name.removeprefix("explorer: first answer after ").split(",")[0] for each in rows]
    assert kinds == ["moving the cheese", "moving the mouse", "moving a clamp"]
    assert all(
        each.ratio > 0 and (each.against, each.target, each.direction) == ("300 ms", 1, "at most") for each in rows
    )


def test_the_median_answer_of_the_explorer_is_what_counts():
    found = explorer._row("moving the cheese", [0.1, 0.15, 0.9], "somewhere")
    assert found.ratio == pytest.approx(0.5)
    assert found.detail.startswith("median 150 ms, slowest 900 ms of 3, with P(cheese) before and under an edit")


def test_memory_of_processes_that_a_process_starts_counts():
    held = "x = bytearray(300_000_000); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(2)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {held!r}])"
    with subprocess.Popen([sys.executable, "-c", starts]) as process:
        memory = suite._Memory(process.pid)
        process.wait()
        assert 0.28 < memory.stop() < 0.5


def test_pictures_that_differ_from_procgens_are_an_error(monkeypatch):
    monkeypatch.setattr(rendering, "_CHECKED", 40)
    assert rendering._exact_row().ratio == 1
    monkeypatch.setattr(rendering, "paint", lambda mazes: simulator().render(mazes) ^ 1)
    with pytest.raises(InterpClaimsError, match="40 of 40 pictures differ from procgen's"):
        rendering._exact_row()


@pytest.mark.skipif(importlib.util.find_spec("procgen_tools") is None, reason="procgen-tools is not installed")
def test_the_published_tools_say_what_the_suite_says():
    policy = Manifest(REPOSITORY / "fixtures" / "policies.toml").load("region5-seed0-scale2")
    tools = PublishedTools(policy.forward.network)
    maze = simulator().mazes([11])[0]
    theirs = tools.vector_field(tools.venv(11))
    np.testing.assert_allclose(theirs, vector_fields(policy, [maze])[0].net_vectors, atol=1e-5)
    mazes = with_decision_square().sample(CONFIRMATION, 3)
    expected = edits._p_cheese_before_and_after(policy, mazes)
    assert np.abs(np.diff(expected)).max() > 0.1
    got = [tools.p_cheese_before_and_after(maze.seed) for maze in mazes]
    np.testing.assert_allclose(got, expected, atol=1e-5)


MARKED = "".join(
    f"<!-- {name}: begin -->\n{name} of old\n<!-- {name}: end -->\n" for name in ("benchmark", "long benchmark")
)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page with an old table of each kind; every benchmark measures one row of its name."""

    def benchmark(name):
        return lambda device: iter([Row(name, "other work", 1.0, 1.1, "at most", "detail")])

    monkeypatch.setattr(command, "BENCHMARKS", {name: benchmark(name) for name in ("edits", "suite", "policies")})
    (tmp_path / "page.md").write_text(MARKED)
    return tmp_path / "page.md"


@pytest.mark.parametrize("only", [["edits"], ["suite"], ["edits", "suite", "policies"]])
def test_a_part_of_a_table_does_not_take_the_place_of_the_whole(page, capsys, only):
    with pytest.raises(SystemExit) as stop:
        command.main([*(word for name in only for word in ("--only", name)), "--markdown", str(page)])
    assert stop.value.code == 2
    wanted = "--markdown writes a whole table: leave --only out, or name policies and suite together"
    assert wanted in capsys.readouterr().err
    assert page.read_text() == MARKED


def test_long_and_short_benchmarks_have_tables_of_their_own(page):
    assert command.main(["--only", "suite", "--only", "policies", "--markdown", str(page)]) == 0
    assert "\nbenchmark of old\n" in page.read_text() and "| suite |" in page.read_text()
    assert command.main(["--markdown", str(page)]) == 0
    shown = page.read_text()
    assert "of old" not in shown
    assert shown.index("| edits |") < shown.index("<!-- long") < shown.index("| suite |") < shown.index("| policies |")


def test_where_not_all_was_measured_the_old_table_stays(page, monkeypatch, capsys):
    def missing(device):
        raise NotInstalledError("procgen-tools: not installed")
        yield

    monkeypatch.setitem(command.BENCHMARKS, "edits", missing)
    assert command.main(["--markdown", str(page)]) == 2
    assert page.read_text() == MARKED
    assert "is as it was before, since not all was measured" in " ".join(capsys.readouterr().out.split())


def test_a_page_without_marks_is_told_before_anything_is_measured(page, monkeypatch, capsys):
    page.write_text("nothing")
    monkeypatch.setattr(command, "BENCHMARKS", {"edits": None, "suite": None, "policies": None})
    with pytest.raises(SystemExit) as stop:
        command.main(["--markdown", str(page)])
    assert stop.value.code == 2
    assert "found no pair of marks, wanted '<!-- benchmark: begin -->'" in capsys.readouterr().err


def test_the_page_on_performance_has_the_marks_of_all_tables():
    for marks in ("benchmark", "plain benchmark", "long benchmark"):
        check_marks(REPOSITORY / "docs" / "performance.md", marks)


def test_the_table_can_be_written_again(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- benchmark: begin -->\n<!-- benchmark: end -->\n\nafter\n")
    monkeypatch.setattr(command, "BENCHMARKS", {"one": lambda device: iter([row(1.05, "at most")])})
    assert command.main(["--markdown", str(page)]) == 0
    once = page.read_text()
    assert command.main(["--markdown", str(page)]) == 0
    assert page.read_text() == once
    assert "\n| work | other work | 1.05 | ≤ 1.1 | yes | detail |\n<!-- benchmark: end -->\n" in once
