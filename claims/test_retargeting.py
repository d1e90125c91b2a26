"""Retargeting: one clamped activation sends the mouse to another place."""

from interp_claims.claims import claim
from interp_claims.controls import no_op, random_channels, untrained
from interp_claims.edits import clamp
from interp_claims.mazes import drawn_target, stock_mazes
from interp_claims.measures import normalised_path_probability
from interp_claims.policies import roles_of
from interp_claims.sources import POST


@claim(
    number=21,
    source=POST.section("Retargeting the agent to maze locations"),
    ratio_at_least={"direction": 1.1},
    mazes=stock_mazes(),
    null_controls=(untrained, no_op),
    contrast_controls=(random_channels,),
)
def test_clamping_one_activation_of_a_cheese_channel_retargets_the_agent(policy, mazes):
    """Clamping one activation of a channel that tracks the cheese makes the path to that place more probable.

    The cheese is taken away; the target is one square per maze, drawn from the quadrants of the maze in equal parts.
    The source gives no figure for this, so only the direction is asked.
    """
    roles = roles_of(policy)
    targets = [drawn_target(maze) for maze in mazes]
    cheeseless = [maze.without_cheese() for maze in mazes]
    retargeted = policy.edited(clamp(roles.cheese_channel, targets, roles.clamp_value, roles.layer))
    return tuple(normalised_path_probability(which, cheeseless, targets) for which in (retargeted, policy))
