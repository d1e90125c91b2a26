from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.verdicts import (
    STAKES,
    EffectError,
    Hypothesis,
    Mean,
    Median,
    Ratio,
    Verdict,
    confidence_interval,
    decide,
    first_crossing,
    out_of_reach,
)

UNIT, SIGNED = Mean((0.0, 1.0)), Mean((-1.0, 1.0))
fixed = settings(derandomize=True, database=None, deadline=None, max_examples=60)
effects = st.lists(st.floats(-1, 1), min_size=1, max_size=60).map(np.array)


def coins(share, count, seed=0):
    return (np.random.default_rng(seed).random(count) < share).astype(float)


@pytest.mark.parametrize(
    ("direction", "theta", "share", "verdict"),
    [
        ("at least", 0.2, 0.4, Verdict.SUPPORTED),
        ("at least", 0.4, 0.2, Verdict.REFUTED),
        ("at most", 0.4, 0.2, Verdict.SUPPORTED),
        ("at most", 0.2, 0.4, Verdict.REFUTED),
        ("at least", 0.3, 0.3, Verdict.UNDECIDED),
    ],
)
def test_a_clear_mean_is_decided_the_right_way(direction, theta, share, verdict):
    decision = decide(coins(share, 1024), Hypothesis(UNIT, direction, theta))
    assert decision.verdict is verdict


@pytest.mark.parametrize(
    ("mean", "verdict"), [(0.0, Verdict.SUPPORTED), (0.2, Verdict.REFUTED), (-0.2, Verdict.REFUTED)]
)
def test_no_effect_is_supported_near_zero_and_refuted_on_either_side(mean, verdict):
    values = np.random.default_rng(0).normal(mean, 0.1, 1024).clip(-1, 1)
    assert decide(values, Hypothesis(SIGNED, "within", 0.05)).verdict is verdict


def test_an_effect_of_zero_needs_about_475_mazes_to_refute_two_hundredths():
    decision = decide(np.zeros(1024), Hypothesis(SIGNED, "at least", 0.02))
    assert decision.verdict is Verdict.REFUTED
    assert 460 <= decision.mazes <= 480


def test_an_effect_that_is_always_the_same_is_decided_when_the_sum_of_wealth_says_so():
    gain = 0.05 / 0.95
    n = next(n for n in range(1, 1000) if np.mean([(1 + f * gain) ** n for f in STAKES]) >= 100)
    decision = decide(np.zeros(400), Hypothesis(SIGNED, "at least", -0.05), alpha_support=0.01, alpha_refute=0.01)
    assert (decision.verdict, decision.mazes) == (Verdict.SUPPORTED, n)


def test_mazes_after_the_decision_change_nothing():
    values = coins(0.5, 600)
    wanted = Hypothesis(UNIT, "at least", 0.2)
    first = decide(values, wanted)
    assert first.verdict is Verdict.SUPPORTED
    changed = values.copy()
    changed[first.mazes :] = 0
    assert decide(changed, wanted) == first
    assert decide(values[: first.mazes], wanted) == first


@fixed
@given(effects, st.floats(-0.9, 0.9), st.sampled_from(["at least", "at most"]))
def test_looking_after_every_maze_decides_like_looking_once(values, theta, direction):
    wanted = Hypothesis(SIGNED, direction, theta)
    verdict, mazes = first_crossing(values, wanted, 0.05, 0.05)
    looks = [first_crossing(values[:n], wanted, 0.05, 0.05)[0] for n in range(1, len(values) + 1)]
    decided = [n for n, look in enumerate(looks, 1) if look is not Verdict.UNDECIDED]
    assert (verdict, mazes) == ((looks[decided[0] - 1], decided[0]) if decided else (Verdict.UNDECIDED, len(values)))


@fixed
@given(effects, st.floats(-0.9, 0.9))
def test_at_most_is_at_least_in_the_mirror(values, theta):
    up = Hypothesis(SIGNED, "at least", theta).log_evidence(values)
    down = Hypothesis(SIGNED, "at most", -theta).log_evidence(-values)
    assert np.allclose(up, down)


@fixed
@given(effects)
def test_the_interval_holds_exactly_the_means_that_were_never_excluded(values):
    low, high = confidence_interval(values, SIGNED, 0.05)
    assert -1 <= low <= high <= 1
    for theta in np.linspace(-0.99, 0.99, 12):
        above, below = Hypothesis(SIGNED, "at least", theta).log_evidence(values)
        excluded = above.max() >= np.log(2 / 0.05) or below.max() >= np.log(2 / 0.05)
        if min(abs(theta - low), abs(theta - high)) > 1e-9:
            assert excluded == (not low < theta < high)


def test_intervals_only_narrow_with_more_mazes():
    values = coins(0.3, 400)
    intervals = [confidence_interval(values[:n], UNIT, 0.01) for n in (50, 100, 200, 400)]
    assert all(a[0] <= b[0] and b[1] <= a[1] for a, b in pairwise(intervals))
    assert intervals[-1][0] < 0.3 < intervals[-1][1]


