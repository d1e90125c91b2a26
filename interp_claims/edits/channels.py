"""Clamping a cell of a channel, and replacing whole channels: by other activations, by zero, by their mean."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Optional, Union

import numpy as np
import torch
from torch import Tensor

from interp_claims.edits.edit import (
    ChannelChange,
    Content,
    Edit,
    EditError,
    Shapes,
    SquaresChange,
    as_channels,
    channels_by_row,
    channels_text,
    check_channels,
    check_count,
    check_untested,
)
from interp_claims.mazes.maze import WORLD_TILES, Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.policies.finite import all_finite
from interp_claims.policies.forward import Rows
from interp_claims.policies.network import DEFAULT_LAYER, cell_of
from interp_claims.policies.policy import Policy

Channels = Union[int, Iterable[int], np.ndarray]
_PER = ("all", "maze", "observation")


def _checked_square(square: Square) -> Square:
    try:
        row, column = (operator.index(i) for i in square)
    except (TypeError, ValueError):
        raise EditError(f"clamp: got {square!r} for a square, wanted one (row, column) pair per maze") from None
    if not (0 <= row < WORLD_TILES and 0 <= column < WORLD_TILES):
        raise EditError(f"clamp: got square {square}, wanted row and column from 0 to {WORLD_TILES - 1}")
    return row, column


class ClampSquares(Edit):
    """Set one cell per maze of some channels to fixed values."""

    def __init__(self, channels: np.ndarray, squares: tuple[Square, ...], values: np.ndarray, layer: str) -> None:
        self.channels, self.squares, self.values, self.layer = channels, squares, values, layer

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        changed = activation.clone()
        cells = [cell_of(square, activation.shape[-1]) for square in self.squares]
        cell = torch.tensor(cells, device=activation.device)[rows.owners]
        channels = channels_by_row(self.channels, rows)
        row = torch.arange(len(activation), device=activation.device)[:, None]
        values = torch.from_numpy(self.values).to(activation).expand(channels.shape)
        changed[row, channels, cell[:, :1], cell[:, 1:]] = values
        return changed

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        shape = shapes[self.layer]
        if len(shape) != 3:
            raise EditError(f"{self}: {self.layer} has shape {shape}, wanted one with height and width")
        check_count(str(self), "maze", len(self.squares), observations)
        check_channels(self, self.channels, self.layer, shapes, observations)

    def content(self) -> Iterable[Content]:
        return self.layer, self.channels, np.asarray(self.squares), self.values

    def map_channels(self, change: ChannelChange) -> Edit:
        return ClampSquares(as_channels(change(self.channels, self.layer)), self.squares, self.values, self.layer)

    def map_squares(self, change: SquaresChange) -> Edit:
        return ClampSquares(self.channels, change(self.squares), self.values, self.layer)

    def __str__(self) -> str:
        distinct = self.values[:1] if np.ptp(self.values) == 0 else self.values
        values = ", ".join(f"{value:+.3g}" for value in distinct)
        where = f"a square per maze ({len(self.squares)})" if len(self.squares) > 1 else f"square {self.squares[0]}"
        return f"clamp({channels_text(self.channels)} to {values} on {where}, at {self.layer})"


def clamp(
    channels: Channels, squares: Sequence[Square], values: Union[float, Sequence[float]], layer: str = DEFAULT_LAYER
) -> Edit:
    """Set the cell under one square per maze to ``values`` in every forward pass.

    Args:
        channels: one or more channels.
        squares: one square per maze of the batch.
        values: one number for all channels, or one per channel.
        layer: a layer whose activation has height and width.
    """
    numbers = as_channels(channels)
    array = np.atleast_1d(np.asarray(values, dtype=np.float32))
    if array.shape not in ((1,), (numbers.shape[-1],)) or not np.isfinite(array).all():
        raise EditError(f"clamp: got values {values!r} for {numbers.shape[-1]} channels, wanted one or as many, finite")
    if not len(squares):
        raise EditError("clamp: got no squares, wanted one per maze")
    values_by_channel = np.broadcast_to(array, numbers.shape[-1:]).copy()
    return ClampSquares(numbers, tuple(map(_checked_square, squares)), values_by_channel, layer)


class ReplaceChannels(Edit):
    """Put other activations in the place of some channels."""

    def __init__(self, channels: np.ndarray, source: Tensor, per: str, name: str, layer: str) -> None:
        self.channels, self.source, self.per, self.name, self.layer = channels, source, per, name, layer

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        changed = activation.clone()
        source = self.source.to(activation.device)
        if self.per == "all":
            chosen = source.expand(activation.shape)
        else:
            chosen = source[rows.owners if self.per == "maze" else rows.observations].expand(activation.shape)
        row = torch.arange(len(activation), device=activation.device)[:, None]
        channels = channels_by_row(self.channels, rows)
        changed[row, channels] = chosen[row, channels]
        return changed

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        wanted = shapes[self.layer]
        got = tuple(self.source.shape if self.per == "all" else self.source.shape[1:])
        if len(got) != len(wanted) or any(g not in (1, w) for g, w in zip(got, wanted)) or got[0] != wanted[0]:
            raise EditError(f"{self}: the replacement has shape {got}, but {self.layer} has shape {wanted}")
        check_channels(self, self.channels, self.layer, shapes, observations)
        if self.per != "all":
            check_count(str(self), self.per, len(self.source), observations)

    def content(self) -> Iterable[Content]:
        return self.layer, self.per, self.channels, self.source

    def map_channels(self, change: ChannelChange) -> Edit:
        changed = as_channels(change(self.channels, self.layer))
        return ReplaceChannels(changed, self.source, self.per, self.name, self.layer)

    def __str__(self) -> str:
        return f"{self.name}({channels_text(self.channels)}, at {self.layer})"


def replace_channels(
    channels: Channels, source: Tensor, *, per: str, layer: str = DEFAULT_LAYER, name: str = "replace"
) -> Edit:
    """Put ``source``'s channels in the place of the policy's own.

    Args:
        channels: which channels.
        source: activations of the whole layer: (C, H, W) with ``per="all"``, else with one entry per maze or
            observation in front. H and W may be 1 to fill a channel with one value.
        per: ``"all"``, ``"maze"`` or ``"observation"``.
        layer: the layer to act on.
        name: how the edit prints.
    """
    if per not in _PER:
        raise EditError(f"per: got {per!r}, wanted one of {', '.join(map(repr, _PER))}")
    if not all_finite(source):
        raise EditError(f"{name}: the replacement has NaN or infinite values")
    return ReplaceChannels(as_channels(channels), source.to(torch.float32), per, name, layer)


class ScaleChannels(Edit):
    """Multiply some channels, positive and negative values each by a factor of their own."""

    def __init__(self, channels: np.ndarray, positive: float, negative: float, layer: str) -> None:
        self.channels, self.positive, self.negative, self.layer = channels, float(positive), float(negative), layer
        if not (np.isfinite(self.positive) and np.isfinite(self.negative)):
            raise EditError(f"scale_channels: got factors {positive} and {negative}, wanted finite numbers")

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        changed = activation.clone()
        row = torch.arange(len(activation), device=activation.device)[:, None]
        channels = channels_by_row(self.channels, rows)
        chosen = activation[row, channels]
        changed[row, channels] = torch.where(chosen > 0, self.positive * chosen, self.negative * chosen)
        return changed

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        check_channels(self, self.channels, self.layer, shapes, observations)

    def content(self) -> Iterable[Content]:
        return self.layer, self.channels, self.positive, self.negative

    def map_channels(self, change: ChannelChange) -> Edit:
        return ScaleChannels(as_channels(change(self.channels, self.layer)), self.positive, self.negative, self.layer)

    def __str__(self) -> str:
        if self.positive == self.negative:
            how = f"by {self.positive:g}"
        else:
            how = f"by {self.positive:g} where positive and {self.negative:g} where negative"
        return f"scale_channels({channels_text(self.channels)} {how}, at {self.layer})"


def scale_channels(
    channels: Channels, factor: float, *, negative: Optional[float] = None, layer: str = DEFAULT_LAYER
) -> Edit:
    """Multiply channels by ``factor``.

    Args:
        channels: one or more channels.
        factor: what to multiply by.
        negative: what to multiply negative activations by, if not the same; 0 drops them.
        layer: the layer to act on.
    """
    return ScaleChannels(as_channels(channels), factor, factor if negative is None else negative, layer)


def resample(policy: Policy, channels: Channels, donors: Observations, layer: str = DEFAULT_LAYER) -> Edit:
    """Replace channels by the values they take on donor observations, one donor for each observation asked about."""
    return replace_channels(
        channels, policy.activations(donors, layer), per="observation", layer=layer, name="resample"
    )


def fill_channels(policy: Policy, channels: Channels, value: float, layer: str = DEFAULT_LAYER) -> Edit:
    """Replace every activation of some channels by one value."""
    return _filled(policy, channels, value, layer, f"fill_channels to {value:+.3g}")


def zero_ablate(policy: Policy, channels: Channels, layer: str = DEFAULT_LAYER) -> Edit:
    """Replace channels by zero."""
    return _filled(policy, channels, 0.0, layer, "zero_ablate")


def _filled(policy: Policy, channels: Channels, value: float, layer: str, name: str) -> Edit:
    shape = policy.shape(layer)
    values = torch.full(shape[:1] + (1,) * (len(shape) - 1), float(value))
    return replace_channels(channels, values, per="all", layer=layer, name=name)


def mean_ablate(policy: Policy, channels: Channels, mazes: Sequence[Maze], layer: str = DEFAULT_LAYER) -> Edit:
    """Replace each channel by its mean over all cells and over mazes (mouse at the start).

    Args:
        mazes: discovery mazes, so that the constant is fixed before the claim is tested.

    Raises:
        EditError: no mazes, or some that claims or predictions are decided on.
    """
    if not len(mazes):
        raise EditError("mean_ablate: got no mazes, wanted at least one to take the mean over")
    check_untested("mean_ablate", mazes)
    values = policy.activations(Observations.at_start(mazes), layer)
    mean = values.mean(dim=(0, *range(2, values.ndim)), keepdim=True)[0]
    return replace_channels(channels, mean, per="all", layer=layer, name="mean_ablate")
