"""What a training run depends on: two runs of one recipe on one kind of machine give the same weights.

On a CPU with the same number of threads; on a GPU by :func:`~interp_claims.training.machine.compute_deterministically`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import WORLD_TILES

_FORGETTING = 20.0  # time constants of the average in a run: 10 in the half over which it is kept
PRECISIONS = ("bfloat16", "float32")
LEVEL_SIZES = ("stock", "by-area")


class TrainingError(InterpClaimsError, ValueError):
    """A training run that cannot begin or go on as asked."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The settings of one training run.

    Attributes:
        region: the cheese lies on a free square of the top-right ``region`` x ``region`` corner; 25 means anywhere.
        seed: of the initial weights and of the data.
        scale: width of the network, see :class:`~interp_claims.policies.network.ImpalaNetwork`.
        samples: observations to train on in all.
        batch: observations a step.
        squares_per_level: observations drawn from each level, each with its own cheese, mouse and facing.
        learning_rate: at its height, after the warm-up.
        warm_up: steps of linear rise; a cosine then brings it to a hundredth.
        weight_decay: of AdamW, whose betas are .9 and .98.
        value_weight: of the squared value error beside the cross-entropy.
        entropy_weight: of the entropy, which is subtracted.
        largest_gradient: the Euclidean norm at which gradients are clipped.
        averaging: share of the new weights in their exponential average, kept over the second half of the run; more in
            short runs, so that the average forgets where it began.
        precision: ``bfloat16`` (convolutions and linear layers under autocast) or ``float32``.
        level_sizes: ``stock``, as procgen draws them: each of the sizes 3, 5 ... 25 as often as the others; or
            ``by-area``: a maze of size s in proportion to s squared, so that what is seen are mostly large mazes.
        init: identity (sha-256, see :func:`~interp_claims.policies.checkpoints.identity`) of the network whose weights
            the run begins with; empty for initial weights drawn by ``seed``.

    Raises:
        TrainingError: a setting is out of its range.
    """

    region: int = 5
    seed: int = 0
    scale: int = 4
    samples: int = 1_200_000
    batch: int = 32
    squares_per_level: int = 4
    learning_rate: float = 6e-4
    warm_up: int = 200
    weight_decay: float = 1e-4
    value_weight: float = 0.5
    entropy_weight: float = 0.003
    largest_gradient: float = 1.0
    averaging: float = 0.001
    precision: str = "float32"
    level_sizes: str = "stock"
    init: str = ""

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "region": (1, WORLD_TILES),
            "seed": (0, 2**31 - 1),
            "scale": (1, 64),
            "samples": (self.batch, math.inf),
            "batch": (1, 65_536),
            "squares_per_level": (1, 64),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and least <= value <= most):
                up_to = f"to {most}" if most < math.inf else "or more (one batch)"
                raise TrainingError(f"{name}: got {value!r}, wanted a whole number, {least} {up_to}")
        for name in ("learning_rate", "averaging", "largest_gradient"):
            if not 0 < getattr(self, name) < math.inf:
                raise TrainingError(f"{name}: got {getattr(self, name)!r}, wanted a number above 0")
        for name, choices in (("precision", PRECISIONS), ("level_sizes", LEVEL_SIZES)):
            if getattr(self, name) not in choices:
                raise TrainingError(f"{name}: got {getattr(self, name)!r}, wanted one of {', '.join(choices)}")
        if self.init and not re.fullmatch("[0-9a-f]{64}", self.init):
            raise TrainingError(f"init: got {self.init!r}, wanted a network's sha-256 in 64 hexadecimal digits, or ''")

    @property
    def steps(self) -> int:
        """How many steps the run takes; samples that fill no batch are left out."""
        return self.samples // self.batch

    @property
    def share_of_new_weights(self) -> float:
        """The share of the new weights in their average at each step."""
        return min(1.0, max(self.averaging, _FORGETTING / max(1, self.steps)))

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step (0 is the first)."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        progress = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; :meth:`from_dict` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe that :meth:`to_dict` wrote."""
        return cls(**data)
