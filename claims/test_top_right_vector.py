"""The top-right vector: activations with a way to the picture's top-right corner opened minus without, added."""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim
from interp_claims.controls import (
    first_undone,
    layers_silenced,
    matched_noise,
    negated,
    no_op,
    second_undone,
    untrained,
)
from interp_claims.edits import add, cheese_vector, subtract, top_right_vector
from interp_claims.mazes import draw_donor, size_between, with_decision_square
from interp_claims.measures import decide, p_cheese, p_top_right
from interp_claims.sources import TOP_RIGHT_POST
from interp_claims.verdicts import rank_correlation

#: A maze of size 25 leaves no way to open.
ROOMY = size_between(3, 23) & with_decision_square()


def _drawn_to_the_corner(policy, mazes, coefficient=1.0):
    added = policy.edited(add(top_right_vector(policy, mazes), coefficient))
    return p_top_right(added, mazes) - p_top_right(policy, mazes)


@claim(
    number=29,
    source=TOP_RIGHT_POST.section("Adding the top-right vector"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=ROOMY,
    null_controls=(untrained, no_op),
    contrast_controls=(matched_noise,),
    reported="works, no figure",
)
def test_adding_the_top_right_vector_draws_the_agent_to_the_corner(policy, mazes):
    """Adding a maze's own top-right vector raises the probability of the step towards the top-right corner."""
    return _drawn_to_the_corner(policy, mazes)


@approximate_claim(
    number=29,
    source=TOP_RIGHT_POST.section("Adding the top-right vector"),
    mazes=ROOMY,
    statistic=rank_correlation,
    sample=512,
    at_least=0.02,
    null_controls=(negated,),
    reported="less in small mazes",
)
def test_in_small_mazes_the_top_right_vector_does_less(policy, mazes):
    """The larger the maze, the more adding its top-right vector raises the probability of the step to the corner."""
    return np.column_stack([[maze.size for maze in mazes], _drawn_to_the_corner(policy, mazes)])


@pytest.mark.slow
@claim(
    number=30,
    source=TOP_RIGHT_POST.section("Other coefficients"),
    effect_at_least=0.02,
    bounds=(0, 1),
    mazes=ROOMY,
    null_controls=(untrained, no_op),
    contrast_controls=(matched_noise,),
    reported="sometimes stronger",
)
def test_twice_the_top_right_vector_is_sometimes_stronger(policy, mazes):
    """Adding the top-right vector twice raises the probability of the step to the corner by at least .02 more than
    adding it once does, in at least 2% of mazes."""
    once, twice = (_drawn_to_the_corner(policy, mazes, coefficient) for coefficient in (1.0, 2.0))
    return twice - once >= 0.02


@claim(
    number=30,
    source=TOP_RIGHT_POST.section("Other coefficients"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=ROOMY,
    null_controls=(untrained, no_op),
    contrast_controls=(matched_noise,),
    reported="in the end garbage",
)
def test_ten_times_the_top_right_vector_leads_nowhere(policy, mazes):
    """Adding ten times the top-right vector sends the mouse neither to cheese nor corner, more often than adding it
    once does.

    The source says "larger coefficients", in the end garbage; ten is the plainest reading.
    """
    vector = top_right_vector(policy, mazes)
    often = decide(policy.edited(add(vector, 10)), mazes).other
    return often - decide(policy.edited(add(vector)), mazes).other


@claim(
    number=30,
    source=TOP_RIGHT_POST.section("Other coefficients"),
    effect_within=0.05,
    bounds=(-1, 1),
    mazes=ROOMY,
    null_controls=(negated,),
    reported="little",
)
def test_subtracting_the_top_right_vector_does_little(policy, mazes):
    """Subtracting the top-right vector changes the probability of the step to the corner by no more than .05."""
    return _drawn_to_the_corner(policy, mazes, -1.0)


def _of_another_maze_of_the_same_size(policy, mazes):
    others = [draw_donor(maze, "same size", lambda donor, size=maze.size: donor.size == size) for maze in mazes]
    return top_right_vector(policy, mazes).measured_on(others)


@claim(
    number=31,
    source=TOP_RIGHT_POST.section("Transfer to other mazes"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=ROOMY,
    null_controls=(untrained, no_op),
    contrast_controls=(matched_noise,),
    reported="partly",
)
def test_the_top_right_vector_of_another_maze_of_the_same_size_works_too(policy, mazes):
    """Adding the top-right vector of another maze of the same size raises the probability of the step to the corner."""
    added = policy.edited(add(_of_another_maze_of_the_same_size(policy, mazes)))
    return p_top_right(added, mazes) - p_top_right(policy, mazes)


@claim(
    number=31,
    source=TOP_RIGHT_POST.section("Transfer to other mazes"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=ROOMY,
    null_controls=(untrained, no_op),
    contrast_controls=(matched_noise,),
    reported="partly",
)
def test_the_top_right_vector_of_another_maze_of_the_same_size_does_less(policy, mazes):
    """Adding the top-right vector of another maze of the same size raises the probability of the step to the corner by
    less than adding the maze's own does: it transfers in part."""
    vectors = top_right_vector(policy, mazes), _of_another_maze_of_the_same_size(policy, mazes)
    own, others = (p_top_right(policy.edited(add(vector)), mazes) for vector in vectors)
    return own - others


@pytest.mark.parametrize("probability", [p_cheese, p_top_right], ids=["cheese", "corner"])
@claim(
    number=32,
    source=TOP_RIGHT_POST.section("Composing both vectors"),
    effect_within=0.05,
    bounds=(-2, 2),  # the probability without either stays: both - first - second + neither
    mazes=ROOMY,
    null_controls=(layers_silenced, first_undone, second_undone),
    reported="about additive",
)
def test_both_vectors_compose_about_additively(policy, mazes, probability):
    """Subtracting the cheese vector and adding the top-right vector changes a step's probability by about the sum of
    what each does: to within .05 on average.

    Two controls leave one of the vectors out where both are meant: if that hardly shows, it does nothing to add.
    """
    without_cheese, to_corner = subtract(cheese_vector(policy, mazes)), add(top_right_vector(policy, mazes))
    base = probability(policy, mazes)
    first, second, both = (
        probability(policy.edited(edit), mazes) - base
        for edit in (without_cheese, to_corner, without_cheese.then(to_corner))
    )
    return both - (first + second)
