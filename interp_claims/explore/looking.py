"""What a policy makes of one maze, before and after an edit, as plain data for the page.

What is needed at once (the decision, the mouse's square, activations) takes a few observations; the vector field takes
hundreds and is computed in batches, the squares nearest the mouse first.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Optional

import numpy as np
import torch
from scipy.special import entr, softmax
from torch import Tensor

from interp_claims.errors import InterpClaimsError
from interp_claims.explore.editing import edit_of
from interp_claims.explore.state import State
from interp_claims.mazes.actions import direction_probabilities
from interp_claims.mazes.geometry import NoPathError, decision_square, euclidean
from interp_claims.mazes.maze import Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.procgen import paint
from interp_claims.measures.decisions import Decision, decide
from interp_claims.measures.fields import field_squares
from interp_claims.policies.forward import ActivationEdit, Rows
from interp_claims.policies.network import cell_of
from interp_claims.policies.policy import Policy

#: How many channels are suggested because they are the strongest, or change most.
STRONGEST = 8
_PLACES = 6


@dataclasses.dataclass(frozen=True)
class Scene:
    """A policy, a maze and an edit that was made for both.

    Attributes:
        policy: the policy without edits.
        state: what the page shows.
        edit: all edits as one, or None.
        problem: why the edits cannot act here, or an empty text.
        mouse: ``value`` and ``entropy`` where the mouse stands, ``before`` and, if there is an edit, ``after``.
    """

    policy: Policy
    state: State
    edit: Optional[ActivationEdit]
    problem: str
    mouse: dict[str, dict[str, float]]

    @property
    def variants(self) -> tuple[tuple[str, Policy], ...]:
        """The policies to ask: ``before``, and ``after`` if there is an edit that acts."""
        before = ("before", self.policy)
        return (before,) if self.edit is None else (before, ("after", self.policy.edited(self.edit)))

    @property
    def squares(self) -> tuple[Square, ...]:
        """The squares of the vector field, the nearest to the mouse first."""
        return _from_mouse(self.state.maze)


def scene_of(policy: Policy, state: State) -> Scene:
    """Make the edits of a state; where they cannot act, the scene says why and has none."""
    policy.logits(_first_observations(policy, state))
    mouse = {"before": _at_mouse(policy, state.maze)}
    try:
        edit = edit_of(policy, state)
        if edit is not None:  # asked here, since an edit may fit and still overflow
            mouse["after"] = _at_mouse(policy.edited(edit), state.maze)
        return Scene(policy, state, edit, "", mouse)
    except InterpClaimsError as error:
        return Scene(policy, state, None, str(error), mouse)


def first_look(scene: Scene) -> dict[str, Any]:
    """What is shown at once."""
    maze = scene.state.maze
    return {
        "type": "first",
        "decision": _decision(scene),
        "mouse": scene.mouse,
        "activations": _activations(scene),
        "edit": {"text": "" if scene.edit is None else str(scene.edit), "problem": scene.problem},
        "picture": _text(paint([maze])[0]),
        "total": len(field_squares(maze)),
    }


def field_batches(scene: Scene) -> Iterator[tuple[Square, ...]]:
    """The squares of the field, as many at a time as the network takes at once, the nearest to the mouse first."""
    squares, chunk = scene.squares, scene.policy.forward.chunk
    for first in range(0, len(squares), chunk):
        yield squares[first : first + chunk]


def look_at(scene: Scene, squares: Sequence[Square]) -> dict[str, Any]:
    """The five probabilities on some squares: rows ``[row, column, before, after or null]``."""
    observations = Observations.at_squares([scene.state.maze], [squares], scene.state.maze.facing)
    answers = [np.round(asked.direction_probabilities(observations), _PLACES).tolist() for _, asked in scene.variants]
    after = answers[1] if len(answers) > 1 else [None] * len(squares)
    rows = [[*square, one, other] for square, one, other in zip(squares, answers[0], after)]
    return {"type": "field", "rows": rows}


def _mouse(maze: Maze) -> Observations:
    return Observations.one_each([maze])


def _from_mouse(maze: Maze) -> tuple[Square, ...]:
    return tuple(sorted(field_squares(maze), key=lambda square: (euclidean(square, maze.mouse), square)))


def _first_observations(policy: Policy, state: State) -> Observations:
    """What the first look needs, filled up with the squares nearest to the mouse: one chunk, so that it takes one pass.

    These are the mouse's square, the decision square, and for cheese vectors the start with and without the cheese.
    """
    maze = state.maze
    wanted = [maze]
    decision, _ = _where_to_decide(maze)
    if decision is not None:
        wanted.append(maze.with_mouse(decision))
    if any(edit.kind == "cheese" for edit in state.edits) and maze.free[maze.start]:
        wanted += [maze.with_mouse_at_start(), maze.with_mouse_at_start().without_cheese()]
    nearest = [maze.with_mouse(square, maze.facing) for square in _from_mouse(maze) if square != maze.mouse]
    chosen = [*wanted, *nearest][: max(len(wanted), policy.forward.chunk)]
    return Observations(tuple(chosen), (0,) * len(chosen), 1)


def _where_to_decide(maze: Maze) -> tuple[Optional[Square], str]:
    """The decision square, or why there is none."""
    if maze.cheese is None:
        return None, "The maze has no cheese."
    for what, where in (("start square, bottom left,", maze.start), ("top-right corner", maze.top_right)):
        if not maze.free[where]:
            return None, f"The {what} is a wall."
    try:
        square = decision_square(maze)
    except NoPathError:
        return None, "No paths join the start square, the cheese and the top-right corner."
    if square is None:
        return None, "The ways to the cheese and to the top-right corner do not part: one lies on the other."
    return square, ""


def _decision(scene: Scene) -> dict[str, Any]:
    maze = scene.state.maze
    square, why_not = _where_to_decide(maze)
    if square is None:
        return {"why_not": why_not}
    answers = {name: _shares(decide(asked, [maze])) for name, asked in scene.variants}
    return {"square": list(square), **answers}


def _shares(decision: Decision) -> dict[str, float]:
    return {name: float(values[0]) for name, values in dataclasses.asdict(decision).items()}


def _at_mouse(policy: Policy, maze: Maze) -> dict[str, float]:
    logits, values = policy.forward.outputs(_mouse(maze), policy.edit)  # both in one pass
    probabilities = direction_probabilities(softmax(logits.astype(np.float64), axis=1))
    return {"value": float(values[0]), "entropy": float(entr(probabilities).sum())}


def _activations(scene: Scene) -> Optional[dict[str, Any]]:
    """The maps of the channels shown, the mouse where it is, and which channels are the strongest there."""
    layer, maze = scene.state.layer, scene.state.maze
    if not layer:
        return None
    before = scene.policy.activations(_mouse(maze), layer)[0]
    after = None if scene.edit is None else edited_activation(scene.policy, maze, scene.edit, layer)
    strength = (before if after is None else after - before).abs().amax(dim=(1, 2))
    strongest = strength.topk(min(STRONGEST, len(strength))).indices.tolist()
    side = before.shape[-1]
    marks = {"mouse": cell_of(maze.mouse, side), "cheese": maze.cheese and cell_of(maze.cheese, side)}
    return {
        "layer": layer,
        "side": side,
        "marks": marks,
        "strongest": [channel for channel in strongest if strength[channel] > 0],
        "maps": [
            {
                "channel": c,
                "before": _text(before[c]),
                "after": None if after is None else _text(after[c]),
                "clamped": _clamped_cells(scene.state, layer, c, side),
            }
            for c in scene.state.channels
        ],
    }


def _clamped_cells(state: State, layer: str, channel: int, side: int) -> list[tuple[int, int]]:
    clamps = [e for e in state.edits if e.layer == layer and channel in e.channels and e.square is not None]
    return [cell_of(e.square, side) for e in clamps if e.square is not None]


@torch.no_grad()
def edited_activation(policy: Policy, maze: Maze, edit: ActivationEdit, layer: str) -> Tensor:
    """The activation of a layer for one maze as it stands, under an edit: float32 tensor of the layer's shape."""
    network = policy.forward.network
    earliest = min(edit.layers, key=network.position)
    if network.position(layer) < network.position(earliest):
        return policy.activations(_mouse(maze), layer)[0]
    start = network.resume_point(earliest)
    value = policy.activations(_mouse(maze), start)
    rows = Rows(*[torch.zeros(1, dtype=torch.int64, device=value.device)] * 2)

    def change(name: str, activation: Tensor) -> Tensor:
        return edit.apply(name, activation, rows) if name in edit.layers else activation

    return network.run(value, start=start, until=layer, edit=change)[layer][0]


def _text(values: Tensor | np.ndarray) -> str:
    """The bytes of an array, row by row, as base64: float32 activations or uint8 pictures."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
