"""Retargeting: clamped activations send the mouse to another place.

The cheese is taken away, and the target is one square per maze. How readily the mouse goes there is the normalised
probability of the path: the geometric mean of the probabilities of its steps.
"""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim
from interp_claims.controls import (
    cheese_unseen,
    no_op,
    random_channels,
    replaced_throughout,
    replacements_undone,
    untrained,
)
from interp_claims.discovery import effective_channels_of
from interp_claims.mazes import drawn_target, stock_mazes, with_decision_square
from interp_claims.measures import (
    ALL,
    EFFECTIVE,
    another_square,
    clamped_at,
    normalised_path_probability,
    p_cheese,
    paths_without_cheese,
    whole_replaced,
)
from interp_claims.policies import roles_of
from interp_claims.sources import CODE, PAPER, POST, REVIEWS
from interp_claims.verdicts import share_of_ratios_above


def _one_clamped(policy, targets):
    return clamped_at(policy, [roles_of(policy).cheese_channel], targets)


def _effective_clamped(policy, targets):
    return clamped_at(policy, effective_channels_of(policy), targets, EFFECTIVE)


def _all_clamped(policy, targets):
    return clamped_at(policy, roles_of(policy).cheese_channels, targets, ALL)


#: How activations are clamped: which channels, and each to what.
CLAMPS = {"one": _one_clamped, "effective": _effective_clamped, "all": _all_clamped}


# -- one channel, several, all ---------------------------------------------------------------------------------------


