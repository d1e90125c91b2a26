import pytest

from fixtures.policies import PolicyLoader, device_of_worker
from interp_claims.policies import ImpalaNetwork, Manifest, save_network


@pytest.mark.parametrize(
    ("device", "worker", "gpus", "wanted"),
    [
        ("cpu", "gw3", 2, "cpu"),
        ("cuda", None, 2, "cuda"),
        ("cuda", "gw0", 2, "cuda:0"),
        ("cuda", "gw3", 2, "cuda:1"),
        ("cuda", "gw5", 1, "cuda:0"),
        ("cuda:1", "gw0", 2, "cuda:1"),
    ],
)
def test_workers_are_spread_over_the_visible_gpus_unless_one_is_named(device, worker, gpus, wanted):
    assert device_of_worker(device, worker, gpus) == wanted


@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_gpu_that_is_not_there_is_wrong_usage(device):
    with pytest.raises(pytest.UsageError, match=f"--device {device}: PyTorch sees no GPU; leave it out"):
        device_of_worker(device, "gw0", 0)


def test_a_policy_asked_for_twice_is_loaded_once(pytestconfig, tmp_path):
    load = PolicyLoader(Manifest(pytestconfig.rootpath / "fixtures" / "policies.toml"), "cpu")
    path = str(tmp_path / "mine.safetensors")
    save_network(ImpalaNetwork(1).initialise(0), path)
    first, second, other = load(path), load(path), load("untrained-scale1-seed1")
    assert first is second
    assert other is not first
    assert load.loads == 2


def test_loaded_policies_have_the_roles_that_were_asked_for(pytestconfig):
    manifest = Manifest(pytestconfig.rootpath / "fixtures" / "policies.toml")
    assert PolicyLoader(manifest, "cpu")("untrained-scale1-seed1").role_set == "discovered"
    assert PolicyLoader(manifest, "cpu", "published")("untrained-scale1-seed1").role_set == "published"


def test_policies_of_one_process_share_their_cache(pytestconfig):
    load = PolicyLoader(Manifest(pytestconfig.rootpath / "fixtures" / "policies.toml"), "cpu")
    assert load("untrained-scale1-seed1").forward.cache is load("untrained-scale1-seed2").forward.cache
