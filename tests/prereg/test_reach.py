"""What a budget can decide."""

import math

import pytest

from interp_claims.claims import spec_of
from interp_claims.prereg import reach_of


@pytest.fixture
def reach(make_prediction):
    return lambda **claim: reach_of(spec_of(make_prediction(claim=claim)))


def test_a_large_budget_reaches_both_verdicts(reach):
    found = reach()
    assert found.can_support
    assert found.can_refute


def test_no_budget_of_a_few_mazes_reaches_anything(reach):
    found = reach(budget=3)
    assert not found.can_support
    assert not found.can_refute


def test_a_threshold_near_the_bound_is_soon_refuted_and_late_supported(reach):
    found = reach(effect_at_least=0.99, budget=100)
    assert not found.can_support
    assert found.can_refute


@pytest.mark.parametrize("direction", ["effect_at_least", "effect_at_most"])
def test_power_grows_with_the_margin_and_the_budget(reach, direction):
    claim = {"effect_at_least": None, direction: 0.0}
    small, large = reach(budget=100, **claim), reach(budget=1024, **claim)
    for side in (0, 1):
        assert small.power[0.05][side] <= small.power[0.2][side]
        assert small.power[0.1][side] < large.power[0.1][side]
        assert large.power[0.1][side] > 0.9


def test_what_lies_beyond_the_bounds_has_no_power(reach):
    inside, outside = reach(effect_at_least=0.9).power[0.2]
    assert math.isnan(inside)
    assert outside > 0.9


def test_within_and_ratios_have_power_too(reach):
    within = reach(effect_at_least=None, effect_within=0.3)
    assert within.can_support
    assert within.power[0.1][0] > 0.9
    ratio = reach(effect_at_least=None, ratio_at_least=1.1, bounds=None)
    assert ratio.can_support
    assert ratio.can_refute
