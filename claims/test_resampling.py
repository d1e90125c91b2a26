"""Resampling: the cheese channels replaced by the values they take in another maze."""

from interp_claims.claims import claim
from interp_claims.controls import random_channels, untrained
from interp_claims.edits import resample
from interp_claims.mazes import Observations, donor_observations, donor_pairs, drawn_squares, stock_mazes
from interp_claims.measures import mean_total_variation
from interp_claims.policies import roles_of
from interp_claims.sources import POST


@claim(
    number=26,
    source=POST.section("Randomly resampling channel activations from other mazes"),
    ratio_at_least={"direction": 1.1, "size": 1 + (1.26 / 0.88 - 1) / 2},  # size: the reported ratio halved
    mazes=stock_mazes(),
    null_controls=(untrained,),
    contrast_controls=(random_channels,),
    budget=2048,  # changes are of the order of hundredths, and so is what random channels leave of them
)
def test_resampling_cheese_channels_matters_more_when_the_cheese_is_elsewhere(policy, mazes):
    """Resampling the cheese channels from mazes with the cheese elsewhere changes behaviour more than from mazes with
    the cheese on the same square.

    One donor maze lends all channels, once with its cheese on the same square and once elsewhere; the change is the
    mean total variation over up to four squares per maze. Squares and budget were set after a first look at the size of
    the changes, for cost and power; the thresholds were not. An edit that changes nothing makes the ratio 0 / 0, which
    is not evaluated, so it is no null control here; the untrained network's changes are too small to be decided.
    """
    roles = roles_of(policy)
    squares = Observations.at_squares(mazes, [drawn_squares(maze, at_most=4) for maze in mazes])
    same, elsewhere = zip(*donor_pairs(mazes))

    def change(donors):
        edit = resample(policy, roles.cheese_channels, donor_observations(donors, squares), roles.layer)
        return mean_total_variation(policy, policy.edited(edit), squares)

    return change(elsewhere), change(same)
