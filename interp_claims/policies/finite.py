"""Whether activations are finite."""

from __future__ import annotations

import torch
from torch import Tensor


def all_finite(values: Tensor) -> bool:
    """Whether no value is NaN or infinite.

    A sum is finite only if all its parts are, and costs less than a look at each; if not, it may have overflowed.
    """
    return bool(torch.isfinite(values.sum())) or bool(torch.isfinite(values).all())
