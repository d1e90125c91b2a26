"""The forest plot: every effect on the axis of its kind, thresholds and what is claimed beside it."""

import dataclasses

import pytest
from results_for_pages import APPROXIMATE, BROKEN, SAMPLED, UNIVERSAL, measured

from interp_claims.report.html.forest import forest

LIKE = dataclasses.replace(SAMPLED, effect=0.5, interval=(0.2, 0.8), threshold=0.4)


def shown(**changes):
    ((row,),) = [group.rows for group in forest([dataclasses.replace(LIKE, **changes)])]
    return row


def test_kinds_of_numbers_have_axes_of_their_own():
    ratio = dataclasses.replace(LIKE, statement="ratio at least 1.1", threshold=1.1, effect=2.0, interval=(0.1, 1000.0))
    groups = forest([measured(), APPROXIMATE, UNIVERSAL, BROKEN, ratio])
    assert [group.heading for group in groups] == [
        "Means over mazes", "Ratios of means", "Coefficients and correlations (approximate)"
    ]  # fmt: skip
    assert [len(group.rows) for group in groups] == [1, 1, 1]


def test_places_are_in_order_on_the_axis():
    row = shown(statement="mean at least 0.4")
    assert 0 <= row.low < row.thresholds[0] < row.effect < row.high <= 100
    assert row.claimed == (row.thresholds[0], 100.0)
    assert (row.cut_low, row.cut_high) == (False, False)


@pytest.mark.parametrize("statement", ["mean at most 0.4", "at most 0.4 (approximate)"])
def test_claims_of_little_have_their_part_on_the_left(statement):
    kind = "approximate" if "approximate" in statement else "sampled"
    row = shown(statement=statement, kind=kind)
    assert row.claimed == (0.0, row.thresholds[0])


@pytest.mark.parametrize("statement", ["|mean| at most 0.4", "within 0.4 (approximate)"])
def test_claims_of_no_effect_have_their_part_around_0(statement):
    kind = "approximate" if "approximate" in statement else "sampled"
    (group,) = forest([dataclasses.replace(LIKE, statement=statement, kind=kind, interval=(-0.5, 0.9))])
    (row,) = group.rows
    assert row.claimed == row.thresholds
    assert sum(row.thresholds) / 2 == pytest.approx(group.zero, abs=0.02)


def test_intervals_of_ratios_that_go_on_and_on_are_cut():
    row = shown(statement="ratio at least 1.1", threshold=1.1, effect=2.0, interval=(1.0, 1000.0))
    assert (row.cut_low, row.cut_high) == (False, True)
    assert row.high == 100


def test_no_effect_is_0_or_for_ratios_1():
    ratio = dataclasses.replace(LIKE, statement="ratio at least 1.1", threshold=1.1, effect=2.0, interval=(0.5, 3.0))
    (group,) = forest([ratio])
    assert (group.zero, "1") in group.ticks
    (group,) = forest([dataclasses.replace(LIKE, interval=(-0.2, 0.8))])
    assert (group.zero, "0") in group.ticks
    (group,) = forest([dataclasses.replace(LIKE, interval=(0.39, 0.8))])
    assert group.zero is None, "it lies off the axis"
