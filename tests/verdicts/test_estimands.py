from itertools import pairwise

import numpy as np
import pytest

from interp_claims.verdicts import EffectError, Mean, Median, Ratio

RNG = np.random.default_rng(0)
CASES = [
    (Mean((-1.0, 1.0)), RNG.uniform(-1, 1, 200), [-0.5, 0.0, 0.3]),
    (Ratio((0.0, 1.0)), RNG.uniform(0, 1, (200, 2)), [0.5, 1.1, 3.0]),
    (Median((0.0, 1.0)), RNG.uniform(0, 1, 200), [0.2, 0.5, 0.8]),
]


@pytest.mark.parametrize(("estimand", "values", "thetas"), CASES)
def test_returns_are_never_negative_and_fall_with_the_threshold(estimand, values, thetas):
    above = [estimand.returns_above(values, theta) for theta in thetas]
    below = [estimand.returns_below(values, theta) for theta in thetas]
    assert min(r.min() for r in above + below) >= 0
    assert all((a >= b - 1e-12).all() for a, b in pairwise(above))
    assert all((a <= b + 1e-12).all() for a, b in pairwise(below))


@pytest.mark.parametrize(
    ("estimand", "returned", "wanted"),
    [
        (Mean((0, 1)), [[0.5], [0.5, 0.5]], "(2,)"),
        (Mean((0, 1)), {"a": 0.5}, "(2,)"),
        (Mean((0, 1)), ["half", "one"], "(2,)"),
        (Mean((0, 1)), "ab", "(2,)"),
        (Ratio((0, 1)), ([0.5, 0.5], [0.5]), "(2, 2)"),
        (Ratio((0, 1)), (["half", "one"], [0.5, 0.5]), "(2, 2)"),
    ],
    ids=["ragged", "dict", "words", "text", "unequal lengths", "a pair of words"],
)
def test_what_holds_no_numbers_is_told_with_the_shape_that_is_wanted(estimand, returned, wanted):
    with pytest.raises(EffectError) as error:
        estimand.checked(returned, 2)
    assert str(error.value).startswith("effects: got no numbers (")
    assert str(error.value).endswith(f"), wanted shape {wanted}, one row per maze")


def test_a_pair_is_two_columns():
    assert Ratio((0, 1)).checked(([0.1, 0.2], [0.3, 0.4]), 2).tolist() == [[0.1, 0.3], [0.2, 0.4]]


def test_a_bet_on_a_mean_is_fair_exactly_at_the_threshold():
    values = np.array([-1.0, 0.2, 0.4, 0.8])
    estimand = Mean((-1.0, 1.0))
    assert estimand.returns_above(values, values.mean()).mean() == pytest.approx(1)
    assert estimand.returns_below(values, values.mean()).mean() == pytest.approx(1)


def test_a_bet_on_a_ratio_of_means_is_fair_exactly_at_the_ratio():
    values = np.array([[0.2, 0.1], [0.9, 0.3], [0.1, 0.4]])
    rho = values[:, 0].sum() / values[:, 1].sum()
    estimand = Ratio((0.0, 1.0))
    assert estimand.returns_above(values, rho).mean() == pytest.approx(1)
    assert estimand.returns_below(values, rho).mean() == pytest.approx(1)
    assert estimand.estimate(values) == pytest.approx(rho)


def test_the_ratio_is_the_bounded_mean_of_the_statistics_notes():
    values = np.array([[0.7, 0.2], [0.1, 0.5]])
    rho = 1.1
    d = values[:, 0] - rho * values[:, 1]
    x, m = (d + rho) / (1 + rho), rho / (1 + rho)
    assert Ratio((0.0, 1.0)).returns_above(values, rho) == pytest.approx(x / m)
    assert Ratio((0.0, 1.0)).returns_below(values, rho) == pytest.approx((1 - x) / (1 - m))


def test_at_least_half_the_mazes_at_the_threshold_is_a_fair_bet_on_the_median():
    values = np.array([0.1, 0.4, 0.5, 0.9])
    assert Median((0.0, 1.0)).returns_above(values, 0.5).mean() == pytest.approx(1)


def test_a_ratio_to_nothing_is_undefined_not_zero():
    with pytest.raises(EffectError, match="denominator is 0 on every maze"):
        Ratio((0.0, 1.0)).estimate(np.zeros((5, 2)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([0.1, np.nan, 0.3]), r"NaN or infinite for the mazes \[1\]"),
        (np.array([0.1, np.inf, 0.3]), r"NaN or infinite for the mazes \[1\]"),
        (np.array([0.1, 1.5, 0.3]), r"values from 0.1 to 1.5, wanted -1 to 1; correct"),
        (np.array([0.1, 0.2]), r"shape \(2,\), wanted \(3,\)"),
        (np.zeros((3, 2)), r"shape \(3, 2\), wanted \(3,\)"),
        (0.5, r"shape \(\), wanted \(3,\)"),
    ],
)
def test_what_is_no_effect_is_refused_with_what_was_wanted(values, message):
    with pytest.raises(EffectError, match=message):
        Mean((-1.0, 1.0)).checked(values, 3)


def test_rounding_beyond_the_bounds_is_clipped():
    assert Mean((0.0, 1.0)).checked(np.array([1 + 1e-12, -1e-12]), 2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bounds", [(1.0, -1.0), (0.0, 0.0), (0.0, np.inf), (np.nan, 1.0)])
def test_bounds_must_be_finite_and_ordered(bounds):
    with pytest.raises(EffectError, match="bounds: got"):
        Mean(bounds)


def test_both_parts_of_a_ratio_start_at_zero():
    with pytest.raises(EffectError, match=r"wanted \(0, largest\)"):
        Ratio((-1.0, 1.0))
