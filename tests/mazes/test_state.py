"""procgen's saved states: read as procgen means them, written back byte for byte, refused when they are not its own."""

import functools
import math
import struct

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import Facing, Maze, State, StateError, Theme, simulator, take_step
from interp_claims.mazes.actions import DIRECTION_OF_ACTION
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

TAIL = 4 * 3  # maze_dim, world_dim, end mark
GRID = 4 * 25 * 25
UP, RIGHT, NOOP = 5, 7, 4


@functools.cache
def level_bytes(seed=3):
    return next(simulator().states([seed]))


def tile_at(data, row, column):
    """Where a state holds a tile, counted from its end, which has a fixed length."""
    return len(data) - TAIL - GRID + 4 * (25 * row + column)


def with_int(data, place, value):
    return data[:place] + struct.pack("<i", value) + data[place + 4 :]


def with_float(data, place, value):
    return data[:place] + struct.pack("<f", value) + data[place + 4 :]


def place_of(name, data):
    """Where the state holds a field."""
    return State(data)._places[name][1]


# -- reading -------------------------------------------------------------------------------------------------------


def test_writing_a_states_own_maze_into_it_gives_its_own_bytes_on_many_levels(live, saved):
    env = live(40_000, num=64, levels=10_000)
    states = saved(env)
    mazes = [State(data).maze() for data in states]
    assert [State(data).with_maze(maze) for data, maze in zip(states, mazes)] == states
    assert len({maze.size for maze in mazes}) > 8
    assert len({maze.seed for maze in mazes}) > 50


def test_writing_a_states_own_maze_into_it_gives_its_own_bytes_after_random_steps(live, saved):
    env = live(40_000, num=16, levels=10_000)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        env.act(rng.integers(15, size=16, dtype=np.int32))
        for data in saved(env):
            maze = State(data).maze()
            assert State(data).with_maze(maze) == data
            seen.add((maze.facing, maze.mouse == maze.start))
    assert len(seen) == 4


def test_the_mouse_stands_at_the_start_facing_left_after_a_reset(live, saved):
    for data in saved(live(num=32, levels=1000)):
        maze = State(data).maze()
        assert (maze.mouse, maze.facing) == (maze.start, Facing.LEFT)


def test_the_square_and_facing_of_the_mouse_are_read_after_each_step(live, saved):
    env = live()
    (data,) = saved(env)
    env.callmethod("set_state", [State(data).with_maze(Maze.from_text(".....\n.....\n.....\n.....\nM...C"))])
    seen = []
    for action in (RIGHT, UP, UP, RIGHT, NOOP, 1, 3, 3):
        env.act(np.array([action], dtype=np.int32))
        maze = State(saved(env)[0]).maze()
        seen.append((*maze.mouse, maze.facing.name))
    assert seen == [
        (10, 11, "RIGHT"),
        (11, 11, "RIGHT"),
        (12, 11, "RIGHT"),
        (12, 12, "RIGHT"),
        (12, 12, "RIGHT"),
        (12, 11, "LEFT"),
        (11, 11, "LEFT"),
        (10, 11, "LEFT"),
    ]


def test_walking_to_where_the_cheese_was_read_gets_the_cheese_in_the_last_step(live, saved, steps_from):
    env = live(500, num=24, levels=500)
    mazes = [State(data).maze() for data in saved(env)]
    walks = [actions_to_cheese(maze, steps_from) for maze in mazes]
    longest = max(map(len, walks))
    assert longest > 40
    for step in range(longest):
        waiting = [longest - len(walk) for walk in walks]
        actions = [NOOP if step < wait else walk[step - wait] for walk, wait in zip(walks, waiting)]
        env.act(np.array(actions, dtype=np.int32))
        rewards, _, first = env.observe()
        assert (rewards == (10 if step == longest - 1 else 0)).all()
        assert (first == (step == longest - 1)).all()


def actions_to_cheese(maze, steps_from):
    """A shortest walk from the mouse to the cheese, found backwards from the cheese."""
    left = steps_from(maze.free, maze.cheese)
    row, column = maze.mouse
    walk = []
    while left[row, column]:
        moves = {UP: (row + 1, column), 3: (row - 1, column), RIGHT: (row, column + 1), 1: (row, column - 1)}
        action = next(a for a, near in moves.items() if left.get(near, math.inf) < left[row, column])
        walk.append(action)
        row, column = moves[action]
    return walk


