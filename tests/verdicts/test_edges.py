"""Edges: formulas of standard errors, ends of ranges, ties, messages. Each was found missing by changing the code."""

import numpy as np
import pytest

from interp_claims.verdicts import (
    EffectError,
    Hypothesis,
    Mean,
    Median,
    Ratio,
    ShareBelow,
    Verdict,
    bootstrap_interval,
    confidence_interval,
    decide,
    linear_coefficient,
    log_wealth,
    logistic_coefficient,
    negative_share,
    out_of_reach,
    rank_correlation,
    share_interval,
    studentised_interval,
    variance_inflation,
    verdict_of_interval,
)
from interp_claims.verdicts.betting import STAKES, best_log_wealth
from interp_claims.verdicts.families import e_bh

UNIT, SIGNED = Mean((0.0, 1.0)), Mean((-1.0, 1.0))


# -- bets ------------------------------------------------------------------------------------------------------------


def test_the_richest_gambler_is_one_of_the_twelve():
    returns = np.random.default_rng(0).uniform(0, 2.2, 30)
    fortunes = [sum(np.log(1 - stake + stake * paid) for paid in returns) for stake in STAKES]
    assert best_log_wealth(returns) == pytest.approx(max(fortunes))


# -- effects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[0, 1, 1], [False, True, True]])
def test_effects_of_any_type_come_to_float64(values):
    checked = UNIT.checked(values, 3)
    assert checked.dtype == np.float64
    assert checked.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("bounds", [(-100.0, 100.0), (-1.0, 1.0), (0.0, 0.01), (5.0, 6.0)])
def test_a_billionth_of_the_range_beyond_the_bounds_is_rounding_and_ten_are_not(bounds):
    low, high = bounds
    rounding = 0.9e-9 * (high - low)
    assert Mean(bounds).checked(np.array([low - rounding, high + rounding]), 2).tolist() == [low, high]
    for wrong in (low - 10 * rounding, high + 10 * rounding):
        with pytest.raises(EffectError, match=r"; correct the claim's bounds or its measure$"):
            Mean(bounds).checked(np.array([wrong]), 1)


def test_five_undefined_mazes_are_named():
    with pytest.raises(EffectError, match=r"for the mazes \[0, 2, 3, 4, 5\] of the batch"):
        UNIT.checked(np.array([np.nan, 0, np.nan, np.nan, np.nan, np.nan, np.nan]), 7)


@pytest.mark.parametrize("largest", [0.25, 1.0, 4.0])
def test_a_ratio_is_decided_alike_whatever_its_unit(largest):
    """Numerator and denominator both in other units: the same bets, and the same bounded mean behind them."""
    values = np.random.default_rng(0).uniform(0, 1, (50, 2))
    one, other = Ratio((0.0, 1.0)), Ratio((0.0, largest))
    for bet in ("returns_above", "returns_below"):
        wanted = getattr(one, bet)(values, 1.3)
        np.testing.assert_allclose(getattr(other, bet)(values * largest, 1.3), wanted)
    low, high = other.score_bounds(1.3)
    worst, best = np.array([[0.0, largest]]), np.array([[largest, 0.0]])
    assert (low, high) == (other.scores(worst, 1.3)[0], other.scores(best, 1.3)[0])


def test_a_median_is_scored_by_whether_a_maze_reaches_it():
    median = Median((-1.0, 1.0))
    scores = median.scores(np.array([0.1, 0.3, 0.5]), 0.3)
    assert scores.tolist() == [0.0, 1.0, 1.0]
    assert scores.dtype == np.float64
    assert (median.score_bounds(0.3), median.score_threshold(0.3)) == ((0.0, 1.0), 0.5)


def test_a_ratio_to_nothing_says_that_it_is_undefined():
    with pytest.raises(EffectError, match=r"^ratio: the denominator is 0 on every maze, so the ratio is undefined$"):
        Ratio((0.0, 1.0)).estimate(np.array([[1.0, 0.0]]))


