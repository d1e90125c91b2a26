"""The roles of a policy as text, and those of several as a table."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.discovery import (
    LayerScores,
    channel_effects_of,
    channel_stability,
    channels_by_effect,
    effective_channels_of,
    gains_alone_of,
    layer_scores_of,
    overlap,
)
from interp_claims.policies.network import DEFAULT_LAYER
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import Roles, roles_of

_WIDTH = 110


def roles_text(policy: Policy) -> str:
    """Channels and layers of a policy, with scores, ranks and stability."""
    roles, effects, scores = roles_of(policy), channel_effects_of(policy), layer_scores_of(policy)
    file = io.StringIO()
    Console(file=file, width=_WIDTH).print(_channels_table(policy, roles, effects), _layers_table(policy, scores))
    by_effect = channels_by_effect(effects, len(roles.cheese_channels))
    listed = ", ".join(f"{channel} ({effects[channel]:+.3f})" for channel in by_effect)
    largest = textwrap.fill(f"of all channels, those with the largest effect: {listed}", _WIDTH)
    return (
        "\n".join(line.rstrip() for line in file.getvalue().splitlines())
        + "\nalone: what clamping it alone adds to how probable the path to a target is; *: of the seven elevenths that"
        + '\nadd most (the "effective" ones), however little that is'
        + f"\n{largest}"
        + f"\nthey overlap with the cheese channels by {overlap(by_effect, roles.cheese_channels):.2f} (Jaccard)"
        + f"\nthe layer of the papers, {DEFAULT_LAYER}, {_ranks(scores, DEFAULT_LAYER)}"
        + f"\nthe layer found, {scores.discovered}, {_ranks(scores, scores.discovered)}"
        + f"\nchannels found on disjoint sets of discovery mazes overlap by {channel_stability(policy):.2f} (Jaccard)"
        + f"\nsha-256 of the frozen roles: {roles.sha256}"
    )


def roles_beside(new: Policy, old: Policy) -> str:
    """One line on the cheese channels of a policy and of an older one: roles are found anew for each."""
    theirs = [roles_of(policy) for policy in (new, old)]
    listed = [", ".join(map(str, roles.cheese_channels)) for roles in theirs]
    if theirs[0].layer != theirs[1].layer:
        return f"Cheese channels: {listed[0]} of {theirs[0].layer}; before, {listed[1]} of {theirs[1].layer}."
    alike = overlap(theirs[0].cheese_channels, theirs[1].cheese_channels)
    return f"Cheese channels: {listed[0]}; before, {listed[1]}; they overlap by {alike:.2f} (Jaccard)."


def _channels_table(policy: Policy, roles: Roles, effects: tuple[float, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{policy.name}: cheese channels at {roles.layer}")
    for heading in ("channel", "F", "mean at the cheese", "mean elsewhere", "alone", "effect", "rank by effect"):
        table.add_column(heading, justify="right")
    ranked = channels_by_effect(effects, len(effects))
    effective = effective_channels_of(policy)
    for channel, gain in zip(roles.cheese_channels, gains_alone_of(policy)):
        numbers = (roles.f_scores[channel], roles.at_cheese[channel], roles.elsewhere[channel])
        alone = f"{gain:+.3f}{'*' if channel in effective else ' '}"
        texts = [f"{numbers[0]:.1f}", f"{numbers[1]:+.3f}", f"{numbers[2]:+.3f}", alone]
        table.add_row(str(channel), *texts, f"{effects[channel]:+.3f}", str(1 + ranked.index(channel)))
    return table


def _layers_table(policy: Policy, scores: LayerScores) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{policy.name}: layers")
    table.add_column("layer")
    for heading in ("tracks the cheese (eta squared)", "fall of P(cheese) without its cheese vector"):
        table.add_column(heading, justify="right")
    for layer, tracking, causal in zip(scores.layers, scores.tracking, scores.causal):
        table.add_row(layer, f"{tracking:.3f}", f"{causal:+.3f}")
    return table


def _ranks(scores: LayerScores, layer: str) -> str:
    ranks = f"{scores.rank(layer, by='tracking')} by tracking, {scores.rank(layer)} by effect"
    return f"ranks {ranks} of {len(scores.layers)}"


def roles_markdown(policies: Iterable[Policy]) -> str:
    """A Markdown table with a row per policy: what was found, how surely, and how the papers' layer ranks."""
    lines = [
        "| policy | cheese channels | found again | with the largest effect | papers' layer by tracking, by effect | "
        "layer found |",
        "|---|---|---|---|---|---|",
    ]
    for policy in policies:
        roles, effects, scores = roles_of(policy), channel_effects_of(policy), layer_scores_of(policy)
        shared = overlap(channels_by_effect(effects, len(roles.cheese_channels)), roles.cheese_channels)
        of = len(scores.layers)
        cells = [
            f"`{policy.name}`",
            ", ".join(map(str, roles.cheese_channels)),
            f"{channel_stability(policy):.2f}",
            f"{shared:.2f}",
            f"{scores.rank(by='tracking')}, {scores.rank()} of {of}",
            f"`{scores.discovered}`",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
