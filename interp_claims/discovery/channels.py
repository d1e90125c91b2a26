"""Which of the cheese channels retarget the agent on their own."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from interp_claims.edits.channels import clamp
from interp_claims.mazes.sampling import DISCOVERY, drawn_target, stock_mazes
from interp_claims.measures.paths import normalised_path_probability
from interp_claims.policies import roles as role_module
from interp_claims.policies.frozen import frozen
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import PUBLISHED_EFFECTIVE, name_of_set, roles_of

_MAZES = 48
_PUBLISHED_SHARE = 7 / 11


def effective_channels_of(policy: Policy) -> tuple[int, ...]:
    """The cheese channels that retarget best on their own, seven elevenths of them, the best first.

    Each is clamped at one target in each of 48 discovery mazes without their cheese; what counts is the mean rise of
    the normalised path probability. Found once for each policy and kept.
    """
    policy = policy.source
    if policy.role_set == "published":
        return PUBLISHED_EFFECTIVE
    return tuple(_found(policy)["channels"])


def gains_alone_of(policy: Policy) -> tuple[float, ...]:
    """What each cheese channel, by rank, adds to the mean path probability when it alone is clamped; found once."""
    return tuple(_found(policy.source)["gains"])


def _found(policy: Policy) -> dict[str, Any]:
    def find() -> dict[str, Any]:
        gains = retargeting_gains(policy.bare)
        roles = roles_of(policy.bare)
        count = max(1, round(_PUBLISHED_SHARE * len(roles.cheese_channels)))
        best = np.argsort(-gains, kind="stable")[:count]
        return {
            "channels": [roles.cheese_channels[i] for i in best],
            "gains": [round(float(gain), 6) for gain in gains],
        }

    return frozen(
        policy, name_of_set("effective-channels", policy.role_set), [sys.modules[__name__], role_module], find
    )


def retargeting_gains(policy: Policy) -> np.ndarray:
    """For each cheese channel, by rank, how much clamping it raises the mean path probability: (channels,)."""
    roles = roles_of(policy)
    mazes = stock_mazes().sample(DISCOVERY, _MAZES)
    targets = [drawn_target(maze) for maze in mazes]
    cheeseless = [maze.without_cheese() for maze in mazes]
    base = normalised_path_probability(policy, cheeseless, targets).mean()
    gains = []
    for channel in roles.cheese_channels:
        edit = clamp([channel], targets, roles.clamp_values([channel]), roles.layer)
        gains.append(normalised_path_probability(policy.edited(edit), cheeseless, targets).mean() - base)
    return np.array(gains)
