"""The cheese vector: activations with the cheese minus without, subtracted in every forward pass."""

from interp_claims.claims import claim, universal_claim
from interp_claims.controls import another_mazes_vector, no_op, untrained
from interp_claims.edits import cheese_vector, subtract
from interp_claims.mazes import Observations, with_decision_square
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.measures import p_cheese
from interp_claims.sources import POST


@claim(
    number=11,
    source=POST.section("Quantifying the effect of subtracting the cheese vector"),
    effect_at_least={"direction": 0.02, "size": 0.384},  # size: half of the reported .806 - .038
    bounds=(-1, 1),
    mazes=with_decision_square(),
    null_controls=(untrained, no_op),
    contrast_controls=(another_mazes_vector,),
)
def test_subtracting_the_cheese_vector_lowers_p_cheese(policy, mazes):
    """Subtracting a maze's own cheese vector lowers P(cheese) at its decision square."""
    vector = cheese_vector(policy, mazes)
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(vector)), mazes)


@universal_claim(
    number=16,
    source=POST.section("Comparing the modified network against behavior when cheese isn't there"),
    fails_for=(another_mazes_vector, no_op),
    maze=perfect_mazes(cheese=True),
)
def test_at_the_start_square_subtracting_the_vector_is_taking_the_cheese_away(policy, maze):
    """At the start square, subtracting the cheese vector gives the probabilities of the maze without cheese."""
    without_vector = policy.edited(subtract(cheese_vector(policy, [maze])))
    subtracted = without_vector.action_probabilities(Observations.at_start([maze]))
    cheeseless = policy.action_probabilities(Observations.at_start([maze.without_cheese()]))
    assert abs(subtracted - cheeseless).max() <= 1e-5
