"""--against a policy: what regressed, what did not, and what stands in the records."""

import json
import re
from pathlib import Path

import pytest
from compared_policies import COMPARED, WITH_AN_EDIT, compared
from plugin_projects import claim_text, results, run

from interp_claims.cli import main


def test_a_policy_against_one_that_does_the_same_is_non_inferior_everywhere(project):
    result, comparison = compared(project, 0.5, 0.5)
    assert result.ret == 0
    assert (comparison["change"], comparison["difference"], comparison["against"]) == ("non-inferior", 0.0, "one")
    assert comparison["mazes"] < 1024, "decided within the budget"


def test_a_smaller_effect_fails_though_the_claim_is_still_supported(project):
    result, comparison = compared(project, 0.6, 0.4, "--summary", "summary.md")
    assert result.ret == 1
    assert comparison["change"] == "regressed"
    assert comparison["difference"] == pytest.approx(-0.2)
    assert comparison["interval"][0] <= -0.2 <= comparison["interval"][1] < 0
    result.stdout.fnmatch_lines(["*REGRESSED*SUPPORTED*"])
    summary = Path("summary.md").read_text()
    assert summary.startswith("## two against one: failed\n\n1 regressed; non-inferior means smaller by at most 0.05")
    assert "differ from those of one: 0, of which now supported: 0." in summary
    assert "| it is large | -0.200 [" in summary
    line = r"^Cheese channels: ([\d, ]+); before, ([\d, ]+); they overlap by (\S+) \(Jaccard\)\.$"
    channels = re.search(line, summary, re.MULTILINE)
    new, old = ({*channels[i].split(", ")} for i in (1, 2))
    assert float(channels[3]) == pytest.approx(len(new & old) / len(new | old), abs=0.005)


def test_the_summary_tells_which_of_two_policies_regressed(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    options = ["--policy", "two", "--policy", "one", "--against", "one", "--summary", "summary.md"]
    assert run(testdir, *options).ret == 1
    worse, same = Path("summary.md").read_text().split("\n\n## ")
    assert worse.startswith("## two against one: failed\n\n1 regressed; ")
    assert same.startswith("one against one: passed\n\n1 non-inferior; ")


def test_a_larger_effect_is_non_inferior(project):
    result, comparison = compared(project, 0.3, 0.6)
    assert (result.ret, comparison["change"]) == (0, "non-inferior")


def test_a_difference_at_the_margin_is_undecided_and_no_pass(project):
    result, comparison = compared(project, 0.5, 0.45, "--summary", "summary.md")
    assert comparison["change"] == "undecided"
    result.assert_outcomes()
    result.stdout.fnmatch_lines(["*1 undecided*"])
    assert Path("summary.md").read_text().startswith("## two against one: undecided\n\n1 undecided; ")


def test_undecided_comparisons_fail_where_undecided_claims_do(project):
    result, comparison = compared(project, 0.5, 0.45, "--undecided", "fail")
    assert (result.ret, comparison["change"]) == (1, "undecided")
    result.stdout.fnmatch_lines(["COMPARISON UNDECIDED, SUPPORTED: *", "*1 failed*"])


def test_the_summary_tells_the_error_rate_that_was_asked_for(project):
    compared(project, 0.5, 0.5, "--alpha", "0.01", "--summary", "summary.md")
    summary = Path("summary.md").read_text()
    assert "at 1% error a side." in summary
    assert "| difference [99% interval] |" in summary


def test_what_was_refuted_before_may_be_refuted_again_but_not_what_was_supported(project):
    result, comparison = compared(project, 0.05, 0.05)
    assert (result.ret, comparison["change"]) == (0, "non-inferior"), "a known failure is no regression"
    assert comparison["before"] == "refuted", "found out in the run, for want of a record"
    result, comparison = compared(project, "0.220", "0.180")  # of another length: modules are kept by size and second
    assert result.ret == 1, "the effect is not smaller by the margin, but the verdict flipped"
    assert (comparison["before"], comparison["change"]) == ("supported", "undecided")
    result.stdout.fnmatch_lines(["*REFUTED, WAS SUPPORTED ON ONE*"])


def test_where_the_older_policy_has_a_record_it_stands(project):
    testdir = project(COMPARED.format(old=0.22, new=0.18))
    run(testdir, "--policy", "one", "--claims-json", "old.json")
    assert main(["record", "old.json"]) == 0
    result, comparison = compared(project, "0.180", "0.180")
    assert (result.ret, comparison["before"]) == (1, "supported")
    result.stdout.fnmatch_lines(["*REFUTED, WAS SUPPORTED ON ONE*"])
    project(COMPARED.format(old=0.18, new=0.18).replace("effect_at_least=0.2", "effect_at_least=0.300"))
    assert run(testdir, "--policy", "two", "--against", "one").ret == 0, "the record is of another statement"


def test_the_verdict_on_the_older_policy_shares_what_the_comparison_measures(project):
    text = """
calls = []
@declared(effect_at_least={"direction": 0.02, "size": 0.3})
def test_it_lowers(policy, mazes):
    \"\"\"It lowers.\"\"\"
    calls.append((policy.name, policy._edit_transform, mazes[0].seed))
    assert len(calls) == len(set(calls)), "measured twice"
    return noisy(policy, mazes, 0.4)
"""
    entries = results(project(text), "--policy", "two", "--against", "one")
    assert {(e["comparison"]["change"], e["comparison"]["before"]) for e in entries.values()} == {
        ("non-inferior", "supported")
    }
    assert len(entries) == 2


VACUOUS_ON_TWO = """
@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    if policy.name == "two":
        policy = policy.with_edits_replaced(None)  # its null control makes no difference
    return noisy(policy, mazes, 0.5)
"""


def test_a_claim_that_is_not_evaluated_any_more_fails_though_its_effect_is_as_large(project):
    testdir = project(VACUOUS_ON_TWO)
    result = run(testdir, "--policy", "two", "--against", "one", "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT EVALUATED, WAS SUPPORTED ON ONE: *"])
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert entry["comparison"]["change"] == "non-inferior"
    again = run(testdir, "--policy", "two", "--against", "two")
    assert again.ret == 0, "nothing is lost that there was"
    again.stdout.fnmatch_lines(["NON-INFERIOR, NOT EVALUATED: *"])


