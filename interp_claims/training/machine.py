"""What the machine at hand is, and how a run makes good use of it."""

from __future__ import annotations

import os
import platform

import torch

#: cuBLAS reads it at its first use, and computes the same every time with these values alone.
_WORKSPACE, _DETERMINISTIC_WORKSPACES = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")


def default_workers() -> int:
    """Data workers that keep one device busy: all cores but two, and one at least."""
    return max(1, len(os.sched_getaffinity(0)) - 2)


def default_precision(device: str) -> str:
    """``bfloat16`` where the device computes in it, else ``float32``."""
    if device.startswith("cuda"):
        computes = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        told = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        computes = any(getattr(torch.cpu, name, bool)() for name in told)
    return "bfloat16" if computes else "float32"


def compute_deterministically(device: str) -> None:
    """Have a GPU compute the same bits every time, as a CPU does of itself with the same number of threads.

    To be called before anything is computed; it holds for all that this process computes from then on.
    """
    if not device.startswith("cuda"):
        return
    if os.environ.get(_WORKSPACE) not in _DETERMINISTIC_WORKSPACES:
        os.environ[_WORKSPACE] = _DETERMINISTIC_WORKSPACES[0]
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    torch.use_deterministic_algorithms(True)


def described(device: torch.device) -> str:
    """The kind of machine, for a model card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cores = f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores"
    return f"{cores} ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"