# -- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("estimand", "theta"), [(SIGNED, 0.0), (SIGNED, -0.1), (Ratio((0.0, 1.0)), 0.5)])
def test_no_effect_is_said_of_a_mean_and_a_distance_above_0(estimand, theta):
    message = rf"^within: got {theta} of a {type(estimand).__name__}, wanted a mean and > 0$"
    with pytest.raises(EffectError, match=message):
        Hypothesis(estimand, "within", theta)


def test_no_effect_must_have_room_on_both_sides():
    assert Hypothesis(Mean((-0.1, 1.0)), "within", 0.05).theta == 0.05
    with pytest.raises(EffectError, match=r"got -0\.2, wanted a number strictly between -0\.1 and 1\.0"):
        Hypothesis(Mean((-0.1, 1.0)), "within", 0.2)


def test_evidence_of_some_effect_is_the_mean_of_that_of_either_side():
    values = np.random.default_rng(0).uniform(-0.2, 1, 40)
    _, outside = Hypothesis(SIGNED, "within", 0.1).log_evidence(values)
    above, below = log_wealth(SIGNED.returns_above(values, 0.1)), log_wealth(SIGNED.returns_below(values, -0.1))
    np.testing.assert_allclose(np.exp(outside), (np.exp(above) + np.exp(below)) / 2)


@pytest.mark.parametrize("direction", ["at least", "at most", "within"])
def test_of_mazes_that_speak_alike_the_earlier_comes_first(direction):
    values = np.tile([0.5, -0.5, 0.5, -0.5, 0.25], 40)
    order = Hypothesis(SIGNED, direction, 0.1).opposing_order(values)
    scores = {"at least": values, "at most": -values, "within": -abs(values)}[direction]
    assert order.tolist() == sorted(range(200), key=lambda i: (scores[i], i))


def test_what_speaks_against_a_ratio_is_judged_at_its_threshold():
    values = np.array([[0.5, 0.1], [0.6, 0.5], [0.1, 0.1]])
    assert Hypothesis(Ratio((0.0, 1.0)), "at least", 2.0).opposing_order(values).tolist() == [1, 2, 0]


@pytest.mark.parametrize("direction", ["at least", "at most"])
def test_a_contrast_at_0_is_allowed(direction):
    assert Hypothesis(SIGNED, direction, 0.0).contrast() == Hypothesis(Mean((-2.0, 2.0)), direction, 0.0)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            Hypothesis(SIGNED, "within", 0.05),
            "contrast: a claim of no effect has no contrast control; give it null controls that act",
        ),
        (
            Hypothesis(Median((0.0, 1.0)), "at least", 0.5),
            "contrast: is not defined for medians; make a claim about the mean effect",
        ),
        (
            Hypothesis(SIGNED, "at most", 0.05),
            "contrast: a control equal to the edit would exceed it by at most 0.05; turn the effect round so that its "
            "threshold lies on the side of the claim",
        ),
    ],
)
def test_where_there_is_no_contrast_the_remedy_is_said(statement, message):
    with pytest.raises(EffectError) as error:
        statement.contrast()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (Hypothesis(SIGNED, "at least", 0.02), "mean at least 0.02"),
        (Hypothesis(Ratio((0.0, 1.0)), "at most", 1.1), "ratio at most 1.1"),
        (Hypothesis(Median((0.0, 1.0)), "at least", 0.5), "median at least 0.5"),
        (Hypothesis(SIGNED, "within", 0.05), "|mean| at most 0.05"),
    ],
)
def test_statements_print_as_they_read(statement, text):
    assert str(statement) == text


# -- decisions -------------------------------------------------------------------------------------------------------


