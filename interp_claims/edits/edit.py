"""What an edit is: a value that says how the activations of some layers change during a forward pass.

Edits compare and hash by content, print as the call that makes them, and compose with :meth:`Edit.then`. They hold no
reference to a network: the same edit can be given to any policy that it fits.
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Union

import numpy as np
import torch
from torch import Tensor

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import CONFIRMATION, REGISTERED
from interp_claims.policies.forward import ActivationEdit, Rows
from interp_claims.policies.network import ImpalaNetwork

if TYPE_CHECKING:
    from interp_claims.edits.vectors import Vector

Shapes = dict[str, tuple[int, ...]]
ChannelChange = Callable[[np.ndarray, str], np.ndarray]
SquaresChange = Callable[[tuple[Square, ...]], tuple[Square, ...]]
Content = Union[str, int, float, np.ndarray, Tensor]


class EditError(InterpClaimsError, ValueError):
    """An edit that does not fit the policy or the observations it is given."""


class Edit(abc.ABC):
    """A change to the activations of :attr:`layers`."""

    @property
    @abc.abstractmethod
    def layers(self) -> tuple[str, ...]:
        """The activations that this edit changes."""

    @abc.abstractmethod
    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        """The changed activation (B, ...) of ``layer``, as a new tensor."""

    @abc.abstractmethod
    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        """Raise :class:`EditError` if this edit does not fit activations of these shapes or these observations."""

    @abc.abstractmethod
    def content(self) -> Iterable[Content]:
        """What makes two edits of one type equal."""

    def check(self, network: ImpalaNetwork, shapes: Shapes, observations: Observations) -> None:
        """Raise an error if this edit does not fit.

        Raises:
            LayerError: a layer does not exist.
            EditError: shapes, channels or numbers of mazes do not agree.
        """
        for layer in self.layers:
            network.position(layer)
        self.check_fit(shapes, observations)

    def then(self, later: ActivationEdit) -> ActivationEdit:
        """This edit followed by ``later``."""
        return Sequence((self, later))

    def map_vectors(self, change: Callable[[Vector], Vector]) -> Edit:
        """The same edit with other vectors; an edit without vectors is returned as it is."""
        return self

    def map_channels(self, change: ChannelChange) -> Edit:
        """The same edit on other channels; an edit without channels is returned as it is.

        Args:
            change: from the channels, (k,) or one row per maze (n, k), and their layer to other channels.
        """
        return self

    def map_squares(self, change: SquaresChange) -> Edit:
        """The same edit on other squares, one per maze; an edit without squares is returned as it is."""
        return self

    @cached_property
    def sha256(self) -> str:
        """A hash of the edit's type and content."""
        digest = hashlib.sha256(type(self).__name__.encode())
        for part in self.content():
            array = part.detach().cpu().numpy() if isinstance(part, Tensor) else np.asarray(part)
            digest.update(f"|{array.dtype.str}{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edit) and type(self) is type(other) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return str(self)


class Sequence(Edit):
    """Several edits, applied in order; where two change the same layer, the later sees the earlier's result."""

    def __init__(self, edits: Iterable[ActivationEdit]) -> None:
        self.edits: tuple[ActivationEdit, ...] = tuple(
            part for edit in edits for part in (edit.edits if isinstance(edit, Sequence) else (edit,))
        )
        if not self.edits:
            raise EditError(
                "sequence: got no edits, wanted at least one; use no_op(layer) for an edit that does nothing"
            )

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(layer for edit in self.edits for layer in edit.layers))

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        for edit in self.edits:
            if layer in edit.layers:
                activation = edit.apply(layer, activation, rows)
        return activation

    def check(self, network: ImpalaNetwork, shapes: Shapes, observations: Observations) -> None:
        for edit in self.edits:
            edit.check(network, shapes, observations)

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        for edit in self.edits:
            if isinstance(edit, Edit):
                edit.check_fit(shapes, observations)

    def content(self) -> Iterable[Content]:
        return [edit.sha256 if isinstance(edit, Edit) else repr(edit) for edit in self.edits]

    def _each(self, change: Callable[[Edit], Edit]) -> Edit:
        return Sequence(change(edit) if isinstance(edit, Edit) else edit for edit in self.edits)

    def map_vectors(self, change: Callable[[Vector], Vector]) -> Edit:
        return self._each(lambda edit: edit.map_vectors(change))

    def map_channels(self, change: ChannelChange) -> Edit:
        return self._each(lambda edit: edit.map_channels(change))

    def map_squares(self, change: SquaresChange) -> Edit:
        return self._each(lambda edit: edit.map_squares(change))

    def __str__(self) -> str:
        return ", then ".join(map(str, self.edits))


