"""Forward passes in fixed, padded chunks, with shared activations kept.

An observation is a maze with its mouse in place, and its activations are a function of that maze alone. So the
activations up to a layer are computed once per observation, whichever edits, claims and controls ask for them, and the
chunks in which they are computed always have the same size, so that results do not depend on what else is asked.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Optional, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import Maze, MazeError
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.procgen import paint
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.devices import DeviceMemoryError, check_device
from interp_claims.policies.finite import all_finite
from interp_claims.policies.moving import MovingMouse
from interp_claims.policies.network import DEFAULT_LAYER, LOGITS, OBSERVATION, VALUE, ImpalaNetwork

_CHUNK_CPU, _CHUNK_CUDA = 8, 256
_OBSERVATIONS_AT_ONCE = 256
PRECISIONS = ("float32", "bfloat16")
_tokens = count()
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Rows:
    """Which observations one chunk holds: int64 tensors of shape (B,), on the network's device.

    Attributes:
        observations: the index of each row's observation in the request.
        owners: the index of the maze it belongs to.
    """

    observations: Tensor
    owners: Tensor


class OverflowingNetworkError(InterpClaimsError, ArithmeticError):
    """A network whose answers are NaN or infinite, although its weights are not."""


class ActivationEdit(Protocol):
    """What the forward pass needs of an edit."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The activations it changes."""

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        """The changed activation of ``layer``; must not write into the one given."""

    def check(self, network: ImpalaNetwork, shapes: dict[str, tuple[int, ...]], observations: Observations) -> None:
        """Raise an error if the edit does not fit the network or the observations."""

    def then(self, later: ActivationEdit) -> ActivationEdit:
        """This edit followed by another."""


class PrecisionError(InterpClaimsError, ValueError):
    """A precision that networks do not compute in."""


