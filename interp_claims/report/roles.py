"""The roles of a policy as text."""

from __future__ import annotations

import io

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.discovery import channel_stability, effective_channels_of, layer_scores_of
from interp_claims.policies.network import DEFAULT_LAYER
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import roles_of

_WIDTH = 110


def roles_text(policy: Policy) -> str:
    """Channels and layers of a policy, with scores, ranks and stability."""
    roles, effective, scores = roles_of(policy), effective_channels_of(policy), layer_scores_of(policy)
    channels = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{policy.name}: cheese channels at {roles.layer}")
    for heading in ("channel", "F", "mean at the cheese", "mean elsewhere", "retargets"):
        channels.add_column(heading, justify="right")
    for channel in roles.cheese_channels:
        numbers = (roles.f_scores[channel], roles.at_cheese[channel], roles.elsewhere[channel])
        texts = (f"{numbers[0]:.1f}", f"{numbers[1]:+.3f}", f"{numbers[2]:+.3f}")
        channels.add_row(str(channel), *texts, "yes" if channel in effective else "")
    layers = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{policy.name}: layers")
    layers.add_column("layer")
    for heading in ("tracks the cheese (eta squared)", "fall of P(cheese) without its cheese vector"):
        layers.add_column(heading, justify="right")
    for layer, tracking, causal in zip(scores.layers, scores.tracking, scores.causal):
        layers.add_row(layer, f"{tracking:.3f}", f"{causal:+.3f}")
    file = io.StringIO()
    console = Console(file=file, width=_WIDTH)
    console.print(channels, layers)
    ranks = f"{scores.rank(by='tracking')} by tracking, {scores.rank(by='causal')} by effect"
    return (
        "\n".join(line.rstrip() for line in file.getvalue().splitlines())
        + f"\nthe layer of the papers, {DEFAULT_LAYER}, ranks {ranks} of {len(scores.layers)}"
        + f"\nchannels found on disjoint sets of discovery mazes overlap by {channel_stability(policy):.2f} (Jaccard)"
        + f"\nsha-256 of the frozen roles: {roles.sha256}"
    )
