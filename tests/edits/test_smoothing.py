"""Smoothing the negative values of channels, against the same done by hand."""

import numpy as np
import pytest
import torch

from interp_claims.edits import EditError, smooth_negatives
from interp_claims.policies import DEFAULT_LAYER, Rows

FLAT = "embedder.fc_out"
TABLE = np.array([[1, 2], [3, 4], [5, 1], [7, 8]])
ROWS = Rows(torch.tensor([0, 1]), torch.tensor([1, 0]))
ACTIVATION = torch.tensor(
    [
        [[[1.0, -2.0], [-4.0, 0.0]], [[-1.0, -1.0], [5.0, -4.0]], [[3.0, 2.0], [1.0, 0.0]]],
        [[[-6.0, 2.0], [3.0, 4.0]], [[-1.0, -2.0], [-3.0, -6.0]], [[-8.0, 1.0], [-2.0, 9.0]]],
    ]
)


def test_negative_values_become_their_mean_in_each_observation_and_others_stay():
    before = ACTIVATION.clone()
    got = smooth_negatives([0, 1]).apply(DEFAULT_LAYER, ACTIVATION, ROWS)
    wanted = [
        [[[1, -3], [-3, 0]], [[-2, -2], [5, -2]], [[3, 2], [1, 0]]],
        [[[-6, 2], [3, 4]], [[-3, -3], [-3, -3]], [[-8, 1], [-2, 9]]],
    ]
    np.testing.assert_array_equal(got.numpy(), np.array(wanted, dtype=np.float32))
    assert torch.equal(ACTIVATION, before), "the activation itself is left as it was"


def test_each_maze_may_have_channels_of_its_own():
    got = smooth_negatives(np.array([[1], [0]])).apply(DEFAULT_LAYER, ACTIVATION, ROWS)
    assert got[0, 0].tolist() == [[1, -3], [-3, 0]], "the first row belongs to the second maze"
    assert got[1, 1].tolist() == [[-3, -3], [-3, -3]]
    assert torch.equal(got[0, 1:], ACTIVATION[0, 1:]) and torch.equal(got[1, ::2], ACTIVATION[1, ::2])


def test_smoothed_channels_act_as_smoothed_by_hand(assert_acts_as):
    channels = list(range(0, 32, 2))

    def by_hand(x):
        for observation in x:
            for channel in channels:
                below = observation[channel] < 0
                if below.any():
                    observation[channel][below] = observation[channel][below].mean()
        return x

    assert_acts_as(smooth_negatives(channels), DEFAULT_LAYER, by_hand)


def test_a_channel_that_is_one_number_is_its_own_mean(policy, positions):
    smoothed = policy.edited(smooth_negatives(range(64), FLAT)).logits(positions)
    np.testing.assert_array_equal(smoothed, policy.logits(positions))


def test_smoothings_compare_print_and_move_by_channels_and_layer():
    edits = [
        smooth_negatives([1, 2]),
        smooth_negatives([1, 3]),
        smooth_negatives([1, 2], FLAT),
        smooth_negatives(TABLE),
    ]
    assert len(set(edits)) == 4
    assert smooth_negatives(1) == smooth_negatives(np.array([1]))
    assert str(edits[0]) == f"smooth_negatives(channels 1, 2, at {DEFAULT_LAYER})"
    assert edits[2].map_channels(lambda channels, layer: channels + len(layer)) == smooth_negatives(
        [1 + len(FLAT), 2 + len(FLAT)], FLAT
    )


def test_smoothed_channels_must_exist_and_fit_the_mazes(policy, positions):
    edit = smooth_negatives([3, 32])
    with pytest.raises(EditError) as caught:
        policy.edited(edit).logits(positions)
    assert str(caught.value) == f"{edit}: channel 32 does not exist; {DEFAULT_LAYER} has channels 0 to 31"
    with pytest.raises(EditError, match="has one value per maze for 3, but the policy is asked about 4"):
        policy.edited(smooth_negatives(TABLE[:3])).logits(positions)
