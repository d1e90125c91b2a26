"""The authors' published tools, procgen-tools 0.1, doing what the suite does: what the benchmarks compare with.

Install them beside the suite with ``pip install --no-deps procgen-tools==0.1``. They are used as they are; what their
package loads and today's libraries lack is left out here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Optional

import numpy as np
import torch
from torch import Tensor

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.procgen import make_env
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork

_PACKAGE = "procgen_tools"


class NotInstalledError(InterpClaimsError):
    """procgen-tools is not there."""


class PublishedTools:
    """procgen-tools with a network's weights.

    Args:
        network: the network whose weights it is given.

    Raises:
        NotInstalledError: procgen-tools is not installed.
    """

    def __init__(self, network: ImpalaNetwork) -> None:
        make_env(num=1, rand_seed=0, start_level=0, num_levels=1).close()  # gym, without its notice
        self.maze, self.models, self.vfield, self.metrics = _modules("maze", "models", "vfield", "metrics")
        self.models.scale = network.scale
        embedder = self.models.InterpretableImpalaModel(in_channels=3)
        self.policy = self.models.CategoricalPolicy(embedder, action_size=15).eval()
        self.policy.load_state_dict(network.state_dict())

    def venv(self, seed: int, count: int = 1) -> Any:
        """An environment of one level, or several of the same, made as the package makes its own."""
        how = {"num_threads": 1, "render_mode": "rgb_array"}
        return self.maze.wrap_venv(make_env(num=count, rand_seed=0, start_level=seed, num_levels=1, **how))

    def vector_field(self, venv: Any) -> np.ndarray:
        """The net vectors (n, 2), right and up, of the maze's squares, as it computes them; nothing is drawn."""
        axes = _Axes()
        self.vfield.plot_vector_field(venv, self.policy, ax=axes)
        return np.array(axes.arrows, dtype=np.float64).T

    @contextlib.contextmanager
    def edited(self, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """With the default layer's activation changed in every forward pass."""
        module = self.policy.get_submodule(DEFAULT_LAYER.removesuffix("_out"))
        hook = module.register_forward_hook(lambda _module, _inputs, output: change(output))
        try:
            yield
        finally:
            hook.remove()

    def p_cheese_before_and_after(self, seed: int) -> tuple[float, float]:
        """P(cheese) of a level, without an edit and with its cheese vector subtracted.

        As the authors' experiments go about it: a pair of environments, one without its cheese, for the vector, a copy
        of the first for the decision square, and a full forward pass for each need. (Their statistics read it off
        two whole vector fields a maze, which costs a hundred times as much.)
        """
        self.maze._parse_maze_state_bytes.cache_clear()  # else what it keeps is what set_grid changed
        pair = self.venv(seed, 2)
        states = pair.env.callmethod("get_state")
        state = self.maze.EnvState(states[1])
        grid = state.inner_grid(with_mouse=False)
        without = grid.copy()
        without[self.maze.get_cheese_pos(grid)] = self.maze.EMPTY
        without[0, 0] = self.maze.MOUSE
        state.set_grid(without, pad=True)
        pair.env.callmethod("set_state", [states[0], state.state_bytes])
        present, absent = self._activation(pair.reset())
        copy = self.venv(seed)
        copy.env.callmethod("set_state", [states[0]])
        self.maze._parse_maze_state_bytes.cache_clear()
        decision, step = self._decision(grid)
        self.vfield.set_mouse_pos(copy, decision)
        observation = copy.reset()
        before = self._probability(observation, step)
        with self.edited(lambda activation: activation - (present - absent)):
            return before, self._probability(observation, step)

    def _decision(self, grid: np.ndarray) -> tuple[tuple[int, int], str]:
        decision = self.metrics.get_dsq(grid)
        _, came_from, _ = self.maze.shortest_path(grid, (0, 0))
        path = self.maze.reconstruct_path(came_from, self.maze.get_cheese_pos(grid))
        after = path[path.index(decision) + 1]
        delta = after[0] - decision[0], after[1] - decision[1]
        return decision, next(name for name, moved in self.models.MAZE_ACTION_DELTAS.items() if moved == delta)

    def _activation(self, observation: np.ndarray) -> Tensor:
        found: list[Tensor] = []

        def note(activation: Tensor) -> Tensor:
            found.append(activation)
            return activation

        with self.edited(note), torch.no_grad():
            self.policy(torch.Tensor(observation))
        return found[0]

    def _probability(self, observation: np.ndarray, step: str) -> float:
        with torch.no_grad():
            categorical, _ = self.policy(torch.Tensor(observation))
        return float(self.models.human_readable_actions(categorical)[step][0])


class _Axes:
    """What a vector field is drawn on: keeps the arrows."""

    def __init__(self) -> None:
        self.arrows: tuple[Any, Any] = ((), ())

    def quiver(self, _x: Any, _y: Any, right: Any, up: Any, **_how: Any) -> None:
        """Keep the arrows."""
        self.arrows = right, up

    def imshow(self, *_what: Any, **_how: Any) -> None:
        """Draw nothing."""


def _modules(*names: str) -> Iterator[Any]:
    """Some of the package's modules, without the others that its ``__init__`` loads."""
    spec: Optional[Any] = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        raise NotInstalledError(
            "procgen-tools: not installed, wanted to compare with; pip install --no-deps procgen-tools==0.1"
        )
    package = types.ModuleType(_PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[_PACKAGE] = package
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return iter([importlib.import_module(f"{_PACKAGE}.{name}") for name in names])