def test_a_decision_holds_the_estimate_interval_and_evidence_of_the_mazes_that_count():
    values = np.random.default_rng(0).uniform(0, 1, 500)
    statement = Hypothesis(UNIT, "at least", 0.3)
    decision = decide(values, statement, alpha_support=0.01, alpha_refute=0.05)
    used = values[: decision.mazes]
    assert decision.verdict is Verdict.SUPPORTED
    assert 1 < decision.mazes < 500
    assert decision.effect == used.mean()
    assert decision.interval == confidence_interval(used, UNIT, 0.01)
    support, refute = statement.log_evidence(used)
    assert (decision.log_support, decision.log_refute) == (support[-1], refute[-1])
    assert support[-1] >= np.log(100) > support[-2]


@pytest.mark.parametrize("wrong", [{"alpha_refute": 0}, {"alpha_refute": 1}, {"alpha_support": 1}, {"budget": 0}])
def test_impossible_rates_of_either_side_are_refused(wrong):
    with pytest.raises(EffectError, match="wanted 0 < alpha < 1 and budget >= 1"):
        decide(np.ones(3), Hypothesis(UNIT, "at least", 0.2), **wrong)


def test_one_maze_is_a_budget():
    decision = decide(np.array([0.5, 1.0]), Hypothesis(UNIT, "at least", 0.2), budget=1)
    assert (decision.verdict, decision.mazes, decision.effect) == (Verdict.UNDECIDED, 1, 0.5)


def test_no_mazes_are_an_error_in_these_words():
    with pytest.raises(EffectError, match=r"^got no effects: a mean of no mazes is undefined$"):
        decide(np.array([]), Hypothesis(UNIT, "at least", 0.2))


@pytest.mark.parametrize(
    ("effect", "direction", "theta"),
    [
        (effect, direction, theta)
        for effect in (-0.3, -0.02, 0.0, 0.011, 0.03, 0.09, 0.5)
        for direction, theta in (("at least", 0.02), ("at most", 0.02), ("within", 0.05), ("within", 0.01))
    ],
)
def test_out_of_reach_is_what_no_gambler_decides_within_the_budget_though_growing_half_as_fast_again(
    effect, direction, theta
):
    """For effects that are all alike every gambler's wealth grows by the same factor each maze."""

    def growth(share, towards):  # of a bet that the mean is above a share of the range, or below it
        paid = (1 + effect) / (1 + share) if towards == "above" else (1 - effect) / (1 - share)
        return max(np.log(1 - stake + stake * paid) for stake in STAKES)

    fastest = [growth(theta, "above"), growth(-theta if direction == "within" else theta, "below")]
    if direction == "within":
        fastest.append(min(growth(theta, "below"), growth(-theta, "above")))
    for budget in (100, 400, 1600, 6400):
        hopeless = 1.5 * max(fastest) * budget - np.log(12) < np.log(1000)
        statement = Hypothesis(SIGNED, direction, theta)
        assert out_of_reach(np.full(128, effect), statement, 0.001, budget) == hopeless


def test_e_bh_believes_what_just_reaches_its_bar_and_answers_in_booleans():
    believed = e_bh([-np.log(0.1 * 1 / 2), -np.log(0.1 * 2 / 2)], 0.1)
    assert believed.tolist() == [True, True]
    assert believed.dtype == bool
    assert e_bh([3, -4], 0.1).tolist() == e_bh([3.0, -4.0], 0.1).tolist() == [True, False]


# -- approximate verdicts ----------------------------------------------------------------------------------------------


def table_of(count, seed=0):
    x = np.random.default_rng(seed).normal(size=(count, 3))
    x[:, 2] += x[:, 0] - 0.5 * x[:, 1]
    return x * (2.0, 0.5, 1.0) + (3.0, -1.0, 10.0)


def test_the_rank_correlations_error_is_bonett_and_wrights():
    table = table_of(50)[:, [0, 2]]
    r, error = rank_correlation(table)
    assert 0.3 < r < 0.9
    assert error == pytest.approx((1 + r**2 / 2) ** 0.5 * (1 - r**2) / 47**0.5)


