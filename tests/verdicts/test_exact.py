"""Exact intervals of rates."""

import pytest
from scipy import stats

from interp_claims.verdicts.exact import exact_interval, least_rate


@pytest.mark.parametrize(("count", "runs"), [(0, 20_000), (3, 100), (50, 100), (100, 100)])
def test_intervals_are_clopper_and_pearsons(count, runs):
    """The ends of the interval are the rates at which so few, or so many, come with a probability of half a percent."""
    low, high = exact_interval(count, runs)
    assert low == (pytest.approx(0) if count == 0 else pytest.approx(stats.beta.ppf(0.005, count, runs - count + 1)))
    assert high == (1 if count == runs else pytest.approx(stats.beta.ppf(0.995, count + 1, runs - count)))
    if count:
        assert stats.binom.sf(count - 1, runs, least_rate(count, runs)) == pytest.approx(0.01)
