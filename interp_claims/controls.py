"""Controls: what a claim must fail on, and what a claimed edit must beat.

A control acts on the policy or on every edit that the claim gives it, and the claim's own function is measured again on
the same mazes. *Null controls* must come out refuted, or the claim is vacuous. *Contrast controls* may have effects of
their own, which the claimed edit must exceed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Optional

import numpy as np
import torch

from interp_claims.edits.channels import ReplaceChannels, ScaleChannels, zero_ablate
from interp_claims.edits.edit import Edit, EditError, NoOp
from interp_claims.edits.edit import Sequence as EditSequence
from interp_claims.edits.smoothing import SmoothNegatives
from interp_claims.edits.vectors import AddVector, Vector, cheese_vector, noise_like
from interp_claims.mazes.actions import Direction, direction_between
from interp_claims.mazes.donors import other_mazes
from interp_claims.mazes.geometry import shortest_path
from interp_claims.mazes.maze import Maze, Square
from interp_claims.mazes.sampling import maze_rng, shared_rng
from interp_claims.policies.forward import ActivationEdit
from interp_claims.policies.manifest import related, untrained_like
from interp_claims.policies.policy import Outcomes, Policy, layers_to_edit
from interp_claims.policies.roles import roles_of

_NUDGE = 0.01


@dataclasses.dataclass(frozen=True)
class Control:
    """A named change to a policy or to the edits it will be given.

    Attributes:
        name: how it prints.
        apply: from the policy and the batch of mazes to the policy to measure instead.
        policy_name: the policy that is measured instead, if the control names one.
    """

    name: str
    apply: Callable[[Policy, Sequence[Maze]], Policy]
    policy_name: Optional[str] = None

    def __str__(self) -> str:
        return self.name


def _edits_replaced(change: Callable[[Edit, Policy, Sequence[Maze]], ActivationEdit]) -> Callable[..., Policy]:
    def apply(policy: Policy, mazes: Sequence[Maze]) -> Policy:
        def transform(edit: ActivationEdit) -> ActivationEdit:
            if not isinstance(edit, Edit):
                raise EditError(f"control: got {edit!r}, wanted an edit of interp_claims.edits")
            return change(edit, policy, mazes)

        return policy.with_edits_replaced(transform)

    return apply


def _untrained(policy: Policy, mazes: Sequence[Maze]) -> Policy:
    return untrained_like(policy)


def _no_op(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return edit if isinstance(edit, NoOp) else NoOp(())  # at no layer: nothing is computed that is known unedited


def _nudge(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    nudges = (AddVector(Vector(layer, torch.full(policy.shape(layer), _NUDGE), "nudge"), 1.0) for layer in edit.layers)
    return EditSequence((edit, *nudges))


def _another_mazes_vector(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    def other(vector: Vector) -> Vector:
        return vector.measured_on(other_mazes(vector.mazes if vector.mazes is not None else mazes))

    return edit.map_vectors(other)


def _matched_noise(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return edit.map_vectors(noise_like)


def _own_mazes_vector(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return edit.map_vectors(lambda vector: cheese_vector(policy, mazes, vector.layer))


def _negated(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return edit.map_vectors(lambda vector: vector.with_values(-vector.values, f"negative of the {vector.name}"))


def _layers_silenced(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    silenced = (zero_ablate(policy, range(policy.shape(layer)[0]), layer) for layer in edit.layers)
    return EditSequence((edit, *silenced))


def _last_layer_silenced(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    last = layers_to_edit(policy)[-1]
    return EditSequence((edit, zero_ablate(policy, range(policy.shape(last)[0]), last)))


def _replaced_throughout(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    parts = edit.edits if isinstance(edit, EditSequence) else (edit,)

    def widened(part: ActivationEdit) -> ActivationEdit:
        if not isinstance(part, ReplaceChannels):
            return part
        return part.map_channels(lambda channels, layer: np.arange(policy.shape(layer)[0]))

    return EditSequence(map(widened, parts))


def _replacements_undone(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    parts = edit.edits if isinstance(edit, EditSequence) else (edit,)
    return NoOp(()) if any(isinstance(part, ReplaceChannels) for part in parts) else edit


def _positives_dropped(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    if not isinstance(edit, (ScaleChannels, SmoothNegatives)):
        return edit
    return ScaleChannels(edit.channels, 0.0, 1.0, edit.layer)


def _part_undone(place: int) -> Callable[[Edit, Policy, Sequence[Maze]], ActivationEdit]:
    def undone(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
        if not isinstance(edit, EditSequence):
            return edit
        return EditSequence(part for i, part in enumerate(edit.edits) if i != place)

    return undone


def _cheese_channels(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    def theirs(channels: np.ndarray, layer: str) -> np.ndarray:
        roles = roles_of(policy)
        if roles.layer != layer or channels.shape[-1] > len(roles.cheese_channels):
            raise EditError(f"cheese channels: wanted {channels.shape[-1]} at {layer}, found {roles.cheese_channels}")
        return np.array(roles.cheese_channels[: channels.shape[-1]])

    return edit.map_channels(theirs)


def random_channels_like(policy: Policy, channels: Sequence[int], mazes: Sequence[Maze]) -> np.ndarray:
    """As many channels drawn at random for each maze, none of them among ``channels`` or a cheese channel: (n, k)."""
    return _drawn_channels(policy, np.asarray(channels), roles_of(policy).layer, mazes)


def _random_channels(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return edit.map_channels(lambda channels, layer: _drawn_channels(policy, channels, layer, mazes))


def _drawn_channels(policy: Policy, channels: np.ndarray, layer: str, mazes: Sequence[Maze]) -> np.ndarray:
    roles = roles_of(policy)
    cheese = roles.cheese_channels if roles.layer == layer else ()

    def drawn(own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        pool = np.setdiff1d(np.arange(policy.shape(layer)[0]), [*own, *cheese])
        if len(pool) < len(own):
            raise EditError(f"random channels: {layer} has only {len(pool)} others, wanted {len(own)}")
        return rng.choice(pool, len(own), replace=False)

    if not mazes:
        return drawn(channels.reshape(-1, channels.shape[-1])[0], shared_rng(f"random channels at {layer}"))
    rows = np.broadcast_to(channels, (len(mazes), channels.shape[-1]))
    return np.stack([drawn(own, maze_rng(maze, f"random channels at {layer}")) for own, maze in zip(rows, mazes)])


def another_policy(name: str) -> Control:
    """The claim measured on another policy instead, whose roles are found by the same procedure.

    Args:
        name: a shipped policy, an untrained one by seed (``untrained-scale4-seed1``), or ``region1``: the shipped
            policy trained with that region, of the width of the policy under test if there is one, of the lowest seed.
    """
    return Control(name, lambda policy, mazes: related(policy, name), name)


def straight_to(target_of: Callable[[Maze], Square]) -> Control:
    """A mouse that always takes the shortest path to one square of each maze: what "it rarely gets there" must notice.

    Args:
        target_of: from a maze, wherever its mouse stands, to that square.
    """

    def step(maze: Maze) -> Direction:
        path = shortest_path(maze, maze.mouse, target_of(maze))
        return direction_between(path[0], path[1]) if len(path) > 1 else Direction.STAY

    return Control("straight to the target", lambda policy, mazes: policy.following(step))


#: A network of the same shape with fresh weights; its roles are found by the same procedure.
untrained = Control("untrained", _untrained)
#: Every edit replaced by one that changes nothing.
no_op = Control("no-op", _edits_replaced(_no_op))
#: Every edit followed by adding a hundredth to every activation: what a claim that nothing changes must notice.
nudge = Control("nudge", _edits_replaced(_nudge))
#: Every vector replaced by the same kind of vector of another maze, whose cheese is more than two tiles away.
another_mazes_vector = Control("another maze's vector", _edits_replaced(_another_mazes_vector))
#: Every vector replaced by Gaussian noise of the same Euclidean norm.
matched_noise = Control("noise of the same norm", _edits_replaced(_matched_noise))
#: Every edit moved to as many channels drawn at random for each maze, none of them a cheese channel.
random_channels = Control("random channels", _edits_replaced(_random_channels))
#: For claims about recorded behaviour: the cheese where the policy missed it and none where it got it; likewise, the
#: probability of a step is that of not taking it.
opposite_outcomes = Control("opposite outcomes", lambda policy, mazes: policy.with_outcomes(Outcomes.OPPOSITE))
#: For claims about recorded behaviour: what the policy did in another maze.
another_mazes_outcomes = Control(
    "another maze's outcomes", lambda policy, mazes: policy.with_outcomes(Outcomes.OF_ANOTHER_MAZE)
)
#: For claims about recorded behaviour: a mouse that gets the cheese in every maze.
always_cheese = Control("always the cheese", lambda policy, mazes: policy.with_outcomes(Outcomes.ALWAYS_CHEESE))
#: For claims about prediction: a mouse that gets the cheese where the first of the features is small, and only there.
told_by_the_feature = Control("told by the feature", lambda policy, mazes: policy.with_outcomes(Outcomes.TOLD))
#: Every vector replaced by the cheese vector of the very maze it is used in.
own_mazes_vector = Control("the maze's own vector", _edits_replaced(_own_mazes_vector))
#: Every vector replaced by its negative: what was added is subtracted.
negated = Control("negated", _edits_replaced(_negated))
#: Every edit followed by setting its whole layer to zero: what a claim that little changes must notice.
layers_silenced = Control("whole layer set to zero", _edits_replaced(_layers_silenced))
#: Every replacement of channels widened to all channels of their layer, other edits as they are.
replaced_throughout = Control("all channels replaced", _edits_replaced(_replaced_throughout))
#: Every edit that replaces channels replaced by one that changes nothing, other edits as they are.
replacements_undone = Control("replacement undone", _edits_replaced(_replacements_undone))
#: Every edit that scales channels, or smooths their negative values, replaced by setting their positive ones to zero.
positives_dropped = Control("positive values dropped instead", _edits_replaced(_positives_dropped))
#: Of two edits in sequence, the second alone; single edits as they are.
first_undone = Control("first of two edits undone", _edits_replaced(_part_undone(0)))
#: Of two edits in sequence, the first alone; single edits as they are.
second_undone = Control("second of two edits undone", _edits_replaced(_part_undone(1)))
#: Every edit followed by setting the last layer before the heads to zero: what a claim about entropy must notice.
last_layer_silenced = Control("last layer set to zero", _edits_replaced(_last_layer_silenced))
#: Every edit moved to as many cheese channels.
cheese_channels_instead = Control("cheese channels", _edits_replaced(_cheese_channels))
#: A policy that is shown every maze without its cheese.
cheese_unseen = Control("cheese unseen", lambda policy, mazes: policy.seeing(Maze.without_cheese))
