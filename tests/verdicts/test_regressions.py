"""Coefficients, correlations and their standard errors, against scikit-learn, closed forms and repeated sampling."""

import warnings

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from interp_claims.verdicts import (
    EffectError,
    bootstrap_interval,
    correlation,
    linear_coefficient,
    logistic_coefficient,
    negative_share,
    regressions,
    studentised_interval,
    variance_inflation,
)


def decided(count, slopes=(1.0, -0.5), seed=0):
    """Correlated columns on scales of their own, and outcomes that a logistic model decides."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, len(slopes)))
    x[:, 1:] += 0.5 * x[:, :1]
    outcomes = rng.random(count) < expit(x @ slopes + 0.3)
    return np.column_stack([x * (10, *[0.1] * (len(slopes) - 1)) + 7, outcomes])


def z_scored(table):
    x = table[:, :-1]
    return (x - x.mean(axis=0)) / x.std(axis=0)


# -- logistic regression ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_logistic_coefficient_is_scikit_learns_without_penalty(seed):
    table = decided(400, (1.0, -0.5, 0.2), seed)
    fitted = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(z_scored(table), table[:, -1])
    got = [logistic_coefficient(column)(table)[0] for column in range(3)]
    np.testing.assert_allclose(got, fitted.coef_[0], rtol=1e-4, atol=1e-6)


def test_its_standard_error_comes_from_the_inverse_of_the_information():
    table = decided(300)
    x = np.column_stack([np.ones(300), z_scored(table)])
    beta = np.array([0.0, *(logistic_coefficient(column)(table)[0] for column in (0, 1))])
    for _ in range(50):  # the intercept that goes with the coefficients
        p = expit(x @ beta)
        beta[0] += (table[:, -1] - p).sum() / (p * (1 - p)).sum()
    p = expit(x @ beta)
    information = sum(pi * (1 - pi) * np.outer(row, row) for pi, row in zip(p, x))
    errors = np.sqrt(np.diag(np.linalg.inv(information)))[1:]
    got = [logistic_coefficient(column)(table)[1] for column in (0, 1)]
    np.testing.assert_allclose(got, errors, rtol=1e-5)


def test_scale_and_place_of_the_columns_play_no_part():
    table = decided(200)
    moved = table * (3, 0.01, 1) + (100, -5, 0)
    np.testing.assert_allclose(logistic_coefficient(1)(moved), logistic_coefficient(1)(table), rtol=1e-6)


def test_outcomes_the_other_way_round_turn_the_sign():
    table = decided(200)
    opposite = np.column_stack([table[:, :-1], 1 - table[:, -1]])
    estimate, error = logistic_coefficient(0)(table)
    np.testing.assert_allclose(logistic_coefficient(0)(opposite), (-estimate, error), rtol=1e-6)


def separable(count):
    x = np.linspace(-1, 1, count)
    return np.column_stack([x, np.cos(7 * x), x > 0.1])


@pytest.mark.parametrize(
    "table",
    [
        separable(60),
        np.column_stack([np.arange(40.0), np.arange(40.0) ** 2, np.arange(40) == 39]),
        np.column_stack([np.ones(40), np.arange(40.0) % 7, np.arange(40) % 2]),
        np.column_stack([np.arange(40.0) % 5, np.arange(40.0) % 7, np.ones(40)]),
    ],
    ids=["separable", "separable by the last", "a constant column", "one outcome"],
)
def test_where_there_is_no_finite_coefficient_the_answer_is_nan(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(logistic_coefficient(0)(table)).all()


def test_separable_outcomes_are_refused_rather_than_given_an_interval():
    with pytest.raises(EffectError, match="wanted finite and > 0"):
        studentised_interval(separable(60), logistic_coefficient(0), alpha=0.1, seed=0, resamples=50)


# -- correlation -----------------------------------------------------------------------------------------------------


def pairs(count, seed, slope=0.6):
    x = np.random.default_rng(seed).normal(size=(count, 2))
    x[:, 1] += slope * x[:, 0]
    return x


def test_the_correlation_is_pearsons_with_its_large_sample_error():
    table = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 3.0], [4.0, 1.0]])
    centred = table - table.mean(axis=0)
    r = (centred[:, 0] * centred[:, 1]).sum() / np.sqrt((centred**2).sum(axis=0).prod())
    assert correlation(table) == pytest.approx((r, (1 - r**2) / np.sqrt(2)))
    assert correlation(table * (2, -3) + 1)[0] == pytest.approx(-r)


def test_a_constant_column_has_no_correlation():
    assert np.isnan(correlation(np.column_stack([np.ones(40), np.arange(40)]))[0])


# -- variance inflation ----------------------------------------------------------------------------------------------


def three(count, seed):
    x = np.random.default_rng(seed).normal(size=(count, 3))
    x[:, 2] += x[:, 0] + 0.5 * x[:, 1]
    return x


@pytest.mark.parametrize("column", range(3))
def test_the_variance_inflation_is_that_of_the_regression_on_the_others(column):
    table = three(150, 0) * (1, 20, 0.3) + 4
    others = np.column_stack([np.delete(table, column, axis=1), np.ones(150)])
    residual = table[:, column] - others @ np.linalg.lstsq(others, table[:, column], rcond=None)[0]
    r2 = 1 - residual.var() / table[:, column].var()
    assert variance_inflation(column)(table)[0] == pytest.approx(1 / (1 - r2))


def test_columns_that_have_nothing_to_do_with_each_other_do_not_inflate():
    table = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)] * 5, dtype=float)
    estimate, error = variance_inflation(0)(table)
    assert estimate == pytest.approx(1)
    assert error == pytest.approx(2 * np.sqrt(1 / 40 / 40) * np.sqrt(37 / 40)), "the interval can still be drawn"


@pytest.mark.parametrize("column", [0, 1])
def test_columns_that_say_the_same_have_no_finite_inflation(column):
    table = np.column_stack([np.arange(40.0), np.ones(40)])
    assert np.isnan(variance_inflation(column)(table)).all()


# -- the standard errors of both -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statistic", "sample"),
    [
        (correlation, lambda seed: pairs(200, seed)),
        (variance_inflation(2), lambda seed: three(200, seed)),
        (variance_inflation(0), lambda seed: three(200, seed)),
        (logistic_coefficient(0), lambda seed: decided(200, seed=seed)),
    ],
    ids=["correlation", "inflation of the sum", "inflation of a part", "logistic"],
)
def test_the_standard_error_is_about_the_spread_of_the_estimates(statistic, sample):
    estimates, errors = zip(*(statistic(sample(seed)) for seed in range(600)))
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.15)


# -- changes of sign -------------------------------------------------------------------------------------------------


def orthogonal():
    """A full factorial: three columns without any correlation, and their weighted sum."""
    x = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)] * 5, dtype=float)
    return np.column_stack([x, x @ (1, 2, 3)])


def suppressed(count=200):
    """The first column goes with the outcome alone, and against it once the second is known."""
    rng = np.random.default_rng(0)
    first, noise = rng.normal(size=(2, count))
    second = first + 0.3 * noise
    return np.column_stack([first, second, 3 * second - 2 * first])


@pytest.mark.parametrize("column", range(3))
def test_orthogonal_columns_keep_their_signs_whatever_else_is_known(column):
    table = orthogonal()
    assert negative_share(column)(table) == 0
    assert negative_share(column)(np.column_stack([table[:, :-1], -table[:, -1]])) == 1


def test_a_suppressed_column_changes_its_sign_as_often_as_its_suppressor_is_drawn():
    table = suppressed()
    alone = linear_coefficient(0)(table[:, [0, 2]])[0]
    together = linear_coefficient(0)(table)[0]
    assert together < 0 < alone
    assert 0.35 < negative_share(0)(table) < 0.65, "the second is in half of the subsets"
    assert len(negative_share(0).numbers(table)) == 200
    assert negative_share(1)(table) == 0, "its own sign is clear"


def test_with_the_opposite_outcome_the_other_signs_are_negative():
    table = suppressed()
    opposite = np.column_stack([table[:, :-1], -table[:, -1]])
    assert negative_share(0)(opposite) == pytest.approx(1 - negative_share(0)(table))


def test_subsets_are_drawn_by_the_seed():
    table = suppressed()
    shares = [negative_share(0, subsets=50, seed=seed)(table) for seed in range(5)]
    assert shares == [negative_share(0, subsets=50, seed=seed)(table) for seed in range(5)]
    assert len(set(shares)) > 1


def test_a_constant_column_has_no_signs_to_count():
    assert np.isnan(negative_share(0)(np.column_stack([np.ones(40), np.arange(40.0), np.arange(40.0) % 3])))


def undecided_sign(count):
    """The first column goes with the outcome alone; once the second is known, its coefficient is exactly 0."""
    rng = np.random.default_rng(0)
    first, noise, outcome = rng.normal(size=(3, count))
    second = 0.8 * first + 0.6 * noise
    known = np.column_stack([first, second, np.ones(count)])
    unexplained = outcome - known @ np.linalg.lstsq(known, outcome, rcond=None)[0]
    return np.column_stack([first, second, second + unexplained])


def test_the_interval_of_a_share_of_regressions_is_as_wide_as_other_mazes_make_it():
    """The 200 subsets are the same for all mazes: those with the second column change their sign together."""
    table = undecided_sign(400)
    with_second = suppressed()
    most = negative_share(0)(with_second)
    estimate, interval = bootstrap_interval(table, negative_share(0), alpha=0.1, seed=0, resamples=200)
    assert interval == (0, most)
    assert estimate in interval


@pytest.mark.parametrize("collinear", [0, 1, 2])
def test_coefficients_solved_together_are_those_of_each_regression(collinear):
    rng = np.random.default_rng(4)
    columns = rng.standard_normal((400, 8))
    if collinear:
        columns[:, 4] = columns[:, 1] + columns[:, 2]
    if collinear == 2:
        columns[:, 3] = -2 * columns[:, 0]
    last = columns @ [0.5, -0.4, 0.3, 0.2, -0.1, 0.6, -0.2, 0.1] + rng.standard_normal(400)
    gram = np.corrcoef(np.column_stack([columns, last]), rowvar=False)
    chosen = rng.random((60, 8)) < 0.5
    chosen[:, 2] = True
    expected = [np.linalg.lstsq(gram[:8, :8][np.ix_(c, c)], gram[:8, 8][c], rcond=None)[0][c[:2].sum()] for c in chosen]
    regular = regressions._are_regular(gram[:8, :8], chosen)
    dependent = chosen[:, [1, 2, 4]].all(axis=1) & (collinear > 0) | chosen[:, [0, 3]].all(axis=1) & (collinear == 2)
    np.testing.assert_array_equal(regular, ~dependent)
    got = regressions._coefficients(gram, chosen, 2)
    np.testing.assert_allclose(got, expected, atol=1e-10)
    assert len({round(value, 6) for value in expected}) > 10
