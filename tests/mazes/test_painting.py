"""Painted mazes are procgen's pictures, pixel for pixel."""

import dataclasses

import numpy as np
import pytest

from interp_claims.mazes import Facing, Maze, Theme, level, paint, simulator
from interp_claims.mazes.painting import Painter, PaintingError


def random_walls(rng):
    """A maze as somebody might draw it: any size, any tiles free."""
    size = int(rng.choice(np.arange(3, 26, 2)))
    margin = (25 - size) // 2
    free = np.zeros((25, 25), dtype=bool)
    inside = slice(margin, margin + size)
    free[inside, inside] = rng.random((size, size)) < rng.random()
    free[margin, margin] = True
    return Maze(free, size, (margin, margin), theme=Theme(int(rng.integers(9))))


def anywhere(maze, rng):
    """The maze with mouse and cheese anywhere, on one square too, or without cheese."""
    squares = maze.free_squares
    mouse, cheese = (squares[rng.integers(len(squares))] for _ in range(2))
    moved = maze.with_cheese(cheese) if rng.random() < 0.8 else maze.without_cheese()
    return dataclasses.replace(moved, mouse=mouse, facing=Facing(int(rng.integers(2))))


def random_observations(count, seed):
    rng = np.random.default_rng(seed)
    return [anywhere(random_walls(rng) if i % 2 else level(1_200_000_000 + i), rng) for i in range(count)]


def check(observations):
    drawn, painted = simulator().render(observations), paint(observations)
    wrong = (drawn != painted).any(axis=(1, 2, 3))
    assert not wrong.any(), observations[int(wrong.argmax())].to_text()


def test_random_observations_are_pixel_exact():
    check(random_observations(500, 0))


@pytest.mark.slow
def test_ten_thousand_random_observations_are_pixel_exact():
    check(random_observations(10_000, 1))


def test_a_mouse_on_the_cheese_is_drawn_over_it():
    maze = level(1_200_000_001)
    for facing in Facing:
        check([maze.with_cheese(square).with_mouse(square, facing) for square in maze.free_squares])


@pytest.mark.parametrize("theme", range(9))
def test_every_floor_is_painted(theme):
    free = np.ones((25, 25), dtype=bool)
    check([Maze(free, 25, (row, column), (column, row), theme=Theme(theme, 0.3)) for row, column in ((3, 9), (24, 0))])


def test_a_picture_does_not_depend_on_the_others_that_are_asked_for():
    observations = random_observations(70, 2)
    together = paint(observations)
    for maze, picture in zip(observations, together):
        np.testing.assert_array_equal(paint([maze])[0], picture)
    assert paint([]).shape == (0, 64, 64, 3)


def test_who_changes_a_picture_changes_no_other():
    maze = level(1_200_000_002)
    first = paint([maze])
    first[:] = 0
    assert paint([maze]).any()


# -- pictures that are put together in another way -------------------------------------------------------------------


def changed(change):
    def draw(mazes, mouse):
        return np.stack(
            [change(maze, picture, mouse) for maze, picture in zip(mazes, simulator().render(mazes, mouse))]
        )

    return draw


def translucent_walls(maze, picture, mouse):
    """Walls that let a little of the floor shine through."""
    return np.where(maze.theme.background_index and not maze.free.all(), picture // 2, picture).astype(np.uint8)


def noisy_mouse(maze, picture, mouse):
    """A mouse with a spot that is drawn otherwise over every floor."""
    if mouse:
        picture[30, 30] ^= np.uint8(maze.theme.background_index)
    return picture


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (translucent_walls, "walls are no opaque rectangles"),
        (noisy_mouse, "blends a picture over the floor in a way"),
    ],
)
def test_a_procgen_that_draws_otherwise_is_refused(change, message):
    with pytest.raises(PaintingError, match=message):
        Painter(changed(change))
