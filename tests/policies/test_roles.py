"""Roles: channels that carry the cheese are found, others are not, and they are found once for all processes."""

import dataclasses
import functools
import inspect
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from interp_claims.edits import zero_ablate
from interp_claims.mazes import CONFIRMATION, DISCOVERY, Maze, Observations, stock_mazes
from interp_claims.policies import (
    DEFAULT_LAYER,
    ImpalaNetwork,
    Policy,
    RoleError,
    cell_of,
    discover_roles,
    load_network,
    roles,
    roles_of,
)
from interp_claims.policies.frozen import DamagedCacheWarning
from interp_claims.policies.policy import Outcomes
from interp_claims.policies.roles import PUBLISHED_CHANNELS, PUBLISHED_EFFECTIVE, Roles

REPOSITORY = Path(__file__).parents[2]
FEW = 12


def planted_network(seed=0):
    """Channels 5, 20 and 29 see what is yellow, as the cheese is; 7 sees the bright, 9 is constant, 11 the reverse."""
    network = ImpalaNetwork(1).initialise(seed)
    first, second = network.embedder.block1, network.embedder.block2
    with torch.no_grad():
        for block in (first, second):
            for residual in (block.res1, block.res2):
                for conv in (residual.conv1, residual.conv2):
                    conv.weight.zero_()
        first.conv.weight[:2] = 0
        first.conv.weight[0, :, 1, 1] = torch.tensor([1.0, 0.0, -1.0])
        first.conv.weight[1, :, 1, 1] = 0.2
        second.conv.weight[[5, 20, 29, 7, 9, 11]] = 0
        second.conv.weight[[5, 20, 29], 0, 1, 1] = torch.tensor([1.0, 3.0, 0.1])
        second.conv.weight[[20, 7], 1, 1, 1] = torch.tensor([-0.3, 1.0])
        second.conv.bias[[9, 11]] = torch.tensor([1.0, 4.0])
        second.res1.conv1.weight[0, 5, 1, 1] = 1
        second.res1.conv2.weight[11, 0, 1, 1] = -3
    return network


def written(write, scale=1):
    """A policy whose activations are written by hand; ``write(maze, activation)`` fills in those of one maze."""
    policy = Policy(ImpalaNetwork(scale).initialise(0), name="written")
    policy.shown = []

    def activations(observations, layer):
        policy.shown.extend(observations.mazes)
        answer = np.zeros((len(observations), *policy.shape(layer)), dtype=np.float32)
        for maze, activation in zip(observations.mazes, answer):
            write(maze, activation)
        return torch.from_numpy(answer)

    policy.activations = activations
    return policy


def at(maze, activation):
    """The activations of all channels at the cheese's cell, as a view."""
    row, column = cell_of(maze.cheese, activation.shape[-1])
    return activation[:, row, column]


def noise(maze, size):
    return np.random.default_rng(maze.seed).standard_normal(size)


# -- which channels are found ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_channels_that_were_planted_in_the_weights_are_found_and_decoys_are_not(seed):
    found = discover_roles(Policy(planted_network(seed), name="planted"), mazes=48)
    assert set(found.cheese_channels) == {5, 20, 29}
    assert 0 < found.at_cheese[11] < found.elsewhere[11]
    assert found.f_scores[11] > 100, "the reverse is clear, and no cheese channel for all that"
    assert found.f_scores[9] == 0


def test_what_was_found_can_be_seen_on_mazes_that_were_not_used():
    policy = Policy(planted_network(), name="planted")
    found = discover_roles(policy, mazes=48)
    fresh = stock_mazes().sample(CONFIRMATION, 24)
    values = policy.activations(Observations.at_start(fresh), found.layer).numpy()[:, found.cheese_channel]
    at_cheese = np.mean([values[(i, *cell_of(maze.cheese))] for i, maze in enumerate(fresh)])
    assert at_cheese == pytest.approx(found.at_cheese[found.cheese_channel], rel=0.1)
    assert at_cheese > values.mean() + 3 * values.std()


