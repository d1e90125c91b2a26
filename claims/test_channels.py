"""Channels halfway through the network: which follow the cheese, and what depends on them."""

import numpy as np
import pytest
from hypothesis import strategies as st
from torch.nn.functional import avg_pool2d

from interp_claims.claims import claim, universal_claim
from interp_claims.controls import (
    Control,
    cheese_unseen,
    layers_silenced,
    no_op,
    positives_dropped,
    random_channels,
    untrained,
)
from interp_claims.edits import mean_ablate, resample, scale_channels, smooth_negatives, zero_ablate
from interp_claims.mazes import (
    DISCOVERY,
    Observations,
    donor_observations,
    drawn_squares,
    other_mazes,
    simulator,
    size_between,
    stock_mazes,
    with_decision_square,
)
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import (
    activations_at,
    another_square,
    decision_observations,
    mean_elsewhere,
    mean_total_variation,
    p_cheese,
    probe_of,
)
from interp_claims.policies import DEFAULT_LAYER, reachable_cells, roles_of, untrained_like
from interp_claims.sources import CODE, POST

pixels = st.tuples(st.integers(0, 63), st.integers(0, 63))


# -- following the cheese --------------------------------------------------------------------------------------------


@claim(
    number=19,
    source=POST.section("Retargeting the agent to maze locations"),
    median_at_least=0.5,
    bounds=(-1, 1),
    mazes=size_between(5, 25),
    null_controls=(cheese_unseen, untrained),
    reported="no figure",
)
def test_a_cheese_channel_moves_with_the_cheese(policy, mazes):
    """When the cheese is moved, a cheese channel falls at the old square and rises at the new one, in half of the mazes
    by at least half of what lies between its means at the cheese and elsewhere."""
    roles = roles_of(policy)
    channel = roles.cheese_channel
    contrast = roles.contrast(channel)
    old, new = [maze.cheese for maze in mazes], [another_square(maze) for maze in mazes]
    moved = [maze.with_cheese(square) for maze, square in zip(mazes, new)]

    def gained(here, there, squares):
        after = activations_at(policy, here, squares, roles.layer)[:, channel]
        return (after - activations_at(policy, there, squares, roles.layer)[:, channel]) / contrast

    return np.clip(np.minimum(gained(moved, mazes, new), gained(mazes, moved, old)), -1, 1)


@claim(
    number=19,
    source=POST.section("Retargeting the agent to maze locations"),
    accuracy_at_least=0.5,
    mazes=size_between(5, 25),
    null_controls=(cheese_unseen, untrained),
    reported="+0.6 and -0.2",
)
def test_a_cheese_channel_is_positive_at_the_cheese_and_negative_elsewhere(policy, mazes):
    """A cheese channel is positive at the cheese and, on average, negative elsewhere in the maze, in half of the mazes.

    The figures of the source, +0.6 and -0.2, belong to one channel of one network; the signs are what can carry over.
    """
    roles = roles_of(policy)
    at = activations_at(policy, mazes, [maze.cheese for maze in mazes], roles.layer)
    return (at[:, roles.cheese_channel] > 0) & (mean_elsewhere(policy, mazes, roles.layer)[:, roles.cheese_channel] < 0)


@claim(
    number=28,
    source=CODE.section("probing the layer for the cheese"),
    accuracy_at_least=0.5,
    mazes=stock_mazes(),
    null_controls=(cheese_unseen, untrained),
    reported="no figure",
)
def test_a_linear_probe_finds_the_cheese(policy, mazes):
    """A linear probe halfway through the network, fitted on other mazes, finds the cheese's cell in at least half of
    the mazes.

    The source gives no figure; by chance the probe would be right in one of some hundred. The picture shows where the
    cheese is: if a probe of an untrained network finds it as often, this says nothing of what was learnt.
    """
    return probe_of(policy, DEFAULT_LAYER).finds_cheese(policy, mazes)


