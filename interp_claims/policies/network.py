"""The IMPALA network of the maze policies, as a list of named activations.

Three blocks (convolution, max-pooling, two residual blocks), a linear layer, and two heads: 15 action logits and a
value. Parameter names are those of the published checkpoints (train-procgen-pytorch); activations are addressed by the
names the literature uses, for example ``embedder.block2.res1.resadd_out``, the layer that most edits act on.
Source: Espeholt et al., "IMPALA" (2018); Langosco et al., "Goal misgeneralization in deep RL" (2022).
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
from collections.abc import Callable, Mapping
from typing import Optional

import torch
from torch import Tensor, nn

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.actions import NUM_ACTIONS
from interp_claims.mazes.maze import WORLD_TILES, Square

DEFAULT_LAYER = "embedder.block2.res1.resadd_out"
#: What each residual stage of the network hands on, and the last hidden layer.
RESIDUAL_LAYERS = (
    *(f"embedder.block{n}.{part}" for n in (1, 2, 3) for part in ("maxpool_out", "res1.resadd_out", "res2.resadd_out")),
    "embedder.fc_out",
)
OBSERVATION = "observation"
LOGITS = "fc_policy_out"
VALUE = "fc_value_out"
HIDDEN = 256


class LayerError(InterpClaimsError, KeyError):
    """A name that no activation of the network has."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclasses.dataclass(frozen=True)
class Node:
    """One named activation: the function that computes it and the activations that it is computed from."""

    name: str
    function: Callable[..., Tensor]
    inputs: tuple[str, ...]


class _ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, padding=1)


class _Block(nn.Module):
    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width, kernel_size=3, padding=1)
        self.res1 = _ResidualBlock(width)
        self.res2 = _ResidualBlock(width)


class _Embedder(nn.Module):
    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.block1 = _Block(3, widths[0])
        self.block2 = _Block(widths[0], widths[1])
        self.block3 = _Block(widths[1], widths[2])
        self.fc = nn.Linear(widths[2] * 8 * 8, HIDDEN)


