"""What tests of training share: a recipe of twenty steps, batches of noise, and comparing what a run consists of."""

import pytest
import torch

from interp_claims.training import Recipe, Samples, loop

#: Twenty steps (one sample fills no batch), which is no multiple of the sixteen batches of a chunk.
RECIPE = Recipe(scale=1, batch=2, samples=41, warm_up=3, averaging=0.3)


def noise_batch(count, seed=0):
    """Pictures of noise, each with the actions of one direction and a value."""
    generator = torch.Generator().manual_seed(seed)
    each_way = torch.zeros(4, 15)
    for row, actions in enumerate(([0, 1, 2], [3], [5], [6, 7, 8])):
        each_way[row, actions] = 1 / len(actions)
    return Samples(
        torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=generator),
        each_way[torch.randint(0, 4, (count,), generator=generator)],
        torch.rand(count, generator=generator),
    )


def everything_in(value, name=""):
    """Nested state as a flat dict of its leaves, with tensors as bytes."""
    if isinstance(value, dict):
        return {k: v for key, part in value.items() for k, v in everything_in(part, f"{name}/{key}").items()}
    if isinstance(value, list | tuple):
        return everything_in(dict(enumerate(value)), name)
    return {name: value.detach().numpy().tobytes() if isinstance(value, torch.Tensor) else value}


def state_of(run):
    parts = {"network": run.network, "average": run.average, "optimiser": run.optimiser}
    return everything_in({"step": run.step, **{name: part.state_dict() for name, part in parts.items()}})


@pytest.fixture(scope="session")
def recipe():
    return RECIPE


@pytest.fixture(scope="session")
def noise():
    return noise_batch


@pytest.fixture(scope="session")
def whole_state():
    return state_of


@pytest.fixture
def scored_quickly(monkeypatch):
    """Runs score on eight observations, every sixteen samples."""
    monkeypatch.setattr(loop, "HELD_OUT", 8)
    monkeypatch.setattr(loop, "SCORE_EVERY_SAMPLES", 16)


@pytest.fixture(scope="module", autouse=True)
def averages_as_asked():
    """Runs of a few steps would otherwise average over the last one alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interp_claims.training.recipe._FORGETTING", 0.0)
        yield
