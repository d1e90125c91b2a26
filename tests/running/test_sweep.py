"""Sweeps: of what is called regressed or non-inferior, how much is false, and what is left open."""

import numpy as np
import pytest

from interp_claims.results import ClaimResult
from interp_claims.running.older import ComparisonError, OlderResults
from interp_claims.running.sweep import NON_INFERIOR, NOT_COMPARED, OPEN, REGRESSED, sweep
from interp_claims.verdicts import Hypothesis, Mean

CLAIM = "claims/test_a.py::test_it"
STATED = {CLAIM: Hypothesis(Mean((-1.0, 1.0)), "at least", 0.2)}
MARGIN, LOOK, RATE = 0.3, 200, 0.2


def results_of(name, effects):
    scores = tuple((seed, float(effect)) for seed, effect in enumerate(effects))
    row = ClaimResult(CLAIM, 1, "sampled", "So.", "", name, name, "supported", statement="mean at least 0.2")
    return OlderResults([ClaimResult.from_dict({**row.to_dict(), "scores": scores})])


def ones(rng, mean):
    """Effects of 1 and -1."""
    return np.where(rng.random(LOOK) < (1 + mean) / 2, 1.0, -1.0)


def test_a_small_share_of_what_is_said_is_false_whatever_the_dependence():
    """All newer policies share their mazes with one older; most lose exactly the margin, which is no regression."""
    rng = np.random.default_rng(5)
    losses = [MARGIN] * 24 + [1.2] * 6
    shares, found = [], 0
    for _ in range(30):
        old = results_of("old", ones(rng, 0.7))
        newer = [results_of(f"new {i}", ones(rng, 0.7 - loss)) for i, loss in enumerate(losses)]
        cells = sweep(STATED, old, newer, look=LOOK, rate=RATE, margin=MARGIN)
        called = [i for i, cell in enumerate(cells) if cell.became == REGRESSED]
        false = [i for i in called if losses[i] == MARGIN] + [
            i for i, cell in enumerate(cells) if cell.became == NON_INFERIOR and losses[i] > MARGIN
        ]
        said = sum(cell.became in (REGRESSED, NON_INFERIOR) for cell in cells)
        shares.append(len(false) / max(1, said))
        found += len(called)
    assert np.mean(shares) <= RATE
    assert found > 100, "of 180 real regressions"


def test_what_cannot_be_compared_counts_as_one_without_evidence():
    """Alone, the evidence suffices; among many others of which nothing is known it does not."""
    old, new = results_of("old", [0.5] * LOOK), results_of("new", [0.3] * LOOK)
    kept = {"look": LOOK, "margin": MARGIN, "rate": RATE}
    (alone,) = sweep(STATED, old, [new], **kept)
    short = [results_of(f"short {i}", [0.3] * (LOOK - 1)) for i in range(2000)]
    among, *others = sweep(STATED, old, [new, *short], **kept)
    assert (alone.became, among.became) == (NON_INFERIOR, OPEN)
    assert alone.difference == among.difference == pytest.approx(-0.2)
    assert {(cell.became, cell.why) for cell in others} == {(NOT_COMPARED, "199 mazes in common, wanted 200")}


def test_a_policy_counts_once():
    old, new = results_of("old", [0.5] * LOOK), results_of("new", [0.5] * LOOK)
    with pytest.raises(ComparisonError, match="got several results of new, wanted each policy once"):
        sweep(STATED, old, [new, new], look=LOOK)
