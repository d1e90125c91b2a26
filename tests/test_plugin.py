"""The plugin as a user meets it: whole pytest runs over small claims with known effects."""

import json
import re
import shlex
from pathlib import Path

import pytest
from plugin_projects import CONFTEST, claim_text, results, run

from interp_claims.cli import main
from interp_claims.policies import ImpalaNetwork, save_network
from interp_claims.prereg import Ledger
from interp_claims.report.html.page import replay_command
from interp_claims.report.results_json import read_results


def test_a_supported_claim_passes_and_is_told_as_a_sentence(project):
    result = run(project(claim_text(0.5)))
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "SUPPORTED: The effect is large.",
            "*+0.5?? [[]*, *[]], * mazes (one), *s",
            "*= claims =*",
            "*supported*nothing: refuted*",
        ]
    )


def test_a_refuted_claim_fails_with_its_numbers_and_a_command_that_replays(project):
    testdir = project(claim_text(0.05))
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*verdict    refuted*",
            "*wanted     mean at least 0.2*",
            "*measured   +0.0?? [[]*[]], * mazes of at most 1024, error rate 0.001 a side*",
            "*mazes that speak most against it:*",
            "*seed 11000*: +0.0*",
            "*seed 11000*: +0.0*",
            "*seed 11000*: +0.0*",
            "*replay     pytest 'claims/test_some_claims.py::test_the_effect_is_large[[]one[]]' --replay 11000*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    seed = result.stdout.str().split("--replay ")[1].split()[0]
    replayed = testdir.runpytest_inprocess(
        "claims/test_some_claims.py::test_the_effect_is_large[one]", "-p", "no:cacheprovider", "--replay", seed
    )
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines([f"<Maze seed {seed}, *", "measured  *", "nothing  *", "*1 replayed*"])


def test_the_json_says_what_the_table_says(project):
    entry = results(project(claim_text(0.5)))["claims/test_some_claims.py::test_the_effect_is_large"]
    assert (entry["verdict"], entry["number"], entry["kind"], entry["policy"]) == ("supported", 1, "sampled", "one")
    assert entry["interval"][0] < entry["effect"] < entry["interval"][1]
    assert entry["threshold"] == 0.2
    assert 1 < entry["mazes"] < 1024
    assert [(c["name"], c["kind"], c["verdict"]) for c in entry["controls"]] == [("nothing", "null", "refuted")]
    assert len(entry["against"]) == 3


def test_thresholds_of_one_claim_are_items_of_their_own_on_shared_measurements(project):
    text = '''
calls = []
@declared(effect_at_least={"direction": 0.02, "size": 0.6})
def test_it_lowers(policy, mazes):
    """It lowers."""
    calls.append((policy._edit_transform, mazes[0].seed))
    assert len(calls) == len(set(calls)), "measured twice"
    return noisy(policy, mazes, 0.4)
'''
    entries = results(project(text))
    verdicts = {claim.partition("[")[2]: entry["verdict"] for claim, entry in entries.items()}
    assert verdicts == {"direction]": "supported", "size]": "refuted"}


def test_an_undecided_claim_is_a_category_of_its_own(project):
    testdir = project(claim_text(0.2))
    result = run(testdir)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["UNDECIDED: The effect is large.", "*1 undecided*"])
    failing = run(testdir, "--undecided=fail")
    assert failing.ret == 1
    failing.stdout.fnmatch_lines(["*1 failed*"])


def test_a_claim_that_its_null_control_supports_too_is_vacuous_and_fails(project):
    options = "effect_at_least=0.2, null_controls=(same,)"
    testdir = project(claim_text(0.5, options=options))
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT EVALUATED: *", "*vacuous: also supported for the null control same*"])


@pytest.mark.parametrize(
    ("control", "verdict", "reason"),
    [
        ("nothing", "supported", ""),
        ("half", "supported", ""),
        ("same", "not evaluated", "the effect does not exceed that of same by the threshold"),
    ],
)
def test_an_edit_must_exceed_its_contrast_controls(project, control, verdict, reason):
    options = f"effect_at_least=0.2, contrast_controls=({control},)"
    (entry,) = results(project(claim_text(0.6, options=options))).values()
    assert (entry["verdict"], entry["reason"]) == (verdict, reason)


def test_a_contrast_that_stays_open_leaves_the_claim_undecided(project):
    options = "effect_at_least=0.3, contrast_controls=(half,)"
    (entry,) = results(project(claim_text(0.6, options=options))).values()
    assert (entry["verdict"], entry["controls"][1]["verdict"]) == ("undecided", "undecided")


def test_a_recorded_refutation_passes_until_the_verdict_flips(project, capsys):
    testdir = project(claim_text(0.05))
    assert run(testdir, "--claims-json", "results.json").ret == 1
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 0
    recorded = run(testdir)
    assert recorded.ret == 0
    recorded.stdout.fnmatch_lines(["REFUTED, AS RECORDED: *", "*1 passed*"])
    flipped = run(project(claim_text(0.5)))
    assert flipped.ret == 1
    flipped.stdout.fnmatch_lines(["*supported, recorded was refuted*"])


@pytest.mark.parametrize("options", [("--max-mazes", "64"), ("--precision", "bfloat16"), ("--alpha", "0.01")])
def test_another_budget_precision_or_error_rate_is_exploratory_and_never_recorded(project, capsys, options):
    testdir = project(claim_text(0.5))
    entries = results(testdir, *options)
    assert all(entry["exploratory"] for entry in entries.values())
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 2
    assert "exploratory" in capsys.readouterr().err
    assert not (testdir.path / "fixtures" / "verdicts").exists()


def test_a_universal_claim_is_exploratory_in_another_precision_too(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 9))
def test_it_holds(policy, n):
    """Squares are not negative."""
    assert n * n >= 0
