"""Taking a maze out of the page: as the file that ``--replay`` takes, as a pytest fixture, and its edits as Python."""

from __future__ import annotations

from shlex import quote
from typing import Any

from interp_claims.explore.editing import edit_code
from interp_claims.explore.state import EditChoice, State
from interp_claims.mazes.maze import Facing, Maze, Theme
from interp_claims.policies.policy import Policy
from interp_claims.running.counterexamples import counterexample_text

#: What stands in the file for the claim that a counterexample was found for.
BY_HAND = "drawn by hand in the explorer"


def export(policy: Policy, state: State) -> dict[str, Any]:
    """A maze for further use.

    Returns:
        ``name`` and ``text`` of the file, the ``command`` that replays a claim on it, and a ``fixture`` to paste.
    """
    name = f"maze-{'drawn' if state.maze.seed is None else state.maze.seed}-{state.maze.key.hex()[:8]}.json"
    return {
        "name": name,
        "text": counterexample_text(BY_HAND, policy, state.maze),
        "command": f"pytest claims/test_cheese_vector.py --policy {quote(policy.loaded_as)} --replay {name}",
        "fixture": fixture_code(state),
    }


def fixture_code(state: State) -> str:
    """A pytest fixture that gives the maze, and one that gives the edit if there is any, ready to paste."""
    maze, edits = state.maze, state.edits
    names = {"from interp_claims.mazes": {"Maze", *_maze_names(maze), *_mazes_of_edits(edits)}}
    names["from interp_claims.edits"] = {edit_code(edit).partition("(")[0] for edit in edits}
    names["from interp_claims.edits"] |= {_VECTORS[edit.kind] for edit in edits if edit.kind in _VECTORS}
    imports = [f"{module} import {', '.join(sorted(chosen))}" for module, chosen in sorted(names.items()) if chosen]
    lines = ["import pytest", "", *imports, "", "", "@pytest.fixture", "def drawn_maze():"]
    seed = "Drawn by hand." if maze.seed is None else f"Made from level {maze.seed}."
    lines += [f'    """{seed}"""', "    return Maze.from_text(", '        """']
    lines += [f"        {line}" for line in maze.to_text().splitlines()]
    lines += [f'        """{_options(maze)}', f"    ){_placing(maze)}"]
    if edits:
        code = edit_code(edits[0]) + "".join(f".then({edit_code(edit)})" for edit in edits[1:])
        lines += ["", "", "@pytest.fixture", "def chosen_edit(policy, drawn_maze):"]
        lines += ['    """The edit that goes with it."""', "    maze = drawn_maze", f"    return {code}"]
    return "\n".join(lines) + "\n"


_VECTORS = {"cheese": "cheese_vector", "corner": "top_right_vector"}


def _maze_names(maze: Maze) -> set[str]:
    names = {"Facing"} if maze.facing is Facing.RIGHT else set()
    return names if maze.theme == Theme() else names | {"Theme"}


def _mazes_of_edits(edits: tuple[EditChoice, ...]) -> set[str]:
    kinds = {edit.kind for edit in edits}
    means = {"DISCOVERY", "stock_mazes"} if "mean" in kinds else set()
    return means | ({"Observations", "level"} if "resample" in kinds else set())


def _options(maze: Maze) -> str:
    theme = maze.theme
    made = f"Theme({theme.background_index}, {theme.background_offset!r})"
    written = "" if theme == Theme() else f"\n        theme={made},"
    seed = "" if maze.seed is None else f"\n        seed={maze.seed},"
    return f",{written}{seed}" if written or seed else ""


def _placing(maze: Maze) -> str:
    """What the drawing cannot say: a mouse that looks right, and a cheese under the mouse."""
    cheese = f".with_cheese({maze.cheese})" if maze.cheese == maze.mouse else ""
    return cheese if maze.facing is Facing.LEFT else f"{cheese}.with_mouse({maze.mouse}, Facing.RIGHT)"
