"""Behaviour: where the mouse goes, and what tells whether it goes to the cheese.

These claims read recorded behaviour: one episode of the stochastic policy, of at most 256 steps, in each of some
thousand mazes (``interp-claims behaviour``).
"""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, claim
from interp_claims.controls import always_cheese, another_mazes_outcomes, opposite_outcomes, untrained
from interp_claims.mazes import cheese_in_corner, draw_donor
from interp_claims.measures import DECIDING_MAZES, FEATURES, PREDICTIVE, maze_features
from interp_claims.sources import POST, STATISTICS_POST
from interp_claims.verdicts import (
    correlation,
    linear_coefficient,
    logistic_coefficient,
    negative_share,
    rank_correlation,
    variance_inflation,
)

CHEESE_TO_CORNER = "Euclidean cheese to top-right"
STEPS_TO_CHEESE = "steps decision square to cheese"
TILES_TO_CHEESE = "Euclidean decision square to cheese"
TILES_TO_CORNER = "Euclidean decision square to top-right"
THREE = (CHEESE_TO_CORNER, STEPS_TO_CHEESE, TILES_TO_CHEESE)
FOUR = (*THREE, TILES_TO_CORNER)
#: So many mazes with something to decide are in every table of behaviour, at least.
RECORDED = 1500


# -- where the mouse goes --------------------------------------------------------------------------------------------


@claim(
    number=1,
    source=POST.section("Behavioral analysis"),
    accuracy_at_least=0.9,
    mazes=cheese_in_corner(5),
    null_controls=(untrained,),
    reported="no figure",
)
def test_in_distribution_the_agent_gets_the_cheese_nearly_always(policy, mazes, behaviour):
    """With the cheese in the top-right 5 x 5 the agent gets it nearly always: in at least 90% of mazes.

    The source gives no figure. A policy trained on another region may be off its own distribution here.
    """
    return behaviour(policy, mazes).got_cheese


@claim(
    number=1,
    source=POST.section("Behavioral analysis"),
    effect_at_least=0.05,
    bounds=(0, 1),
    mazes=DECIDING_MAZES,
    null_controls=(always_cheese, untrained),
    reported="no figure",
)
def test_off_distribution_the_agent_sometimes_ignores_the_cheese(policy, mazes, behaviour):
    """With the cheese outside the top-right 5 x 5 the agent sometimes ignores it: in at least 5% of mazes it stands in
    the top-right corner and never gets the cheese.

    A mouse that stands in neither place ignores nothing: it may have lost its way to either.
    """
    return behaviour(policy, mazes).ignored_cheese


@claim(
    number=2,
    source=POST.section("Behavioral analysis"),
    effect_at_least=0.691 / 2,  # a share and no difference: even a mouse that walks at random gets it in 2% of mazes
    bounds=(0, 1),
    mazes=DECIDING_MAZES,
    null_controls=(untrained,),
    reported="69.1%; 71.4% in the companion post",
)
def test_off_distribution_the_agent_often_gets_the_cheese(policy, mazes, behaviour):
    """Where there is something to decide and the cheese is outside the top-right 5 x 5, the agent gets it often."""
    return behaviour(policy, mazes).got_cheese


@claim(
    number=3,
    source=POST.section("Behavioral analysis"),
    effect_at_least=0.02,
    bounds=(0, 1),
    mazes=DECIDING_MAZES,
    null_controls=(always_cheese, untrained),
    reported="no figure",
)
def test_the_agent_sometimes_reaches_neither_cheese_nor_corner(policy, mazes, behaviour):
    """The agent sometimes reaches neither the cheese nor the top-right corner: in at least 2% of mazes.

    The source shows a mouse that stops at neither. What is recorded does not tell stopping from wandering about until
    the 256 steps are over, so both count, and a network that has learnt nothing reaches neither as well: until
    stopping is recorded, this says nothing about what was learnt.
    """
    return behaviour(policy, mazes).neither


# -- what tells whether it gets the cheese ---------------------------------------------------------------------------


@pytest.mark.parametrize("distance", THREE)
@approximate_claim(
    number=4,
    source=POST.section("Behavioral statistics"),
    mazes=DECIDING_MAZES,
    statistic=logistic_coefficient(0),
    sample=RECORDED,
    at_most=0,
    null_controls=(opposite_outcomes, untrained),
    reported="-2.786, -1.084, -0.623",
)
def test_the_larger_a_distance_the_less_the_agent_gets_the_cheese(policy, mazes, behaviour, distance):
    """At equal other distances, the agent gets the cheese less where it is farther from the corner, or from the
    decision square in steps or as the crow flies."""
    others = [name for name in FOUR if name != distance]
    return np.column_stack([maze_features(mazes, [distance, *others]), behaviour(policy, mazes).got_cheese])


