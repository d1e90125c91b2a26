"""Changes of probabilities, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Maze, MazeError, Observations
from interp_claims.measures import mean_total_variation, published_change, total_variation

examples = settings(max_examples=60, derandomize=True, database=None, deadline=None)

distributions = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda w: np.array(w) / sum(w))
EVEN = np.full(5, 0.2)


def open_maze(size):
    return Maze.from_text("\n".join(["." * size] * size))


@pytest.mark.parametrize(
    ("p", "q", "distance"),
    [
        ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], 1),
        ([0.5, 0.5, 0, 0, 0], [0.5, 0, 0.25, 0.25, 0], 0.5),
        ([0.2, 0.2, 0.2, 0.2, 0.2], [0.3, 0.2, 0.2, 0.2, 0.1], 0.1),
        ([0, 0, 0, 0.3, 0.7], [0, 0, 0, 0.3, 0.7], 0),
    ],
)
def test_total_variation_by_hand(p, q, distance):
    assert total_variation(np.array(p), np.array(q)) == pytest.approx(distance)


@examples
@given(distributions, distributions)
def test_total_variation_is_the_most_that_any_set_of_directions_gains(p, q):
    gains = [sum((p - q)[i] for i in range(5) if mask >> i & 1) for mask in range(32)]
    assert total_variation(p, q) == pytest.approx(max(gains), abs=1e-12)
    assert total_variation(p, q) == total_variation(q, p)


def test_total_variation_is_taken_along_the_last_axis():
    p, q = np.zeros((2, 3, 4))
    p[..., 0] = 1
    q[:, 0] = [1, 0.9, 0.5]
    q[:, 1] = [0, 0.1, 0.5]
    np.testing.assert_allclose(total_variation(p, q), [0, 0.1, 0.5])


def test_the_mean_is_over_each_mazes_own_observations(fake):
    a, b = open_maze(3), open_maze(5)
    observations = Observations.at_squares([a, b], [[(11, 11)], [(10, 10), (10, 11), (10, 12), (10, 13)]])
    shift = {(11, 11): 0.1, (10, 10): 0.2, (10, 11): 0.0, (10, 12): 0.1, (10, 13): 0.1}
    changed = fake(lambda maze: EVEN + shift[maze.mouse] * np.array([1, -1, 0, 0, 0]))
    np.testing.assert_allclose(mean_total_variation(fake(lambda maze: EVEN), changed, observations), [0.1, 0.1])
    np.testing.assert_allclose(mean_total_variation(changed, changed, observations), [0, 0])


def test_staying_counts_in_total_variation_but_not_in_the_published_change(fake):
    observations = Observations.one_each([open_maze(3)])
    before, after = fake(lambda maze: EVEN), fake(lambda maze: EVEN + [0.12, 0, 0, 0, -0.12])
    np.testing.assert_allclose(mean_total_variation(before, after, observations), [0.12])
    np.testing.assert_allclose(published_change(before, after, observations), [0.06])


def test_the_published_change_by_hand(fake):
    maze, other = open_maze(3), open_maze(5)
    observations = Observations((maze, other, maze.with_mouse((12, 12))), (1, 0, 1), 2)
    change = {(11, 11): [0.1, -0.1, 0, 0, 0], (12, 12): [0, 0, 0.2, -0.2, 0], (10, 10): [0.1, 0.1, -0.1, -0.1, 0]}
    changed = fake(lambda shown: EVEN + change[shown.mouse])
    got = published_change(fake(lambda shown: EVEN), changed, observations)
    np.testing.assert_allclose(got, [np.sqrt(0.04) / 2, np.sqrt(0.02 + 0.08) / 2 / 2])


def test_the_published_change_shrinks_with_the_root_of_the_number_of_squares_and_the_mean_does_not(fake):
    before, after = fake(lambda maze: EVEN), fake(lambda maze: EVEN + [0.1, -0.1, 0, 0, 0])
    sizes = (3, 9, 15)
    mazes = [open_maze(size) for size in sizes]
    observations = Observations.at_squares(mazes, [maze.free_squares for maze in mazes])
    published = published_change(before, after, observations)
    np.testing.assert_allclose(published, np.sqrt(0.02) / 2 / np.array(sizes))
    np.testing.assert_allclose(published[0] / published, [1, 3, 5])
    np.testing.assert_allclose(mean_total_variation(before, after, observations), 0.1)


@examples
@given(st.lists(st.tuples(st.integers(0, 2), distributions, distributions), min_size=1, max_size=9))
def test_both_measures_are_symmetric_and_zero_only_without_a_change(fake, rows):
    mazes = open_maze(3).free_squares
    shown = [open_maze(3).with_mouse(mazes[i]) for i in range(len(rows))]
    owners = [owner for owner, _, _ in rows] + [0, 1, 2]
    shown += [open_maze(5)] * 3
    observations = Observations(tuple(shown), tuple(owners), 3)
    p = fake(lambda maze: EVEN if maze.size == 5 else rows[mazes.index(maze.mouse)][1])
    q = fake(lambda maze: EVEN if maze.size == 5 else rows[mazes.index(maze.mouse)][2])
    for measure in (mean_total_variation, published_change):
        there, back = measure(p, q, observations), measure(q, p, observations)
        assert there.shape == (3,)
        np.testing.assert_array_equal(there, back)
        np.testing.assert_array_equal(measure(p, p, observations), 0)
        changed = {owner for owner, a, b in rows if np.abs(a - b).max() > 1e-9}
        assert {i for i in range(3) if there[i] > 1e-10} >= changed
        assert (there <= 1).all()


@pytest.mark.parametrize(
    ("measure", "name"), [(mean_total_variation, "mean per maze"), (published_change, "published change")]
)
def test_a_maze_without_observations_is_refused(scrambled, measure, name):
    maze = open_maze(3)
    observations = Observations((maze, maze), (1, 1), 4)
    with pytest.raises(MazeError) as error:
        measure(scrambled(), scrambled(), observations)
    assert str(error.value) == f"{name}: the mazes [0, 2, 3] have no observation"


def test_a_network_does_not_change_against_itself(tiny_policy):
    observations = Observations.at_squares([open_maze(3)], [open_maze(3).free_squares])
    assert mean_total_variation(tiny_policy, tiny_policy.unedited, observations).tolist() == [0]
    assert published_change(tiny_policy, tiny_policy.unedited, observations).tolist() == [0]
