"""The policies of a run: several of them and their matrix, those that controls name, and what they compute in."""

import json
import shlex
from pathlib import Path

import pytest
from plugin_projects import claim_text, results, run

from interp_claims.policies import ImpalaNetwork, save_network
from interp_claims.report.results_json import read_results


def test_claims_run_on_every_policy_asked_for(project):
    testdir = project(claim_text(0.5))
    save_network(ImpalaNetwork(1).initialise(5), testdir.path / "mine.safetensors")
    options = ["--policy", "all", "--policy", "mine.safetensors", "--policy", "untrained-scale1-seed9"]
    run(testdir, "--claims-json", "results.json", *options)
    entries = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert [entry["policy"] for entry in entries] == ["mine", "one", "two", "untrained-scale1-seed9"]
    assert len({entry["policy_sha256"] for entry in entries}) == 4


def test_workers_and_one_process_agree_and_each_loads_a_network_once(project):
    text = (
        claim_text(0.5)
        + '''
@declared(effect_at_least={"direction": 0.02, "size": 0.3})
def test_what_the_network_says(policy, mazes):
    """What the network says about the start differs between mazes."""
    from interp_claims.mazes import Observations
    return policy.direction_probabilities(Observations.at_start(mazes))[:, 0] * (policy._edit_transform is None)
'''
    )
    testdir = project(text)
    project(claim_text(0.02), file="test_other_claims")
    with (testdir.path / "conftest.py").open("a") as file:
        file.write(
            """
import os, pytest
@pytest.fixture(scope="session", autouse=True)
def count_loads(load_policy):
    yield
    with open("loads.txt", "a") as log:
        print(os.environ.get("PYTEST_XDIST_WORKER", "main"), load_policy.loads, file=log)
"""
        )
    alone, shared = results(testdir, "--policy", "all"), results(testdir, "--policy", "all", workers=2)
    assert alone.keys() == shared.keys()
    for claim, entry in alone.items():
        assert (shared[claim]["verdict"], shared[claim]["mazes"]) == (entry["verdict"], entry["mazes"])
        assert shared[claim]["effect"] == pytest.approx(entry["effect"], abs=1e-6)
    loads = [line.split() for line in (testdir.path / "loads.txt").read_text().splitlines()]
    assert sorted(worker for worker, _ in loads) == ["gw0", "gw1", "main"]
    assert all(int(count) <= 2 for _, count in loads), "a network was loaded more than once in a process"


