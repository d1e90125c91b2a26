"""The mouse moving over a maze: what is computed only around it is what the whole network says."""

import numpy as np
import pytest
import torch

from interp_claims.mazes import Facing, Maze, Observations, simulator
from interp_claims.mazes.maze import WORLD_TILES
from interp_claims.mazes.procgen import mouse_windows, paint
from interp_claims.policies import DEFAULT_LAYER
from interp_claims.policies.forward import Forward
from interp_claims.policies.moving import MovingMouse

LAYERS = [
    "embedder.block1.conv_out",
    "embedder.block1.maxpool_out",
    "embedder.block1.res1.resadd_out",
    "embedder.block2.conv_out",
    "embedder.block2.maxpool_out",
    DEFAULT_LAYER,
]


@pytest.fixture(scope="module")
def everywhere():
    """One maze without walls and two with, the mouse on squares that include the picture's corners and edges."""
    free = np.ones((WORLD_TILES, WORLD_TILES), dtype=bool)
    rim = [(0, 0), (0, 24), (24, 0), (24, 24), (0, 11), (24, 12), (13, 0), (12, 24), (12, 12), (1, 23)]
    open_mazes = [Maze(free, WORLD_TILES, square, (5, 7), facing) for square in rim for facing in Facing]
    walled = [
        maze.with_mouse(square, facing)
        for maze in simulator().mazes([3, 11])
        for square, facing in zip(maze.free_squares[::9], [Facing.LEFT, Facing.RIGHT] * 40)
        if square != maze.cheese
    ]
    return [*open_mazes, *walled]


@pytest.fixture(scope="module")
def shifted(make_network):
    """A network whose biases are far from zero, so that a wrong rim around an activation shows."""
    network = make_network()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network.requires_grad_(False)


def moved(network, mazes, layer=DEFAULT_LAYER, chunk=8):
    with torch.no_grad():
        return dict(MovingMouse(network, torch.device("cpu"), chunk).rows(mazes, layer))


def whole(network, mazes, layer, render):
    with torch.no_grad():
        return network.run(render(mazes), until=layer)[layer].permute(0, 2, 3, 1)


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_computed_around_the_mouse_is_what_the_whole_network_says(shifted, everywhere, render, layer):
    got = moved(shifted, everywhere, layer)
    expected = whole(shifted, everywhere, layer, render)
    assert set(got) == set(everywhere)
    stacked = torch.stack([got[maze] for maze in everywhere])
    assert expected.std() > 0.1
    torch.testing.assert_close(stacked, expected, rtol=1e-5, atol=1e-5)


def test_a_network_of_another_width_works_too(make_network, everywhere, render):
    network = make_network(scale=2)
    got = moved(network, everywhere[:12])
    expected = whole(network, everywhere[:12], DEFAULT_LAYER, render)
    torch.testing.assert_close(torch.stack([got[m] for m in everywhere[:12]]), expected, rtol=1e-5, atol=1e-5)


def test_an_observation_is_the_same_whatever_else_is_asked(shifted, everywhere):
    together = moved(shifted, everywhere)
    for part in (everywhere[::-1], everywhere[3:5], everywhere[-1:]):
        assert all(torch.equal(row, together[maze]) for maze, row in moved(shifted, part).items())


def test_mazes_without_their_mouse_are_run_once_and_few_of_them_are_kept(shifted, monkeypatch):
    run, runs = type(shifted).run, []
    monkeypatch.setattr(type(shifted), "run", lambda self, *a, **k: runs.append(1) or run(self, *a, **k))
    first, *others = simulator().mazes(range(30))
    mouse = MovingMouse(shifted, torch.device("cpu"), 8)
    again = [first.with_mouse(square) for square in first.free_squares[:3] if square != first.cheese]
    with torch.no_grad():
        before = dict(mouse.rows(again, DEFAULT_LAYER))
        dict(mouse.rows(again, DEFAULT_LAYER))
        assert len(runs) == 1
        dict(mouse.rows(others, DEFAULT_LAYER))
        assert len(mouse._scenes) == 8, "one chunk is needed at a time"
        after = dict(mouse.rows(again, DEFAULT_LAYER))
    assert all(torch.equal(before[maze], after[maze]) for maze in again)


def test_the_mouses_windows_hold_all_that_it_changes(everywhere):
    rows, columns, height, width = mouse_windows(everywhere)
    changed = (paint(everywhere) != paint(everywhere, mouse=False)).any(axis=3)
    assert changed.any(axis=(1, 2)).all()
    for i, picture in enumerate(changed):
        inside = picture[rows[i] : rows[i] + height, columns[i] : columns[i] + width]
        assert inside.shape == (height, width)
        assert inside.sum() == picture.sum()


def test_a_picture_without_the_mouse_is_procgens(everywhere):
    np.testing.assert_array_equal(paint(everywhere, mouse=False), simulator().render(everywhere, mouse=False))


def test_scenes_differ_by_walls_cheese_and_theme_alone(few_mazes):
    maze = few_mazes[0]
    wall = next(square for square in maze.free_squares if square not in (maze.mouse, maze.cheese, maze.start))
    free = maze.free.copy()
    free[wall] = False
    same = maze.with_mouse(maze.top_right, Facing.RIGHT)
    others = [maze.without_cheese(), Maze(free, maze.size, maze.mouse, maze.cheese, theme=maze.theme), few_mazes[1]]
    assert same.scene == maze.scene
    assert maze.scene not in {other.scene for other in others}


def test_only_mazes_with_several_places_of_the_mouse_are_computed_around_it(shifted, few_mazes, monkeypatch):
    asked = []
    rows = MovingMouse.rows

    def note(self, mazes, layer):
        asked.extend(mazes)
        return rows(self, mazes, layer)

    monkeypatch.setattr(MovingMouse, "rows", note)
    many, two = few_mazes[0], few_mazes[1]
    squares = [many.free_squares[:4], two.free_squares[:2]]
    Forward(shifted).outputs(Observations.at_squares([many, two], squares))
    assert {maze.scene for maze in asked} == {many.scene}
    assert len(asked) == 4