'''
    given = [(), ("--max-mazes", "64"), ("--precision", "bfloat16")]
    told = [entry["exploratory"] for options in given for entry in results(project(text), *options).values()]
    assert told == [False, False, True]


def test_a_larger_budget_continues_the_same_sequence(project):
    text = claim_text(0.21, options="effect_at_least=0.2, budget=64")
    small, large = (next(iter(results(project(text), *o).values())) for o in ((), ("--max-mazes", "4096")))
    assert small["verdict"] == "undecided"
    assert large["mazes"] > 64
    assert results(project(text), "--max-mazes", "64").popitem()[1]["effect"] == small["effect"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runxfail"], "--runxfail would report awaited predictions as failures"),
        (["--max-mazes", "0"], "--max-mazes: got 0, wanted at least 1"),
        (["--alpha", "1"], "--alpha: got 1.0, wanted a number between 0 and 1"),
        (["--policy", "three"], "--policy: policy 'three': neither a checkpoint file"),
        (["--claims-json", "pyproject.toml/results.json"], "--claims-json: cannot write a file"),
        (["--claims-json", "fixtures"], "--claims-json: cannot write a file fixtures; choose another path"),
        (["--device", "cuda:77"], "--device cuda:77: PyTorch sees "),
        (["--device", "gpu"], "--device: got 'gpu', wanted cpu, cuda or cuda:N"),
        (["--device", "mps"], "--device: got 'mps', wanted cpu, cuda or cuda:N"),
    ],
)
def test_wrong_usage_is_said_clearly(project, options, message):
    result = run(project(claim_text(0.5)), *options)
    assert result.ret != 0
    assert message in result.stdout.str() + result.stderr.str()


def test_workers_refuse_wrong_usage_too(project):
    result = run(project(claim_text(0.5)), "--runxfail", workers=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*--runxfail would report awaited predictions as failures*", "*1 failed*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_the_replay_command_names_the_policy_that_was_asked_for(project):
    testdir = project(claim_text(0.05))
    save_network(ImpalaNetwork(1).initialise(5), testdir.path / "my net.safetensors")
    output = run(testdir, "--policy", "my net.safetensors").stdout.str()
    command = next(line.partition("replay     ")[2] for line in output.splitlines() if "replay     " in line)
    words = shlex.split(command)
    assert words[0] == "pytest"
    replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *words[1:])
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(["*shown to my net", "*1 replayed*"])


def test_slow_claims_and_checkpoints_in_folders_are_replayed_by_the_commands_that_are_shown(project):
    testdir = project(claim_text(0.05).replace("@declared", "@pytest.mark.slow\n@declared"))
    testdir.makepyprojecttoml('[tool.pytest.ini_options]\naddopts = "-m \'not slow\'"\nmarkers = ["slow"]\n')
    save_network(ImpalaNetwork(1).initialise(5), testdir.mkdir("my nets") / "mine.safetensors")
    output = run(testdir, "--policy", "my nets/mine.safetensors", "-m", "slow", "--claims-json", "results.json")
    of_run = next(line.partition("replay     ")[2] for line in output.outlines if "replay     " in line)
    [result] = read_results(testdir.path / "results.json")
    assert (result.policy, result.loaded_as, result.slow) == ("mine", "my nets/mine.safetensors", True)
    for command in (of_run, replay_command(result, result.against[0][0])):
        replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(command)[1:])
        assert replayed.ret == 0, command
        replayed.stdout.fnmatch_lines(["*shown to mine", "*1 replayed*"])


def test_of_a_claim_with_parameters_the_one_that_failed_is_replayed_by_the_commands_that_are_shown(project):
    text = """
@pytest.mark.parametrize("place", ["a.b", "on the way"])
@declared(effect_at_least={"direction": 0.2, "size": 0.9})
def test_by_place(policy, mazes, place):
    'It depends on the place.'
    return noisy(policy, mazes, 0.5 if place == "a.b" else 0.05)
"""
    testdir = project(text)
    commands = []
    for options in ([], ["--resume"]):
        output = run(testdir, "--claims-json", "results.json", *options)
        shown = {line.partition("replay     ")[2] for line in output.outlines if "replay     " in line}
        found = read_results(testdir.path / "results.json")
        commands = {r.claim.partition("[")[2]: replay_command(r, r.against[0][0]) for r in found}
        assert shown == {command for claim, command in commands.items() if claim != "a.b-direction]"}
    replayed = testdir.runpytest_inprocess(
        "-p", "no:cacheprovider", *shlex.split(commands["on the way-direction]"])[1:]
    )
    replayed.stdout.fnmatch_lines(["*1 replayed*"])
    assert replayed.ret == 0


def test_claims_marked_for_reruns_are_refused(project):
    marked = claim_text(0.5).replace("@declared", "@pytest.mark.flaky\n@declared")
    testdir = project(marked)
    testdir.makepyprojecttoml("[tool.pytest.ini_options]\nmarkers = ['flaky']\n")
    result = run(testdir)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*claims are never rerun until they pass*"])


#: As pytest-rerunfailures adds them.
RERUNS = """
def pytest_addoption(parser):
    parser.addoption("--reruns", type=int)
    parser.addoption("--force-reruns", type=int)
    parser.addini("reruns", "how often")
"""


@pytest.mark.parametrize(
    ("setting", "options", "refused"),
    [
        ("", (), False),
        ("", ("--reruns", "0"), False),
        ("", ("--reruns", "2"), True),
        ("", ("--force-reruns", "2"), True),
        ("reruns = '2'", (), True),
        ("reruns = '0'", (), False),
        ("reruns = '2'", ("--reruns", "0"), False),
    ],
)
def test_reruns_are_refused_however_they_are_asked_for(project, setting, options, refused):
    testdir = project(claim_text(0.5))
    testdir.makeconftest(CONFTEST + RERUNS)
    testdir.makepyprojecttoml(f"[tool.pytest.ini_options]\n{setting}\n")
    result = run(testdir, *options)
    assert result.ret == (pytest.ExitCode.USAGE_ERROR if refused else 0)
    assert ("claims are never rerun until they pass" in result.stderr.str()) == refused


MARKS = [
    ("xfail", "claims are not marked xfail: whatever they came to would pass; put their verdicts*"),
    ("skip(reason='later')", "claims are not marked skip or skipif: what is skipped passes without a verdict; *"),
    ("skipif(False, reason='later')", "claims are not marked skip or skipif: *"),
]


@pytest.mark.parametrize(("mark", "message"), MARKS)
def test_claims_that_are_marked_to_fail_or_to_be_skipped_are_refused(project, mark, message):
    testdir = project(claim_text(0.05).replace("@declared", f"@pytest.mark.{mark}\n@declared"))
    result = run(testdir)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


@pytest.mark.parametrize(("mark", "message"), MARKS[:2])
def test_workers_refuse_such_marks_too(project, mark, message):
    result = run(project(claim_text(0.05).replace("@declared", f"@pytest.mark.{mark}\n@declared")), workers=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*{message}"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pytest.skip('no time')", "got pytest.skip (no time) from"),
        ("pytest.xfail('known')", "got pytest.xfail (known) from"),
        ("pytest.importorskip('no_such_module')", "got pytest.skip (could not import 'no_such_module'"),
    ],
)
def test_a_claims_function_that_skips_fails_and_has_a_row(project, line, said):
    testdir = project(claim_text(0.5).replace("    return noisy", f"    {line}\n    return noisy"))
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert (entry["verdict"], entry["broken_off"]) == ("not evaluated", True)
    assert entry["reason"].startswith(f"claims decide: {said}")
    assert run(testdir, "--replay", "1100000000").ret == pytest.ExitCode.TESTS_FAILED


def with_parameters(names, values):
    """Two claims whose parameters print alike."""
    text = claim_text(0.5).replace("(policy, mazes)", f"(policy, mazes, {names})")
    return f'@pytest.mark.parametrize("{names}", {values}){text}'


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("value", "[lambda: 1, lambda: 2]"),
        ("value", "[1, '1']"),
        ("first, second", "[('a', 'b-c'), ('a-b', 'c')]"),
    ],
)
def test_parameters_that_print_alike_are_refused(project, names, values):
    result = run(project(with_parameters(names, values)))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*::test_the_effect_is_large*: got parameters that print alike in claims/*"])
    assert "parametrise with strings, or with functions that have names" in result.stderr.str()


def test_workers_refuse_parameters_that_print_alike_too(project):
    result = run(project(with_parameters("value", "[1, '1']")), workers=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*got parameters that print alike in *", "*2 failed*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


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


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "returned nothing, wanted one number per maze; return it, do not assert it"),
        ("np.zeros(3)", r"shape (3,), wanted (32,)"),
        ("np.full(len(mazes), 2.0)", "wanted -1 to 1; correct the claim's bounds"),
        ("np.full(len(mazes), np.nan)", "NaN or infinite"),
    ],
)
def test_what_a_claim_must_not_return_is_an_error(project, returned, message):
    text = f'''
