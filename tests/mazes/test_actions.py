"""What the fifteen actions come to: the same steps that procgen takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from interp_claims.mazes import (
    DELTAS,
    DIRECTION_OF_ACTION,
    NUM_ACTIONS,
    Direction,
    Facing,
    Maze,
    MazeError,
    State,
    direction_between,
    direction_probabilities,
    take_step,
)
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

NAMES = ["LEFT", "LEFT", "LEFT", "DOWN", "STAY", "UP", "RIGHT", "RIGHT", "RIGHT"] + 6 * ["STAY"]


def positions(env, saved):
    return [State(data).maze() for data in saved(env)]


def test_steps_agree_with_procgen_on_random_actions_in_many_mazes(live, saved):
    env = live(90_000, num=48, levels=10_000)
    rng = np.random.default_rng(2)
    mazes = positions(env, saved)
    seen, bumped, ended = set(), set(), 0
    for _ in range(80):
        actions = rng.choice(15, size=48, p=[0.04] * 5 + [0.12] + [0.12] * 3 + [0.32 / 6] * 6)
        expected = [take_step(maze, DIRECTION_OF_ACTION[action]) for maze, action in zip(mazes, actions)]
        env.act(actions.astype(np.int32))
        _, _, first = env.observe()
        now = positions(env, saved)
        for before, action, after, got, over in zip(mazes, actions, expected, now, first):
            assert (after.mouse == before.cheese) == over
            if not over:
                assert got == after
                seen.add(action)
                if got.mouse == before.mouse:
                    bumped.add((NAMES[action], before.facing, got.facing))
            ended += over
        mazes = now
    assert seen == set(range(15))
    assert ended > 5
    assert bumped >= {("LEFT", Facing.RIGHT, Facing.LEFT), ("RIGHT", Facing.LEFT, Facing.RIGHT)}
    assert bumped >= {(name, facing, facing) for name in ("UP", "DOWN", "STAY") for facing in Facing}


@settings(examples, max_examples=40)
@given(maze=perfect_mazes(loops=True))
def test_steps_agree_with_procgen_from_any_square_for_every_action(fifteen, saved, maze):
    state = State(saved(fifteen)[0])
    maze = Maze.from_dict(maze.to_dict() | {"seed": 3})
    fifteen.callmethod("set_state", [state.with_maze(maze)] * 15)
    fifteen.act(np.arange(15, dtype=np.int32))
    _, _, first = fifteen.observe()
    for action, got in enumerate(positions(fifteen, saved)):
        expected = take_step(maze, DIRECTION_OF_ACTION[action])
        if not first[action]:
            assert got == expected
        else:
            assert expected.mouse == maze.cheese


@pytest.fixture(scope="module")
def fifteen(live):
    return live(3, num=15)


def test_each_action_has_the_direction_that_procgen_gives_it():
    assert [Direction(direction).name for direction in DIRECTION_OF_ACTION] == NAMES


def test_a_step_changes_only_the_mouse(drawn):
    stepped = take_step(drawn, Direction.RIGHT)
    assert (stepped.mouse, stepped.facing) == ((12, 13), Facing.RIGHT)
    assert stepped.with_mouse(drawn.mouse) == drawn
    assert stepped.seed == 17


def test_the_edge_of_the_world_stops_the_mouse_like_a_wall():
    maze = Maze.from_text("\n".join(["." * 25] * 25))
    for corner, blocked in (((0, 0), ("LEFT", "DOWN")), ((24, 24), ("RIGHT", "UP"))):
        for direction in Direction:
            moved = take_step(maze.with_mouse(corner), direction).mouse != corner
            assert moved == (direction.name not in (*blocked, "STAY"))


# -- probabilities -------------------------------------------------------------------------------------------------


@examples
@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(0, 3), st.integers(1, 3), st.just(NUM_ACTIONS)), elements=st.floats(0, 1)
    )
)
def test_the_probability_of_a_direction_is_the_sum_over_its_actions(p):
    summed = direction_probabilities(p)
    assert summed.shape == (*p.shape[:-1], 5)
    for direction in Direction:
        of_it = sum(p[..., action] for action in range(15) if NAMES[action] == direction.name)
        np.testing.assert_allclose(summed[..., direction], of_it, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(summed.sum(axis=-1), p.sum(axis=-1), rtol=1e-12, atol=1e-300)


def test_the_likeliest_action_may_go_another_way_than_the_likeliest_direction():
    p = np.zeros(15)
    p[5] = 0.4
    p[[6, 7, 8]] = 0.2
    assert Direction(DIRECTION_OF_ACTION[int(np.argmax(p))]) is Direction.UP
    assert Direction(int(np.argmax(direction_probabilities(p)))) is Direction.RIGHT
    np.testing.assert_allclose(direction_probabilities(p), [0, 0, 0.4, 0.6, 0])


# -- directions between squares ------------------------------------------------------------------------------------


@examples
@given(st.integers(-30, 30), st.integers(-30, 30))
def test_the_direction_between_neighbours_leads_from_one_to_the_other(row, column):
    found = {
        direction_between((row, column), near).name: near
        for near in ((row, column - 1), (row - 1, column), (row + 1, column), (row, column + 1))
    }
    assert list(found) == ["LEFT", "DOWN", "UP", "RIGHT"]
    for name, near in found.items():
        rows, columns = DELTAS[Direction[name]]
        assert (row + rows, column + columns) == near


@pytest.mark.parametrize("other", [(4, 4), (5, 5), (3, 3), (4, 6), (2, 4), (9, 9)])
def test_squares_that_are_no_neighbours_have_no_direction_between_them(other):
    with pytest.raises(MazeError) as error:
        direction_between((4, 4), other)
    assert str(error.value) == f"squares (4, 4) and {other}: wanted neighbours, one step apart"
