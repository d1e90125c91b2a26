"""Approximate intervals on simulated tables: the truths are true, and misses are counted on their side."""

import numpy as np
import pytest
from scipy import stats

from interp_claims.proof import intervals
from interp_claims.proof.intervals import Misses, kinds, misses, misses_markdown
from interp_claims.verdicts import ShareBelow, bootstrap_interval


def estimate(kind, rows):
    tables = kinds()[kind]
    told = tables.statistic(tables.draw(np.random.default_rng(7), rows))
    return told if isinstance(tables.statistic, ShareBelow) else told[0]


@pytest.mark.parametrize("kind", kinds())
def test_the_truth_is_what_the_statistic_comes_to_in_very_many_mazes(kind):
    assert estimate(kind, 400_000) == pytest.approx(kinds()[kind].truth, abs=0.02, rel=0.01)


def test_the_signs_that_are_counted_are_neither_all_alike_nor_half_and_half():
    assert 0.05 < kinds()["share of negative signs"].truth < 0.95


@pytest.mark.parametrize("kind", kinds())
def test_intervals_miss_about_as_often_as_they_say(kind, monkeypatch):
    """With few resamples, at an error rate that they allow: one in ten on each side."""
    monkeypatch.setattr(intervals, "bootstrap_interval", fewer_resamples)
    counted = misses(kind, 0, 60, alpha=0.1)
    for count in (counted.above, counted.below):
        assert stats.binomtest(count, 60, 0.1, alternative="greater").pvalue > 0.001, counted


def fewer_resamples(table, statistic, *, alpha, seed):
    return bootstrap_interval(table, statistic, alpha=alpha, seed=seed, resamples=60)


def test_misses_are_counted_on_their_side_and_runs_have_seeds_of_their_own(monkeypatch):
    truth, asked = kinds()["correlation"].truth, []
    answers = [(truth + 0.1, truth + 0.2), (truth - 0.1, truth + 0.1), (truth, truth), (truth - 0.2, truth - 0.1)] * 2

    def interval(table, statistic, *, alpha, seed):
        asked.append((table[0, 0], len(table), alpha, seed))
        return truth, answers[seed]

    monkeypatch.setattr(intervals, "bootstrap_interval", interval)
    assert misses("correlation", 0, 4, alpha=0.01) == Misses(4, 1, 1)
    assert misses("correlation", 3, 2) == Misses(2, 1, 1)
    assert [call[1:] for call in asked] == [*((1500, 0.02, i) for i in range(4)), (1500, 0.002, 3), (1500, 0.002, 4)]
    first, second = asked[3][0], asked[4][0]
    assert first == second, "the fourth run, both times"
    assert len({call[0] for call in asked}) == 5


def test_misses_add_up_and_are_shown_with_exact_intervals():
    assert Misses(100, 1, 0) + Misses(50, 0, 2) == Misses(150, 1, 2)
    table = misses_markdown([("correlation", Misses(100, 0, 1)), ("rank correlation", Misses(2000, 2, 1))])
    assert table.splitlines()[2] == "| correlation | 1,500 | 100 | 0 [0.00%, 5.16%] | 1 [0.01%, 7.20%] |"
    assert table.splitlines()[3].startswith("| rank correlation | 256 | 2,000 | 2 [")
