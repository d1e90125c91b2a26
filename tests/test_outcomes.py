"""From result and record to what is reported: the whole table, and the account of a claim."""

import dataclasses
import itertools

import pytest

from interp_claims.outcomes import (
    ClaimFailed,
    ClaimNotCompared,
    ClaimNotEvaluated,
    ClaimRefuted,
    ClaimRegressed,
    ClaimUndecided,
    Outcome,
    VerdictFlipped,
    account,
    control_text,
    not_compared,
    numbers_text,
    outcome_of,
    outcome_of_comparison,
)
from interp_claims.results import ClaimResult, Comparison, ControlResult
from interp_claims.sources import POST

VERDICTS = ("supported", "refuted", "undecided", "not evaluated")

NULL = ControlResult("no-op", "null", "refuted", 0.0, (-0.01, 0.015), 475, True)
CONTRAST = ControlResult("another maze's vector", "contrast", "supported", 0.61, (0.5, 0.7), 96, True)
RESULT = ClaimResult(
    claim="claims/test_cheese_vector.py::test_it[size]",
    number=11,
    kind="sampled",
    sentence="Subtracting the vector lowers P(cheese).",
    source=str(POST.section("Quantifying the effect")),
    policy="one",
    policy_sha256="ab" * 32,
    verdict="supported",
    effect=0.66123,
    interval=(0.5412, 0.7654),
    threshold=0.384,
    statement="mean at least 0.384",
    mazes=64,
    budget=1024,
    alpha=0.001,
    controls=(NULL, CONTRAST),
    against=((1100000017, -0.25), (1100000003, 0.0), (1100000044, 0.01)),
)
REPLAY = "pytest 'claims/test_cheese_vector.py::test_it[one-size]'"


def result(**changes):
    return dataclasses.replace(RESULT, **changes)


# -- the table -------------------------------------------------------------------------------------------------------

#: Verdict, verdict on record: what comes of it, whatever the option for undecided claims.
ON_RECORD = {
    ("supported", "supported"): Outcome(None, "passed", "supported"),
    ("refuted", "refuted"): Outcome(None, "passed", "refuted, as recorded"),
    ("undecided", "undecided"): Outcome(None, "undecided", "undecided, as recorded"),
    ("not evaluated", "not evaluated"): Outcome(None, "not evaluated", "not evaluated, as recorded"),
    ("supported", "refuted"): Outcome(VerdictFlipped, "failed", "supported, recorded was refuted: an unexpected pass"),
    ("supported", "undecided"): Outcome(
        VerdictFlipped, "failed", "supported, recorded was undecided: an unexpected pass"
    ),
    ("supported", "not evaluated"): Outcome(
        VerdictFlipped, "failed", "supported, recorded was not evaluated: an unexpected pass"
    ),
    ("refuted", "supported"): Outcome(VerdictFlipped, "failed", "refuted, recorded was supported"),
    ("refuted", "undecided"): Outcome(VerdictFlipped, "failed", "refuted, recorded was undecided"),
    ("refuted", "not evaluated"): Outcome(VerdictFlipped, "failed", "refuted, recorded was not evaluated"),
    ("undecided", "supported"): Outcome(VerdictFlipped, "failed", "undecided, recorded was supported"),
    ("undecided", "refuted"): Outcome(VerdictFlipped, "failed", "undecided, recorded was refuted"),
    ("undecided", "not evaluated"): Outcome(VerdictFlipped, "failed", "undecided, recorded was not evaluated"),
    ("not evaluated", "supported"): Outcome(VerdictFlipped, "failed", "not evaluated, recorded was supported"),
    ("not evaluated", "refuted"): Outcome(VerdictFlipped, "failed", "not evaluated, recorded was refuted"),
    ("not evaluated", "undecided"): Outcome(VerdictFlipped, "failed", "not evaluated, recorded was undecided"),
}
#: Verdict, whether undecided claims fail: what comes of it without a record.
WITHOUT_RECORD = {
    ("supported", False): Outcome(None, "passed", "supported"),
    ("supported", True): Outcome(None, "passed", "supported"),
    ("refuted", False): Outcome(ClaimRefuted, "failed", "refuted"),
    ("refuted", True): Outcome(ClaimRefuted, "failed", "refuted"),
    ("undecided", False): Outcome(None, "undecided", "undecided"),
    ("undecided", True): Outcome(ClaimUndecided, "failed", "undecided"),
    ("not evaluated", False): Outcome(ClaimNotEvaluated, "failed", "not evaluated"),
    ("not evaluated", True): Outcome(ClaimNotEvaluated, "failed", "not evaluated"),
}


