"""Adding and subtracting activation vectors, such as the cheese vector."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Optional, Union

import numpy as np
import torch
from torch import Tensor

from interp_claims.edits.edit import Content, Edit, EditError, Shapes, check_count, check_untested
from interp_claims.mazes.maze import Maze, MazeError
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import maze_rng, shared_rng
from interp_claims.policies.finite import all_finite
from interp_claims.policies.forward import Rows
from interp_claims.policies.network import DEFAULT_LAYER
from interp_claims.policies.policy import Policy

Recipe = Callable[[Sequence[Maze]], Tensor]


@dataclasses.dataclass(frozen=True, eq=False)
class Vector:
    """A direction in the activations of one layer, for each maze of a batch or one for all.

    Attributes:
        layer: the layer it belongs to.
        given: the values, (n, ...) with one vector per maze or (...) with one for all mazes; or what measures them,
            called when they are first asked for: under a control that makes no edit, they never are.
        name: what it is, for printing.
        mazes: the mazes that a vector per maze was measured on; None for one vector for all.
        recipe: how to measure it on other mazes, or None.

    Raises:
        EditError: NaN or infinite values, or another number of vectors than of mazes.
    """

    layer: str
    given: Union[Tensor, Callable[[], Tensor]]
    name: str
    mazes: Optional[tuple[Maze, ...]] = None
    recipe: Optional[Recipe] = None

    def __post_init__(self) -> None:
        if isinstance(self.given, Tensor):
            _ = self.values  # are checked at once

    @cached_property
    def values(self) -> Tensor:
        """float32, (n, ...) with one vector per maze, or (...) with one for all mazes."""
        values = self.given if isinstance(self.given, Tensor) else self.given()
        if self.mazes is not None and len(self.mazes) != len(values):
            raise EditError(f"{self.name}: got {len(values)} vectors for {len(self.mazes)} mazes, wanted as many")
        values = values.to(torch.float32)
        if not all_finite(values):
            raise EditError(f"{self.name}: has NaN or infinite values")
        return values

    @property
    def per_maze(self) -> bool:
        """Whether each maze has its own vector."""
        return self.mazes is not None

    def measured_on(self, others: Sequence[Maze]) -> Vector:
        """The same kind of vector, measured on other mazes, one for each of this vector's mazes.

        Raises:
            EditError: the vector does not know how it was made, or the numbers of mazes differ.
        """
        if self.recipe is None or self.mazes is None:
            raise EditError(f"{self.name}: does not know how to measure itself on other mazes; give it a recipe")
        if len(others) != len(self.mazes):
            raise EditError(f"{self.name}: got {len(others)} other mazes, wanted {len(self.mazes)}")
        return dataclasses.replace(self, given=self.recipe(others), name=f"{self.name} of another maze")

    def with_values(self, values: Tensor, name: str) -> Vector:
        """Other values in the same place."""
        if values.shape != self.values.shape:
            raise EditError(f"{name}: got shape {tuple(values.shape)}, wanted {tuple(self.values.shape)}")
        return dataclasses.replace(self, given=values, name=name, recipe=None)

    def mean(self) -> Vector:
        """The average over the mazes, which are discovery mazes: one vector for all.

        Raises:
            EditError: it is a vector of mazes that claims or predictions are decided on.
        """
        if self.mazes is None:
            return self
        check_untested(f"mean {self.name}", self.mazes)
        return Vector(self.layer, self.values.mean(dim=0), f"mean {self.name} of {len(self.values)} mazes")

    def norms(self) -> np.ndarray:
        """Euclidean norm of each maze's vector: float64 (n,), or () for one vector for all."""
        flat = self.values.flatten(start_dim=1 if self.per_maze else 0)  # squares of tiny values are 0 in float32
        return torch.linalg.vector_norm(flat, dim=-1, dtype=torch.float64).cpu().numpy()


def cheese_vector(policy: Policy, mazes: Sequence[Maze], layer: str = DEFAULT_LAYER) -> Vector:
    """Activations with the cheese minus without, mouse at the start square: one vector per maze.

    Source: "Understanding and controlling a maze-solving policy network" (2023), "Computing the cheese vector".

    Raises:
        MazeError: a maze has no cheese.
    """

    def recipe(on: Sequence[Maze]) -> Tensor:
        present = policy.activations(Observations.at_start(_with_cheese(on)), layer)
        return present - policy.activations(Observations.at_start([maze.without_cheese() for maze in on]), layer)

    _with_cheese(mazes)
    return Vector(layer, lambda: recipe(mazes), "cheese vector", tuple(mazes), recipe)


