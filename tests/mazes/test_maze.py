"""The maze as a value: what it accepts, what it never lets change, and what makes two of them equal."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import DISCOVERY, SIZES, Facing, Maze, MazeError, Theme, simulator, size_between
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)
seeds = st.none() | st.integers(0, 2**31 - 2)


def walls(*free):
    grid = np.zeros((25, 25), dtype=bool)
    for square in free:
        grid[square] = True
    return grid


# -- immutability --------------------------------------------------------------------------------------------------


def test_the_grid_of_a_maze_cannot_be_written(drawn):
    with pytest.raises(ValueError, match="read-only"):
        drawn.free[12, 12] = False


def test_a_writable_grid_is_copied_so_that_its_owner_cannot_change_the_maze():
    grid = walls((11, 11), (11, 12))
    maze = Maze(grid, 3, (11, 11))
    key = maze.key
    grid[11, 13] = True
    assert not maze.free[11, 13]
    assert maze.free_squares == ((11, 11), (11, 12))
    assert Maze(maze.free, 3, (11, 11)).key == key


def test_the_caller_may_still_write_the_grid_it_gave():
    grid = walls((11, 11))
    Maze(grid, 3, (11, 11))
    assert grid.flags.writeable


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Maze)])
def test_no_field_of_a_maze_can_be_set(drawn, field):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(drawn, field, getattr(drawn, field))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copied_maze_equals_the_original(drawn, contents, duplicate):
    assert duplicate(drawn) == drawn
    assert contents(duplicate(drawn)) == contents(drawn)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_the_grid_of_a_copied_maze_cannot_be_written_either(drawn, duplicate):
    assert not duplicate(drawn).free.flags.writeable


# -- what is refused, and in which words ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid", "got"),
    [
        (np.zeros((5, 5), dtype=bool), "shape (5, 5) of bool"),
        (np.zeros((25, 24), dtype=bool), "shape (25, 24) of bool"),
        (np.zeros((25, 25), dtype=np.int32), "shape (25, 25) of int32"),
    ],
)
def test_a_grid_of_another_shape_or_type_is_refused(grid, got):
    with pytest.raises(MazeError) as error:
        Maze(grid, 5, (10, 10))
    assert str(error.value) == (
        f"free: got {got}, wanted (25, 25) of bool; pad the maze with walls to procgen's world, or use Maze.from_text"
    )


@pytest.mark.parametrize("size", [-3, 0, 1, 2, 4, 24, 27])
def test_a_size_that_procgen_does_not_make_is_refused(size):
    with pytest.raises(MazeError) as error:
        Maze(walls((12, 12)), size, (12, 12))
    assert str(error.value) == f"size: got {size}, wanted an odd number from 3 to 25"


def test_free_tiles_outside_the_maze_are_refused_and_counted():
    with pytest.raises(MazeError) as error:
        Maze(walls((11, 11), (10, 11), (14, 13), (11, 14)), 3, (11, 11))
    assert str(error.value) == (
        "free: 3 free tiles lie outside the central 3 x 3 tiles; use a larger size or wall them up"
    )


@pytest.mark.parametrize("what", ["mouse", "cheese"])
def test_a_mouse_or_cheese_in_a_wall_is_refused(what):
    with pytest.raises(MazeError) as error:
        Maze(walls((11, 11)), 3, **{"mouse": (11, 11), what: (12, 11)})
    assert str(error.value) == f"{what}: square (12, 11) is a wall; choose one of maze.free_squares"


@pytest.mark.parametrize("what", ["mouse", "cheese"])
def test_a_mouse_or_cheese_off_the_world_is_refused(what, outside):
    with pytest.raises(MazeError) as error:
        Maze(np.ones((25, 25), dtype=bool), 25, **{"mouse": (0, 0), what: outside})
    assert str(error.value) == f"{what}: got square {outside}, wanted row and column from 0 to 24"


def test_errors_about_mazes_are_value_errors_of_this_library():
    assert issubclass(MazeError, InterpClaimsError)
    assert issubclass(MazeError, ValueError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "drawing: got 0 lines of lengths [], wanted a square with an odd side from 3 to 25"),
        (".", "drawing: got 1 lines of lengths [1], wanted a square with an odd side from 3 to 25"),
        ("....\n" * 4, "drawing: got 4 lines of lengths [4], wanted a square with an odd side from 3 to 25"),
        ("...\n..\n....", "drawing: got 3 lines of lengths [2, 3, 4], wanted a square with an odd side from 3 to 25"),
        ("." * 27 + ("\n" + "." * 27) * 26, "drawing: got 27 lines of lengths [27], wanted a square with an odd side "
         "from 3 to 25"),
        ("..x\n...\nm..", "drawing: got the characters ['m', 'x'], wanted only ['#', '.', 'M', 'C']"),
        ("..C\n...\nMMC", "drawing: got 2 mice and 2 cheeses, wanted at most one of each"),
        ("..C\n...\n..C", "drawing: got 0 mice and 2 cheeses, wanted at most one of each"),
        ("...\n...\n#..", "mouse: square (11, 11) is a wall; choose one of maze.free_squares"),
    ],
)  # fmt: skip
def test_a_drawing_that_is_no_maze_is_refused(text, message):
    with pytest.raises(MazeError) as error:
        Maze.from_text(text)
    assert str(error.value) == message


def test_plain_data_with_strange_characters_is_refused(drawn):
    data = drawn.to_dict()
    data["grid"][0] = "..C##"
    with pytest.raises(MazeError) as error:
        Maze.from_dict(data)
    assert str(error.value) == "drawing: got the characters ['C'], wanted only ['#', '.']"


# -- drawings and plain data ---------------------------------------------------------------------------------------


def test_the_first_line_of_a_drawing_is_the_top_row(drawn):
    assert drawn.size == 5
    assert drawn.mouse == (12, 12)
    assert drawn.cheese == (14, 12)
    assert [drawn.free[14, column] for column in range(10, 15)] == [True, True, True, False, False]
    assert [drawn.free[10, column] for column in range(10, 15)] == [True, True, True, False, True]
    assert drawn.free.sum() == 17


def test_a_drawing_without_a_mouse_has_it_at_the_start():
    assert Maze.from_text("...\n.#.\n..C").mouse == (11, 11)


def test_a_drawn_maze_faces_left_and_has_the_theme_and_seed_it_was_given(drawn):
    assert (drawn.facing, drawn.theme, drawn.seed) == (Facing.LEFT, Theme(4, 0.25), 17)
    assert Maze.from_text("...\n...\nM..").seed is None


def test_a_mouse_on_the_cheese_hides_it_in_the_drawing(drawn):
    assert drawn.with_mouse((14, 12)).to_text() == "..M##\n.#.#.\n.#...\n.#.#.\n...#."


@examples
@given(maze=perfect_mazes(loops=True), seed=seeds)
def test_a_drawing_is_read_back_as_the_same_maze(contents, maze, seed):
    squares = [square for square in maze.free_squares if square != maze.cheese]
    maze = dataclasses.replace(maze, facing=Facing.LEFT, seed=seed, mouse=squares[len(squares) // 2])
    again = Maze.from_text(maze.to_text(), theme=maze.theme, seed=seed)
    assert again == maze
    assert (contents(again), again.seed) == (contents(maze), seed)


@examples
@given(maze=perfect_mazes(loops=True), seed=seeds)
def test_plain_data_is_read_back_as_the_same_maze_through_json(contents, maze, seed):
    maze = dataclasses.replace(maze, seed=seed)
    again = Maze.from_dict(json.loads(json.dumps(maze.to_dict())))
    assert again == maze
    assert (contents(again), again.seed) == (contents(maze), seed)
    assert type(again.mouse) is tuple


# -- corners and squares -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_maze_lies_in_the_middle_of_the_world_between_start_and_top_right(size):
    tiles = "\n".join("." * size for _ in range(size))
    maze = Maze.from_text(tiles)
    rows, columns = np.nonzero(maze.free)
    assert (rows.min(), columns.min()) == maze.start == maze.mouse == (maze.margin, maze.margin)
    assert (rows.max(), columns.max()) == maze.top_right
    assert maze.margin == 24 - maze.top_right[0]
    assert len(maze.free_squares) == size**2


@examples
@given(perfect_mazes(loops=True))
def test_free_squares_are_the_free_tiles_row_by_row_from_the_bottom(maze):
    assert list(maze.free_squares) == [(r, c) for r in range(25) for c in range(25) if maze.free[r, c]]
    assert all(type(i) is int for square in maze.free_squares for i in square)


# -- edits ---------------------------------------------------------------------------------------------------------


@examples
@given(maze=perfect_mazes(loops=True), seed=seeds, data=st.data())
def test_each_edit_changes_its_own_field_and_nothing_else(maze, seed, data):
    maze = dataclasses.replace(maze, seed=seed)
    key = maze.key
    square = data.draw(st.sampled_from(maze.free_squares))
    facing = data.draw(st.sampled_from(Facing))

    def differing(other):
        names = ("size", "mouse", "cheese", "facing", "theme", "seed")
        found = {name for name in names if getattr(maze, name) != getattr(other, name)}
        return found | ({"free"} if (maze.free != other.free).any() else set())

    moved = maze.with_mouse(square, facing)
    assert (moved.mouse, moved.facing) == (square, facing)
    assert differing(moved) <= {"mouse", "facing"}
    assert maze.with_mouse(square).facing is Facing.LEFT

    reset = maze.with_mouse_at_start()
    assert (reset.mouse, reset.facing) == (maze.start, Facing.LEFT)
    assert differing(reset) <= {"mouse", "facing"}

    assert maze.with_cheese(square).cheese == square
    assert differing(maze.with_cheese(square)) <= {"cheese"}
    assert maze.without_cheese().cheese is maze.with_cheese(None).cheese is None
    assert differing(maze.without_cheese()) <= {"cheese"}

    theme = Theme(maze.theme.background_index, maze.theme.background_offset / 2)
    assert maze.with_theme(theme).theme == theme
    assert differing(maze.with_theme(theme)) <= {"theme"}

    inside = st.integers(maze.margin, maze.margin + maze.size - 1)
    tile = data.draw(st.tuples(inside, inside))
    opened = maze.with_free(tile)
    assert opened.free[tile]
    assert opened.free.sum() == maze.free.sum() + (not maze.free[tile])
    assert differing(opened) <= {"free"}
    if tile not in (maze.mouse, maze.cheese):
        walled = maze.with_free(tile, free=False)
        assert not walled.free[tile]
        assert differing(walled) <= {"free"}

    assert maze.key == key


def test_a_tile_under_the_mouse_or_the_cheese_cannot_be_walled_up(drawn):
    with pytest.raises(MazeError, match=r"^mouse: square \(12, 12\) is a wall"):
        drawn.with_free((12, 12), free=False)
    with pytest.raises(MazeError, match=r"^cheese: square \(14, 12\) is a wall"):
        drawn.with_free((14, 12), free=False)


def test_a_tile_outside_the_maze_cannot_be_opened(drawn):
    with pytest.raises(MazeError, match="1 free tiles lie outside the central 5 x 5 tiles"):
        drawn.with_free((9, 10))


def test_a_tile_off_the_world_cannot_be_opened():
    maze = Maze.from_text("\n".join(["#" * 25] * 24 + ["." * 25]))
    try:
        maze.with_free((-1, 3))
    except MazeError:
        return
    raise AssertionError("opened the tile (24, 3) when asked for (-1, 3)")


# -- identity ------------------------------------------------------------------------------------------------------


@st.composite
def pairs(draw):
    """A maze and another that differs from it in one field, or in none."""
    maze = draw(perfect_mazes(max_size=9, loops=True))
    squares = st.sampled_from(maze.free_squares)
    inside = st.integers(maze.margin, maze.margin + maze.size - 1)
    floor, shift = maze.theme.background_index, maze.theme.background_offset
    change = draw(
        st.one_of(
            st.just({}),
            st.builds(lambda s: {"mouse": s}, squares),
            st.builds(lambda s: {"cheese": s}, squares | st.none()),
            st.builds(lambda f: {"facing": f}, st.sampled_from(Facing)),
            st.builds(lambda i: {"theme": Theme(i, shift)}, st.integers(0, 8)),
            st.builds(lambda o: {"theme": Theme(floor, o)}, st.floats(0.125, 1, width=32)),
            st.builds(lambda r, c: {"tile": (r, c)}, inside, inside),
        )
    )
    if "tile" in change:
        tile = change["tile"]
        kept = tile in (maze.mouse, maze.cheese)
        return maze, maze.with_free(tile, free=kept or not maze.free[tile])
    return maze, dataclasses.replace(maze, **change)


@settings(examples, max_examples=300)
@given(pair=pairs(), seed=seeds, other_seed=seeds)
def test_keys_are_equal_exactly_when_everything_seen_is_and_the_seed_plays_no_part(contents, pair, seed, other_seed):
    a = dataclasses.replace(pair[0], seed=seed)
    b = dataclasses.replace(pair[1], seed=other_seed)
    assert (a.key == b.key) == (contents(a) == contents(b))
    assert (a == b) == (contents(a) == contents(b) and seed == other_seed)
    if a == b:
        assert hash(a) == hash(b)


def test_the_key_of_a_maze_stays_the_same_on_every_machine_and_in_every_version(drawn):
    assert drawn.key.hex() == "7bc7b48771667aa03825953f7a310d4d"


def test_the_same_drawing_with_another_seed_looks_the_same_but_is_another_maze(drawn):
    other = dataclasses.replace(drawn, seed=18)
    assert other.key == drawn.key
    assert other != drawn
    assert len({drawn, other, dataclasses.replace(other, seed=17)}) == 2


def test_a_maze_equals_nothing_that_is_not_a_maze(drawn):
    assert drawn != drawn.key
    assert drawn != drawn.to_dict()


def test_a_maze_prints_where_it_comes_from_and_where_things_stand(drawn):
    assert repr(drawn) == "<Maze seed 17, size 5, mouse (12, 12) LEFT, cheese (14, 12)>"
    facing_right = dataclasses.replace(drawn.with_mouse((10, 10), Facing.RIGHT).without_cheese(), seed=None)
    assert repr(facing_right) == "<Maze drawn, size 5, mouse (10, 10) RIGHT, cheese None>"


# -- a way to the top-right corner of the picture --------------------------------------------------------------------


def test_a_way_is_opened_up_and_then_right_and_everything_else_stays(drawn):
    opened = drawn.opened_to_top_right()
    changed = np.argwhere(opened.free != drawn.free).tolist()
    assert sorted(map(tuple, changed)) == [*((row, 14) for row in range(14, 25)), *((24, c) for c in range(15, 25))]
    assert opened.free[14:, 14].all() and opened.free[24, 14:].all()
    assert (opened.size, opened.start, opened.top_right) == (25, (0, 0), (24, 24))
    same = ("mouse", "cheese", "facing", "theme", "seed")
    assert [getattr(opened, name) for name in same] == [getattr(drawn, name) for name in same]
    assert drawn.size == 5, "the maze itself is left as it was"


@pytest.mark.parametrize("size", [3, 11, 23])
def test_only_the_opened_tiles_look_different(size):
    (maze,) = size_between(size, size).sample(DISCOVERY, 1)
    opened = maze.opened_to_top_right()
    before, after = simulator().render([maze, opened])
    rows, columns = np.nonzero((before != after).any(axis=-1))
    assert len(rows) > 0
    allowed = np.zeros((64, 64), dtype=bool)
    for row, column in np.argwhere(opened.free != maze.free):
        top, left = (24 - row) * 64 / 25, column * 64 / 25
        box = [slice(max(0, int(np.floor(i - 0.5))), int(np.ceil(i + 64 / 25 + 0.5))) for i in (top, left)]
        allowed[tuple(box)] = True
    assert allowed[rows, columns].all()
    assert len(rows) > (opened.free != maze.free).sum() * 4, "most of each tile, some 6 pixels, looks different"


def test_a_maze_that_fills_the_picture_has_no_way_left_to_open():
    maze = Maze(np.ones((25, 25), dtype=bool), 25, (3, 4), seed=8)
    with pytest.raises(MazeError) as error:
        maze.opened_to_top_right()
    assert str(error.value) == (
        "<Maze seed 8, size 25, mouse (3, 4) LEFT, cheese None> fills the picture: no way to its top-right corner is "
        "left to open"
    )
