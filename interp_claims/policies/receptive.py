"""Which cells of an activation a pixel can reach: a bound that follows from the architecture alone."""

from __future__ import annotations

import numpy as np
from torch import nn

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.network import OBSERVATION, ImpalaNetwork, LayerError, geometry

_PIXELS = 64


def reachable_cells(network: ImpalaNetwork, pixel: tuple[int, int], layer: str) -> np.ndarray:
    """The cells of ``layer`` that a change of one pixel can change, whatever the weights.

    Args:
        network: the network.
        pixel: (row, column) of the observation, row 0 at the top.
        layer: an activation with height and width.

    Returns:
        bool array (height, width).

    Raises:
        LayerError: the layer has no height and width, or does not exist.
    """
    network.position(layer)
    if not all(0 <= i < _PIXELS for i in pixel):
        raise InterpClaimsError(f"pixel: got {pixel}, wanted row and column from 0 to {_PIXELS - 1}")
    rows, columns = (_reached(network, i, layer) for i in pixel)
    return np.outer(rows, columns)


def _reached(network: ImpalaNetwork, index: int, layer: str) -> np.ndarray:
    """The same along one axis: kernels and strides are square, so the two axes do not mix."""
    start = np.zeros(_PIXELS, dtype=bool)
    start[index] = True
    reached = {OBSERVATION: start}
    for node in network.nodes[: network.position(layer) + 1]:
        inputs = [reached[source] for source in node.inputs]
        if isinstance(node.function, (nn.Conv2d, nn.MaxPool2d)):
            reached[node.name] = _through_window(inputs[0], node.function)
        elif isinstance(node.function, nn.Linear) or node.name == "embedder.flatten_out":
            raise LayerError(f"{layer!r} has no height and width; choose one of the three blocks' activations")
        else:
            reached[node.name] = np.logical_or.reduce(inputs)
    return reached[layer]


def _through_window(reached: np.ndarray, window: nn.Conv2d | nn.MaxPool2d) -> np.ndarray:
    kernel, stride, padding = geometry(window)
    padded = np.pad(reached, padding)
    firsts = range(0, len(padded) - kernel + 1, stride)
    return np.array([padded[first : first + kernel].any() for first in firsts])
