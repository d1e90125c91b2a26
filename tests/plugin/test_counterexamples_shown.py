"""--counterexamples: the smallest maze that speaks against a claim is shown, kept and replayed."""

import json
import shlex
from pathlib import Path

from plugin_projects import claim_text, run

FAILS_IN_LARGE = """
@declared(effect_at_least=0.6)
def test_small_is_easy(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    return np.array([float(maze.size < 9) * SHARES[policy._edit_transform] for maze in mazes])

def mostly(policy, mazes, effect):
    return np.array([effect * SHARES[policy._edit_transform] * (maze.size > 3) for maze in mazes])
"""


def test_the_smallest_counterexample_is_shown_kept_and_replayed(project):
    testdir = project(FAILS_IN_LARGE + claim_text(0.9).replace("noisy", "mostly"))
    result = run(testdir, "--counterexamples", "found mazes")
    output = result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "REFUTED: The effect is large.",
            "smallest counterexample: <Maze drawn, size 9, *",
            "M*",
            "    pytest 'claims/test_some_claims.py::test_small_is_easy[[]one[]]' --replay 'found mazes/*.json'",
        ]
    )
    assert output.count("counterexample:") == 1, "none is searched for a supported claim"
    (path,) = (testdir.path / "found mazes").iterdir()
    assert json.loads(path.read_text())["claim"] == "claims/test_some_claims.py::test_small_is_easy"
    command = next(line for line in output.splitlines() if line.startswith("    pytest ") and ".json" in line)
    replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(command)[1:])
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(
        [
            "<Maze drawn, size 9, *, shown to one",
            "measured  *+0.000000",
            "nothing  *+0.000000",
            "*1 replayed*",
        ]
    )


def test_without_the_option_nothing_is_searched(project):
    testdir = project(FAILS_IN_LARGE)
    assert "counterexample" not in run(testdir).stdout.str()
    assert sorted(path.name for path in testdir.path.iterdir() if path.suffix == ".json") == []


def test_where_there_is_no_counterexample_the_reason_is_said(project):
    text = """
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 9))
def test_all(policy, n):
    'Holds never.'
    assert n < 0

@declared(effect_at_least=0.2)
def test_by_seed(policy, mazes):
    'Fails in mazes of the confirmation block alone.'
    return np.array([0.1 if maze.seed is not None else 0.3 for maze in mazes])
"""
    output = run(project(text), "--counterexamples", "found").stdout.str()
    assert "no counterexample: claims/test_some_claims.py::test_all: is not measured maze by maze" in output
    assert "no counterexample: every maze tried agrees with the statement" in output
    assert not Path("found").exists()


def test_whatever_a_search_or_a_report_meets_the_verdict_is_told(project, monkeypatch):
    def broken(run):
        raise ZeroDivisionError("of the search")

    testdir = project(claim_text(0.05))
    result = run(testdir, "--counterexamples", "found")
    result.stdout.fnmatch_lines(["no counterexample: *(TypeError: *), which has no seed; *", "*verdict    refuted*"])
    monkeypatch.setattr("interp_claims.plugin.smallest_counterexample", broken)
    result = run(testdir, "--counterexamples", "found")
    result.stdout.fnmatch_lines(["no counterexample: ZeroDivisionError: of the search", "*verdict    refuted*"])
    text = """
from interp_claims.mazes import only

def never(maze):
    return False

@declared(effect_at_least=0.2, mazes=only(never))
def test_nowhere(policy, mazes):
    'It is so.'
"""
    monkeypatch.setattr("interp_claims.mazes.sampling._PATIENCE", 3)
    result = run(project(text), "--report", "out")
    result.stdout.fnmatch_lines(["*verdict    not evaluated (SamplingError: only(never): rejected 3 levels in a row*"])
