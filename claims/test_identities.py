"""Identities: what must hold on every maze, whatever the network, for any verdict to mean something."""

import numpy as np
from hypothesis import strategies as st

from interp_claims.claims import universal_claim
from interp_claims.controls import nudge
from interp_claims.edits import no_op
from interp_claims.mazes import LARGEST_SEED, Observations, State, decision_square, shortest_path, simulator
from interp_claims.mazes.strategies import mazes_with_decision_square, perfect_mazes
from interp_claims.policies import DEFAULT_LAYER
from interp_claims.sources import INVARIANTS, POST, PROCGEN


@universal_claim(number=None, source=INVARIANTS, fails_for=(nudge,), maze=perfect_mazes())
def test_the_no_op_edit_changes_no_logit(policy, maze):
    """An edit that changes nothing leaves every logit bit for bit as it was."""
    observations = Observations.one_each([maze])
    assert np.array_equal(policy.edited(no_op(DEFAULT_LAYER)).logits(observations), policy.logits(observations))


@universal_claim(number=None, source=PROCGEN, examples=200, seed=st.integers(0, LARGEST_SEED))
def test_reading_a_saved_level_and_writing_it_back_changes_no_byte(seed):
    """A level's saved state, read as a maze and written back, is the same bytes; without its cheese it is not."""
    (saved,) = simulator().states([seed])
    state = State(saved)
    assert state.with_maze(state.maze()) == saved
    assert state.with_maze(state.maze().without_cheese()) != saved


@universal_claim(
    number=None, source=POST.section("Behavioral statistics"), examples=200, maze=mazes_with_decision_square()
)
def test_the_decision_square_is_where_the_ways_to_cheese_and_corner_part(maze):
    """The decision square lies on the ways to the cheese and to the top-right corner, which part for good there, and at
    no other square that they share."""
    ways = [shortest_path(maze, maze.start, target) for target in (maze.cheese, maze.top_right)]
    assert [square for square in ways[0] if square in ways[1] and _part_at(square, *ways)] == [decision_square(maze)]


def _part_at(square, way, other):
    """Whether two ways go on from a square that they share, and never meet again."""
    after, other_after = (set(each[each.index(square) + 1 :]) for each in (way, other))
    return bool(after) and bool(other_after) and not after & other_after
