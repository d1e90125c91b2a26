"""Retargeting by where the target lies: in which quadrant, how far off the way to the corner, and in how large a maze.

How probable a path is under a clamp tells how surely the mouse gets there; how many times as probable as without it,
what the clamp does. The two pull apart: a square on the way to the corner is reached without any edit.
"""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim
from interp_claims.controls import no_op, random_channels, straight_to, untrained
from interp_claims.mazes import draw_donor, drawn_target, only, size_between, stock_mazes
from interp_claims.measures import (
    ALL,
    clamped_at,
    paths_without_cheese,
    relative_gain,
    steps_from_top_right_path,
    steps_off_top_right_path,
    target_in,
    target_off_the_way,
)
from interp_claims.policies import roles_of
from interp_claims.sources import PAPER, POST
from interp_claims.verdicts import rank_correlation

BY_DISTANCE = PAPER.section("Figure on retargetability by distance from the top-right path")
BY_SIZE = PAPER.section("Figure on retargetability by maze size")
QUADRANTS = {
    "top-left": {"top": True, "right": False},
    "top-right": {"top": True, "right": True},
    "bottom-left": {"top": False, "right": False},
    "bottom-right": {"top": False, "right": True},
}
FAR = 25


def _paths(policy, mazes, targets):
    """How probable the paths to the targets are with one activation clamped there, and without that."""
    clamped = clamped_at(policy, [roles_of(policy).cheese_channel], targets)
    return paths_without_cheese(targets, mazes, clamped, policy)


def _gain(policy, mazes, targets):
    """How many times as probable the clamp makes the paths, from -1 to 1: the ratio r as (r - 1) / (r + 1)."""
    return relative_gain(*_paths(policy, mazes, targets))


