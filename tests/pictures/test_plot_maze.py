"""Mazes: drawn where their squares are, as much of the world as they fill, and nothing global is changed."""

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from interp_claims.mazes import Maze, human_view
from interp_claims.pictures import plot_maze


def colour_at(ax, square):
    """The colour that is drawn in the middle of a square."""
    (image,) = ax.images[:1]
    left, right, bottom, top = image.get_extent()
    pixels = np.asarray(image.get_array())
    row = int((top - square[0]) / (top - bottom) * len(pixels))  # the first row is the top one
    column = int((square[1] - left) / (right - left) * pixels.shape[1])
    return pixels[row, column]


def test_only_the_part_of_the_world_that_the_maze_fills_is_shown(ax, drawn):
    plot_maze(drawn, ax=ax)
    assert ax.get_xlim() == ax.get_ylim() == (drawn.margin - 1.1, drawn.margin + drawn.size - 0.5 + 0.6)
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


def test_pale_walls_and_floor_have_one_colour_each_and_lie_where_they_are(ax, drawn):
    plot_maze(drawn, ax=ax, pale=True, mouse=False)
    inside = range(drawn.margin, drawn.margin + drawn.size)
    squares = [(row, column) for row in inside for column in inside if (row, column) != drawn.cheese]
    floor = {tuple(colour_at(ax, square).astype(int)) for square in squares if drawn.free[square]}
    wall = {tuple(colour_at(ax, square).astype(int)) for square in squares if not drawn.free[square]}
    assert len(floor) == len(wall) == 1
    assert sum(floor.pop()) > sum(wall.pop()), "the floor is the paler one, so that arrows can be read"


def test_in_full_colours_it_is_procgens_own_view(ax, drawn):
    plot_maze(drawn, ax=ax)
    assert np.array_equal(np.asarray(ax.images[0].get_array()), human_view(drawn))


@pytest.mark.parametrize("pale", [False, True])
def test_the_mouse_can_be_left_out_and_the_cheese_stays(drawn, pale):
    from matplotlib.figure import Figure

    with_mouse, without = (
        plot_maze(drawn, ax=Figure().add_subplot(), mouse=mouse, pale=pale).images[0].get_array()
        for mouse in (True, False)
    )
    differing = np.argwhere((np.asarray(with_mouse) != np.asarray(without)).any(axis=2))
    tiles = differing * 25 / 512
    mouse_tile = np.array([24 - drawn.mouse[0], drawn.mouse[1]])
    assert len(differing)
    assert (np.abs(tiles - mouse_tile - 0.5) < 0.8).all(), "nothing but the mouse's square changes"


def test_squares_are_framed_where_they_are(ax, drawn):
    plot_maze(drawn, ax=ax, marked=[(12, 10)])
    frames = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert {(frame.get_x(), frame.get_y(), frame.get_width()) for frame in frames} == {(9.5, 11.5, 1.0)}


def test_the_title_says_which_maze_and_can_be_another_or_none(ax, drawn):
    assert plot_maze(drawn, ax=ax).get_title() == "maze of seed 7, 5 x 5 tiles"
    assert plot_maze(drawn, ax=ax, title="mine").get_title() == "mine"
    ax.set_title("")
    assert plot_maze(drawn, ax=ax, title="").get_title() == ""
    assert plot_maze(Maze.from_text(drawn.to_text()), ax=ax).get_title().startswith("drawn maze")


def test_a_mouse_with_nowhere_else_to_be_stays(ax):
    maze = Maze.from_text("###\n###\nM##")
    plot_maze(maze, ax=ax, mouse=False)
    assert np.array_equal(np.asarray(ax.images[0].get_array()), human_view(maze))


def test_axes_of_its_own_are_made_where_none_are_given_and_settings_stay(drawn):
    before = dict(matplotlib.rcParams)
    matplotlib.use("Agg")
    from matplotlib import pyplot

    ax = plot_maze(drawn)
    assert ax.get_figure() is pyplot.gcf()
    pyplot.close("all")
    changed = {key for key, value in matplotlib.rcParams.items() if before[key] != value}
    assert not {key for key in changed if not key.startswith("backend")}
