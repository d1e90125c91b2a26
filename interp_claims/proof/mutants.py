"""Mutants: claims run with their edits made wrong on purpose. A claim worth its verdict comes to another one.

A mutant acts as controls do, on every edit that the claim gives the policy, but takes the claim's own place: the claim
is run under it without controls.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from interp_claims.claims import ClaimSpec
from interp_claims.controls import last_layer_silenced, no_op, random_channels
from interp_claims.edits.edit import Content, Edit, EditError, NoOp, Shapes
from interp_claims.edits.vectors import Vector
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.donors import other_mazes
from interp_claims.mazes.maze import WORLD_TILES, Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import maze_rng, shared_rng
from interp_claims.policies.forward import ActivationEdit, Rows
from interp_claims.policies.manifest import ANOTHER, related
from interp_claims.policies.policy import Policy
from interp_claims.running.context import ClaimToRun
from interp_claims.verdicts.estimands import Ratio
from interp_claims.verdicts.sequential import Hypothesis

#: The claim as it is, without its controls.
UNCHANGED = "none"
#: The mutant for claims that little changes, which no weaker edit can break.
OVERDONE = "overdone"


class NothingToMutateError(InterpClaimsError):
    """A claim that a mutant leaves as it is: it edits nothing, or nothing of the kind that the mutant makes wrong."""


class BesideTheClaimError(NothingToMutateError):
    """A mutant that cannot show whether a claim notices anything, whatever it does to the edits."""


def _edits_changed(change: Callable[[Edit, Sequence[Maze]], Edit]) -> Callable[[Policy, Sequence[Maze]], Policy]:
    def apply(policy: Policy, mazes: Sequence[Maze]) -> Policy:
        return policy.with_edits_replaced(lambda edit: change(_checked(edit), mazes))

    return apply


def _checked(edit: ActivationEdit) -> Edit:
    if not isinstance(edit, Edit):
        raise EditError(f"mutant: got {edit!r}, wanted an edit of interp_claims.edits")
    return edit


class Opposite(Edit):
    """What an edit changes, changed by as much in the opposite direction."""

    def __init__(self, edit: Edit) -> None:
        self.edit = edit

    @property
    def layers(self) -> tuple[str, ...]:
        """Those of the edit."""
        return self.edit.layers

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        """The activation, less what the edit would have added to it."""
        return 2 * activation - self.edit.apply(layer, activation, rows)

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        """Raise unless the edit fits."""
        self.edit.check_fit(shapes, observations)

    def content(self) -> Iterable[Content]:
        """The edit."""
        return [self.edit.sha256]

    def __str__(self) -> str:
        return f"opposite({self.edit})"


def _negated(edit: Edit, mazes: Sequence[Maze]) -> Edit:
    return edit if isinstance(edit, NoOp) else Opposite(edit)


def _of_another_maze(edit: Edit, mazes: Sequence[Maze]) -> Edit:
    def other_vector(vector: Vector) -> Vector:
        if vector.recipe is None or vector.mazes is None:
            return vector
        return vector.measured_on(other_mazes(vector.mazes, _as_full))

    def other_square(maze: Maze, square: Square) -> Square:
        squares = [other for other in maze.free_squares if other != square]
        return squares[maze_rng(maze, "another place").integers(len(squares))]

    moved = edit.map_squares(lambda squares: tuple(map(other_square, mazes, squares)))
    return moved.map_vectors(other_vector)


def _as_full(donor: Maze, maze: Maze) -> bool:
    """Whether a donor fills the picture only where the maze does: in one that does, nothing is left to be opened."""
    return donor.size < WORLD_TILES or maze.size == WORLD_TILES


def _channels_shuffled(edit: Edit, mazes: Sequence[Maze]) -> Edit:
    def shuffled(vector: Vector) -> Vector:
        axis = 1 if vector.per_maze else 0
        order = shared_rng(f"shuffled channels at {vector.layer}").permutation(vector.values.shape[axis])
        values = vector.values.index_select(axis, torch.from_numpy(order).to(vector.values.device))
        return vector.with_values(values, f"{vector.name} with its channels shuffled")

    return edit.map_vectors(shuffled)


def _other_channels(policy: Policy, mazes: Sequence[Maze]) -> Policy:
    vectors = _edits_changed(_channels_shuffled)(policy, mazes)
    moved = random_channels.apply(policy, mazes)
    return policy.with_edits_replaced(lambda edit: _replaced_by(moved, _replaced_by(vectors, edit)))


def _replaced_by(policy: Policy, edit: ActivationEdit) -> ActivationEdit:
    """The edit that a policy has when it is given this one."""
    replaced = policy.unedited.edited(edit).edit
    assert replaced is not None
    return replaced


#: From a name to what becomes of the policy, by the mazes of the batch.
MUTANTS: dict[str, Callable[[Policy, Sequence[Maze]], Policy]] = {
    # every edit replaced by one that changes nothing
    "no-op": no_op.apply,
    # what an edit changes, changed by as much in the opposite direction
    "negated": _edits_changed(_negated),
    # vectors with their channels in another order; edits of channels moved to random ones
    "other-channels": _other_channels,
    # vectors of another maze, whose cheese is elsewhere; clamps on another square
    "another-maze": _edits_changed(_of_another_maze),
    # vectors, donors' activations, channels and values to clamp to from another network of the same width
    "another-checkpoint": lambda policy, mazes: policy.with_source(related(policy, ANOTHER)),
    # every edit followed by setting the last layer before the heads to zero: the policy answers the same everywhere
    OVERDONE: last_layer_silenced.apply,
    UNCHANGED: lambda policy, mazes: policy,
}


def states_little(hypothesis: Hypothesis) -> bool:
    """Whether an edit that changes nothing would fulfil a claim: what is within some bounds, or at most so large.

    >>> from interp_claims.verdicts.estimands import Mean
    >>> [states_little(Hypothesis(Mean((-1, 1)), "at most", theta)) for theta in (0.05, -0.02)]
    [True, False]
    """
    nothing = 1.0 if isinstance(hypothesis.estimand, Ratio) else 0.0
    return hypothesis.direction == "within" or (hypothesis.direction == "at most" and hypothesis.theta > nothing)


def beside_the_claim(spec: ClaimSpec, threshold: str, name: str) -> str:
    """Why a mutant is beside the point of a claim; empty where it is not.

    A universal claim says that something is always equal, which more breaks as well as less.
    """
    if name == UNCHANGED or spec.kind == "universal":
        return ""
    little = states_little(spec.hypotheses[threshold])
    if little and name != OVERDONE:
        return "says that little changes, which holds all the more of an edit that does less or something else"
    if not little and name == OVERDONE:
        return "says that something changes, which may hold all the more of a policy that is ruined"
    return ""


def without_controls(spec: ClaimSpec) -> ClaimSpec:
    """A claim that is decided alone."""
    return dataclasses.replace(spec, null_controls=(), contrast_controls=(), fails_for=())


def mutated(run: ClaimToRun, name: str) -> ClaimToRun:
    """A claim under a mutant, without controls.

    Running it raises :class:`NothingToMutateError` where the mutant leaves all of its edits as they are, and
    :class:`BesideTheClaimError` where it is beside the point.
    """
    if why := beside_the_claim(run.spec, run.threshold, name):
        return dataclasses.replace(run, spec=without_controls(run.spec), function=_refused(run.function, why))
    policy = None if run.policy is None else (run.policy.sha256, run.policy.role_set)
    function = _mutated_function(run.function, name, (run.variant, policy))
    return dataclasses.replace(run, spec=without_controls(run.spec), function=function)


def _refused(function: Callable[..., Any], why: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def refused(**arguments: Any) -> Any:
        raise BesideTheClaimError(f"{function.__name__}: {why}")

    return refused


@functools.cache
def _mutated_function(function: Callable[..., Any], name: str, of: Hashable) -> Callable[..., Any]:
    """A claim's function under a mutant: one for all thresholds, which share its measurements.

    Args:
        function: the claim's.
        name: of the mutant.
        of: tells apart the parametrisations and policies of one function, each of which must give edits of its own.
    """
    acted = False

    @functools.wraps(function)
    def measured(**arguments: Any) -> Any:
        nonlocal acted
        policy = arguments.get("policy")
        if not isinstance(policy, Policy):
            raise NothingToMutateError(f"{function.__name__}: is about no policy")
        mutant = MUTANTS[name](policy, arguments.get("mazes", ()))

        def noted(edit: ActivationEdit) -> ActivationEdit:
            nonlocal acted
            changed = _replaced_by(mutant, edit)
            borrowed = mutant.source.forward is not policy.forward and not isinstance(edit, NoOp)
            acted = acted or name == UNCHANGED or changed != edit or borrowed
            return changed

        returned = function(**{**arguments, "policy": mutant.with_edits_replaced(noted)})
        if not acted:
            raise NothingToMutateError(f"{function.__name__}: gives the policy no edit that {name} would change")
        return returned

    return measured
