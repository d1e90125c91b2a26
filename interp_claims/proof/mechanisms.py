"""Mechanisms planted into a trained network, so that which channel matters is known.

Three channels of the default layer, none of them a cheese channel, are drawn by a seed and rewritten; the network's
clearest cheese channel is their model:

- the *causal* channel becomes an exact copy of the model at the layer, and takes over everything that the rest of the
  network does with it;
- the *decoy* becomes an exact copy too, so that it is exactly as correlated with the cheese, and nothing reads it;
- the *null* channel, of those that are least correlated with the cheese, keeps what it says, and nothing reads it.

By construction, then, no edit of decoy or null changes any output, and an edit of the causal channel does what the
same edit of the model did before (but for what the three channels had carried themselves). Whether *that* supports a
claim is the network's own affair, and is measured apart.
"""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import torch
from torch import nn

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import roles_of

KINDS = ("causal", "decoy", "null")


class PlantingError(InterpClaimsError):
    """A network that has no room for what is to be planted."""


@dataclasses.dataclass(frozen=True)
class Planted:
    """A policy with planted mechanisms.

    Attributes:
        policy: the rewritten network.
        model: the channel whose part the causal channel plays now; nothing reads it any more.
        channels: the channel of each kind.
    """

    policy: Policy
    model: int
    channels: dict[str, int]


def plant(policy: Policy, seed: int) -> Planted:
    """Plant a causal channel, a decoy and a null channel into a copy of a policy's network.

    Args:
        policy: a trained policy; it stays as it is.
        seed: which channels.

    Raises:
        PlantingError: too few channels are neither cheese channels nor needed.
    """
    roles = roles_of(policy)
    others = np.setdiff1d(np.arange(len(roles.f_scores)), roles.cheese_channels)
    by_correlation = others[np.argsort(np.array(roles.f_scores)[others], kind="stable")]
    least, rest = np.split(by_correlation, [len(by_correlation) // 2])
    if len(least) < 1 or len(rest) < 2:
        raise PlantingError(f"{policy.name}: has {len(others)} channels besides cheese channels, wanted at least 3")
    rng = np.random.default_rng(seed)
    causal, decoy = (int(channel) for channel in rng.choice(rest, 2, replace=False))
    channels = {"causal": causal, "decoy": decoy, "null": int(rng.choice(least))}
    network = copy.deepcopy(policy.forward.network).cpu()
    model = roles.cheese_channel
    with torch.no_grad():
        for channel in (causal, decoy):
            _copy_at_the_layer(network, model, channel)
        _hand_over(network, model, causal)
        for channel in (model, decoy, channels["null"]):
            _leave_unread(network, channel)
    name = f"{policy.name}-planted{seed}"
    return Planted(Policy(network, name=name, device=str(policy.forward.device)), model, channels)


def _copy_at_the_layer(network: ImpalaNetwork, model: int, channel: int) -> None:
    """Make a channel of the layer what the model is there; what it was before is no longer read on the way there."""
    block = network.embedder.block2
    for conv in (block.conv, block.res1.conv2):
        _copy_out(conv, model, channel)
    block.res1.conv1.weight[:, channel] = 0


def _hand_over(network: ImpalaNetwork, model: int, channel: int) -> None:
    """Let everything after the layer read the channel as it reads the model, in the next residual block and past it."""
    block = network.embedder.block2
    _copy_out(block.res2.conv2, model, channel)
    for reader in (block.res2.conv1, network.embedder.block3.conv):
        reader.weight[:, channel] = reader.weight[:, model]


def _leave_unread(network: ImpalaNetwork, channel: int) -> None:
    """Let nothing after the layer read the channel."""
    for reader in (network.embedder.block2.res2.conv1, network.embedder.block3.conv):
        reader.weight[:, channel] = 0


def _copy_out(conv: nn.Conv2d, model: int, channel: int) -> None:
    assert conv.bias is not None
    conv.weight[channel], conv.bias[channel] = conv.weight[model], conv.bias[model]
