"""Retargeting: clamped activations send the mouse to another place.

The cheese is taken away, and the target is one square per maze. How readily the mouse goes there is the normalised
probability of the path: the geometric mean of the probabilities of its steps.
"""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim
from interp_claims.controls import no_op, random_channels, untrained
from interp_claims.discovery import effective_channels_of
from interp_claims.edits import Sequence, clamp, fill_channels
from interp_claims.mazes import drawn_target, shortest_path, stock_mazes
from interp_claims.measures import normalised_path_probability, steps_from_top_right_path
from interp_claims.policies import roles_of
from interp_claims.sources import CODE, PAPER, POST
from interp_claims.verdicts import rank_correlation

ONE, EFFECTIVE, ALL = 1.0, 2.3 / 5.5, 1.0 / 5.5  # of the clamp value, as published for one channel and for sets


def _clamped(policy, channels, targets, share):
    roles = roles_of(policy)
    return policy.edited(clamp(channels, targets, roles.clamp_values(channels, share), roles.layer))


def _one_clamped(policy, targets):
    return _clamped(policy, [roles_of(policy).cheese_channel], targets, ONE)


def _all_clamped(policy, targets):
    return _clamped(policy, roles_of(policy).cheese_channels, targets, ALL)


def _paths_to(targets, mazes, *policies):
    """The normalised path probability to the targets, in the mazes without their cheese, for each policy."""
    cheeseless = [maze.without_cheese() for maze in mazes]
    return tuple(normalised_path_probability(policy, cheeseless, targets) for policy in policies)


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
    return _paths_to(targets, mazes, _one_clamped(policy, targets), policy)


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
    return _paths_to(targets, mazes, _clamped(policy, [channel], targets, ONE), policy)


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
    return _paths_to(targets, mazes, _all_clamped(policy, targets), policy)


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
    everything, one = _paths_to(targets, mazes, _all_clamped(policy, targets), _one_clamped(policy, targets))
    return everything - one


@pytest.mark.slow
@claim(
    number=23,
    source=PAPER.section("Figure on retargetability: base, one channel, all channels, moved cheese"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained,),
    reported="moved cheese above all channels",
)
def test_moving_the_cheese_itself_retargets_better_than_any_clamp(policy, mazes):
    """Moving the cheese to the target makes the path there more probable than clamping one channel, the effective
    ones, or all, whichever is best in that maze.

    The comparison is with the strongest control there is, so it has no contrast control of its own.
    """
    targets = [drawn_target(maze) for maze in mazes]
    effective = _clamped(policy, effective_channels_of(policy), targets, EFFECTIVE)
    clamps = _paths_to(targets, mazes, _one_clamped(policy, targets), effective, _all_clamped(policy, targets))
    moved = [maze.with_cheese(target) for maze, target in zip(mazes, targets)]
    return normalised_path_probability(policy, moved, targets) - np.max(clamps, axis=0)


# -- where it works --------------------------------------------------------------------------------------------------


@claim(
    number=24,
    source=PAPER.section("Figure on retargetability by distance from the top-right path"),
    effect_at_least=0.45,  # half of about .9
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(untrained,),
    reported="about .9",
)
def test_squares_on_the_way_to_the_corner_are_reached(policy, mazes):
    """With one activation clamped, the path to a square on the way to the top-right corner is probable: at least half
    of the reported .9."""
    targets = [_on_the_way(maze) for maze in mazes]
    return _paths_to(targets, mazes, _one_clamped(policy, targets))[0]


def _on_the_way(maze):
    """A square of the path from the start to the corner, drawn by the maze's seed."""
    path = shortest_path(maze, maze.start, maze.top_right)[1:]
    return path[(maze.seed or 0) % len(path)]


@approximate_claim(
    number=24,
    source=PAPER.section("Figure on retargetability by distance from the top-right path"),
    mazes=stock_mazes(),
    statistic=rank_correlation,
    sample=256,
    at_most=-0.02,
    null_controls=(untrained,),
    reported="about .9 on the path, below .3 at 25 steps",
)
def test_the_farther_from_the_way_to_the_corner_the_less_a_target_is_reached(policy, mazes):
    """With one activation clamped, the path to the target is the less probable, the more steps the target lies off the
    way from start to corner."""
    targets = [drawn_target(maze) for maze in mazes]
    steps = [steps_from_top_right_path(maze, target) for maze, target in zip(mazes, targets)]
    return np.column_stack([steps, _paths_to(targets, mazes, _one_clamped(policy, targets))[0]])


@pytest.mark.slow
@approximate_claim(
    number=24,
    source=PAPER.section("Figure on retargetability by maze size"),
    mazes=stock_mazes(),
    statistic=rank_correlation,
    sample=256,
    at_most=-0.02,
    null_controls=(untrained,),
    reported="falls, no figure",
)
def test_the_larger_the_maze_the_less_a_target_is_reached(policy, mazes):
    """With one activation clamped, the path to the target is the less probable, the larger the maze."""
    targets = [drawn_target(maze) for maze in mazes]
    return np.column_stack([[maze.size for maze in mazes], _paths_to(targets, mazes, _one_clamped(policy, targets))[0]])


# -- the whole channel -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@claim(
    number=25,
    source=POST.section("Causal scrubbing the cheese-tracking channels"),
    effect_at_least=0.02,
    bounds=(-1.5, 1.5),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="about the same",
)
def test_replacing_the_whole_channel_does_about_the_same(policy, mazes):
    """Replacing the whole channel, by its mean elsewhere and one clamped activation, makes the path to the target more
    probable by more than half as much as clamping the one activation does."""
    roles = roles_of(policy)
    targets = [drawn_target(maze) for maze in mazes]
    flat = fill_channels(policy, roles.cheese_channel, roles.elsewhere[roles.cheese_channel], roles.layer)
    whole = policy.edited(Sequence((flat, clamp(roles.cheese_channel, targets, roles.clamp_value, roles.layer))))
    replaced, one, base = _paths_to(targets, mazes, whole, _one_clamped(policy, targets), policy)
    return (replaced - base) - (one - base) / 2
