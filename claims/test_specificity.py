"""Specificity: what the interventions survive, and what they leave as it is.

What may change without mattering is a maze's floor and its size: procgen's maze has nine floors and a single picture of
a wall, so that there are no other walls to try.
"""

import pytest

from interp_claims.claims import claim
from interp_claims.controls import (
    another_mazes_vector,
    last_layer_silenced,
    layers_silenced,
    matched_noise,
    no_op,
    random_channels,
    untrained,
)
from interp_claims.edits import add, cheese_vector, subtract, top_right_vector
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
from interp_claims.measures import (
    clamped_at,
    decide,
    decision_observations,
    p_cheese,
    p_top_right,
    paths_without_cheese,
    sureness_distance,
)
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
    contrast_controls=(another_mazes_vector, matched_noise),
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
    "contrast_controls": (another_mazes_vector, matched_noise),
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


def _one_clamped(policy, targets):
    return clamped_at(policy, [roles_of(policy).cheese_channel], targets)


def _paths_under_the_clamp(policy, mazes):
    """How probable the path to a target is with one activation clamped there, and without that."""
    targets = [drawn_target(maze) for maze in mazes]
    return paths_without_cheese(targets, mazes, _one_clamped(policy, targets), policy)


_CLAMPED = {
    "number": 21,
    "source": REVIEWS.section("Do the interventions survive changes that should not matter?"),
    "ratio_at_least": {"direction": 1.1},
    "null_controls": (untrained, no_op),
    "contrast_controls": (random_channels,),
}


@pytest.mark.slow
@claim(mazes=size_between(*SIZES["small"]), **_CLAMPED)
def test_clamping_one_activation_retargets_in_small_mazes(policy, mazes):
    """Clamping one activation of a cheese channel retargets the agent in mazes of sizes 3 to 9 too."""
    return _paths_under_the_clamp(policy, mazes)


@pytest.mark.slow
@claim(mazes=size_between(*SIZES["middle"]), **_CLAMPED)
def test_clamping_one_activation_retargets_in_middle_sized_mazes(policy, mazes):
    """Clamping one activation of a cheese channel retargets the agent in mazes of sizes 11 to 17 too."""
    return _paths_under_the_clamp(policy, mazes)


@pytest.mark.slow
@claim(mazes=size_between(*SIZES["large"]), **_CLAMPED)
def test_clamping_one_activation_retargets_in_large_mazes(policy, mazes):
    """Clamping one activation of a cheese channel retargets the agent in mazes of sizes 19 to 25 too."""
    return _paths_under_the_clamp(policy, mazes)


def _drawn_to_the_corner(policy, mazes):
    return p_top_right(policy.edited(add(top_right_vector(policy, mazes))), mazes) - p_top_right(policy, mazes)


_DRAWN = {
    "number": 29,
    "source": REVIEWS.section("Do the interventions survive changes that should not matter?"),
    "effect_at_least": 0.02,
    "bounds": (-1, 1),
    "null_controls": (untrained, no_op),
    "contrast_controls": (matched_noise,),
}


@pytest.mark.slow
@claim(mazes=size_between(3, 23) & with_decision_square(), **_DRAWN)
def test_the_top_right_vector_works_on_another_floor(policy, mazes):
    """Adding the top-right vector of the same maze on another floor picture raises the probability of the step to the
    corner."""
    vector = top_right_vector(policy, mazes).measured_on([_with_another_floor(maze) for maze in mazes])
    return p_top_right(policy.edited(add(vector)), mazes) - p_top_right(policy, mazes)


@pytest.mark.slow
@claim(mazes=_sized("small"), **_DRAWN)
def test_the_top_right_vector_works_in_small_mazes(policy, mazes):
    """Adding the top-right vector raises the probability of the step to the corner in mazes of sizes 3 to 9."""
    return _drawn_to_the_corner(policy, mazes)


@pytest.mark.slow
@claim(mazes=_sized("middle"), **_DRAWN)
def test_the_top_right_vector_works_in_middle_sized_mazes(policy, mazes):
    """Adding the top-right vector raises the probability of the step to the corner in mazes of sizes 11 to 17."""
    return _drawn_to_the_corner(policy, mazes)


@pytest.mark.slow
@claim(mazes=size_between(19, 23) & with_decision_square(), **_DRAWN)
def test_the_top_right_vector_works_in_large_mazes(policy, mazes):
    """Adding the top-right vector raises the probability of the step to the corner in mazes of sizes 19 to 23."""
    return _drawn_to_the_corner(policy, mazes)


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
    """At the decision square, subtracting the cheese vector leaves entropy (as a share of the largest) and value (in
    standard deviations) where they are without the cheese: the mean distance is at most .05."""
    shown = decision_observations(mazes)
    cheeseless = shown.with_mazes(lambda maze: maze.without_cheese())
    return sureness_distance(what, policy.edited(subtract(cheese_vector(policy, mazes))), shown, policy, cheeseless)


@pytest.mark.parametrize("what", ["entropy", "value"])
@claim(
    number=21,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(0, 1),
    mazes=stock_mazes(),
    null_controls=(last_layer_silenced,),
)
def test_clamping_one_activation_hardly_changes_how_sure_the_policy_is(policy, mazes, what):
    """Clamping one activation of a cheese channel changes the entropy of the policy at the start (as a share of the
    largest), or the value there (in standard deviations), by no more than .05 on average: the mean is of the absolute
    change in each maze."""
    targets = [drawn_target(maze) for maze in mazes]
    start = Observations.at_start([maze.without_cheese() for maze in mazes])
    return sureness_distance(what, _one_clamped(policy, targets), start, policy, start)


@pytest.mark.slow
@claim(
    number=21,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(layers_silenced,),
)
def test_clamping_one_activation_at_the_corner_does_not_lose_the_way_there(policy, mazes):
    """Clamping one activation of a cheese channel at the top-right corner makes the path to the corner less probable by
    no more than .05: the mouse still finds its way.

    With a target elsewhere, going less to the corner is what the clamp is for.
    """
    corners = [maze.top_right for maze in mazes]
    clamped, base = paths_without_cheese(corners, mazes, _one_clamped(policy, corners), policy)
    return base - clamped


@claim(
    number=29,
    source=REVIEWS.section("Is the damage elsewhere bounded?"),
    effect_at_most=0.05,
    bounds=(-1, 1),
    mazes=size_between(3, 23) & with_decision_square(),
    null_controls=(layers_silenced,),
)
def test_with_the_top_right_vector_the_mouse_still_takes_one_of_the_two_ways(policy, mazes):
    """Adding the top-right vector makes it more probable by no more than .05 that, at the decision square, the mouse
    goes neither to the cheese nor to the corner."""
    added = policy.edited(add(top_right_vector(policy, mazes)))
    return decide(added, mazes).other - decide(policy, mazes).other
