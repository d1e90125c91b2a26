"""Replays: the commands that are shown lead back to one claim, one policy and one maze."""

import shlex

import pytest
from plugin_projects import claim_text, run

from interp_claims.policies import ImpalaNetwork, save_network
from interp_claims.report.html.page import replay_command
from interp_claims.report.results_json import read_results


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
