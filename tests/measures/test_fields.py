"""Vector fields: which squares they hold, in which order, and what their arrows are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.mazes import Facing, Maze
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import VectorField, field_squares, vector_fields

examples = settings(max_examples=50, derandomize=True, database=None, deadline=None)


def test_net_vectors_are_right_minus_left_and_up_minus_down():
    maze = Maze.from_text("...\n.#.\nM..")
    probabilities = np.array(
        [
            [0.1, 0.2, 0.3, 0.35, 0.05],
            [1, 0, 0, 0, 0],
            [0, 1, 0, 0, 0],
            [0, 0, 1, 0, 0],
            [0, 0, 0, 1, 0],
            [0, 0, 0, 0, 1],
            [0.4, 0.1, 0.1, 0.4, 0],
            [0.2, 0.2, 0.2, 0.2, 0.2],
        ]
    )
    field = VectorField(maze, maze.free_squares, probabilities)
    wanted = [[0.25, 0.1], [-1, 0], [0, -1], [0, 1], [1, 0], [0, 0], [0, 0], [0, 0]]
    np.testing.assert_allclose(field.net_vectors, wanted, atol=1e-12)


@examples
@given(perfect_mazes(loops=True))
def test_a_field_holds_every_free_square_but_the_cheeses(maze):
    squares = field_squares(maze)
    assert list(squares) == [(r, c) for r in range(25) for c in range(25) if maze.free[r, c] and (r, c) != maze.cheese]


def test_a_field_holds_squares_that_cannot_be_reached():
    assert field_squares(Maze.from_text(".#C\n###\nM#.")) == ((11, 11), (11, 13), (13, 11))


@examples
@given(mazes=st.lists(perfect_mazes(max_size=7, loops=True), max_size=4), facing=st.sampled_from(Facing))
def test_each_square_gets_the_answer_for_the_mouse_on_it(scrambled, mazes, facing):
    policy = scrambled()
    fields = vector_fields(policy, mazes, facing)
    assert [field.maze for field in fields] == mazes
    for field, maze in zip(fields, mazes):
        assert field.squares == field_squares(maze)
        wanted = [policy.rule(maze.with_mouse(square, facing)) for square in field.squares]
        np.testing.assert_array_equal(field.probabilities, np.reshape(wanted, (-1, 5)))
        assert field.net_vectors.shape == (len(field.squares), 2)
    assert [asked.num_mazes for asked in policy.asked] == [len(mazes)]


def test_the_mouse_faces_left_unless_said_otherwise(fake, only, parting):
    policy = fake(lambda maze: only(maze.facing.name))
    turned = parting.with_mouse(parting.start, Facing.RIGHT)
    for facing, across in ((None, -1), (Facing.LEFT, -1), (Facing.RIGHT, 1)):
        (field,) = vector_fields(policy, [turned], *([] if facing is None else [facing]))
        np.testing.assert_array_equal(field.net_vectors, [[across, 0]] * len(field.squares))


def test_a_seekers_arrows_all_point_along_the_way_to_the_cheese(seeker, parting):
    (field,) = vector_fields(seeker(1), [parting])
    arrows = dict(zip(field.squares, field.net_vectors.tolist()))
    assert arrows[10, 10] == [0, 1]
    assert arrows[10, 14] == [-1, 0]
    assert arrows[12, 11] == [0, 1]
    assert arrows[14, 11] == [-1, 0]
    assert arrows[14, 14] == [-1, 0]
    assert (14, 10) not in arrows


def test_a_networks_field_does_not_depend_on_the_batch(tiny_policy, parting):
    other = Maze.from_text("..C\n.#.\nM..")
    together = vector_fields(tiny_policy, [other, parting])
    assert [len(field.squares) for field in together] == [7, 16]
    for field in together:
        (alone,) = vector_fields(tiny_policy, [field.maze])
        np.testing.assert_allclose(alone.probabilities, field.probabilities, rtol=0, atol=1e-6)
        assert field.probabilities.sum(axis=1) == pytest.approx(1)
        assert np.ptp(field.probabilities) > 0.01
    assert vector_fields(tiny_policy, []) == []
