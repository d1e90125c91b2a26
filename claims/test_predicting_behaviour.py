"""Prediction: how well distances in a maze tell whether the mouse gets the cheese.

Models are fitted on other mazes than those that they are asked about. These were recorded by ``interp-claims
behaviour``: at least 1,500 mazes with something to decide and the cheese outside the top-right 5 x 5.
"""

import pytest

from interp_claims.claims import claim
from interp_claims.controls import another_mazes_outcomes, told_by_the_feature
from interp_claims.measures import DECIDING_MAZES, MORE_FEATURES, NOT_PREDICTIVE
from interp_claims.sources import POST, REVIEWS, STATISTICS_POST

CHEESE_TO_CORNER = "Euclidean cheese to top-right"
STEPS_TO_CHEESE = "steps decision square to cheese"
TILES_TO_CHEESE = "Euclidean decision square to cheese"
THREE = (CHEESE_TO_CORNER, STEPS_TO_CHEESE, TILES_TO_CHEESE)
FOUR = (*THREE, "Euclidean decision square to top-right")
OFFSET = ("rows from cheese to top", "columns from cheese to right")

#: What most of these claims share; all recorded mazes may be used.
PREDICTED = {"bounds": (-1, 1), "mazes": DECIDING_MAZES, "null_controls": (another_mazes_outcomes,), "budget": 1500}


# -- four distances --------------------------------------------------------------------------------------------------


@claim(
    number=4,
    source=POST.section("Behavioral statistics"),
    effect_at_least={"direction": 0.02, "size": (0.833 - 0.691) / 2},
    reported="83.3% against 69.1%",
    **PREDICTED,
)
def test_four_distances_tell_whether_the_agent_gets_the_cheese(policy, mazes, predictor):
    """Four distances predict whether the agent gets the cheese better than always predicting the commoner outcome."""
    return predictor.gain(policy, mazes, FOUR)


# -- one distance at a time ------------------------------------------------------------------------------------------

ALONE = {"number": 5, "source": STATISTICS_POST.section("Regressions on one variable"), **PREDICTED}


@claim(effect_at_least={"direction": 0.02, "size": (0.775 - 0.714) / 2}, reported="77.5% against 71.4%", **ALONE)
def test_tiles_from_cheese_to_region_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How far the cheese is from the top-right 5 x 5 as the crow flies, alone, predicts whether the agent gets it
    better than always predicting the commoner outcome."""
    return predictor.gain(policy, mazes, ["Euclidean cheese to region"])


@claim(effect_at_least={"direction": 0.02, "size": (0.773 - 0.714) / 2}, reported="77.3% against 71.4%", **ALONE)
def test_tiles_from_cheese_to_corner_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How far the cheese is from the top-right corner as the crow flies, alone, predicts whether the agent gets it."""
    return predictor.gain(policy, mazes, [CHEESE_TO_CORNER])


@claim(effect_at_least={"direction": 0.02, "size": (0.761 - 0.714) / 2}, reported="76.1% against 71.4%", **ALONE)
def test_tiles_from_decision_square_to_cheese_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How far the cheese is from the decision square as the crow flies, alone, predicts whether the agent gets it."""
    return predictor.gain(policy, mazes, [TILES_TO_CHEESE])


@claim(effect_at_least=0.02, reported="75.4% against 71.4%", **ALONE)  # half of the gain is .02, the direction too
def test_steps_from_decision_square_to_cheese_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How many steps the cheese is from the decision square, alone, predicts whether the agent gets it."""
    return predictor.gain(policy, mazes, [STEPS_TO_CHEESE])


