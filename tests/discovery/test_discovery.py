"""Discovery by effect: which channels retarget, which layers matter, and whether the same channels are found again."""

import functools

import numpy as np
import pytest
import torch

from interp_claims.discovery import (
    LayerScores,
    channel_effects_of,
    channel_stability,
    channels_by_effect,
    effective_channels_of,
    layer_scores_of,
    overlap,
)
from interp_claims.discovery import channels as channel_module
from interp_claims.discovery import effects as effect_module
from interp_claims.discovery import layers as layer_module
from interp_claims.discovery import stability as stability_module
from interp_claims.discovery.channels import retargeting_gains
from interp_claims.discovery.effects import channel_effects
from interp_claims.discovery.layers import score_layers
from interp_claims.edits import cheese_vector, clamp, no_op, resample, subtract
from interp_claims.mazes import DISCOVERY, Maze, drawn_target, stock_mazes, with_decision_square
from interp_claims.measures import decision_observations, normalised_path_probability, p_cheese
from interp_claims.policies import (
    DEFAULT_LAYER,
    RESIDUAL_LAYERS,
    ImpalaNetwork,
    Policy,
    RoleError,
    discover_roles,
    roles,
    roles_of,
)
from interp_claims.policies.roles import PUBLISHED_EFFECTIVE, Roles

FEW = 6


@pytest.fixture(autouse=True)
def few_mazes_everywhere(tmp_path, monkeypatch):
    """Tiny numbers of mazes, and an empty cache."""
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(channel_module, "_MAZES", FEW)
    monkeypatch.setattr(effect_module, "_MAZES", FEW)
    monkeypatch.setattr(layer_module, "_MAZES", FEW)
    monkeypatch.setattr(layer_module, "_TRACKING_MAZES", FEW)
    monkeypatch.setattr(stability_module, "_MAZES", FEW)
    monkeypatch.setattr(roles, "discover_roles", functools.partial(discover_roles, mazes=12))


@pytest.fixture(scope="module")
def policy():
    network = ImpalaNetwork(1).initialise(0)
    with torch.no_grad():
        network.fc_policy.weight.normal_(0, 0.2, generator=torch.Generator().manual_seed(0))
    return Policy(network, name="small")


# -- channels that retarget ------------------------------------------------------------------------------------------


def test_gains_are_the_rise_of_the_path_probability_under_each_clamp(policy):
    found = roles_of(policy)
    mazes = stock_mazes().sample(DISCOVERY, FEW)
    targets = [drawn_target(maze) for maze in mazes]
    shown = [maze.without_cheese() for maze in mazes]
    before = normalised_path_probability(policy, shown, targets)
    wanted = []
    for channel in found.cheese_channels:
        edit = clamp(channel, targets, 9 * found.at_cheese[channel], found.layer)
        wanted.append(np.mean(normalised_path_probability(policy.edited(edit), shown, targets) - before))
    np.testing.assert_allclose(retargeting_gains(policy), wanted, atol=1e-7)
    assert np.ptp(wanted) > 1e-5, "the channels differ"


@pytest.mark.parametrize(
    ("gains", "best"),
    [
        ([0.1, 0.3, 0.2], (21, 30)),
        ([0.3, 0.1, -0.2], (20, 21)),
        ([0.1, 0.1, 0.1], (20, 21)),
        ([-0.3, -0.2, -0.1], (30, 21)),
    ],
)
def test_seven_elevenths_are_taken_the_best_first(policy, monkeypatch, gains, best):
    found = Roles(DEFAULT_LAYER, (20, 21, 30), (0.0,) * 32, (0.0,) * 32, (0.0,) * 32, 4)
    monkeypatch.setattr(channel_module, "roles_of", lambda policy: found)
    monkeypatch.setattr(channel_module, "retargeting_gains", lambda policy: np.array(gains))
    assert effective_channels_of(policy) == best


@pytest.mark.parametrize(("channels", "count"), [(1, 1), (2, 1), (3, 2), (11, 7)])
def test_how_many_are_taken_is_the_published_share_and_at_least_one(policy, monkeypatch, channels, count):
    found = Roles(DEFAULT_LAYER, tuple(range(channels)), (0.0,) * 32, (0.0,) * 32, (0.0,) * 32, 4)
    monkeypatch.setattr(channel_module, "roles_of", lambda policy: found)
    monkeypatch.setattr(channel_module, "retargeting_gains", lambda policy: np.arange(channels, 0, -1) / 10)
    assert effective_channels_of(policy) == tuple(range(count))


