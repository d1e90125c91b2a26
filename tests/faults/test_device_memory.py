"""A device without memory: once more without the kept activations, with the same chunks, else a clear message."""

import json

import numpy as np
import pytest
import torch
from plugin_projects import run

from interp_claims.edits import no_op
from interp_claims.mazes import DISCOVERY, Observations, stock_mazes
from interp_claims.policies import DEFAULT_LAYER, DeviceMemoryError, ImpalaNetwork, Policy


@pytest.fixture
def observations():
    return Observations.at_start(stock_mazes().sample(DISCOVERY, 20))


class Device:
    """Lets networks run out of memory: in every pass while ``full``, or in the next ``fails`` passes."""

    def __init__(self, monkeypatch):
        self.full, self.fails, self.sizes = False, 0, []
        original = ImpalaNetwork.run

        def counted(network, value, **how):
            if self.full or self.fails > 0:
                self.fails -= 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            self.sizes.append(len(value))
            return original(network, value, **how)

        monkeypatch.setattr(ImpalaNetwork, "run", counted)


@pytest.fixture
def device(monkeypatch):
    return Device(monkeypatch)


@pytest.fixture
def policy():
    return Policy(ImpalaNetwork(1).initialise(0), name="one")


ASKED = {
    "logits": lambda policy, observations: policy.logits(observations),
    "edited logits": lambda policy, observations: policy.edited(no_op(DEFAULT_LAYER)).logits(observations),
    "activations": lambda policy, observations: policy.activations(observations, "embedder.relufc_out").numpy(),
    "of pixels": lambda policy, observations: policy.activations_of_pixels(
        np.zeros((3, 64, 64, 3), np.uint8), DEFAULT_LAYER
    ).numpy(),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_second_attempt_without_kept_activations_gives_the_same_to_the_last_bit(policy, observations, device, asked):
    before = asked(Policy(ImpalaNetwork(1).initialise(0), name="one"), observations)
    policy.activations(observations, DEFAULT_LAYER)
    assert policy.forward.cache._bytes > 0
    device.sizes.clear()
    device.fails = 1
    assert np.array_equal(asked(policy, observations), before)
    assert set(device.sizes) == {policy.forward.chunk}, "chunks keep their size"


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_where_that_does_not_help_the_message_says_what_does(policy, observations, device, asked):
    device.full = True
    with pytest.raises(DeviceMemoryError) as error:
        asked(policy, observations)
    assert str(error.value) == (
        "device cpu: has not the memory for 8 observations at a time, a number that is fixed so that results do not "
        "depend on it; run fewer workers (-n), leave the device to this run, or use --device cpu; --resume keeps what "
        "was finished"
    )
    assert policy.forward.cache._bytes == 0
    device.full = False
    assert len(asked(policy, observations))


def test_a_network_that_does_not_fit_is_told_when_it_is_loaded(device):
    device.full = True
    with pytest.raises(DeviceMemoryError, match="has not the memory"):
        Policy(ImpalaNetwork(1).initialise(0), name="one")


def test_a_run_goes_on_with_the_claims_that_fit(project):
    testdir = project(
        """
import torch
from pathlib import Path
from interp_claims.mazes import Observations
from interp_claims.policies import ImpalaNetwork

def full(network, value, **how):
    raise torch.OutOfMemoryError("CUDA out of memory")

@declared(effect_at_least=0.2)
def test_large(policy, mazes):
    'It needs much memory.'
    with pytest.MonkeyPatch.context() as patch:
        if Path("full").exists():
            patch.setattr(ImpalaNetwork, "run", full)
        policy.logits(Observations.at_start(mazes))
    return noisy(policy, mazes, 0.5)

@declared(effect_at_least=0.2)
def test_small(policy, mazes):
    'It needs little.'
    return noisy(policy, mazes, 0.5)
"""
    )
    (testdir.path / "full").touch()
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    large, small = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert (large["verdict"], large["broken_off"], large["unmeasurable"]) == ("not evaluated", True, None)
    assert large["reason"].startswith("DeviceMemoryError: device cpu: has not the memory for 8 observations at a time")
    assert small["verdict"] == "supported"
    (testdir.path / "full").unlink()
    assert run(testdir, "--resume").ret == 0