class ImpalaNetwork(nn.Module):
    """The network: observations (B, 3, 64, 64) in [0, 1] to logits (B, 15) and value (B, 1).

    Args:
        scale: width multiplier; the blocks are 16, 32 and 32 times ``scale`` channels wide. The published maze
            networks have scale 4.
    """

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale
        with torch.random.fork_rng(devices=[]):  # layers draw weights when made, which must not touch global state
            self.embedder = _Embedder((16 * scale, 32 * scale, 32 * scale))
            self.fc_policy = nn.Linear(HIDDEN, NUM_ACTIONS)
            self.fc_value = nn.Linear(HIDDEN, 1)
        self.nodes = self._make_nodes()
        self._position = {node.name: i for i, node in enumerate(self.nodes)}

    def _make_nodes(self) -> tuple[Node, ...]:
        pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        nodes: list[Node] = []

        def add(name: str, function: Callable[..., Tensor], *inputs: str) -> str:
            nodes.append(Node(name, function, inputs))
            return name

        last = OBSERVATION
        for number, block in enumerate((self.embedder.block1, self.embedder.block2, self.embedder.block3), 1):
            at = f"embedder.block{number}"
            last = add(f"{at}.conv_out", block.conv, last)
            last = add(f"{at}.maxpool_out", pool, last)
            for res, module in (("res1", block.res1), ("res2", block.res2)):
                skip = last
                last = add(f"{at}.{res}.relu1_out", torch.relu, last)
                last = add(f"{at}.{res}.conv1_out", module.conv1, last)
                last = add(f"{at}.{res}.relu2_out", torch.relu, last)
                last = add(f"{at}.{res}.conv2_out", module.conv2, last)
                last = add(f"{at}.{res}.resadd_out", torch.add, last, skip)
        last = add("embedder.relu3_out", torch.relu, last)
        last = add("embedder.flatten_out", _flatten, last)
        last = add("embedder.fc_out", self.embedder.fc, last)
        last = add("embedder.relufc_out", torch.relu, last)
        add(LOGITS, self.fc_policy, last)
        add(VALUE, self.fc_value, last)
        return tuple(nodes)

    @property
    def dtype(self) -> torch.dtype:
        """The type that the convolutions compute in, and that their activations have."""
        return self.embedder.block1.conv.weight.dtype

    def with_convolutions_in(self, dtype: torch.dtype) -> ImpalaNetwork:
        """A copy whose convolutions compute in another type; its linear layers stay in float32."""
        other = copy.deepcopy(self)
        for module in other.modules():
            if isinstance(module, nn.Conv2d):
                module.to(dtype)
        return other

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all activations, in the order in which they are computed."""
        return tuple(node.name for node in self.nodes)

    def position(self, layer: str) -> int:
        """Where ``layer`` stands in :attr:`layers`.

        Raises:
            LayerError: there is no such activation.
        """
        if layer not in self._position:
            near = difflib.get_close_matches(layer, self.layers, n=3, cutoff=0.3)
            raise LayerError(
                f"no activation is called {layer!r}; did you mean {' or '.join(map(repr, near))}?"
                if near
                else f"no activation is called {layer!r}; see network.layers"
            )
        return self._position[layer]

    def resume_point(self, layer: str) -> str:
        """The latest activation, at or before ``layer``, from which alone everything later can be computed."""
        last = self._position[LOGITS] - 1
        for i in range(min(self.position(layer), last), -1, -1):
            later = self.nodes[i + 1 :]
            if all(self._position.get(source, -1) >= i for node in later for source in node.inputs):
                return self.nodes[i].name
        return OBSERVATION

    def run(
        self,
        value: Tensor,
        *,
        start: str = OBSERVATION,
        until: Optional[str] = None,
        edit: Optional[Callable[[str, Tensor], Tensor]] = None,
        keep: tuple[str, ...] = (),
    ) -> Mapping[str, Tensor]:
        """Compute activations from ``start`` on.

        Args:
            value: the activation ``start``; one that :meth:`resume_point` gave, or the observation. ``edit`` is applied
                to it too.
            until: the last activation to compute; None computes all.
            edit: called with each activation's name and value, ``start``'s included but not the observation's; its
                answer is used instead.
            keep: names of further activations to give back.

        Returns:
            The activations ``keep``, ``until`` if given, else the logits and the value.

        Raises:
            LayerError: a name that no activation has, a ``start`` that is not enough to go on from, or an activation
                that was asked for and comes before it.
        """
        change = edit if edit is not None else _unchanged
        first = 0 if start == OBSERVATION else self.position(start) + 1
        last = len(self.nodes) - 1 if until is None else self.position(until)
        wanted = {*keep, *((until,) if until is not None else (LOGITS, VALUE))}
        if start != OBSERVATION and self.resume_point(start) != start:
            raise LayerError(f"start: more than {start!r} is needed to go on; start from {self.resume_point(start)!r}")
        for name in wanted:
            if name != start and not first <= self.position(name) <= last:
                raise LayerError(f"{name!r} is not computed between {start!r} and {self.nodes[last].name!r}")
        last_use = {source: i for i in range(first, last + 1) for source in self.nodes[i].inputs}
        live = {start: value if start == OBSERVATION else change(start, value)}
        kept = {name: live[name] for name in wanted if name in live}
        for i in range(first, last + 1):
            node = self.nodes[i]
            live[node.name] = change(node.name, node.function(*(live[source] for source in node.inputs)))
            if node.name in wanted:
                kept[node.name] = live[node.name]
            for source in node.inputs:
                if last_use[source] == i:
                    live.pop(source, None)
        return kept

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 15) and values (B, 1) of observations (B, 3, 64, 64)."""
        outputs = self.run(observations)
        return outputs[LOGITS], outputs[VALUE]

    def initialise(self, seed: int) -> ImpalaNetwork:
        """Draw fresh weights as before training: Xavier-uniform, zero biases, near-zero orthogonal policy head."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    nn.init.xavier_uniform_(module.weight, generator=generator)
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)
            nn.init.orthogonal_(self.fc_policy.weight, gain=0.01, generator=generator)
            nn.init.orthogonal_(self.fc_value.weight, gain=1.0, generator=generator)
        return self


def _unchanged(_: str, value: Tensor) -> Tensor:
    return value


def _flatten(value: Tensor) -> Tensor:
    return torch.flatten(value, start_dim=1).to(torch.float32)  # the linear layers compute in it, whatever is before


def geometry(window: nn.Conv2d | nn.MaxPool2d) -> tuple[int, int, int]:
    """Kernel, stride and padding of a convolution or pooling along one axis; both axes have the same."""
    kernel, stride, padding = (
        value[0] if isinstance(value, tuple) else int(value)
        for value in (window.kernel_size, window.stride, window.padding)
    )
    return int(kernel), int(stride), int(padding)


def cell_of(square: Square, resolution: int = 16) -> tuple[int, int]:
    """The cell of a ``resolution`` x ``resolution`` activation that the middle of a square falls in.

    Activations have row 0 at the top of the image, squares at its bottom.

    >>> cell_of((0, 0)), cell_of((24, 24)), cell_of((12, 12))
    ((15, 0), (0, 15), (8, 8))
    """
    row, column = WORLD_TILES - 1 - square[0], square[1]
    return int((row + 0.5) * resolution / WORLD_TILES), int((column + 0.5) * resolution / WORLD_TILES)
