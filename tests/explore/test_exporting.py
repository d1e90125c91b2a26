"""What is taken out of the page can be used as it is."""

import dataclasses
import shlex

import pytest
from shown_policies import TRAINED

import interp_claims.edits
from interp_claims.explore import EditChoice, State
from interp_claims.explore.editing import edit_of
from interp_claims.explore.exporting import export, fixture_code
from interp_claims.mazes import Facing, Theme, level
from interp_claims.policies import DEFAULT_LAYER
from interp_claims.running.counterexamples import read_counterexample

EDITS = (
    EditChoice("cheese", DEFAULT_LAYER, number=-1.0),
    EditChoice("clamp", DEFAULT_LAYER, (3,), (12, 11), 5.5),
    EditChoice("mean", DEFAULT_LAYER, (4, 5)),
    EditChoice("resample", DEFAULT_LAYER, (7,), number=17),
)


def changes(maze):
    yield maze
    yield maze.with_mouse((12, 13), Facing.RIGHT)
    yield maze.with_cheese(maze.mouse)
    yield maze.with_cheese(maze.mouse).with_mouse(maze.mouse, Facing.RIGHT)
    yield maze.without_cheese().with_theme(Theme(3, 0.1))
    yield dataclasses.replace(maze, seed=17)
    yield level(20)


def pasted(code, monkeypatch):
    """The functions of a pasted fixture."""
    monkeypatch.setattr(pytest, "fixture", lambda function: function)
    names = {}
    exec(compile(code, "pasted", "exec"), names)
    return names


@pytest.mark.parametrize("i", range(7))
def test_the_file_is_read_back_by_replay(explorer, state, tmp_path, i):
    maze = list(changes(state.maze))[i]
    out = export(explorer.policy(TRAINED), dataclasses.replace(state, maze=maze))
    (tmp_path / out["name"]).write_text(out["text"])
    assert read_counterexample(tmp_path / out["name"]) == maze
    assert out["command"] == f"pytest claims/test_cheese_vector.py --policy {TRAINED} --replay {out['name']}"


def test_the_command_can_be_pasted_whatever_the_file_is_called(explorer, state, monkeypatch):
    policy = explorer.policy(TRAINED)
    monkeypatch.setattr(policy, "loaded_as", "my files/it's; new.pth")
    assert shlex.split(export(policy, state)["command"])[3] == "my files/it's; new.pth"


@pytest.mark.parametrize("i", range(7))
def test_the_fixture_gives_the_maze(state, monkeypatch, i):
    maze = list(changes(state.maze))[i]
    code = fixture_code(dataclasses.replace(state, maze=maze))
    assert pasted(code, monkeypatch)["drawn_maze"]() == maze
    assert max(map(len, code.splitlines())) <= 120


def test_the_fixture_gives_the_edits(explorer, state, monkeypatch):
    chosen = dataclasses.replace(state, edits=EDITS)
    names = pasted(fixture_code(chosen), monkeypatch)
    policy = explorer.policy(TRAINED)
    assert names["chosen_edit"](policy, names["drawn_maze"]()) == edit_of(policy, chosen)


def test_the_fixture_imports_only_what_it_needs(state):
    code = fixture_code(dataclasses.replace(state, edits=EDITS[1:2]))
    assert code.splitlines()[:5] == [
        "import pytest",
        "",
        "from interp_claims.edits import clamp",
        "from interp_claims.mazes import Maze",
        "",
    ]
    assert "interp_claims.edits" not in fixture_code(state)


def test_every_name_that_code_uses_can_be_imported_from_the_library():
    assert {"replace_channels", "clamp", "mean_ablate"} <= set(dir(interp_claims.edits))


def test_a_drawn_maze_says_that_it_was_drawn(state):
    assert '"""Drawn by hand."""' in fixture_code(state)
    assert '"""Made from level 20."""' in fixture_code(State(TRAINED, level(20)))
