"""The attestation: subject, verdicts and what counts as failed."""

import dataclasses
import hashlib
import json

import pytest

from interp_claims.cli import main
from interp_claims.policies import ImpalaNetwork, identity, save_network
from interp_claims.report.in_toto import AttestationError, statement_of
from interp_claims.report.results_json import write_results
from interp_claims.results import ClaimResult, Comparison

RESULT = ClaimResult(
    claim="c::test_a", number=1, kind="sampled", sentence="It is so.", source="a source", policy="mine",
    policy_sha256="1" * 64, verdict="supported",
)  # fmt: skip
LOST = Comparison("c::test_a", "old", "2" * 64, "regressed", -0.2, (-0.3, -0.1), 99, 0.05, "mechanism")
OPEN = dataclasses.replace(LOST, change="undecided", difference=-0.05, interval=(-0.1, 0.0), lost="")
KEPT = dataclasses.replace(LOST, change="non-inferior", difference=0.0, interval=(-0.04, 0.04), lost="")


@pytest.fixture
def attest(tmp_path):
    """Writes results and gives the statement about a checkpoint with these bytes."""
    (tmp_path / "mine.pth").write_bytes(b"weights")

    def made(*results):
        write_results(tmp_path / "results.json", results)
        return json.loads(statement_of(tmp_path / "mine.pth", "1" * 64, tmp_path / "results.json", results))

    return made


def test_the_subject_is_the_checkpoints_file(attest, tmp_path):
    statement = attest(RESULT)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [{"name": "mine.pth", "digest": {"sha256": digest}}]
    (configuration,) = statement["predicate"]["configuration"]
    written = hashlib.sha256((tmp_path / "results.json").read_bytes()).hexdigest()
    assert configuration == {"name": "results.json", "digest": {"sha256": written}}


@pytest.mark.parametrize(
    ("changes", "result", "where"),
    [
        ({}, "PASSED", "passedTests"),
        ({"verdict": "undecided"}, "WARNED", "warnedTests"),
        ({"verdict": "refuted"}, "FAILED", "failedTests"),
        ({"verdict": "not evaluated"}, "FAILED", "failedTests"),
        ({"comparison": LOST}, "FAILED", "failedTests"),
        ({"comparison": OPEN}, "WARNED", "warnedTests"),
        ({"comparison": OPEN, "verdict": "refuted"}, "FAILED", "failedTests"),
        ({"comparison": KEPT}, "PASSED", "passedTests"),
        ({"not_compared": "ComparisonError: c::test_a: states another mean"}, "FAILED", "failedTests"),
    ],
)
def test_each_verdict_has_its_list(attest, changes, result, where):
    predicate = attest(dataclasses.replace(RESULT, **changes))["predicate"]
    assert predicate["result"] == result
    lists = {name: predicate[name] for name in ("passedTests", "warnedTests", "failedTests")}
    assert lists == {**{name: [] for name in lists}, where: ["c::test_a"]}


def test_results_about_other_weights_say_nothing(attest):
    with pytest.raises(AttestationError, match="holds no result about the weights of"):
        attest(dataclasses.replace(RESULT, policy_sha256="3" * 64))


def test_exploratory_results_are_not_vouched_for(attest):
    explored = dataclasses.replace(RESULT, claim="c::test_b", exploratory=True)
    with pytest.raises(AttestationError, match=r"1 results are exploratory .*the first c::test_b; run the claims"):
        attest(RESULT, explored)
    others = dataclasses.replace(explored, policy_sha256="3" * 64)
    assert attest(RESULT, others)["predicate"]["result"] == "PASSED", "those about other weights are not vouched for"


def test_the_command_reads_the_weights_itself(tmp_path, capsys):
    network = ImpalaNetwork(1).initialise(0)
    save_network(network, tmp_path / "mine.safetensors")
    own = dataclasses.replace(RESULT, policy_sha256=identity(network.state_dict()))
    write_results(tmp_path / "results.json", [own])
    words = [
        "attest",
        str(tmp_path / "results.json"),
        str(tmp_path / "mine.safetensors"),
        "--out",
        str(tmp_path / "a.json"),
    ]
    assert main(words) == 0
    assert json.loads((tmp_path / "a.json").read_text())["predicate"]["result"] == "PASSED"