@declared(effect_at_least=0.2)
def test_wrong(policy, mazes):
    """Wrong."""
    return {returned}
'''
    result = run(project(text))
    assert result.ret == 1
    assert message in result.stdout.str()


def test_a_claim_that_cannot_be_measured_is_not_evaluated_and_says_why(project):
    text = (
        claim_text(0.5)
        + '''
@declared(effect_at_least=0.2)
def test_needs_a_role(policy, mazes):
    """A channel that nobody has."""
    from interp_claims.policies import RoleError
    raise RoleError("no channel is positive at the cheese")

@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_cannot_be_asked(policy, n):
    """Holds, but its control cannot be asked."""
    from interp_claims.edits import EditError
    if policy._edit_transform:
        raise EditError("does not fit")
'''
    )
    testdir = project(text)
    result = run(testdir)
    result.stdout.fnmatch_lines(["*not evaluated (RoleError: no channel is positive at the cheese)*"])
    result.stdout.fnmatch_lines(["*2 failed, 1 passed*"])
    entries = {name.split("::")[1]: entry for name, entry in results(testdir).items()}
    assert entries["test_needs_a_role"]["verdict"] == entries["test_cannot_be_asked"]["verdict"] == "not evaluated"
    assert entries["test_the_effect_is_large"]["verdict"] == "supported"


def test_a_bad_checkpoint_is_named_without_a_traceback(project):
    testdir = project(claim_text(0.5))
    (testdir.path / "bad.pth").write_bytes(b"not a checkpoint")
    result = run(testdir, "--policy", "bad.pth", "--policy", "one")
    result.stdout.fnmatch_lines(["bad.pth: found *; expected *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.fnmatch_lines(["*1 passed, 1 error*"])


def test_universal_claims_hold_or_show_their_smallest_counterexample(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 10_000))
def test_it_holds(n):
    """Squares are not negative."""
    assert n * n >= 0

@universal_claim(number=3, source=INVARIANTS, n=st.integers(0, 10_000))
def test_it_does_not(policy, n):
    """Numbers are small."""
    assert n < 77
'''
    testdir = project(text)
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["SUPPORTED: Squares are not negative.", "REFUTED: Numbers are small.", "*assert 77 < 77*"]
    )
    entries = results(testdir)
    assert entries["claims/test_some_claims.py::test_it_holds"]["policy"] is None
    assert "77" in entries["claims/test_some_claims.py::test_it_does_not"]["counterexample"]


def test_a_universal_claim_without_the_counterexample_it_must_have_is_vacuous(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_empty(policy, n):
    """Says nothing about the policy."""

@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_full(policy, n):
    """Says something about the policy."""
    assert policy._edit_transform is None
'''
    verdicts = {name.split("::")[1]: entry["verdict"] for name, entry in results(project(text)).items()}
    assert verdicts == {"test_empty": "not evaluated", "test_full": "supported"}


def test_approximate_claims_look_once_at_a_fixed_number_of_mazes(project):
    text = '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0.0,
    null_controls=(nothing,),
)
def test_larger_mazes_have_more_squares(policy, mazes):
    """Larger mazes have more free squares."""
    squares = [len(maze.free_squares) * (-1 if policy._edit_transform else 1) for maze in mazes]
    return np.column_stack([[maze.size for maze in mazes], squares])
'''
    (entry,) = results(project(text)).values()
    assert (entry["verdict"], entry["kind"], entry["mazes"]) == ("supported", "approximate", 96)
    assert "approximate" in entry["statement"]


def test_an_approximate_claim_is_replayed_row_by_row(project):
    text = '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0.25,
    null_controls=(nothing,),
)
def test_rows(policy, mazes):
    """Larger mazes have more free squares."""
    return np.column_stack([[maze.size for maze in mazes], [-3 if policy._edit_transform else 7 for maze in mazes]])
