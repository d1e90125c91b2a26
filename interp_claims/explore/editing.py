"""From an edit that was chosen on the page to one of :mod:`interp_claims.edits`, and to the Python that makes it."""

from __future__ import annotations

from functools import lru_cache

from interp_claims.edits import (
    add,
    cheese_vector,
    clamp,
    mean_ablate,
    replace_channels,
    scale_channels,
    top_right_vector,
    zero_ablate,
)
from interp_claims.edits.edit import Edit
from interp_claims.explore.inputs import InputError, read_choice, write_decimal
from interp_claims.explore.state import EditChoice, State
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import DISCOVERY, level, stock_mazes
from interp_claims.policies.forward import ActivationEdit
from interp_claims.policies.policy import Policy, layers_to_edit

#: On how many discovery mazes the mean of a channel is taken.
MEAN_MAZES = 32


def check_against(policy: Policy, state: State) -> None:
    """Check what a state names of a policy: layers that it has, and channels that they have.

    Raises:
        InputError: the policy has no such layer or channel.
    """
    layers = layers_to_edit(policy)
    mapped = [layer for layer in layers if len(policy.shape(layer)) == 3]
    for number, edit in enumerate(state.edits, 1):
        what = f"edit {number}"
        read_choice(f"{what}, its layer", edit.layer, mapped if edit.kind == "clamp" else layers)
        _check_channels(f"{what}, its channels", policy, edit.layer, edit.channels)
    if state.layer:
        read_choice("layer shown", state.layer, mapped)
        _check_channels("channels shown", policy, state.layer, state.channels)


def _check_channels(what: str, policy: Policy, layer: str, channels: tuple[int, ...]) -> None:
    width = policy.shape(layer)[0]
    if channels and max(channels) >= width:
        wanted = f"0 to {width - 1}, which are those of {layer} in {policy.name}"
        raise InputError(what, f"channel {max(channels)}", wanted, "name others")


def edit_of(policy: Policy, state: State) -> ActivationEdit | None:
    """All edits of a state as one, or None if there are none.

    Raises:
        InterpClaimsError: one cannot be made for this maze, for example the cheese vector of a maze without cheese.
    """
    made = [_made(policy, state.maze, choice) for choice in state.edits]
    if not made:
        return None
    whole: ActivationEdit = made[0]
    for edit in made[1:]:
        whole = whole.then(edit)
    return whole


def _made(policy: Policy, maze: Maze, choice: EditChoice) -> Edit:
    number = 0.0 if choice.number is None else choice.number
    if choice.kind == "cheese":
        return add(cheese_vector(policy, [maze], choice.layer), number)
    if choice.kind == "corner":
        return add(top_right_vector(policy, [maze], choice.layer), number)
    if choice.kind == "clamp":
        assert choice.square is not None
        return clamp(choice.channels, [choice.square], number, choice.layer)
    if choice.kind == "zero":
        return zero_ablate(policy, choice.channels, choice.layer)
    if choice.kind == "mean":
        return mean_ablate(policy, choice.channels, _mazes_of_means(), choice.layer)
    if choice.kind == "scale":
        return scale_channels(choice.channels, number, layer=choice.layer)
    donor = Observations.at_start([level(int(number))])
    source = policy.activations(donor, choice.layer)[0]
    return replace_channels(choice.channels, source, per="all", layer=choice.layer, name="resample")


@lru_cache(maxsize=1)
def _mazes_of_means() -> tuple[Maze, ...]:
    return stock_mazes().sample(DISCOVERY, MEAN_MAZES)


def edit_code(choice: EditChoice) -> str:
    """The Python expression that makes an edit, given ``policy`` and ``maze``."""
    where, channels = repr(choice.layer), list(choice.channels)
    number = "" if choice.number is None else write_decimal(choice.number)
    if choice.kind in ("cheese", "corner"):
        vector = "cheese_vector" if choice.kind == "cheese" else "top_right_vector"
        return f"add({vector}(policy, [maze], {where}), {number})"
    if choice.kind == "clamp":
        return f"clamp({channels}, [{choice.square}], {number}, {where})"
    if choice.kind == "zero":
        return f"zero_ablate(policy, {channels}, {where})"
    if choice.kind == "mean":
        return f"mean_ablate(policy, {channels}, stock_mazes().sample(DISCOVERY, {MEAN_MAZES}), {where})"
    if choice.kind == "scale":
        return f"scale_channels({channels}, {number}, layer={where})"
    donor = f"policy.activations(Observations.at_start([level({number})]), {where})[0]"
    return f'replace_channels({channels}, {donor}, per="all", layer={where}, name="resample")'
