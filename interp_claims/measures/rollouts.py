"""Episodes of the stochastic policy, simulated step by step for many mazes at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional

import numpy as np

from interp_claims.mazes.actions import Direction, take_step
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import maze_rng
from interp_claims.policies.policy import Policy

TIMEOUT_STEPS = 500


@dataclasses.dataclass(frozen=True)
class Rollout:
    """One episode.

    Attributes:
        maze: the maze at its beginning.
        squares: the square of the mouse before the first step and after every step.
        got_cheese: whether the mouse stepped onto the cheese, which ends the episode.
        steps_to_top_right: steps until the mouse first stood in the top-right corner, or None if it never did.
    """

    maze: Maze
    squares: tuple[Square, ...]
    got_cheese: bool
    steps_to_top_right: Optional[int]

    @property
    def steps(self) -> int:
        """How many steps the episode took."""
        return len(self.squares) - 1


def roll_out(policy: Policy, mazes: Sequence[Maze], *, seed: int, max_steps: int = 256) -> list[Rollout]:
    """Let the policy walk each maze from where its mouse stands, drawing actions at random.

    Each maze's randomness depends on ``seed`` and the maze alone, so a rollout does not depend on its batch.

    Args:
        policy: the policy, edited or not.
        mazes: the mazes.
        seed: chooses one of the possible episodes of each maze.
        max_steps: where to stop; procgen itself stops at 500 steps.
    """
    if not 1 <= max_steps <= TIMEOUT_STEPS:
        raise MazeError(f"max_steps: got {max_steps}, wanted 1 to {TIMEOUT_STEPS} (procgen's timeout)")
    draws = [maze_rng(maze, f"rollout {seed}").random(max_steps) for maze in mazes]
    now = list(mazes)
    trails = [[maze.mouse] for maze in mazes]
    known: dict[tuple[int, bytes], np.ndarray] = {}
    walking = [i for i, maze in enumerate(mazes) if maze.mouse != maze.cheese]
    for step in range(max_steps):
        new = [i for i in walking if (i, now[i].key) not in known]
        asked = Observations(tuple(now[i] for i in new), tuple(new), len(mazes))
        for i, probabilities in zip(new, policy.direction_probabilities(asked) if new else ()):
            known[i, now[i].key] = np.cumsum(probabilities)
        for i in walking:
            sums = known[i, now[i].key]
            direction = Direction(min(int(np.searchsorted(sums, draws[i][step] * sums[-1], side="right")), 4))
            now[i] = take_step(now[i], direction)
            trails[i].append(now[i].mouse)
        walking = [i for i in walking if now[i].mouse != now[i].cheese]
        if not walking:
            break
    return [
        Rollout(
            maze,
            tuple(trail),
            trail[-1] == maze.cheese,
            trail.index(maze.top_right) if maze.top_right in trail else None,
        )
        for maze, trail in zip(mazes, trails)
    ]
