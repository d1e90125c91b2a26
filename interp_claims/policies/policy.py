"""A policy: a network with weights, asked for action probabilities under an edit. It never changes."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Optional, TypeVar

import numpy as np
from scipy.special import softmax
from torch import Tensor

from interp_claims.mazes.actions import Direction, direction_probabilities
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.observations import Observations
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.checkpoints import identity
from interp_claims.policies.forward import ActivationEdit, Forward
from interp_claims.policies.network import LOGITS, VALUE, ImpalaNetwork


class Outcomes(enum.Enum):
    """Whose outcomes claims about recorded behaviour are given: how their controls act."""

    OWN = "its own"
    OPPOSITE = "the opposite of its own"
    OF_ANOTHER_MAZE = "those of another maze"
    ALWAYS_CHEESE = "always the cheese"
    TOLD = "the cheese where a feature is small"


Answer = TypeVar("Answer")
EditTransform = Callable[[ActivationEdit], ActivationEdit]


class Policy:
    """A maze policy, possibly under an edit.

    Args:
        network: the network with its weights.
        name: what to call it in reports.
        device: where to run it.
        cache: where to keep activations; policies may share one.
        precision: what it computes in, see :class:`Forward`.

    Attributes:
        sha256: its identity, see :func:`interp_claims.policies.identity`.
        scale: its width multiplier.
        edit: the edit that it is under, or None.
        relatives: other policies that go with this one, such as the untrained one of the same width, by name.
        loaded_as: the name or file that it was loaded by.
        role_set: ``"discovered"``, ``"published"`` for the channels of the papers, which are those of one network, or
            the numbers of the channels that are to count as cheese channels, such as ``"17"`` or ``"17,3"``.
        outcomes: whose outcomes claims about recorded behaviour are given.
        find_related: loads other policies by name for the same device, where a manifest is at hand.
    """

    def __init__(
        self,
        network: ImpalaNetwork,
        *,
        name: str,
        device: str = "cpu",
        cache: Optional[ActivationCache] = None,
        precision: str = "float32",
    ) -> None:
        self.name = name
        self.sha256 = identity(network.state_dict())
        self.scale = network.scale
        self.edit: Optional[ActivationEdit] = None
        self.forward = Forward(network, device, cache, precision)
        self.relatives: dict[str, Policy] = {}
        self.loaded_as = name
        self.role_set = "discovered"
        self.outcomes = Outcomes.OWN
        self.find_related: Optional[Callable[[str], Policy]] = None
        self._edit_transform: Optional[EditTransform] = None
        self._seen: Optional[Callable[[Maze], Maze]] = None
        self._rule: Optional[Callable[[Maze], Direction]] = None
        self._source: Optional[Policy] = None

    def _copy(self, edit: Optional[ActivationEdit], transform: Optional[EditTransform]) -> Policy:
        copy = object.__new__(Policy)
        copy.__dict__.update(self.__dict__)
        copy.edit, copy._edit_transform = edit, transform
        return copy

    def edited(self, edit: ActivationEdit) -> Policy:
        """This policy with ``edit`` in every forward pass, after the edits it already has."""
        if self._edit_transform is not None:
            edit = self._edit_transform(edit)
        return self._copy(edit if self.edit is None else self.edit.then(edit), self._edit_transform)

    @property
    def unedited(self) -> Policy:
        """This policy without its edits."""
        return self._copy(None, self._edit_transform)

    @property
    def bare(self) -> Policy:
        """This policy as it was loaded: without edits, and without what controls change."""
        copy = self._copy(None, None)
        copy._seen, copy._rule, copy._source, copy.outcomes = None, None, None, Outcomes.OWN
        return copy

    def with_edits_replaced(self, transform: EditTransform) -> Policy:
        """This policy, but every edit it will be given goes through ``transform`` first: how controls act."""
        return self._copy(self.edit, transform)

    def seeing(self, change: Callable[[Maze], Maze]) -> Policy:
        """This policy, but shown each maze as ``change`` makes it: how controls keep something out of its sight."""
        before = self._seen
        copy = self._copy(self.edit, self._edit_transform)
        copy._seen = change if before is None else lambda maze: change(before(maze))
        return copy

    def following(self, rule: Callable[[Maze], Direction]) -> Policy:
        """This policy, but always going where a rule says for the maze as it stands: how controls plant behaviour."""
        copy = self._copy(self.edit, self._edit_transform)
        copy._rule = rule
        return copy

    def with_source(self, source: Policy) -> Policy:
        """This policy, but activations that are asked for, and roles, are those of another policy of the same width."""
        copy = self._copy(self.edit, self._edit_transform)
        copy._source = source
        return copy

    @property
    def source(self) -> Policy:
        """The policy whose activations and roles edits of this one are made from: itself, but for some mutants."""
        return self if self._source is None else self._source

    def _shown(self, observations: Observations) -> Observations:
        if self._seen is None:
            return observations
        return observations.with_mazes(self._seen)

    def with_outcomes(self, outcomes: Outcomes) -> Policy:
        """This policy, but claims about recorded behaviour are given other outcomes."""
        copy = self._copy(self.edit, self._edit_transform)
        copy.outcomes = outcomes
        return copy

    def logits(self, observations: Observations) -> np.ndarray:
        """Logits of procgen's 15 actions: float32 array of shape (N, 15)."""
        return self.forward.outputs(self._shown(observations), self.edit)[0]

    def values(self, observations: Observations) -> np.ndarray:
        """The value head's answer: float32 array of shape (N,)."""
        return self.forward.outputs(self._shown(observations), self.edit)[1]

    def action_probabilities(self, observations: Observations) -> np.ndarray:
        """Probabilities of procgen's 15 actions: float64 array of shape (N, 15)."""
        return softmax(self.logits(observations).astype(np.float64), axis=1)

    def direction_probabilities(self, observations: Observations) -> np.ndarray:
        """Probabilities of the five directions, in the order of `Direction`: float64 array of shape (N, 5)."""
        if self._rule is not None:
            return np.eye(len(Direction))[[self._rule(maze) for maze in observations.mazes]].reshape(-1, len(Direction))
        return direction_probabilities(self.action_probabilities(observations))

    def activations(self, observations: Observations, layer: str) -> Tensor:
        """The *unedited* activation of a layer: float32 tensor (N, ...) on the policy's device.

        Raises:
            LayerError: the network has no such activation.
        """
        return self.source.forward.activations(self._shown(observations), layer)

    def activations_of_pixels(self, pixels: np.ndarray, layer: str) -> Tensor:
        """The unedited activation of a layer for pictures that need not be mazes.

        Args:
            pixels: uint8 array (N, 64, 64, 3).
            layer: the layer.

        Returns:
            float32 tensor (N, ...) on the policy's device.
        """
        return self.forward.activations_of_pixels(pixels, layer)

    def shape(self, layer: str) -> tuple[int, ...]:
        """The shape of a layer's activation for one observation, for example (128, 16, 16)."""
        self.forward.network.position(layer)
        return self.forward.shapes[layer]

    def __repr__(self) -> str:
        edit = "" if self.edit is None else f", under {self.edit}"
        return f"<Policy {self.name}, sha256 {self.sha256[:12]}{edit}>"


def once_per_policy(function: Callable[[Policy], Answer]) -> Callable[[Policy], Answer]:
    """Let a function of a policy answer once for each policy, without its edits and controls, and keep the answer.

    For what a claim fixes on discovery mazes before it looks at any other: a threshold, or the choice of a layer.
    """
    known: dict[tuple[str, ...], Answer] = {}

    @functools.wraps(function)
    def answered(policy: Policy) -> Answer:
        key = policy.sha256, policy.role_set, str(policy.forward.device), policy.forward.precision
        if key not in known:
            known[key] = function(policy.bare)
        return known[key]

    return answered


def layers_to_edit(policy: Policy) -> tuple[str, ...]:
    """Every activation before the two heads, in the order in which they are computed."""
    return tuple(layer for layer in policy.forward.network.layers if layer not in (LOGITS, VALUE))
