"""The simulator makes procgen's own levels and draws procgen's own pictures, whatever it was asked before."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import Facing, Simulator, State, human_view, make_env, paint, procgen, simulator
from interp_claims.mazes.strategies import perfect_mazes

examples = settings(max_examples=25, derandomize=True, database=None, deadline=None)

LARGEST = 2**31 - 2
SEEDS = [*range(24), 31, 32, 33, 1000, 999_999_999, 1_000_000_000, 1_100_000_007, 2_000_000_000, LARGEST - 1, LARGEST]


@pytest.fixture(scope="module")
def fresh(live):
    """Per seed: the saved state and the picture of an environment of that one level."""
    return {seed: (env.callmethod("get_state")[0], env.observe()[1]["rgb"][0]) for seed, env in envs(live)}


def envs(live):
    for i, seed in enumerate(SEEDS):
        yield seed, live(seed, rand_seed=i)


# -- levels --------------------------------------------------------------------------------------------------------


def test_levels_are_those_of_environments_made_for_one_level(fresh):
    assert simulator().mazes(SEEDS) == [State(fresh[seed][0]).maze() for seed in SEEDS]
    assert [maze.seed for maze in simulator().mazes(SEEDS)] == SEEDS
    assert len({maze.key for maze in simulator().mazes(SEEDS)}) > len(SEEDS) - 2


def test_levels_do_not_depend_on_their_order_on_what_was_asked_before_or_on_the_block():
    states = dict(zip(SEEDS, simulator().states(SEEDS)))
    shuffled = random.Random(0).sample(SEEDS, len(SEEDS))
    simulator().render(simulator().mazes([77, 78]))
    assert dict(zip(shuffled, simulator().states(shuffled))) == states
    for block in (1, 5):
        assert dict(zip(shuffled, Simulator(block).states(shuffled))) == states


def test_the_same_level_can_be_asked_for_many_times_at_once():
    (maze,) = simulator().mazes([5])
    assert simulator().mazes([5] * 70) == [maze] * 70


def test_no_seeds_give_no_levels():
    assert simulator().mazes([]) == []


@pytest.mark.parametrize("seed", [-1, -(2**31), LARGEST + 1, 2**31, 2**40])
def test_a_seed_that_procgen_does_not_have_is_refused(seed):
    with pytest.raises(InterpClaimsError) as error:
        simulator().mazes([3, seed, 4])
    assert str(error.value) == f"level seed: got {seed}, wanted 0 to 2147483646 (procgen's levels)"


def test_after_a_refused_seed_levels_are_as_before():
    before = simulator().mazes([3, 4])
    with pytest.raises(InterpClaimsError):
        simulator().mazes([3, -1])
    assert simulator().mazes([3, 4]) == before


# -- pictures ------------------------------------------------------------------------------------------------------


def test_a_levels_picture_is_the_first_observation_of_its_environment(fresh):
    pictures = simulator().render(simulator().mazes(SEEDS))
    assert pictures.dtype == np.uint8
    assert pictures.shape == (len(SEEDS), 64, 64, 3)
    for seed, picture in zip(SEEDS, pictures):
        np.testing.assert_array_equal(picture, fresh[seed][1], err_msg=f"level {seed}")
    assert len({picture.tobytes() for picture in pictures}) == len(SEEDS)


def test_pictures_after_random_walks_are_procgens_own(live, saved, pixels):
    env = live(70_000, num=16, levels=10_000)
    rng = np.random.default_rng(1)
    faces = set()
    for _ in range(12):
        for _ in range(5):
            env.act(rng.choice([1, 3, 5, 5, 7, 7, 12], size=16).astype(np.int32))
        mazes = [State(data).maze() for data in saved(env)]
        faces |= {(maze.facing, maze.mouse == maze.start) for maze in mazes}
        np.testing.assert_array_equal(simulator().render(mazes), pixels(env))
    assert len(faces) == 4


@examples
@given(mazes=st.lists(perfect_mazes(loops=True), min_size=1, max_size=7), order=st.randoms(use_true_random=False))
def test_pictures_do_not_depend_on_the_order_or_on_the_batch(small, mazes, order):
    pictures = simulator().render(mazes)
    places = list(range(len(mazes)))
    order.shuffle(places)
    np.testing.assert_array_equal(simulator().render([mazes[i] for i in places]), pictures[places])
    np.testing.assert_array_equal(small.render(mazes), pictures)
    np.testing.assert_array_equal(simulator().render(mazes[:1]), pictures[:1])


@pytest.fixture(scope="module")
def small():
    return Simulator(block=3)


def test_more_mazes_than_a_block_are_all_drawn():
    mazes = simulator().mazes(range(75))
    pictures = simulator().render(mazes)
    for i in (0, 31, 32, 63, 64, 74):
        np.testing.assert_array_equal(simulator().render([mazes[i]])[0], pictures[i])


def test_no_mazes_give_no_pictures():
    assert simulator().render([]).shape == (0, 64, 64, 3)


def test_the_mouse_its_facing_the_cheese_a_wall_and_the_floor_all_show(drawn):
    others = [
        drawn.with_mouse((12, 13)),
        drawn.with_mouse(drawn.mouse, Facing.RIGHT),
        drawn.with_cheese((12, 10)),
        drawn.without_cheese(),
        drawn.with_free((14, 13)),
        drawn.with_theme(type(drawn.theme)(7, 0.25)),
    ]
    pictures = simulator().render([drawn, *others])
    assert len({picture.tobytes() for picture in pictures}) == 7


def test_a_square_is_drawn_in_its_own_place_with_row_0_at_the_bottom(drawn):
    with_cheese, without = simulator().render([drawn, drawn.without_cheese()]).astype(int)
    rows, columns = np.nonzero(np.abs(with_cheese - without).sum(axis=2))
    row, column = drawn.cheese
    tile = 64 / 25
    assert (24 - row) * tile - 1 <= rows.min() <= rows.max() <= (25 - row) * tile
    assert column * tile - 1 <= columns.min() <= columns.max() <= (column + 1) * tile


# -- nothing from outside ------------------------------------------------------------------------------------------


def test_the_random_seed_of_the_environments_plays_no_part(monkeypatch):
    seeds = SEEDS[:6]
    wanted = simulator().mazes(seeds)
    pictures = simulator().render(wanted)

    def with_rand_seed(rand_seed):
        return lambda **options: make_env(**{**options, "rand_seed": rand_seed})

    for rand_seed in (1, 123_456_789):
        monkeypatch.setattr(procgen, "make_env", with_rand_seed(rand_seed))
        other = Simulator(block=4)
        assert other.mazes(seeds) == wanted
        np.testing.assert_array_equal(other.render(wanted), pictures)


def test_this_processs_simulator_is_made_once():
    assert simulator() is simulator()


def script(text):
    """What a Python process of its own prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONWARN")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment, timeout=120)