def test_effective_channels_are_found_once_by_the_policy_as_it_was_loaded(policy, monkeypatch):
    asked = []
    original = retargeting_gains
    monkeypatch.setattr(channel_module, "retargeting_gains", lambda policy: asked.append(policy) or original(policy))
    found = effective_channels_of(policy.seeing(Maze.without_cheese).edited(no_op(DEFAULT_LAYER)))
    assert effective_channels_of(policy) == found
    assert set(found) < set(roles_of(policy).cheese_channels)
    (one,) = asked
    assert (one.edit, one._seen) == (None, None)


def test_the_published_effective_channels_need_no_search(policy, monkeypatch, tmp_path):
    published = Policy(ImpalaNetwork(1).initialise(0), name="published")
    published.role_set = "published"
    assert effective_channels_of(published) == PUBLISHED_EFFECTIVE
    assert not list(tmp_path.rglob("*.json"))


# -- what P(cheese) depends on -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, "embedder.block3.res1.resadd_out"])
def test_every_channel_is_patched_with_what_it_is_without_the_cheese(policy, layer):
    mazes = with_decision_square().sample(DISCOVERY, FEW)
    cheeseless = decision_observations(mazes).with_mazes(lambda maze: maze.without_cheese())
    effects = channel_effects(policy, layer)
    assert effects.shape == (32,)
    for channel in (0, 7, 31):
        patched = policy.edited(resample(policy, channel, cheeseless, layer))
        wanted = np.mean(p_cheese(policy, mazes) - p_cheese(patched, mazes))
        assert effects[channel] == pytest.approx(wanted, abs=1e-9)
    assert np.ptp(effects) > 1e-5, "the channels differ"


def test_effects_are_found_once_by_the_policy_as_it_was_loaded(policy, monkeypatch):
    asked = []
    original = channel_effects
    monkeypatch.setattr(effect_module, "channel_effects", lambda policy: asked.append(policy) or original(policy))
    found = channel_effects_of(policy.seeing(Maze.without_cheese).edited(no_op(DEFAULT_LAYER)))
    assert channel_effects_of(policy) == found == tuple(np.round(original(policy), 6).tolist())
    (one,) = asked
    assert (one.edit, one._seen) == (None, None)


def test_channels_are_ranked_by_effect_and_sets_compared():
    assert channels_by_effect((0.1, -0.5, 0.3, 0.3, 0.0), 3) == (2, 3, 0)
    assert channels_by_effect((0.1, 0.2), 9) == (1, 0)
    assert overlap((1, 2, 3), (3, 2, 9)) == 0.5
    assert (overlap((1,), (2,)), overlap((1, 2), (2, 1))) == (0, 1)


# -- layers ----------------------------------------------------------------------------------------------------------


def test_layers_are_scored_by_the_fall_of_p_cheese_and_the_share_of_variance(policy):
    scores = score_layers(policy)
    assert scores.layers == RESIDUAL_LAYERS
    mazes = with_decision_square().sample(DISCOVERY, FEW)
    for layer in ("embedder.block1.maxpool_out", DEFAULT_LAYER, "embedder.fc_out"):
        i = scores.layers.index(layer)
        without = policy.edited(subtract(cheese_vector(policy, mazes, layer)))
        assert scores.causal[i] == pytest.approx(np.mean(p_cheese(policy, mazes) - p_cheese(without, mazes)), abs=1e-6)
    found = discover_roles(policy, DEFAULT_LAYER, FEW)
    f = found.f_scores[found.cheese_channel]
    eta_squared = f / (f + 2 * FEW - 2)
    assert scores.tracking[scores.layers.index(DEFAULT_LAYER)] == pytest.approx(eta_squared, abs=1e-6)
    assert scores.tracking[scores.layers.index("embedder.fc_out")] == 0, "no height and width"
    assert all(0 <= score <= 1 for score in scores.tracking)


