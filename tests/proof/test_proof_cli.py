"""The commands: what they write, that they go on where they were stopped, and their exit status."""

import dataclasses
import json
import subprocess
import types
from pathlib import Path

import pytest

from interp_claims.proof import __main__ as command
from interp_claims.proof.counts import Counts
from interp_claims.proof.effects import ALPHAS, KINDS
from interp_claims.proof.intervals import Misses
from interp_claims.proof.planted_runs import Row
from interp_claims.proof.simulated import KINDS as SIMULATED
from interp_claims.proof.simulated import OFFSETS
from interp_claims.report.results_json import write_results
from interp_claims.results import ClaimResult

CASES = len(SIMULATED) * len(OFFSETS)


@pytest.fixture
def page(tmp_path):
    """A page with marks for every table."""
    path = tmp_path / "page.md"
    names = ("rates", "intervals", "effects", "mechanisms", "mutants")
    path.write_text("".join(f"<!-- {name}: begin -->\n<!-- {name}: end -->\n" for name in names))
    return path


@pytest.fixture
def shipped(monkeypatch):
    """A manifest with one policy, which is never measured."""
    policy = types.SimpleNamespace(name="one", sha256="0" * 64)
    manifest = types.SimpleNamespace(
        default="one", load=lambda name: policy, names=lambda wanted: wanted or ["one"], check=lambda wanted: None
    )
    monkeypatch.setattr(command, "_manifest", lambda: manifest)


def simulated(log, stop_after=None, supported_at_threshold=0):
    def simulate(kind, offset, *, runs):
        if stop_after is not None and len(log) == stop_after:
            raise KeyboardInterrupt
        log.append((kind, offset))
        return Counts(offset, runs, supported_at_threshold if offset == 0 else 0, 0)

    return simulate


def test_rates_are_written_as_a_table_and_kept(tmp_path, page, monkeypatch):
    log = []
    monkeypatch.setattr(command, "simulate", simulated(log))
    arguments = ["rates", "--runs", "100", "--json", str(tmp_path / "rates.json"), "--markdown", str(page)]
    assert command.main(arguments) == 0
    assert len(log) == CASES
    assert page.read_text().count("| 100 | 0 [0.000%, 5.160%] | ") == CASES
    assert command.main(arguments) == 0
    assert len(log) == CASES, "nothing is measured twice"


def test_after_an_interruption_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    arguments = ["rates", "--runs", "100", "--json", str(tmp_path / "rates.json")]
    first, second = [], []
    monkeypatch.setattr(command, "simulate", simulated(first, stop_after=4))
    assert command.main(arguments) == 130
    assert "interrupted; the same command goes on" in capsys.readouterr().err
    monkeypatch.setattr(command, "simulate", simulated(second))
    assert command.main(arguments) == 0
    assert len(first) == 4
    assert not set(first) & set(second)
    assert len(first + second) == CASES


def test_an_error_rate_above_what_was_promised_is_an_exit_status_of_1(monkeypatch):
    monkeypatch.setattr(command, "simulate", simulated([], supported_at_threshold=5))
    assert command.main(["rates", "--runs", "100"]) == 1


def test_intervals_are_measured_in_parts_that_add_up(tmp_path, page, monkeypatch):
    log = []

    def misses(kind, first, runs):
        log.append((kind, first, runs))
        return Misses(runs, 1, 0)

    monkeypatch.setattr(command.interval_module, "misses", misses)
    monkeypatch.setattr(command.interval_module, "AT_ONCE", 100)
    kinds = list(command.interval_module.kinds())
    arguments = ["intervals", "--runs", "250", "--json", str(tmp_path / "i.json"), "--markdown", str(page)]
    assert command.main(arguments) == 0
    assert log == [(kind, first, runs) for kind in kinds for first, runs in ((0, 100), (100, 100), (200, 50))]
    assert page.read_text().count("| 250 | 3 [") == len(kinds)
    assert command.main(arguments) == 0
    assert len(log) == 3 * len(kinds), "nothing is measured twice"


def test_a_file_about_something_else_is_not_gone_on_with(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "simulate", simulated([]))
    path = tmp_path / "rates.json"
    assert command.main(["rates", "--runs", "100", "--json", str(path)]) == 0
    assert command.main(["rates", "--runs", "200", "--json", str(path)]) == 2
    assert "choose another file" in capsys.readouterr().err
    path.write_text("{")
    assert command.main(["rates", "--runs", "100", "--json", str(path)]) == 2
    assert "not a file of this command" in capsys.readouterr().err


