"""Families: e-BH by hand, and its false discovery rate where statements depend on each other."""

import numpy as np
import pytest

from interp_claims.verdicts.estimands import EffectError
from interp_claims.verdicts.families import e_bh


@pytest.mark.parametrize(
    ("e_values", "believed"),
    [
        ([40, 20, 1, 0.5], [True, True, False, False]),  # bars 40, 20, 13.3, 10
        ([39, 20, 1, 0.5], [True, True, False, False]),  # the second passes, and takes the first with it
        ([39, 19, 1, 0.5], [False] * 4),
        ([10, 10, 10, 10], [True] * 4),
        ([0.5, 1, 20, 40], [False, False, True, True]),
        ([9], [False]),
        ([10], [True]),
        ([], []),
    ],
)
def test_by_hand(e_values, believed):
    assert e_bh(np.log(np.array(e_values, dtype=float) * (1 + 1e-12)), 0.1).tolist() == believed


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_the_false_discovery_rate_holds_whatever_the_dependence(shared):
    """Gaussian e-values exp(z - 1/2) of 20 true nulls and 5 real effects, alone or nearly all alike."""
    rng = np.random.default_rng(1)
    false_shares = []
    for _ in range(4000):
        noise = np.sqrt(1 - shared) * rng.standard_normal(25) + np.sqrt(shared) * rng.standard_normal()
        log_e = 3 * noise - 4.5
        log_e[:5] += 12
        believed = e_bh(log_e, 0.1)
        false_shares.append(believed[5:].sum() / max(1, believed.sum()))
    assert np.mean(false_shares) <= 0.1
    assert believed.any()


@pytest.mark.parametrize("rate", [0, 1, -0.1, 2])
def test_a_rate_is_a_share(rate):
    with pytest.raises(EffectError, match=f"rate: got {rate}, wanted a number between 0 and 1"):
        e_bh([1.0], rate)


def test_evidence_that_is_none_is_refused():
    with pytest.raises(EffectError, match="log e-values: got shape"):
        e_bh([1.0, float("nan")], 0.1)
