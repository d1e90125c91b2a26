"""Sending the mouse to another place: channels clamped there, targets by where they lie, and what the clamps change.

Source: "Retargeting the agent to maze locations" in "Understanding and controlling a maze-solving policy network"
(2023), and arXiv 2310.08043.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from interp_claims.edits.channels import clamp, fill_channels
from interp_claims.edits.edit import Sequence as InTurn
from interp_claims.mazes.geometry import reachable_squares
from interp_claims.mazes.maze import WORLD_TILES, Maze, MazeError, Square
from interp_claims.mazes.sampling import maze_rng
from interp_claims.measures.paths import normalised_path_probability, steps_off_top_right_path
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import roles_of

#: What one channel, the effective ones and all cheese channels are clamped to, as shares of the value for one: as
#: published.
ONE, EFFECTIVE, ALL = 1.0, 2.3 / 5.5, 1.0 / 5.5


def clamped_at(policy: Policy, channels: Sequence[int], targets: Sequence[Square], share: float = ONE) -> Policy:
    """The policy with channels clamped at one square per maze, each to ``share`` of its clamp value."""
    roles = roles_of(policy)
    return policy.edited(clamp(channels, targets, roles.clamp_values(channels, share), roles.layer))


def whole_replaced(policy: Policy, targets: Sequence[Square]) -> Policy:
    """The policy with the whole cheese channel replaced: its mean elsewhere throughout, but for one clamped square.

    Source: "Smoothing out the negative values" in the post.
    """
    roles = roles_of(policy)
    channel, layer = roles.cheese_channel, roles.layer
    flat = fill_channels(policy, channel, roles.elsewhere[channel], layer)
    return policy.edited(InTurn((flat, clamp(channel, targets, roles.clamp_value, layer))))


def paths_without_cheese(targets: Sequence[Square], mazes: Sequence[Maze], *policies: Policy) -> tuple[np.ndarray, ...]:
    """The normalised path probability to the targets, in the mazes without their cheese, for each policy: (n,) each."""
    cheeseless = [maze.without_cheese() for maze in mazes]
    return tuple(normalised_path_probability(policy, cheeseless, targets) for policy in policies)


def relative_gain(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """How many times as large one number is as another, told from -1 to 1: (after - before) / (after + before).

    It grows with the ratio r, as (r - 1) / (r + 1), so that ratios of single mazes can be compared by a bounded mean.

    Raises:
        MazeError: both are 0, so that there is no ratio.

    >>> relative_gain(np.array([0.2, 0.6, 0.1]), np.array([0.2, 0.2, 0.3])).round(3).tolist()
    [0.0, 0.5, -0.5]
    """
    total = after + before
    if not total.all():
        raise MazeError(f"relative gain: 0 of 0 at {np.flatnonzero(total == 0)[:5].tolist()} is no ratio")
    return (after - before) / total


def target_off_the_way(maze: Maze, fewest: int, most: int) -> Square:
    """A square so many steps off the way from the start to the corner, both ends included; not the start.

    Drawn uniformly by the maze's seed.

    Raises:
        MazeError: there is none.
    """
    steps = steps_off_top_right_path(maze)
    return _drawn(
        maze,
        [square for square in maze.free_squares if fewest <= steps[square] <= most],
        f"target {fewest} to {most} steps off the way to the corner",
    )


def target_in(maze: Maze, *, top: bool, right: Optional[bool] = None) -> Square:
    """A reachable square of one half or quadrant of the maze, not the start; drawn uniformly by the maze's seed.

    The row in the middle belongs to the bottom, the column in the middle to the left.

    Args:
        maze: the maze.
        top: whether in its top half.
        right: whether in the right one of the two quadrants there; None for either.

    Raises:
        MazeError: there is none.
    """
    middle = (WORLD_TILES - 1) / 2
    halves = [s for s in reachable_squares(maze, maze.start) if (s[0] > middle) == top]
    inside = [s for s in halves if right is None or (s[1] > middle) == right]
    side = "half" if right is None else "right" if right else "left"
    return _drawn(maze, inside, f"target in the {'top' if top else 'bottom'} {side}")


def _drawn(maze: Maze, squares: Sequence[Square], purpose: str) -> Square:
    others = [square for square in squares if square != maze.start]
    if not others:
        raise MazeError(f"{purpose}: {maze!r} has no such square")
    return others[maze_rng(maze, purpose).integers(len(others))]
