"""One training run: its state, a step, saving the state and going on from it exactly."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pickle
from pathlib import Path
from typing import Any, Optional, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from interp_claims.files import write_atomically
from interp_claims.mazes.actions import direction_probabilities
from interp_claims.policies.checkpoints import identity
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.training.recipe import Recipe, TrainingError
from interp_claims.training.samples import Samples

_BETAS = (0.9, 0.98)
_SCORED_AT_ONCE = 256
_HASH_BYTES = 32


@dataclasses.dataclass(frozen=True)
class Scores:
    """How a network does on held-out observations.

    Attributes:
        accuracy: share of observations where the likeliest direction is the oracle's.
        value_error: mean squared error of the value.
    """

    accuracy: float
    value_error: float


class TrainingRun:
    """A network in training.

    The data come from outside, see :class:`~interp_claims.training.samples.OracleSamples`; given the same batches in
    the same order, a run that was saved and loaded goes on bit for bit as one that was not (same machine, same
    threads).

    Args:
        recipe: the settings.
        device: where to train.
        init: the network whose weights the run begins with, if the recipe names one.

    Raises:
        TrainingError: ``init`` is not the network that the recipe names, or of another width.

    Attributes:
        step: how many steps were taken.
        seconds: time spent on it, as told by whoever trains it.
        saved_on: the ``device`` and the number of ``threads`` that computed the state that it goes on from, as far as
            the state tells; empty for a run from the beginning.
    """

    def __init__(self, recipe: Recipe, device: str = "cpu", init: Optional[ImpalaNetwork] = None) -> None:
        self.recipe = recipe
        self.device = torch.device(device)
        self.network = self._placed(_first_network(recipe, init))
        self.average = self._average_of(self.network)
        self.optimiser = AdamW(
            self.network.parameters(), lr=recipe.learning_rate, betas=_BETAS, weight_decay=recipe.weight_decay
        )
        self.step = 0
        self.seconds = 0.0
        self.saved_on: dict[str, Any] = {}

    def _placed(self, network: ImpalaNetwork) -> ImpalaNetwork:
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _average_of(self, network: nn.Module) -> AveragedModel:
        averaging = get_ema_multi_avg_fn(1 - self.recipe.share_of_new_weights)  # type: ignore[no-untyped-call]
        return AveragedModel(network, multi_avg_fn=averaging)

    @property
    def done(self) -> bool:
        """Whether the recipe's samples are used up."""
        return self.step >= self.recipe.steps

    @property
    def best(self) -> ImpalaNetwork:
        """The network to use: the averaged weights once there are any, the current ones before."""
        averaged = self.average.n_averaged.item() > 0
        return cast(ImpalaNetwork, self.average.module) if averaged else self.network

    def train(self, batch: Samples) -> Tensor:
        """One step; gives the loss, a scalar tensor on the device."""
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(self.step)
        logits, values = self._outputs(self.network, batch.observations)
        log_probabilities = torch.log_softmax(logits, dim=1)
        actions = batch.actions.to(self.device, non_blocking=True)
        cross_entropy = -(actions * log_probabilities).sum(dim=1).mean()
        entropy = -(log_probabilities.exp() * log_probabilities).sum(dim=1).mean()
        value_error = (values - batch.values.to(self.device, non_blocking=True)).square().mean()
        loss = cross_entropy + recipe.value_weight * value_error - recipe.entropy_weight * entropy
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.largest_gradient)
        self.optimiser.step()
        self.step += 1
        if self.step > recipe.steps // 2:
            self.average.update_parameters(self.network)
        return loss.detach()

    def _outputs(self, network: ImpalaNetwork, observations: Tensor) -> tuple[Tensor, Tensor]:
        on_device = observations.to(self.device, non_blocking=True)
        pixels = on_device.permute(0, 3, 1, 2).to(torch.float32) / 255  # channels_last, as the pictures lie
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16"):
            logits, values = network(pixels)
        return logits.float(), values.float().squeeze(1)

    def score(self, held_out: Samples) -> Scores:
        """Accuracy and value error of the network to use."""
        network = self.best
        probabilities, values = [], []
        with torch.no_grad():
            for observations in torch.split(held_out.observations, _SCORED_AT_ONCE):
                logits, value = self._outputs(network, observations)
                probabilities.append(torch.softmax(logits, dim=1).cpu().numpy())
                values.append(value.cpu())
        chosen = direction_probabilities(np.concatenate(probabilities)).argmax(axis=1)
        wanted = direction_probabilities(held_out.actions.numpy())
        return Scores(
            accuracy=float((wanted[np.arange(len(chosen)), chosen] > 0).mean()),
            value_error=float((torch.cat(values) - held_out.values).square().mean()),
        )

    # -- saving and going on -----------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write everything that the rest of the run depends on; a crash while writing leaves the file as it was."""
        state = {
            "recipe": self.recipe.to_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "machine": self._machine,
        }
        write_state(path, state)

    @property
    def _machine(self) -> dict[str, Any]:
        return {"device": self.device.type, "threads": torch.get_num_threads()}

    @property
    def change_of_machine(self) -> str:
        """What computes otherwise than when the state was saved, in words; empty if nothing does, or nobody knows."""
        now, before = self._machine, self.saved_on
        if before.get("device", now["device"]) != now["device"]:
            return f"on {now['device']} (before: {before['device']})"
        if now["device"] == "cpu" and before.get("threads", now["threads"]) != now["threads"]:
            return f"with {now['threads']} threads (before: {before['threads']})"
        return ""

    @classmethod
    def _empty(cls, recipe: Recipe, device: str) -> TrainingRun:
        """A run whose weights are to be overwritten, so that the network it began with is not wanted."""
        run = cls(dataclasses.replace(recipe, init=""), device)
        run.recipe = recipe
        return run

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> TrainingRun:
        """The run that :meth:`save` wrote.

        Raises:
            TrainingError: the file is no saved run, or was damaged.
        """
        state = read_state(path)
        try:
            run = cls._empty(Recipe.from_dict(state["recipe"]), device)
            run.network.load_state_dict(state["network"])
            run.average.load_state_dict(state["average"])
            run.optimiser.load_state_dict(state["optimiser"])
            run.step, run.seconds = int(state["step"]), float(state["seconds"])
            run.saved_on = dict(state.get("machine", {}))  # earlier versions did not tell
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise TrainingError(f"{path}: no training state that fits ({error}); delete it to begin anew") from error
        return run