@claim(
    number=21,
    source=POST.section("Retargeting the agent to maze locations"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="works, most reliably in the top half and upper right",
)
def test_clamping_one_activation_of_a_cheese_channel_retargets_the_agent(policy, mazes):
    """Clamping one activation of a channel that tracks the cheese makes the path to that place more probable.

    The cheese is taken away; the target is one square per maze, drawn from the quadrants of the maze in equal parts.
    The source gives no figure for this, so only the direction is asked.
    """
    targets = [drawn_target(maze) for maze in mazes]
    return paths_without_cheese(targets, mazes, _one_clamped(policy, targets), policy)


@pytest.mark.slow
@pytest.mark.parametrize("rank", range(1, 11))
@claim(
    number=21,
    source=CODE.section("retargeting with each cheese channel"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="8 of 11 channels",
)
def test_each_cheese_channel_alone_retargets_the_agent(policy, mazes, rank):
    """Clamping one activation of another cheese channel, by rank after the first, retargets the agent too.

    In the source all but three of eleven do. A network of half the width has fewer cheese channels.
    """
    channel = roles_of(policy).cheese_channel_of_rank(rank)
    targets = [drawn_target(maze) for maze in mazes]
    return paths_without_cheese(targets, mazes, clamped_at(policy, [channel], targets), policy)


@pytest.mark.slow
@approximate_claim(
    number=21,
    source=CODE.section("retargeting with each cheese channel"),
    mazes=stock_mazes(),
    statistic=share_of_ratios_above(1.1),
    sample=256,
    at_least=4 / 11,  # half of the reported 8 of 11
    null_controls=(untrained, no_op, random_channels),
    reported="8 of 11 channels",
)
def test_many_cheese_channels_retarget_the_agent_on_their_own(policy, mazes):
    """Of the channels that track the cheese, a share of at least 4 of 11, half of the reported one, retargets alone:
    clamping one activation of it makes the path to that place more than 1.1 times as probable on average.

    Ratios of single mazes scatter so much that noise passes 1.1 in a third of them: means over all 256 are compared,
    which bounds the paths of eleven channels and of the controls to minutes.
    """
    targets = [drawn_target(maze) for maze in mazes]
    alone = [clamped_at(policy, [channel], targets) for channel in roles_of(policy).cheese_channels]
    return np.column_stack(paths_without_cheese(targets, mazes, policy, *alone))


@pytest.mark.slow
@claim(
    number=22,
    source=POST.section("Retargeting the agent to maze locations"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="works, better in larger mazes",
)
def test_clamping_all_cheese_channels_retargets_the_agent(policy, mazes):
    """Clamping one activation in each of the channels that track the cheese retargets the agent too."""
    targets = [drawn_target(maze) for maze in mazes]
    return paths_without_cheese(targets, mazes, _all_clamped(policy, targets), policy)


@pytest.mark.slow
@claim(
    number=23,
    source=PAPER.section("Figure on retargetability: base, one channel, all channels, moved cheese"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="all above one",
)
def test_clamping_all_cheese_channels_retargets_better_than_one(policy, mazes):
    """Clamping all channels that track the cheese makes the path to the target more probable than clamping one."""
    targets = [drawn_target(maze) for maze in mazes]
    everything, one = paths_without_cheese(targets, mazes, _all_clamped(policy, targets), _one_clamped(policy, targets))
    return everything - one


@pytest.mark.slow
@claim(
    number=24,
    source=PAPER.section("Figure on retargetability by distance from the top-right path"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="all above the effective ones",
)
def test_clamping_all_cheese_channels_retargets_better_than_the_effective_ones(policy, mazes):
    """Clamping all channels that track the cheese makes the path to the target more probable than clamping those of
    them that retarget best on their own."""
    targets = [drawn_target(maze) for maze in mazes]
    both = _all_clamped(policy, targets), _effective_clamped(policy, targets)
    everything, effective = paths_without_cheese(targets, mazes, *both)
    return everything - effective


@pytest.mark.slow
@claim(
    number=24,
    source=PAPER.section("Figure on retargetability by distance from the top-right path"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="the effective ones above one",
)
def test_clamping_the_effective_channels_retargets_better_than_one(policy, mazes):
    """Clamping those cheese channels that retarget best on their own makes the path to the target more probable than
    clamping the one that tracks the cheese most clearly."""
    targets = [drawn_target(maze) for maze in mazes]
    both = _effective_clamped(policy, targets), _one_clamped(policy, targets)
    effective, one = paths_without_cheese(targets, mazes, *both)
    return effective - one


@pytest.mark.slow
@claim(
    number=23,
    source=PAPER.section("Figure on retargetability: base, one channel, all channels, moved cheese"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, cheese_unseen),
    reported="moved cheese above all channels",
)
def test_moving_the_cheese_itself_retargets_better_than_any_clamp(policy, mazes):
    """Moving the cheese to the target makes the path there more probable than clamping one channel, the effective
    ones, or all, whichever is best in that maze.

    The comparison is with the strongest control there is, so it has no contrast control of its own.
    """
    targets = [drawn_target(maze) for maze in mazes]
    clamped = [clamp_them(policy, targets) for clamp_them in CLAMPS.values()]
    clamps = paths_without_cheese(targets, mazes, *clamped)
    return _cheese_moved(policy, mazes, targets) - np.max(clamps, axis=0)


def _cheese_moved(policy, mazes, targets):
    """How probable the path to the target is with the cheese there."""
    moved = [maze.with_cheese(target) for maze, target in zip(mazes, targets)]
    return normalised_path_probability(policy, moved, targets)


@pytest.mark.slow
@pytest.mark.parametrize("channels", CLAMPS)
@claim(
    number=23,
    source=REVIEWS.section("Does the control reach or exceed moving the cheese itself?"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="moved cheese above all channels",
)
def test_a_clamp_retargets_better_than_moving_the_cheese_itself(policy, mazes, channels):
    """Clamping one cheese channel, the effective ones or all makes the path to the target more probable than moving the
    cheese there does."""
    targets = [drawn_target(maze) for maze in mazes]
    (clamped,) = paths_without_cheese(targets, mazes, CLAMPS[channels](policy, targets))
    return clamped - _cheese_moved(policy, mazes, targets)


# -- the whole channel -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@claim(
    number=25,
    source=POST.section("Smoothing out the negative values"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="works as the single clamp does, no figure",
)
def test_replacing_the_whole_channel_retargets_the_agent_too(policy, mazes):
    """Replacing the whole channel, by its mean elsewhere and one clamped activation, makes the path to the target more
    probable."""
    targets = [drawn_target(maze) for maze in mazes]
    return paths_without_cheese(targets, mazes, whole_replaced(policy, targets), policy)


@pytest.mark.slow
@claim(
    number=25,
    source=POST.section("Smoothing out the negative values"),
    effect_within=0.05,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(replaced_throughout, replacements_undone),
    reported="about the same",
)
def test_replacing_the_whole_channel_does_about_the_same(policy, mazes):
    """Replacing the whole channel, by its mean elsewhere and one clamped activation, makes the path to the target as
    probable as clamping the one activation does, to within .05.

    One control replaces every channel of the layer instead. The other one leaves the whole channel as it is and clamps
    the one activation all the same: where that changes nothing to speak of, the two would do the same nothing.
    """
    targets = [drawn_target(maze) for maze in mazes]
    both = whole_replaced(policy, targets), _one_clamped(policy, targets)
    whole, one = paths_without_cheese(targets, mazes, *both)
    return whole - one


@claim(
    number=25,
    source=POST.section("Smoothing out the negative values"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="slightly less, no figure",
)
def test_replacing_the_whole_channel_leaves_less_pull_of_the_real_cheese(policy, mazes):
    """With the cheese where it is and the target elsewhere, replacing the whole channel leaves P(cheese) lower at the
    decision square than clamping the one activation does."""
    targets = [another_square(maze) for maze in mazes]
    return p_cheese(_one_clamped(policy, targets), mazes) - p_cheese(whole_replaced(policy, targets), mazes)
