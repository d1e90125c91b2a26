"""Axes: where numbers lie, and round numbers beside them."""

import pytest

from interp_claims.report.html.scales import Scale, round_step, scale_around


def test_numbers_lie_between_the_ends_and_those_beyond_lie_at_them():
    scale = Scale(-1, 1, 100, 0)
    assert [scale.place(v) for v in (-1, 0, 0.5, 1, 7, -7)] == [100, 50, 25, 0, 0, 100]
    assert Scale(0.1, 10, 0, 100, True).place(1) == 50


@pytest.mark.parametrize(
    ("least", "step"), [(0.3, 0.5), (0.2, 0.2), (1, 1), (21, 25), (0.024, 0.025), (6, 10), (1e-7, 1e-7)]
)
def test_steps_are_round(least, step):
    assert round_step(least) == pytest.approx(step)


@pytest.mark.parametrize("low", [-1.0, 0.03, -2e-3, 17.0])
@pytest.mark.parametrize("width", [1e-3, 0.7, 2.0, 48.0, 1e4])
def test_ticks_are_few_in_order_and_inside(low, width):
    ticks = Scale(low, low + width, 0, 1).ticks()
    assert 2 <= len(ticks) <= 8
    assert list(ticks) == sorted(ticks)
    assert all(low - 1e-9 <= tick <= low + width + 1e-9 for tick in ticks)


def test_logarithmic_ticks_are_few_and_have_1_among_them():
    assert Scale(0.4, 3.0, 0, 1, True).ticks() == (0.5, 1.0, 2.0)
    many = Scale(1e-3, 1e3, 0, 1, True).ticks()
    assert len(many) <= 7
    assert 1.0 in many


def test_a_scale_shows_all_numbers_with_a_margin_but_nothing_beyond_the_bounds():
    scale = scale_around([0.2, 0.4], 0, 1, logarithmic=False)
    assert scale.low < 0.2 < 0.4 < scale.high
    bounded = scale_around([-1, 0.4], 0, 1, bounds=(-1, 1), logarithmic=False)
    assert (bounded.low, bounded.high < 1) == (-1, True)
    same = scale_around([0.0, 0.0], 0, 1, logarithmic=False)
    assert same.low < 0 < same.high
    assert scale_around([1, 2], 0, 1, logarithmic=True).low == 0.8
