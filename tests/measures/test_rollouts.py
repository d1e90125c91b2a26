"""Episodes: the policy's own steps, each maze's own randomness, and an end where procgen ends."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from interp_claims.mazes import (
    Direction,
    Facing,
    Maze,
    MazeError,
    State,
    cheese_in_corner,
    make_env,
    shortest_path,
)
from interp_claims.mazes.sampling import DISCOVERY
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import roll_out

examples = settings(max_examples=40, derandomize=True, database=None, deadline=None)

OPEN_25 = Maze.from_text("\n".join(["." * 25] * 25))
CENTRE = (12, 12)
#: How often a test of frequencies would fail on fresh seeds though they are right.
FALSE_ALARM = 0.001


def directions_of(rollout):
    steps = {(0, -1): "LEFT", (-1, 0): "DOWN", (1, 0): "UP", (0, 1): "RIGHT", (0, 0): "STAY"}
    return [steps[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(rollout.squares)]


# -- deterministic policies ----------------------------------------------------------------------------------------


@examples
@given(mazes=st.lists(perfect_mazes(cheese=True), min_size=1, max_size=3), seed=st.integers(0, 1000))
def test_a_policy_that_always_seeks_the_cheese_walks_the_path_and_ends_on_it(seeker, mazes, seed):
    mazes = [maze.with_mouse_at_start() for maze in mazes if maze.cheese != maze.start]
    for maze, rollout in zip(mazes, roll_out(seeker(1), mazes, seed=seed, max_steps=500)):
        path = shortest_path(maze, maze.start, maze.cheese)
        assert rollout.squares == path
        assert rollout.got_cheese
        assert rollout.steps == len(path) - 1
        assert rollout.maze == maze
        in_passing = path.index(maze.top_right) if maze.top_right in path else None
        assert rollout.steps_to_top_right == in_passing


def test_an_episode_starts_where_the_mouse_stands(fake, only, parting):
    maze = parting.with_mouse((12, 11))
    (rollout,) = roll_out(fake(lambda shown: only("UP")), [maze], seed=0, max_steps=4)
    assert rollout.squares == ((12, 11), (13, 11), (14, 11), (14, 11), (14, 11))
    assert rollout.maze == maze
    assert rollout.steps == 4


def test_the_facing_after_each_step_is_what_the_policy_sees_next(fake, only):
    maze = Maze.from_text("..C\n.#.\n.M.")
    turns = {Facing.LEFT: "RIGHT", Facing.RIGHT: "UP"}
    policy = fake(lambda shown: only(turns[shown.facing]))
    (from_left,) = roll_out(policy, [maze], seed=0, max_steps=5)
    assert from_left.squares == ((11, 12), (11, 13), (12, 13), (13, 13))
    assert from_left.got_cheese
    (from_right,) = roll_out(policy, [maze.with_mouse((11, 12), Facing.RIGHT)], seed=0, max_steps=3)
    assert from_right.squares == ((11, 12),) * 4


def test_turning_at_a_wall_is_seen_too(fake, only):
    maze = Maze.from_text("...\n###\nM#C").with_mouse((11, 11), Facing.LEFT)
    policy = fake(lambda shown: only("RIGHT" if shown.facing is Facing.LEFT else "STAY"))
    roll_out(policy, [maze], seed=0, max_steps=4)
    shown = [m for asked in policy.asked for m in asked.mazes]
    assert shown == [maze, maze.with_mouse((11, 11), Facing.RIGHT)]


def test_the_policy_sees_the_whole_maze_and_whose_it_is(fake, only, parting):
    other = parting.with_cheese((10, 14))
    policy = fake(lambda shown: only("RIGHT"))
    roll_out(policy, [parting.with_mouse((10, 14)), other], seed=0, max_steps=5)
    assert {asked.owners for asked in policy.asked} >= {(0, 1), (1,)}
    for asked in policy.asked:
        assert asked.num_mazes == 2
        for shown, owner in zip(asked.mazes, asked.owners):
            assert shown.with_mouse(parting.start) == (parting, other)[owner]


# -- the cheese and the corner -------------------------------------------------------------------------------------


def test_the_cheese_is_got_only_by_stepping_onto_it(fake, only):
    beside = Maze.from_text("...\n.C.\nM..")
    up = fake(lambda shown: only("UP"))
    (passing,) = roll_out(up, [beside], seed=0, max_steps=9)
    assert not passing.got_cheese
    assert passing.steps == 9
    (onto,) = roll_out(up, [beside.with_mouse((11, 12))], seed=0, max_steps=9)
    assert onto.got_cheese
    assert onto.squares == ((11, 12), (12, 12))


def test_an_episode_that_begins_on_the_cheese_is_over_at_once(scrambled, parting):
    policy = scrambled()
    (rollout,) = roll_out(policy, [parting.with_mouse(parting.cheese)], seed=0)
    assert (rollout.squares, rollout.got_cheese, rollout.steps) == ((parting.cheese,), True, 0)
    assert policy.asked == []


@pytest.mark.parametrize("enough", [True, False])
def test_an_episode_stops_after_its_steps_even_next_to_the_cheese(seeker, parting, enough):
    steps = 6
    (rollout,) = roll_out(seeker(1), [parting], seed=0, max_steps=steps if enough else steps - 1)
    assert rollout.got_cheese == enough
    assert rollout.squares[-1] == ((14, 10) if enough else (14, 11))


def test_without_a_cheese_an_episode_takes_all_its_steps(fake, only, parting):
    (rollout,) = roll_out(fake(lambda shown: only("STAY")), [parting.without_cheese()], seed=0, max_steps=7)
    assert not rollout.got_cheese
    assert rollout.squares == (parting.start,) * 8


def test_a_finished_episode_leaves_the_others_walking(seeker, parting):
    near = parting.with_mouse((14, 11))
    short, long = roll_out(seeker(1), [near, parting], seed=0)
    assert (short.steps, long.steps) == (1, 6)
    assert short.got_cheese
    assert long.got_cheese


def test_steps_to_the_top_right_are_counted_to_the_first_visit(fake, only):
    maze = Maze.from_text("...\n.#.\nM..")
    ways = {(11, 11): "UP", (12, 11): "UP", (13, 11): "RIGHT", (13, 12): "RIGHT", (13, 13): "DOWN", (12, 13): "UP"}
    policy = fake(lambda shown: only(ways[shown.mouse]))
    (rollout,) = roll_out(policy, [maze], seed=0, max_steps=10)
    assert rollout.steps_to_top_right == 4
    assert rollout.squares.count((13, 13)) == 4
    (never,) = roll_out(policy, [maze], seed=0, max_steps=3)
    assert never.steps_to_top_right is None
    (at_once,) = roll_out(policy, [maze.with_mouse((13, 13))], seed=0, max_steps=3)
    assert at_once.steps_to_top_right == 0


# -- randomness ----------------------------------------------------------------------------------------------------


@examples
@given(mazes=st.lists(perfect_mazes(max_size=9), min_size=1, max_size=5), seed=st.integers(0, 100), data=st.data())
def test_an_episode_depends_on_the_seed_and_the_maze_but_not_on_the_batch(scrambled, mazes, seed, data):
    together = roll_out(scrambled(), mazes, seed=seed, max_steps=20)
    assert roll_out(scrambled(), mazes, seed=seed, max_steps=20) == together
    i = data.draw(st.integers(0, len(mazes) - 1))
    assert roll_out(scrambled(), [mazes[i]], seed=seed, max_steps=20) == [together[i]]
    assert roll_out(scrambled(), mazes[::-1], seed=seed, max_steps=20) == together[::-1]


def test_other_seeds_give_other_episodes(scrambled):
    maze = OPEN_25.with_mouse(CENTRE)
    episodes = {roll_out(scrambled(), [maze], seed=seed, max_steps=40)[0].squares for seed in range(10)}
    assert len(episodes) == 10
    levels = [dataclasses.replace(maze, seed=seed) for seed in range(9)]
    assert len({rollout.squares for rollout in roll_out(scrambled(), levels, seed=0, max_steps=40)}) == 9


def test_a_longer_episode_begins_like_a_shorter_one(scrambled, parting):
    short, long = (roll_out(scrambled(), [parting], seed=4, max_steps=n)[0] for n in (5, 100))
    assert long.squares[: len(short.squares)] == short.squares


def test_episodes_leave_the_global_randomness_alone(scrambled, parting):
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    roll_out(scrambled(), [parting], seed=0, max_steps=10)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize(
    "p",
    [[0.1, 0.25, 0.3, 0.3, 0.05], [0.2] * 5, [0.02, 0.9, 0.02, 0.03, 0.03]],
    ids=["uneven", "even", "nearly certain"],
)
def test_directions_are_drawn_as_often_as_their_probabilities_say(fake, p):
    mazes = [dataclasses.replace(OPEN_25.with_mouse(CENTRE), seed=s) for s in range(600)]
    rollouts = roll_out(fake(lambda shown: p), mazes, seed=1, max_steps=8)
    drawn = [name for rollout in rollouts for name in directions_of(rollout)]
    counts = [drawn.count(direction.name) for direction in Direction]
    assert sum(counts) == 600 * 8
    assert chisquare(counts, np.array(p) * len(drawn)).pvalue > FALSE_ALARM
    later = [directions_of(rollout)[7] for rollout in rollouts]
    assert chisquare([later.count(d.name) for d in Direction], np.array(p) * 600).pvalue > FALSE_ALARM


def test_one_step_tells_nothing_about_the_next(fake):
    mazes = [dataclasses.replace(OPEN_25.with_mouse(CENTRE), seed=s) for s in range(2_000)]
    rollouts = roll_out(fake(lambda shown: [0.25, 0.25, 0.25, 0.25, 0]), mazes, seed=2, max_steps=2)
    pairs = [tuple(directions_of(rollout)) for rollout in rollouts]
    counts = [pairs.count((a.name, b.name)) for a in list(Direction)[:4] for b in list(Direction)[:4]]
    assert chisquare(counts).pvalue > FALSE_ALARM


def test_a_direction_without_probability_is_never_taken(fake):
    mazes = [dataclasses.replace(OPEN_25.with_mouse(CENTRE), seed=s) for s in range(300)]
    for zero in Direction:
        p = np.full(5, 0.25)
        p[zero] = 0
        rollouts = roll_out(fake(lambda shown, p=p: p), mazes, seed=3, max_steps=10)
        names = {name for rollout in rollouts for name in directions_of(rollout)}
        assert names == {direction.name for direction in Direction} - {zero.name}


@pytest.mark.parametrize(
    ("draw", "p", "taken"),
    [(0.0, [0, 0.5, 0.5, 0, 0], "DOWN"), (0.5, [0.5, 0, 0, 0.5, 0], "RIGHT"), (1 - 2**-53, [0, 0.5, 0.5, 0, 0], "UP")],
)
def test_a_draw_on_the_edge_takes_a_direction_with_probability(fake, monkeypatch, draw, p, taken):
    class Always:
        def random(self, n):
            return np.full(n, draw)

    monkeypatch.setattr("interp_claims.measures.rollouts.maze_rng", lambda maze, purpose: Always())
    (rollout,) = roll_out(fake(lambda shown: p), [OPEN_25.with_mouse(CENTRE)], seed=0, max_steps=3)
    assert directions_of(rollout) == [taken] * 3


# -- against procgen, with a network -------------------------------------------------------------------------------


def test_a_networks_episodes_are_those_that_procgen_would_play(tiny_policy):
    mazes = cheese_in_corner(5).sample(DISCOVERY, 3)
    rollouts = roll_out(tiny_policy, mazes, seed=0, max_steps=15)
    assert max(len(set(rollout.squares)) for rollout in rollouts) > 3
    action = {"LEFT": 1, "DOWN": 3, "UP": 5, "RIGHT": 7, "STAY": 4}
    env = make_env(num=1, rand_seed=0, start_level=0, num_levels=1)
    for maze, rollout in zip(mazes, rollouts):
        state = State(env.callmethod("get_state")[0])
        env.callmethod("set_state", [state.with_maze(maze)])
        for i, name in enumerate(directions_of(rollout)):
            env.act(np.array([action[name]], dtype=np.int32))
            over = bool(env.observe()[2][0])
            assert over == (rollout.got_cheese and i == rollout.steps - 1)
            if not over:
                assert State(env.callmethod("get_state")[0]).maze().mouse == rollout.squares[i + 1]


def test_a_networks_episodes_do_not_depend_on_the_batch(tiny_policy):
    mazes = cheese_in_corner(5).sample(DISCOVERY, 5)
    together = roll_out(tiny_policy, mazes, seed=0, max_steps=12)
    assert [roll_out(tiny_policy, [maze], seed=0, max_steps=12)[0] for maze in mazes] == together


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_steps", [-1, 0, 501])
def test_an_episode_has_as_many_steps_as_procgen_allows(scrambled, parting, max_steps):
    with pytest.raises(MazeError) as error:
        roll_out(scrambled(), [parting], seed=0, max_steps=max_steps)
    assert str(error.value) == f"max_steps: got {max_steps}, wanted 1 to 500 (procgen's timeout)"


def test_procgen_too_stops_after_the_most_steps_that_an_episode_may_have(fake, only, parting):
    maze = parting.without_cheese()
    (rollout,) = roll_out(fake(lambda shown: only("STAY")), [maze], seed=0, max_steps=500)
    env = make_env(num=1, rand_seed=0, start_level=0, num_levels=1)
    env.callmethod("set_state", [State(env.callmethod("get_state")[0]).with_maze(maze)])
    over = []
    for _ in range(rollout.steps):
        env.act(np.array([4], dtype=np.int32))
        over.append(bool(env.observe()[2][0]))
    assert over == [False] * 499 + [True]


def test_no_mazes_give_no_episodes(scrambled):
    assert roll_out(scrambled(), [], seed=0) == []