def test_the_share_of_variance_is_that_between_cheese_and_elsewhere():
    """Two groups of n: eta squared = between / (between + within) = F / (F + 2n - 2), here counted directly."""
    policy = Policy(ImpalaNetwork(1).initialise(0), name="written")
    drawn = []

    def activations(observations, layer):
        answer = np.zeros((len(observations), *policy.shape(layer)), dtype=np.float32)
        for maze, activation in zip(observations.mazes, answer):
            cheese, other = roles._cheese_and_other_square(maze)
            rng = np.random.default_rng(maze.seed)
            values = rng.normal(1), rng.normal(0)
            for square, value in zip((cheese, other), values):
                activation[(3, *roles.cell_of(square, activation.shape[-1]))] = value
            drawn.append(values)
        return torch.from_numpy(answer)

    policy.activations = activations
    score = layer_module._tracking(policy, DEFAULT_LAYER)
    at, off = np.array(drawn).T
    total = ((np.concatenate([at, off]) - np.mean(drawn)) ** 2).sum()
    between = FEW * ((at.mean() - np.mean(drawn)) ** 2 + (off.mean() - np.mean(drawn)) ** 2)
    assert score == pytest.approx(between / total, abs=1e-4)


def test_a_layer_without_a_cheese_channel_tracks_nothing(policy, monkeypatch):
    def none(*arguments):
        raise RoleError("no channel")

    monkeypatch.setattr(layer_module, "discover_roles", none)
    assert set(score_layers(policy).tracking) == {0.0}


def test_layer_scores_are_found_once_by_the_policy_as_it_was_loaded(policy, monkeypatch):
    asked = []
    original = score_layers
    monkeypatch.setattr(layer_module, "score_layers", lambda policy: asked.append(policy) or original(policy))
    found = layer_scores_of(policy.seeing(Maze.without_cheese))
    assert layer_scores_of(policy) == found == original(policy)
    assert type(found.causal) is tuple
    (one,) = asked
    assert one._seen is None


def test_the_rank_is_the_number_of_layers_that_score_higher_plus_one():
    scores = LayerScores(("a", "b", "c", "d"), (0.1, 0.9, 0.4, 0.4), (-1.0, 2.0, 0.0, 3.0))
    assert [scores.rank(layer) for layer in "abcd"] == [4, 2, 3, 1]
    assert [scores.rank(layer, by="tracking") for layer in "abcd"] == [4, 1, 2, 2]
    assert LayerScores((DEFAULT_LAYER, "b"), (0.1, 0.2), (0.2, 0.1)).rank() == 1


@pytest.mark.parametrize(
    ("tracking", "causal", "found"),
    [
        ((0.1, 0.9, 0.5), (0.5, 0.6, 0.1), "b"),
        ((0.1, 0.5, 0.9), (0.9, 0.8, 0.1), "c"),
        ((0.9, 0.5, 0.1), (0.1, 0.5, 0.9), "c"),
        ((0.5, 0.9, 0.0), (0.9, 0.5, 0.7), "a"),
    ],
)
def test_the_layer_found_has_the_smallest_sum_of_ranks_and_of_several_is_the_last(tracking, causal, found):
    assert LayerScores(("a", "b", "c"), tracking, causal).discovered == found


# -- stability -------------------------------------------------------------------------------------------------------


def test_stability_is_the_mean_overlap_of_what_four_disjoint_samples_give(policy, monkeypatch):
    samples = {0: (1, 2, 3), 6: (3, 2, 1), 12: (1, 2, 4), 18: (7, 8, 9)}
    asked = []

    def found(policy, *, mazes, skipped):
        asked.append((mazes, skipped, policy._seen))
        return Roles(DEFAULT_LAYER, samples[skipped], (), (), (), mazes)

    monkeypatch.setattr(stability_module, "discover_roles", found)
    overlap = channel_stability(policy.seeing(Maze.without_cheese))
    assert overlap == pytest.approx((1 + 0.5 + 0.5 + 0 + 0 + 0) / 6)
    assert asked == [(FEW, skipped, None) for skipped in (0, 6, 12, 18)], "disjoint, and seen by the bare policy"


def test_the_stability_of_a_network_is_a_share(policy):
    assert 0 <= channel_stability(policy) <= 1
