"""--mutant: claims run alone, never fail and are never recorded."""

import pytest
from plugin_projects import claim_text, results, run

from interp_claims.cli import main

EDITING = """
from interp_claims.controls import no_op
from interp_claims.edits import scale_channels
from interp_claims.edits.edit import NoOp

@declared(effect_at_least=0.2, null_controls=(no_op,))
def test_scaling_does_something(policy, mazes):
    \"\"\"Scaling a channel does something.\"\"\"
    edit = policy.edited(scale_channels(0, 2.0)).edit
    return np.full(len(mazes), 0.0 if isinstance(edit, NoOp) else 0.5)
"""


NOT_EDITING = """
@declared(effect_at_least=0.2)
def test_seeds_are_large(policy, mazes):
    \"\"\"Seeds are large.\"\"\"
    return np.array([maze.seed > 1000 for maze in mazes]) * 0.5
"""


def test_under_a_mutant_a_claim_runs_alone_and_never_fails(project):
    testdir = project(EDITING + NOT_EDITING)
    unchanged, no_op = (results(testdir, "--mutant", name) for name in ("none", "no-op"))
    claim = "claims/test_some_claims.py::test_scaling_does_something"
    assert [(r[claim]["verdict"], r[claim]["mutant"]) for r in (unchanged, no_op)] == [
        ("supported", "none"),
        ("refuted", "no-op"),
    ]
    assert all(entry["exploratory"] and not entry["controls"] for entry in no_op.values())
    assert no_op["claims/test_some_claims.py::test_seeds_are_large"]["verdict"] == "not evaluated"
    result = run(testdir, "--mutant", "no-op")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["REFUTED: Scaling a channel does something.", "mutant no-op: never recorded*"])
    assert main(["record", str(testdir.path / "results.json")]) == 2


def test_only_what_other_results_support_is_run(project):
    testdir = project(EDITING + claim_text(0.05, name="does_not"))
    assert len(results(testdir)) == 2
    again = results(testdir, "--mutant", "no-op", "--supported-in", "results.json")
    assert {claim.split("::test_")[1] for claim in again} == {"scaling_does_something"}
    refused = run(testdir, "--supported-in", "nothing.json")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*--supported-in: nothing.json: no results*"])


def test_mutants_are_kept_apart_in_the_journal(project):
    testdir = project(EDITING)
    claim = "claims/test_some_claims.py::test_scaling_does_something"
    verdicts = [results(testdir, "--resume", *mutant)[claim]["verdict"] for mutant in ([], ["--mutant", "no-op"], [])]
    assert verdicts[0] == verdicts[2] != verdicts[1] == "refuted"


def test_mutants_are_not_compared(project):
    result = run(project(EDITING), "--mutant", "no-op", "--against", "two")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--mutant: mutants are not compared with older policies*"])