def test_the_policys_own_record_holds_in_a_comparison_too(project):
    testdir = project(COMPARED.format(old=0.5, new=0.05))
    run(testdir, "--policy", "two", "--claims-json", "new.json")
    assert main(["record", "new.json"]) == 0
    result, comparison = compared(project, 0.5, 0.5)
    assert (result.ret, comparison["change"]) == (1, "non-inferior")
    result.stdout.fnmatch_lines(["SUPPORTED, RECORDED WAS REFUTED: AN UNEXPECTED PASS: *"])
    assert compared(project, 0.05, 0.05)[0].ret == 0, "as recorded, and refuted before"


def test_where_unedited_networks_do_the_same_an_edit_lost_its_effect(project):
    entries = results(project(WITH_AN_EDIT), "--policy", "two", "--against", "one")
    (comparison,) = [entry["comparison"] for entry in entries.values()]
    assert (comparison["change"], comparison["lost"]) == ("regressed", "mechanism"), "both walk at random, untrained"


def test_a_claim_without_an_edit_can_lose_nothing_but_behaviour(project):
    result, comparison = compared(project, 0.6, 0.2)
    assert comparison["lost"] == "behaviour"
    result.stdout.fnmatch_lines(["REGRESSED (BEHAVIOUR LOST), *"])


def test_an_error_of_the_claim_on_the_older_policy_leaves_the_verdict_on_the_new_one(project):
    text = COMPARED.format(old=0.5, new=0.5).replace(
        "    return", "    assert policy.name == 'two', 'gone'\n    return"
    )
    result = run(project(text), "--policy", "two", "--against", "one", "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*SUPPORTED, NOT COMPARED: ASSERTIONERROR: GONE*", "*def test_it_is_large(*"])
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert (entry["verdict"], entry["not_compared"]) == ("supported", "AssertionError: gone")
    assert entry["mazes"] > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at-least", "-1"], "*--at-least: got -1, wanted a number of mazes*"),
        (["--against", "three.json"], "*--against: three.json: no results (*"),
        (["--against", "three"], "*--against: policy 'three': neither a checkpoint*"),
        (["--summary", "a.md"], "*--summary: tells of a comparison; give --against too*"),
    ],
)
def test_comparisons_that_cannot_be_made_stop_the_run(project, options, message):
    result = run(project(claim_text(0.5)), *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