@pytest.mark.parametrize("column", [0, 1])
def test_the_coefficients_error_is_robust_to_unequal_variances(column):
    """HC1: the sandwich of White (1980), times n / (n - k)."""
    table = table_of(40)
    z = (table - table.mean(axis=0)) / table.std(axis=0)
    x = np.column_stack([np.ones(40), z[:, :2]])
    bread = np.linalg.inv(x.T @ x)
    residual = z[:, 2] - x @ bread @ x.T @ z[:, 2]
    meat = sum(e**2 * np.outer(row, row) for e, row in zip(residual, x))
    wanted = (bread @ meat @ bread)[column + 1, column + 1] * 40 / (40 - 3)
    assert linear_coefficient(column)(table)[1] == pytest.approx(wanted**0.5)


def test_the_variance_inflations_error_is_by_the_delta_method():
    """R^2 has the error 2 R (1 - R^2) sqrt(n - k) / n, and the factor's derivative by R^2 is its square."""
    table = table_of(60)
    factor, error = variance_inflation(2)(table)
    r2 = 1 - 1 / factor
    assert error == pytest.approx(factor**2 * 2 * r2**0.5 * (1 - r2) * (60 - 3) ** 0.5 / 60)


@pytest.mark.parametrize("constant", [0, 1, 2])
def test_a_constant_column_leaves_everything_undefined(constant):
    table = table_of(40)
    table[:, constant] = 1.0
    for statistic in (linear_coefficient(0), variance_inflation(0), negative_share(0)):
        assert np.isnan(statistic(table)).all()


def test_columns_that_determine_each_other_leave_a_logistic_coefficient_undefined():
    table = np.column_stack([np.arange(40.0) % 5, np.arange(40.0) % 5, np.arange(40) % 2])
    assert np.isnan(logistic_coefficient(0)(table)).all()


def test_columns_that_determine_each_other_leave_the_inflation_undefined():
    assert np.isnan(
        variance_inflation(0)(np.column_stack([np.arange(40.0), np.arange(40.0), np.arange(40.0) % 7]))
    ).all()


def test_the_bootstrap_interval_is_written_out():
    """Pivots of the resamples, drawn in the same order, and each end from the pivot of the other."""
    table = table_of(35)[:, [0, 2]]
    estimate, error = rank_correlation(table)
    rng = np.random.default_rng(4)
    drawn = [rank_correlation(table[rng.integers(35, size=35)]) for _ in range(400)]
    pivots = sorted((r - estimate) / e for r, e in drawn)
    got, (low, high) = studentised_interval(table, rank_correlation, alpha=0.1, seed=4, resamples=400)
    assert got == estimate
    assert low == pytest.approx(estimate - np.quantile(pivots, 0.95) * error)
    assert high == pytest.approx(estimate - np.quantile(pivots, 0.05) * error)


@pytest.mark.parametrize(("alpha", "resamples", "wanted"), [(0.1, 50, 50), (0.1, 10, 20), (0.03, 10, 67)])
def test_small_error_rates_are_resampled_often_enough(alpha, resamples, wanted):
    looks = []

    def counting(table):
        looks.append(len(table))
        return rank_correlation(table)

    studentised_interval(table_of(35)[:, [0, 2]], counting, alpha=alpha, seed=0, resamples=resamples)
    assert looks == [35] * (1 + wanted)