def test_a_page_without_marks_is_refused_before_anything_is_measured(tmp_path, monkeypatch, capsys):
    log = []
    monkeypatch.setattr(command, "simulate", simulated(log))
    assert command.main(["rates", "--markdown", str(tmp_path / "none.md")]) == 2
    assert "found no pair of marks" in capsys.readouterr().err
    assert not log


def test_more_runs_of_planted_effects_add_to_those_before(tmp_path, shipped, monkeypatch, page):
    log = []

    def run_planted(policy, run):
        log.append(run)
        verdict = {True: "supported", False: "refuted"}
        return {(a, k, o): "undecided" if o == 0 else verdict[o > 0] for a in ALPHAS for k in KINDS for o in OFFSETS}

    monkeypatch.setattr(command.effects, "run_planted", run_planted)
    arguments = ["effects", "--json", str(tmp_path / "effects.json"), "--markdown", str(page)]
    assert command.main([*arguments, "--runs", "3"]) == 0
    assert command.main([*arguments, "--runs", "5"]) == 0
    assert log == [0, 1, 2, 3, 4]
    text = page.read_text()
    assert "On `one`." in text
    assert text.count("| 5 | 5 [34.657%, 100.000%] | 0 ") == 2 * len(ALPHAS) * len(KINDS)


def test_mechanisms_are_run_for_every_policy_seed_kind_and_claim(tmp_path, shipped, monkeypatch, page):
    log = []

    def run_on_planted(policy, seed, kind, claim, folder):
        log.append((policy.name, seed, kind, claim))
        verdict = "supported" if kind == "causal" else "refuted"
        return Row(policy.name, seed, kind, 3, 1.5, f"claim {claim}", verdict, 0.1, (0.0, 0.2), 30, verdict)

    monkeypatch.setattr(command.planted_runs, "run_on_planted", run_on_planted)
    arguments = ["mechanisms", "--seeds", "2", "--json", str(tmp_path / "m.json"), "--markdown", str(page)]
    assert command.main(arguments) == 0
    assert log == [("one", seed, kind, claim) for seed in (0, 1) for kind in ("causal", "decoy", "null")
                   for claim in (0, 1)]  # fmt: skip
    assert "| claim 1 | decoy | 2 | 2 | 0 | 0 | 0 |" in page.read_text()
    assert command.main(arguments) == 0
    assert len(log) == 12


def result(name, verdict, mutant):
    return ClaimResult(f"claims/a.py::{name}", 1, "sampled", "So.", "", "one", "0", verdict, effect=0.5, mutant=mutant)


@pytest.fixture
def runs(monkeypatch, shipped, tmp_path):
    """Replaces the runs of pytest; what was asked for, and what each mutant makes of two claims, are settled here."""
    asked, verdicts = [], {"none": "supported", "negated": "refuted", "no-op": "refuted"}

    def run(words, check):
        asked.append(words)
        name = words[words.index("--mutant") + 1] if "--mutant" in words else "none"
        path = Path(words[words.index("--claims-json") + 1])
        if name in verdicts:
            write_results(path, [result("test_a", verdicts[name], name), result("test_b", verdicts[name], name)])
        return subprocess.CompletedProcess(words, 0 if name in verdicts else 5)

    monkeypatch.setattr(command.subprocess, "run", run)
    monkeypatch.setattr(command, "_SURVIVORS", tmp_path / "mutants.toml")
    (tmp_path / "mutants.toml").write_text("survivor = []\n")
    return types.SimpleNamespace(asked=asked, verdicts=verdicts, survivors=tmp_path / "mutants.toml")


def test_every_mutant_runs_on_what_is_supported_without_one(runs, tmp_path, page):
    arguments = ["mutants", "-k", "vector", "--json", str(tmp_path / "m.json"), "--markdown", str(page)]
    assert command.main(arguments) == 0
    assert "--mutant" not in runs.asked[0], "the claims with their controls"
    mutants = [words[words.index("--mutant") + 1] for words in runs.asked[1:]]
    assert mutants == ["no-op", "negated", "other-channels", "another-maze", "another-checkpoint", "overdone"]
    assert all(words[words.index("-k") + 1] == "vector" and "--resume" in words for words in runs.asked)
    assert ["--supported-in" in words for words in runs.asked] == [False, *[True] * 6]
    assert json.loads((tmp_path / "m.json").read_text())["counts"] == {"killed": 4}
    assert "4 mutants killed (100.0%), 0 survived" in page.read_text()
    assert not any("slow or not slow" in words for words in runs.asked)


