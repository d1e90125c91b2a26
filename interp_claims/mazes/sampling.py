"""Mazes by seed: blocks of level seeds, distributions over them, and randomness that belongs to a maze.

A distribution is a pure function from a level seed to a maze or to a rejection, so that the n-th maze of a
distribution in a block of seeds is the same for every claim, policy, machine and version.
"""

from __future__ import annotations

import dataclasses
import inspect
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Optional

import numpy as np

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.deciding import check_drawn
from interp_claims.mazes.geometry import decision_square, reachable_squares
from interp_claims.mazes.maze import SIZES, WORLD_TILES, Maze, Square
from interp_claims.mazes.procgen import LARGEST_SEED, check_seed, simulator

_LEVELS_AT_ONCE = 32
_PATIENCE = 20_000
_SHARED_SEED = 20_230_311


class SamplingError(InterpClaimsError):
    """A distribution that no level satisfies, or that runs out of its block of seeds."""


@dataclasses.dataclass(frozen=True)
class SeedBlock:
    """A range of level seeds set apart for one purpose."""

    name: str
    first: int
    size: int

    def __contains__(self, seed: object) -> bool:
        return isinstance(seed, int) and self.first <= seed < self.first + self.size


TRAINING = SeedBlock("training", 0, 900_000_000)
#: Mazes on which a policy's behaviour is measured during and after training: none of these was trained on.
EVALUATION = SeedBlock("evaluation", 900_000_000, 100_000_000)
DISCOVERY = SeedBlock("discovery", 1_000_000_000, 100_000_000)
CONFIRMATION = SeedBlock("confirmation", 1_100_000_000, 100_000_000)
#: Mazes that lend activations to a confirmation maze (resampling, other mazes' vectors).
DONORS = SeedBlock("donors", 1_200_000_000, 100_000_000)
#: Where registered predictions draw their own seeds.
REGISTERED = SeedBlock("registered", 1_300_000_000, 800_000_000)


def maze_rng(maze: Maze, purpose: str) -> np.random.Generator:
    """Randomness that belongs to one maze and one purpose, whatever batch or process the maze is measured in."""
    seed = maze.seed if maze.seed is not None else int.from_bytes(maze.key[:4], "little")
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def shared_rng(purpose: str) -> np.random.Generator:
    """Randomness for what is drawn once for all mazes."""
    return np.random.default_rng([_SHARED_SEED, zlib.crc32(purpose.encode())])


@lru_cache(maxsize=256)
def _levels(first: int) -> list[Maze]:
    return simulator().mazes(range(first, min(first + _LEVELS_AT_ONCE, LARGEST_SEED + 1)))


def level(seed: int) -> Maze:
    """The maze of one level seed, as stock procgen makes it.

    Raises:
        DecidingMazesError: a claim's function draws it, which it is decided on and was not given.
    """
    check_seed(seed)
    check_drawn("level", seed)
    first = seed - seed % _LEVELS_AT_ONCE
    return _levels(first)[seed - first]


Step = Callable[[Maze], Optional[Maze]]


@dataclasses.dataclass(frozen=True)
class MazeDistribution:
    """Stock levels, passed through steps that each keep, change or reject a maze.

    Attributes:
        steps: the steps in order; ``a & b`` puts b's steps after a's. Each prints as the call that makes it.
    """

    steps: tuple[Step, ...] = ()

    def __and__(self, other: MazeDistribution) -> MazeDistribution:
        return MazeDistribution(self.steps + other.steps)

    @property
    def conditions(self) -> tuple[Callable[[Maze], bool], ...]:
        """The conditions of one's own among the steps, see :func:`only`."""
        return tuple(step.condition for step in self.steps if isinstance(step, _Only))

    def maze(self, seed: int) -> Optional[Maze]:
        """The maze of a level seed, or None if this distribution rejects it.

        Raises:
            SamplingError: a step gives a maze without this seed.
        """
        maze: Optional[Maze] = level(seed)
        for step in self.steps:
            if maze is None:
                return None
            maze = step(maze)
            if maze is not None and maze.seed != seed:
                raise SamplingError(
                    f"{step}: made a maze of seed {maze.seed} of that of seed {seed}, wanted the same seed, by which "
                    "mazes are ordered, paired and replayed; change the maze that is given, by with_cheese and the like"
                )
        return maze

    def stream(self, block: SeedBlock) -> Iterator[Maze]:
        """The mazes of a block of seeds, in the order of their seeds.

        Raises:
            SamplingError: the block is used up, or 20,000 levels in a row were rejected.
            DecidingMazesError: a claim's function draws them, and is decided on some of the block.
        """
        check_drawn(str(self), block.first, block.size)
        rejected = 0
        for seed in range(block.first, block.first + block.size):
            maze = self.maze(seed)
            rejected = 0 if maze is not None else rejected + 1
            if rejected == _PATIENCE:
                raise SamplingError(f"{self}: rejected {_PATIENCE} levels in a row; ask for something less rare")
            if maze is not None:
                yield maze
        raise SamplingError(f"{self}: all {block.size} seeds of the {block.name} block are used up")

    def sample(self, block: SeedBlock, count: int) -> tuple[Maze, ...]:
        """The first ``count`` mazes of a block."""
        return tuple(islice(self.stream(block), count))

    def __str__(self) -> str:
        return " & ".join(map(_step_text, self.steps)) or "stock_mazes()"


def _step_text(step: Step) -> str:
    """A step as it prints, or by its name where it would print where in memory it is."""
    if inspect.isroutine(step):
        return str(step.__qualname__)
    kind: Any = type(step)
    plain = kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__
    return f"{kind.__qualname__}()" if plain else str(step)


