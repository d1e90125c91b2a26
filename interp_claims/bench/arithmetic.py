"""How near the policy's forward passes come to what the machine's matrix products reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from interp_claims.bench.rows import Row
from interp_claims.bench.timing import compared
from interp_claims.policies import ImpalaNetwork

_SCALE = 4
_SIDE = 2048
_BATCH = 8
_TIMES = 12
_SHARE = 0.5


def multiplications(network: ImpalaNetwork) -> int:
    """Multiply-and-add operations of one observation's forward pass: convolutions and linear layers.

    >>> round(2 * multiplications(ImpalaNetwork(4)) / 1e9, 2)  # floating-point operations, in billions
    0.92
    """
    shapes: dict[str, torch.Size] = {}

    def note(name: str, value: torch.Tensor) -> torch.Tensor:
        shapes[name] = value.shape
        return value

    with torch.no_grad():
        network.run(torch.zeros(1, 3, 64, 64, dtype=network.dtype), edit=note)
    total = 0
    for node in network.nodes:
        if isinstance(node.function, (nn.Conv2d, nn.Linear)):
            cells = shapes[node.name][2:].numel()
            total += cells * node.function.weight.numel()
    return total


def arithmetic_rows(device: str) -> Iterator[Row]:
    """Achieved floating-point operations a second, as a share of those of large matrix products."""
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        network = ImpalaNetwork(_SCALE).initialise(0).eval().requires_grad_(False)
        network = network.with_convolutions_in(dtype).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        batch = torch.rand(_BATCH, 3, 64, 64, device=device, dtype=dtype).to(memory_format=torch.channels_last)
        left, right = (torch.rand(_SIDE, _SIDE, device=device, dtype=dtype) for _ in range(2))

        def forward(network: ImpalaNetwork = network, batch: torch.Tensor = batch) -> Callable[[], object]:
            return lambda: [float(network(batch)[1].sum()) for _ in range(_TIMES)]

        def product(left: torch.Tensor = left, right: torch.Tensor = right) -> Callable[[], object]:
            return lambda: float((left @ right)[0, 0])

        with torch.no_grad():
            product()()
            forward()()
            found = compared(forward, product, rounds=5)
        ours = 2 * multiplications(network) * _BATCH * _TIMES / found.first_seconds
        theirs = 2 * _SIDE**3 / found.second_seconds
        yield Row(
            "arithmetic of the bare network",
            "matrix products of side 2,048",
            ours / theirs,
            _SHARE,
            "at least",
            f"{ours / 1e9:.0f} against {theirs / 1e9:.0f} GFLOP/s, scale {_SCALE}, {precision}, {_BATCH} at a time, "
            f"{device}, {torch.get_num_threads()} threads",
        )