def test_the_grid_is_read_with_row_0_at_the_bottom_and_cannot_be_written():
    data = level_bytes()
    grid = State(data).grid
    assert grid.shape == (25, 25)
    for row, column in ((10, 10), (10, 14), (14, 10), (0, 0), (24, 24)):
        assert grid[row, column] == struct.unpack_from("<i", data, tile_at(data, row, column))[0]
    with pytest.raises(ValueError, match="read-only"):
        grid[0, 0] = 100


def test_the_seed_is_the_levels():
    assert [State(level_bytes(seed)).maze().seed for seed in (0, 3, 2_000_000_000)] == [0, 3, 2_000_000_000]


# -- writing -------------------------------------------------------------------------------------------------------


@settings(examples, max_examples=100)
@given(perfect_mazes(loops=True))
def test_procgen_gives_back_every_maze_that_was_written_into_its_state(live, saved, contents, maze):
    env = one_env(live)
    env.callmethod("set_state", [State(level_bytes()).with_maze(maze)])
    (data,) = saved(env)
    assert data == State(level_bytes()).with_maze(maze)
    assert contents(State(data).maze()) == contents(maze)


@functools.cache
def one_env(live):
    return live()


@examples
@given(maze=perfect_mazes(), seed=st.integers(0, 2**31 - 2))
def test_a_mazes_seed_is_written_with_it_and_a_drawn_maze_leaves_the_states_own(maze, seed):
    state = State(level_bytes())
    assert state.maze().seed == State(state.with_maze(maze)).maze().seed == 3
    data = maze.to_dict() | {"seed": seed}
    assert State(state.with_maze(Maze.from_dict(data))).maze() == Maze.from_dict(data)


def test_a_cheese_can_be_taken_away_and_moved(live, saved):
    data = level_bytes()
    maze = State(data).maze()
    env = live()
    for changed in (maze.without_cheese(), maze.with_cheese(maze.top_right)):
        env.callmethod("set_state", [State(data).with_maze(changed)])
        assert State(saved(env)[0]).maze() == changed
    assert State(State(data).with_maze(maze.without_cheese())).maze().cheese is None


def test_without_cheese_procgen_goes_on_when_the_mouse_walks_over_its_square(live, saved):
    env = live()
    (data,) = saved(env)
    maze = Maze.from_text("...\n...\nMC.")
    for shown, ends in ((maze, True), (maze.without_cheese(), False)):
        env.callmethod("set_state", [State(data).with_maze(shown)])
        env.act(np.array([RIGHT], dtype=np.int32))
        assert env.observe()[2].tolist() == [ends]


def test_writing_a_maze_leaves_the_state_it_is_written_into_as_it_was():
    state = State(level_bytes())
    state.with_maze(Maze.from_text("..C\n...\nM.."))
    state.with_next_level(99)
    assert state.data == level_bytes()


@examples
@given(st.integers(0, 2**31 - 2))
def test_the_next_level_is_the_one_asked_for(live, saved, seed):
    env = one_env(live)
    env.callmethod("set_state", [State(level_bytes()).with_next_level(seed)])
    env.act(np.array([-1], dtype=np.int32))
    assert State(saved(env)[0]).maze() == State(level_bytes(seed)).maze()


# -- what is refused -----------------------------------------------------------------------------------------------


def test_state_errors_are_value_errors_of_this_library():
    assert issubclass(StateError, InterpClaimsError)
    assert issubclass(StateError, ValueError)


@settings(examples, max_examples=200)
@given(st.data())
def test_a_state_cut_short_anywhere_is_refused(data):
    whole = level_bytes(data.draw(st.sampled_from([3, 7])))
    end = data.draw(st.integers(0, len(whole) - 1) | st.integers(0, 600) | st.integers(13_000, len(whole) - 1))
    with pytest.raises(StateError) as error:
        State(whole[:end])
    assert "cut short" in str(error.value) or "a text of" in str(error.value)


