"""Paths: from the scores of a result to the same interval and the same decision as when it was run."""

import dataclasses

import numpy as np
import pytest
from results_for_pages import SAMPLED, measured

from interp_claims.report.html.paths import PathError, evidence_path
from interp_claims.verdicts import Hypothesis, Mean, Median, Ratio, confidence_interval, decide

RNG = np.random.default_rng(3)
CASES = {
    "mean at least": (Hypothesis(Mean((-1, 1)), "at least", 0.2), RNG.uniform(0, 0.9, 200)),
    "mean at most": (Hypothesis(Mean((-1, 1)), "at most", 0.2), RNG.uniform(-0.6, 0.3, 200)),
    "mean at least, refuted": (Hypothesis(Mean((-1, 1)), "at least", 0.2), RNG.uniform(-0.9, 0.2, 200)),
    "within": (Hypothesis(Mean((-1, 1)), "within", 0.4), RNG.uniform(-0.2, 0.2, 400)),
    "ratio at least": (Hypothesis(Ratio((0, 1)), "at least", 1.1), RNG.uniform((0.5, 0), (1, 0.5), (200, 2))),
    "ratio at most": (Hypothesis(Ratio((0, 1)), "at most", 1.5), RNG.uniform(0, 1, (400, 2))),
    "median": (Hypothesis(Median((-1, 1)), "at least", 0.1), RNG.uniform(0, 1, 200)),
}


def result_of(hypothesis, values):
    """The result that a run would give, its scores rounded as they are kept."""
    decision = decide(values, hypothesis)
    scores = hypothesis.estimand.scores(values, hypothesis.theta)[: decision.mazes]
    return decision, dataclasses.replace(
        SAMPLED, verdict=decision.verdict.value, effect=decision.effect, interval=decision.interval,
        threshold=hypothesis.theta, statement=str(hypothesis), mazes=decision.mazes, bounds=hypothesis.estimand.bounds,
        scores=tuple((i, round(float(score), 6)) for i, score in enumerate(scores)),
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_evidence_at_the_end_is_that_of_the_decision(case):
    decision, result = result_of(*CASES[case])
    path = evidence_path(result)
    assert decision.verdict.value in ("supported", "refuted"), "or the test would show little"
    assert path.support[-1] * np.log(10) == pytest.approx(decision.log_support, abs=0.01)
    assert path.refute[-1] * np.log(10) == pytest.approx(decision.log_refute, abs=0.01)
    assert len(path.support) == decision.mazes == path.looks[-1]
    crossed = np.maximum(path.support, path.refute) >= path.bar - 1e-4
    assert crossed[-1]
    assert not crossed[:-1].any(), "it was decided there and not before"


@pytest.mark.parametrize("case", [case for case in CASES if "mean" in case or case == "within"])
def test_for_means_the_last_interval_is_the_results_own(case):
    _, result = result_of(*CASES[case])
    path = evidence_path(result)
    assert (path.low[-1], path.high[-1]) == pytest.approx(result.interval, abs=1e-4)
    assert path.mean[-1] == pytest.approx(result.effect, abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_sequence_only_becomes_narrower_and_is_the_librarys_own_at_every_look(case):
    _, result = result_of(*CASES[case])
    path = evidence_path(result)
    assert (np.diff(path.low) >= -1e-9).all()
    assert (np.diff(path.high) <= 1e-9).all()
    scores = np.array([score for _, score in result.scores])
    middle = len(path.looks) // 2
    expected = confidence_interval(scores[: path.looks[middle]], path.statement.estimand, result.alpha)
    assert (path.low[middle], path.high[middle]) == expected
    assert path.looks[0] == 1
    assert (np.diff(path.looks) > 0).all()


def test_what_a_score_is_is_said():
    units = {case: evidence_path(result_of(*CASES[case])[1]).unit for case in CASES}
    assert units["within"] == "mean effect"
    assert units["ratio at least"] == "mean of numerator less 1.1 times denominator"
    assert units["median"] == "share of mazes with an effect of 0.1 or more"


def test_scores_beyond_the_decision_do_not_count():
    decision, result = result_of(*CASES["mean at least"])
    longer = dataclasses.replace(result, scores=(*result.scores, *((1000 + i, -1.0) for i in range(50))))
    assert evidence_path(longer).looks[-1] == decision.mazes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": ()}, "no scores: the claim was not decided maze by maze"),
        (
            {"bounds": None},
            "the results do not tell the bounds of the effect: an older version wrote them; run it again",
        ),
        ({"statement": "mode over 3"}, "got the statement 'mode over 3', wanted one about a mean, a ratio or a median"),
    ],
)
def test_results_without_a_path_say_why(changes, says):
    with pytest.raises(PathError) as error:
        evidence_path(dataclasses.replace(measured(), **changes))
    assert str(error.value) == says
