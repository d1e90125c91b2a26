"""Whether activations are finite."""

import pytest
import torch

from interp_claims.policies.finite import all_finite


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("place", [0, 17, -1])
def test_one_value_that_is_not_finite_is_enough(value, place):
    values = torch.randn(3, 4, 5)
    assert all_finite(values)
    values.view(-1)[place] = value
    assert not all_finite(values)
    assert not all_finite(values.permute(2, 0, 1))


def test_infinite_values_of_both_signs_do_not_cancel():
    assert not all_finite(torch.tensor([torch.inf, -torch.inf, 1.0]))


def test_large_values_are_finite_though_their_sum_is_not():
    assert all_finite(torch.full((10,), torch.finfo(torch.float32).max))
