"""Specificity: what the interventions survive, and what they leave as it is."""

import numpy as np
import pytest
from scipy.special import entr

from interp_claims.claims import claim
from interp_claims.controls import (
    another_mazes_vector,
    last_layer_silenced,
    layers_silenced,
    no_op,
    random_channels,
    untrained,
)
from interp_claims.edits import cheese_vector, clamp, subtract
from interp_claims.mazes import (
    NUM_BACKGROUNDS,
    Observations,
    Theme,
    drawn_target,
    maze_rng,
    size_between,
    stock_mazes,
    with_decision_square,
)
from interp_claims.measures import decision_observations, normalised_path_probability, p_cheese, p_top_right
from interp_claims.policies import roles_of
from interp_claims.sources import REVIEWS

SIZES = {"small": (3, 9), "middle": (11, 17), "large": (19, 25)}


def _with_another_floor(maze):
    """The same maze on another floor picture, drawn by its seed."""
    others = [i for i in range(NUM_BACKGROUNDS) if i != maze.theme.background_index]
    rng = maze_rng(maze, "another floor")
    return maze.with_theme(Theme(others[rng.integers(len(others))], float(rng.random())))


# -- what they survive -----------------------------------------------------------------------------------------------


@claim(
    number=11,
    source=REVIEWS.section("Do the interventions survive changes that should not matter?"),
    effect_at_least=0.02,
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(untrained, no_op),
    contrast_controls=(another_mazes_vector,),
)
def test_the_cheese_vector_works_on_another_floor(policy, mazes):
    """Subtracting the cheese vector of the same maze on another floor picture lowers P(cheese)."""
    vector = cheese_vector(policy, mazes).measured_on([_with_another_floor(maze) for maze in mazes])
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(vector)), mazes)


def _sized(size):
    return size_between(*SIZES[size]) & with_decision_square()


def _lowered_by_the_vector(policy, mazes):
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(cheese_vector(policy, mazes))), mazes)


_AT_EVERY_SIZE = {
    "number": 11,
    "source": REVIEWS.section("Do the interventions survive changes that should not matter?"),
    "effect_at_least": 0.02,
    "bounds": (-1, 1),
    "null_controls": (untrained, no_op),
    "contrast_controls": (another_mazes_vector,),
}


@claim(mazes=_sized("small"), **_AT_EVERY_SIZE)
def test_the_cheese_vector_works_in_small_mazes(policy, mazes):
    """Subtracting the cheese vector lowers P(cheese) in mazes of sizes 3 to 9."""
    return _lowered_by_the_vector(policy, mazes)


@claim(mazes=_sized("middle"), **_AT_EVERY_SIZE)
def test_the_cheese_vector_works_in_middle_sized_mazes(policy, mazes):
    """Subtracting the cheese vector lowers P(cheese) in mazes of sizes 11 to 17."""
    return _lowered_by_the_vector(policy, mazes)


@claim(mazes=_sized("large"), **_AT_EVERY_SIZE)
def test_the_cheese_vector_works_in_large_mazes(policy, mazes):
    """Subtracting the cheese vector lowers P(cheese) in mazes of sizes 19 to 25."""
    return _lowered_by_the_vector(policy, mazes)


@pytest.mark.slow
@claim(
    number=21,
    source=REVIEWS.section("Do the interventions survive changes that should not matter?"),
    ratio_at_least={"direction": 1.1},
    mazes=size_between(19, 25),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
)
def test_clamping_one_activation_retargets_in_large_mazes(policy, mazes):
    """Clamping one activation of a cheese channel retargets the agent in mazes of sizes 19 to 25 too."""
    roles = roles_of(policy)
    targets = [drawn_target(maze) for maze in mazes]
    cheeseless = [maze.without_cheese() for maze in mazes]
    clamped = policy.edited(clamp(roles.cheese_channel, targets, roles.clamp_value, roles.layer))
    return tuple(normalised_path_probability(which, cheeseless, targets) for which in (clamped, policy))


# -- what they leave as it is ----------------------------------------------------------------------------------------


@claim(
    number=11,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(layers_silenced,),
)
def test_without_the_cheese_vector_the_way_to_the_corner_is_not_lost(policy, mazes):
    """Subtracting the cheese vector lowers the probability of the step to the corner, in the maze without its cheese,
    by no more than .05."""
    cheeseless = [maze.without_cheese() for maze in mazes]
    subtracted = policy.edited(subtract(cheese_vector(policy, mazes)))
    return p_top_right(policy, cheeseless, mazes) - p_top_right(subtracted, cheeseless, mazes)


@pytest.mark.parametrize("what", ["entropy", "value"])
@claim(
    number=11,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(0, 1),
    mazes=with_decision_square(),
    null_controls=(layers_silenced,),
)
def test_without_the_cheese_vector_the_policy_is_as_sure_as_without_the_cheese(policy, mazes, what):
    """At the decision square, subtracting the cheese vector leaves entropy (as a share of the largest) and value where
    they are without the cheese: the mean distance is at most .05.

    Values are of the size of the discounted reward; a value head of another scale is clipped at a distance of 1.
    """
    cheeseless = decision_observations(mazes).with_mazes(lambda maze: maze.without_cheese())
    subtracted = policy.edited(subtract(cheese_vector(policy, mazes)))
    if what == "value":
        difference = subtracted.values(decision_observations(mazes)) - policy.values(cheeseless)
    else:
        probabilities = (subtracted.direction_probabilities(decision_observations(mazes)),
                         policy.direction_probabilities(cheeseless))  # fmt: skip
        sure, without = (entr(p).sum(axis=1) / np.log(p.shape[1]) for p in probabilities)
        difference = sure - without
    return np.clip(np.abs(difference), 0, 1)


@claim(
    number=21,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(last_layer_silenced,),
)
def test_clamping_one_activation_hardly_changes_how_sure_the_policy_is(policy, mazes):
    """Clamping one activation of a cheese channel changes the mean entropy of the policy at the start (as a share of
    the largest) by no more than .05."""
    roles = roles_of(policy)
    targets = [drawn_target(maze) for maze in mazes]
    start = Observations.at_start([maze.without_cheese() for maze in mazes])
    clamped = policy.edited(clamp(roles.cheese_channel, targets, roles.clamp_value, roles.layer))
    sure = [entr(which.direction_probabilities(start)).sum(axis=1) / np.log(5) for which in (clamped, policy)]
    return np.abs(sure[0] - sure[1])