def _first_network(recipe: Recipe, init: Optional[ImpalaNetwork]) -> ImpalaNetwork:
    network = ImpalaNetwork(recipe.scale)
    if not recipe.init and init is None:
        return network.initialise(recipe.seed)
    found = "none" if init is None else identity(init.state_dict())
    if init is None or found != recipe.init:
        raise TrainingError(f"init: got network {found[:16]}, wanted {recipe.init[:16] or 'none'}, as the recipe says")
    if init.scale != recipe.scale:
        raise TrainingError(f"init: got a network of scale {init.scale}, wanted scale {recipe.scale}")
    network.load_state_dict(init.state_dict())
    return network


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state with a hash in front, by which damage is noticed."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    write_atomically(path, hashlib.sha256(content).digest() + content)


def read_state(path: Path) -> dict[str, Any]:
    """What a saved run holds, without building its network.

    Raises:
        TrainingError: the file is no saved run, or was damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: no readable training state ({error}); delete it to begin anew") from error
    hashed, content = content[:_HASH_BYTES], content[_HASH_BYTES:]
    if hashlib.sha256(content).digest() != hashed:
        raise TrainingError(
            f"{path}: found no training state, or a damaged one; choose another --out, or delete the file to begin anew"
        )
    try:
        return cast(dict[str, Any], torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        raise TrainingError(f"{path}: holds more than a training state, which was not run ({error})") from error


def recipe_of(path: Path) -> Recipe:
    """The recipe of a saved run.

    Raises:
        TrainingError: the file is no saved run, or one of another version.
    """
    try:
        return Recipe.from_dict(read_state(path)["recipe"])
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{path}: no training state that fits ({error}); delete it to begin anew") from error
