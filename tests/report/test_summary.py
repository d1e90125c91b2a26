"""The summary: a row for each result, counts for each policy, and the comparison where there is one."""

import dataclasses

from interp_claims.report.matrix import Matrix
from interp_claims.report.results_json import SavedRun
from interp_claims.report.summary import summary_markdown
from interp_claims.results import ClaimResult, Comparison, ControlResult

RESULT = ClaimResult(
    claim="claims/test_a.py::test_it[size]",
    number=11,
    kind="sampled",
    sentence="It is so | or not.",
    source="a source",
    policy="one",
    policy_sha256="1" * 64,
    verdict="supported",
    effect=0.5,
    interval=(0.25, 0.75),
    statement="mean at least 0.2",
    mazes=64,
    budget=1024,
    scale=2,
    controls=(ControlResult("no-op", "null", "refuted", 0.0, (-0.1, 0.1), 475, True),),
)
IDENTITY = dataclasses.replace(
    RESULT, claim="c::test_i", number=None, policy=None, policy_sha256=None, scale=None, verdict="refuted", effect=None,
    interval=None, statement="held on every maze tried", mazes=50, budget=50, controls=(),
)  # fmt: skip


def summary(*results):
    return summary_markdown(SavedRun(results, Matrix.of(results, {}), {}, any(r.exploratory for r in results)))


def test_every_result_has_a_row_in_the_order_of_the_numbers():
    other = dataclasses.replace(
        RESULT, policy="two", verdict="not evaluated", reason="vacuous", effect=None, interval=None
    )
    text = summary(IDENTITY, RESULT, other)
    assert text == (
        "# Claims\n\n"
        "- `one` (`111111111111`, scale 2): 1 supported, 0 refuted, 0 undecided, 0 not evaluated\n"
        "- `two` (`111111111111`, scale 2): 0 supported, 0 refuted, 0 undecided, 1 not evaluated\n"
        "- about no policy: 0 supported, 1 refuted, 0 undecided, 0 not evaluated\n\n"
        "| # | claim | policy | verdict | effect [interval] | wanted | mazes | controls |\n"
        "|---|---|---|---|---|---|---|---|\n"
        "| 11 | It is so \\| or not. *(size)* | one | supported | +0.500 [+0.250, +0.750] | mean at least 0.2 "
        "| 64 of 1024 | no-op: refuted |\n"
        "| 11 | It is so \\| or not. *(size)* | two | not evaluated (vacuous) |  | mean at least 0.2 "
        "| 64 of 1024 | no-op: refuted |\n"
        "|  | It is so \\| or not. |  | refuted |  | held on every maze tried | 50 of 50 |  |\n"
    )


def test_exploratory_runs_say_so():
    assert "Exploratory: budget" in summary(dataclasses.replace(RESULT, exploratory=True))
    assert "Exploratory" not in summary(RESULT)


def test_a_comparison_follows_for_each_policy_that_was_compared():
    compared = Comparison("", "older", "2" * 64, "regressed", -0.2, (-0.3, -0.1), 40, 0.05, "mechanism", "supported")
    text = summary(dataclasses.replace(RESULT, comparison=compared), dataclasses.replace(RESULT, policy="two"))
    assert text.count("## ") == 1
    assert "## one against older: failed" in text
    assert "| it[size] | -0.200 [-0.300, -0.100] | 40 | regressed | regressed (mechanism lost), supported |" in text


def test_a_comparison_that_could_not_be_made_is_told_and_no_pass():
    kept = Comparison("", "older", "2" * 64, "non-inferior", 0.0, (-0.04, 0.04), 40, 0.05, "", "supported")
    failed = dataclasses.replace(RESULT, claim="c::test_other", not_compared="ComparisonError: states another mean")
    text = summary(dataclasses.replace(RESULT, comparison=kept), failed)
    assert "## one against older: failed\n" in text
    told = "Failed without a comparison:\n\n- other: supported, not compared: ComparisonError: states another mean\n"
    assert text.endswith(told)