def test_the_interval_of_a_share_is_written_out():
    table = table_of(35)
    table[:, 0] += 3.0
    in_doubt = table[:, 1].mean() + 0.001

    def means(rows):
        return np.array([rows[:, 0].mean(), rows[:, 1].mean() - in_doubt, -5.0, rows[:, 1].mean() - 9.0])

    rng = np.random.default_rng(4)
    drawn = np.array([means(table[rng.integers(35, size=35)]) for _ in range(400)])
    spread = drawn.std(axis=0)
    moving = [0, 1, 3]
    pivots = np.zeros((400, 4))
    pivots[:, moving] = (drawn - means(table))[:, moving] / spread[moving]
    low, high = np.quantile(pivots.min(axis=1), 0.05), np.quantile(pivots.max(axis=1), 0.95)
    got, interval = share_interval(table, ShareBelow(means), alpha=0.1, seed=4, resamples=400)
    assert got == (means(table) < 0).mean() == ShareBelow(means)(table)
    assert interval == ((means(table) - low * spread < 0).mean(), (means(table) - high * spread < 0).mean())
    assert interval == (0.5, 0.75), "two are surely below, one is in doubt, one surely above"
    assert [type(number) for number in (got, *interval)] == [float] * 3


def _finely(rows):
    """Means of two columns less many numbers: a share of them tells where an interval ends."""
    grid = np.linspace(-1, 1, 2001)
    return np.concatenate([rows[:, 0].mean() - grid, 20 * (rows[:, 1].mean() - grid)])


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_the_ends_of_the_interval_of_a_share_lie_at_half_of_alpha(alpha):
    table, rng = np.random.default_rng(3).normal(size=(40, 2)), np.random.default_rng(7)
    numbers = _finely(table)
    drawn = np.array([_finely(table[rng.integers(40, size=40)]) for _ in range(200)])
    pivots = (drawn - numbers) / drawn.std(axis=0)
    low, high = np.quantile(pivots.min(axis=1), alpha / 2), np.quantile(pivots.max(axis=1), 1 - alpha / 2)
    wanted = tuple((numbers - end * drawn.std(axis=0) < 0).mean() for end in (low, high))
    options = {"alpha": alpha, "seed": 7, "resamples": 200}
    assert share_interval(table, ShareBelow(_finely), **options)[1] == wanted
    assert bootstrap_interval(table, ShareBelow(_finely), **options)[1] == wanted


def test_a_number_that_is_0_is_not_below_it():
    assert ShareBelow(lambda rows: np.array([-1.0, -2.0, 0.0, 0.0, 3.0]))(table_of(35)) == 0.4


def test_what_no_maze_moves_is_where_it_is():
    fixed = ShareBelow(lambda rows: np.array([-1.0, -1.0, 0.0, 2.0]))
    assert share_interval(table_of(35), fixed, alpha=0.1, seed=4, resamples=50) == (0.5, (0.5, 0.5))


def test_each_kind_of_statistic_has_its_kind_of_interval():
    table = table_of(35)[:, [0, 2]]
    below = ShareBelow(lambda rows: rows.mean(axis=0))
    options = {"alpha": 0.1, "seed": 1, "resamples": 50}
    assert bootstrap_interval(table, below, **options) == share_interval(table, below, **options)
    wanted = studentised_interval(table, rank_correlation, **options)
    assert bootstrap_interval(table, rank_correlation, **options) == wanted


def test_a_share_needs_finite_numbers_and_half_of_the_resamples():
    def told(*answers):
        return ShareBelow(scripted([np.array([answer, -1.0]) for answer in answers]))

    for answer in (np.nan, np.inf):
        with pytest.raises(EffectError, match=rf"^statistic: got {answer} among the numbers, wanted finite ones$"):
            share_interval(np.ones((30, 1)), told(answer), alpha=0.1, seed=0, resamples=20)
        some = told(1.0, *[answer] * 10, 1.0)
        got = share_interval(np.ones((30, 1)), some, alpha=0.1, seed=0, resamples=20)
        assert got == (0.5, (0.5, 0.5)), "half of the resamples are enough"
        with pytest.raises(EffectError, match=r"^statistic: undefined on most resamples; it needs more mazes$"):
            share_interval(np.ones((30, 1)), told(1.0, *[answer] * 11, 2.0), alpha=0.1, seed=0, resamples=20)
    assert np.isnan(told(np.nan)(np.ones((30, 1))))
    with pytest.raises(EffectError, match="at least 30 mazes"):
        share_interval(np.zeros((10, 2)), told(0.0), alpha=0.1, seed=0)
    with pytest.raises(EffectError, match="NaN or infinite values"):
        share_interval(np.full((40, 2), np.nan), told(0.0), alpha=0.1, seed=0)


