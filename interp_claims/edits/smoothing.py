"""Smoothing the negative values of channels: each channel keeps what it has of them on average, but no pattern."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from interp_claims.edits.channels import Channels
from interp_claims.edits.edit import (
    ChannelChange,
    Content,
    Edit,
    Shapes,
    as_channels,
    channels_by_row,
    channels_text,
    check_channels,
)
from interp_claims.mazes.observations import Observations
from interp_claims.policies.forward import Rows
from interp_claims.policies.network import DEFAULT_LAYER


class SmoothNegatives(Edit):
    """Replace the negative activations of some channels by their mean, channel by channel."""

    def __init__(self, channels: np.ndarray, layer: str) -> None:
        self.channels, self.layer = channels, layer

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        changed = activation.clone()
        row = torch.arange(len(activation), device=activation.device)[:, None]
        channels = channels_by_row(self.channels, rows)
        chosen = activation[row, channels]
        negative = chosen < 0
        cells = tuple(range(2, chosen.ndim))  # none where a channel is a single number, which is its own mean
        if cells:
            counts = negative.sum(dim=cells, keepdim=True).clamp(min=1)
            means = chosen.clamp(max=0).sum(dim=cells, keepdim=True) / counts
            changed[row, channels] = torch.where(negative, means, chosen)
        return changed

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        check_channels(self, self.channels, self.layer, shapes, observations)

    def content(self) -> Iterable[Content]:
        return self.layer, self.channels

    def map_channels(self, change: ChannelChange) -> Edit:
        return SmoothNegatives(as_channels(change(self.channels, self.layer)), self.layer)

    def __str__(self) -> str:
        return f"smooth_negatives({channels_text(self.channels)}, at {self.layer})"


def smooth_negatives(channels: Channels, layer: str = DEFAULT_LAYER) -> Edit:
    """Replace the negative activations of channels, in each observation, by the mean of that channel's negative ones.

    Args:
        channels: one or more channels.
        layer: the layer to act on.
    """
    return SmoothNegatives(as_channels(channels), layer)