'''
    replayed = run(project(text), "--replay", "1100000021")
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(
        [
            "*, shown to one",
            "measured * +*.000000, +7.000000",
            "nothing * +*.000000, -3.000000",
            "wanted over mazes        at least 0.25 (approximate)",
        ]
    )


def test_a_null_control_with_an_undefined_statistic_is_undecided_and_says_why(project):
    text = '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0,
    null_controls=(nothing, half),
)
def test_rows(policy, mazes):
    """Larger mazes have more free squares."""
    sign = {None: 1, "nothing": 0, "half": -1}[policy._edit_transform]
    return np.column_stack([[maze.size for maze in mazes], [sign * len(maze.free_squares) for maze in mazes]])
'''
    (entry,) = results(project(text)).values()
    why = "statistic: got estimate nan and standard error nan, wanted finite and > 0"
    assert (entry["verdict"], entry["reason"]) == ("supported", f"control undecided: nothing ({why})")
    assert [(c["name"], c["verdict"], c["passed"], c["reason"]) for c in entry["controls"]] == [
        ("nothing", "undecided", False, why),
        ("half", "refuted", True, ""),
    ]


def test_ordinary_tests_beside_claims_still_run(project):
    result = run(project(claim_text(0.5) + "\ndef test_plain(policy):\n    assert policy.name == 'one'\n"))
    result.stdout.fnmatch_lines(["*2 passed*"])


def test_quiet_runs_print_no_sentences(project):
    result = run(project(claim_text(0.5)), "-q")
    assert "The effect is large" not in result.stdout.str()
    assert result.ret == 0


def test_parametrised_claims_are_claims_of_their_own(project):
    text = """
@pytest.mark.parametrize("layer", ["early", "late"])
@declared(effect_at_least={"direction": 0.02, "size": 0.3})
def test_sweep(policy, mazes, layer):
    'It works at a layer.'
    return noisy(policy, mazes, {"early": 0.6, "late": -0.6}[layer])
"""
    entries = {name.split("::")[1]: entry["verdict"] for name, entry in results(project(text)).items()}
    assert entries == {
        "test_sweep[early-direction]": "supported",
        "test_sweep[early-size]": "supported",
        "test_sweep[late-direction]": "refuted",
        "test_sweep[late-size]": "refuted",
    }


def test_a_record_holds_only_for_the_statement_it_was_made_for(project, capsys):
    testdir = project(claim_text(0.5))
    run(testdir, "--claims-json", "results.json")
    assert main(["record", str(testdir.path / "results.json"), "--verdicts", "fixtures/verdicts"]) == 0
    changed = run(project(claim_text(0.5, options="effect_at_least=0.1")))
    assert changed.ret == 1
    changed.stdout.fnmatch_lines(["*supported, recorded was supported for another statement, 'mean at least 0.2'*"])


def test_a_damaged_record_stops_the_run_before_anything_is_measured(project):
    testdir = project(claim_text(0.5))
    (testdir.mkdir("fixtures/verdicts") / "one.json").write_text("<<<<<<< HEAD")
    result = run(testdir)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*one.json: no readable record*"])


def test_a_run_without_claims_keeps_the_results_of_an_earlier_one(project):
    testdir = project(claim_text(0.5))
    before = results(testdir)
    assert results(testdir, "-k", "nosuch") == before


def test_only_a_failed_assertion_is_a_counterexample(project):
    text = """
@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_typo(policy, n):
    'Has a typo.'
    assert undefined_name
"""
    testdir = project(text)
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*NameError*"])
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert entry["verdict"] == "not evaluated"


# -- several policies ------------------------------------------------------------------------------------------------


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


# -- counterexamples -------------------------------------------------------------------------------------------------

FAILS_IN_LARGE = """
@declared(effect_at_least=0.6)
def test_small_is_easy(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    return np.array([float(maze.size < 9) * SHARES[policy._edit_transform] for maze in mazes])

def mostly(policy, mazes, effect):
    return np.array([effect * SHARES[policy._edit_transform] * (maze.size > 3) for maze in mazes])
"""


def test_the_smallest_counterexample_is_shown_kept_and_replayed(project):
    testdir = project(FAILS_IN_LARGE + claim_text(0.9).replace("noisy", "mostly"))
    result = run(testdir, "--counterexamples", "found mazes")
    output = result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "REFUTED: The effect is large.",
            "smallest counterexample: <Maze drawn, size 9, *",
            "M*",
            "    pytest 'claims/test_some_claims.py::test_small_is_easy[[]one[]]' --replay 'found mazes/*.json'",
        ]
    )
    assert output.count("counterexample:") == 1, "none is searched for a supported claim"
    (path,) = (testdir.path / "found mazes").iterdir()
    assert json.loads(path.read_text())["claim"] == "claims/test_some_claims.py::test_small_is_easy"
    command = next(line for line in output.splitlines() if line.startswith("    pytest ") and ".json" in line)
    replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(command)[1:])
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(
        [
            "<Maze drawn, size 9, *, shown to one",
            "measured  *+0.000000",
            "nothing  *+0.000000",
            "*1 replayed*",
        ]
    )


def test_without_the_option_nothing_is_searched(project):
    testdir = project(FAILS_IN_LARGE)
    assert "counterexample" not in run(testdir).stdout.str()
    assert sorted(path.name for path in testdir.path.iterdir() if path.suffix == ".json") == []


def test_where_there_is_no_counterexample_the_reason_is_said(project):
    text = """
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 9))
def test_all(policy, n):
    'Holds never.'
    assert n < 0

@declared(effect_at_least=0.2)
def test_by_seed(policy, mazes):
    'Fails in mazes of the confirmation block alone.'
    return np.array([0.1 if maze.seed is not None else 0.3 for maze in mazes])
"""
    output = run(project(text), "--counterexamples", "found").stdout.str()
    assert "no counterexample: claims/test_some_claims.py::test_all: is not measured maze by maze" in output
    assert "no counterexample: every maze tried agrees with the statement" in output
    assert not Path("found").exists()


