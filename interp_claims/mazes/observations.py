"""Which observations a measure asks the policy about, and which maze of the batch each belongs to."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

from interp_claims.mazes.maze import Facing, Maze, MazeError, Square

#: With so many places of the mouse in one scene, its activations are computed around the mouse.
CROWDED = 3


@dataclasses.dataclass(frozen=True)
class Observations:
    """Positions of the mouse in the mazes of one batch; each will be rendered and shown to the policy.

    Attributes:
        mazes: one maze per observation, with its mouse in place.
        owners: per observation, the index in the batch of the maze that it belongs to.
        num_mazes: how many mazes the batch has; edits with one value per maze must have as many.
    """

    mazes: tuple[Maze, ...]
    owners: tuple[int, ...]
    num_mazes: int

    def __post_init__(self) -> None:
        if len(self.mazes) != len(self.owners):
            raise MazeError(f"observations: got {len(self.mazes)} mazes and {len(self.owners)} owners, wanted as many")
        if self.owners and not 0 <= min(self.owners) <= max(self.owners) < self.num_mazes:
            raise MazeError(
                f"observations: got owners from {min(self.owners)} to {max(self.owners)}, wanted indices of the batch, "
                f"0 to {self.num_mazes - 1}"
            )

    def __len__(self) -> int:
        return len(self.mazes)

    @cached_property
    def owner_array(self) -> np.ndarray:
        """``owners`` as an int64 array."""
        return np.asarray(self.owners, dtype=np.int64)

    @cached_property
    def crowded_scenes(self) -> frozenset[bytes]:
        """The scenes (see :attr:`Maze.scene`) that are shown with at least three places of the mouse."""
        places = Counter(scene for scene, _ in {(maze.scene, maze.key) for maze in self.mazes})
        return frozenset(scene for scene, count in places.items() if count >= CROWDED)

    def with_mazes(self, change: Callable[[Maze], Maze]) -> Observations:
        """The same observations of changed mazes, for example without their cheese."""
        return dataclasses.replace(self, mazes=tuple(map(change, self.mazes)))

    @classmethod
    def one_each(cls, mazes: Sequence[Maze]) -> Observations:
        """Each maze as it stands."""
        return cls(tuple(mazes), tuple(range(len(mazes))), len(mazes))

    @classmethod
    def at_start(cls, mazes: Sequence[Maze]) -> Observations:
        """Each maze as after a reset: the mouse at the start square, facing left."""
        return cls.one_each([maze.with_mouse_at_start() for maze in mazes])

    @classmethod
    def at_squares(
        cls, mazes: Sequence[Maze], squares: Sequence[Iterable[Square]], facing: Facing = Facing.LEFT
    ) -> Observations:
        """Several positions of the mouse in each maze: ``squares[i]`` are those in ``mazes[i]``, in that order."""
        if len(mazes) != len(squares):
            raise MazeError(f"observations: got {len(mazes)} mazes and {len(squares)} lists of squares, wanted as many")
        placed = [(m.with_mouse(square, facing), i) for i, (m, s) in enumerate(zip(mazes, squares)) for square in s]
        return cls(tuple(maze for maze, _ in placed), tuple(owner for _, owner in placed), len(mazes))

    def mean_per_maze(self, values: np.ndarray) -> np.ndarray:
        """Average one number per observation over each maze's observations: (N,) to (num_mazes,).

        Raises:
            MazeError: a maze has no observation, so that its mean is undefined.
        """
        counts = np.bincount(self.owner_array, minlength=self.num_mazes)
        if not counts.all():
            raise MazeError(f"mean per maze: the mazes {np.flatnonzero(counts == 0).tolist()} have no observation")
        return np.bincount(self.owner_array, weights=values, minlength=self.num_mazes) / counts
