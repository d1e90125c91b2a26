"""Vector fields and P(cheese), with and without edits, against the authors' published tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from interp_claims.bench.published import PublishedTools
from interp_claims.bench.rows import Row
from interp_claims.bench.timing import Compared, compared
from interp_claims.edits import cheese_vector, clamp, subtract
from interp_claims.mazes import CONFIRMATION, Maze, Observations, with_decision_square
from interp_claims.mazes.geometry import forget
from interp_claims.mazes.procgen import paint, simulator
from interp_claims.measures import field_squares, p_cheese, vector_fields
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy
from interp_claims.policies.network import cell_of

_SCALE = 4
_EDITS, _EDITS_OF_THEIRS = 50, 4
_MAZES = 100
_LEVEL = 5
#: Precision and targets: of one field, of fields under many edits, of P(cheese).
_MODES = {"float32": (2.2, 9.0, 6.0), "bfloat16": (4.0, 15.0, 10.0)}


def edit_rows(device: str) -> Iterator[Row]:
    """All rows; both sides use the same weights, those of an untrained network."""
    network = ImpalaNetwork(_SCALE).initialise(0)
    tools = PublishedTools(network)
    maze = simulator().mazes([_LEVEL])[0]
    paint([maze])  # the painter learns its tiles once
    for precision, (one_field, many_edits, p_of_cheese) in _MODES.items():
        fresh = partial(_policy, network, device, precision)
        yield from _field_rows(tools, fresh, network, maze, one_field)
        yield _many_edits_row(tools, fresh, maze, many_edits)
        yield _p_cheese_row(tools, fresh, p_of_cheese)


def _policy(network: ImpalaNetwork, device: str, precision: str) -> Policy:
    """A policy that has computed nothing yet."""
    return Policy(network, name="bench", device=device, precision=precision)


def _field_rows(
    tools: PublishedTools, fresh: Callable[[], Policy], plain: ImpalaNetwork, maze: Maze, target: float
) -> Iterator[Row]:
    venv = tools.venv(_LEVEL)
    count = len(field_squares(maze))

    def ours() -> Callable[[], object]:
        policy = fresh()
        return lambda: vector_fields(policy, [maze])

    def squares_a_second(found: Compared) -> str:
        return f"{count / found.first_seconds:.0f} against {count / found.second_seconds:.0f} squares/s"

    found = compared(ours, lambda: lambda: tools.vector_field(venv))
    where = _where(fresh())
    yield Row(
        "vector field of one maze",
        "procgen-tools",
        found.ratio,
        target,
        "at least",
        f"{squares_a_second(found)}, {where}",
    )
    obvious = compared(ours, lambda: lambda: _obvious_field(plain, maze))
    what = "one batched forward of all squares, channels last"
    yield Row("vector field of one maze", what, obvious.ratio, 1.0, "at least", f"{squares_a_second(obvious)}, {where}")


@torch.no_grad()
def _obvious_field(network: ImpalaNetwork, maze: Maze) -> torch.Tensor:
    """All squares rendered by procgen and run as one batch in float32."""
    mazes = Observations.at_squares([maze], [field_squares(maze)]).mazes
    pictures = torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2)
    return network(pictures.to(torch.float32) / 255)[0].softmax(dim=1)


def _many_edits_row(tools: PublishedTools, fresh: Callable[[], Policy], maze: Maze, target: float) -> Row:
    """The same channels are clamped by both; theirs, under a few edits, is counted as often as ours."""
    square = maze.free_squares[len(maze.free_squares) // 2]
    row, column = cell_of(square)
    venv = tools.venv(_LEVEL)

    def ours() -> Callable[[], object]:
        policy = fresh()
        edits = [clamp(channel, [square], 5.0) for channel in range(_EDITS)]
        return lambda: [vector_fields(policy.edited(edit), [maze]) for edit in edits]

    def theirs() -> None:
        for channel in range(_EDITS_OF_THEIRS):

            def clamped(activation: torch.Tensor, channel: int = channel) -> torch.Tensor:
                activation[:, channel, row, column] = 5.0
                return activation

            with tools.edited(clamped):
                tools.vector_field(venv)

    found = compared(ours, lambda: theirs)
    times = _EDITS / _EDITS_OF_THEIRS
    detail = (
        f"{found.first_seconds:.1f} s against {times * found.second_seconds:.1f} s (measured on {_EDITS_OF_THEIRS} "
        f"edits), {len(field_squares(maze))} squares, edits at {DEFAULT_LAYER}, {_where(fresh())}"
    )
    name = f"vector fields of one maze under {_EDITS} edits"
    return Row(name, f"procgen-tools, {_EDITS} vector fields", found.ratio * times, target, "at least", detail)


def _p_cheese_row(tools: PublishedTools, fresh: Callable[[], Policy], target: float) -> Row:
    seeds = [maze.seed for maze in with_decision_square().sample(CONFIRMATION, _MAZES) if maze.seed is not None]

    def ours() -> Callable[[], object]:
        policy = fresh()
        forget()  # that these mazes have a decision square had to be found out
        return lambda: _p_cheese_before_and_after(policy, simulator().mazes(seeds))

    def theirs() -> list[tuple[float, float]]:
        return [tools.p_cheese_before_and_after(seed) for seed in seeds]

    found = compared(ours, lambda: theirs)
    return Row(
        f"P(cheese) before and after the cheese vector, {_MAZES} mazes",
        "procgen-tools' way: an environment a maze, full forwards",
        found.ratio,
        target,
        "at least",
        f"{found.first_seconds:.1f} s against {found.second_seconds:.1f} s, {_where(fresh())}",
    )


def _p_cheese_before_and_after(policy: Policy, mazes: Sequence[Maze]) -> np.ndarray:
    vector = cheese_vector(policy, mazes)
    return np.stack([p_cheese(policy, mazes), p_cheese(policy.edited(subtract(vector)), mazes)], axis=1)


def _where(policy: Policy) -> str:
    return f"scale {policy.scale}, {policy.forward.precision}, {policy.forward.device}"
