"""Predictions: registered, tested by a run, resolved and scored; and runs that decide nothing."""

import json
from pathlib import Path

import pytest
from plugin_projects import run

from interp_claims.cli import main
from interp_claims.prereg import Ledger

PREDICTION = """
from interp_claims.prereg import preregistered

@preregistered("P1", by="somebody", on="2026-01-31", {policy}, supported=.7, refuted=.2, undecided=.1, data_seen="none")
@declared(effect_at_least=0.2)
def test_it_will_be_large(policy, mazes):
    \"\"\"The effect will be large.\"\"\"
    return noisy(policy, mazes, {effect})
"""


def predicted(effect=0.5, policy='policy="one"'):
    return PREDICTION.format(effect=effect, policy=policy)


def command(*words):
    return main(list(words))


def test_a_prediction_that_is_not_registered_cannot_be_tested(project):
    result = run(project(predicted()))
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*prediction P1: is not registered; run interp-claims register claims/test_some_claims.py*"]
    )


def test_the_life_of_a_prediction(project, capsys):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    told = capsys.readouterr().out
    assert "P1: registered as line 1, seal " in told
    assert "power to support / refute with 1024 mazes at most" in told

    first = run(testdir, "--claims-json", "results.json")
    assert first.ret == 1, "the first decision is news"
    first.stdout.fnmatch_lines(["*SUPPORTED: NEWS, PUT IT ON THE LEDGER WITH INTERP-CLAIMS RESOLVE*"])
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert entry["prediction"] == "P1"
    assert all(1_300_000_000 <= seed < 2_100_000_000 for seed, _ in entry["against"]), "on mazes of its own"

    assert command("resolve", "results.json") == 0
    assert "P1: supported (line 2)" in capsys.readouterr().out
    again = run(testdir)
    assert again.ret == 0
    again.stdout.fnmatch_lines(["*SUPPORTED, AS ON THE LEDGER*"])

    assert command("score") == 0
    told = capsys.readouterr().out
    assert "0.140" in told, "the Brier score: .3^2 + .2^2 + .1^2"
    assert "retrospective" in told
    assert command("verify", "claims/test_some_claims.py") == 0
    assert "2 lines, none changed" in capsys.readouterr().out


def test_an_outcome_that_flips_fails(project):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    ledger = Ledger(testdir.path / "claims" / "ledger.jsonl")
    ledger.resolve("P1", {"policy": "one", "policy_sha256": ledger.policy_of("P1"), "verdict": "refuted"})
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*SUPPORTED, ON THE LEDGER WAS REFUTED*"])


def test_a_prediction_edited_after_registration_is_refused(project, capsys):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    project(predicted(effect=0.6))
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*prediction P1: was edited after it was registered as line 1 (source_code)*"])
    capsys.readouterr()
    assert command("verify", "claims/test_some_claims.py") == 1
    assert "P1: was edited after it was registered as line 1 (source_code)" in capsys.readouterr().err


def test_a_prediction_about_a_policy_that_does_not_exist_yet_awaits_it(project, capsys):
    testdir = project(predicted(policy='description="a network of region 7"'))
    assert command("register", "claims/test_some_claims.py") == 0
    result = run(testdir, "-rx")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*awaiting: a network of region 7*"])
    assert command("bind", "P1", "two") == 0
    result = run(testdir)
    assert result.ret == 1, "news, on the policy that it is about, which is not the default"
    result.stdout.fnmatch_lines(["*[[]two[]]*", "*SUPPORTED: NEWS*"])


def test_a_prediction_on_a_policy_that_it_is_not_about_decides_nothing(project, capsys):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    result = run(testdir, "--policy", "two", "--claims-json", "results.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*SUPPORTED, TRANSFERRED TO TWO*", "*1 transferred*"])
    capsys.readouterr()
    assert command("resolve", "results.json") == 0
    assert "P1: supported on two, which it is not about: transferred" in capsys.readouterr().out
    assert command("record", "results.json") == 0
    assert not list((testdir.path / "fixtures" / "verdicts").glob("two*")), "outcomes belong on the ledger"


def test_a_prediction_about_a_checkpoint_of_ones_own_awaits_its_file(project):
    testdir = project(predicted(policy='description="a network of region 7"'))
    assert command("register", "claims/test_some_claims.py") == 0
    Ledger(testdir.path / "claims" / "ledger.jsonl").bind("P1", "mine", "c" * 64)
    result = run(testdir, "-rx")
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"*is about a policy that does not ship, {'c' * 64}: give its checkpoint*"])


def test_results_of_an_earlier_form_do_not_resolve_a_later_one(project, capsys):
    testdir = project(predicted(effect=0.6))
    assert command("register", "claims/test_some_claims.py") == 0
    assert run(testdir, "--claims-json", "results.json").ret == 1
    project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    capsys.readouterr()
    assert command("resolve", "results.json") == 0
    assert "P1: not resolved: these results are of another form" in capsys.readouterr().out
    assert Ledger(testdir.path / "claims" / "ledger.jsonl").resolution("P1") is None


def test_a_prediction_is_not_decided_on_channels_of_ones_choice(project):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    result = run(testdir, "--roles", "3,4")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*prediction P1: is about the channels found for a policy; leave out --roles*"])


def test_a_prediction_that_its_budget_cannot_decide_is_not_registered(project, capsys):
    project(predicted().replace("effect_at_least=0.2", "effect_at_least=0.2, budget=3"))
    assert command("register", "claims/test_some_claims.py") == 2
    assert "P1: cannot be supported within 3 mazes whatever they say" in capsys.readouterr().err


def test_what_no_network_can_decide_is_on_the_ledger_with_the_reason(project, capsys):
    project(predicted())
    told = {"name": "A2", "by": "somebody", "on": "2023-03-11", "sentence": "It works.", "why": "needs more networks"}
    Path("claims/out.toml").write_text("\n".join(["[[prediction]]", *(f'{k} = "{v}"' for k, v in told.items())]))
    assert command("register", "claims/out.toml") == 0
    assert command("register", "claims/out.toml") == 0
    assert "A2: is on the ledger already, as line 1" in capsys.readouterr().out
    assert command("score") == 0
    assert "A2: out of reach: needs more networks" in capsys.readouterr().out


def test_exploratory_outcomes_are_not_resolved(project, capsys):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    assert run(testdir, "--max-mazes", "500", "--claims-json", "results.json").ret == 0
    capsys.readouterr()
    assert command("resolve", "results.json") == 0
    assert "not resolved (exploratory)" in capsys.readouterr().out


def test_a_ledger_that_was_tampered_with_stops_the_run(project):
    testdir = project(predicted())
    assert command("register", "claims/test_some_claims.py") == 0
    ledger = testdir.path / "claims" / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"supported":0.7', '"supported":0.9'))
    result = run(testdir)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*line 1: does not hash to what it says; the line was changed after it was appended*"])
