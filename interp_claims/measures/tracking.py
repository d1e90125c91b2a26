"""How channels follow the cheese."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import DISCOVERY, maze_rng, stock_mazes
from interp_claims.policies.network import cell_of
from interp_claims.policies.policy import Policy

PROBED_MAZES = 512
_CELLS_WITHOUT = 15


def activations_at(policy: Policy, mazes: Sequence[Maze], squares: Sequence[Square], layer: str) -> np.ndarray:
    """All channels of a layer at the cell of one square per maze, mouse at the start: float32 array (n, channels)."""
    if len(mazes) != len(squares):
        raise MazeError(f"activations: got {len(mazes)} mazes and {len(squares)} squares, wanted as many")
    activations = policy.activations(Observations.at_start(mazes), layer).cpu().numpy()
    cells = [cell_of(square, activations.shape[-1]) for square in squares]
    return np.stack([activations[i, :, row, column] for i, (row, column) in enumerate(cells)])


def mean_elsewhere(policy: Policy, mazes: Sequence[Maze], layer: str) -> np.ndarray:
    """All channels of a layer averaged over the cells of the free squares that are not the cheese's: (n, channels)."""
    activations = policy.activations(Observations.at_start(mazes), layer).cpu().numpy()
    means = []
    for activation, maze in zip(activations, mazes):
        cheese = None if maze.cheese is None else cell_of(maze.cheese, activation.shape[-1])
        cells = {cell_of(square, activation.shape[-1]) for square in maze.free_squares} - {cheese}
        rows, columns = zip(*sorted(cells))
        means.append(activation[:, rows, columns].mean(axis=1))
    return np.stack(means)


def another_square(maze: Maze) -> Square:
    """A free square without mouse or cheese, drawn by the maze's seed."""
    squares = [square for square in maze.free_squares if square not in (maze.cheese, maze.start)]
    if not squares:
        raise MazeError(f"{maze!r} has no free square besides those of mouse and cheese")
    return squares[maze_rng(maze, "another square").integers(len(squares))]


class CheeseProbe:
    """A linear probe that scores each cell of a layer by its likeness to the cheese's; fitted on discovery mazes.

    Args:
        policy: whose activations.
        layer: a layer with height and width.
        mazes: how many discovery mazes to fit it on.
    """

    def __init__(self, policy: Policy, layer: str, mazes: int = PROBED_MAZES) -> None:
        self.layer = layer
        sample = stock_mazes().sample(DISCOVERY, mazes)
        rows, labels = [], []
        for activation, maze in zip(self._activations(policy, sample), sample):
            cells = activation.reshape(len(activation), -1).T
            cheese = self._cheese_cell(maze, activation.shape[-1])
            others = np.delete(np.arange(len(cells)), cheese)
            drawn = maze_rng(maze, "cells without cheese").choice(
                others, min(_CELLS_WITHOUT, len(others)), replace=False
            )
            rows.append(cells[[cheese, *drawn]])
            labels += [1] + [0] * len(drawn)
        self._model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self._model.fit(np.concatenate(rows), labels)

    def _activations(self, policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
        activations = policy.activations(Observations.at_start(mazes), self.layer).cpu().numpy()
        if activations.ndim != 4:
            raise MazeError(f"probe: {self.layer} has shape {activations.shape[1:]}, wanted one with height and width")
        return activations

    @staticmethod
    def _cheese_cell(maze: Maze, resolution: int) -> int:
        if maze.cheese is None:
            raise MazeError(f"probe: {maze!r} has no cheese to find; filter for mazes with cheese")
        row, column = cell_of(maze.cheese, resolution)
        return row * resolution + column

    def finds_cheese(self, policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
        """Whether the highest score is that of the cheese's cell: float64 array (n,) of 0 and 1."""
        found = []
        for activation, maze in zip(self._activations(policy, mazes), mazes):
            cells = activation.reshape(len(activation), -1).T
            best = int(np.argmax(self._model.decision_function(cells)))
            found.append(best == self._cheese_cell(maze, activation.shape[-1]))
        return np.array(found, dtype=np.float64)


def probe_of(policy: Policy, layer: str) -> CheeseProbe:
    """The probe of a policy as it was loaded, fitted once in each process."""
    key = (policy.sha256, layer)
    if key not in _probes:
        _probes[key] = CheeseProbe(policy.bare, layer)
    return _probes[key]


_probes: dict[tuple[str, str], CheeseProbe] = {}