def test_the_shipped_networks_channels_see_the_cheese_on_mazes_that_were_not_used(real_checkpoint):
    policy = Policy(load_network(real_checkpoint), name="shipped")
    found = discover_roles(policy, mazes=48)
    assert len(found.cheese_channels) == 11
    fresh = Observations.at_start(stock_mazes().sample(CONFIRMATION, 16))
    without = Observations.one_each([maze.without_cheese() for maze in fresh.mazes])
    change = (policy.activations(fresh, found.layer) - policy.activations(without, found.layer)).numpy()
    there = np.array([change[(i, slice(None), *cell_of(maze.cheese))] for i, maze in enumerate(fresh.mazes)])
    assert there[:, found.cheese_channel].mean() > 5 * np.abs(change[:, found.cheese_channel]).mean()


def test_clearness_counts_and_not_the_size_of_the_difference():
    def write(maze, activation):
        at(maze, activation)[:] = 0.01 + 0.002 * noise(maze, 32)
        at(maze, activation)[4] = 50 + 100 * noise(maze, ())
        at(maze, activation)[17] = 0.1 + 0.001 * noise(maze, ())
        activation[21] = 3 + 0.1 * noise(maze, (16, 16))
        at(maze, activation)[21] += 4

    found = discover_roles(written(write), mazes=FEW)
    assert found.cheese_channels[:2] == (17, 21)
    assert 4 not in found.cheese_channels
    assert found.at_cheese[4] - found.elsewhere[4] > found.at_cheese[21] - found.elsewhere[21]