def test_whatever_a_search_or_a_report_meets_the_verdict_is_told(project, monkeypatch):
    def broken(run):
        raise ZeroDivisionError("of the search")

    testdir = project(claim_text(0.05))
    result = run(testdir, "--counterexamples", "found")
    result.stdout.fnmatch_lines(["no counterexample: *(TypeError: *), which has no seed; *", "*verdict    refuted*"])
    monkeypatch.setattr("interp_claims.plugin.smallest_counterexample", broken)
    result = run(testdir, "--counterexamples", "found")
    result.stdout.fnmatch_lines(["no counterexample: ZeroDivisionError: of the search", "*verdict    refuted*"])
    text = """
from interp_claims.mazes import only

def never(maze):
    return False

@declared(effect_at_least=0.2, mazes=only(never))
def test_nowhere(policy, mazes):
    'It is so.'
"""
    monkeypatch.setattr("interp_claims.mazes.sampling._PATIENCE", 3)
    result = run(project(text), "--report", "out")
    result.stdout.fnmatch_lines(["*verdict    not evaluated (SamplingError: only(never): rejected 3 levels in a row*"])


@pytest.mark.parametrize(
    ("replay", "message"),
    [
        ("none.json", "none.json: holds no maze (FileNotFoundError"),
        ("pyproject.toml", "give a seed, or a file that --counterexamples wrote"),
        ("-5", "-5: holds no maze"),
    ],
)
def test_what_cannot_be_replayed_is_said(project, replay, message):
    result = run(project(claim_text(0.5)), f"--replay={replay}")
    assert result.ret == 1
    assert message in result.stdout.str()
    result.stdout.no_fnmatch_line("*Traceback*")


# -- published roles -------------------------------------------------------------------------------------------------


def test_published_roles_are_asked_for_by_an_option_and_are_claims_of_their_own(project):
    text = """
@declared(effect_at_least={"direction": 0.02, "size": 0.9})
def test_roles(policy, mazes):
    'It has published roles.'
    return noisy(policy, mazes, 0.5 if policy.role_set == "published" else -0.5)
"""
    testdir = project(text)
    verdicts = {
        name.split("::")[1]: entry["verdict"] for name, entry in results(testdir, "--roles", "published").items()
    }
    assert verdicts == {
        "test_roles[published roles-direction]": "supported",
        "test_roles[published roles-size]": "refuted",
    }
    assert {entry["verdict"] for entry in results(testdir).values()} == {"refuted"}
    output = run(testdir, "--roles", "published").stdout.str()
    command = next(line.partition("replay     ")[2] for line in output.splitlines() if "replay     " in line)
    assert " --roles published --replay " in command
    replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(command)[1:])
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(["measured  *+0.*", "*1 replayed*"])


def test_a_narrow_policy_without_the_published_channels_is_not_evaluated(project):
    text = """
@declared(effect_at_least=0.2)
def test_roles(policy, mazes):
    'Needs a role.'
    from interp_claims.policies import roles_of
    return noisy(policy, mazes, len(roles_of(policy).cheese_channels) / 20)
"""
    (entry,) = results(project(text), "--roles", "published").values()
    assert entry["verdict"] == "not evaluated"
    assert entry["reason"].startswith(
        "RoleError: roles: embedder.block2.res1.resadd_out of one has 32 channels, wanted"
    )


def test_roles_are_found_published_or_given_by_number(project):
    result = run(project(claim_text(0.5)), "--roles", "mine")
    assert result.ret == 4
    wanted = "roles: got 'mine', wanted discovered, published, or different channels such as 17,3"
    assert wanted in result.stderr.str()


# -- predictions -----------------------------------------------------------------------------------------------------

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


# -- against an older policy -----------------------------------------------------------------------------------------

COMPARED = """
@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    return noisy(policy, mazes, {new} if policy.name == "two" else {old})
"""


def compared(project, old, new, *options):
    """A run of policy two against policy one: the result of pytest and the comparison."""
    testdir = project(COMPARED.format(old=old, new=new))
    result = run(testdir, "--policy", "two", "--against", "one", "--claims-json", "results.json", *options)
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    return result, entry["comparison"]


def test_a_policy_against_one_that_does_the_same_is_non_inferior_everywhere(project):
    result, comparison = compared(project, 0.5, 0.5)
    assert result.ret == 0
    assert (comparison["change"], comparison["difference"], comparison["against"]) == ("non-inferior", 0.0, "one")
    assert comparison["mazes"] < 1024, "decided within the budget"


def test_a_smaller_effect_fails_though_the_claim_is_still_supported(project):
    result, comparison = compared(project, 0.6, 0.4, "--summary", "summary.md")
    assert result.ret == 1
    assert comparison["change"] == "regressed"
    assert comparison["difference"] == pytest.approx(-0.2)
    assert comparison["interval"][0] <= -0.2 <= comparison["interval"][1] < 0
    result.stdout.fnmatch_lines(["*REGRESSED*SUPPORTED*"])
    summary = Path("summary.md").read_text()
    assert summary.startswith("## two against one: failed\n\n1 regressed; non-inferior means smaller by at most 0.05")
    assert "differ from those of one: 0, of which now supported: 0." in summary
    assert "| it is large | -0.200 [" in summary
    line = r"^Cheese channels: ([\d, ]+); before, ([\d, ]+); they overlap by (\S+) \(Jaccard\)\.$"
    channels = re.search(line, summary, re.MULTILINE)
    new, old = ({*channels[i].split(", ")} for i in (1, 2))
    assert float(channels[3]) == pytest.approx(len(new & old) / len(new | old), abs=0.005)


