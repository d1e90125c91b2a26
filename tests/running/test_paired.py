"""What a claim loses, from paired scores: statements in each direction, their error rates, and intervals."""

import itertools

import numpy as np
import pytest

from interp_claims.running.paired import Loss
from interp_claims.verdicts import EffectError, Hypothesis, Mean, Median, Ratio, confidence_interval, first_crossing
from interp_claims.verdicts.exact import least_rate

UNIT = Mean((-1.0, 1.0))
NO_EFFECT = Hypothesis(UNIT, "within", 0.05)
MAZES = 1000


def verdict(loss, pairs, alpha=0.001):
    return str(first_crossing(pairs, loss, alpha, alpha)[0])


def pairs_of(new, old):
    return np.column_stack([np.resize(new, MAZES), np.resize(old, MAZES)]).astype(float)


@pytest.mark.parametrize(
    ("claim", "bounds", "sign"),
    [
        (Hypothesis(UNIT, "at least", 0.2), (-2, 2), 1),
        (Hypothesis(UNIT, "at most", -0.2), (-2, 2), -1),
        (Hypothesis(Ratio((0.0, 1.0)), "at least", 1.5), (-2.5, 2.5), 1),
        (Hypothesis(Median(UNIT.bounds), "at least", 0.2), (-1, 1), 1),
    ],
)
def test_a_claim_in_one_direction_loses_what_the_mean_difference_falls_by(claim, bounds, sign):
    rng = np.random.default_rng(0)
    pairs = rng.random((50, 2))
    plain, differences = Hypothesis(Mean(bounds), "at least", -0.05), sign * (pairs[:, 0] - pairs[:, 1])
    loss = Loss(claim, 0.05)
    np.testing.assert_array_equal(loss.log_evidence(pairs), plain.log_evidence(differences))
    assert loss.difference(pairs) == pytest.approx(differences.mean())
    assert loss.interval(pairs, 0.01) == confidence_interval(differences, Mean(bounds), 0.01)


@pytest.mark.parametrize(
    ("new", "old", "wanted", "difference"),
    [
        ([0.5], [0.5, -0.5], "refuted", -0.5),  # single effects are as large as before, their mean is not 0 any more
        ([0.5, -0.5], [0.5, -0.5], "supported", 0.0),
        ([-0.5, 0.5], [0.5, -0.5], "supported", 0.0),
        ([0.0], [0.3], "supported", 0.3),  # nearer to no effect
        ([-0.3], [0.3], "supported", 0.0),  # as far from it, on the other side
        ([-0.2], [0.0], "refuted", -0.2),
        ([0.2], [0.0], "refuted", -0.2),
        ([-0.5], [0.2], "refuted", -0.3),
        ([0.01], [0.0], "supported", -0.01),
        ([0.05], [0.0], "undecided", -0.05),
    ],
)
def test_a_claim_of_no_effect_loses_what_the_absolute_mean_rises_by(new, old, wanted, difference):
    loss, pairs = Loss(NO_EFFECT, 0.05), pairs_of(new, old)
    assert verdict(loss, pairs) == wanted
    assert loss.difference(pairs) == pytest.approx(difference)
    low, high = loss.interval(pairs, 0.001)
    assert low <= difference <= high


@pytest.mark.parametrize("old", [0.0, 0.2, -0.2])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("dependent", [False, True])
def test_exactly_at_the_margin_either_verdict_is_as_rare_as_promised(old, sign, dependent):
    """Effects of 1 and -1 whose absolute mean rises by exactly the margin."""
    rng = np.random.default_rng(3)
    loss, runs, margin = Loss(NO_EFFECT, 0.3), 150, 0.3
    new = sign * (abs(old) + margin)
    came = []
    for _ in range(runs):
        drawn = rng.random((300, 2))
        if dependent:
            drawn[:, 1] = drawn[:, 0]
        pairs = np.where(drawn < (1 + np.array([new, old])) / 2, 1.0, -1.0)
        came.append(verdict(loss, pairs, alpha=0.05))
    for false in ("supported", "refuted"):
        assert least_rate(came.count(false), runs) <= 0.05, f"{came.count(false)} of {runs} {false}, wanted 5%"


def test_the_simulation_would_notice_a_margin_that_is_too_wide():
    rng = np.random.default_rng(3)
    draws = [np.where(rng.random((400, 2)) < (1 + np.array([0.3, 0.0])) / 2, 1.0, -1.0) for _ in range(100)]
    assert sum(verdict(Loss(NO_EFFECT, 0.55), pairs, alpha=0.05) == "supported" for pairs in draws) > 15


@pytest.mark.parametrize("means", [(0.4, 0.3), (-0.4, 0.3), (0.0, 0.0), (0.1, -0.6)])
def test_the_interval_holds_all_that_differences_and_sums_admit(means):
    rng = np.random.default_rng(1)
    pairs = np.clip(np.array(means) + 0.3 * rng.standard_normal((200, 2)), -1, 1)
    low, high = Loss(NO_EFFECT, 0.05).interval(pairs, 0.01)
    ends = [
        confidence_interval(values, Mean((-2.0, 2.0)), 0.005)
        for values in (pairs[:, 0] - pairs[:, 1], pairs.sum(axis=1))
    ]
    grid = itertools.product(*(np.linspace(*end, 61) for end in ends))
    admitted = [abs(s - d) / 2 - abs(s + d) / 2 for d, s in grid]
    assert (low, high) == pytest.approx((min(admitted), max(admitted)))
    assert low <= abs(pairs[:, 1].mean()) - abs(pairs[:, 0].mean()) <= high


def test_scores_out_of_bounds_and_margins_wider_than_they_are_refused():
    with pytest.raises(EffectError, match="effects: got values from -3 to -3, wanted -2 to 2"):
        Loss(NO_EFFECT, 0.05).log_evidence(pairs_of([-1.5], [1.5]))
    with pytest.raises(EffectError, match="threshold: got -2, wanted a number strictly between"):
        Loss(Hypothesis(UNIT, "at least", 0.2), 2).log_evidence(pairs_of([0.1], [0.1]))


@pytest.mark.parametrize("margin", [-0.05, float("nan")])
def test_a_margin_below_zero_is_refused(margin):
    with pytest.raises(EffectError, match=f"margin: got {margin}, wanted 0 or more"):
        Loss(NO_EFFECT, margin)