def test_a_bad_checkpoint_is_named_without_a_traceback(project):
    testdir = project(claim_text(0.5))
    (testdir.path / "bad.pth").write_bytes(b"not a checkpoint")
    result = run(testdir, "--policy", "bad.pth", "--policy", "one")
    result.stdout.fnmatch_lines(["bad.pth: found *; expected *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.fnmatch_lines(["*1 passed, 1 error*"])


def test_several_policies_are_shown_as_a_matrix_with_counts_over_seeds(project):
    text = (
        claim_text(0.5)
        + """
@declared(effect_at_least=0.2)
def test_one_is_large(policy, mazes):
    \"\"\"The effect is large for one.\"\"\"
    return noisy(policy, mazes, 0.5 if policy.name == "one" else 0.0)
"""
    )
    result = run(project(text), "--policy", "all", "--claims-json", "results.json")
    output = result.stdout.str()
    assert "claims x policies" in output
    assert "= claims =" not in output, "the long table is for one policy, or for -v"
    rows = [line.split() for line in output.split("claims x policies")[1].splitlines()]
    assert ["the", "effect", "is", "large", "supported", "supported", "supported", "2", "of", "2"] in rows
    assert ["one", "is", "large", "supported", "refuted", "supported", "1", "of", "2"] in rows
    matrix = json.loads(Path("results.json").read_text())["matrix"]
    assert matrix["policies"] == ["one", "two"]
    assert matrix["seeds"] == {"region5-scale1": ["one", "two"]}
    by_claim = {entry["claim"].split("::test_")[1]: entry for entry in matrix["claims"]}
    assert by_claim["one_is_large"]["verdicts"] == {"one": "supported", "two": "refuted"}
    assert by_claim["one_is_large"]["counts"] == {"region5-scale1": {"supported": 1, "refuted": 1}}


def test_the_matrix_keeps_the_order_in_which_policies_were_asked_for(project):
    run(project(claim_text(0.5)), "--policy", "two", "--policy", "region5", "--claims-json", "results.json")
    assert json.loads(Path("results.json").read_text())["matrix"]["policies"] == ["two", "one"]


@pytest.mark.parametrize("workers", [0, 2])
def test_checkpoints_of_one_name_have_columns_of_their_own(project, workers):
    testdir = project(claim_text(0.05))
    paths = []
    for seed, folder in ((5, "a"), (6, "b")):
        paths.append(f"{folder}/mine.safetensors")
        save_network(ImpalaNetwork(1).initialise(seed), testdir.mkdir(folder) / "mine.safetensors")
    options = [word for path in paths for word in ("--policy", path)]
    output = run(testdir, *options, "--claims-json", "results.json", workers=workers)
    found = read_results(testdir.path / "results.json")
    assert sorted(r.policy for r in found) == sorted(f"mine-{r.policy_sha256[:8]}" for r in found)
    assert sorted(r.loaded_as for r in found) == paths
    matrix = json.loads((testdir.path / "results.json").read_text())["matrix"]
    assert sorted(matrix["policies"]) == sorted(r.policy for r in found)
    shown = list(
        dict.fromkeys(line for line in output.outlines if line.startswith("  replay     "))
    )  # CI shows all twice
    assert len(shown) == 2
    for line in shown:
        replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(line)[2:])
        assert replayed.ret == 0, line
        replayed.stdout.fnmatch_lines(["*1 replayed*"])


def test_a_checkpoint_and_an_older_one_of_its_name_are_told_apart(project):
    testdir = project(claim_text(0.5))
    for seed, folder in ((5, "new"), (6, "old")):
        save_network(ImpalaNetwork(1).initialise(seed), testdir.mkdir(folder) / "mine.safetensors")
    options = ["--policy", "new/mine.safetensors", "--against", "old/mine.safetensors"]
    run(testdir, *options, "--claims-json", "results.json")
    [found] = read_results(testdir.path / "results.json")
    assert found.policy == f"mine-{found.policy_sha256[:8]}"
    assert found.comparison.against == f"mine-{found.comparison.against_sha256[:8]}" != found.policy


def test_with_v_the_long_table_comes_after_the_matrix(project):
    output = run(project(claim_text(0.5)), "--policy", "region5", "-v").stdout.str()
    assert output.index("claims x policies") < output.index("= claims =")


def test_one_policy_has_no_matrix(project):
    assert "claims x policies" not in run(project(claim_text(0.5))).stdout.str()


ON_ANOTHER = """
from interp_claims.controls import another_policy

@declared(effect_at_least=0.2, null_controls=(another_policy("%s"),))
def test_one_is_large(policy, mazes):
    \"\"\"The effect is large for one.\"\"\"
    return noisy(policy, mazes, 0.5 if policy.name == "one" else 0.0)
"""


def test_a_control_may_name_a_policy(project):
    entry = results(project(ON_ANOTHER % "two"))["claims/test_some_claims.py::test_one_is_large"]
    assert entry["verdict"] == "supported"
    (control,) = entry["controls"]
    assert (control["name"], control["verdict"], control["passed"]) == ("two", "refuted", True)


def test_a_claim_that_holds_on_the_policy_that_it_must_fail_on_is_vacuous(project):
    entry = results(project(ON_ANOTHER % "region5"))["claims/test_some_claims.py::test_one_is_large"]
    assert (entry["verdict"], entry["reason"]) == (
        "not evaluated",
        "vacuous: also supported for the null control region5",
    )


def test_a_control_that_names_no_policy_stops_the_run(project):
    result = run(project(ON_ANOTHER % "three"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*a control names a policy that there is not: policy 'three': neither a checkpoint*"])


@pytest.mark.parametrize(("options", "effect"), [((), 0.1), (("--precision", "bfloat16"), 0.6)])
def test_the_policy_and_its_relatives_compute_in_the_precision_asked_for(project, options, effect):
    text = claim_text(0.5).replace(
        "return",
        'lower = {p.forward.precision for p in (policy, untrained.apply(policy, mazes))} == {"bfloat16"}\n    return',
    )
    text = text.replace("0.5)", "0.6 if lower else 0.1)")
    (entry,) = results(project(text), *options).values()
    assert entry["effect"] == pytest.approx(effect, abs=0.05)