# -- by quadrant -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("quadrant", QUADRANTS)
@claim(
    number=21,
    source=POST.section("Retargeting the agent to maze locations"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="reliably in the top half, less well in the bottom half",
)
def test_clamping_one_activation_retargets_the_agent_in_each_quadrant(policy, mazes, quadrant):
    """Clamping one activation of a channel that tracks the cheese makes the path to a place in this quadrant of the
    maze more probable."""
    return _paths(policy, mazes, [target_in(maze, **QUADRANTS[quadrant]) for maze in mazes])


@pytest.mark.slow
@claim(
    number=21,
    source=POST.section("Retargeting the agent to maze locations"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    reported="reliably in the top half, less well in the bottom half",
)
def test_targets_in_the_top_half_are_reached_more_surely_than_in_the_bottom_half(policy, mazes):
    """With one activation clamped, the path to a target in the top half of the maze is more probable than to one in the
    bottom half.

    So it may be without any edit, for a mouse that is drawn to the top-right corner; then this is not evaluated. The
    next claim asks about the clamp.
    """
    top, bottom = ([target_in(maze, top=half) for maze in mazes] for half in (True, False))
    return _paths(policy, mazes, top)[0] - _paths(policy, mazes, bottom)[0]


@pytest.mark.slow
@claim(
    number=21,
    source=POST.section("Retargeting the agent to maze locations"),
    effect_at_least=0.02,
    bounds=(-2, 2),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="reliably in the top half, less well in the bottom half",
)
def test_clamping_raises_a_path_more_in_the_top_half_than_in_the_bottom_half(policy, mazes):
    """Clamping one activation makes the path to a target in the top half of the maze more times as probable as it makes
    that to one in the bottom half; ratios r are compared as (r - 1) / (r + 1)."""
    top, bottom = ([target_in(maze, top=half) for maze in mazes] for half in (True, False))
    return _gain(policy, mazes, top) - _gain(policy, mazes, bottom)


# -- by distance from the way to the corner --------------------------------------------------------------------------


def _on_the_way(maze):
    return target_off_the_way(maze, 0, 0)


def _near_the_way(maze):
    """One to five steps off it: the figure peaks "near the path"."""
    return target_off_the_way(maze, 1, 5)


def _far_off_the_way(maze):
    return target_off_the_way(maze, FAR, FAR)


def _has_squares_near(maze):
    steps = steps_off_top_right_path(maze)
    return bool(((steps >= 1) & (steps <= 5)).any())


def _has_squares_far_off(maze):
    return bool(steps_off_top_right_path(maze).max() >= FAR)


@claim(
    number=24,
    source=BY_DISTANCE,
    effect_at_least=0.45,  # half of about .9
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    reported="about .9",
)
def test_squares_on_the_way_to_the_corner_are_reached(policy, mazes):
    """With one activation clamped, the path to a square on the way to the top-right corner is probable: at least half
    of the reported .9.

    So it may be without any edit, for a mouse that goes to the corner; then this is not evaluated. What the clamp adds
    is asked below.
    """
    return _paths(policy, mazes, [_on_the_way(maze) for maze in mazes])[0]


@pytest.mark.slow
@claim(
    number=24,
    source=BY_DISTANCE,
    accuracy_at_least=0.5,
    mazes=only(_has_squares_far_off),
    null_controls=(untrained, no_op, straight_to(_far_off_the_way)),
    contrast_controls=(random_channels,),
    reported="below .3 at 25 steps, the ratio above 1",
)
def test_squares_25_steps_off_the_way_to_the_corner_are_rarely_reached(policy, mazes):
    """Clamping one activation makes the path to a square 25 steps off the way to the top-right corner at least 1.1
    times as probable, and yet no more probable than .3, in at least half of the mazes.

    Without any edit it may be no more probable either: only what a clamp raises can be said to stay low under it.
    """
    clamped, base = _paths(policy, mazes, [_far_off_the_way(maze) for maze in mazes])
    return (clamped >= 1.1 * base) & (clamped <= 0.3)


@pytest.mark.slow
@approximate_claim(
    number=24,
    source=BY_DISTANCE,
    mazes=stock_mazes(),
    statistic=rank_correlation,
    sample=256,
    at_most=-0.02,
    null_controls=(untrained, no_op),
    reported="about .9 on the path, below .3 at 25 steps",
)
def test_the_farther_from_the_way_to_the_corner_the_less_a_target_is_reached(policy, mazes):
    """With one activation clamped, the path to the target is the less probable, the more steps the target lies off the
    way from start to corner.

    So it may be without any edit; then this is not evaluated. What the clamp adds is asked below. Slow for its 256
    paths on three policies, whatever they say.
    """
    targets = [drawn_target(maze) for maze in mazes]
    steps = [steps_from_top_right_path(maze, target) for maze, target in zip(mazes, targets)]
    return np.column_stack([steps, _paths(policy, mazes, targets)[0]])


@pytest.mark.slow
@claim(
    number=24,
    source=BY_DISTANCE,
    ratio_at_least={"direction": 1.1, "size": 1 + (5 - 1) / 2},  # size: the reported peak of about 5, halved
    mazes=only(_has_squares_near),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="about 5 times at its peak near the path",
)
def test_clamping_raises_a_path_to_a_place_near_the_way_to_the_corner(policy, mazes):
    """Clamping one activation makes the path to a place one to five steps off the way to the corner more probable."""
    return _paths(policy, mazes, [_near_the_way(maze) for maze in mazes])


@pytest.mark.slow
@pytest.mark.parametrize("place", ["on the way", "25 steps off"])
@claim(
    number=24,
    source=BY_DISTANCE,
    ratio_at_least={"direction": 1.1},
    mazes=only(_has_squares_far_off),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="above 1 at every distance",
)
def test_clamping_raises_a_path_on_the_way_to_the_corner_and_far_off(policy, mazes, place):
    """Clamping one activation makes the path to a place on the way to the corner, or 25 steps off it, more probable.

    The source says that the ratio stays above 1; as everywhere, a ratio counts from 1.1 on.
    """
    place_of = _on_the_way if place == "on the way" else _far_off_the_way
    return _paths(policy, mazes, [place_of(maze) for maze in mazes])


@pytest.mark.slow
@pytest.mark.parametrize("place", ["on the way", "25 steps off"])
@claim(
    number=24,
    source=BY_DISTANCE,
    effect_at_least=0.02,
    bounds=(-2, 2),
    mazes=only(_has_squares_far_off),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="the ratio peaks near the path",
)
def test_clamping_raises_a_path_most_near_the_way_to_the_corner(policy, mazes, place):
    """Clamping one activation makes the path to a place one to five steps off the way to the corner more times as
    probable as it makes that to a place on the way, or 25 steps off; ratios r are compared as (r - 1) / (r + 1)."""
    place_of = _on_the_way if place == "on the way" else _far_off_the_way
    near, there = ([of(maze) for maze in mazes] for of in (_near_the_way, place_of))
    return _gain(policy, mazes, near) - _gain(policy, mazes, there)


# -- by maze size ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@approximate_claim(
    number=24,
    source=BY_SIZE,
    mazes=stock_mazes(),
    statistic=rank_correlation,
    sample=256,
    at_most=-0.02,
    null_controls=(untrained, no_op),
    reported="falls, no figure",
)
def test_the_larger_the_maze_the_less_a_target_is_reached(policy, mazes):
    """With one activation clamped, the path to the target is the less probable, the larger the maze.

    So it may be without any edit; then this is not evaluated. What clamps add in large mazes and in small ones is asked
    below.
    """
    targets = [drawn_target(maze) for maze in mazes]
    return np.column_stack([[maze.size for maze in mazes], _paths(policy, mazes, targets)[0]])


def _small_mazes(mazes):
    """For each maze one of size 3 to 9, drawn by its seed."""
    return [draw_donor(maze, "small maze", lambda donor: donor.size <= 9) for maze in mazes]


@pytest.mark.slow
@claim(
    number=24,
    source=BY_SIZE,
    effect_at_least=0.02,
    bounds=(-2, 2),
    mazes=size_between(19, 25),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="no figure",
)
def test_clamping_one_activation_raises_a_path_more_in_large_mazes(policy, mazes):
    """Clamping one activation makes the path to the target more times as probable in mazes of sizes 19 to 25 than in
    mazes of sizes 3 to 9, however much less surely it is reached there; ratios r are compared as (r - 1) / (r + 1)."""
    large, small = (_gain(policy, some, [drawn_target(maze) for maze in some]) for some in (mazes, _small_mazes(mazes)))
    return large - small


def _all_clamped(policy, mazes):
    """How probable the paths to a target are with all cheese channels clamped there, and without that."""
    targets = [drawn_target(maze) for maze in mazes]
    clamped = clamped_at(policy, roles_of(policy).cheese_channels, targets, ALL)
    return paths_without_cheese(targets, mazes, clamped, policy)


@pytest.mark.slow
@claim(
    number=22,
    source=POST.section("Retargeting the agent to maze locations"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=size_between(19, 25),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="a larger maze seems to allow more, no figure",
)
def test_with_all_cheese_channels_clamped_targets_are_reached_more_surely_in_large_mazes(policy, mazes):
    """With one activation clamped in each cheese channel, the path to the target is more probable in mazes of sizes 19
    to 25 than in mazes of sizes 3 to 9.

    The paper says the opposite of one channel (claim 24).
    """
    return _all_clamped(policy, mazes)[0] - _all_clamped(policy, _small_mazes(mazes))[0]


@pytest.mark.slow
@claim(
    number=22,
    source=POST.section("Retargeting the agent to maze locations"),
    effect_at_least=0.02,
    bounds=(-2, 2),
    mazes=size_between(19, 25),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
    reported="a larger maze seems to allow more, no figure",
)
def test_clamping_all_cheese_channels_raises_a_path_more_in_large_mazes(policy, mazes):
    """Clamping one activation in each cheese channel makes the path to the target more times as probable in mazes of
    sizes 19 to 25 than in mazes of sizes 3 to 9; ratios r are compared as (r - 1) / (r + 1)."""
    return relative_gain(*_all_clamped(policy, mazes)) - relative_gain(*_all_clamped(policy, _small_mazes(mazes)))
