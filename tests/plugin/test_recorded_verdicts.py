"""Recorded verdicts: what they let pass, what they hold for, and runs that are never recorded."""

import pytest
from compared_policies import COMPARED
from plugin_projects import claim_text, results, run

from interp_claims.cli import main


def test_a_recorded_refutation_passes_until_the_verdict_flips(project, capsys):
    testdir = project(claim_text(0.05))
    assert run(testdir, "--claims-json", "results.json").ret == 1
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 0
    recorded = run(testdir)
    assert recorded.ret == 0
    recorded.stdout.fnmatch_lines(["REFUTED, AS RECORDED: *", "*1 passed*"])
    flipped = run(project(claim_text(0.5)))
    assert flipped.ret == 1
    flipped.stdout.fnmatch_lines(["*supported, recorded was refuted*"])


@pytest.mark.parametrize("options", [("--max-mazes", "64"), ("--precision", "bfloat16"), ("--alpha", "0.01")])
def test_another_budget_precision_or_error_rate_is_exploratory_and_never_recorded(project, capsys, options):
    testdir = project(claim_text(0.5))
    entries = results(testdir, *options)
    assert all(entry["exploratory"] for entry in entries.values())
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 2
    assert "exploratory" in capsys.readouterr().err
    assert not (testdir.path / "fixtures" / "verdicts").exists()


def test_a_universal_claim_is_exploratory_in_another_precision_too(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 9))
def test_it_holds(policy, n):
    """Squares are not negative."""
    assert n * n >= 0
'''
    given = [(), ("--max-mazes", "64"), ("--precision", "bfloat16")]
    told = [entry["exploratory"] for options in given for entry in results(project(text), *options).values()]
    assert told == [False, False, True]


def test_a_record_holds_only_for_the_statement_it_was_made_for(project, capsys):
    testdir = project(claim_text(0.5))
    run(testdir, "--claims-json", "results.json")
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 0
    changed = run(project(claim_text(0.5, options="effect_at_least=0.1")))
    assert changed.ret == 1
    changed.stdout.fnmatch_lines(["*supported, recorded was supported for another statement, 'mean at least 0.2'*"])


def test_a_damaged_record_stops_the_run_before_anything_is_measured(project):
    testdir = project(claim_text(0.5))
    (testdir.mkdir("fixtures/verdicts") / "one.json").write_text("<<<<<<< HEAD")
    result = run(testdir)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*one.json: no readable record*"])


def test_a_known_failure_says_why_and_when_to_look_at_it_again(project):
    testdir = project(COMPARED.format(old=0.05, new=0.5))
    run(testdir, "--policy", "one", "--claims-json", "old.json")
    assert main(["record", "old.json", "--because", "one is small", "--review-by", "2020-02-01"]) == 0
    result = run(testdir, "--policy", "one")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["REFUTED, AS RECORDED*", "    known: one is small", "*due for review:", "    2020-02-01  *it_is_large on one"]
    )
    assert main(["record", "old.json", "--review-by", "2999-01-01"]) == 0
    assert "due for review" not in run(testdir, "--policy", "one").stdout.str()
