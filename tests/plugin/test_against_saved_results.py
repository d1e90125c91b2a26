"""--against results that were saved: as good as the policy itself, or refused."""

import json
from pathlib import Path

import pytest
from compared_policies import COMPARED, WITH_AN_EDIT, compared
from plugin_projects import run

from interp_claims.cli import main


def saved(testdir, *options):
    """Policy one's results, saved as old.json."""
    assert run(testdir, "--policy", "one", "--claims-json", "old.json", *options).ret in (0, 1)
    return json.loads(Path("old.json").read_text())["claims"][0]


def compared_with_saved(testdir):
    result = run(testdir, "--policy", "two", "--against", "old.json", "--claims-json", "results.json")
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    return result, entry["comparison"]


def test_saved_results_serve_as_the_older_policy(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    live = compared(project, 0.6, 0.4)[1]
    old = saved(testdir, "--at-least", "256")
    assert len(old["scores"]) == 256 > old["mazes"], "the verdict takes no more mazes than before"
    result, comparison = compared_with_saved(testdir)
    assert result.ret == 1
    assert (comparison["change"], comparison["mazes"]) == (live["change"], live["mazes"])
    assert comparison["difference"] == pytest.approx(live["difference"], abs=1e-6), "scores are saved to six decimals"
    assert (comparison["before"], comparison["lost"]) == ("supported", "behaviour"), "the claim makes no edit"
    result.stdout.fnmatch_lines(["*REGRESSED (BEHAVIOUR LOST), SUPPORTED*"])


def test_saved_results_do_not_tell_whether_an_edit_or_the_policy_changed(project):
    testdir = project(WITH_AN_EDIT)
    saved(testdir, "--at-least", "256")
    result, comparison = compared_with_saved(testdir)
    assert (comparison["change"], comparison["lost"]) == ("regressed", "undecided")
    result.stdout.fnmatch_lines(["REGRESSED, *"])


def test_more_mazes_change_no_verdict(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    few, many = saved(testdir), saved(testdir, "--at-least", "256")
    assert many["scores"][: len(few["scores"])] == few["scores"]
    left_out = ("scores", "seconds")
    assert {k: v for k, v in few.items() if k not in left_out} == {k: v for k, v in many.items() if k not in left_out}


def test_too_few_saved_scores_leave_the_comparison_open(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    old = saved(testdir)
    result, comparison = compared_with_saved(testdir)
    assert (comparison["change"], comparison["mazes"]) == ("undecided", len(old["scores"]))
    result.stdout.fnmatch_lines(["*1 undecided*"])


def test_claims_that_were_not_saved_are_run_and_said_not_to_be_compared(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("test_it_is_large", "test_another"))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison) == (0, None)
    result.stdout.fnmatch_lines(["SUPPORTED, NOT COMPARED: The effect is large."])
    run(testdir, "--policy", "two", "--against", "old.json", "--summary", "summary.md")
    text = "## two: no claim was compared\n\nNot compared:\n\n- another: supported, not compared\n"
    assert Path("summary.md").read_text() == text


def test_a_threshold_that_changed_since_cannot_be_compared(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("effect_at_least=0.2", "effect_at_least=0.1"))
    result, _ = compared_with_saved(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*states mean at least 0.1, but mean at least 0.2 in the saved results of one*"])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("return noisy(", "return 0.9 * noisy(", "*is measured by code of hash *, but by other code, of hash *"),
        (
            "effect_at_least=0.2)",
            "effect_at_least=0.2, mazes=size_between(3, 7))",
            "*is measured in size_between(smallest=3, largest=7), but in stock_mazes() in the saved results of one*",
        ),
    ],
    ids=["measure", "mazes"],
)
def test_another_measure_or_other_mazes_cannot_be_compared_with_saved_results(project, old, new, why):
    text = "from interp_claims.mazes import size_between\n" + COMPARED.format(old=0.5, new=0.5)
    testdir = project(text)
    saved(testdir, "--at-least", "64")
    project(text.replace(old, new))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison) == (1, None)
    result.stdout.fnmatch_lines([why])


def test_what_changes_no_measure_can_be_compared_with_saved_results(project):
    text = COMPARED.format(old=0.5, new=0.5)
    testdir = project(text)
    saved(testdir, "--at-least", "800")
    text = text.replace("effect_at_least=0.2", "effect_at_least=0.2, budget=900, reported='no figure'")
    project(text.replace("The effect is large", "It is large").replace("    return", "    # the mean\n\n    return"))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison["change"]) == (0, "non-inferior")


def test_where_no_comparison_can_be_made_the_verdict_stands_and_the_claim_fails(project, capsys):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("effect_at_least=0.2", "effect_at_least=0.1"))
    options = ["--policy", "two", "--against", "old.json", "--summary", "summary.md", "--claims-json", "results.json"]
    assert run(testdir, *options).ret == 1
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert (entry["verdict"], entry["comparison"], entry["reason"]) == ("supported", None, "")
    assert entry["not_compared"].startswith(
        "ComparisonError: claims/test_some_claims.py::test_it_is_large: states mean"
    )
    told = "Failed without a comparison:\n\n- it is large: supported, not compared: ComparisonError: claims/"
    assert told in Path("summary.md").read_text()
    assert main(["record", "results.json"]) == 0
    assert "supported      claims/test_some_claims.py::test_it_is_large on two (new)" in capsys.readouterr().out
    assert main(["attest", "results.json", "fixtures/two.safetensors", "--out", "statement.json"]) == 0
    assert json.loads(Path("statement.json").read_text())["predicate"]["result"] == "FAILED", "as the run"
    assert run(testdir, "--resume", *options).ret == 1, "what was not compared is no finished result"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--policy", "all"], "*--against: old.json: got results of one, two, wanted those of one policy*"),
        (
            ["--policy", "one", "--alpha", ".01"],
            "*--against: old.json: got exploratory results; run the claims without*",
        ),
    ],
)
def test_saved_results_that_do_not_serve_stop_the_run(project, options, message):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    run(testdir, *options, "--claims-json", "old.json")
    result = run(testdir, "--policy", "two", "--against", "old.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
