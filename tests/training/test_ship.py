"""Shipping a policy: file, card, entry and evaluation belong together, and nothing is shipped twice."""

import dataclasses
import json

import pytest
import torch

from interp_claims.measures.evaluation import Where
from interp_claims.policies import ImpalaNetwork, Manifest, save_network
from interp_claims.training import Recipe, evaluate, ship

RECIPE = Recipe(scale=1, region=4, seed=3, samples=640, precision="float32")


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    """A manifest with one policy, in a folder of its own; evaluations take one small maze."""
    monkeypatch.setattr(ship, "MAZES_PER_SIZE", 1)
    monkeypatch.setattr(
        evaluate, "cells_wanted", lambda region: [(Where.IN_DISTRIBUTION, 3), (Where.OFF_DISTRIBUTION, 5)]
    )
    folder = tmp_path / "fixtures"
    folder.mkdir()
    path = folder / "policies.toml"
    save_network(ImpalaNetwork(1).initialise(9), folder / "old.safetensors")
    path.write_text(
        '# kept\ndefault = "old"\n\n[policies.old]\nfile = "old.safetensors"\nfile_sha256 = ""\nsha256 = ""\n'
        'scale = 1\nseed = 9\nregion = 5\norigin = ""\nlicence = "MIT"\ncard = "old.md"\n'
    )
    return path


@pytest.fixture
def trained(tmp_path):
    """A checkpoint as training writes it."""
    path = tmp_path / "region4-seed3.safetensors"
    history = {"recipe": RECIPE.to_dict(), "seconds": 4000, "machine": "a machine", "torch": "2"}
    network = ImpalaNetwork(1).initialise(4)
    save_network(network, path, dtype=torch.float16, metadata={"training": json.dumps(history)})
    return path


def run(*arguments, manifest):
    return ship.main([*map(str, arguments), "--manifest", str(manifest)])


def test_a_shipped_policy_is_listed_stored_evaluated_and_described(manifest, trained):
    assert run(trained, "--seeds-of", "region 4, scale 1", manifest=manifest) == 0
    assert manifest.read_text().startswith("# kept\n")
    entry = Manifest(manifest).entries["region4-seed3"]
    assert (entry.scale, entry.seed, entry.region, entry.licence) == (1, 3, 4, "MIT")
    assert entry.seeds_of == "region 4, scale 1"
    policy = Manifest(manifest).load("region4-seed3")
    assert (manifest.parent / "region4-seed3.safetensors").read_bytes() == trained.read_bytes()
    card = (manifest.parent / "region4-seed3.md").read_text()
    for told in (policy.sha256, "top-right 4 x 4", "640, 4 a level", "67 minutes on a machine, torch 2", "MIT",
                 "`python -m interp_claims.training --region 4 --seed 3 --scale 1 --samples 640 --precision float32 "
                 "--out my.safetensors`"):  # fmt: skip
        assert told in card
    cells = json.loads((manifest.parent / "evaluation" / "region4-seed3.json").read_text())["cells"]
    assert [cell["size"] for cell in cells] == [3, 5]


def test_a_policy_is_not_shipped_twice(manifest, trained, tmp_path, capsys):
    assert run(trained, manifest=manifest) == 0
    before = manifest.read_text()
    assert run(trained, manifest=manifest) == 2
    assert "region4-seed3: is shipped already; rename the file" in capsys.readouterr().err
    again = tmp_path / "again.safetensors"
    again.write_bytes(trained.read_bytes())
    assert run(again, manifest=manifest) == 2
    assert "has the weights of region4-seed3, which is shipped already" in capsys.readouterr().err
    assert manifest.read_text() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my.v2", "policy name: got 'my.v2', wanted letters, digits, '_' and '-' alone; rename the file"),
        ("my net", "policy name: got 'my net', wanted letters"),
        ('a"]', "policy name: got "),
        ("é", "policy name: got 'é', wanted letters"),
        ("all", "policy name: got 'all', which means other policies; rename the file"),
        ("another", "policy name: got 'another', which means other policies"),
        ("region12", "policy name: got 'region12', which means other policies"),
        ("untrained-scale1-seed0", "policy name: got 'untrained-scale1-seed0', which means other policies"),
        ("untrained-mine", "policy name: got 'untrained-mine', which means other policies"),
    ],
)
def test_a_name_that_cannot_be_listed_is_refused_before_anything_is_written(
    manifest, trained, capsys, monkeypatch, name, message
):
    monkeypatch.setattr(ship, "evaluation_of", lambda *_: pytest.fail("evaluated"))
    before = sorted(manifest.parent.iterdir()), manifest.read_text()
    assert run(trained.rename(trained.with_name(f"{name}.safetensors")), manifest=manifest) == 2
    assert f"interp_claims.training.ship: {message}" in capsys.readouterr().err
    assert (sorted(manifest.parent.iterdir()), manifest.read_text()) == before


def test_the_card_tells_the_average_that_the_run_took(manifest, trained, monkeypatch):
    monkeypatch.setattr("interp_claims.training.recipe._FORGETTING", 4.0)
    assert run(trained, manifest=manifest) == 0
    assert RECIPE.steps == 20
    assert (
        "average of the weights (0.2 a step) over the last half" in (manifest.parent / "region4-seed3.md").read_text()
    )


def test_a_policy_that_began_with_a_shipped_ones_weights_says_so(manifest, trained, tmp_path, capsys):
    assert run(trained, manifest=manifest) == 0
    first = Manifest(manifest).entries["region4-seed3"].sha256
    longer = tmp_path / "longer.safetensors"
    recipe = dataclasses.replace(RECIPE, init=first, level_sizes="by-area")
    history = {"recipe": recipe.to_dict(), "seconds": 60, "machine": "a machine", "torch": "2"}
    metadata = {"training": json.dumps(history)}
    save_network(ImpalaNetwork(1).initialise(6), longer, dtype=torch.float16, metadata=metadata)
    assert run(longer, manifest=manifest) == 0
    assert "trained from region4-seed3 by this project" in Manifest(manifest).entries["longer"].origin
    card = (manifest.parent / "longer.md").read_text()
    for told in (f"| begun with | the weights of `region4-seed3` (`{first}`) |", "(size s in proportion to s squared)",
                 "--level-sizes by-area --init region4-seed3.safetensors --out my.safetensors`"):  # fmt: skip
        assert told in card


def test_a_policy_that_began_with_weights_nobody_has_is_not_shipped(manifest, trained, capsys, monkeypatch):
    monkeypatch.setattr(ship, "evaluation_of", lambda *_: pytest.fail("evaluated"))
    history = {
        "recipe": dataclasses.replace(RECIPE, init="ab" * 32).to_dict(),
        "seconds": 6,
        "machine": "",
        "torch": "",
    }
    metadata = {"training": json.dumps(history)}
    save_network(ImpalaNetwork(1).initialise(6), trained, dtype=torch.float16, metadata=metadata)
    before = manifest.read_text()
    assert run(trained, manifest=manifest) == 2
    assert "began with the weights of network abababababababab, which is not shipped" in capsys.readouterr().err
    assert manifest.read_text() == before


def test_what_training_did_not_write_is_not_shipped(manifest, tmp_path, capsys):
    path = tmp_path / "mine.safetensors"
    save_network(ImpalaNetwork(1).initialise(5), path)
    before = manifest.read_text()
    assert run(path, manifest=manifest) == 2
    assert "does not say how it was made" in capsys.readouterr().err
    assert manifest.read_text() == before
    assert not (manifest.parent / "mine.safetensors").exists()
