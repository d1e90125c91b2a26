"""Predictions that use more than the library: registered, verified and decided by pytest as the same."""

import pytest
from plugin_projects import run

from interp_claims.cli import main
from interp_claims.mazes import CONFIRMATION
from interp_claims.prereg import Ledger

STEPS = {
    "a class": "@dataclasses.dataclass(frozen=True)\nclass Large:\n    def __call__(self, maze):\n"
    "        return maze if maze.size >= 11 else None\nstep = Large()\n",
    "a class that prints nothing": "class Large:\n    def __call__(self, maze):\n"
    "        return maze if maze.size >= 11 else None\nstep = Large()\n",
    "a function": "def step(maze):\n    return maze if maze.size >= 11 else None\n",
    "a closure": "def at_least(size):\n    def large(maze):\n        return maze if maze.size >= size else None\n"
    "    return large\nstep = at_least(11)\n",
    "a bound method": "class Large:\n    def keep(self, maze):\n        return maze if maze.size >= 11 else None\n"
    "step = Large().keep\n",
}
PREDICTION = """
import dataclasses
from interp_claims.mazes import MazeDistribution
from interp_claims.prereg import preregistered

{more}

@preregistered("P1", by="somebody", on="2026-01-31", policy="one", supported=.7, refuted=.2, undecided=.1,
               data_seen="none")
@declared(effect_at_least=0.2, mazes=stock_mazes() & MazeDistribution({steps}))
def test_it_will_be_large(policy, mazes):
    'The effect will be large.'
    assert all(maze.size >= 11 for maze in mazes)
    return {returned}
"""


def text(more="", steps="()", returned="noisy(policy, mazes, 0.5)"):
    if not more:
        more, steps = STEPS["a function"], "(step,)"
    return PREDICTION.format(more=more, steps=steps, returned=returned)


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_of_ones_own_is_part_of_the_claim(project, kind, capsys):
    testdir = project(text(STEPS[kind], "(step,)"))
    assert main(["register", "claims/test_some_claims.py"]) == 0, capsys.readouterr().err
    assert main(["verify"]) == 0, capsys.readouterr().err
    result = run(testdir)
    result.stdout.fnmatch_lines(["*SUPPORTED: NEWS*"])

    (entry,) = Ledger(testdir.path / "claims" / "ledger.jsonl").entries
    assert not [name for name in entry.body["sealed"]["library"] if "arge" in name]
    ledger = Ledger(testdir.path / "claims" / "ledger.jsonl")
    ledger.resolve("P1", {"policy": "one", "policy_sha256": ledger.policy_of("P1"), "verdict": "supported"})
    project(text(STEPS[kind].replace("11", "13"), "(step,)"))
    assert main(["verify"]) == 1, "an edit of it is one of the claim, though it is decided"
    assert "source_code" in capsys.readouterr().err


def test_a_helper_beside_the_claims_is_imported_as_pytest_does(project, capsys, monkeypatch):
    testdir = project(text(returned="measure(noisy, policy, mazes)").replace("{", "{{"))
    file = testdir.path / "claims" / "test_some_claims.py"
    file.write_text(f"from my_helper import measure\n{file.read_text()}")
    helper = testdir.path / "claims" / "my_helper.py"
    helper.write_text("def measure(noisy, policy, mazes):\n    return noisy(policy, mazes, 0.5)\n")
    assert main(["register", "claims/test_some_claims.py"]) == 0, capsys.readouterr().err
    assert main(["verify"]) == 0, capsys.readouterr().err
    monkeypatch.syspath_prepend(str(testdir.path / "claims"))  # for the run in this process
    run(testdir).stdout.fnmatch_lines(["*SUPPORTED: NEWS*"])
    helper.write_text(helper.read_text().replace("0.5", "0.6"))
    assert main(["verify"]) == 1


LOOKS = {
    "a block of its own": "stock_mazes().sample(SeedBlock('mine', {first}, 10**6), 64)",
    "a block around it": "stock_mazes().sample(SeedBlock('mine', {first} - 5, 10), 1)",
    "one maze": "stock_mazes().maze({first} + 500_000)",
    "one level": "level({first} + 500_000)",
}
LOOKING = """
from interp_claims.mazes import SeedBlock, level

@declared(effect_at_least=0.2)
def test_it_looks(policy, mazes):
    'It looks at what decides it.'
    {look}
    return noisy(policy, mazes, 0.5)
"""


@pytest.mark.parametrize("how", LOOKS)
def test_a_claim_that_draws_mazes_which_decide_it_is_not_evaluated(project, how):
    look = LOOKS[how].format(first=CONFIRMATION.first)
    shown = run(project(LOOKING.format(look=look)), "--claims-json", "results.json")
    shown.stdout.fnmatch_lines(["*not evaluated*DecidingMazesError: *inside of a claim that is decided on the block*"])


def test_a_prediction_that_draws_mazes_which_decide_it_is_not_evaluated(project, capsys):
    more = "from interp_claims.mazes import REGISTERED"
    returned = "noisy(policy, mazes, 0.5 if stock_mazes().sample(REGISTERED, 1) else 0)"
    testdir = project(text(more, "()", returned).replace("assert all(maze.size >= 11 for maze in mazes)", "pass"))
    assert main(["register", "claims/test_some_claims.py"]) == 0, capsys.readouterr().err
    run(testdir).stdout.fnmatch_lines(["*not evaluated*DecidingMazesError*block 'registered*"])


@pytest.mark.parametrize(
    "look",
    [
        "stock_mazes().sample(DISCOVERY, 8)",
        "[draw_donor(maze, 'one', lambda other: True) for maze in mazes]",
        "[stock_mazes().maze(maze.seed) for maze in mazes]",
    ],
)
def test_other_mazes_and_those_that_it_is_given_may_be_drawn(project, look):
    looking = LOOKING.replace("SeedBlock, level", "DISCOVERY, draw_donor")
    run(project(looking.format(look=look))).stdout.fnmatch_lines(["*SUPPORTED*"])