def _with_cheese(mazes: Sequence[Maze]) -> Sequence[Maze]:
    without = [i for i, maze in enumerate(mazes) if maze.cheese is None]
    if without:
        raise MazeError(f"cheese vector: the mazes {without[:5]} have no cheese; filter for mazes with cheese")
    return mazes


def top_right_vector(policy: Policy, mazes: Sequence[Maze], layer: str = DEFAULT_LAYER) -> Vector:
    """Activations with a way to the top-right corner of the whole picture opened minus without: one vector per maze.

    Mouse (at the start) and cheese stay where they are. Source: "Maze-solving agents: Add a top-right vector, make the
    agent go to the top-right" (2023).

    Raises:
        MazeError: a maze fills the whole picture, so that there is no way to open.
    """

    def recipe(on: Sequence[Maze]) -> Tensor:
        return policy.activations(_opened(on), layer) - policy.activations(Observations.at_start(on), layer)

    _opened(mazes)
    return Vector(layer, lambda: recipe(mazes), "top-right vector", tuple(mazes), recipe)


def _opened(mazes: Sequence[Maze]) -> Observations:
    return Observations.one_each([maze.with_mouse_at_start().opened_to_top_right() for maze in mazes])


def noise_like(vector: Vector) -> Vector:
    """Gaussian noise with the Euclidean norm of each maze's vector, drawn by the maze's seed."""
    shape = tuple(vector.values.shape[1:] if vector.per_maze else vector.values.shape)
    purpose = f"{vector.name} at {vector.layer}"
    if vector.mazes is not None:
        rngs = [maze_rng(maze, f"noise for the {purpose}") for maze in vector.mazes]
    else:
        rngs = [shared_rng(purpose)]
    values = torch.empty_like(vector.values)
    for row, rng, norm in zip(values if vector.per_maze else [values], rngs, np.atleast_1d(vector.norms())):
        drawn = rng.standard_normal(shape)
        row.copy_(torch.from_numpy(drawn * (norm / np.sqrt((drawn**2).sum()))))
    return vector.with_values(values, f"noise with the norm of the {vector.name}")


class AddVector(Edit):
    """Add ``coefficient`` times a vector to its layer's activations."""

    def __init__(self, vector: Vector, coefficient: float) -> None:
        self.vector, self.coefficient = vector, float(coefficient)
        if not np.isfinite(self.coefficient):
            raise EditError(f"coefficient: got {coefficient}, wanted a finite number")

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.vector.layer,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        values = self.vector.values.to(activation.device)
        return activation + self.coefficient * (values[rows.owners] if self.vector.per_maze else values)

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        wanted = shapes[self.vector.layer]
        got = tuple(self.vector.values.shape[1:] if self.vector.per_maze else self.vector.values.shape)
        if got != wanted:
            raise EditError(f"{self}: the vector has shape {got}, but {self.vector.layer} has shape {wanted}")
        if self.vector.per_maze:
            check_count(str(self), "maze", len(self.vector.values), observations)

    def content(self) -> Iterable[Content]:
        return self.vector.layer, self.vector.per_maze, self.coefficient, self.vector.values

    def map_vectors(self, change: Callable[[Vector], Vector]) -> Edit:
        return AddVector(change(self.vector), self.coefficient)

    def __str__(self) -> str:
        verb, size = ("add", self.coefficient) if self.coefficient >= 0 else ("subtract", -self.coefficient)
        times = "" if size == 1 else f", {size:g} times"
        return f"{verb}({self.vector.name}{times}, at {self.vector.layer})"


def add(vector: Vector, coefficient: float = 1.0) -> Edit:
    """Add a vector, ``coefficient`` times, in every forward pass."""
    return AddVector(vector, coefficient)


def subtract(vector: Vector, coefficient: float = 1.0) -> Edit:
    """Subtract a vector, ``coefficient`` times, in every forward pass."""
    return AddVector(vector, -coefficient)