@claim(effect_at_least=(0.735 - 0.714) / 2, reported="73.5% against 71.4%", **ALONE)
def test_steps_from_cheese_to_region_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How many steps the cheese is from the top-right 5 x 5, alone, predicts whether the agent gets it."""
    return predictor.gain(policy, mazes, ["steps cheese to region"])


@claim(effect_at_least=(0.732 - 0.714) / 2, reported="73.2% against 71.4%", **ALONE)
def test_steps_from_cheese_to_corner_tell_whether_the_agent_gets_it(policy, mazes, predictor):
    """How many steps the cheese is from the top-right corner, alone, predicts whether the agent gets it."""
    return predictor.gain(policy, mazes, ["steps cheese to top-right"])


@pytest.mark.parametrize("distance", NOT_PREDICTIVE)
@claim(
    effect_at_least={"direction": 0.02, "size": (0.773 - 0.713) / 2},
    reported="at most 71.3% against 77.3%",
    **ALONE,
)
def test_five_other_distances_tell_less_than_the_one_from_cheese_to_corner(policy, mazes, predictor, distance):
    """Five other distances predict worse than the one from cheese to corner."""
    return predictor.correct(policy, mazes, [CHEESE_TO_CORNER]) - predictor.correct(policy, mazes, [distance])


@pytest.mark.parametrize("distance", NOT_PREDICTIVE)
@claim(
    effect_within=0.05,
    reported="at most 71.3% against 71.4%",
    **{**ALONE, "null_controls": (told_by_the_feature,)},
)
def test_five_other_distances_tell_no_more_than_the_commoner_outcome(policy, mazes, predictor, distance):
    """Five other distances, each alone, predict whether the agent gets the cheese as well as always predicting the
    commoner outcome, to within .05."""
    return predictor.gain(policy, mazes, [distance])


# -- three distances -------------------------------------------------------------------------------------------------

OF_THREE = {"number": 6, "source": STATISTICS_POST.section("Regression on three variables"), **PREDICTED}


@claim(effect_at_least={"direction": 0.02, "size": (0.824 - 0.714) / 2}, reported="82.4% against 71.4%", **OF_THREE)
def test_three_distances_tell_whether_the_agent_gets_the_cheese(policy, mazes, predictor):
    """Three distances predict whether the agent gets the cheese better than the commoner outcome."""
    return predictor.gain(policy, mazes, THREE)


def _lost_without(left_out, policy, mazes, predictor):
    """How much more often three distances are right than the two others."""
    kept = [name for name in THREE if name != left_out]
    return predictor.correct(policy, mazes, THREE) - predictor.correct(policy, mazes, kept)


@claim(effect_at_least={"direction": 0.02, "size": (0.824 - 0.759) / 2}, reported="75.9% against 82.4%", **OF_THREE)
def test_without_the_distance_of_cheese_and_corner_less_is_told(policy, mazes, predictor):
    """Leaving out the distance of cheese and corner, the other two predict worse than all three."""
    return _lost_without(CHEESE_TO_CORNER, policy, mazes, predictor)


@claim(effect_at_least=(0.824 - 0.819) / 2, reported="81.9% against 82.4%", **OF_THREE)
def test_without_the_steps_from_decision_square_to_cheese_less_is_told(policy, mazes, predictor):
    """Leaving out the steps from decision square to cheese, the other two distances predict worse than all three.

    Half of the reported loss is .0025: to tell an exact zero from that takes some 3,800 mazes, of which 1,500 are
    recorded, so that "undecided" is to be expected, of the control too.
    """
    return _lost_without(STEPS_TO_CHEESE, policy, mazes, predictor)


@claim(effect_at_least=(0.824 - 0.817) / 2, reported="81.7% against 82.4%", **OF_THREE)
def test_without_the_tiles_from_decision_square_to_cheese_less_is_told(policy, mazes, predictor):
    """Leaving out the distance of decision square and cheese as the crow flies, the other two predict worse than all
    three.

    Half of the reported loss is .0035: to tell an exact zero from that takes some 2,700 mazes, of which 1,500 are
    recorded, so that "undecided" is to be expected, of the control too.
    """
    return _lost_without(TILES_TO_CHEESE, policy, mazes, predictor)


# -- in which way the offset tells -----------------------------------------------------------------------------------


@claim(
    number=9,
    source=POST.section("Comments: cheese-finding by offset from the corner"),
    effect_at_least=0.02,
    reported="non-linear, no figure",
    **PREDICTED,
)
def test_cheese_finding_falls_with_the_distance_from_the_corner_in_no_straight_line(policy, mazes, predictor):
    """A curve of the probability over the cheese's distance from the corner predicts better than a straight line over
    the same distance: its Brier score, the squared distance of probability and outcome, is lower by .02."""
    line, curve = (predictor.brier(policy, mazes, [CHEESE_TO_CORNER], model) for model in ("straight line", "splines"))
    return line - curve


@claim(
    number=9,
    source=REVIEWS.section("Is the distance of the cheese to the corner real, or a stand-in?"),
    effect_at_least=0.02,
    **PREDICTED,
)
def test_rows_and_columns_from_the_corner_tell_more_than_the_distance(policy, mazes, predictor):
    """Trees on the cheese's rows and columns from the corner predict better than trees on its distance from there: the
    Brier score is lower by .02, so that the distance stands in for something else."""
    distance, both = (predictor.brier(policy, mazes, names, "boosted trees") for names in ([CHEESE_TO_CORNER], OFFSET))
    return distance - both


# -- what reviewers asked --------------------------------------------------------------------------------------------


@claim(
    number=4,
    source=REVIEWS.section("Can the regression be pushed towards 95%?"),
    accuracy_at_least=0.95,
    **{**PREDICTED, "bounds": (0, 1)},
)
def test_more_features_and_trees_predict_nearly_every_outcome(policy, mazes, predictor):
    """Boosted trees on all features predict whether the agent gets the cheese in at least 95% of mazes."""
    return predictor.correct(policy, mazes, tuple(MORE_FEATURES), "boosted trees")


@claim(
    number=4,
    source=REVIEWS.section("Can the regression be pushed towards 95%?"),
    effect_at_least=0.02,
    **PREDICTED,
)
def test_more_features_and_trees_predict_better_than_four_distances(policy, mazes, predictor):
    """Boosted trees on all features predict better than a logistic regression on four distances."""
    more = predictor.correct(policy, mazes, tuple(MORE_FEATURES), "boosted trees")
    return more - predictor.correct(policy, mazes, FOUR)
