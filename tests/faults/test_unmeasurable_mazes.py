"""A maze that cannot be measured: it is never left out, and is named with the command that replays it."""

import json

import pytest
from plugin_projects import claim_text, results, run

from interp_claims.cli import main
from interp_claims.mazes import CONFIRMATION, stock_mazes
from interp_claims.running import context, sampled

FAILING = """
from interp_claims.mazes import CONFIRMATION, MazeError
from interp_claims.policies import OverflowingNetworkError

SEEDS = [maze.seed for maze in stock_mazes().sample(CONFIRMATION, 41)]

def measured(policy, mazes, effect, seed, error):
    if seed in [maze.seed for maze in mazes]:
        if error is None:
            return np.array([np.nan if maze.seed == seed else effect for maze in mazes])
        raise error
    return noisy(policy, mazes, effect)

@declared(effect_at_least=0.2)
def test_fails(policy, mazes):
    \"\"\"It fails for a maze.\"\"\"
    return measured(policy, mazes, {effect}, SEEDS[{which}], {error})
"""


def failing(effect=0.3, which=20, error="MazeError('there is no way')"):
    return FAILING.format(effect=effect, which=which, error=error)


def seed_of(which):
    return stock_mazes().sample(CONFIRMATION, which + 1)[which].seed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("MazeError('there is no way')", "MazeError: there is no way"),
        ("OverflowingNetworkError('too large')", "OverflowingNetworkError: too large"),
        ("None", "EffectError: effects: NaN or infinite for the mazes [0] of the batch; an undefined"),
    ],
)
@pytest.mark.parametrize("which", [0, 20, 31, 40])
def test_the_maze_is_named_and_can_be_replayed(project, which, error, reason):
    testdir = project(failing(effect=0.25, which=which, error=error))
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert (entry["verdict"], entry["effect"], entry["unmeasurable"]) == ("not evaluated", None, seed_of(which))
    assert entry["reason"].startswith(reason)
    assert entry["reason"].endswith(f"(the maze of seed {seed_of(which)}, measured alone, raises it)")
    replay = f"pytest 'claims/test_some_claims.py::test_fails[[]one[]]' --replay {seed_of(which)}"
    result.stdout.fnmatch_lines([f"*  replay     {replay}"])
    replayed = run(testdir, "--replay", str(seed_of(which)))
    assert replayed.ret == pytest.ExitCode.TESTS_FAILED
    assert reason.partition(": ")[2][:12] in replayed.stdout.str()


@pytest.mark.parametrize("size", [32, 24, 8, 5])
def test_a_decision_before_the_maze_stands_whatever_the_batches(project, monkeypatch, size):
    (undisturbed,) = results(project(claim_text(0.9))).values()
    assert undisturbed["mazes"] == 21
    assert undisturbed["controls"][0]["mazes"] > 32
    unless_control = "return noisy(policy, mazes, 0.9) if policy._edit_transform else measured("
    text = failing(effect=0.9, which=21).replace("return measured(", unless_control)
    monkeypatch.setattr(sampled, "BATCH", size)
    (entry,) = results(project(text)).values()
    for field in ("verdict", "mazes", "effect", "interval", "controls"):
        assert entry[field] == undisturbed[field]
    (entry,) = results(project(text.replace("SEEDS[21]", "SEEDS[20]"))).values()
    assert (entry["verdict"], entry["unmeasurable"]) == ("not evaluated", seed_of(20))


def test_an_error_for_every_maze_names_none(project):
    testdir = project(
        """
calls = []

@declared(effect_at_least=0.2)
def test_fails(policy, mazes):
    'It fails for all.'
    from interp_claims.policies import RoleError
    calls.append(len(mazes))
    assert len(calls) < 12, "halving, not one by one"
    raise RoleError("no such channel")
"""
    )
    (entry,) = results(testdir).values()
    assert (entry["reason"], entry["unmeasurable"]) == ("RoleError: no such channel", None)


def test_a_control_that_cannot_be_measured_on_a_maze_names_it(project):
    unless_claim = "return noisy(policy, mazes, 0.3) if not policy._edit_transform else measured("
    (entry,) = results(project(failing().replace("return measured(", unless_claim))).values()
    assert (entry["verdict"], entry["unmeasurable"]) == ("not evaluated", seed_of(20))


