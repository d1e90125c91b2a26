"""Processes that die or are interrupted, and claims with a bug: what was finished stays, and the rest is told."""

import json
import signal
import subprocess
import sys

import pytest
from plugin_projects import COUNTED, claim_text, results, run, times_measured

from interp_claims.cli import main
from interp_claims.policies import ImpalaNetwork, save_network

STOPPED = """
import os, signal
from pathlib import Path

@declared(effect_at_least=0.2)
def test_stopped(policy, mazes):
    \"\"\"It stops what it runs in.\"\"\"
    if Path("stop").exists():
        {how}
    return noisy(policy, mazes, 0.5)
"""
#: Interrupts all that runs in its terminal, as Ctrl-C does, and takes a second to end.
CTRL_C = """
import os, signal, time

@declared(effect_at_least=0.2)
def test_stopped(policy, mazes):
    \"\"\"It is interrupted.\"\"\"
    try:
        os.killpg(0, signal.SIGINT)
        time.sleep(60)
    finally:
        time.sleep(1)
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"


@pytest.fixture(autouse=True)
def interruptible():
    """Processes that a shell starts in the background ignore SIGINT, and so would theirs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def rows(testdir):
    entries = json.loads((testdir.path / "results.json").read_text())["claims"]
    return {entry["claim"].split("::test_")[1]: entry for entry in entries}


def assert_goes_on(testdir, *, stopped="stop"):
    """With the fault gone, --resume measures what was not finished and nothing else."""
    before = times_measured(testdir)
    assert before, "the first claim was finished"
    (testdir.path / stopped).unlink()
    result = run(testdir, "--resume", "--claims-json", "results.json")
    assert result.ret == 0
    assert times_measured(testdir) == before
    assert {row["verdict"] for row in rows(testdir).values()} == {"supported"}


# -- the whole run ---------------------------------------------------------------------------------------------------


def test_a_run_that_was_killed_is_resumed_where_it_was(project):
    testdir = project(COUNTED + STOPPED.format(how=KILL))
    (testdir.path / "stop").touch()
    (testdir.path / "results.json").write_text("of an earlier run")
    killed = testdir.runpytest_subprocess("claims", "--claims-json", "results.json")
    assert killed.ret == -signal.SIGKILL
    assert (testdir.path / "results.json").read_text() == "of an earlier run"
    assert_goes_on(testdir)
    measured = times_measured(testdir)
    run(testdir)
    assert times_measured(testdir) > measured, "without --resume everything is measured"


def test_an_interrupted_run_writes_what_was_finished_and_is_resumed(project):
    testdir = project(COUNTED + STOPPED.format(how=INTERRUPT))
    (testdir.path / "stop").touch()
    options = ["--claims-json", "results.json", "-p", "no:cacheprovider"]
    interrupted = testdir.runpytest_inprocess("claims", *options, no_reraise_ctrlc=True)
    assert interrupted.ret == pytest.ExitCode.INTERRUPTED
    interrupted.stdout.fnmatch_lines(["SUPPORTED: It counts*", "*= claims =*", "*KeyboardInterrupt*"])
    assert {name: row["verdict"] for name, row in rows(testdir).items()} == {"counted": "supported"}
    assert_goes_on(testdir)


