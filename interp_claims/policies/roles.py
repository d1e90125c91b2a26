"""Roles: which channels of a policy play the part of the papers' cheese channels, found on discovery mazes.

A channel tracks the cheese if its activation at the cheese's cell is higher than at other free squares of the maze.
Channels are ranked by the F statistic between the two (one pair per discovery maze, mouse at the start), as in the
authors' automatic selector; the first round(11/128 of the width) are the cheese channels. Every policy, the untrained
one included, goes through the same procedure. What is found is frozen, hashed and kept by the policy's hash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sys
import warnings
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from scipy import stats

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.maze import Maze, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import DISCOVERY, MazeDistribution, maze_rng
from interp_claims.policies.frozen import frozen
from interp_claims.policies.network import DEFAULT_LAYER, cell_of
from interp_claims.policies.policy import Policy

DISCOVERY_MAZES = 512
#: The cheese channels of the authors' network, the one they retarget with first. They mean nothing in any other.
PUBLISHED_CHANNELS = (55, 88, 77, 82, 89, 113, 8, 42, 7, 44, 99)
#: Of these, the ones that retarget on their own.
PUBLISHED_EFFECTIVE = PUBLISHED_CHANNELS[:7]
_PUBLISHED_SHARE = 11 / 128
_CLAMP_FACTOR = 9.0
_LARGEST_F = 1e9
_DECIMALS = 6
_LARGEST_IN_FLOAT32 = 1e30


class RoleError(InterpClaimsError):
    """A role that no channel of the policy plays."""


@dataclasses.dataclass(frozen=True)
class Roles:
    """The parts that channels play in one policy.

    Attributes:
        layer: the layer they belong to.
        cheese_channels: the channels that track the cheese, the clearest first.
        f_scores: per channel, the F statistic of its activation at the cheese's cell against elsewhere.
        at_cheese: per channel, its mean activation at the cheese's cell.
        elsewhere: per channel, its mean activation at other free squares.
        mazes: how many discovery mazes were used.
    """

    layer: str
    cheese_channels: tuple[int, ...]
    f_scores: tuple[float, ...]
    at_cheese: tuple[float, ...]
    elsewhere: tuple[float, ...]
    mazes: int

    @property
    def cheese_channel(self) -> int:
        """The channel that tracks the cheese most clearly."""
        return self.cheese_channels[0]

    def cheese_channel_of_rank(self, rank: int) -> int:
        """The channel that tracks the cheese most clearly but for ``rank`` others.

        Raises:
            RoleError: there are not so many.
        """
        if not 0 <= rank < len(self.cheese_channels):
            raise RoleError(f"roles: no cheese channel of rank {rank}, there are {len(self.cheese_channels)} from 0 on")
        return self.cheese_channels[rank]

    @property
    def clamp_value(self) -> float:
        """What to clamp :attr:`cheese_channel` to: nine times its mean at the cheese, as +5.5 is to channel 55's .6."""
        return _CLAMP_FACTOR * self.at_cheese[self.cheese_channel]

    def contrast(self, channel: int) -> float:
        """How much higher a channel is at the cheese than elsewhere, on average; channels that are given may be lower.

        Raises:
            RoleError: it is the same at both.
        """
        difference = self.at_cheese[channel] - self.elsewhere[channel]
        if not difference:
            raise RoleError(
                f"roles: channel {channel} of {self.layer} is {self.at_cheese[channel]:g} at the cheese and elsewhere; "
                "wanted one that tells them apart"
            )
        return difference

    def clamp_values(self, channels: Sequence[int], share: float = 1.0) -> tuple[float, ...]:
        """What to clamp each of several channels to: ``share`` times nine times its mean at the cheese."""
        return tuple(share * _CLAMP_FACTOR * self.at_cheese[channel] for channel in channels)

    @property
    def sha256(self) -> str:
        """A hash of the frozen roles."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


def discover_roles(
    policy: Policy,
    layer: str = DEFAULT_LAYER,
    mazes: int = DISCOVERY_MAZES,
    *,
    skipped: int = 0,
    channels: Optional[Sequence[int]] = None,
) -> Roles:
    """Find the cheese channels of a policy on discovery mazes.

    Args:
        policy: the policy.
        layer: where to look for channels.
        mazes: on how many discovery mazes.
        skipped: how many discovery mazes to leave out before them.
        channels: the cheese channels, where they are known and only their values are asked for.

    Raises:
        RoleError: the layer has no height and width or not the channels given, or no channel is higher at the cheese
            than elsewhere.
    """
    shape = policy.shape(layer)
    if len(shape) != 3:
        raise RoleError(f"roles: {layer} has shape {shape}, wanted channels with height and width")
    if channels is not None and max(channels) >= shape[0]:
        raise RoleError(f"roles: {layer} of {policy.name} has {shape[0]} channels, wanted channel {max(channels)}")
    sample = MazeDistribution().sample(DISCOVERY, skipped + mazes)[skipped:]
    activations = policy.activations(Observations.at_start(sample), layer).cpu().numpy()
    pairs = [_cheese_and_other_square(maze) for maze in sample]
    at, off = (
        np.stack([activations[i, :, r, c] for i, (r, c) in enumerate(cell_of(s[k], shape[-1]) for s in pairs)])
        for k in (0, 1)
    )
    scores = _f_scores(at, off)
    if channels is not None:
        return _roles(layer, channels, scores, at, off)
    at_cheese, elsewhere = _means(at), _means(off)
    tracking = np.flatnonzero((at_cheese > elsewhere) & (at_cheese > 0))
    if not len(tracking):
        raise RoleError(f"roles: no channel of {layer} in {policy.name} is positive at the cheese and lower elsewhere")
    count = max(1, round(_PUBLISHED_SHARE * shape[0]))
    ranked = tracking[np.argsort(-scores[tracking], kind="stable")][:count]
    return _roles(layer, ranked.tolist(), scores, at, off)


def _f_scores(at: np.ndarray, off: np.ndarray) -> np.ndarray:
    """The F statistic of each channel between activations (n, channels) at two squares: (channels,).

    It does not depend on a channel's scale. So each is brought near 1 first, by a power of two, which changes no digit:
    squares of very large and very small activations are beyond float32.
    """
    exponents = np.maximum(_exponents(at), _exponents(off))
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        scores = stats.f_oneway(np.ldexp(at, -exponents), np.ldexp(off, -exponents), axis=0).statistic
    return np.nan_to_num(scores, nan=0.0, posinf=_LARGEST_F)


def _exponents(values: np.ndarray) -> np.ndarray:
    """For each column the power of two that its largest value is just below, or that of the smallest float for 0."""
    largest = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float32).smallest_subnormal)
    return np.frexp(largest)[1]


def _means(values: np.ndarray) -> np.ndarray:
    """The means of columns as float32 sums them up, where the sum is not too large for it: float64 (channels,)."""
    exponents = _exponents(values)
    return np.ldexp(np.ldexp(values, -exponents).mean(axis=0).astype(np.float64), exponents)


def _roles(layer: str, channels: Sequence[int], scores: np.ndarray, at: np.ndarray, off: np.ndarray) -> Roles:
    at_cheese, elsewhere = _means(at), _means(off)
    decimals = _decimals(max(np.abs(at_cheese).max(), np.abs(elsewhere).max()))
    return Roles(
        layer,
        tuple(channels),
        tuple(np.round(scores, _DECIMALS).tolist()),
        _rounded(at_cheese, decimals),
        _rounded(elsewhere, decimals),
        len(at),
    )


def _decimals(largest: float) -> int:
    """How many decimals of a layer's means are kept: six, and more where even the largest mean is below .01.

    Weights may be so small that six decimals leave nothing of their activations.
    """
    if not largest:
        return _DECIMALS
    return max(_DECIMALS, _DECIMALS - 2 - math.floor(math.log10(largest)))


def _rounded(means: np.ndarray, decimals: int) -> tuple[float, ...]:
    ordinary = decimals == _DECIMALS and np.abs(means).max() < _LARGEST_IN_FLOAT32
    exact = means.astype(np.float32) if ordinary else means  # float32 holds no other powers of ten
    return tuple(np.round(exact, decimals).astype(float).tolist())


def _cheese_and_other_square(maze: Maze) -> tuple[Square, Square]:
    """The cheese's square and another free one, drawn by the maze's seed."""
    assert maze.cheese is not None, "stock mazes have a cheese"
    others = [square for square in maze.free_squares if square != maze.cheese]
    return maze.cheese, others[maze_rng(maze, "square without cheese").integers(len(others))]


def roles_of(policy: Policy) -> Roles:
    """The frozen roles of a policy, discovered once and then read from the cache, whatever the number of processes.

    A policy whose ``role_set`` names channels has these instead of the ones that were found.
    """
    policy = policy.source
    channels = given_channels(policy.role_set)

    def discover() -> dict[str, Any]:
        return dataclasses.asdict(discover_roles(policy.bare, channels=channels))

    return Roles(**frozen(policy, name_of_set("roles", policy.role_set), [sys.modules[__name__]], discover))


def given_channels(role_set: str) -> Optional[tuple[int, ...]]:
    """The channels that a set of roles names, or None where they are to be found.

    Raises:
        RoleError: neither ``discovered`` nor ``published`` nor channel numbers.

    >>> given_channels("17,3"), given_channels("discovered")
    ((17, 3), None)
    """
    if role_set == "discovered":
        return None
    if role_set == "published":
        return PUBLISHED_CHANNELS
    numbers = role_set.split(",")
    if not all(number.isdecimal() for number in numbers) or len(set(map(int, numbers))) < len(numbers):
        raise RoleError(f"roles: got {role_set!r}, wanted discovered, published, or different channels such as 17,3")
    return tuple(map(int, numbers))


def name_of_set(what: str, role_set: str) -> str:
    """What is found for a set of roles, as part of a file's name."""
    if role_set == "discovered":
        return what
    return f"published-{what}" if role_set == "published" else f"{what}-of-{role_set.replace(',', '-')}"