def test_results_that_are_at_hand_are_not_measured_again(runs, tmp_path, capsys):
    rows = [result("test_a", "supported", ""), result("test_b", "not evaluated", "")]
    write_results(tmp_path / "r.json", [dataclasses.replace(row, loaded_as="one") for row in rows])
    chosen = ["mutants", "--results", str(tmp_path / "r.json"), "--json", str(tmp_path / "m.json")]
    assert command.main([*chosen, "--policy", "one"]) == 0
    assert ["--mutant" in words for words in runs.asked] == [True] * 6
    assert json.loads((tmp_path / "m.json").read_text())["counts"] == {"killed": 2}, "what says nothing is left out"
    assert command.main([*chosen, "--policy", "two"]) == 2
    assert "r.json: holds results of one, wanted two" in capsys.readouterr().err


def test_claims_that_are_refuted_without_a_mutant_are_no_trouble(runs, monkeypatch):
    run = command.subprocess.run

    def failing(words, check):
        done = run(words, check)
        return done if "--mutant" in words else subprocess.CompletedProcess(words, 1)

    monkeypatch.setattr(command.subprocess, "run", failing)
    assert command.main(["mutants"]) == 0


def test_slow_claims_are_among_them_when_asked_for(runs):
    assert command.main(["mutants", "--slow"]) == 0
    assert len(runs.asked) == 7
    assert all(words[words.index("-m", 3) + 1] == "slow or not slow" for words in runs.asked)


def test_of_the_whole_matrix_nine_tenths_must_be_killed(runs, capsys):
    runs.survivors.write_text('[[survivor]]\nclaim = "test_*"\nmutant = "negated"\nwhy = "It has no sign."\n')
    assert command.main(["mutants"]) == 0
    runs.verdicts["negated"] = "supported"
    assert command.main(["mutants"]) == 1, "half, though all survivors are explained"
    assert "2 mutants killed (50.0%), 2 survived (0 unexplained)" in capsys.readouterr().out
    assert command.main(["mutants", "-k", "vector"]) == 0, "a part says nothing about the share"


def test_a_survivor_fails_until_it_is_explained(runs, capsys):
    runs.verdicts["negated"] = "supported"
    assert command.main(["mutants", "--mutant", "negated"]) == 1
    assert "**not explained**" in capsys.readouterr().out
    runs.survivors.write_text('[[survivor]]\nclaim = "test_*"\nmutant = "negated"\nwhy = "It has no sign."\n')
    assert command.main(["mutants", "--mutant", "negated"]) == 0
    assert "It has no sign." in capsys.readouterr().out


def test_a_choice_of_no_claims_and_a_run_that_breaks_off_are_said(runs, monkeypatch, capsys):
    runs.verdicts.clear()
    assert command.main(["mutants", "-k", "nothing"]) == 2
    assert "'nothing': chooses no claim" in capsys.readouterr().err
    monkeypatch.setattr(command.subprocess, "run", lambda words, check: subprocess.CompletedProcess(words, 3))
    assert command.main(["mutants"]) == 2
    assert "ended with status 3" in capsys.readouterr().err


@pytest.mark.slow
def test_mutants_of_the_first_claim_are_killed_or_explained(monkeypatch, tmp_path):
    """What ``python -m interp_claims.proof mutants`` does with every claim, with one."""
    monkeypatch.chdir(Path(__file__).parents[2])
    path = tmp_path / "mutants.json"
    chosen = ["-k", "subtracting_the_cheese_vector_lowers and direction"]
    status = command.main(["mutants", "--policy", "region5-seed0-scale2", *chosen, "--json", str(path)])
    cells = json.loads(path.read_text())["cells"]
    assert status == 0, [cell for cell in cells if cell["state"] == "survived" and not cell["why"]]
    assert [cell["state"] for cell in cells[:4]] == ["killed"] * 4
    assert len(cells) == 5
