"""The manifest: what ships is what is listed, and names and files find the policies they mean."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from interp_claims.mazes import Observations
from interp_claims.policies import (
    ActivationCache,
    CheckpointError,
    ImpalaNetwork,
    Manifest,
    ManifestError,
    Policy,
    identity,
    load_network,
    read_metadata,
    related,
    save_network,
    untrained_like,
)

SHIPPED = Path(__file__).parents[2] / "fixtures" / "policies.toml"
FIELDS = ("file", "file_sha256", "sha256", "scale", "seed", "region", "origin", "licence", "card")


def entry_text(name, network, folder, **changes):
    """The lines for one network, which is saved beside the manifest."""
    path = folder / f"{name}.safetensors"
    save_network(network, path)
    entry = {
        "file": path.name,
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sha256": identity(network.state_dict()),
        "scale": network.scale,
        "seed": 0,
        "region": 5,
        "origin": "drawn",
        "licence": "MIT",
        "card": "none.md",
        **changes,
    }
    return "\n".join([f"[policies.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items()), ""])


@pytest.fixture
def write(tmp_path, make_network):
    """Writes a manifest of two small policies, ``one`` (the default) and ``two``; changes are to the entry of one."""

    def manifest(head='default = "one"\n', **changes):
        lines = [entry_text("two", make_network(2), tmp_path), entry_text("one", make_network(1), tmp_path, **changes)]
        path = tmp_path / "policies.toml"
        path.write_text(head + "\n".join(lines))
        return path

    return manifest


@pytest.fixture
def manifest(write):
    return Manifest(write())


# -- the shipped one -------------------------------------------------------------------------------------------------


def test_the_shipped_default_is_loaded_and_is_what_is_listed(few_mazes):
    manifest = Manifest(SHIPPED)
    policy = manifest.load(manifest.default)
    entry = manifest.entries[manifest.default]
    assert policy.name == entry.name == manifest.default
    assert policy.sha256 == entry.sha256 == identity(policy.forward.network.state_dict())
    assert policy.direction_probabilities(Observations.at_start(few_mazes)).max(axis=1).min() > 0.5, "it is trained"


def test_every_shipped_policy_is_listed_with_hash_licence_and_a_file_beside_the_manifest():
    for entry in Manifest(SHIPPED).entries.values():
        content = (SHIPPED.parent / entry.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.file_sha256
        assert all(getattr(entry, field) not in ("", None) for field in FIELDS)
        assert (SHIPPED.parent / entry.card).is_file()


def test_what_is_listed_about_a_shipped_network_is_what_its_file_says():
    told = 0
    for entry in Manifest(SHIPPED).entries.values():
        assert load_network(SHIPPED.parent / entry.file).scale == entry.scale
        told_by_file = read_metadata(SHIPPED.parent / entry.file).get("training", "")
        if told_by_file.startswith("{"):  # the first network says it in words
            recipe = json.loads(told_by_file)["recipe"]
            assert {name: recipe[name] for name in ("scale", "seed", "region")} == {
                "scale": entry.scale,
                "seed": entry.seed,
                "region": entry.region,
            }
            told += 1
    assert told


def test_seeds_of_one_set_differ_in_nothing_but_the_seed():
    sets = {}
    for entry in Manifest(SHIPPED).entries.values():
        if entry.seeds_of:
            sets.setdefault(entry.seeds_of, []).append(entry)
    for members in sets.values():
        recipes = []
        for entry in members:
            recipe = json.loads(read_metadata(SHIPPED.parent / entry.file)["training"])["recipe"]
            assert recipe.pop("seed") == entry.seed
            recipes.append(recipe)
        assert all(recipe == recipes[0] for recipe in recipes)
        assert len({entry.seed for entry in members}) == len(members)


# -- by name ---------------------------------------------------------------------------------------------------------


def test_a_name_gives_that_policy(manifest, make_network, few_mazes):
    shown = Observations.at_start(few_mazes)
    for name, seed in (("one", 1), ("two", 2)):
        policy = manifest.load(name)
        assert policy.name == name
        assert np.array_equal(policy.logits(shown), Policy(make_network(seed), name="x").logits(shown))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["one"]),
        (["two"], ["two"]),
        (["all"], ["two", "one"]),
        (["one", "all"], ["one", "two"]),
        (["all", "all"], ["two", "one"]),
        (["region5"], ["two", "one"]),
        (["one", "region5"], ["one", "two"]),
        (["two", "one", "two"], ["two", "one"]),
        (["some/file.pth", "untrained-scale1-seed0", "all"], ["some/file.pth", "untrained-scale1-seed0", "two", "one"]),
    ],
)
def test_names_are_written_out_each_once_in_the_order_asked_for(manifest, wanted, names):
    assert manifest.names(wanted) == names


def test_an_unknown_name_is_answered_with_the_names_there_are(manifest):
    with pytest.raises(ManifestError) as error:
        manifest.load("three")
    assert str(error.value) == (
        "policy 'three': neither a checkpoint file (.pth, .pt, .safetensors) nor one of one, two; 'all' means all of "
        "these, 'region5' those of one region, 'untrained-scale4-seed0' an untrained one"
    )


@pytest.mark.parametrize("name", ["untrained", "untrained-scale0-seed1", "untrained-scale1-seed", "ONE"])
def test_what_is_no_name_is_unknown(manifest, name):
    with pytest.raises(ManifestError, match=f"^policy '{name}': neither"):
        manifest.load(name)


def test_what_a_relative_is_can_be_told_without_loading_it(population, tmp_path, make_network):
    mine = population.load("mine")
    for name in ("region1", "wide0", "another"):
        assert population.identity_of(name, mine) == related(mine, name).sha256
    assert population.identity_of("untrained-scale1-seed3", mine) == "untrained-scale1-seed3"
    path = tmp_path / "own.safetensors"
    save_network(make_network(5), path)
    assert population.identity_of(str(path), mine) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_names_of_a_region_that_no_policy_has_are_unknown(manifest):
    manifest.check(["region5", "all", "one"])
    with pytest.raises(ManifestError, match=r"^policy 'region4': neither"):
        manifest.check(["region4"])


# -- relatives -------------------------------------------------------------------------------------------------------


@pytest.fixture
def population(tmp_path, make_network):
    """Region 1 in two widths, the wider in two seeds, one of which was trained in another way."""
    lines = [
        entry_text("other", make_network(1, 2), tmp_path, region=1),
        entry_text("wide1", make_network(2, 2), tmp_path, region=1, seed=1, seeds_of="wide"),
        entry_text("wide0", make_network(3, 2), tmp_path, region=1, seed=0, seeds_of="wide"),
        entry_text("narrow7", make_network(4), tmp_path, region=1, seed=7),
        entry_text("mine", make_network(5), tmp_path),
    ]
    path = tmp_path / "policies.toml"
    path.write_text('default = "mine"\n' + "\n".join(lines))
    return Manifest(path)


def test_a_relative_of_a_region_has_the_same_width_if_there_is_one(population):
    assert related(population.load("mine"), "region1").name == "narrow7"


def test_of_several_relatives_the_one_of_a_set_with_the_lowest_seed_is_taken(population):
    assert related(population.load("untrained-scale2-seed0"), "region1").name == "wide0"
    assert related(population.load("untrained-scale3-seed0"), "region1").name == "wide0"


def test_a_relative_is_found_by_name_and_kept(population):
    policy = population.load("mine")
    found = related(policy, "wide1")
    assert found.name == "wide1"
    assert related(policy.edited(lambda name, value: value), "wide1") is found, "edited policies share relatives"


def test_a_relative_runs_where_the_policy_runs(population):
    cache = ActivationCache()
    found = related(population.load("mine", "cpu", cache), "region1")
    assert found.forward.cache is cache


def test_a_relative_that_there_is_not_is_named(population, make_network):
    with pytest.raises(ManifestError, match=r"^policy 'region9': neither"):
        related(population.load("mine"), "region9")
    with pytest.raises(ManifestError, match="made without a manifest, so that 'region1' cannot be found for it"):
        related(Policy(make_network(0), name="x"), "region1")


# -- what is wrong with a manifest -----------------------------------------------------------------------------------


def test_a_file_other_than_the_listed_one_is_refused(write):
    manifest = Manifest(write(file_sha256="0" * 64))
    path = manifest.path.parent / "one.safetensors"
    with pytest.raises(ManifestError) as error:
        manifest.load("one")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(error.value) == f"{path}: sha-256 is {found}, listed is {'0' * 64}; restore the file"
    assert manifest.load("two").name == "two"


def test_weights_other_than_the_listed_ones_are_refused(write, make_network):
    manifest = Manifest(write(sha256="0" * 64))
    with pytest.raises(ManifestError) as error:
        manifest.load("one")
    found = identity(make_network(1).state_dict())
    assert str(error.value) == (
        f"{manifest.path.parent / 'one.safetensors'}: the weights hash to {found}, listed is {'0' * 64}"
    )


def test_other_weights_in_the_listed_file_are_refused(manifest, make_network):
    save_network(make_network(3), manifest.path.parent / "one.safetensors")
    with pytest.raises(ManifestError, match=r"sha-256 is \w+, listed is \w+; restore the file"):
        manifest.load("one")


def test_a_listed_file_that_is_missing_is_named(manifest):
    (manifest.path.parent / "one.safetensors").unlink()
    with pytest.raises(CheckpointError, match=re.escape(f"{manifest.path.parent / 'one.safetensors'}: found no such")):
        manifest.load("one")


BROKEN = {
    "no TOML": "default = one",
    "no default": "[policies]",
    "no policies": 'default = "one"',
    "an entry without its fields": 'default = "one"\n[policies.one]\nfile = "one.safetensors"',
    "an entry with a field too many": 'default = "one"\n[policies.one]\n'
    + "\n".join(f'{field} = ""' for field in (*FIELDS, "colour")),
    "an entry that is no table": 'default = "one"\n[policies]\none = 1',
    "policies that are no table": 'default = "one"\npolicies = 1',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_manifest_is_named(tmp_path, text):
    path = tmp_path / "policies.toml"
    path.write_text(text)
    with pytest.raises(ManifestError) as error:
        Manifest(path)
    assert str(error.value).startswith(f"{path}: no readable manifest of policies (")
    assert str(error.value).endswith("); restore it")


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(ManifestError, match=r"policies\.toml: no readable manifest of policies \(FileNotFoundError"):
        Manifest(tmp_path / "policies.toml")


def test_a_default_that_is_not_listed_is_refused(write):
    path = write('default = "three"\n')
    with pytest.raises(ManifestError) as error:
        Manifest(path)
    assert str(error.value) == f"{path}: the default policy 'three' is not among ['one', 'two']"


# -- untrained ones, and files ---------------------------------------------------------------------------------------


def test_an_untrained_policy_is_the_fresh_network_of_its_scale_and_seed(manifest):
    policy = manifest.load("untrained-scale1-seed3")
    assert (policy.name, policy.scale) == ("untrained-scale1-seed3", 1)
    assert policy.sha256 == identity(ImpalaNetwork(1).initialise(3).state_dict())
    assert manifest.load("untrained-scale1-seed4").sha256 != policy.sha256
    assert manifest.load("untrained-scale2-seed3").scale == 2


def test_an_untrained_policy_is_the_same_whatever_was_drawn_before(manifest):
    first = manifest.load("untrained-scale1-seed3").sha256
    torch.manual_seed(99)
    assert manifest.load("untrained-scale1-seed3").sha256 == first


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "pt"])
def test_a_checkpoint_is_loaded_by_its_path_and_called_by_its_file(manifest, make_network, tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    if suffix == "safetensors":
        save_network(make_network(7), path)
    else:
        torch.save({"model_state_dict": make_network(7).state_dict()}, path)
    policy = manifest.load(str(path))
    assert (policy.name, policy.sha256) == ("mine", identity(make_network(7).state_dict()))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_checkpoint_with_the_weights_of_a_listed_policy_takes_its_name(manifest, make_network, tmp_path, seed):
    path = tmp_path / "renamed.pth"
    torch.save(make_network(seed).state_dict(), path)
    assert manifest.load(str(path)).name == {1: "one", 2: "two"}[seed]


@pytest.fixture
def alike(tmp_path, make_network):
    """Two checkpoints of one name in two folders."""
    for seed, folder in ((7, "a"), (8, "b")):
        (tmp_path / folder).mkdir()
        save_network(make_network(seed), tmp_path / folder / "mine.safetensors")
    return [str(tmp_path / folder / "mine.safetensors") for folder in ("a", "b")]


def test_checkpoints_of_one_name_in_one_run_are_told_apart_by_their_weights(write, alike):
    manifest = Manifest(write(), together=["one", *alike])
    policies = [manifest.load(path) for path in alike]
    assert [policy.name for policy in policies] == [f"mine-{policy.sha256[:8]}" for policy in policies]
    assert len({policy.name for policy in policies}) == 2
    assert Manifest(manifest.path, together=alike[:1]).load(alike[0]).name == "mine"


def test_one_checkpoint_asked_for_in_two_ways_keeps_its_name(write, alike, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    manifest = Manifest(write(), together=[alike[0], "a/mine.safetensors"])
    assert [manifest.load(which).name for which in (alike[0], "a/mine.safetensors")] == ["mine", "mine"]


def test_a_checkpoint_that_is_called_like_an_untrained_policy_is_told_apart_from_it(write, make_network, tmp_path):
    path = tmp_path / "untrained-scale1-seed0.safetensors"
    save_network(make_network(7), path)
    manifest = Manifest(write(), together=["untrained-scale1-seed0", str(path)])
    assert manifest.load("untrained-scale1-seed0").name == "untrained-scale1-seed0"
    assert manifest.load(str(path)).name.startswith("untrained-scale1-seed0-")


def test_a_checkpoint_that_is_missing_or_of_no_known_kind_is_named(manifest, tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pth: found no such file"):
        manifest.load(str(tmp_path / "nothing.pth"))
    (tmp_path / "weights.npz").touch()
    with pytest.raises(CheckpointError, match=r"found a file ending in '\.npz'"):
        manifest.load(str(tmp_path / "weights.npz"))


@pytest.mark.parametrize("which", ["one", "untrained-scale1-seed0", "file"])
def test_policies_keep_their_activations_in_the_cache_they_are_given(manifest, which, few_mazes, tmp_path):
    cache = ActivationCache()
    policy = manifest.load(str(tmp_path / "two.safetensors") if which == "file" else which, cache=cache)
    assert policy.forward.cache is cache
    assert str(policy.forward.device) == "cpu"


# -- the untrained one that goes with a policy -----------------------------------------------------------------------


def test_the_untrained_relative_has_the_policys_width_and_cache_and_is_made_once(manifest):
    policy = manifest.load("one")
    relative = untrained_like(policy)
    assert relative.sha256 == manifest.load("untrained-scale1-seed0").sha256 != policy.sha256
    assert relative.name == "untrained-scale1-seed0"
    assert relative.forward.cache is policy.forward.cache
    assert untrained_like(policy) is relative
    assert untrained_like(policy.unedited) is relative
    assert untrained_like(policy, seed=1).sha256 == manifest.load("untrained-scale1-seed1").sha256


def test_wider_policies_have_wider_untrained_relatives(make_network):
    assert untrained_like(Policy(make_network(scale=2), name="wide")).scale == 2