@pytest.mark.parametrize("name", ["version", "game_name", "mouse_y", "background_index", "grid_length"])
def test_a_state_cut_short_before_a_field_says_where_it_ends(name):
    data = level_bytes()
    end = place_of(name, data)
    with pytest.raises(StateError) as error:
        State(data[:end])
    assert str(error.value) == f"the state ends at byte {end}, before its field '{name}': it was cut short"


def test_a_state_cut_short_within_its_grid_is_refused():
    data = level_bytes()
    with pytest.raises(StateError, match=f"the state ends at byte {len(data) - TAIL - 8}, before its field 'maze_dim'"):
        State(data[: len(data) - TAIL - 8])


def test_a_state_with_more_after_its_end_is_refused():
    with pytest.raises(StateError) as error:
        State(level_bytes() + b"more")
    assert str(error.value) == "got 4 bytes after the end mark, wanted none"


@settings(examples, max_examples=200)
@given(st.binary(max_size=300))
def test_garbage_is_refused(data):
    with pytest.raises(StateError):
        State(data)
    with pytest.raises(StateError):
        State(level_bytes()[:60] + data)


@settings(examples, max_examples=300)
@given(data=st.data())
def test_a_state_with_a_changed_byte_gives_a_maze_or_a_state_error_and_nothing_else(data):
    whole = bytearray(level_bytes())
    place = data.draw(st.integers(0, 60) | st.integers(13_000, len(whole) - 1) | st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    mouse = place_of("mouse_x", level_bytes())
    assume(not mouse <= place < mouse + 8)
    whole[place] ^= change
    try:
        maze = State(bytes(whole)).maze()
    except StateError:
        return
    assert maze.free[maze.mouse]


@pytest.mark.parametrize(
    ("options", "field", "got", "wanted"),
    [
        ({"env_name": "heist"}, "game_name", "'heist'", "'maze'"),
        ({"env_name": "coinrun", "distribution_mode": "easy"}, "game_name", "'coinrun'", "'maze'"),
        ({"distribution_mode": "easy"}, "distribution_mode", "0", "1"),
        ({"distribution_mode": "memory"}, "distribution_mode", "10", "1"),
    ],
)
def test_the_states_of_another_game_or_mode_are_refused(live, saved, options, field, got, wanted):
    (data,) = saved(live(**options))
    with pytest.raises(StateError) as error:
        State(data)
    message = str(error.value)
    assert message.startswith(f"not a state of procgen's stock maze in hard mode: field '{field}' before byte ")
    assert f" is {got}, wanted {wanted}; " in message
    assert message.endswith(
        "save states from env_name='maze', distribution_mode='hard' (forks such as maze_aisc lay their states out "
        "differently)"
    )


HEADER_BEFORE_RANDOMNESS = (
    "paint_vel_info use_generated_assets use_monochrome_assets restrict_themes use_backgrounds center_agent debug_mode "
    "distribution_mode use_sequential_levels use_easy_jump plain_assets physics_mode grid_step level_seed_low "
    "level_seed_high game_type game_n level_rng_seeded"
)


@pytest.mark.parametrize("before", HEADER_BEFORE_RANDOMNESS.split())
@pytest.mark.parametrize("extra", [(5, 0, 0, 0, 0), (0, 0, 0, 0, 0), (1, 1, 1, 1, 1), (5, 1, 0, 10, 25)])
def test_a_forks_state_with_five_more_integers_in_its_header_is_refused_and_not_misread(before, extra):
    data = level_bytes()
    place = place_of(before, data)
    with pytest.raises(StateError, match=r"\(forks such as maze_aisc lay their states out differently\)"):
        State(data[:place] + struct.pack("<5i", *extra) + data[place:])


@pytest.mark.parametrize(
    ("name", "value", "got", "wanted"),
    [
        ("version", 1, "1", "0"),
        ("entity_count", 2, "2", "1"),
        ("mouse_type", 3, "3", "0"),
        pytest.param("mouse_reflected", 2, "2", "0 or 1"),
        ("grid_width", 20, "20", "25"),
        ("grid_height", 20, "20", "25"),
        ("world_dim", 15, "15", "25"),
        ("end_mark", 0, "0", "-889271554"),
    ],
)
def test_a_field_that_stock_mazes_never_have_is_named(name, value, got, wanted):
    data = level_bytes()
    with pytest.raises(StateError) as error:
        State(with_int(data, place_of(name, data), value))
    assert f"field '{name}' before byte {place_of(name, data) + 4} is {got}, wanted {wanted}; " in str(error.value)


@pytest.mark.parametrize("length", [-1, 10**6])
def test_a_text_that_is_longer_than_the_state_is_refused(length):
    data = level_bytes()
    with pytest.raises(StateError, match=f"field 'level_rng' before byte .* is a text of {length} bytes, wanted one"):
        State(with_int(data, place_of("level_rng", data), length))


@pytest.mark.parametrize("name", ["done", "mouse_reflected", "use_procgen_background"])
def test_a_truth_value_that_is_neither_0_nor_1_is_refused(name):
    data = level_bytes()
    with pytest.raises(StateError, match=f"field '{name}' before byte .* is 2, wanted '?0 or 1'?; "):
        State(with_int(data, place_of(name, data), 2))


def test_a_grid_of_another_length_is_refused():
    data = level_bytes()
    with pytest.raises(StateError) as error:
        State(with_int(data, place_of("grid_length", data), 624))
    assert str(error.value) == "got a grid of 624 tiles, wanted 625: procgen's maze in hard mode"


def test_two_cheeses_are_refused():
    data = level_bytes()
    maze = State(data).maze()
    second = next(square for square in maze.free_squares if square not in (maze.mouse, maze.cheese))
    with pytest.raises(StateError) as error:
        State(with_int(data, tile_at(data, *second), 2)).maze()
    assert str(error.value) == (
        "got a grid with 2 cheeses and the values [], wanted at most one cheese (2) and otherwise only 51 (wall) and "
        "100 (free)"
    )


def test_tiles_of_another_kind_are_refused_and_named():
    data = level_bytes()
    strange = with_int(with_int(data, tile_at(data, 0, 3), 77), tile_at(data, 9, 9), 12)
    with pytest.raises(StateError, match=r"got a grid with 1 cheeses and the values \[12, 77\], wanted"):
        State(strange).maze()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maze_dim": 4}, "the state holds no valid maze: size: got 4, wanted an odd number from 3 to 25"),
        ({"mouse_x": 0.5}, "the state holds no valid maze: mouse: square (10, 0) is a wall; choose one of "
         "maze.free_squares"),
        ({"mouse_y": 25.5}, "the mouse is at x 10.5, y 25.5, wanted 0 to 25 tiles"),
    ],
)  # fmt: skip
def test_a_state_of_a_maze_that_cannot_be_is_refused(change, message):
    data = level_bytes()
    for name, value in change.items():
        data = (with_float if isinstance(value, float) else with_int)(data, place_of(name, data), value)
    with pytest.raises(StateError) as error:
        State(data).maze()
    assert str(error.value) == message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["mouse_x", "mouse_y"])
def test_a_mouse_on_no_square_at_all_is_refused(name, value):
    data = level_bytes()
    try:
        State(with_float(data, place_of(name, data), value)).maze()
    except StateError:
        return
    raise AssertionError("read a maze")


@pytest.mark.parametrize("index", [-1, 9, 1000])
def test_a_floor_picture_that_procgen_does_not_have_is_refused(index):
    data = level_bytes()
    with pytest.raises(InterpClaimsError):
        State(with_int(data, place_of("background_index", data), index)).maze()
    with pytest.raises(InterpClaimsError):
        State(data).maze().with_theme(Theme(index))


def test_steps_taken_by_procgen_and_by_the_library_give_the_same_saved_maze(live, saved):
    env = live(3)
    maze = State(saved(env)[0]).maze()
    for action in (RIGHT, RIGHT, UP, 0, NOOP, 8):
        env.act(np.array([action], dtype=np.int32))
        maze = take_step(maze, DIRECTION_OF_ACTION[action])
        assert State(saved(env)[0]).maze() == maze