def test_scores_are_the_f_statistics_of_one_pair_per_maze():
    def write(maze, activation):
        activation[:] = noise(maze, activation.shape)
        at(maze, activation)[:] += np.linspace(0, 3, 32)

    policy = written(write)
    drawn = []

    def keep(maze):
        pair = original(maze)
        drawn.append(pair)
        return pair

    original = roles._cheese_and_other_square
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roles, "_cheese_and_other_square", keep)
        found = discover_roles(policy, mazes=FEW)
    values = policy.activations(Observations.at_start(stock_mazes().sample(DISCOVERY, FEW)), DEFAULT_LAYER).numpy()
    pair = np.array([[values[(i, slice(None), *cell_of(s))] for s in squares] for i, squares in enumerate(drawn)])
    means = pair.mean(axis=0, dtype=np.float64)
    between = FEW * ((means - means.mean(axis=0)) ** 2).sum(axis=0)
    within = ((pair - means) ** 2).sum(axis=(0, 1)) / (2 * FEW - 2)
    np.testing.assert_allclose(found.f_scores, between / within, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose((found.at_cheese, found.elsewhere), means, atol=2e-6)
    assert found.cheese_channel == np.argmax(between / within)


def test_elsewhere_is_a_free_square_without_the_cheese():
    sample = stock_mazes().sample(DISCOVERY, 200)
    for maze in sample:
        cheese, other = roles._cheese_and_other_square(maze)
        assert cheese == maze.cheese
        assert maze.free[other]
        assert other != cheese
    places = [m.free_squares.index(roles._cheese_and_other_square(m)[1]) / len(m.free_squares) for m in sample]
    assert np.histogram(places, 4, (0, 1))[0].min() > 25, "drawn from the whole maze"


def test_a_channel_that_tells_the_cheese_apart_without_any_noise_is_the_clearest():
    def write(maze, activation):
        at(maze, activation)[:] = 1 + 0.1 * noise(maze, 32)
        at(maze, activation)[8] = 1

    found = discover_roles(written(write), mazes=4)
    assert (found.at_cheese[8], found.elsewhere[8]) == (1, 0)
    assert found.cheese_channel == 8


@pytest.mark.parametrize(("scale", "layer", "count"), [(1, "embedder.block1.res1.resadd_out", 1), (1, DEFAULT_LAYER, 3),
    (2, DEFAULT_LAYER, 6), (3, DEFAULT_LAYER, 8), (4, DEFAULT_LAYER, 11)])  # fmt: skip
def test_as_large_a_share_of_the_channels_is_taken_as_in_the_published_network(scale, layer, count):
    def write(maze, activation):
        at(maze, activation)[:] = 1 + 0.1 * noise(maze, len(activation))

    found = discover_roles(written(write, scale), layer, mazes=8)
    assert len(set(found.cheese_channels)) == len(found.cheese_channels) == count
    assert found.layer == layer
    scores = np.array(found.f_scores)[list(found.cheese_channels)]
    assert list(scores) == sorted(found.f_scores, reverse=True)[:count]


def test_a_channel_must_be_positive_at_the_cheese_and_lower_elsewhere():
    def write(maze, activation):
        activation[3], activation[12], activation[25], activation[30] = -5, 2, 1, 1
        at(maze, activation)[[3, 12, 25]] = [-1, 1, 3]
        activation[[3, 12, 25, 30]] += 0.01 * noise(maze, (4, 16, 16))

    found = discover_roles(written(write), mazes=FEW)
    assert found.cheese_channels[0] == 25
    assert set(found.cheese_channels) <= {25, 30}, "fewer than wanted rather than a channel that does not track it"
    assert found.f_scores[3] > 1000
    assert found.f_scores[12] > 1000


def test_the_clamp_value_is_nine_times_the_mean_of_the_clearest_channel_at_the_cheese():
    def write(maze, activation):
        at(maze, activation)[:] = 2 + noise(maze, 32)
        at(maze, activation)[6] = 0.6 + 0.001 * noise(maze, ())

    found = discover_roles(written(write), mazes=FEW)
    assert found.cheese_channel == found.cheese_channels[0] == 6
    assert found.clamp_value == pytest.approx(5.4, abs=0.02)


@pytest.mark.parametrize("scale", [1e-4, 1e-9])
def test_means_of_however_small_activations_are_kept(scale):
    def write(maze, activation, scale=1.0):
        at(maze, activation)[:] = (2 + noise(maze, 32)) * scale

    ordinary = discover_roles(written(write), mazes=FEW)
    small = discover_roles(written(functools.partial(write, scale=scale)), mazes=FEW)
    assert small.cheese_channels == ordinary.cheese_channels
    np.testing.assert_allclose(np.array(small.at_cheese) / scale, ordinary.at_cheese, rtol=1e-3)
    assert small.clamp_value == pytest.approx(ordinary.clamp_value * scale, rel=1e-3)


@pytest.mark.parametrize(
    ("largest", "decimals"), [(0, 6), (1e5, 6), (0.6, 6), (1e-2, 6), (0.0099, 7), (2e-3, 7), (1e-9, 13)]
)
def test_means_have_six_decimals_unless_even_the_largest_is_small(largest, decimals):
    assert roles._decimals(largest) == decimals


@pytest.mark.parametrize("scale", [2.0**-110, 2.0**-80, 2.0**60, 2.0**120])
def test_roles_do_not_depend_on_the_scale_of_the_activations(scale):
    def write(maze, activation, scale=1.0):
        at(maze, activation)[:] = (2 + noise(maze, 32)) * scale
        activation[4] = 0

    ordinary = discover_roles(written(write), mazes=FEW)
    scaled = discover_roles(written(functools.partial(write, scale=scale)), mazes=FEW)
    assert (scaled.cheese_channels, scaled.f_scores) == (ordinary.cheese_channels, ordinary.f_scores)
    np.testing.assert_allclose(np.array(scaled.at_cheese) / scale, ordinary.at_cheese, rtol=1e-3)


def test_the_shipped_networks_roles_are_those_that_were_found_without_scaling(real_checkpoint, monkeypatch):
    policy = Policy(load_network(real_checkpoint), name="shipped")
    found = discover_roles(policy, mazes=48)
    monkeypatch.setattr(roles, "_f_scores", lambda at, off: stats.f_oneway(at, off, axis=0).statistic)
    monkeypatch.setattr(roles, "_means", lambda values: values.mean(axis=0))
    assert discover_roles(policy, mazes=48).sha256 == found.sha256


def test_ordinary_means_are_rounded_as_they_always_were():
    values = np.random.default_rng(0).normal(size=(FEW, 32)).astype(np.float32)
    found = roles._roles("a layer", [3], np.zeros(32), values, values[::-1] + 1)
    assert found.at_cheese == tuple(np.round(values.mean(axis=0), 6).astype(float).tolist())
    assert found.elsewhere == tuple(np.round((values[::-1] + 1).mean(axis=0), 6).astype(float).tolist())


def test_the_contrast_of_a_channel_is_how_much_higher_it_is_at_the_cheese():
    found = Roles("a layer", (2, 0, 1), (1.0, 2.0, 3.0), (0.5, -1.0, 0.6), (0.25, 0.5, 0.6), 4)
    assert (found.contrast(0), found.contrast(1)) == (0.25, -1.5)
    with pytest.raises(RoleError) as error:
        found.contrast(2)
    assert str(error.value) == (
        "roles: channel 2 of a layer is 0.6 at the cheese and elsewhere; wanted one that tells them apart"
    )


def test_roles_are_found_on_the_first_discovery_mazes_with_the_mouse_at_the_start():
    policy = written(lambda maze, activation: at(maze, activation).fill(1 + maze.seed % 7))
    found = discover_roles(policy, mazes=FEW)
    assert found.mazes == FEW
    assert policy.shown == [maze.with_mouse_at_start() for maze in stock_mazes().sample(DISCOVERY, FEW)]
    assert all(maze.seed in DISCOVERY and maze.seed not in CONFIRMATION for maze in policy.shown)


def test_disjoint_sets_of_discovery_mazes_may_be_asked_for():
    policy = written(lambda maze, activation: at(maze, activation).fill(1 + maze.seed % 7))
    found = discover_roles(policy, mazes=5, skipped=7)
    assert found.mazes == 5
    assert policy.shown == [maze.with_mouse_at_start() for maze in stock_mazes().sample(DISCOVERY, 12)[7:]]


def test_of_channels_that_are_given_only_the_values_are_found():
    def write(maze, activation):
        activation[:] = noise(maze, activation.shape)
        at(maze, activation)[:] += np.linspace(-3, 3, 32)

    free, given = (discover_roles(written(write), mazes=FEW, channels=channels) for channels in (None, [4, 31, 0]))
    assert given.cheese_channels == (4, 31, 0)
    assert given.at_cheese[0] < given.elsewhere[0], "a channel that would not be chosen"
    assert dataclasses.replace(given, cheese_channels=free.cheese_channels) == free


def test_of_channels_that_are_given_none_need_track_the_cheese():
    policy = written(lambda maze, activation: at(maze, activation).fill(-1))
    assert discover_roles(policy, mazes=4, channels=[3]).at_cheese[3] == -1


def test_a_channel_that_is_given_must_exist(small_policy):
    assert discover_roles(small_policy, mazes=2, channels=[31]).cheese_channels == (31,)
    with pytest.raises(RoleError) as error:
        discover_roles(small_policy, mazes=2, channels=[3, 32, 7])
    assert str(error.value) == f"roles: {DEFAULT_LAYER} of small has 32 channels, wanted channel 32"


def test_clamp_values_are_a_share_of_nine_times_each_channels_mean_at_the_cheese():
    found = Roles("a layer", (2, 0), (1.0, 2.0, 3.0), (0.5, -1.0, 0.6), (0.0, 0.0, 0.0), 4)
    assert found.clamp_values([2, 0, 1]) == pytest.approx((5.4, 4.5, -9.0))
    assert found.clamp_values([2], share=0.5) == pytest.approx((2.7,))
    assert found.clamp_values([found.cheese_channel]) == (found.clamp_value,)


def test_cheese_channels_have_ranks_from_zero_on():
    found = Roles("a layer", (2, 0, 1), (1.0, 2.0, 3.0), (0.5, 1.0, 0.6), (0.0, 0.0, 0.0), 4)
    assert [found.cheese_channel_of_rank(rank) for rank in range(3)] == [2, 0, 1]
    for rank in (3, -1):
        with pytest.raises(RoleError) as error:
            found.cheese_channel_of_rank(rank)
        assert str(error.value) == f"roles: no cheese channel of rank {rank}, there are 3 from 0 on"


def test_a_policy_without_a_channel_for_the_cheese_has_no_roles():
    policy = written(lambda maze, activation: at(maze, activation).fill(-1))
    with pytest.raises(RoleError) as error:
        discover_roles(policy, mazes=FEW)
    assert str(error.value) == (
        f"roles: no channel of {DEFAULT_LAYER} in written is positive at the cheese and lower elsewhere"
    )


def test_a_layer_without_height_and_width_has_no_roles(small_policy):
    with pytest.raises(RoleError) as error:
        discover_roles(small_policy, "embedder.fc_out", mazes=FEW)
    assert str(error.value) == "roles: embedder.fc_out has shape (256,), wanted channels with height and width"


def test_the_hash_of_roles_changes_with_anything_in_them():
    base = {"layer": "a", "cheese_channels": (1, 2), "f_scores": (1.0,), "at_cheese": (2.0,), "elsewhere": (3.0,)}
    other = {"layer": "b", "cheese_channels": (2, 1), "f_scores": (1.5,), "at_cheese": (2.5,), "elsewhere": (3.5,)}
    hashes = {Roles(**{**base, name: value}, mazes=4).sha256 for name, value in other.items()}
    hashes |= {Roles(**base, mazes=4).sha256, Roles(**base, mazes=5).sha256}
    assert len(hashes) == 7
    assert Roles(**base, mazes=4).sha256 in hashes


# -- kept once -------------------------------------------------------------------------------------------------------


@pytest.fixture
def discoveries(tmp_path, monkeypatch):
    """An empty cache, and the policies for which roles were discovered, on few mazes."""
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    made = []

    @functools.wraps(discover_roles)
    def few(policy, **options):
        made.append(policy)
        return discover_roles(policy, mazes=FEW, **options)

    monkeypatch.setattr(roles, "discover_roles", few)
    return made


@pytest.fixture
def kept(discoveries, tmp_path, small_policy):
    """The file in which the small policy's roles are kept, freshly written."""
    roles_of(small_policy)
    (path,) = (tmp_path / "cache").rglob("*.json")
    discoveries.clear()
    return path


def test_roles_are_discovered_once_and_then_read(discoveries, small_policy, make_network):
    first = roles_of(small_policy)
    again = [roles_of(small_policy), roles_of(Policy(make_network(), name="under another name"))]
    assert len(discoveries) == 1
    assert again == [first, first] == [discover_roles(small_policy, mazes=FEW)] * 2
    assert [type(channel) for channel in again[0].cheese_channels] == [int] * 3


def test_each_network_has_its_own_roles(discoveries, small_policy, make_network):
    other = Policy(make_network(seed=5), name=small_policy.name)
    assert roles_of(other) != roles_of(small_policy)
    assert [policy.sha256 for policy in discoveries] == [other.sha256, small_policy.sha256]


def test_a_policy_under_an_edit_has_the_roles_of_the_unedited_one(discoveries, small_policy):
    edited = small_policy.edited(zero_ablate(small_policy, range(32)))
    assert roles_of(edited) == discover_roles(small_policy, mazes=FEW)
    assert discoveries[0].edit is None


def test_a_policy_that_a_control_made_blind_has_the_roles_of_the_seeing_one(discoveries, small_policy):
    blind = small_policy.seeing(Maze.without_cheese)
    assert roles_of(blind) == discover_roles(small_policy, mazes=FEW)
    assert discover_roles(blind, mazes=FEW) != roles_of(blind), "what it sees would show"
    roles_of(small_policy.with_outcomes(Outcomes.OPPOSITE).with_edits_replaced(lambda edit: edit))
    assert len(discoveries) == 1


def test_roles_found_by_another_procedure_are_not_used(discoveries, kept, small_policy, monkeypatch):
    getsource = inspect.getsource
    monkeypatch.setattr(
        inspect, "getsource", lambda module: getsource(module).replace("_CLAMP_FACTOR = 9.0", "_CLAMP_FACTOR = 8.0")
    )
    roles_of(small_policy)
    assert len(discoveries) == 1
    assert kept.exists()


# -- the channels of the papers --------------------------------------------------------------------------------------


def wide_policy(name="written"):
    def write(maze, activation):
        at(maze, activation)[:] = np.linspace(1, 2, len(activation)) + 0.1 * noise(maze, len(activation))

    policy = written(write, scale=4)
    policy.role_set = "published"
    return policy


def test_the_published_channels_are_those_of_the_papers():
    assert PUBLISHED_CHANNELS == (55, 88, 77, 82, 89, 113, 8, 42, 7, 44, 99)
    assert PUBLISHED_EFFECTIVE == (55, 88, 77, 82, 89, 113, 8)


def test_a_policy_may_be_given_the_published_channels_with_values_of_its_own(discoveries):
    policy = wide_policy()
    found = roles_of(policy)
    assert found == discover_roles(policy, mazes=FEW, channels=PUBLISHED_CHANNELS)
    assert found.cheese_channels == PUBLISHED_CHANNELS
    assert found.clamp_value == 9 * found.at_cheese[55] != 0
    assert roles_of(policy.seeing(Maze.without_cheese)) == found
    assert len(discoveries) == 1


def test_published_and_discovered_roles_are_kept_apart(discoveries):
    policy = wide_policy()
    published = roles_of(policy)
    policy.role_set = "discovered"
    discovered = roles_of(policy)
    assert discovered == discover_roles(policy, mazes=FEW) != published
    policy.role_set = "published"
    assert roles_of(policy) == published
    assert len(discoveries) == 2


def test_a_narrow_policy_does_not_have_the_published_channels(discoveries, small_policy, tmp_path):
    small_policy.role_set = "published"
    with pytest.raises(RoleError) as error:
        roles_of(small_policy)
    assert str(error.value) == f"roles: {DEFAULT_LAYER} of small has 32 channels, wanted channel 113"
    assert not list(tmp_path.rglob("*.json"))


# -- damaged files, several processes --------------------------------------------------------------------------------


def change(**fields):
    return lambda content: json.dumps({**json.loads(content), **fields})


def with_channel(content):
    data = json.loads(content)
    data["found"]["cheese_channels"][0] = (data["found"]["cheese_channels"][0] + 1) % 32
    return json.dumps(data)


def without(name):
    return lambda content: json.dumps({key: value for key, value in json.loads(content).items() if key != name})


DAMAGES = {
    "empty": lambda content: "",
    "cut off": lambda content: content[: len(content) // 2],
    "another channel": with_channel,
    "another policy's": change(policy="0" * 64),
    "another hash": change(sha256="0" * 64),
    "no hash": without("sha256"),
    "no roles": without("found"),
    "unknown fields": change(found={"layer": "x"}),
    "a list": lambda content: "[]",
    "a list of roles": change(found=[]),
    "null for roles": change(found=None),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_of_and_made_anew(discoveries, kept, small_policy, damage):
    whole = kept.read_text()
    kept.write_text(damage(whole))
    assert kept.read_text() != whole
    with pytest.warns(DamagedCacheWarning) as told:
        found = roles_of(small_policy)
    assert len(told) == 1
    assert str(told[0].message).startswith(f"{kept} is damaged (")
    assert str(told[0].message).endswith("); finding the roles anew")
    assert told[0].filename == __file__, "it points to who asked"
    assert found == discover_roles(small_policy, mazes=FEW)
    assert len(discoveries) == 1
    assert json.loads(kept.read_text()) == json.loads(whole)
    assert roles_of(small_policy) == found
    assert len(discoveries) == 1, "the file is whole again"


def test_an_interrupted_discovery_leaves_nothing_behind_that_is_taken_for_roles(small_policy, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))

    def interrupted(policy, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(roles, "discover_roles", interrupted)
    with pytest.raises(KeyboardInterrupt):
        roles_of(small_policy)
    assert not list(tmp_path.rglob("*.json"))
    monkeypatch.setattr(roles, "discover_roles", functools.partial(discover_roles, mazes=FEW))
    assert roles_of(small_policy) == discover_roles(small_policy, mazes=FEW)


ONE_PROCESS = f"""
import sys, time
from pathlib import Path
from interp_claims.policies import ImpalaNetwork, Policy, roles

folder, name = Path(sys.argv[1]), sys.argv[2]
original = roles.discover_roles

def discover(policy, **options):
    with open(folder / "log", "a") as log:
        log.write(name + "\\n")
    time.sleep(0.5)
    return original(policy, mazes={FEW}, **options)

roles.discover_roles = discover
policy = Policy(ImpalaNetwork(1).initialise(0), name="small")
(folder / f"ready-{{name}}").touch()
while not (folder / "go").exists():
    time.sleep(0.005)
print(roles.roles_of(policy).sha256)
"""


def test_two_processes_at_once_discover_once(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    command = [sys.executable, "-c", ONE_PROCESS, str(tmp_path)]
    processes = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in "ab"]
    try:
        waited_until = time.monotonic() + 60
        while len(list(tmp_path.glob("ready-*"))) < 2 and time.monotonic() < waited_until:
            time.sleep(0.01)
        (tmp_path / "go").touch()
        answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    policy = Policy(ImpalaNetwork(1).initialise(0), name="small")
    assert answers == [discover_roles(policy, mazes=FEW).sha256] * 2
    assert (tmp_path / "log").read_text().count("\n") == 1