@pytest.mark.parametrize("end", [-1.0, 1.0])
@pytest.mark.parametrize("count", [1, 200])
def test_effects_that_are_all_as_large_or_as_small_as_can_be_have_an_interval_up_to_that_end(end, count):
    low, high = confidence_interval(np.full(count, end), SIGNED, 0.01)
    near, far = (high, low) if end > 0 else (low, high)
    assert near == end
    assert abs(far - end) == pytest.approx(2.0 if count == 1 else 0.06, abs=0.02)


def test_ratio_and_median_intervals_are_on_the_scale_of_the_claim():
    rng = np.random.default_rng(0)
    pairs = np.stack([rng.uniform(0, 0.6, 900), rng.uniform(0, 0.3, 900)], axis=1)
    low, high = confidence_interval(pairs, Ratio((0.0, 1.0)), 0.01)
    assert 1.5 < low < 2 < high < 2.6
    low, high = confidence_interval(np.random.default_rng(1).uniform(0, 1, 900), Median((0.0, 1.0)), 0.01)
    assert 0.4 < low < 0.5 < high < 0.6


def test_the_contrast_is_the_paired_difference_at_the_same_threshold():
    wanted = Hypothesis(SIGNED, "at least", 0.02)
    effect, control = np.array([0.5, 0.1]), np.array([0.4, 0.3])
    assert wanted.contrast_scores(effect, control) == pytest.approx([0.1, -0.2])
    assert wanted.contrast() == Hypothesis(Mean((-2.0, 2.0)), "at least", 0.02)


def test_the_contrast_of_a_ratio_compares_what_each_exceeds_its_base_by():
    wanted = Hypothesis(Ratio((0.0, 1.0)), "at least", 1.5)
    effect, control = np.array([[0.9, 0.2]]), np.array([[0.4, 0.2]])
    assert wanted.contrast_scores(effect, control) == pytest.approx([0.5])
    assert wanted.contrast() == Hypothesis(Mean((-2.5, 2.5)), "at least", 0.0)


def test_the_mazes_that_speak_most_against_come_first():
    values = np.array([0.3, -0.5, 0.9])
    assert Hypothesis(SIGNED, "at least", 0.0).opposing_order(values).tolist() == [1, 0, 2]
    assert Hypothesis(SIGNED, "at most", 0.0).opposing_order(values).tolist() == [2, 0, 1]
    assert Hypothesis(SIGNED, "within", 0.1).opposing_order(values).tolist() == [2, 1, 0]


def test_a_mean_of_no_mazes_is_an_error():
    with pytest.raises(EffectError, match="a mean of no mazes is undefined"):
        decide(np.array([]), Hypothesis(UNIT, "at least", 0.2))


@pytest.mark.parametrize("theta", [0.0, 1.0, -0.1, np.nan])
def test_a_threshold_must_lie_strictly_between_the_bounds(theta):
    with pytest.raises(EffectError, match=r"strictly between 0\.0 and 1\.0"):
        Hypothesis(UNIT, "at least", theta)


@pytest.mark.parametrize(("alpha", "budget"), [(0, 10), (1, 10), (0.1, 0)])
def test_impossible_error_rates_and_budgets_are_refused(alpha, budget):
    with pytest.raises(EffectError, match="wanted 0 < alpha < 1 and budget >= 1"):
        decide(np.ones(3), Hypothesis(UNIT, "at least", 0.2), alpha_support=alpha, budget=budget)


def test_a_claim_of_no_effect_has_no_contrast():
    with pytest.raises(EffectError, match="give it null controls that act"):
        Hypothesis(SIGNED, "within", 0.05).contrast()


def test_numbers_that_never_differ_from_the_threshold_are_out_of_reach():
    tiny = np.full((128, 2), 1e-5)
    assert out_of_reach(tiny, Hypothesis(Ratio((0.0, 1.0)), "at least", 1.1), 0.001, 1024)


@pytest.mark.parametrize("direction", ["at least", "at most"])
def test_what_will_be_decided_in_time_is_not_out_of_reach(direction):
    wanted = Hypothesis(SIGNED, direction, 0.02)
    assert not out_of_reach(np.zeros(128), wanted, 0.001, 1024)
    assert not out_of_reach(np.zeros(128), Hypothesis(SIGNED, "within", 0.05), 0.001, 1024)


@pytest.mark.parametrize(("direction", "theta"), [("at most", 0.05), ("at least", -0.05)])
def test_a_contrast_that_the_edit_itself_would_pass_is_refused(direction, theta):
    with pytest.raises(EffectError, match="a control equal to the edit would exceed it"):
        Hypothesis(SIGNED, direction, theta).contrast()


def test_medians_have_no_contrast():
    with pytest.raises(EffectError, match="not defined for medians"):
        Hypothesis(Median((0.0, 1.0)), "at least", 0.5).contrast()
