"""Training data: observations with the oracle's actions, a pure function of the recipe and the number of the chunk.

Levels are stock mazes of the training block of seeds, or those of them that a draw in proportion to their area keeps.
Of each, several observations are drawn: the cheese on a free square of the corner region, the mouse half the time on
the way from the start to the cheese and half the time anywhere, facing left or right. The label is the first step of
the shortest path to the cheese.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from interp_claims.mazes.actions import DELTAS, DIRECTION_OF_ACTION, NUM_ACTIONS, Direction
from interp_claims.mazes.geometry import distances_steps_each
from interp_claims.mazes.maze import WORLD_TILES, Facing, Maze
from interp_claims.mazes.procgen import paint, simulator
from interp_claims.mazes.sampling import EVALUATION, TRAINING, SeedBlock, corner_squares
from interp_claims.training.recipe import Recipe

BATCHES_A_CHUNK = 16
#: The value of a square is this to the power of its steps to the cheese.
DISCOUNT = 0.99
_MOVES = tuple(direction for direction in Direction if direction is not Direction.STAY)
_ACTIONS_OF = np.array([[d is DIRECTION_OF_ACTION[a] for a in range(NUM_ACTIONS)] for d in _MOVES], dtype=np.float32)
_STREAM = 20_230_311


class Samples(NamedTuple):
    """Observations and what the oracle says about them.

    Attributes:
        observations: uint8 (N, 64, 64, 3), as procgen renders them.
        actions: float32 (N, 15), the oracle's distribution: equal shares for all first steps of shortest paths, each
            spread evenly over the actions of its direction.
        values: float32 (N,), 0.99 to the power of the steps to the cheese.
    """

    observations: Tensor
    actions: Tensor
    values: Tensor


@dataclasses.dataclass(frozen=True)
class OracleSamples(Dataset[Samples]):
    """The chunks of training data of one recipe, by number. Every process that asks gets the same.

    Attributes:
        region, seed, squares_per_level, level_sizes, init: see :class:`~interp_claims.training.recipe.Recipe`; a run
            that begins with trained weights draws other levels than the one that trained them.
        chunk: observations in a chunk.
        block: the seeds that levels are drawn from.
    """

    region: int
    seed: int
    squares_per_level: int
    chunk: int
    block: SeedBlock = TRAINING
    level_sizes: str = "stock"
    init: str = ""

    @classmethod
    def of(cls, recipe: Recipe) -> OracleSamples:
        """The data that a recipe trains on."""
        chunk = recipe.batch * BATCHES_A_CHUNK
        return cls(
            recipe.region,
            recipe.seed,
            recipe.squares_per_level,
            chunk,
            level_sizes=recipe.level_sizes,
            init=recipe.init,
        )

    def __getitem__(self, number: int) -> Samples:
        begun_with = [int(self.init, 16)] if self.init else []
        rng = np.random.default_rng([_STREAM, self.seed, self.region, self.block.first, number, *begun_with])
        levels = self._levels(rng)
        owners = np.arange(len(levels)).repeat(self.squares_per_level)[: self.chunk]
        mazes = [levels[i] for i in owners]
        from_start = distances_steps_each(levels, [level.start for level in levels])[owners]
        mazes = [maze.with_cheese(_drawn_cheese(maze, self.region, rng)) for maze in mazes]
        to_cheese = distances_steps_each(mazes, [maze.cheese or maze.start for maze in mazes])
        facings = [Facing.RIGHT if right else Facing.LEFT for right in rng.random(len(mazes)) < 0.5]
        mice = [_drawn_mouse(*places, rng) for places in zip(mazes, from_start, to_cheese)]
        mazes = [maze.with_mouse(mouse, facing) for maze, mouse, facing in zip(mazes, mice, facings)]
        order = rng.permutation(len(mazes))
        mazes, to_cheese = [mazes[i] for i in order], to_cheese[order]
        steps = np.array([distances[maze.mouse] for maze, distances in zip(mazes, to_cheese)])
        return Samples(
            torch.from_numpy(paint(mazes)),
            torch.from_numpy(oracle_actions(mazes, to_cheese)),
            torch.from_numpy((DISCOUNT**steps).astype(np.float32)),
        )

    def _levels(self, rng: np.random.Generator) -> list[Maze]:
        count = -(-self.chunk // self.squares_per_level)
        levels: list[Maze] = []
        while len(levels) < count:
            drawn = simulator().mazes([self.block.first + int(i) for i in rng.integers(self.block.size, size=count)])
            if self.level_sizes == "by-area":
                drawn = [level for level in drawn if rng.random() < (level.size / WORLD_TILES) ** 2]
            levels += drawn
        return levels[:count]


def held_out(recipe: Recipe, count: int) -> Samples:
    """Observations of the recipe's distribution from levels that no run trains on, one a level."""
    return OracleSamples(recipe.region, recipe.seed, 1, count, EVALUATION)[0]


def oracle_actions(mazes: list[Maze], to_cheese: np.ndarray) -> np.ndarray:
    """The oracle's action distribution at each maze's mouse: float32 (N, 15).

    Args:
        mazes: the mazes; no mouse stands on the cheese or where no path leads to it.
        to_cheese: int32 (N, 25, 25), steps from every square to the cheese, -1 where no path leads.
    """
    mice = np.array([maze.mouse for maze in mazes])
    padded = np.pad(to_cheese, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    each = np.arange(len(mazes))
    here = padded[each, mice[:, 0] + 1, mice[:, 1] + 1]
    steps = [padded[each, mice[:, 0] + 1 + DELTAS[d][0], mice[:, 1] + 1 + DELTAS[d][1]] for d in _MOVES]
    best = (np.stack(steps, axis=1) == here[:, None] - 1) & (here[:, None] > 0)
    shares = best / best.sum(axis=1, keepdims=True)
    return (shares @ (_ACTIONS_OF / _ACTIONS_OF.sum(axis=1, keepdims=True))).astype(np.float32)


def _drawn_cheese(level: Maze, region: int, rng: np.random.Generator) -> tuple[int, int]:
    squares = [square for square in corner_squares(level, region) if square != level.start]
    return squares[rng.integers(len(squares))]


def _drawn_mouse(
    maze: Maze, from_start: np.ndarray, to_cheese: np.ndarray, rng: np.random.Generator
) -> tuple[int, int]:
    """Half the time a square of the way from the start to the cheese, else any square that reaches the cheese."""
    on_the_way = from_start + to_cheese == to_cheese[maze.start]
    candidates = np.flatnonzero((to_cheese > 0) & (on_the_way | (rng.random() < 0.5)))
    row, column = divmod(int(candidates[rng.integers(len(candidates))]), to_cheese.shape[1])
    return row, column
