import numpy as np
import pytest
from scipy import stats

from interp_claims.verdicts import (
    EffectError,
    Verdict,
    bootstrap_interval,
    correlation,
    linear_coefficient,
    logistic_coefficient,
    negative_share,
    rank_correlation,
    share_of_ratios_above,
    studentised_interval,
    variance_inflation,
    verdict_of_interval,
)
from interp_claims.verdicts.approximate import checked_table


def correlated(count, slope, seed):
    x = np.random.default_rng(seed).normal(size=(count, 2))
    x[:, 1] += slope * x[:, 0]
    return x


def test_the_rank_correlation_is_spearmans():
    table = correlated(80, 0.7, 0)
    assert rank_correlation(table)[0] == pytest.approx(stats.spearmanr(table).statistic)


def test_the_coefficient_is_that_of_the_z_scored_regression():
    table = np.random.default_rng(0).normal(size=(200, 3))
    table[:, 2] += 2 * table[:, 0] - table[:, 1]
    z = (table - table.mean(axis=0)) / table.std(axis=0)
    wanted = np.linalg.lstsq(np.column_stack([z[:, :2], np.ones(200)]), z[:, 2], rcond=None)[0]
    for column in (0, 1):
        assert linear_coefficient(column)(table)[0] == pytest.approx(wanted[column])


def test_the_standard_error_is_about_the_spread_of_the_estimates():
    estimates, errors = zip(*(linear_coefficient(0)(correlated(150, 0.3, seed)) for seed in range(300)))
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.2)


def test_intervals_cover_about_as_often_as_they_say():
    true = 6 / np.pi * np.arcsin(np.corrcoef(correlated(100_000, 0.5, 0).T)[0, 1] / 2)
    intervals = [
        studentised_interval(correlated(100, 0.5, seed), rank_correlation, alpha=0.1, seed=0, resamples=200)[1]
        for seed in range(1, 201)
    ]
    covered = sum(low <= true <= high for low, high in intervals)
    assert stats.binomtest(covered, 200, 0.9).pvalue > 0.001, f"{covered} of 200 intervals cover, wanted about 180"


@pytest.mark.parametrize("statistic", [rank_correlation, linear_coefficient(0), correlation])
def test_answers_are_plain_numbers(statistic):
    estimate, interval = studentised_interval(correlated(60, 0.5, 0), statistic, alpha=0.1, seed=0, resamples=40)
    assert [type(number) for number in (estimate, *interval)] == [float] * 3, "numpy's do not travel between workers"


OF_A_COLUMN = [linear_coefficient, logistic_coefficient, negative_share, variance_inflation]


@pytest.mark.parametrize("statistic", OF_A_COLUMN)
@pytest.mark.parametrize("column", [-1, 0.5, True])
def test_a_column_that_is_no_place_of_a_predictor_is_refused(statistic, column):
    with pytest.raises(EffectError) as error:
        statistic(column)
    assert str(error.value) == f"statistic: got column {column}, wanted the number of a predictor, 0 for the first"


@pytest.mark.parametrize("statistic", OF_A_COLUMN)
def test_neither_the_intercept_nor_the_outcome_is_tested_as_a_predictor(statistic):
    table = np.random.default_rng(0).normal(size=(60, 3))
    table[:, -1] = table[:, -1] > 0
    predictors = 3 if statistic is variance_inflation else 2
    statistic(predictors - 1)(table)
    for column in (predictors, predictors + 1):
        with pytest.raises(EffectError) as error:
            statistic(column)(table)
        assert str(error.value) == (
            f"statistic: got column {column} of a table of {predictors} predictors, which are counted from 0; return "
            "it from the claim's function, or name another"
        )


def test_the_same_seed_gives_the_same_interval():
    table = correlated(60, 0.5, 0)
    first, second = (
        studentised_interval(table, rank_correlation, alpha=0.05, seed=seed, resamples=100) for seed in (1, 1)
    )
    assert first == second