def test_the_summary_tells_which_of_two_policies_regressed(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    options = ["--policy", "two", "--policy", "one", "--against", "one", "--summary", "summary.md"]
    assert run(testdir, *options).ret == 1
    worse, same = Path("summary.md").read_text().split("\n\n## ")
    assert worse.startswith("## two against one: failed\n\n1 regressed; ")
    assert same.startswith("one against one: passed\n\n1 non-inferior; ")


def test_a_larger_effect_is_non_inferior(project):
    result, comparison = compared(project, 0.3, 0.6)
    assert (result.ret, comparison["change"]) == (0, "non-inferior")


def test_a_difference_at_the_margin_is_undecided_and_no_pass(project):
    result, comparison = compared(project, 0.5, 0.45, "--summary", "summary.md")
    assert comparison["change"] == "undecided"
    result.assert_outcomes()
    result.stdout.fnmatch_lines(["*1 undecided*"])
    assert Path("summary.md").read_text().startswith("## two against one: undecided\n\n1 undecided; ")


def test_undecided_comparisons_fail_where_undecided_claims_do(project):
    result, comparison = compared(project, 0.5, 0.45, "--undecided", "fail")
    assert (result.ret, comparison["change"]) == (1, "undecided")
    result.stdout.fnmatch_lines(["COMPARISON UNDECIDED, SUPPORTED: *", "*1 failed*"])


def test_the_summary_tells_the_error_rate_that_was_asked_for(project):
    compared(project, 0.5, 0.5, "--alpha", "0.01", "--summary", "summary.md")
    summary = Path("summary.md").read_text()
    assert "at 1% error a side." in summary
    assert "| difference [99% interval] |" in summary


def test_what_was_refuted_before_may_be_refuted_again_but_not_what_was_supported(project):
    result, comparison = compared(project, 0.05, 0.05)
    assert (result.ret, comparison["change"]) == (0, "non-inferior"), "a known failure is no regression"
    assert comparison["before"] == "refuted", "found out in the run, for want of a record"
    result, comparison = compared(project, "0.220", "0.180")  # of another length: modules are kept by size and second
    assert result.ret == 1, "the effect is not smaller by the margin, but the verdict flipped"
    assert (comparison["before"], comparison["change"]) == ("supported", "undecided")
    result.stdout.fnmatch_lines(["*REFUTED, WAS SUPPORTED ON ONE*"])


def test_where_the_older_policy_has_a_record_it_stands(project):
    testdir = project(COMPARED.format(old=0.22, new=0.18))
    run(testdir, "--policy", "one", "--claims-json", "old.json")
    assert main(["record", "old.json"]) == 0
    result, comparison = compared(project, "0.180", "0.180")
    assert (result.ret, comparison["before"]) == (1, "supported")
    result.stdout.fnmatch_lines(["*REFUTED, WAS SUPPORTED ON ONE*"])
    project(COMPARED.format(old=0.18, new=0.18).replace("effect_at_least=0.2", "effect_at_least=0.300"))
    assert run(testdir, "--policy", "two", "--against", "one").ret == 0, "the record is of another statement"


def test_the_verdict_on_the_older_policy_shares_what_the_comparison_measures(project):
    text = """
calls = []
@declared(effect_at_least={"direction": 0.02, "size": 0.3})
def test_it_lowers(policy, mazes):
    \"\"\"It lowers.\"\"\"
    calls.append((policy.name, policy._edit_transform, mazes[0].seed))
    assert len(calls) == len(set(calls)), "measured twice"
    return noisy(policy, mazes, 0.4)
"""
    entries = results(project(text), "--policy", "two", "--against", "one")
    assert {(e["comparison"]["change"], e["comparison"]["before"]) for e in entries.values()} == {
        ("non-inferior", "supported")
    }
    assert len(entries) == 2


VACUOUS_ON_TWO = """
@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    if policy.name == "two":
        policy = policy.with_edits_replaced(None)  # its null control makes no difference
    return noisy(policy, mazes, 0.5)
"""


def test_a_claim_that_is_not_evaluated_any_more_fails_though_its_effect_is_as_large(project):
    testdir = project(VACUOUS_ON_TWO)
    result = run(testdir, "--policy", "two", "--against", "one", "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT EVALUATED, WAS SUPPORTED ON ONE: *"])
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert entry["comparison"]["change"] == "non-inferior"
    again = run(testdir, "--policy", "two", "--against", "two")
    assert again.ret == 0, "nothing is lost that there was"
    again.stdout.fnmatch_lines(["NON-INFERIOR, NOT EVALUATED: *"])


def test_the_policys_own_record_holds_in_a_comparison_too(project):
    testdir = project(COMPARED.format(old=0.5, new=0.05))
    run(testdir, "--policy", "two", "--claims-json", "new.json")
    assert main(["record", "new.json"]) == 0
    result, comparison = compared(project, 0.5, 0.5)
    assert (result.ret, comparison["change"]) == (1, "non-inferior")
    result.stdout.fnmatch_lines(["SUPPORTED, RECORDED WAS REFUTED: AN UNEXPECTED PASS: *"])
    assert compared(project, 0.05, 0.05)[0].ret == 0, "as recorded, and refuted before"


WITH_AN_EDIT = """
from interp_claims.edits import scale_channels
from interp_claims.mazes import Observations

@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    if policy._edit_transform is None:  # the null control is only a mark
        policy.edited(scale_channels(0, 2.0)).logits(Observations.at_start(mazes))
    return noisy(policy, mazes, 0.4 if policy.name == "two" else 0.6)
"""


def test_where_unedited_networks_do_the_same_an_edit_lost_its_effect(project):
    entries = results(project(WITH_AN_EDIT), "--policy", "two", "--against", "one")
    (comparison,) = [entry["comparison"] for entry in entries.values()]
    assert (comparison["change"], comparison["lost"]) == ("regressed", "mechanism"), "both walk at random, untrained"


def test_a_claim_without_an_edit_can_lose_nothing_but_behaviour(project):
    result, comparison = compared(project, 0.6, 0.2)
    assert comparison["lost"] == "behaviour"
    result.stdout.fnmatch_lines(["REGRESSED (BEHAVIOUR LOST), *"])


def saved(testdir, *options):
    """Policy one's results, saved as old.json."""
    assert run(testdir, "--policy", "one", "--claims-json", "old.json", *options).ret in (0, 1)
    return json.loads(Path("old.json").read_text())["claims"][0]


