"""Activations of mazes that differ by their mouse, computed anew only where the mouse can change them.

A mouse covers a few of a picture's 4,096 pixels. A convolution or a pooling carries a change no farther than its kernel
reaches, so up to the middle of the network most cells of an activation are those of the maze without a mouse. These
are computed once for each maze; for each place of the mouse there remains a window around it, which is cut out with the
rim that its next layer needs, and put back at the end.

What comes out for an observation depends on nothing else that is asked: mazes without a mouse are run in chunks of one
size, windows in chunks of another.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from interp_claims.mazes.maze import Maze
from interp_claims.mazes.procgen import mouse_windows, paint
from interp_claims.policies.network import DEFAULT_LAYER, OBSERVATION, ImpalaNetwork, geometry

_WINDOWS_CPU, _WINDOWS_CUDA = 16, 256
_WINDOWED = (nn.Conv2d, nn.MaxPool2d)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a window lies in an activation, for each of B observations.

    Attributes:
        rows: int64 (B,), the first row.
        columns: int64 (B,), the first column.
        height: how many rows.
        width: how many columns.
        side: rows, and columns, of the whole activation.
    """

    rows: np.ndarray
    columns: np.ndarray
    height: int
    width: int
    side: int

    def through(self, window: nn.Conv2d | nn.MaxPool2d) -> Place:
        """The cells after a convolution or pooling that depend on any of these."""
        kernel, stride, padding = geometry(window)
        side = (self.side + 2 * padding - kernel) // stride + 1
        height, width = (min((size + kernel - 2) // stride + 1, side) for size in (self.height, self.width))
        rows, columns = (-((kernel - 1 - padding - first) // stride) for first in (self.rows, self.columns))
        return Place(rows.clip(0, side - height), columns.clip(0, side - width), height, width, side)

    def before(self, window: nn.Conv2d | nn.MaxPool2d, side: int) -> Place:
        """The cells before a convolution or pooling on which these depend; some may lie outside."""
        kernel, stride, padding = geometry(window)
        rows, columns = (first * stride - padding for first in (self.rows, self.columns))
        height, width = ((size - 1) * stride + kernel for size in (self.height, self.width))
        return Place(rows, columns, height, width, side)

    def cells(self, inside: Place) -> np.ndarray:
        """The number of each of these cells among those of ``inside``: int64 (B, height, width)."""
        rows = (self.rows - inside.rows)[:, None, None] + np.arange(self.height)[:, None]
        return rows * inside.width + (self.columns - inside.columns)[:, None, None] + np.arange(self.width)

    def outside(self) -> np.ndarray:
        """Which of these cells lie outside the activation: bool (B, height, width)."""
        rows = self.rows[:, None] + np.arange(self.height)
        columns = self.columns[:, None] + np.arange(self.width)
        beyond_rows, beyond_columns = ((at < 0) | (at >= self.side) for at in (rows, columns))
        return beyond_rows[:, :, None] | beyond_columns[:, None, :]


@dataclasses.dataclass(frozen=True)
class Window:
    """The part of an activation that the mouse can have changed: values (B, height, width, features), and where."""

    values: Tensor
    place: Place


class MovingMouse:
    """The first half of a network, for mazes with their mouse on one square or another.

    Args:
        network: the network, on its device.
        device: the device.
        chunk: how many mazes without a mouse are run at a time, and how many are kept.
        scenes: where they are kept; several networks may share it.
        token: tells this network's from others'.
    """

    def __init__(
        self,
        network: ImpalaNetwork,
        device: torch.device,
        chunk: int,
        scenes: Optional[OrderedDict[tuple[int, bytes], dict[str, Tensor]]] = None,
        token: int = 0,
    ) -> None:
        self.network, self.device, self.chunk = network, device, chunk
        self.windows_at_once = _WINDOWS_CUDA if device.type == "cuda" else _WINDOWS_CPU
        nodes = network.nodes[: network.position(DEFAULT_LAYER) + 1]
        needed = {DEFAULT_LAYER}
        for node in nodes:
            if isinstance(node.function, _WINDOWED):
                needed.update(node.inputs)
                needed.add(node.name)
            elif len(node.inputs) > 1:
                needed.update(node.inputs)
        self._kept = tuple(node.name for node in nodes if node.name in needed)
        self._scenes = scenes if scenes is not None else OrderedDict()
        self._token = token

    def rows(self, mazes: Sequence[Maze], layer: str) -> Iterator[tuple[Maze, Tensor]]:
        """Each maze, in some order, with its activation of ``layer``, features last, in memory of its own.

        Args:
            mazes: no two alike.
            layer: ``DEFAULT_LAYER`` or one before it.
        """
        by_scene: dict[bytes, list[Maze]] = {}
        for maze in mazes:
            by_scene.setdefault(maze.scene, []).append(maze)
        scenes = list(by_scene)
        for first in range(0, len(scenes), self.chunk):
            here = scenes[first : first + self.chunk]
            self._run_scenes([by_scene[scene][0] for scene in here])
            yield from self._run_windows([maze for scene in here for maze in by_scene[scene]], layer)

    # -- mazes without a mouse ---------------------------------------------------------------------------------------

    def _run_scenes(self, mazes: Sequence[Maze]) -> None:
        """Make sure that the activations of these mazes without their mouse, one chunk at most, are kept."""
        for maze in mazes:
            if (self._token, maze.scene) in self._scenes:
                self._scenes.move_to_end((self._token, maze.scene))
        new = [maze for maze in mazes if (self._token, maze.scene) not in self._scenes]
        if not new:
            return
        pictures = torch.from_numpy(paint(new, mouse=False)).to(self.device)
        padded = torch.cat([pictures, pictures[-1:].expand(self.chunk - len(new), -1, -1, -1)])
        observation = _as_numbers(padded, self.network.dtype).permute(0, 3, 1, 2)
        found = self.network.run(observation, until=DEFAULT_LAYER, keep=self._kept)
        by_layer = {name: found[name].permute(0, 2, 3, 1).contiguous() for name in self._kept}
        by_layer[OBSERVATION] = pictures
        for i, maze in enumerate(new):
            self._scenes[self._token, maze.scene] = {name: value[i].clone() for name, value in by_layer.items()}
        while len(self._scenes) > self.chunk:
            self._scenes.popitem(last=False)

    # -- the mouse ---------------------------------------------------------------------------------------------------

    def _run_windows(self, mazes: Sequence[Maze], layer: str) -> Iterator[tuple[Maze, Tensor]]:
        scenes = {scene: i for i, scene in enumerate(dict.fromkeys(maze.scene for maze in mazes))}
        base: dict[str, Tensor] = {}

        def base_of(name: str) -> Tensor:
            if name not in base:
                base[name] = torch.stack([self._scenes[self._token, scene][name] for scene in scenes])
            return base[name]

        for first in range(0, len(mazes), self.windows_at_once):
            chosen = list(mazes[first : first + self.windows_at_once])
            padded = chosen + [chosen[-1]] * (self.windows_at_once - len(chosen))
            owners = np.array([scenes[maze.scene] for maze in padded])
            window = self._run_chunk(padded, owners, base_of, layer)
            whole = self._whole(window, base_of(layer), owners)
            yield from ((maze, row.clone()) for maze, row in zip(chosen, whole))

    def _run_chunk(
        self, mazes: Sequence[Maze], owners: np.ndarray, base_of: Callable[[str], Tensor], layer: str
    ) -> Window:
        """The window of ``layer``, computed through those of all layers before it."""
        live = {OBSERVATION: self._seen(mazes)}
        for node in self.network.nodes[: self.network.position(layer) + 1]:
            inputs = [live[name] for name in node.inputs]
            if isinstance(node.function, _WINDOWED):
                place = inputs[0].place.through(node.function)
                around = place.before(node.function, inputs[0].place.side)
                name = node.inputs[0]
                cut = self._cut(inputs[0], around, base_of(name), owners, _rim(node.function))
                numbers = _as_numbers(cut, self.network.dtype).permute(0, 3, 1, 2)
                values = _unpadded(node.function, numbers).permute(0, 2, 3, 1)
            else:
                place = max((window.place for window in inputs), key=lambda at: at.height)
                grown = [
                    window.values if window.place is place else self._cut(window, place, base_of(name), owners, 0.0)
                    for window, name in zip(inputs, node.inputs)
                ]
                values = node.function(*grown)
            live[node.name] = Window(values, place)
        return live[layer]

    def _seen(self, mazes: Sequence[Maze]) -> Window:
        """The window of the picture that holds the mouse."""
        rows, columns, height, width = mouse_windows(mazes)
        pictures = paint(mazes)
        place = Place(rows, columns, height, width, pictures.shape[1])
        cells = place.cells(_all_of(pictures.shape[1], len(mazes)))
        pixels = pictures.reshape(len(mazes), -1, 3)[np.arange(len(mazes))[:, None, None], cells]
        return Window(torch.from_numpy(pixels).to(self.device), place)

    def _cut(self, window: Window, around: Place, base: Tensor, owners: np.ndarray, rim: float) -> Tensor:
        """The values at ``around``: the window's where it is, the rim's value outside, else those without a mouse.

        Args:
            window: B windows.
            around: where to cut; it holds the window.
            base: (scenes, side, side, features).
            owners: the scene of each observation, int64 (B,).
            rim: the value outside the activation.

        Returns:
            (B, height, width, features).
        """
        features = base.shape[-1]
        cells = around.cells(_all_of(around.side, len(owners)))
        outside = around.outside()
        cells = np.where(outside, 0, cells) + (owners * around.side**2)[:, None, None]
        values = base.reshape(-1, features).index_select(0, self._index(cells))
        if outside.any():
            values.index_fill_(0, self._index(np.flatnonzero(outside)), rim)
        self._put(window, values, around)
        return values.reshape(len(owners), around.height, around.width, features)

    def _put(self, window: Window, values: Tensor, around: Place) -> None:
        """Write a window into values (B * height * width, features) cut around it."""
        starts = np.arange(len(window.values)) * around.height * around.width
        cells = window.place.cells(around) + starts[:, None, None]
        values.index_copy_(0, self._index(cells), window.values.reshape(-1, values.shape[-1]))

    def _whole(self, window: Window, base: Tensor, owners: np.ndarray) -> Tensor:
        """The whole activation: (B, side, side, features)."""
        side, features = base.shape[1], base.shape[-1]
        values = base.index_select(0, self._index(owners)).reshape(-1, features)
        self._put(window, values, _all_of(side, len(owners)))
        return values.reshape(len(owners), side, side, features)

    def _index(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(numbers.reshape(-1)).to(self.device)


def _all_of(side: int, count: int) -> Place:
    zeros = np.zeros(count, dtype=np.int64)
    return Place(zeros, zeros, side, side, side)


def _rim(window: nn.Conv2d | nn.MaxPool2d) -> float:
    """What lies outside an activation, as far as this layer is concerned."""
    return 0.0 if isinstance(window, nn.Conv2d) else -torch.inf


def _unpadded(window: nn.Conv2d | nn.MaxPool2d, values: Tensor) -> Tensor:
    """The layer's answer where its kernel fits wholly into ``values``."""
    kernel, stride, _ = geometry(window)
    if isinstance(window, nn.Conv2d):
        return nn.functional.conv2d(values, window.weight, window.bias, stride)
    return nn.functional.max_pool2d(values, kernel, stride)


def _as_numbers(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Activations as they are, pictures as numbers from 0 to 1."""
    return (values.to(torch.float32) / 255).to(dtype) if values.dtype == torch.uint8 else values