@pytest.mark.parametrize(
    ("interval", "direction", "theta", "verdict"),
    [
        ((0.1, 0.3), "at least", 0.0, Verdict.SUPPORTED),
        ((-0.3, -0.1), "at least", 0.0, Verdict.REFUTED),
        ((-0.1, 0.1), "at least", 0.0, Verdict.UNDECIDED),
        ((-0.3, -0.1), "at most", 0.0, Verdict.SUPPORTED),
        ((0.1, 0.3), "at most", 0.0, Verdict.REFUTED),
        ((-0.02, 0.03), "within", 0.05, Verdict.SUPPORTED),
        ((0.06, 0.1), "within", 0.05, Verdict.REFUTED),
        ((-0.1, -0.06), "within", 0.05, Verdict.REFUTED),
        ((0.0, 0.1), "within", 0.05, Verdict.UNDECIDED),
    ],
)
def test_an_interval_decides_when_it_lies_on_one_side(interval, direction, theta, verdict):
    assert verdict_of_interval(interval, direction, theta) is verdict


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((10, 2)), "at least 30 mazes"),
        (np.zeros(100), "at least 30 mazes"),
        (np.full((50, 2), np.nan), "NaN or infinite"),
        (np.ones((50, 2)), "wanted finite and > 0"),
    ],
)
def test_tables_that_say_nothing_are_refused(table, message):
    with pytest.raises(EffectError, match=message):
        studentised_interval(table, rank_correlation, alpha=0.05, seed=0)


def test_a_table_of_numbers_with_one_row_per_maze_is_taken_as_it_is():
    for returned in ([[1, 2], [3, 4]], np.array([[True], [False]]), np.ones((2, 5), dtype=np.float32)):
        table = checked_table(returned, 2)
        assert table.dtype == np.float64
        np.testing.assert_array_equal(table, np.asarray(returned, dtype=np.float64))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (np.zeros(2), "got shape (2,), wanted (2, k), one row per maze; np.column_stack makes one"),
        (np.zeros((3, 2)), "got shape (3, 2), wanted (2, k), one row per maze; np.column_stack makes one"),
        (np.zeros((2, 0)), "got shape (2, 0), wanted (2, k), one row per maze; np.column_stack makes one"),
        (
            np.zeros((2, 2, 1)),
            "got shape (2, 2, 1), wanted (2, k), one row per maze; np.column_stack makes one",
        ),
        (
            [["a", "b"], ["c", "d"]],
            "got no numbers (could not convert string to float: 'a'), wanted shape (2, k), one row per maze",
        ),
        ([[0, 1], [np.nan, np.inf]], "NaN or infinite for the mazes [1] of the batch; an undefined number must raise"),
    ],
)
def test_what_is_no_such_table_is_an_error(returned, message):
    with pytest.raises(EffectError) as error:
        checked_table(returned, 2)
    assert str(error.value) == f"table: {message}"


def test_of_many_mazes_without_a_number_five_are_named():
    with pytest.raises(EffectError, match=r"for the mazes \[0, 1, 2, 3, 4\] of the batch"):
        checked_table(np.full((8, 2), np.nan), 8)


@pytest.mark.parametrize(("ratio", "share"), [(1.1, 0.5), (1.0, 0.75), (2.0, 0.25), (5.0, 0.0)])
def test_the_share_of_columns_whose_mean_is_so_many_times_that_of_the_first(ratio, share):
    wave = np.cos(np.arange(60))[:, None]
    table = np.array([2.0, 2.1, 1.0, 2.3, 4.5]) + 0.01 * (wave - wave.mean())
    assert share_of_ratios_above(ratio)(table) == share
    assert bootstrap_interval(table, share_of_ratios_above(ratio), alpha=0.1, seed=0) == (share, (share, share))


def test_single_mazes_in_which_a_column_is_larger_do_not_count():
    rng = np.random.default_rng(0)
    table = np.exp(rng.normal(0, 0.5, size=(4000, 8)))  # a third of the rows are more than 1.1 times the first, each
    assert share_of_ratios_above(1.1)(table) == 0


@pytest.mark.parametrize("ratio", [0, -1, np.nan, np.inf])
def test_a_ratio_is_a_positive_number(ratio):
    with pytest.raises(EffectError, match="wanted a positive number"):
        share_of_ratios_above(ratio)


def test_ratios_need_a_column_to_compare():
    with pytest.raises(EffectError, match=r"^table: got 1 column, wanted a first one and others to compare with it$"):
        share_of_ratios_above(1.1)(np.ones((40, 1)))


def test_one_column_besides_the_first_is_enough_for_a_ratio():
    assert share_of_ratios_above(1.1)(np.ones((40, 2)) * [1, 1.2]) == 1
    assert share_of_ratios_above(1.1)(np.ones((40, 2)) * [1, 1.0]) == 0