def compared_with_saved(testdir):
    result = run(testdir, "--policy", "two", "--against", "old.json", "--claims-json", "results.json")
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    return result, entry["comparison"]


def test_saved_results_serve_as_the_older_policy(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    live = compared(project, 0.6, 0.4)[1]
    old = saved(testdir, "--at-least", "256")
    assert len(old["scores"]) == 256 > old["mazes"], "the verdict takes no more mazes than before"
    result, comparison = compared_with_saved(testdir)
    assert result.ret == 1
    assert (comparison["change"], comparison["mazes"]) == (live["change"], live["mazes"])
    assert comparison["difference"] == pytest.approx(live["difference"], abs=1e-6), "scores are saved to six decimals"
    assert (comparison["before"], comparison["lost"]) == ("supported", "behaviour"), "the claim makes no edit"
    result.stdout.fnmatch_lines(["*REGRESSED (BEHAVIOUR LOST), SUPPORTED*"])


def test_saved_results_do_not_tell_whether_an_edit_or_the_policy_changed(project):
    testdir = project(WITH_AN_EDIT)
    saved(testdir, "--at-least", "256")
    result, comparison = compared_with_saved(testdir)
    assert (comparison["change"], comparison["lost"]) == ("regressed", "undecided")
    result.stdout.fnmatch_lines(["REGRESSED, *"])


def test_more_mazes_change_no_verdict(project):
    testdir = project(COMPARED.format(old=0.6, new=0.4))
    few, many = saved(testdir), saved(testdir, "--at-least", "256")
    assert many["scores"][: len(few["scores"])] == few["scores"]
    left_out = ("scores", "seconds")
    assert {k: v for k, v in few.items() if k not in left_out} == {k: v for k, v in many.items() if k not in left_out}


def test_too_few_saved_scores_leave_the_comparison_open(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    old = saved(testdir)
    result, comparison = compared_with_saved(testdir)
    assert (comparison["change"], comparison["mazes"]) == ("undecided", len(old["scores"]))
    result.stdout.fnmatch_lines(["*1 undecided*"])


def test_claims_that_were_not_saved_are_run_and_said_not_to_be_compared(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("test_it_is_large", "test_another"))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison) == (0, None)
    result.stdout.fnmatch_lines(["SUPPORTED, NOT COMPARED: The effect is large."])
    run(testdir, "--policy", "two", "--against", "old.json", "--summary", "summary.md")
    text = "## two: no claim was compared\n\nNot compared:\n\n- another: supported, not compared\n"
    assert Path("summary.md").read_text() == text


def test_a_threshold_that_changed_since_cannot_be_compared(project):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("effect_at_least=0.2", "effect_at_least=0.1"))
    result, _ = compared_with_saved(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*states mean at least 0.1, but mean at least 0.2 in the saved results of one*"])


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("return noisy(", "return 0.9 * noisy(", "*is measured by code of hash *, but by other code, of hash *"),
        (
            "effect_at_least=0.2)",
            "effect_at_least=0.2, mazes=size_between(3, 7))",
            "*is measured in size_between(smallest=3, largest=7), but in stock_mazes() in the saved results of one*",
        ),
    ],
    ids=["measure", "mazes"],
)
def test_another_measure_or_other_mazes_cannot_be_compared_with_saved_results(project, old, new, why):
    text = "from interp_claims.mazes import size_between\n" + COMPARED.format(old=0.5, new=0.5)
    testdir = project(text)
    saved(testdir, "--at-least", "64")
    project(text.replace(old, new))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison) == (1, None)
    result.stdout.fnmatch_lines([why])


def test_what_changes_no_measure_can_be_compared_with_saved_results(project):
    text = COMPARED.format(old=0.5, new=0.5)
    testdir = project(text)
    saved(testdir, "--at-least", "800")
    text = text.replace("effect_at_least=0.2", "effect_at_least=0.2, budget=900, reported='no figure'")
    project(text.replace("The effect is large", "It is large").replace("    return", "    # the mean\n\n    return"))
    result, comparison = compared_with_saved(testdir)
    assert (result.ret, comparison["change"]) == (0, "non-inferior")


def test_where_no_comparison_can_be_made_the_verdict_stands_and_the_claim_fails(project, capsys):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    saved(testdir)
    project(COMPARED.format(old=0.5, new=0.5).replace("effect_at_least=0.2", "effect_at_least=0.1"))
    options = ["--policy", "two", "--against", "old.json", "--summary", "summary.md", "--claims-json", "results.json"]
    assert run(testdir, *options).ret == 1
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert (entry["verdict"], entry["comparison"], entry["reason"]) == ("supported", None, "")
    assert entry["not_compared"].startswith(
        "ComparisonError: claims/test_some_claims.py::test_it_is_large: states mean"
    )
    told = "Failed without a comparison:\n\n- it is large: supported, not compared: ComparisonError: claims/"
    assert told in Path("summary.md").read_text()
    assert main(["record", "results.json"]) == 0
    assert "supported      claims/test_some_claims.py::test_it_is_large on two (new)" in capsys.readouterr().out
    assert main(["attest", "results.json", "fixtures/two.safetensors", "--out", "statement.json"]) == 0
    assert json.loads(Path("statement.json").read_text())["predicate"]["result"] == "FAILED", "as the run"
    assert run(testdir, "--resume", *options).ret == 1, "what was not compared is no finished result"