def test_ctrl_c_in_interp_claims_run_leaves_pytest_the_time_to_write(project):
    testdir = project(COUNTED + CTRL_C)
    command = [sys.executable, "-m", "interp_claims.cli", "run", "--claims-json", "results.json"]
    done = subprocess.run(
        command, cwd=testdir.path, start_new_session=True, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout + done.stderr
    assert {name: row["verdict"] for name, row in rows(testdir).items()} == {"counted": "supported"}


def test_an_interrupted_comparison_writes_its_summary(project):
    testdir = project(COUNTED + STOPPED.format(how=INTERRUPT))
    (testdir.path / "stop").touch()
    options = ["--policy", "two", "--against", "one", "--summary", "summary.md", "-p", "no:cacheprovider"]
    assert testdir.runpytest_inprocess("claims", *options, no_reraise_ctrlc=True).ret == 2
    assert "1 non-inferior" in (testdir.path / "summary.md").read_text()


# -- a worker --------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_loses_only_the_claim_it_was_killed_in(project):
    testdir = project(COUNTED + STOPPED.format(how=KILL))
    project(claim_text(0.4, name="later"), file="test_later_claims")
    (testdir.path / "stop").touch()
    result = testdir.runpytest_inprocess("claims", "-n", "1", "--claims-json", "results.json", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*NOT EVALUATED: It stops what it runs in.*", "*worker 'gw0' crashed while running*"])
    verdicts = {name: row["verdict"] for name, row in rows(testdir).items()}
    assert verdicts == {"counted": "supported", "stopped": "not evaluated", "later": "supported"}
    died = rows(testdir)["stopped"]
    assert died["reason"] == "the worker gw0 died while it ran"
    assert (died["number"], died["kind"], died["policy"]) == (1, "sampled", "one")
    assert died["policy_sha256"] == rows(testdir)["counted"]["policy_sha256"]
    assert_goes_on(testdir)


def test_an_interrupted_run_of_workers_writes_what_was_finished(project):
    asked = "import time; time.sleep(3); os.kill(os.getppid(), signal.SIGINT); time.sleep(60)"  # once the other is told
    testdir = project(COUNTED + STOPPED.format(how=asked))
    (testdir.path / "stop").touch()
    result = testdir.runpytest_subprocess("claims", "-n", "1", "--claims-json", "results.json", timeout=120)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert {name: row["verdict"] for name, row in rows(testdir).items()} == {"counted": "supported"}
    assert_goes_on(testdir)


# -- a claim's own error ---------------------------------------------------------------------------------------------

BUG = """
@declared(effect_at_least=0.2)
def test_buggy(policy, mazes):
    \"\"\"It has a bug.\"\"\"
    {bug}
"""


@pytest.mark.parametrize(
    ("bug", "reason"),
    [
        ("return [1, 2][len(mazes)]", "IndexError: list index out of range"),
        ("assert not mazes, 'asserted'", "AssertionError: asserted"),
        ("raise ValueError('first line\\nsecond line')", "ValueError: first line"),
        ("raise MemoryError", "MemoryError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("pytest.fail('it says so')", "it says so"),
    ],
)
def test_a_claim_with_a_bug_has_its_traceback_and_a_row(project, bug, reason):
    testdir = project(BUG.format(bug=bug) + claim_text(0.5))
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["NOT EVALUATED: It has a bug.", "*def test_buggy(policy, mazes):", "*1 failed, 1 passed*"]
    )
    found = rows(testdir)
    assert (found["buggy"]["verdict"], found["buggy"]["reason"]) == ("not evaluated", reason)
    assert (found["buggy"]["policy"], found["buggy"]["broken_off"]) == ("one", True)
    assert (found["the_effect_is_large"]["verdict"], found["the_effect_is_large"]["broken_off"]) == ("supported", False)


def test_a_claim_whose_policy_cannot_be_loaded_has_a_row(project):
    testdir = project(claim_text(0.5))
    (testdir.path / "bad.pth").write_bytes(b"not a checkpoint")
    found = results(testdir, "--policy", "bad.pth")["claims/test_some_claims.py::test_the_effect_is_large"]
    assert (found["verdict"], found["policy"], found["policy_sha256"]) == ("not evaluated", "bad", None)
    assert found["loaded_as"] == "bad.pth"
    assert found["reason"].startswith("bad.pth: found ")


def test_what_broke_off_is_never_on_record_and_fails_whatever_is(project, capsys):
    testdir = project(COUNTED + BUG.format(bug="return noisy(policy, mazes, 0.5)"))
    run(testdir, "--claims-json", "results.json")
    assert main(["record", "results.json"]) == 0
    project(COUNTED + BUG.format(bug="raise ValueError"))
    assert run(testdir, "--claims-json", "results.json").ret == pytest.ExitCode.TESTS_FAILED
    record = testdir.path / "fixtures" / "verdicts" / "one.json"
    before = record.read_text()
    capsys.readouterr()
    assert main(["record", "results.json"]) == 0
    told = capsys.readouterr().out
    assert "broke off      claims/test_some_claims.py::test_buggy on one, not recorded (ValueError)" in told
    assert record.read_text() == before
    data = json.loads(before)
    data["claims"]["claims/test_some_claims.py::test_buggy"].update(verdict="not evaluated", reason="ValueError")
    record.write_text(json.dumps(data))
    assert run(testdir).ret == pytest.ExitCode.TESTS_FAILED, "even with such a record"


def test_a_comparison_says_which_claims_broke_off(project):
    testdir = project(COUNTED + BUG.format(bug="raise ValueError('gone')"))
    assert run(testdir, "--policy", "two", "--against", "one", "--summary", "summary.md").ret == 1
    summary = (testdir.path / "summary.md").read_text()
    assert summary.startswith("## two against one: failed\n\n1 non-inferior;")
    assert summary.endswith("\nFailed without a comparison:\n\n- buggy: not evaluated (ValueError: gone)\n")


# -- what is taken over ----------------------------------------------------------------------------------------------


def test_what_was_finished_for_other_options_or_another_claim_is_not_taken_over(project):
    testdir = project(COUNTED)
    run(testdir)
    before = times_measured(testdir)
    run(testdir, "--resume", "--max-mazes", "64")
    run(testdir, "--resume", "--policy", "two")
    third = times_measured(testdir)
    assert third > before + 1
    project(COUNTED.replace("0.5", "0.6"))
    assert run(testdir, "--resume", "--claims-json", "results.json").ret == 0
    assert times_measured(testdir) > third


NAMING = """
from interp_claims.controls import another_policy

@declared(effect_at_least=0.2, null_controls=(another_policy("other.safetensors"),))
def test_counted(policy, mazes):
    \"\"\"It counts how often it is measured.\"\"\"
    with open("measured", "a") as file:
        file.write("x")
    return noisy(policy, mazes, 0.5 if policy.name == "one" else 0.0)
"""
READING = """
class Tables:
    def fingerprint(self):
        with open("tables") as file:
            return file.read()

@pytest.fixture
def behaviour():
    return Tables()
""" + COUNTED.replace("(policy, mazes)", "(policy, mazes, behaviour)", 1)


def test_another_network_under_a_name_that_a_control_has_is_measured(project):
    testdir = project(NAMING)
    save_network(ImpalaNetwork(1).initialise(5), testdir.path / "other.safetensors")
    assert_measured_anew_after(
        testdir, lambda: save_network(ImpalaNetwork(1).initialise(6), testdir.path / "other.safetensors")
    )


def test_another_record_of_behaviour_is_looked_up(project):
    testdir = project(READING)
    (testdir.path / "tables").write_text("some")
    assert_measured_anew_after(testdir, lambda: (testdir.path / "tables").write_text("more"))


HELPED = """
from my_helper import measure

@declared(effect_at_least=0.2)
def test_counted(policy, mazes):
    \"\"\"It counts how often it is measured.\"\"\"
    with open("measured", "a") as file:
        file.write("x")
    return [measure() if policy._edit_transform is None else 0.0 for _ in mazes]
"""


def test_a_module_beside_the_claims_that_says_otherwise_is_asked_anew(project):
    testdir = project(HELPED)
    helper = testdir.path / "claims" / "my_helper.py"
    helper.write_text("def measure():\n    return 1.0\n")
    assert run(testdir).ret == 0
    before = times_measured(testdir)
    assert run(testdir, "--resume").ret == 0
    assert times_measured(testdir) == before > 0
    helper.write_text("def measure():\n    return 0.0  # otherwise\n")
    run(testdir, "--resume", "--claims-json", "results.json")
    assert rows(testdir)["counted"]["verdict"] == "refuted"


def test_a_conftest_above_the_claims_that_says_otherwise_is_asked_anew(project):
    testdir = project(COUNTED)
    conftest = testdir.path / "conftest.py"
    assert_measured_anew_after(testdir, lambda: conftest.write_text(f"{conftest.read_text()}\nother = 1\n"))


def assert_measured_anew_after(testdir, change):
    """What is finished is taken over until something changes that it rests on."""
    assert run(testdir).ret == 0
    before = times_measured(testdir)
    assert run(testdir, "--resume").ret == 0
    assert times_measured(testdir) == before > 0
    change()
    assert run(testdir, "--resume").ret == 0
    assert times_measured(testdir) == 2 * before


def test_what_is_taken_over_is_about_the_checkpoint_as_it_is_called_now(project):
    testdir = project(COUNTED)
    save_network(ImpalaNetwork(1).initialise(5), testdir.path / "before.safetensors")
    run(testdir, "--policy", "before.safetensors")
    measured = times_measured(testdir)
    (testdir.path / "before.safetensors").rename(testdir.path / "after.safetensors")
    [entry] = results(testdir, "--resume", "--policy", "after.safetensors").values()
    assert (entry["policy"], entry["loaded_as"]) == ("after", "after.safetensors")
    assert times_measured(testdir) == measured


def test_what_broke_off_is_not_taken_over(project):
    testdir = project(BUG.format(bug="open('measured', 'a').write('x'); raise ValueError"))
    run(testdir)
    run(testdir, "--resume")
    assert times_measured(testdir) == 2
