"""What a benchmark says: a ratio, the target that it should reach, and what was compared."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        name: the work.
        against: what it is compared with.
        ratio: ours against theirs, in the sense that the name says.
        target: what the ratio should be.
        direction: whether it should be at least or at most that.
        detail: the two measured figures and the setting, in words.
    """

    name: str
    against: str
    ratio: float
    target: float
    direction: Literal["at least", "at most"]
    detail: str

    @property
    def reached(self) -> bool:
        """Whether the ratio is as it should be."""
        return self.ratio >= self.target if self.direction == "at least" else self.ratio <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**dataclasses.asdict(self), "ratio": round(self.ratio, 4), "reached": self.reached}
