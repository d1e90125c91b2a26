"""What all tests share: a cache folder of their own, one thread, a few mazes and small networks."""

import pytest
import torch

from interp_claims.mazes import DISCOVERY, stock_mazes
from interp_claims.policies import ImpalaNetwork


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("INTERP_CLAIMS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small networks gain nothing from a second thread, and lose much where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def few_mazes():
    return stock_mazes().sample(DISCOVERY, 4)


@pytest.fixture
def project(pytester, monkeypatch):
    """A project with two small shipped policies; call it with claims to write them."""
    from plugin_projects import make_project  # loads procgen, which most tests do without

    return make_project(pytester, monkeypatch)


def lively_network(seed=0, scale=1):
    """A network none of whose parameters is zero or tiny, so that leaving out any of them shows in the outputs."""
    network = ImpalaNetwork(scale).initialise(seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.1, generator=generator)
        network.fc_policy.weight.normal_(0, 0.2, generator=generator)
    return network


@pytest.fixture(scope="session")
def make_network():
    return lively_network