@pytest.mark.parametrize("undecided_fails", [False, True])
@pytest.mark.parametrize(("verdict", "recorded"), ON_RECORD)
def test_on_record_a_verdict_passes_when_it_is_as_recorded_and_fails_on_any_flip(verdict, recorded, undecided_fails):
    assert outcome_of(result(verdict=verdict), recorded, undecided_fails) == ON_RECORD[verdict, recorded]


@pytest.mark.parametrize(
    ("exploratory", "recorded"), [(False, None), (True, None), *((True, verdict) for verdict in VERDICTS)]
)
@pytest.mark.parametrize(("verdict", "undecided_fails"), WITHOUT_RECORD)
def test_without_a_record_or_for_an_exploratory_result_the_verdict_itself_counts(
    verdict, undecided_fails, exploratory, recorded
):
    got = outcome_of(result(verdict=verdict, exploratory=exploratory), recorded, undecided_fails)
    assert got == WITHOUT_RECORD[verdict, undecided_fails]


def test_the_table_is_whole():
    assert set(ON_RECORD) == set(itertools.product(VERDICTS, VERDICTS))
    assert set(WITHOUT_RECORD) == set(itertools.product(VERDICTS, (False, True)))


def test_every_failure_is_an_assertion_and_a_kind_of_its_own():
    failures = [ClaimRefuted, ClaimUndecided, ClaimNotEvaluated, VerdictFlipped, ClaimRegressed, ClaimNotCompared]
    for failure, other in itertools.permutations(failures, 2):
        assert issubclass(failure, ClaimFailed)
        assert issubclass(failure, AssertionError)
        assert not issubclass(failure, other)


# -- against an older policy -----------------------------------------------------------------------------------------

COMPARED = Comparison("c", "old", "2" * 64, "non-inferior", 0.0, (-0.04, 0.04), 99, 0.05, "", "supported")


@pytest.mark.parametrize(
    ("verdict", "before", "change", "undecided_fails", "error", "category", "word"),
    [
        ("supported", "supported", "non-inferior", True, None, "passed", "non-inferior, supported"),
        ("supported", "refuted", "non-inferior", True, None, "passed", "non-inferior, supported, was refuted on old"),
        ("refuted", "refuted", "non-inferior", True, None, "passed", "non-inferior, refuted"),
        ("refuted", "", "non-inferior", True, None, "passed", "non-inferior, refuted"),
        ("refuted", "supported", "non-inferior", False, VerdictFlipped, "failed", "refuted, was supported on old"),
        ("refuted", "supported", "undecided", False, VerdictFlipped, "failed", "refuted, was supported on old"),
        ("supported", "supported", "regressed", False, ClaimRegressed, "failed", "regressed, supported"),
        ("not evaluated", "supported", "non-inferior", False, ClaimNotEvaluated, "failed",
         "not evaluated, was supported on old"),
        ("not evaluated", "refuted", "undecided", False, ClaimNotEvaluated, "failed",
         "not evaluated, was refuted on old"),
        ("not evaluated", "", "non-inferior", False, ClaimNotEvaluated, "failed", "not evaluated"),
        ("not evaluated", "not evaluated", "non-inferior", False, None, "passed", "non-inferior, not evaluated"),
        ("supported", "supported", "undecided", False, None, "undecided", "comparison undecided, supported"),
        ("supported", "supported", "undecided", True, ClaimUndecided, "failed", "comparison undecided, supported"),
        ("undecided", "undecided", "non-inferior", True, None, "passed", "non-inferior, undecided"),
        ("undecided", "supported", "non-inferior", False, None, "passed",
         "non-inferior, undecided, was supported on old"),
        ("undecided", "supported", "non-inferior", True, ClaimUndecided, "failed",
         "non-inferior, undecided, was supported on old"),
    ],
)  # fmt: skip
def test_a_comparison_passes_where_nothing_is_lost_that_there_was(
    verdict, before, change, undecided_fails, error, category, word
):
    lost = "undecided" if change == "regressed" else ""
    comparison = dataclasses.replace(COMPARED, before=before, change=change, lost=lost)
    got = outcome_of_comparison(result(verdict=verdict), comparison, undecided_fails=undecided_fails)
    assert got == Outcome(error, category, word)