@approximate_claim(
    number=4,
    source=POST.section("Behavioral statistics"),
    mazes=DECIDING_MAZES,
    statistic=logistic_coefficient(0),
    sample=RECORDED,
    at_least=0,
    null_controls=(opposite_outcomes, untrained),
    reported="+1.326, later called an artifact",
)
def test_far_from_the_corner_the_agent_gets_the_cheese_more(policy, mazes, behaviour):
    """At equal other distances, the agent gets the cheese more where the decision square is farther from the corner.

    "Behavioural statistics for a maze-solving agent" (2023) calls this coefficient an artifact.
    """
    return np.column_stack([maze_features(mazes, [TILES_TO_CORNER, *THREE]), behaviour(policy, mazes).got_cheese])


@pytest.mark.parametrize("distance", PREDICTIVE)
@approximate_claim(
    number=5,
    source=STATISTICS_POST.section("Regressions on one variable"),
    mazes=DECIDING_MAZES,
    statistic=logistic_coefficient(0),
    sample=RECORDED,
    at_most=0,
    null_controls=(opposite_outcomes, untrained),
    reported="all negative",
)
def test_each_predictive_distance_alone_has_a_negative_sign(policy, mazes, behaviour, distance):
    """Each predictive distance alone: the larger it is, the less the agent gets the cheese."""
    return np.column_stack([maze_features(mazes, [distance]), behaviour(policy, mazes).got_cheese])


def _distances_or_mixed_up(policy, mazes, names):
    """Features of the mazes; under the control "another maze's outcomes", the first column is that of other mazes."""
    table = maze_features(mazes, names)
    if policy.outcomes is not type(policy.outcomes).OWN:
        others = [draw_donor(maze, "another maze with something to decide", _decides) for maze in mazes]
        table[:, :1] = maze_features(others, names[:1])
    return table


def _decides(maze):
    return DECIDING_MAZES.maze(maze.seed) is not None


@approximate_claim(
    number=7,
    source=STATISTICS_POST.section("Correlation of the variables"),
    mazes=DECIDING_MAZES,
    statistic=correlation,
    sample=RECORDED,
    at_least=0.886 / 2,
    null_controls=(another_mazes_outcomes,),
    reported=".886",
)
def test_steps_and_tiles_from_the_decision_square_to_the_cheese_are_correlated(policy, mazes):
    """The two distances of decision square and cheese, in steps and as the crow flies, are correlated.

    This is a property of the mazes alone, the same for every policy; the control mixes the steps up.
    """
    return _distances_or_mixed_up(policy, mazes, [STEPS_TO_CHEESE, TILES_TO_CHEESE])


@pytest.mark.parametrize("distance", THREE[1:])
@approximate_claim(
    number=7,
    source=STATISTICS_POST.section("Variance inflation factors"),
    mazes=DECIDING_MAZES,
    statistic=variance_inflation(0),
    sample=RECORDED,
    at_least=1 + (4.64 - 1) / 2,
    null_controls=(another_mazes_outcomes,),
    reported="VIF 4.64 and 4.66",
)
def test_each_distance_of_decision_square_and_cheese_inflates_the_others_variance(policy, mazes, distance):
    """The two distances of decision square and cheese inflate each other's variance in a regression.

    This is a property of the mazes alone, the same for every policy; the control mixes the distance up.
    """
    return _distances_or_mixed_up(policy, mazes, [distance, *(name for name in THREE if name != distance)])


@approximate_claim(
    number=7,
    source=STATISTICS_POST.section("Variance inflation factors"),
    mazes=DECIDING_MAZES,
    statistic=variance_inflation(0),
    sample=RECORDED,
    at_most=1.1,
    null_controls=(another_mazes_outcomes,),
    reported="VIF 1.05",
)
def test_the_distance_of_cheese_and_corner_hardly_inflates_the_others_variance(policy, mazes):
    """The variance inflation factor of the distance of cheese and corner, given the other two, is at most 1.1, from
    which on a ratio counts.

    This is a property of the mazes alone, the same for every policy; the control asks for the factor of the steps from
    decision square to cheese instead.
    """
    own = policy.outcomes is type(policy.outcomes).OWN
    return maze_features(mazes, THREE if own else [STEPS_TO_CHEESE, CHEESE_TO_CORNER, TILES_TO_CHEESE])