def scripted(answers):
    """A statistic that gives these answers in turn, the last one for ever."""
    given = list(answers)
    return lambda table: given.pop(0) if len(given) > 1 else given[0]


@pytest.mark.parametrize("answer", [(np.nan, 1.0), (np.inf, 1.0), (1.0, np.nan), (1.0, 0.0), (1.0, np.inf)])
def test_an_undefined_statistic_is_refused_and_an_undefined_resample_left_out(answer):
    with pytest.raises(EffectError, match="wanted finite and > 0"):
        studentised_interval(np.ones((30, 1)), scripted([answer]), alpha=0.1, seed=0, resamples=20)
    some = scripted([(0.0, 1.0), *[answer] * 10, (2.0, 1.0)])
    estimate, interval = studentised_interval(np.ones((30, 1)), some, alpha=0.1, seed=0, resamples=20)
    assert (estimate, *interval) == (0.0, -2.0, -2.0), "half of the resamples are enough"
    most = scripted([(0.0, 1.0), *[answer] * 11, (2.0, 1.0)])
    with pytest.raises(EffectError, match=r"^statistic: undefined on most resamples; it needs more mazes$"):
        studentised_interval(np.ones((30, 1)), most, alpha=0.1, seed=0, resamples=20)


def test_thirty_mazes_of_whole_numbers_are_enough_and_nan_is_refused_in_these_words():
    whole = np.column_stack([np.arange(30) % 7, np.arange(30) % 11])
    assert studentised_interval(whole, rank_correlation, alpha=0.1, seed=0, resamples=20)[0] == pytest.approx(
        rank_correlation(whole)[0]
    )
    with pytest.raises(EffectError, match=r"^table: has NaN or infinite values; an undefined measurement must raise$"):
        studentised_interval(np.full((30, 2), np.nan), rank_correlation, alpha=0.1, seed=0)


@pytest.mark.parametrize(
    ("direction", "interval", "verdict"),
    [
        ("at least", (0.2, 0.5), Verdict.SUPPORTED),
        ("at least", (0.1, 0.2), Verdict.UNDECIDED),
        ("at least", (0.1, 0.19), Verdict.REFUTED),
        ("at most", (0.1, 0.2), Verdict.SUPPORTED),
        ("at most", (0.2, 0.5), Verdict.UNDECIDED),
        ("at most", (0.21, 0.5), Verdict.REFUTED),
        ("within", (-0.2, 0.2), Verdict.SUPPORTED),
        ("within", (-0.21, 0.1), Verdict.UNDECIDED),
        ("within", (0.2, 0.5), Verdict.UNDECIDED),
        ("within", (-0.5, -0.2), Verdict.UNDECIDED),
        ("within", (0.21, 0.5), Verdict.REFUTED),
        ("within", (-0.5, -0.21), Verdict.REFUTED),
    ],
)
def test_an_interval_that_only_touches_the_threshold_still_satisfies_the_statement(direction, interval, verdict):
    assert verdict_of_interval(interval, direction, 0.2) is verdict


def test_subsets_of_columns_are_drawn_by_seed_0_unless_another_is_given():
    rng = np.random.default_rng(0)
    first, noise = rng.normal(size=(2, 200))
    second = first + 0.3 * noise
    table = np.column_stack([first, second, 3 * second - 2 * first])
    shares = [negative_share(0, subsets=50, seed=seed)(table) for seed in range(3)]
    assert negative_share(0, subsets=50)(table) == shares[0]
    assert len(set(shares)) > 1
