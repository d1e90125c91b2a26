"""Whether the same cheese channels are found on other discovery mazes."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from interp_claims.discovery.effects import overlap
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import discover_roles

_SAMPLES = 4
_MAZES = 256


def channel_stability(policy: Policy) -> float:
    """The mean overlap (Jaccard index) of the cheese channels found on four disjoint samples of 256 discovery mazes."""
    found = [discover_roles(policy.bare, mazes=_MAZES, skipped=i * _MAZES).cheese_channels for i in range(_SAMPLES)]
    return float(np.mean([overlap(some, others) for some, others in combinations(found, 2)]))
