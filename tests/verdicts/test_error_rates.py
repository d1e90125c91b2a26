"""Measured type I error and power of the betting test, on effects whose mean is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from interp_claims.verdicts import DEFAULT_ALPHA, DEFAULT_BUDGET, Hypothesis, Mean, log_wealth

SEED = 20_231
THETA = 0.2
UNIT = Mean((0.0, 1.0))
DRAWS: dict[str, Callable[[np.random.Generator, float, tuple[int, int]], np.ndarray]] = {
    "0/1": lambda rng, mean, shape: (rng.random(shape) < mean).astype(float),
    "smooth": lambda rng, mean, shape: rng.beta(6 * mean, 6 * (1 - mean), shape),
    "mostly 0": lambda rng, mean, shape: np.where(rng.random(shape) < 2 * mean, rng.random(shape), 0.0),
}


def shares(draw, mean, *, runs, alpha, budget, theta=THETA):
    """How many of the runs come out supported, and how many refuted."""
    rng = np.random.default_rng([SEED, round(1000 * mean)])
    supported = refuted = 0
    for _ in range(0, runs, 500):
        values = draw(rng, mean, (500, budget))
        above = log_wealth(UNIT.returns_above(values, theta))
        below = log_wealth(UNIT.returns_below(values, theta))
        bar = -np.log(alpha)
        first_above = np.where((above >= bar).any(axis=1), (above >= bar).argmax(axis=1), budget)
        first_below = np.where((below >= bar).any(axis=1), (below >= bar).argmax(axis=1), budget)
        supported += int((first_above < first_below).sum())
        refuted += int((first_below < first_above).sum())
    return supported, refuted


def least_rate(count, runs):
    """Exact one-sided 99% lower bound on a rate."""
    return stats.binomtest(count, runs).proportion_ci(confidence_level=0.98, method="exact").low


@pytest.mark.parametrize("kind", DRAWS)
def test_at_the_threshold_either_error_stays_below_its_rate(kind):
    runs, alpha = 2000, 0.05
    supported, refuted = shares(DRAWS[kind], THETA, runs=runs, alpha=alpha, budget=200)
    assert least_rate(supported, runs) <= alpha, f"{supported} of {runs} falsely supported, wanted a rate of {alpha}"
    assert least_rate(refuted, runs) <= alpha, f"{refuted} of {runs} falsely refuted, wanted a rate of {alpha}"


def test_the_simulation_would_notice_a_threshold_that_is_too_easy():
    supported, _ = shares(DRAWS["0/1"], THETA, runs=2000, alpha=0.05, budget=200, theta=THETA - 0.05)
    assert least_rate(supported, 2000) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("offset", [-0.1, -0.05, 0.0, 0.05, 0.1])
@pytest.mark.parametrize("kind", DRAWS)
def test_error_rates_and_power_over_twenty_thousand_runs(kind, offset):
    runs = 20_000
    supported, refuted = shares(DRAWS[kind], THETA + offset, runs=runs, alpha=DEFAULT_ALPHA, budget=DEFAULT_BUDGET)
    print(f"{kind:>8}, mean - threshold {offset:+.2f}: {supported} supported, {refuted} refuted of {runs}")
    if offset <= 0:
        assert least_rate(supported, runs) <= DEFAULT_ALPHA, f"{supported} falsely supported"
    if offset >= 0:
        assert least_rate(refuted, runs) <= DEFAULT_ALPHA, f"{refuted} falsely refuted"
    if abs(offset) == 0.1:
        right = supported if offset > 0 else refuted
        assert right >= 0.99 * runs, f"only {right} of {runs} decided rightly at a margin of .1"


def test_the_simulation_decides_as_the_engine_does():
    from interp_claims.verdicts import Verdict, first_crossing

    rng = np.random.default_rng([SEED, 250])
    values = DRAWS["0/1"](rng, 0.25, (500, 300))
    verdicts = [first_crossing(row, Hypothesis(UNIT, "at least", THETA), 0.05, 0.05)[0] for row in values]
    counted = verdicts.count(Verdict.SUPPORTED), verdicts.count(Verdict.REFUTED)
    assert counted == shares(DRAWS["0/1"], 0.25, runs=500, alpha=0.05, budget=300)