class Forward:
    """One network on one device, answering for observations.

    Args:
        network: the network; it is moved to ``device`` and put into channels-last memory order.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        cache: where to keep activations; several networks may share one.
        precision: what the convolutions compute in: ``"float32"``, or ``"bfloat16"``, which is faster where the device
            computes in it and differs in the third digit. Edits see and change float32 in either.

    Raises:
        PrecisionError: another precision.
        DeviceError: a device that there is not.
    """

    def __init__(
        self,
        network: ImpalaNetwork,
        device: str = "cpu",
        cache: Optional[ActivationCache] = None,
        precision: str = "float32",
    ) -> None:
        check_device(str(device))
        if precision not in PRECISIONS:
            raise PrecisionError(f"precision: got {precision!r}, wanted {' or '.join(PRECISIONS)}")
        if precision != "float32":
            network = network.with_convolutions_in(torch.bfloat16)
        self.device, self.precision = torch.device(device), precision
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cudnn.deterministic = True
        self.chunk = _CHUNK_CUDA if self.device.type == "cuda" else _CHUNK_CPU
        self.observations_run = 0
        self._token = next(_tokens)
        self.cache = cache if cache is not None else ActivationCache()
        self._outputs: OrderedDict[bytes, tuple[np.ndarray, float]] = OrderedDict()
        self._moving = MovingMouse(network, self.device, self.chunk, self.cache.scenes, self._token)
        self.network = self._with_memory(lambda: network.to(self.device).eval().requires_grad_(False))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._shapes = self._with_memory(self._find_shapes)
        layers = self.network.layers[: self.network.position(LOGITS)]
        self._resume_points = [layer for layer in layers if self.network.resume_point(layer) == layer]

    def _find_shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}

        def note(name: str, value: Tensor) -> Tensor:
            shapes[name] = tuple(value.shape[1:])
            return value

        with torch.no_grad():
            self.network.run(torch.zeros(1, 3, 64, 64, device=self.device, dtype=self.network.dtype), edit=note)
        return shapes

    def _with_memory(self, compute: Callable[[], _T]) -> _T:
        """What ``compute`` returns; if the device's memory does not suffice, once more without the kept activations.

        Smaller chunks would need less, but a chunk's size shows in the last digits of its results: these would depend
        on what else happened to be in memory, and an unedited pass would differ from one under a no-op edit.

        Raises:
            DeviceMemoryError: the memory does not suffice even so.
        """
        with contextlib.suppress(torch.cuda.OutOfMemoryError):
            return compute()
        self.cache.clear()
        torch.cuda.empty_cache()
        try:
            return compute()
        except torch.cuda.OutOfMemoryError as error:
            raise DeviceMemoryError(
                f"device {self.device}: has not the memory for {self.chunk} observations at a time, a number that is "
                "fixed so that results do not depend on it; run fewer workers (-n), leave the device to this run, or "
                "use --device cpu; --resume keeps what was finished"
            ) from error

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each activation of one observation, for example (128, 16, 16)."""
        return dict(self._shapes)

    def outputs(
        self, observations: Observations, edit: Optional[ActivationEdit] = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, 15) and values (N,), float32, of observations under an edit.

        Raises:
            OverflowingNetworkError: an answer is NaN or infinite.
            DeviceMemoryError: the device has not the memory.
        """
        if edit is not None:
            edit.check(self.network, self.shapes, observations)
            edit = edit if edit.layers else None  # at no layer, it is no edit
        logits = np.empty((len(observations), self._shapes[LOGITS][0]), dtype=np.float32)
        values = np.empty(len(observations), dtype=np.float32)
        for first in range(0, len(observations), _OBSERVATIONS_AT_ONCE):
            here = range(first, min(first + _OBSERVATIONS_AT_ONCE, len(observations)))
            self._with_memory(partial(self._fill, observations, here, edit, logits, values))
        _check_finite(bool(np.isfinite(logits).all() and np.isfinite(values).all()), f"under {edit}" if edit else "")
        return logits, values

    def _fill(
        self,
        observations: Observations,
        here: range,
        edit: Optional[ActivationEdit],
        logits: np.ndarray,
        values: np.ndarray,
    ) -> None:
        if edit is None:
            self._fill_unedited(observations, here, logits, values)
        else:
            self._fill_edited(observations, here, edit, logits, values)

    def _fill_unedited(self, observations: Observations, here: range, logits: np.ndarray, values: np.ndarray) -> None:
        known = self._outputs
        new = list({observations.mazes[i].key: i for i in here if observations.mazes[i].key not in known}.values())
        fresh_logits, fresh_values = self._run(observations, new, DEFAULT_LAYER, None)
        for i, row, value in zip(new, fresh_logits, fresh_values):
            known[observations.mazes[i].key] = (row, float(value))
        for i in here:
            logits[i], values[i] = known[observations.mazes[i].key]
        while len(known) > 200_000:
            known.popitem(last=False)

    def _fill_edited(
        self, observations: Observations, here: range, edit: ActivationEdit, logits: np.ndarray, values: np.ndarray
    ) -> None:
        start = self.network.resume_point(min(edit.layers, key=self.network.position))
        logits[here.start : here.stop], values[here.start : here.stop] = self._run(observations, here, start, edit)

    @torch.no_grad()
    def _run(
        self, observations: Observations, indices: Sequence[int], start: str, edit: Optional[ActivationEdit]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits and values of some of the observations, computed from ``start`` on."""
        starts = self._activations([observations.mazes[i] for i in indices], start, observations.crowded_scenes)
        logits, values = [], []
        for first in range(0, len(indices), self.chunk):
            chosen = list(indices[first : first + self.chunk])
            padded = chosen + [chosen[-1]] * (self.chunk - len(chosen))
            rows = Rows(
                torch.tensor(padded, device=self.device),
                torch.from_numpy(observations.owner_array[padded]).to(self.device),
            )

            def change(layer: str, value: Tensor, rows: Rows = rows) -> Tensor:
                if edit is None or layer not in edit.layers:
                    return value
                return edit.apply(layer, value.to(torch.float32), rows).to(value.dtype)

            out = self.network.run(self._stack(starts[first : first + self.chunk]), start=start, edit=change)
            logits.append(out[LOGITS][: len(chosen)].cpu().numpy())
            values.append(out[VALUE][: len(chosen), 0].cpu().numpy())
        if not logits:
            return np.empty((0, self._shapes[LOGITS][0]), np.float32), np.empty(0, np.float32)
        return np.concatenate(logits), np.concatenate(values)

    @torch.no_grad()
    def activations(self, observations: Observations, layer: str) -> Tensor:
        """The unedited activation of ``layer``: float32 tensor of shape (N, ...) on the network's device.

        Raises:
            LayerError: there is no such layer.
            OverflowingNetworkError: the activation is NaN or infinite.
            DeviceMemoryError: the device has not the memory.
        """
        start = self.network.resume_point(layer)
        if not len(observations):
            return torch.empty(0, *self._shapes[layer], device=self.device)
        return self._with_memory(lambda: self._activations_at(layer, observations, start))

    def _activations_at(self, layer: str, observations: Observations, start: str) -> Tensor:
        starts = self._activations(observations.mazes, start, observations.crowded_scenes)
        if start == layer:
            rows = torch.stack(starts).to(torch.float32)
            _check_finite(all_finite(rows), f"at {layer}")
            return rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows
        return self._run_until(layer, starts, start)

    def _run_until(self, layer: str, starts: Sequence[Tensor], start: str) -> Tensor:
        pieces = []
        for first in range(0, len(starts), self.chunk):
            out = self.network.run(self._stack(starts[first : first + self.chunk]), start=start, until=layer)
            pieces.append(out[layer][: len(starts) - first])
        activation = torch.cat(pieces).to(torch.float32)
        _check_finite(all_finite(activation), f"at {layer}")
        return activation

    @torch.no_grad()
    def activations_of_pixels(self, pixels: np.ndarray, layer: str) -> Tensor:
        """The unedited activation of ``layer`` for pictures (N, 64, 64, 3), uint8; nothing is kept."""
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (64, 64, 3) or not len(pixels):
            raise MazeError(f"pixels: got {pixels.dtype} of shape {pixels.shape}, wanted uint8 of shape (N, 64, 64, 3)")
        pictures = torch.from_numpy(np.ascontiguousarray(pixels))
        return self._with_memory(lambda: self._run_until(layer, list(pictures.to(self.device)), OBSERVATION))

    def _activations(self, mazes: Sequence[Maze], layer: str, crowded: frozenset[bytes]) -> list[Tensor]:
        """One row per maze of the activation of a resume point (features last), from the cache where it is there."""
        if layer == OBSERVATION:
            return list(torch.from_numpy(paint(mazes)).to(self.device))
        kept = ((maze.key, self.cache.get((self._token, layer, maze.key))) for maze in mazes)
        found = {key: row for key, row in kept if row is not None}
        missing = list({maze.key: maze for maze in mazes if maze.key not in found}.values())
        for maze, row in self._compute(missing, layer, crowded):
            found[maze.key] = row
            self.cache.put((self._token, layer, maze.key), row)
        self.observations_run += len(missing)
        return [found[maze.key] for maze in mazes]

    def _compute(self, mazes: Sequence[Maze], layer: str, crowded: frozenset[bytes]) -> Iterator[tuple[Maze, Tensor]]:
        """Each of these different mazes, in some order, with its row of ``layer`` in memory of its own."""
        alone = list(mazes)
        if self.network.position(layer) <= self.network.position(DEFAULT_LAYER) and self.device.type == "cpu":
            alone = [maze for maze in mazes if maze.scene not in crowded]
            yield from self._moving.rows([maze for maze in mazes if maze.scene in crowded], layer)
        start = self._nearest(alone, layer)
        starts = self._activations(alone, start, crowded) if alone else []
        for first in range(0, len(alone), self.chunk):
            value = self.network.run(self._stack(starts[first : first + self.chunk]), start=start, until=layer)[layer]
            rows = value.permute(0, 2, 3, 1) if value.ndim == 4 else value
            for maze, shared in zip(alone[first : first + self.chunk], rows):
                yield maze, shared.clone(memory_format=torch.contiguous_format)  # it may outlive the others

    def _nearest(self, mazes: Sequence[Maze], layer: str) -> str:
        """Where to start from for ``layer``: the last activation before it that is kept for all of these mazes.

        Going on from there gives the same bits as beginning with the observation. The default layer is always worth
        keeping on the way.
        """
        position = self.network.position(layer)
        after = self.network.position(DEFAULT_LAYER) < position
        for point in reversed(self._resume_points):
            if self.network.position(point) < position:
                if after and point == DEFAULT_LAYER:
                    return point
                if all(self.cache.holds((self._token, point, maze.key)) for maze in mazes):
                    return point
        return OBSERVATION

    def _stack(self, rows: Sequence[Tensor]) -> Tensor:
        """A full chunk from up to ``chunk`` rows, the last one repeated; pictures become floats from 0 to 1."""
        stacked = torch.stack([*rows, *[rows[-1]] * (self.chunk - len(rows))])
        if stacked.ndim == 4:
            stacked = stacked.permute(0, 3, 1, 2)
        return (stacked.to(torch.float32) / 255).to(self.network.dtype) if stacked.dtype == torch.uint8 else stacked


def _check_finite(finite: bool, where: str) -> None:
    if not finite:
        raise OverflowingNetworkError(
            f"the network's answer {where or 'unedited'} has NaN or infinite values, wanted finite ones: its weights, "
            "or the edit, are too large for float32"
        )