class NoOp(Edit):
    """An edit that visits layers and changes nothing."""

    def __init__(self, layers: tuple[str, ...]) -> None:
        self._layers = layers

    @property
    def layers(self) -> tuple[str, ...]:
        return self._layers

    def apply(self, layer: str, activation: Tensor, rows: Rows) -> Tensor:
        return activation.clone()

    def check_fit(self, shapes: Shapes, observations: Observations) -> None:
        pass

    def content(self) -> Iterable[Content]:
        return self._layers

    def __str__(self) -> str:
        return f"no_op({', '.join(map(repr, self._layers))})"


def no_op(*layers: str) -> Edit:
    """An edit that changes nothing at these layers: what a claim about an edit must be refuted for."""
    if not layers:
        raise EditError("no_op: got no layer, wanted at least one, for example DEFAULT_LAYER")
    return NoOp(layers)


def check_count(what: str, per: str, got: int, observations: Observations) -> None:
    """Raise unless an edit with one value per maze, or per observation, has as many as there are."""
    wanted = observations.num_mazes if per == "maze" else len(observations)
    if got != wanted:
        raise EditError(
            f"{what}: has one value per {per} for {got}, but the policy is asked about {wanted}; make it from the same "
            f"{'mazes' if per == 'maze' else 'observations'}"
        )


def check_untested(what: str, mazes: Iterable[Maze]) -> None:
    """Refuse to make one value for all of mazes that claims or predictions are decided on: it would carry from one into
    another what is to be measured there.

    Raises:
        EditError: a maze is of the confirmation block or of those of registered predictions.
    """
    for maze in mazes:
        if maze.seed in CONFIRMATION or maze.seed in REGISTERED:
            raise EditError(f"{what}: got mazes that claims are tested on (seed {maze.seed}); use discovery mazes")


def check_channels(edit: Edit, channels: np.ndarray, layer: str, shapes: Shapes, observations: Observations) -> None:
    """Raise unless a layer has these channels and, where each maze has its own, there are as many mazes."""
    width = shapes[layer][0]
    if channels.max() >= width:
        raise EditError(f"{edit}: channel {int(channels.max())} does not exist; {layer} has channels 0 to {width - 1}")
    if channels.ndim == 2:
        check_count(str(edit), "maze", len(channels), observations)


def channels_by_row(channels: np.ndarray, rows: Rows) -> Tensor:
    """The channels of each row of a chunk: (B, k)."""
    table = torch.from_numpy(channels).to(rows.owners.device)
    return table[rows.owners] if channels.ndim == 2 else table.expand(len(rows.owners), -1)


def as_channels(channels: Union[int, Iterable[int], np.ndarray]) -> np.ndarray:
    """Channel numbers as an int64 array: (k,), or (n, k) with one row per maze.

    Raises:
        EditError: none, negative or repeated channels (-1 never means "all").
    """
    try:
        whole = isinstance(channels, (int, np.integer, np.ndarray))
        array = np.atleast_1d(np.asarray(channels if whole else list(channels)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.size == 0 or array.ndim > 2 or not np.issubdtype(array.dtype, np.integer):
        raise EditError(f"channels: got {channels!r}, wanted one or more whole numbers, or a row of them per maze")
    if array.min() < 0:
        raise EditError(f"channels: got {int(array.min())}, wanted 0 or more; name all channels to mean all of them")
    if any(len(set(row.tolist())) < array.shape[-1] for row in np.atleast_2d(array)):
        raise EditError(f"channels: got {array.tolist()}, wanted each only once")
    return array.astype(np.int64)


def channels_text(channels: np.ndarray) -> str:
    """How channels print in an edit's name."""
    if channels.ndim == 2:
        return "a channel per maze" if channels.shape[1] == 1 else f"{channels.shape[1]} channels per maze"
    return f"channel{'s' if len(channels) > 1 else ''} {', '.join(map(str, channels.tolist()))}"
