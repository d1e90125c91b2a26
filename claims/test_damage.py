"""Damage: what ablations, whole channels and the top-right vector leave as it is, as far as nothing else asks.

What the cheese vector and the single clamp leave as it is stands with what they survive (``test_specificity.py``).
"""

import pytest

from interp_claims.claims import claim
from interp_claims.controls import last_layer_silenced, layers_silenced
from interp_claims.edits import add, top_right_vector, zero_ablate
from interp_claims.mazes import Observations, drawn_target, size_between, stock_mazes, with_decision_square
from interp_claims.measures import (
    decision_observations,
    p_top_right,
    paths_without_cheese,
    sureness_distance,
    whole_replaced,
)
from interp_claims.policies import roles_of
from interp_claims.sources import REVIEWS

_BOUNDED = {"source": REVIEWS.section("Is the damage elsewhere bounded?"), "effect_at_most": 0.05}
_AS_SURE = {**_BOUNDED, "bounds": (0, 1), "null_controls": (last_layer_silenced,)}
_ON_THE_WAY = {**_BOUNDED, "bounds": (-1, 1), "null_controls": (layers_silenced,)}


def _ablated(policy):
    roles = roles_of(policy)
    return policy.edited(zero_ablate(policy, roles.cheese_channel, roles.layer))


# -- how sure the policy is ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("what", ["entropy", "value"])
@claim(number=20, mazes=stock_mazes(), **_AS_SURE)
def test_ablating_the_cheese_channel_hardly_changes_how_sure_the_policy_is(policy, mazes, what):
    """Setting the channel that tracks the cheese to zero changes the entropy of the policy at the start of the maze
    without cheese (as a share of the largest), or the value there (in standard deviations), by no more than .05 on
    average."""
    start = Observations.at_start([maze.without_cheese() for maze in mazes])
    return sureness_distance(what, _ablated(policy), start, policy, start)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["entropy", "value"])
@claim(number=25, mazes=stock_mazes(), **_AS_SURE)
def test_replacing_the_whole_channel_hardly_changes_how_sure_the_policy_is(policy, mazes, what):
    """Replacing the whole channel, by its mean elsewhere and one clamped activation, changes the entropy of the policy
    at the start of the maze without cheese (as a share of the largest), or the value there (in standard deviations), by
    no more than .05 on average."""
    targets = [drawn_target(maze) for maze in mazes]
    start = Observations.at_start([maze.without_cheese() for maze in mazes])
    return sureness_distance(what, whole_replaced(policy, targets), start, policy, start)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["entropy", "value"])
@claim(number=29, mazes=size_between(3, 23) & with_decision_square(), **_AS_SURE)
def test_adding_the_top_right_vector_hardly_changes_how_sure_the_policy_is(policy, mazes, what):
    """Adding the top-right vector changes the entropy of the policy at the decision square (as a share of the largest),
    or the value there (in standard deviations), by no more than .05 on average."""
    shown = decision_observations(mazes)
    return sureness_distance(what, policy.edited(add(top_right_vector(policy, mazes))), shown, policy, shown)


# -- the way to the corner -------------------------------------------------------------------------------------------


@pytest.mark.slow
@claim(number=20, mazes=with_decision_square(), **_ON_THE_WAY)
def test_without_the_cheese_channel_the_way_to_the_corner_is_not_lost(policy, mazes):
    """Setting the channel that tracks the cheese to zero lowers the probability of the step to the corner, in the maze
    without its cheese, by no more than .05."""
    cheeseless = [maze.without_cheese() for maze in mazes]
    return p_top_right(policy, cheeseless, mazes) - p_top_right(_ablated(policy), cheeseless, mazes)


@pytest.mark.slow
@claim(number=25, mazes=stock_mazes(), **_ON_THE_WAY)
def test_replacing_the_whole_channel_for_the_corner_does_not_lose_the_way_there(policy, mazes):
    """Replacing the whole channel, by its mean elsewhere and one activation clamped at the top-right corner, makes the
    path to the corner less probable by no more than .05."""
    corners = [maze.top_right for maze in mazes]
    replaced, base = paths_without_cheese(corners, mazes, whole_replaced(policy, corners), policy)
    return base - replaced


@pytest.mark.slow
@claim(number=29, mazes=size_between(3, 23) & with_decision_square(), **_ON_THE_WAY)
def test_with_the_top_right_vector_the_way_to_the_corner_is_not_lost(policy, mazes):
    """Adding the top-right vector lowers the probability of the step to the corner, in the maze without its cheese, by
    no more than .05.

    With the cheese there it is to raise it, which claim 29 asks.
    """
    cheeseless = [maze.without_cheese() for maze in mazes]
    added = policy.edited(add(top_right_vector(policy, mazes)))
    return p_top_right(policy, cheeseless, mazes) - p_top_right(added, cheeseless, mazes)
