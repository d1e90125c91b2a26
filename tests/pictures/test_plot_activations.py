"""Activations: every cell lies where the policy sees it."""

import numpy as np
import pytest
import torch

from interp_claims.pictures import PictureError, plot_activations
from interp_claims.policies import cell_of


@pytest.mark.parametrize("resolution", [8, 16, 32])
def test_the_cell_of_a_square_is_drawn_over_the_square(ax, drawn, resolution):
    numbers = torch.arange(resolution**2, dtype=torch.float32).reshape(resolution, resolution)
    plot_activations(drawn, numbers, ax=ax)
    image = ax.images[1]
    assert image.origin == "upper"
    left, right, bottom, top = image.get_extent()
    for row, column in drawn.free_squares:
        cell = int((top - row) / (top - bottom) * resolution), int((column - left) / (right - left) * resolution)
        assert cell == cell_of((row, column), resolution)
        assert image.get_array()[cell] == numbers[cell]


def test_colours_are_as_strong_on_either_side_of_0(ax, drawn):
    plot_activations(drawn, np.array([[1.0, -3.0], [0.0, 2.0]]), ax=ax, label="channel 5")
    assert ax.images[1].get_clim() == (-3.0, 3.0)
    assert ax.get_title() == "channel 5 in the maze of seed 7"
    assert [other.get_ylabel() for other in ax.get_figure().axes[1:]] == ["channel 5"]


def test_the_scale_can_be_set_and_0_everywhere_can_be_drawn(ax, drawn):
    plot_activations(drawn, np.zeros((16, 16)), ax=ax, colorbar=False, title="")
    assert ax.images[1].get_clim() == (-1.0, 1.0)
    plot_activations(drawn, np.zeros((16, 16)), ax=ax, limit=5, colorbar=False)
    assert ax.images[-1].get_clim() == (-5.0, 5.0)


@pytest.mark.parametrize("wrong", [np.zeros((1, 16, 16)), np.zeros((0, 16)), np.full((16, 16), np.nan)])
def test_what_is_no_channel_is_refused(ax, drawn, wrong):
    with pytest.raises(PictureError, match=r"wanted the finite \(height, width\) of one channel, such as activations"):
        plot_activations(drawn, wrong, ax=ax)
