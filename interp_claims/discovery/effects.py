"""How much P(cheese) depends on each single channel: patched with what it is without the cheese."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from interp_claims.edits.channels import replace_channels
from interp_claims.mazes.sampling import DISCOVERY, with_decision_square
from interp_claims.measures.decisions import decision_observations, p_cheese
from interp_claims.policies.frozen import frozen
from interp_claims.policies.network import DEFAULT_LAYER
from interp_claims.policies.policy import Policy

_MAZES = 64


def channel_effects_of(policy: Policy) -> tuple[float, ...]:
    """The effect of every channel of the papers' layer, see :func:`channel_effects`; found once and kept."""

    def find() -> dict[str, Any]:
        return {"effects": [round(float(effect), 6) for effect in channel_effects(policy.bare)]}

    return tuple(frozen(policy, "channel-effects", [sys.modules[__name__]], find)["effects"])


def channel_effects(policy: Policy, layer: str = DEFAULT_LAYER) -> np.ndarray:
    """How much P(cheese) falls on average when one channel is as it would be without the cheese: (channels,).

    Every channel is patched, whatever it looks like, on the decision squares of 64 discovery mazes.
    """
    mazes = with_decision_square().sample(DISCOVERY, _MAZES)
    cheeseless = decision_observations(mazes).with_mazes(lambda maze: maze.without_cheese())
    without, base = policy.activations(cheeseless, layer), p_cheese(policy, mazes)
    falls = []
    for channel in range(policy.shape(layer)[0]):
        patch = replace_channels(channel, without, per="observation", layer=layer, name="patch")
        falls.append(float((base - p_cheese(policy.edited(patch), mazes)).mean()))
    return np.array(falls)


def channels_by_effect(effects: Sequence[float], count: int) -> tuple[int, ...]:
    """The channels with the largest effects, the largest first.

    >>> channels_by_effect([0.1, -0.4, 0.3, 0.2], 2)
    (2, 3)
    """
    return tuple(int(channel) for channel in np.argsort(-np.asarray(effects), kind="stable")[:count])


def overlap(some: Sequence[int], others: Sequence[int]) -> float:
    """Jaccard index of two sets of channels: how many they share, of all that are in either."""
    return len(set(some) & set(others)) / len(set(some) | set(others))