def test_the_policys_own_record_counts_unless_the_claim_regressed():
    flipped = outcome_of(RESULT, "refuted", False)
    assert outcome_of_comparison(RESULT, COMPARED, flipped=flipped) == flipped
    worse = dataclasses.replace(COMPARED, change="regressed", lost="mechanism")
    assert outcome_of_comparison(RESULT, worse, flipped=flipped) == Outcome(
        ClaimRegressed, "failed", "regressed (mechanism lost), supported"
    )


def test_what_could_not_be_compared_says_so_and_counts_as_it_is():
    for verdict, fails in WITHOUT_RECORD:
        plain = outcome_of(result(verdict=verdict), None, fails)
        said = not_compared(plain)
        assert (said.error, said.category) == (plain.error, plain.category)
        assert said.word == f"{plain.word}, not compared"


# -- in words --------------------------------------------------------------------------------------------------------


def test_numbers_are_effect_interval_and_mazes():
    assert numbers_text(RESULT) == "+0.661 [+0.541, +0.765], 64 mazes"
    assert numbers_text(result(effect=-0.1, interval=(-0.25, 0.05))) == "-0.100 [-0.250, +0.050], 64 mazes"
    assert numbers_text(result(effect=None, interval=None)) == "64 mazes tried"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("null", {"supported": "supported", "refuted": "refuted", "undecided": "undecided"}),
        ("mutant", {"supported": "supported", "refuted": "refuted"}),
        ("contrast", {"supported": "beaten", "refuted": "not beaten", "undecided": "undecided"}),
    ],
)
def test_contrast_controls_are_beaten_and_others_have_a_verdict(kind, words):
    for verdict, word in words.items():
        assert control_text(dataclasses.replace(NULL, kind=kind, verdict=verdict)) == f"no-op: {word}"


def test_the_account_of_a_claim_is_whole():
    assert account(RESULT, outcome_of(RESULT, None, False), REPLAY).splitlines() == [
        "Subtracting the vector lowers P(cheese).",
        "  claim 11: Understanding and controlling a maze-solving policy network, 2023, “Quantifying the effect” "
        "(LessWrong, 11 March 2023)",
        "  verdict    supported",
        "  wanted     mean at least 0.384",
        "  measured   +0.661 [+0.541, +0.765], 64 mazes of at most 1024, error rate 0.001 a side",
        "  control    no-op: refuted, +0.000 [-0.010, +0.015], 475 mazes",
        "  control    another maze's vector: beaten, difference +0.610 [+0.500, +0.700], 96 mazes",
        "  mazes that speak most against it:",
        "    seed 1100000017: -0.2500",
        "    seed 1100000003: +0.0000",
        "    seed 1100000044: +0.0100",
        "  replay     pytest 'claims/test_cheese_vector.py::test_it[one-size]' --replay 1100000017",
    ]


def test_the_account_says_what_was_on_record_and_why_a_claim_was_not_evaluated():
    flipped = result(verdict="refuted")
    assert "\n  verdict    refuted, recorded was supported\n" in account(
        flipped, outcome_of(flipped, "supported", False), REPLAY
    )
    vacuous = result(verdict="not evaluated", reason="vacuous: also supported for the null control no-op")
    assert ("\n  verdict    not evaluated (vacuous: also supported for the null control no-op)\n") in account(
        vacuous, outcome_of(vacuous, None, False), REPLAY
    )


def test_a_control_that_was_not_measured_has_no_numbers():
    untouched = dataclasses.replace(CONTRAST, verdict="undecided", effect=None, interval=None, mazes=0)
    lines = account(result(controls=(untouched,)), outcome_of(RESULT, None, False), REPLAY).splitlines()
    assert "  control    another maze's vector: undecided, 0 mazes tried" in lines


def test_the_account_of_a_universal_claim_shows_its_counterexample_instead_of_numbers():
    universal = result(
        kind="universal",
        number=None,
        verdict="refuted",
        effect=None,
        interval=None,
        alpha=None,
        controls=(),
        against=(),
        counterexample="AssertionError: 3 > 2\nFailing test case: test_it(\n    maze=...,\n)",
    )
    lines = account(universal, outcome_of(universal, None, False), REPLAY).splitlines()
    assert lines[1].startswith("  identity: ")
    assert lines[2:] == [
        "  verdict    refuted",
        "    AssertionError: 3 > 2",
        "    Failing test case: test_it(",
        "        maze=...,",
        "    )",
    ]


def test_without_mazes_against_it_there_is_nothing_to_replay():
    text = account(result(against=()), outcome_of(RESULT, None, False), REPLAY)
    assert "replay" not in text
    assert "seed" not in text