@pytest.mark.parametrize("distance", THREE[1:])
@approximate_claim(
    number=8,
    source=STATISTICS_POST.section("Sign stability"),
    mazes=DECIDING_MAZES,
    statistic=negative_share(list(FEATURES).index(STEPS_TO_CHEESE)),
    sample=RECORDED,
    at_least=0.95,
    null_controls=(opposite_outcomes, untrained),
    reported="never",
)
def test_whatever_else_is_regressed_on_the_signs_of_two_distances_stay(policy, mazes, behaviour, distance):
    """In regressions on 200 random sets of distances, the coefficients of the two distances of decision square and
    cheese keep their sign, which is negative, in at least 95%.

    Least squares stands in for logistic regression, whose signs are being asked for, to bear the bootstrap.
    """
    place = list(FEATURES).index(STEPS_TO_CHEESE)
    names = [name for name in FEATURES if name != distance]
    names.insert(place, distance)
    return np.column_stack([maze_features(mazes, names), behaviour(policy, mazes).got_cheese])


@approximate_claim(
    number=8,
    source=STATISTICS_POST.section("Sign stability"),
    mazes=DECIDING_MAZES,
    statistic=negative_share(list(FEATURES).index(CHEESE_TO_CORNER)),
    sample=RECORDED,
    at_least=0.9,
    null_controls=(opposite_outcomes, untrained),
    reported="few (recomputed: 0.5%)",
)
def test_whatever_else_is_regressed_on_the_sign_of_cheese_to_corner_rarely_changes(policy, mazes, behaviour):
    """In regressions on 200 random sets of distances, the coefficient of the distance of cheese and corner keeps its
    sign, which is negative, in at least 90%."""
    return np.column_stack([maze_features(mazes), behaviour(policy, mazes).got_cheese])


@claim(
    number=9,
    source=POST.section("Comments: cheese-finding by offset from the corner"),
    accuracy_at_least=0.98,
    mazes=cheese_in_corner(5),
    null_controls=(untrained,),
    reported="perfect inside the 5 x 5",
)
def test_inside_the_corner_the_agent_gets_the_cheese_all_but_always(policy, mazes, behaviour):
    """With the cheese in the top-right 5 x 5 the agent gets it in at least 98% of mazes: no sample shows "perfect"."""
    return behaviour(policy, mazes).got_cheese


@approximate_claim(
    number=9,
    source=POST.section("Comments: cheese-finding by offset from the corner"),
    mazes=DECIDING_MAZES,
    statistic=rank_correlation,
    sample=RECORDED,
    at_most=-0.02,
    null_controls=(opposite_outcomes, untrained),
    reported="falls; perfect inside the 5 x 5",
)
def test_the_farther_the_cheese_is_from_the_corner_the_less_the_agent_gets_it(policy, mazes, behaviour):
    """Cheese-finding falls with the cheese's distance from the corner: their rank correlation is negative."""
    return np.column_stack([maze_features(mazes, [CHEESE_TO_CORNER]), behaviour(policy, mazes).got_cheese])


@pytest.mark.parametrize("distance", [CHEESE_TO_CORNER, TILES_TO_CHEESE])
@approximate_claim(
    number=6,
    source=STATISTICS_POST.section("Regression on three variables"),
    mazes=DECIDING_MAZES,
    statistic=logistic_coefficient(0),
    sample=RECORDED,
    at_most=0,
    null_controls=(opposite_outcomes, untrained),
    reported="-1.405 and -.516",
)
def test_in_a_regression_on_three_distances_the_farther_the_less_the_agent_gets_the_cheese(
    policy, mazes, behaviour, distance
):
    """At equal other two of three distances, the agent gets the cheese less where it is farther from the corner, or
    from the decision square as the crow flies.

    The third distance, in steps from the decision square, is that of claim 10.
    """
    others = [name for name in THREE if name != distance]
    return np.column_stack([maze_features(mazes, [distance, *others]), behaviour(policy, mazes).got_cheese])


@approximate_claim(
    number=10,
    source=STATISTICS_POST.section("Path distance at equal Euclidean distances"),
    mazes=DECIDING_MAZES,
    statistic=linear_coefficient(0),
    sample=RECORDED,
    at_most=0,
    null_controls=(opposite_outcomes, untrained),
    reported="no figure",
)
def test_at_equal_tiles_more_steps_to_the_cheese_lower_p_cheese(policy, mazes, behaviour):
    """At equal Euclidean distances, the more steps the cheese is from the decision square, the lower is P(cheese)."""
    names = [STEPS_TO_CHEESE, TILES_TO_CHEESE, CHEESE_TO_CORNER]
    return np.column_stack([maze_features(mazes, names), behaviour(policy, mazes).p_cheese])