@pytest.mark.slow
@claim(
    number=28,
    source=CODE.section("probing the layer for the cheese"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(cheese_unseen, untrained),
    reported="no figure",
)
def test_a_linear_probe_finds_the_cheese_more_often_than_one_of_an_untrained_network(policy, mazes):
    """A linear probe halfway through the network finds the cheese's cell more often than a linear probe of the same
    layer of an untrained network does; both were fitted on other mazes."""
    fresh = untrained_like(policy)
    found, without_training = (probe_of(which, DEFAULT_LAYER).finds_cheese(which, mazes) for which in (policy, fresh))
    return found - without_training


# -- depending on it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
@claim(
    number=20,
    source=POST.section("Causal scrubbing the cheese-tracking channels"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="slightly, no figure",
)
def test_without_the_cheese_channel_the_agent_seeks_the_cheese_less(policy, mazes, ablation):
    """Ablating the channel that tracks the cheese lowers P(cheese) at the decision square."""
    ablated = _ablated(policy, ablation, decision_observations(mazes), other_mazes(mazes))
    return p_cheese(policy, mazes) - p_cheese(policy.edited(ablated), mazes)


@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
@claim(
    number=20,
    source=POST.section("Causal scrubbing the cheese-tracking channels"),
    effect_at_most=0.05,
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(layers_silenced,),
    reported="little, no figure",
)
def test_without_the_cheese_channel_little_else_changes(policy, mazes, ablation):
    """Ablating the channel that tracks the cheese changes the policy little elsewhere: over four squares of the maze
    without cheese, the total variation is at most .05 on average.

    What is resampled comes from mazes without cheese, too: it is to take information away, not to add a false cheese.
    """
    cheeseless = [maze.without_cheese() for maze in mazes]
    squares = Observations.at_squares(cheeseless, [drawn_squares(maze, at_most=4) for maze in mazes])
    donors = [donor.without_cheese() for donor in other_mazes(mazes)]
    return mean_total_variation(policy, policy.edited(_ablated(policy, ablation, squares, donors)), squares)


def _ablated(policy, ablation, observations, donors):
    roles = roles_of(policy)
    if ablation == "zero":
        return zero_ablate(policy, roles.cheese_channel, roles.layer)
    if ablation == "mean":
        return mean_ablate(policy, roles.cheese_channel, stock_mazes().sample(DISCOVERY, 64), roles.layer)
    return resample(policy, roles.cheese_channel, donor_observations(donors, observations), roles.layer)


@claim(
    number=20,
    source=CODE.section("scaling a channel"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="no figure",
)
def test_doubling_the_cheese_channel_makes_the_agent_seek_the_cheese_more(policy, mazes):
    """Multiplying the channel that tracks the cheese by two raises P(cheese) at the decision square."""
    roles = roles_of(policy)
    doubled = policy.edited(scale_channels(roles.cheese_channel, 2, layer=roles.layer))
    return p_cheese(doubled, mazes) - p_cheese(policy, mazes)


@pytest.mark.parametrize("negatives", ["dropped", "smoothed"])
@claim(
    number=34,
    source=POST.section("Causal scrubbing the cheese-tracking channels"),
    effect_at_most=0.05,
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(layers_silenced, positives_dropped),
    reported="little, no figure",
)
def test_the_negative_values_of_the_cheese_channel_hardly_matter(policy, mazes, negatives):
    """Setting the negative activations of the channel that tracks the cheese to zero, or each to their mean, changes
    behaviour little: over four squares, the total variation is at most .05 on average.

    Where this holds of its positive activations just as well, it says nothing about the negative ones.
    """
    roles = roles_of(policy)
    squares = Observations.at_squares(mazes, [drawn_squares(maze, at_most=4) for maze in mazes])
    smoothed = smooth_negatives(roles.cheese_channel, roles.layer)
    dropped = scale_channels(roles.cheese_channel, 1, negative=0, layer=roles.layer)
    changed = policy.edited(dropped if negatives == "dropped" else smoothed)
    return mean_total_variation(policy, changed, squares)


@pytest.mark.slow
@claim(
    number=34,
    source=POST.section("Causal scrubbing the cheese-tracking channels"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="its influence comes from its positive values, no figure",
)
def test_the_positive_values_of_the_cheese_channel_matter_more_than_the_negative_ones(policy, mazes):
    """Setting the positive activations of the channel that tracks the cheese to zero changes behaviour more times as
    much as setting the negative ones to zero, in total variation over four squares.

    Ratios r are compared with 1 as (r - 1) / (r + 1), maze by maze; where neither changes anything, neither does more.
    The channels of an untrained network hardly go below 0, so that it is true of that, too.
    """
    roles = roles_of(policy)
    squares = Observations.at_squares(mazes, [drawn_squares(maze, at_most=4) for maze in mazes])
    without_positive = policy.edited(scale_channels(roles.cheese_channel, 0, negative=1, layer=roles.layer))
    without_negative = policy.edited(scale_channels(roles.cheese_channel, 1, negative=0, layer=roles.layer))
    positive, negative = (mean_total_variation(policy, each, squares) for each in (without_positive, without_negative))
    both = positive + negative
    return np.divide(positive - negative, both, out=np.zeros_like(both), where=both > 0)


# -- a bound of the architecture -------------------------------------------------------------------------------------


def _blurred(policy, mazes):
    """A policy whose activations are means over a cell and its neighbours: a pixel reaches one cell farther."""
    blurred = policy.unedited
    blurred.activations_of_pixels = lambda *shown: avg_pool2d(policy.activations_of_pixels(*shown), 3, 1, padding=1)
    return blurred


@universal_claim(
    number=27,
    source=POST.section("Randomly resampling, footnote 10"),
    fails_for=(Control("activations that reach a cell farther", _blurred),),
    maze=perfect_mazes(),
    pixel=pixels,
)
def test_a_pixel_reaches_only_the_cells_that_the_architecture_lets_it_reach(policy, maze, pixel):
    """Changing one pixel changes activations only in the 6 x 6 (corner) to 12 x 12 (centre) cells around it."""
    reachable = reachable_cells(policy.forward.network, pixel, DEFAULT_LAYER)
    in_a_corner = reachable_cells(policy.forward.network, tuple(63 * (i > 31) for i in pixel), DEFAULT_LAYER)
    assert _extent(reachable) <= 12
    assert _extent(in_a_corner) <= 6
    picture = simulator().render([maze])[0]
    changed = picture.copy()
    changed[pixel] = 255 - changed[pixel]
    before, after = policy.activations_of_pixels(np.stack([picture, changed]), DEFAULT_LAYER).cpu().numpy()
    reached = (abs(after - before) > 1e-5).any(axis=0)
    assert not (reached & ~reachable).any()


def _extent(cells):
    """How many rows or columns some cells extend over, whichever is more."""
    return max(cells.any(axis=0).sum(), cells.any(axis=1).sum())
