"""A checkpoint that is replaced while claims run: one run never mixes the weights of two files."""

import json

import pytest
from plugin_projects import run

from interp_claims.policies import ImpalaNetwork, Manifest, Policy, ReplacedError, save_network
from interp_claims.policies.agreement import Agreement

CLAIMS = """
from interp_claims.policies import ImpalaNetwork, save_network

@declared(effect_at_least=0.2)
def test_first(policy, mazes):
    \"\"\"The first of the file.\"\"\"
    return noisy(policy, mazes, 0.5)

@declared(effect_at_least=0.2)
def test_replacing(policy, mazes):
    \"\"\"It replaces the file and kills its process.\"\"\"
    import os, signal
    save_network(ImpalaNetwork(1).initialise(8), "mine.safetensors")
    os.kill(os.getpid(), signal.SIGKILL)

@declared(effect_at_least=0.2, budget=64)
def test_last(policy, mazes):
    \"\"\"The last of the file.\"\"\"
    return noisy(policy, mazes, 0.5)
"""


def sha256_of_seed(seed):
    return Policy(ImpalaNetwork(1).initialise(seed), name="x").sha256


@pytest.fixture
def mine(project):
    """A project with a checkpoint of seed 7; the file, and a function that saves another seed there."""
    testdir = project(CLAIMS)

    def save(seed):
        save_network(ImpalaNetwork(1).initialise(seed), testdir.path / "mine.safetensors")

    save(7)
    return testdir, save


def rows(testdir):
    entries = json.loads((testdir.path / "results.json").read_text())["claims"]
    return {entry["claim"].split("::test_")[1]: entry for entry in entries}


def test_a_worker_refuses_weights_that_the_run_did_not_begin_with(mine):
    testdir, save = mine
    options = ["--policy", "mine.safetensors", "--claims-json", "results.json", "-p", "no:cacheprovider"]
    result = testdir.runpytest_inprocess("claims", "-n", "1", *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = rows(testdir)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "first": "supported",
        "replacing": "not evaluated",
        "last": "not evaluated",
    }
    assert {row["policy_sha256"] for row in found.values()} == {sha256_of_seed(7)}, "never those of the new file"
    assert found["last"]["reason"] == (
        f"mine.safetensors: was replaced during the run: its weights hash to {sha256_of_seed(8)}, those loaded first "
        f"to {sha256_of_seed(7)}; run the claims again, with --resume after putting the first file back"
    )
    result.stdout.fnmatch_lines(["*mine.safetensors: was replaced during the run: its weights hash to *"])

    save(7)
    assert run(testdir, "--resume", "-k", "first or last", *options[:-2]).ret == 0
    assert {row["policy_sha256"] for row in rows(testdir).values()} == {sha256_of_seed(7)}


def test_what_was_finished_with_other_weights_is_not_taken_over(mine):
    testdir, save = mine
    options = ["--policy", "mine.safetensors", "-k", "first", "--claims-json", "results.json"]
    assert run(testdir, *options).ret == 0
    save(9)
    assert run(testdir, "--resume", *options).ret == 0
    assert rows(testdir)["first"]["policy_sha256"] == sha256_of_seed(9)


def test_the_first_to_load_decides_and_the_same_weights_are_the_same_in_any_file(tmp_path):
    for name, seed in (("mine.safetensors", 7), ("copy.safetensors", 7), ("other.safetensors", 8)):
        save_network(ImpalaNetwork(1).initialise(seed), tmp_path / name)
    path = str(tmp_path / "mine.safetensors")
    first, second = Agreement(tmp_path), Agreement(tmp_path)
    first.note(path, "mine", sha256_of_seed(7))
    second.note(path, "mine", sha256_of_seed(7))
    assert first.of(path) == second.of(path) == ("mine", sha256_of_seed(7))
    assert first.of("other") is None
    (tmp_path / "copy.safetensors").replace(path)
    fixtures = tmp_path / "policies.toml"
    texts = "".join(f'{field} = "test"\n' for field in ("file", "file_sha256", "sha256", "origin", "licence", "card"))
    fixtures.write_text(f'default = "one"\n[policies.one]\n{texts}scale = 1\nseed = 0\nregion = 5\n')
    assert Manifest(fixtures, second).load(path).sha256 == sha256_of_seed(7)
    (tmp_path / "other.safetensors").replace(path)
    with pytest.raises(ReplacedError, match="was replaced during the run"):
        Manifest(fixtures, second).load(path)
    assert Manifest(fixtures).load(path).sha256 == sha256_of_seed(8), "a process alone agrees with itself"