BY_ROWS = """
from interp_claims.policies import OverflowingNetworkError

def rows(policy, mazes):
    return policy.with_edits_replaced(tuple(maze.seed for maze in mazes))

def effects(policy, mazes, effect):
    seeds = policy._edit_transform
    if seeds is None:
        return noisy(policy, mazes, effect)
    if seeds != tuple(maze.seed for maze in mazes):
        raise EditError(f"got {len(seeds)} rows for {len(mazes)} mazes")
    if SEEDS[20] in seeds:
        raise OverflowingNetworkError("too large")
    return np.zeros(len(mazes))

from interp_claims.edits import EditError
"""


@pytest.mark.parametrize(
    ("declaration", "returned"),
    [
        ('@declared(effect_at_least=0.2, null_controls=(Control("rows", rows),))', "effects(policy, mazes, 0.3)"),
        (
            "@approximate_claim(number=4, source=INVARIANTS, mazes=stock_mazes(), sample=64, at_least=0, "
            'statistic=linear_coefficient(0), null_controls=(Control("rows", rows),))',
            "np.column_stack([effects(policy, mazes, 0.3), [maze.seed for maze in mazes]])",
        ),
    ],
    ids=["sampled", "approximate"],
)
def test_a_maze_is_named_that_fails_under_a_control_with_a_row_for_each_maze_of_the_batch(
    project, declaration, returned
):
    seeds = FAILING.partition("def measured")[0]
    text = f"{seeds}{BY_ROWS}\n{declaration}\ndef test_fails(policy, mazes):\n    'It fails.'\n    return {returned}\n"
    (entry,) = results(project(text)).values()
    assert (entry["verdict"], entry["unmeasurable"]) == ("not evaluated", seed_of(20)), entry["reason"]
    assert entry["reason"].startswith("OverflowingNetworkError: too large (the maze of seed")


def test_an_approximate_claim_names_the_maze(project):
    text = failing().replace("@declared(effect_at_least=0.2)", '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0.0,
    null_controls=(nothing,),
)''')  # fmt: skip
    (entry,) = results(project(text)).values()
    assert (entry["verdict"], entry["unmeasurable"]) == ("not evaluated", seed_of(20))


def test_a_prediction_is_then_not_evaluated_as_its_seal_says(project, capsys):
    testdir = project(
        """
from interp_claims.mazes import MazeError
from interp_claims.prereg import preregistered

@preregistered("P1", by="x", on="2026-01-31", policy="one", supported=.7, refuted=.2, undecided=.1, data_seen="none")
@declared(effect_at_least=0.2)
def test_fails(policy, mazes):
    'It fails for many mazes.'
    if any(maze.size > 20 for maze in mazes):
        raise MazeError("too large")
    return noisy(policy, mazes, 0.3)
"""
    )
    assert main(["register", "claims/test_some_claims.py"]) == 0
    sealed = json.loads((testdir.path / "claims" / "ledger.jsonl").read_text())["body"]["sealed"]
    assert sealed["unmeasurable_maze"] == "the prediction is not evaluated"
    (entry,) = results(testdir).values()
    assert (entry["verdict"], entry["prediction"]) == ("not evaluated", "P1")
    assert 1_300_000_000 <= entry["unmeasurable"] < 2_100_000_000
    capsys.readouterr()
    assert main(["resolve", "results.json"]) == 0
    assert "P1: not evaluated: MazeError: too large (the maze of seed" in capsys.readouterr().out
    again = testdir.runpytest("claims")
    assert again.ret == 0, "it is on the ledger"
    again.stdout.fnmatch_lines(["*NOT EVALUATED, AS ON THE LEDGER*"])
    assert main(["score"]) == 0
    told = capsys.readouterr().out
    assert "P1: not evaluated: MazeError: too large" in told
    assert "awaiting" not in told.split("authors")[0]
    saved = json.loads((testdir.path / "results.json").read_text())
    saved["claims"][0] |= {"verdict": "supported", "reason": ""}
    (testdir.path / "results.json").write_text(json.dumps(saved))
    assert main(["resolve", "results.json"]) == 0
    assert "P1: resolved already" in capsys.readouterr().out, "a later decision of the same form is refused"


def test_of_several_mazes_that_fail_the_first_is_found():
    batch = tuple(range(32))
    for failing in ({5}, {0, 9}, {9, 30, 31}, {31}):
        measured = []

        def measure(mazes, failing=failing, measured=measured):
            measured.append(len(mazes))
            if failing & set(mazes):
                raise context.EffectError("undefined")

        assert context._first_failing(measure, batch, context.EffectError) == min(failing)
        assert len(measured) <= 8