@dataclasses.dataclass(frozen=True)
class _Step:
    """A step that prints as the call that makes it."""

    def __call__(self, maze: Maze) -> Optional[Maze]:
        raise NotImplementedError

    def __str__(self) -> str:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).strip("_")
        return f"{name}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in dataclasses.fields(self))})"


@dataclasses.dataclass(frozen=True)
class _WithDecisionSquare(_Step):
    def __call__(self, maze: Maze) -> Optional[Maze]:
        return maze if decision_square(maze) is not None else None


@dataclasses.dataclass(frozen=True)
class _SizeBetween(_Step):
    smallest: int
    largest: int

    def __call__(self, maze: Maze) -> Optional[Maze]:
        return maze if self.smallest <= maze.size <= self.largest else None


@dataclasses.dataclass(frozen=True)
class _CheeseOutsideCorner(_Step):
    region: int

    def __call__(self, maze: Maze) -> Optional[Maze]:
        return maze if maze.cheese is not None and maze.cheese not in corner_squares(maze, self.region) else None


@dataclasses.dataclass(frozen=True)
class _CheeseInCorner(_Step):
    region: int

    def __call__(self, maze: Maze) -> Optional[Maze]:
        squares = [square for square in corner_squares(maze, self.region) if square != maze.start]
        return maze.with_cheese(squares[maze_rng(maze, str(self)).integers(len(squares))]) if squares else None


@dataclasses.dataclass(frozen=True)
class _CheeseOn(_Step):
    square: Square

    def __call__(self, maze: Maze) -> Optional[Maze]:
        return maze.with_cheese(self.square) if maze.free[self.square] else None


@dataclasses.dataclass(frozen=True)
class _Only(_Step):
    condition: Callable[[Maze], bool]

    def __call__(self, maze: Maze) -> Optional[Maze]:
        return maze if self.condition(maze) else None

    def __str__(self) -> str:
        return f"only({self.condition.__qualname__})"


def corner_squares(maze: Maze, region: int) -> tuple[Square, ...]:
    """The free squares of the top-right ``region`` x ``region`` corner, clipped to the maze."""
    row, column = maze.top_right
    return tuple(s for s in maze.free_squares if s[0] > row - region and s[1] > column - region)


def stock_mazes() -> MazeDistribution:
    """procgen's own mazes: every odd size from 3 to 25, cheese on any free square."""
    return MazeDistribution()


def with_decision_square() -> MazeDistribution:
    """Only mazes where the way to the cheese and the way to the top-right corner part."""
    return MazeDistribution((_WithDecisionSquare(),))


def only(condition: Callable[[Maze], bool]) -> MazeDistribution:
    """Only mazes that fulfil a condition of one's own, a function with a name: it is printed in reports."""
    return MazeDistribution((_Only(condition),))


def size_between(smallest: int, largest: int) -> MazeDistribution:
    """Only mazes of these sizes, both ends included."""
    if not (smallest <= largest and any(smallest <= size <= largest for size in SIZES)):
        raise SamplingError(f"size_between: got {smallest} to {largest}, wanted a range holding an odd size 3 to 25")
    return MazeDistribution((_SizeBetween(smallest, largest),))


def cheese_outside_corner(region: int) -> MazeDistribution:
    """Only mazes whose cheese lies outside the top-right ``region`` x ``region`` corner."""
    return MazeDistribution((_CheeseOutsideCorner(_checked_region(region)),))


def cheese_in_corner(region: int) -> MazeDistribution:
    """The cheese moved to a uniformly drawn free square of the top-right ``region`` x ``region`` corner.

    This is the training distribution of the networks of Langosco et al. (2022). The start square is never drawn.
    """
    return MazeDistribution((_CheeseInCorner(_checked_region(region)),))


def cheese_on(square: Square) -> MazeDistribution:
    """The cheese moved to ``square``; mazes where that is a wall are left out."""
    row, column = square
    if not (0 <= row < WORLD_TILES and 0 <= column < WORLD_TILES):
        raise SamplingError(f"cheese_on: got square {square}, wanted row and column from 0 to {WORLD_TILES - 1}")
    return MazeDistribution((_CheeseOn((row, column)),))


def _checked_region(region: int) -> int:
    if not 1 <= region <= WORLD_TILES:
        raise SamplingError(f"region: got {region}, wanted 1 to {WORLD_TILES} tiles")
    return region


def drawn_target(maze: Maze) -> Square:
    """A square to send the mouse to: a quadrant of the maze drawn first, then a reachable square in it.

    So each quadrant that has reachable squares besides the start is as likely as the others. The draw belongs to the
    maze's seed.

    Raises:
        SamplingError: nothing but the start is reachable.
    """
    quadrants: dict[tuple[bool, bool], list[Square]] = {}
    middle = (WORLD_TILES - 1) / 2
    for square in reachable_squares(maze, maze.start):
        if square != maze.start:
            quadrants.setdefault((square[0] > middle, square[1] > middle), []).append(square)
    if not quadrants:
        raise SamplingError(f"target: no square but the start can be reached in {maze!r}")
    rng = maze_rng(maze, "target")
    chosen = quadrants[sorted(quadrants)[rng.integers(len(quadrants))]]
    return chosen[rng.integers(len(chosen))]


def drawn_squares(maze: Maze, at_most: int) -> tuple[Square, ...]:
    """Up to ``at_most`` different free squares without cheese, drawn uniformly by the maze's seed, in grid order."""
    squares = [square for square in maze.free_squares if square != maze.cheese]
    chosen = maze_rng(maze, "squares").permutation(len(squares))[:at_most]
    return tuple(squares[i] for i in sorted(chosen))
