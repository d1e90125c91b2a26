"""Scaling channels and filling them with one value, against the same done by hand; and what does not fit."""

import numpy as np
import pytest
import torch

from interp_claims.edits import EditError, fill_channels, scale_channels, zero_ablate
from interp_claims.policies import DEFAULT_LAYER, LayerError, Rows

FLAT = "embedder.fc_out"
TABLE = np.array([[1, 2], [3, 4], [5, 1], [7, 8]])
ROWS = Rows(torch.tensor([0, 1, 2]), torch.tensor([1, 0, 1]))
SMALL = torch.tensor([[[1.0], [-2.0], [3.0]], [[-4.0], [5.0], [0.0]], [[6.0], [-7.0], [-8.0]]])


# -- scaling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (scale_channels([0, 2], 2), [[2, -2, 6], [-8, 5, 0], [12, -7, -16]]),
        (scale_channels([0, 2], -1), [[-1, -2, -3], [4, 5, 0], [-6, -7, 8]]),
        (scale_channels([0, 2], 3, negative=0), [[3, -2, 9], [0, 5, 0], [18, -7, 0]]),
        (scale_channels([0, 2], 0, negative=-1), [[0, -2, 0], [4, 5, 0], [0, -7, 8]]),
        (scale_channels(1, 0.5, negative=10), [[1, -20, 3], [-4, 2.5, 0], [6, -70, -8]]),
        (scale_channels(np.array([[0], [2]]), 10), [[1, -2, 30], [-40, 5, 0], [6, -7, -80]]),
    ],
)
def test_each_sign_has_a_factor_of_its_own_and_other_channels_keep_their_values(edit, expected):
    before = SMALL.clone()
    got = edit.apply(DEFAULT_LAYER, SMALL, ROWS)
    np.testing.assert_array_equal(got[:, :, 0].numpy(), np.array(expected, dtype=np.float32))
    assert torch.equal(SMALL, before), "the activation itself is left as it was"


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, FLAT, "embedder.block1.res2.resadd_out"])
def test_scaled_channels_act_as_scaled_by_hand(assert_acts_as, layer):
    channels = list(range(0, 16, 2))

    def by_hand(x):
        x[:, channels] = torch.where(x[:, channels] > 0, 4 * x[:, channels], -0.5 * x[:, channels])
        return x

    assert_acts_as(scale_channels(channels, 4, negative=-0.5, layer=layer), layer, by_hand)


def test_other_channels_of_each_maze_may_be_scaled(positions, assert_acts_as):
    def by_hand(x):
        for i, owner in enumerate(positions.owners):
            x[i, TABLE[owner].tolist()] *= 6
        return x

    assert_acts_as(scale_channels(TABLE, 6), DEFAULT_LAYER, by_hand)


def test_scaling_by_one_changes_nothing_and_by_zero_is_zero_ablation(policy, positions):
    once = policy.edited(scale_channels(range(32), 1)).logits(positions)
    np.testing.assert_array_equal(once, policy.logits(positions))
    gone = policy.edited(scale_channels([3, 9], 0)).logits(positions)
    np.testing.assert_array_equal(gone, policy.edited(zero_ablate(policy, [3, 9])).logits(positions))


def test_scalings_are_equal_when_channels_factors_and_layer_are():
    edits = [
        scale_channels([1, 2], 2),
        scale_channels([2, 1], 2),
        scale_channels([1, 2], 3),
        scale_channels([1, 2], 2, negative=0),
        scale_channels([1, 2], 0, negative=2),
        scale_channels([1, 2], 2, layer="embedder.block2.res2.resadd_out"),
        scale_channels(TABLE, 2),
    ]
    assert len(set(edits)) == len(edits)
    assert scale_channels([1, 2], 2) == scale_channels(np.array([1, 2]), 2.0, negative=2)
    assert hash(scale_channels([1, 2], 2)) == hash(edits[0])


def test_scalings_print_what_they_do():
    assert str(scale_channels(5, 2)) == f"scale_channels(channel 5 by 2, at {DEFAULT_LAYER})"
    assert str(scale_channels([5, 6], 1.5, negative=0, layer=FLAT)) == (
        f"scale_channels(channels 5, 6 by 1.5 where positive and 0 where negative, at {FLAT})"
    )
    assert str(scale_channels(TABLE, -1)) == f"scale_channels(2 channels per maze by -1, at {DEFAULT_LAYER})"


@pytest.mark.parametrize(
    ("factor", "negative"), [(float("nan"), None), (float("inf"), 1), (1, float("nan")), (1, -float("inf"))]
)
def test_factors_are_finite(factor, negative):
    shown = factor if negative is None else negative
    with pytest.raises(EditError) as caught:
        scale_channels(1, factor, negative=negative)
    assert str(caught.value) == f"scale_channels: got factors {factor} and {shown}, wanted finite numbers"


def test_scaled_channels_must_exist_and_fit_the_mazes(policy, positions):
    edit = scale_channels([3, 32], 2)
    with pytest.raises(EditError) as caught:
        policy.edited(edit).logits(positions)
    assert str(caught.value) == f"{edit}: channel 32 does not exist; {DEFAULT_LAYER} has channels 0 to 31"
    edit = scale_channels(TABLE[:3], 2)
    with pytest.raises(EditError) as caught:
        policy.edited(edit).logits(positions)
    assert str(caught.value) == (
        f"{edit}: has one value per maze for 3, but the policy is asked about 4; make it from the same mazes"
    )
    with pytest.raises(LayerError, match="did you mean"):
        policy.edited(scale_channels(1, 2, layer="block2.res1.resadd")).logits(positions)


@pytest.mark.parametrize("channels", [-1, [3, -1], [3, 3], []], ids=repr)
def test_negative_repeated_or_no_channels_are_refused(policy, channels):
    with pytest.raises(EditError, match=r"^channels: got "):
        scale_channels(channels, 2)
    with pytest.raises(EditError, match=r"^channels: got "):
        fill_channels(policy, channels, 2)


def test_scaling_may_be_moved_to_other_channels():
    moved = scale_channels([1, 2], 2, negative=0, layer=FLAT).map_channels(
        lambda channels, layer: channels + len(layer)
    )
    assert moved == scale_channels([1 + len(FLAT), 2 + len(FLAT)], 2, negative=0, layer=FLAT)


# -- filling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, FLAT])
@pytest.mark.parametrize("value", [2.5, -1.0])
def test_filled_channels_have_one_value_everywhere(policy, assert_acts_as, layer, value):
    def by_hand(x):
        x[:, [0, 3, 9]] = value
        return x

    assert_acts_as(fill_channels(policy, [0, 3, 9], value, layer), layer, by_hand)


def test_filling_with_zero_is_zero_ablation_under_another_name(policy):
    filled, zeroed = fill_channels(policy, [0, 3], 0), zero_ablate(policy, [0, 3])
    assert torch.equal(filled.source, zeroed.source)
    assert str(filled) == f"fill_channels to +0(channels 0, 3, at {DEFAULT_LAYER})"
    assert str(zeroed) == f"zero_ablate(channels 0, 3, at {DEFAULT_LAYER})"
    assert str(fill_channels(policy, 1, -5.5)) == f"fill_channels to -5.5(channel 1, at {DEFAULT_LAYER})"
    assert fill_channels(policy, 1, 2) != fill_channels(policy, 1, 3)


def test_channels_are_filled_with_finite_values(policy):
    with pytest.raises(EditError, match=r"^fill_channels to \+nan: the replacement has NaN or infinite values$"):
        fill_channels(policy, 1, float("nan"))
