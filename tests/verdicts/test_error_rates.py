"""Measured type I error and power of the betting test, on effects whose truth is known."""

import numpy as np
import pytest

from interp_claims.proof.simulated import KINDS, OFFSETS, THETA, simulate
from interp_claims.verdicts import DEFAULT_ALPHA, first_crossing
from interp_claims.verdicts.exact import least_rate


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_threshold_either_error_stays_below_its_rate(kind):
    counts = simulate(kind, 0.0, runs=2000, alpha=0.05, budget=200)
    assert set(counts.errors) == {"supported", "refuted"}
    assert not counts.too_many(0.05), f"{counts}, wanted a rate of .05 of either"


def test_the_simulation_would_notice_a_threshold_that_is_too_easy():
    counts = simulate("0 or 1", 0.0, runs=2000, alpha=0.05, budget=200, theta=THETA - 0.05)
    assert least_rate(counts.supported, counts.runs) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("kind", KINDS)
def test_error_rates_and_power_over_twenty_thousand_runs(kind, offset):
    counts = simulate(kind, offset)
    print(f"{kind}, true by {offset:+.2f}: {counts}")
    assert not counts.too_many(DEFAULT_ALPHA), f"{counts}, wanted a rate of {DEFAULT_ALPHA} of {counts.errors}"
    if abs(offset) == 0.1:
        right = counts.supported if offset > 0 else counts.refuted
        assert right >= 0.99 * counts.runs, f"only {right} of {counts.runs} decided rightly at a margin of .1"


@pytest.mark.parametrize("kind", KINDS)
def test_the_simulation_decides_as_the_engine_does(kind):
    simulated = KINDS[kind]
    truth = simulated.truth(0.05)
    values = simulated.draw(np.random.default_rng([20_231, round(1000 * truth)]), truth, (500, 300))
    verdicts = [str(first_crossing(row, simulated.hypothesis, 0.05, 0.05)[0]) for row in values]
    counts = simulate(kind, 0.05, runs=500, alpha=0.05, budget=300)
    assert (verdicts.count("supported"), verdicts.count("refuted")) == (counts.supported, counts.refuted)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [-0.1, 0.1])
def test_what_is_drawn_has_the_truth_that_is_said(kind, offset):
    simulated = KINDS[kind]
    truth, estimand = simulated.truth(offset), simulated.hypothesis.estimand
    values = simulated.draw(np.random.default_rng(5), truth, (1, 100_000))[0]
    assert estimand.estimate(estimand.checked(values, 100_000)) == pytest.approx(truth, abs=0.006)


@pytest.mark.parametrize("runs", [1, 100, 600])
def test_as_many_runs_are_simulated_as_were_asked_for(runs):
    counts = simulate("smooth (beta)", 0.1, runs=runs)  # all of which support the claim
    assert (counts.runs, counts.supported, counts.refuted, counts.undecided) == (runs, runs, 0, 0)
