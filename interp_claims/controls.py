"""Controls: what a claim must fail on, and what a claimed edit must beat.

A control acts on the policy or on every edit that the claim gives it, and the claim's own function is measured again on
the same mazes. *Null controls* must come out refuted, or the claim is vacuous. *Contrast controls* may have effects of
their own, which the claimed edit must exceed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import torch

from interp_claims.edits.edit import Edit, EditError, NoOp
from interp_claims.edits.vectors import Vector
from interp_claims.mazes.donors import other_mazes
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.sampling import maze_rng
from interp_claims.policies.forward import ActivationEdit
from interp_claims.policies.manifest import untrained_like as _untrained_like
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import roles_of


@dataclasses.dataclass(frozen=True)
class Control:
    """A named change to a policy or to the edits it will be given.

    Attributes:
        name: how it prints.
        apply: from the policy and the batch of mazes to the policy to measure instead.
    """

    name: str
    apply: Callable[[Policy, Sequence[Maze]], Policy]

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
    return _untrained_like(policy)


def _no_op(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    return NoOp(edit.layers)


def _another_mazes_vector(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    def other(vector: Vector) -> Vector:
        return vector.measured_on(other_mazes(vector.mazes if vector.mazes is not None else mazes))

    return edit.map_vectors(other)


def _matched_noise(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    def noise(vector: Vector) -> Vector:
        owners = vector.mazes if vector.mazes is not None else mazes[:1]
        shape = tuple(vector.values.shape[1:] if vector.per_maze else vector.values.shape)
        drawn = np.stack([maze_rng(maze, "matched noise").standard_normal(shape) for maze in owners])
        axes = tuple(range(1, drawn.ndim))
        norms = np.atleast_1d(vector.norms()).reshape(-1, *[1] * len(shape))
        drawn *= norms / np.sqrt((drawn**2).sum(axis=axes, keepdims=True))
        values = torch.from_numpy(drawn if vector.per_maze else drawn[0]).to(vector.values)
        return vector.with_values(values, f"noise with the norm of the {vector.name}")

    return edit.map_vectors(noise)


def _random_channels(edit: Edit, policy: Policy, mazes: Sequence[Maze]) -> ActivationEdit:
    def others(channels: np.ndarray, layer: str) -> np.ndarray:
        roles = roles_of(policy)
        excluded = {*channels.ravel().tolist(), *(roles.cheese_channels if roles.layer == layer else ())}
        pool = [channel for channel in range(policy.shape(layer)[0]) if channel not in excluded]
        if len(pool) < channels.shape[-1]:
            raise EditError(f"random channels: {layer} has only {len(pool)} others, wanted {channels.shape[-1]}")
        return np.stack(
            [maze_rng(maze, "random channels").choice(pool, channels.shape[-1], replace=False) for maze in mazes]
        )

    return edit.map_channels(others)


#: A network of the same shape with fresh weights; its roles are found by the same procedure.
untrained = Control("untrained", _untrained)
#: Every edit replaced by one that changes nothing.
no_op = Control("no-op", _edits_replaced(_no_op))
#: Every vector replaced by the same kind of vector of another maze, whose cheese is more than two tiles away.
another_mazes_vector = Control("another maze's vector", _edits_replaced(_another_mazes_vector))
#: Every vector replaced by Gaussian noise of the same Euclidean norm.
matched_noise = Control("noise of the same norm", _edits_replaced(_matched_noise))
#: Every edit moved to as many channels drawn at random for each maze, none of them a cheese channel.
random_channels = Control("random channels", _edits_replaced(_random_channels))
