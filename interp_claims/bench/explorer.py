"""The explorer: how long a click waits for its first answer, the numbers with P(cheese), in a maze of 25 x 25."""

from __future__ import annotations

import dataclasses
import json
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from interp_claims.bench.rows import Row
from interp_claims.explore import EditChoice, Explorer, State
from interp_claims.mazes import EVALUATION, Maze, decision_square, size_between, with_decision_square
from interp_claims.policies import DEFAULT_LAYER, Manifest

_POLICY, _SIZE, _CHANNELS = "untrained-scale4-seed0", 25, (0, 1, 2, 3)
_CLICKS = 20
_LONGEST_SECONDS = 0.3
_SECONDS_BETWEEN = 0.05
_T = TypeVar("_T")


def explorer_rows(device: str, manifest: Path = Path("fixtures/policies.toml")) -> Iterator[Row]:
    """The median of the first answers to some clicks of each kind, as a share of 300 ms.

    Each click but the first comes while the vector field of the one before is being computed, as on the page.

    Raises:
        InterpClaimsError: there is no such manifest.
    """
    explorer = Explorer(Manifest(manifest), [_POLICY], device)
    try:
        maze = (size_between(_SIZE, _SIZE) & with_decision_square()).sample(EVALUATION, 1)[0]
        edit = EditChoice("clamp", DEFAULT_LAYER, _CHANNELS[:1], maze.mouse, 5.0)
        state = State(_POLICY, maze, edits=(edit,), layer=DEFAULT_LAYER, channels=_CHANNELS, view="after")
        _seconds(explorer, "opening the page", [state])  # the policy is loaded once
        where = f"scale {explorer.policy(_POLICY).scale}, {device}, {torch.get_num_threads()} threads"
        for what, states in _clicks(state):
            yield _row(what, _seconds(explorer, what, states), where)
    finally:
        explorer.close()


def _row(what: str, seconds: Sequence[float], where: str) -> Row:
    median = statistics.median(seconds)
    return Row(
        f"explorer: first answer after {what}, maze of {_SIZE} x {_SIZE}",
        f"{1000 * _LONGEST_SECONDS:.0f} ms",
        median / _LONGEST_SECONDS,
        1.0,
        "at most",
        f"median {1000 * median:.0f} ms, slowest {1000 * max(seconds):.0f} ms of {len(seconds)}, with P(cheese) before "
        f"and under an edit, {where}",
    )


def _clicks(state: State) -> Iterator[tuple[str, list[State]]]:
    """What clicks of some kinds make of a state."""
    maze, (edit,) = state.maze, state.edits
    squares = [square for square in maze.free_squares if square not in (maze.mouse, maze.start)]
    moved = [maze.with_cheese(square) for square in squares]
    deciding = [one for one in moved if decision_square(one) is not None]
    yield "moving the cheese", [_with_maze(state, one) for one in _some(deciding)]
    squares = [square for square in squares if square != maze.cheese]
    yield "moving the mouse", [_with_maze(state, maze.with_mouse(square)) for square in _some(squares)]
    yield (
        "moving a clamp",
        [dataclasses.replace(state, edits=(dataclasses.replace(edit, square=square),)) for square in _some(squares)],
    )


def _with_maze(state: State, maze: Maze) -> State:
    return dataclasses.replace(state, maze=maze)


def _some(things: Sequence[_T]) -> list[_T]:
    """As many as there are clicks, from all over."""
    return [things[i * len(things) // _CLICKS] for i in range(min(_CLICKS, len(things)))]


def _seconds(explorer: Explorer, what: str, states: Sequence[State]) -> list[float]:
    """How long the first answer to each state takes, from the text of the address to the text of the answer."""
    found, computing = [], []
    for turn, fragment in enumerate((state.to_fragment() for state in states), 1):
        began = time.perf_counter()
        answers = explorer.answers(fragment, tab=what, turn=turn)
        json.dumps(next(answers))
        found.append(time.perf_counter() - began)
        computing.append(threading.Thread(target=deque, args=(answers, 0)))
        computing[-1].start()
        time.sleep(_SECONDS_BETWEEN)
    for thread in computing:
        thread.join()
    return found
