"""Discovery by effect: which channels and layers of a policy matter for the cheese, found on discovery mazes."""

from interp_claims.discovery.channels import effective_channels_of, gains_alone_of
from interp_claims.discovery.effects import channel_effects_of, channels_by_effect, overlap
from interp_claims.discovery.layers import LayerScores, layer_scores_of
from interp_claims.discovery.stability import channel_stability

__all__ = [
    "LayerScores",
    "channel_effects_of",
    "channel_stability",
    "channels_by_effect",
    "effective_channels_of",
    "gains_alone_of",
    "layer_scores_of",
    "overlap",
]
