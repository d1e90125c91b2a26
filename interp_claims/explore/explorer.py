"""The explorer's inside: the policies that it may load, and one thread that asks them.

Networks, their caches and procgen's simulator are not made for several threads at once. So everything that touches them
is done by one thread, a short piece at a time: requests take turns, and a request whose answer nobody waits for any
more ends at its next piece.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Optional, TypeVar

from interp_claims.errors import InterpClaimsError
from interp_claims.explore.editing import check_against
from interp_claims.explore.inputs import InputError, read_choice
from interp_claims.explore.looking import field_batches, first_look, look_at, scene_of
from interp_claims.explore.state import State
from interp_claims.explore.suggestions import Suggestions
from interp_claims.mazes.maze import SIZES, Maze
from interp_claims.mazes.procgen import LARGEST_SEED
from interp_claims.mazes.sampling import EVALUATION, level, size_between, with_decision_square
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.manifest import Manifest
from interp_claims.policies.network import DEFAULT_LAYER, RESIDUAL_LAYERS
from interp_claims.policies.policy import Policy, layers_to_edit

_CACHE_BYTES = 1_000_000_000
_MOST_TABS = 1000
_FIRST_SIZES = (13, 17)
_T = TypeVar("_T")


class ClosedError(InterpClaimsError):
    """The explorer is ending and answers no more."""


class Explorer:
    """Answers for states of the page.

    Args:
        manifest: the shipped policies, which the page offers too.
        wanted: names and files as ``--policy`` takes them; the first is shown first.
        device: where to run the networks.
        cache_bytes: how much of activations to keep.

    Attributes:
        policies: what each policy that the page may name is loaded by. No other can be loaded.
        suggestions: the channels that play a part in a policy.
    """

    def __init__(
        self, manifest: Manifest, wanted: Sequence[str] = (), device: str = "cpu", cache_bytes: int = _CACHE_BYTES
    ) -> None:
        manifest.check(list(wanted))
        self.manifest, self.device = manifest, device
        self.policies = _names([*manifest.names(list(wanted)), *manifest.entries])
        self.suggestions = Suggestions(manifest.path, device)
        self._cache = ActivationCache(cache_bytes)
        self._loaded: dict[str, Policy] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._latest: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """What a function returns when the network's thread calls it, in its turn.

        Raises:
            ClosedError: the explorer was closed before its turn came.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("the explorer is ending; start it again")
            answer = self._thread.submit(function, *arguments)
        try:
            return answer.result()
        except CancelledError:
            raise ClosedError("the explorer is ending; start it again") from None

    def close(self) -> None:
        """End what runs in the background."""
        with self._lock:
            self._closed = True
        self.suggestions.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # -- policies ----------------------------------------------------------------------------------------------------

    def policy(self, name: str) -> Policy:
        """A policy by its name on the page, loaded at the first call.

        Raises:
            InputError: it is none of :attr:`policies`.
            InterpClaimsError: it cannot be loaded.
        """
        read_choice("policy", name, self.policies)
        return self.ask(self._load, name)

    def _load(self, name: str) -> Policy:
        if name not in self._loaded:
            self._loaded[name] = self.manifest.load(self.policies[name], self.device, self._cache)
        return self._loaded[name]

    def describe(self, name: str) -> dict[str, Any]:
        """A policy's layers with their shapes, and what else the page shows of it."""
        policy = self.policy(name)
        layers = [
            {"name": layer, "shape": list(policy.shape(layer)), "residual": layer in RESIDUAL_LAYERS}
            for layer in layers_to_edit(policy)
        ]
        return {
            "name": name,
            "sha256": policy.sha256,
            "scale": policy.scale,
            "device": self.device,
            "default_layer": DEFAULT_LAYER,
            "layers": layers,
        }

    # -- mazes -------------------------------------------------------------------------------------------------------

    def new_maze(self, seed: int, size: Optional[int] = None) -> Maze:
        """The level of a seed; with a size, the first level from that seed on that has it.

        Raises:
            InputError: no level from there on has that size.
        """
        return self.ask(_level_of_size, seed, size)

    def start(self) -> State:
        """What the page shows when its address says nothing: a maze with a decision square."""
        distribution = size_between(*_FIRST_SIZES) & with_decision_square()
        maze = self.ask(lambda: distribution.sample(EVALUATION, 1))[0]
        return State(next(iter(self.policies)), maze, layer=DEFAULT_LAYER)

    # -- answers -----------------------------------------------------------------------------------------------------

    def checked(self, fragment: object) -> tuple[Policy, State]:
        """The state that an address holds, and its policy.

        Raises:
            InputError: it is no state, or one that the policy does not fit.
        """
        state = State.from_fragment(fragment)
        policy = self.policy(state.policy)
        check_against(policy, state)
        return policy, state

    def answers(
        self, fragment: object, *, tab: str = "", turn: int = 0, field: bool = True
    ) -> Iterator[dict[str, Any]]:
        """The answers to a state, one after the other: what is needed at once, then the vector field in batches.

        Args:
            fragment: the state, as it stands in the address.
            tab: which page asks.
            turn: the how-manieth request of that page it is: when a later one comes, this one ends.
            field: whether the field is wanted.

        Raises:
            InputError: there is no such state; raised before the first answer.
        """
        policy, state = self.checked(fragment)
        self._note(tab, turn)
        scene = self.ask(scene_of, policy, state)
        first = self.ask(first_look, scene)

        def pieces() -> Iterator[dict[str, Any]]:
            yield first
            for squares in field_batches(scene) if field else ():
                if self._outdated(tab, turn):
                    yield {"type": "outdated"}
                    return
                try:
                    yield self.ask(look_at, scene, squares)
                except (InterpClaimsError, RuntimeError) as error:
                    yield {"type": "problem", "message": str(error)}
                    return
            yield {"type": "done"}

        return pieces()

    def _note(self, tab: str, turn: int) -> None:
        with self._lock:
            self._latest[tab] = max(turn, self._latest.get(tab, turn))
            self._latest.move_to_end(tab)
            while len(self._latest) > _MOST_TABS:
                self._latest.popitem(last=False)

    def _outdated(self, tab: str, turn: int) -> bool:
        with self._lock:
            return bool(tab) and self._latest.get(tab, turn) > turn


def _level_of_size(seed: int, size: Optional[int]) -> Maze:
    if size is None:
        return level(seed)
    for candidate in range(seed, min(seed + 100 * len(SIZES), LARGEST_SEED + 1)):
        if level(candidate).size == size:
            return level(candidate)
    raise InputError("maze seed", str(seed), f"one that a level of size {size} follows", "choose a smaller seed")


def _names(wanted: Sequence[str]) -> dict[str, str]:
    """What each policy is called on the page: a file by its name without folder and ending."""
    names: dict[str, str] = {}
    for which in dict.fromkeys(wanted):
        stem = Path(which).stem if Path(which).suffix in (".pth", ".pt", ".safetensors") else which
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem}-{number}"
        names[name] = which
    return names
