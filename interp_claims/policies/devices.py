"""Where networks run, and what can be wrong with it."""

from __future__ import annotations

import torch

from interp_claims.errors import CircumstanceError, InterpClaimsError


class DeviceError(InterpClaimsError, ValueError):
    """A device that there is not."""


def check_device(device: str) -> None:
    """Raise :class:`DeviceError` unless networks can run on ``device``: ``cpu``, ``cuda`` or ``cuda:1``."""
    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise DeviceError(f"device: got {device!r}, wanted cpu, cuda or cuda:N")
    if kind == "cuda" and (torch.device(device).index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"device {device}: PyTorch sees {torch.cuda.device_count()} GPUs; leave it out for the CPU")


class DeviceMemoryError(CircumstanceError, MemoryError):
    """A device without the memory that a network and one chunk of observations need."""