def test_an_error_of_the_claim_on_the_older_policy_leaves_the_verdict_on_the_new_one(project):
    text = COMPARED.format(old=0.5, new=0.5).replace(
        "    return", "    assert policy.name == 'two', 'gone'\n    return"
    )
    result = run(project(text), "--policy", "two", "--against", "one", "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*SUPPORTED, NOT COMPARED: ASSERTIONERROR: GONE*", "*def test_it_is_large(*"])
    (entry,) = json.loads(Path("results.json").read_text())["claims"]
    assert (entry["verdict"], entry["not_compared"]) == ("supported", "AssertionError: gone")
    assert entry["mazes"] > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--policy", "all"], "*--against: old.json: got results of one, two, wanted those of one policy*"),
        (
            ["--policy", "one", "--alpha", ".01"],
            "*--against: old.json: got exploratory results; run the claims without*",
        ),
    ],
)
def test_saved_results_that_do_not_serve_stop_the_run(project, options, message):
    testdir = project(COMPARED.format(old=0.5, new=0.5))
    run(testdir, *options, "--claims-json", "old.json")
    result = run(testdir, "--policy", "two", "--against", "old.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_known_failure_says_why_and_when_to_look_at_it_again(project):
    testdir = project(COMPARED.format(old=0.05, new=0.5))
    run(testdir, "--policy", "one", "--claims-json", "old.json")
    assert main(["record", "old.json", "--because", "one is small", "--review-by", "2020-02-01"]) == 0
    result = run(testdir, "--policy", "one")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["REFUTED, AS RECORDED*", "    known: one is small", "*due for review:", "    2020-02-01  *it_is_large on one"]
    )
    assert main(["record", "old.json", "--review-by", "2999-01-01"]) == 0
    assert "due for review" not in run(testdir, "--policy", "one").stdout.str()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at-least", "-1"], "*--at-least: got -1, wanted a number of mazes*"),
        (["--against", "three.json"], "*--against: three.json: no results (*"),
        (["--against", "three"], "*--against: policy 'three': neither a checkpoint*"),
        (["--summary", "a.md"], "*--summary: tells of a comparison; give --against too*"),
    ],
)
def test_comparisons_that_cannot_be_made_stop_the_run(project, options, message):
    result = run(project(claim_text(0.5)), *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_claim_with_a_function_among_its_parameters_is_named_after_it(project):
    head = "def twice(x):\n    return 2 * x\n\n@pytest.mark.parametrize('change', [twice])"
    text = claim_text(0.5).replace("(policy, mazes)", "(policy, mazes, change)").replace("0.5)", "change(0.25))")
    testdir = project(head + text)
    (name,) = results(testdir)
    assert name == "claims/test_some_claims.py::test_the_effect_is_large[twice]"


# -- mutants ---------------------------------------------------------------------------------------------------------

EDITING = """
from interp_claims.controls import no_op
from interp_claims.edits import scale_channels
from interp_claims.edits.edit import NoOp

@declared(effect_at_least=0.2, null_controls=(no_op,))
def test_scaling_does_something(policy, mazes):
    \"\"\"Scaling a channel does something.\"\"\"
    edit = policy.edited(scale_channels(0, 2.0)).edit
    return np.full(len(mazes), 0.0 if isinstance(edit, NoOp) else 0.5)
"""

NOT_EDITING = """
@declared(effect_at_least=0.2)
def test_seeds_are_large(policy, mazes):
    \"\"\"Seeds are large.\"\"\"
    return np.array([maze.seed > 1000 for maze in mazes]) * 0.5
"""


def test_under_a_mutant_a_claim_runs_alone_and_never_fails(project):
    testdir = project(EDITING + NOT_EDITING)
    unchanged, no_op = (results(testdir, "--mutant", name) for name in ("none", "no-op"))
    claim = "claims/test_some_claims.py::test_scaling_does_something"
    assert [(r[claim]["verdict"], r[claim]["mutant"]) for r in (unchanged, no_op)] == [
        ("supported", "none"),
        ("refuted", "no-op"),
    ]
    assert all(entry["exploratory"] and not entry["controls"] for entry in no_op.values())
    assert no_op["claims/test_some_claims.py::test_seeds_are_large"]["verdict"] == "not evaluated"
    result = run(testdir, "--mutant", "no-op")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["REFUTED: Scaling a channel does something.", "mutant no-op: never recorded*"])
    assert main(["record", str(testdir.path / "results.json")]) == 2


def test_only_what_other_results_support_is_run(project):
    testdir = project(EDITING + claim_text(0.05, name="does_not"))
    assert len(results(testdir)) == 2
    again = results(testdir, "--mutant", "no-op", "--supported-in", "results.json")
    assert {claim.split("::test_")[1] for claim in again} == {"scaling_does_something"}
    refused = run(testdir, "--supported-in", "nothing.json")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*--supported-in: nothing.json: no results*"])


def test_mutants_are_kept_apart_in_the_journal(project):
    testdir = project(EDITING)
    claim = "claims/test_some_claims.py::test_scaling_does_something"
    verdicts = [results(testdir, "--resume", *mutant)[claim]["verdict"] for mutant in ([], ["--mutant", "no-op"], [])]
    assert verdicts[0] == verdicts[2] != verdicts[1] == "refuted"


def test_mutants_are_not_compared(project):
    result = run(project(EDITING), "--mutant", "no-op", "--against", "two")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--mutant: mutants are not compared with older policies*"])


def test_cheese_channels_may_be_given_by_number(project):
    testdir = project(
        """
@declared(effect_at_least=0.2, null_controls=(Control("hidden", lambda policy, mazes: policy.seeing(repr)),))
def test_the_channels_are_those_given(policy, mazes):
    \"\"\"The cheese channels are those that were asked for.\"\"\"
    from interp_claims.policies import roles_of
    as_asked = roles_of(policy).cheese_channels == (7, 3) and policy._seen is None
    return np.full(len(mazes), 0.5 if as_asked else -0.5)
"""
    )
    entries = results(testdir, "--roles", "7,3")
    (entry,) = entries.values()
    assert (entry["verdict"], entry["claim"].split("::")[1]) == (
        "supported",
        "test_the_channels_are_those_given[channels 7,3]",
    )


@pytest.mark.parametrize(("options", "effect"), [((), 0.1), (("--precision", "bfloat16"), 0.6)])
def test_the_policy_and_its_relatives_compute_in_the_precision_asked_for(project, options, effect):
    text = claim_text(0.5).replace(
        "return",
        'lower = {p.forward.precision for p in (policy, untrained.apply(policy, mazes))} == {"bfloat16"}\n    return',
    )
    text = text.replace("0.5)", "0.6 if lower else 0.1)")
    (entry,) = results(project(text), *options).values()
    assert entry["effect"] == pytest.approx(effect, abs=0.05)
