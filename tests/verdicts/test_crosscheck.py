"""The engine against two others: one in decimal numbers, written from the formulas alone, and that of `ville`."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.verdicts import STAKES, Hypothesis, Mean, Median, Ratio, confidence_interval, decide, log_wealth

fixed = settings(derandomize=True, database=None, deadline=None, max_examples=80)
ALPHA = 0.05
hundredths = st.integers(-100, 100).map(lambda number: number / 100)
#: Effects that scatter around a middle of their own, so that most sequences are decided, one way or the other.
effects_lists = st.tuples(st.integers(-80, 80), st.lists(st.integers(-20, 20), min_size=1, max_size=60)).map(
    lambda drawn: [(drawn[0] + number) / 100 for number in drawn[1]]
)
shares = st.integers(0, 50).map(lambda number: number / 50)


# -- in decimal numbers --------------------------------------------------------------------------------------


def fortunes(numbers, mean, stakes):
    """What the gamblers who bet that numbers in [0, 1] have more than this mean own on average, maze by maze."""
    owned, history = [Decimal(1)] * len(stakes), []
    for number in numbers:
        owned = [wealth * (1 - stake + stake * number / mean) for wealth, stake in zip(owned, stakes)]
        history.append(sum(owned) / len(owned))
    return history


def evidence_by_hand(numbers, low, high, theta):
    """Evidence that a mean of numbers in [low, high] is above theta, and that it is below, maze by maze."""
    stakes = [Decimal("0.02") * Decimal(49) ** (Decimal(i) / 11) for i in range(12)]
    low, high, theta = Decimal(low), Decimal(high), Decimal(theta)
    unit = [(Decimal(number) - low) / (high - low) for number in numbers]
    mean = (theta - low) / (high - low)
    return fortunes(unit, mean, stakes), fortunes([1 - u for u in unit], 1 - mean, stakes)


def first_verdict(support, refute, alpha=ALPHA):
    for n, (for_it, against_it) in enumerate(zip(support, refute), 1):
        if for_it >= 1 / Decimal(alpha):
            return "supported", n
        if against_it >= 1 / Decimal(alpha):
            return "refuted", n
    return "undecided", len(support)


def verdict_of(values, hypothesis):
    decision = decide(np.array(values), hypothesis, alpha_support=ALPHA, alpha_refute=ALPHA)
    return decision.verdict.value, decision.mazes


@fixed
@given(effects_lists, hundredths, st.sampled_from(["at least", "at most"]))
def test_a_mean_is_decided_as_by_hand(effects, theta, direction):
    theta = theta * 0.9
    above, below = evidence_by_hand(effects, -1, 1, theta)
    by_hand = first_verdict(above, below) if direction == "at least" else first_verdict(below, above)
    assert verdict_of(effects, Hypothesis(Mean((-1.0, 1.0)), direction, theta)) == by_hand


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_a_decision_that_takes_long_falls_on_the_same_maze(share):
    effects = (np.random.default_rng(0).random(400) < share).astype(float)
    verdict = verdict_of(effects, Hypothesis(Mean((0.0, 1.0)), "at least", 0.2))
    assert verdict == first_verdict(*evidence_by_hand(effects.tolist(), 0, 1, 0.2))


@fixed
@given(effects_lists, st.sampled_from([0.05, 0.2, 0.7]))
def test_no_effect_is_decided_as_by_hand(effects, theta):
    above, below = evidence_by_hand(effects, -1, 1, theta)
    above_minus, below_minus = evidence_by_hand(effects, -1, 1, -theta)
    inside = [min(pair) for pair in zip(below, above_minus)]
    outside = [(high + low) / 2 for high, low in zip(above, below_minus)]
    assert verdict_of(effects, Hypothesis(Mean((-1.0, 1.0)), "within", theta)) == first_verdict(inside, outside)


@fixed
@given(
    st.lists(st.tuples(shares, shares.map(lambda y: (y + 0.02) / 1.02)), min_size=1, max_size=60),
    st.sampled_from([0.5, 1.1, 2.0]),
    st.sampled_from(["at least", "at most"]),
)
def test_a_ratio_is_decided_as_by_hand(pairs, rho, direction):
    """As the mean of Y - rho * Y0, which lies between -rho and 1, against 0."""
    differences = [Decimal(y) - Decimal(rho) * Decimal(base) for y, base in pairs]
    above, below = evidence_by_hand(differences, -rho, 1, 0)
    by_hand = first_verdict(above, below) if direction == "at least" else first_verdict(below, above)
    assert verdict_of(pairs, Hypothesis(Ratio((0.0, 1.0)), direction, rho)) == by_hand


@fixed
@given(effects_lists, st.sampled_from([-0.5, 0.0, 0.3]))
def test_a_median_is_decided_as_by_hand(effects, theta):
    above, below = evidence_by_hand([int(effect >= theta) for effect in effects], 0, 1, 0.5)
    assert verdict_of(effects, Hypothesis(Median((-1.0, 1.0)), "at least", theta)) == first_verdict(above, below)


@fixed
@given(effects_lists)
def test_the_interval_holds_the_means_that_were_never_excluded_by_hand(effects):
    low, high = confidence_interval(np.array(effects), Mean((-1.0, 1.0)), ALPHA)
    for theta in (i / 20 for i in range(-19, 20)):
        if min(abs(theta - low), abs(theta - high)) > 1e-9:
            above, below = evidence_by_hand(effects, -1, 1, theta)
            excluded = max(*above, *below) >= 2 / Decimal(ALPHA)
            assert excluded == (not low < theta < high), f"{theta} and [{low}, {high}]"


# -- by another package ----------------------------------------------------------------------------------------


@pytest.fixture
def ville():
    return pytest.importorskip(
        "ville", reason="the package ville, another implementation of betting tests, is not installed: pip install "
        "'interp-claims[proof]'"
    )  # fmt: skip


def _mixture_of(tests, effects):
    """The average wealth of twelve tests of the other package, maze by maze, as a logarithm."""
    wealth = np.mean([test.fit(effects).e_values_ for test in tests], axis=0)
    return np.log(wealth)


@pytest.mark.parametrize(("bounds", "theta"), [((0.0, 1.0), 0.6), ((-1.0, 1.0), 0.2), ((-1.0, 1.0), -0.1)])
def test_twelve_gamblers_of_the_other_package_own_what_ours_do(ville, bounds, theta):
    """Its gambler stakes what it estimates to be best, but at most a share c: with an alpha so small that the estimate
    is always above it, the stake is c throughout."""
    estimand = Mean(bounds)
    effects = np.random.default_rng(0).uniform(*bounds, 200)

    def gamblers(alternative):
        return [
            ville.BettingTest(theta, bounds, alternative=alternative, alpha=1e-300, c=float(stake)) for stake in STAKES
        ]

    above, below = estimand.returns_above(effects, theta), estimand.returns_below(effects, theta)
    np.testing.assert_allclose(_mixture_of(gamblers("greater"), effects), log_wealth(above), atol=1e-9)
    np.testing.assert_allclose(_mixture_of(gamblers("less"), effects), log_wealth(below), atol=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_intervals_of_the_other_package_and_ours_agree_about_the_mean(ville, share):
    """They bet differently, so that the ends differ; both hold the true mean, and neither is half as wide again."""
    effects = (np.random.default_rng(0).random(1000) < share).astype(float)
    theirs = ville.BettingCS((0.0, 1.0), alpha=0.01).fit(effects).interval()
    ours = confidence_interval(effects, Mean((0.0, 1.0)), 0.01)
    assert theirs[0] < share < theirs[1]
    assert ours[0] < share < ours[1]
    assert math.log((ours[1] - ours[0]) / (theirs[1] - theirs[0])) == pytest.approx(0, abs=math.log(1.5))
