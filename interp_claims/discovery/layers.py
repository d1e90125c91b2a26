"""How clearly each layer tracks the cheese, and how much P(cheese) depends on it there."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np

from interp_claims.edits import vectors as vector_module
from interp_claims.edits.vectors import cheese_vector, subtract
from interp_claims.mazes.sampling import DISCOVERY, with_decision_square
from interp_claims.measures.decisions import p_cheese
from interp_claims.policies import roles as role_module
from interp_claims.policies.frozen import frozen
from interp_claims.policies.network import DEFAULT_LAYER, RESIDUAL_LAYERS
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import RoleError, discover_roles

_MAZES = 64
_TRACKING_MAZES = 128


@dataclasses.dataclass(frozen=True)
class LayerScores:
    """Scores of the layers that hand on a residual sum, and of the last hidden layer.

    Attributes:
        layers: their names, in the order of the network.
        tracking: per layer, the share of variance between cheese and elsewhere (eta squared) that the clearest channel
            explains; 0 where a layer has no height and width, or no channel is higher at the cheese.
        causal: per layer, how much subtracting its cheese vector lowers P(cheese) on average.
    """

    layers: tuple[str, ...]
    tracking: tuple[float, ...]
    causal: tuple[float, ...]

    def rank(self, layer: str = DEFAULT_LAYER, by: str = "causal") -> int:
        """How many layers score higher than this one, plus one."""
        scores = getattr(self, by)
        return 1 + sum(score > scores[self.layers.index(layer)] for score in scores)

    @property
    def discovered(self) -> str:
        """The layer that ranks best by both scores together: of the smallest sum of ranks, the last one.

        Subtracting the cheese vector early takes the cheese away as if it were not there, whatever a layer does with
        it, and late layers have no place for a cheese to be: neither score would do alone.
        """
        sums = [self.rank(layer) + self.rank(layer, by="tracking") for layer in self.layers]
        return self.layers[len(sums) - 1 - sums[::-1].index(min(sums))]


def layer_scores_of(policy: Policy) -> LayerScores:
    """The scores of a policy's layers, on discovery mazes; found once and kept."""

    def find() -> dict[str, Any]:
        return dataclasses.asdict(score_layers(policy.bare))

    modules = [sys.modules[__name__], role_module, vector_module]
    return LayerScores(**frozen(policy, "layer-scores", modules, find))


def score_layers(policy: Policy) -> LayerScores:
    """Measure the scores of a policy's layers."""
    mazes = with_decision_square().sample(DISCOVERY, _MAZES)
    base = p_cheese(policy, mazes)
    causal, tracking = [], []
    for layer in RESIDUAL_LAYERS:
        lowered = base - p_cheese(policy.edited(subtract(cheese_vector(policy, mazes, layer))), mazes)
        causal.append(round(float(lowered.mean()), 6))
        tracking.append(round(_tracking(policy, layer), 6))
    return LayerScores(RESIDUAL_LAYERS, tuple(tracking), tuple(causal))


def _tracking(policy: Policy, layer: str) -> float:
    if len(policy.shape(layer)) != 3:
        return 0.0
    try:
        roles = discover_roles(policy, layer, _TRACKING_MAZES)
    except RoleError:
        return 0.0
    f = roles.f_scores[roles.cheese_channel]
    freedom = 2 * _TRACKING_MAZES - 2  # of an F statistic between two groups
    return float(np.clip(f / (f + freedom), 0, 1))
