"""The comparison as Markdown: its headline, its error rate, and what was not compared."""

import dataclasses

import pytest
from test_summary import IDENTITY, RESULT

from interp_claims.outcomes import ClaimNotCompared, Outcome, not_compared, outcome_of, outcome_of_comparison
from interp_claims.report.comparison import comparison_markdown
from interp_claims.results import Comparison

KEPT = Comparison("", "older", "2" * 64, "non-inferior", 0.0, (-0.04, 0.04), 40, 0.05, "", "supported")


def row(change, **changes):
    lost = "behaviour" if change == "regressed" else ""
    result = dataclasses.replace(RESULT, comparison=dataclasses.replace(KEPT, change=change, lost=lost), **changes)
    return result, outcome_of_comparison(result, result.comparison)


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        (["non-inferior"], "passed"),
        (["undecided"], "undecided"),
        (["undecided", "undecided"], "undecided"),
        (["undecided", "non-inferior"], "undecided"),
        (["undecided", "regressed"], "failed"),
    ],
)
def test_what_is_undecided_has_not_passed(changes, headline):
    text = comparison_markdown([row(change) for change in changes])
    assert text.splitlines()[0] == f"## one against older: {headline}"


@pytest.mark.parametrize(
    ("alpha", "rate", "level"), [(None, "0.1%", "99.9%"), (0.001, "0.1%", "99.9%"), (0.05, "5%", "95%")]
)
def test_error_rate_and_level_are_those_of_the_run(alpha, rate, level):
    text = comparison_markdown([row("non-inferior", alpha=alpha)])
    assert f"smaller by at most 0.05, at {rate} error a side.\n" in text
    assert f"| claim | difference [{level} interval] |" in text


def test_what_was_not_compared_is_listed_and_fails_where_it_must():
    alone = dataclasses.replace(RESULT, claim="c::test_new", reason="not in the results of older")
    lost = dataclasses.replace(RESULT, claim="c::test_gone", reason="not in the results of one")
    rows = [
        row("non-inferior"),
        (alone, not_compared(outcome_of(alone, None, False))),
        (IDENTITY, not_compared(outcome_of(dataclasses.replace(IDENTITY, verdict="supported"), None, False))),
    ]
    text = comparison_markdown(rows)
    assert text.startswith("## one against older: passed\n")
    assert text.endswith("\nNot compared:\n\n- new: supported, not compared (not in the results of older)\n")
    text = comparison_markdown([*rows, (lost, Outcome(ClaimNotCompared, "failed", "not compared"))])
    assert text.startswith("## one against older: failed\n")
    assert "\nFailed without a comparison:\n\n- gone: not compared (not in the results of one)\n\nNot" in text


def test_each_policy_has_a_section_with_its_own_heading_and_counts_the_worst_first():
    refuted = dataclasses.replace(IDENTITY, claim="c::test_broken")
    rows = [
        row("non-inferior", policy="same"),
        row("undecided", policy="open"),
        row("non-inferior", policy="open", claim="c::test_other"),
        (dataclasses.replace(RESULT, policy="alone"), not_compared(outcome_of(RESULT, None, False))),
        row("regressed", policy="worse"),
        (IDENTITY, not_compared(outcome_of(dataclasses.replace(IDENTITY, verdict="supported"), None, False))),
        (refuted, outcome_of(refuted, None, False)),
    ]
    sections = [each.splitlines() for each in comparison_markdown(rows).split("\n\n## ")]
    assert [lines[0].removeprefix("## ") for lines in sections] == [
        "worse against older: failed",
        "Claims about no policy: failed",
        "open against older: undecided",
        "same against older: passed",
        "alone: no claim was compared",
    ]
    assert [lines[2].split(";")[0] for lines in (sections[0], sections[2], sections[3])] == [
        "1 regressed",
        "1 undecided, 1 non-inferior",
        "1 non-inferior",
    ]
    assert [line for line in sections[0] if line.startswith("| it[size]")] == [
        "| it[size] | +0.000 [-0.040, +0.040] | 40 | regressed | regressed (behaviour lost), supported |"
    ]
    assert sections[1][-1] == "- broken: refuted"
    assert sections[4][-1] == "- it[size]: supported, not compared"


def test_nothing_is_said_where_there_is_nothing_to_say():
    assert comparison_markdown([]) == "No claim was compared.\n"