def test_gyms_notice_appears_neither_on_stdout_nor_on_stderr():
    done = script(
        "import sys, interp_claims.mazes\n"
        "assert not {'procgen', 'gym', 'gym3'} & set(sys.modules), 'loaded at import'\n"
        "interp_claims.mazes.simulator().mazes([1])\n"
        "assert {'procgen', 'gym', 'gym3'} <= set(sys.modules)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks processes")
def test_a_forked_process_gets_a_simulator_of_its_own_and_draws_the_same():
    done = script(
        "import os\n"
        "from interp_claims.mazes import simulator\n"
        "before = simulator()\n"
        "wanted = before.render(before.mazes(range(40))).tobytes()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    own = simulator()\n"
        "    drawn = own.render(own.mazes(range(40))).tobytes()\n"
        "    os._exit(0 if own is not before and drawn == wanted else 3)\n"
        "status = os.waitpid(child, 0)[1]\n"
        "again = simulator()\n"
        "assert again is before and again.render(again.mazes(range(40))).tobytes() == wanted\n"
        "print(os.waitstatus_to_exitcode(status))\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_an_environment_can_be_made_with_other_options():
    env = make_env(num=2, rand_seed=0, env_name="heist", distribution_mode="easy", start_level=3, num_levels=1)
    assert env.num == 2
    assert all(b"heist" in data for data in env.callmethod("get_state"))


def test_the_human_view_shows_the_same_maze_in_large():
    maze = simulator().mazes([5])[0]
    view, small = human_view(maze), paint([maze])[0]
    assert (view.shape, view.dtype) == ((512, 512, 3), np.uint8)
    shrunk = view.reshape(64, 8, 64, 8, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 16, "the same picture but for its grain"
    assert np.array_equal(view, human_view(maze)), "asked again, the same"
    assert np.array_equal(human_view(maze.without_cheese()), human_view(maze.without_cheese()))


def test_the_human_view_shows_mouse_and_cheese_on_their_squares():
    maze = simulator().mazes([5])[0]
    changed = np.argwhere((human_view(maze) != human_view(maze.without_cheese())).any(axis=2)) * 25 / 512
    assert len(changed)
    assert (np.abs(changed - (24.5 - maze.cheese[0], maze.cheese[1] + 0.5)) < 0.8).all()
