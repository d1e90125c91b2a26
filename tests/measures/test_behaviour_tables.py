"""Recorded behaviour: gathered once, written, read back, and given to claims as a control says."""

import csv
import hashlib

import numpy as np
import pytest

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import CONFIRMATION, DISCOVERY, Maze, cheese_in_corner, decision_square, with_decision_square
from interp_claims.measures import BehaviourTables, NotGatheredError, Predictor, behaviour, decide, roll_out
from interp_claims.measures.behaviour import BehaviourTable, Part, Row, file_of, gathered_folder, key_of
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.policies.policy import Outcomes

FEW = (
    Part(with_decision_square(), CONFIRMATION, 3),
    Part(with_decision_square(), DISCOVERY, 2),
    Part(cheese_in_corner(5), CONFIRMATION, 2),
)
UNDECIDED = Maze.from_text("..C\n.#.\nM#.", seed=5)


@pytest.fixture(autouse=True)
def short_episodes(monkeypatch):
    monkeypatch.setattr(behaviour, "MAX_STEPS", 12)
    monkeypatch.setattr(behaviour, "_AT_ONCE", 3)


@pytest.fixture(scope="module")
def mazes():
    return with_decision_square().sample(CONFIRMATION, 4)


@pytest.fixture(scope="module")
def gathered(tiny_policy, mazes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(behaviour, "MAX_STEPS", 12)
        table = BehaviourTable(tiny_policy.sha256)
        assert list(table.gather(tiny_policy, [UNDECIDED, *mazes])) == [5]
    return table


def row(maze, got=0, corner=0, steps=9, cheese=0.25, top_right=0.5):
    return Row(key_of(maze), maze.seed, got, corner, steps, cheese, top_right)


# -- gathering -------------------------------------------------------------------------------------------------------


def test_a_table_has_many_mazes_of_the_blocks_that_claims_are_tested_on_and_fitted_on():
    parts = [(str(part.mazes), part.block, part.count) for part in behaviour.PARTS]
    assert parts == [
        ("with_decision_square()", CONFIRMATION, 2048),
        ("with_decision_square()", DISCOVERY, 1536),
        ("cheese_in_corner(region=5)", CONFIRMATION, 1024),
    ]


def test_what_is_gathered_is_one_episode_and_the_decision(tiny_policy, mazes, gathered):
    got = gathered.of(tiny_policy, mazes)
    rollouts = roll_out(tiny_policy, mazes, seed=0, max_steps=12)
    decision = decide(tiny_policy, mazes)
    assert got.got_cheese.tolist() == [rollout.got_cheese for rollout in rollouts]
    assert got.reached_top_right.tolist() == [rollout.steps_to_top_right is not None for rollout in rollouts]
    assert got.steps.tolist() == [rollout.steps for rollout in rollouts]
    np.testing.assert_allclose(got.p_cheese, decision.cheese, atol=1e-6)
    np.testing.assert_allclose(got.p_top_right, decision.top_right, atol=1e-6)
    assert [array.dtype.kind for array in (got.got_cheese, got.steps, got.p_cheese)] == ["b", "i", "f"]


def test_a_maze_with_nothing_to_decide_has_no_decision_but_an_episode(tiny_policy, gathered):
    assert decision_square(UNDECIDED) is None
    got = gathered.of(tiny_policy, [UNDECIDED])
    assert np.isnan(got.p_cheese).all() and np.isnan(got.p_top_right).all()
    assert got.steps[0] > 0


def test_mazes_are_gathered_in_batches_and_only_those_that_are_missing(tiny_policy):
    table = BehaviourTable(tiny_policy.sha256)
    missing = table.missing(FEW)
    wanted = [maze for part in FEW for maze in part.mazes.sample(part.block, part.count)]
    assert missing == wanted
    gathering = table.gather(tiny_policy, missing)
    assert next(gathering) == 3
    assert len(table.rows) == 3
    assert table.missing(FEW) == wanted[3:], "what was gathered so far counts"
    assert list(gathering) == [3, 1]
    assert table.missing(FEW) == []
    assert list(table.rows) == [key_of(maze) for maze in wanted]


def test_a_maze_of_two_parts_is_gathered_once(tiny_policy):
    assert len(BehaviourTable(tiny_policy.sha256).missing((FEW[0], FEW[0]))) == 3


def test_an_episode_does_not_depend_on_the_batch_it_was_gathered_in(tiny_policy, mazes, gathered):
    alone = BehaviourTable(tiny_policy.sha256)
    list(alone.gather(tiny_policy, mazes[2:3]))
    (got,) = alone.rows.values()
    together = gathered.rows[got.key]
    assert (got.seed, got.got_cheese, got.reached_top_right, got.steps) == (
        together.seed,
        together.got_cheese,
        together.reached_top_right,
        together.steps,
    )
    assert (got.p_cheese, got.p_top_right) == pytest.approx((together.p_cheese, together.p_top_right), abs=2e-6)


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_table_is_read_back_as_it_was_written(tmp_path, tiny_policy, gathered):
    gathered.write(tmp_path / "table.csv")
    again = BehaviourTable.read(tmp_path / "table.csv", tiny_policy.sha256)
    assert list(again.rows) == list(gathered.rows)
    assert [str(row) for row in again.rows.values()] == [str(row) for row in gathered.rows.values()], "NaN as well"
    assert again.policy_sha256 == tiny_policy.sha256


def test_a_written_table_says_whose_it_is_and_what_its_columns_are(tmp_path, mazes):
    BehaviourTable("1" * 64, [row(mazes[0], got=1, steps=7)]).write(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    hashed = hashlib.sha256("\n".join(lines[1:]).encode()).hexdigest()
    assert lines[0] == f"interp-claims behaviour 1,{'1' * 64},{hashed}"
    assert lines[1] == "key,seed,got_cheese,reached_top_right,steps,p_cheese,p_top_right"
    assert next(csv.reader(lines[2:])) == [key_of(mazes[0]), str(mazes[0].seed), "1", "0", "7", "0.25", "0.5"]
    assert len(lines) == 3


DAMAGES = {
    "empty": lambda lines: [],
    "one line": lambda lines: lines[:1],
    "another format": lambda lines: ["interp-claims behaviour 0,aa", *lines[1:]],
    "no policy": lambda lines: ["interp-claims behaviour 1", *lines[1:]],
    "a cut line": lambda lines: [*lines[:-1], lines[-1][:12]],
    "a word": lambda lines: [*lines[:-1], lines[-1].replace("0.25", "often")],
    "an empty line": lambda lines: [*lines[:-1], "", lines[-1]],
    "a longer line": lambda lines: [*lines[:-1], lines[-1] + ",1"],
    "another digit": lambda lines: [*lines[:-1], lines[-1].replace("0.25", "0.35")],
    "a number cut short": lambda lines: [*lines[:-1], lines[-1][:-1]],
    "a line less": lambda lines: lines[:-1],
    "another order": lambda lines: [*lines[:2], *lines[:1:-1]],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_named(tmp_path, mazes, damage):
    path = tmp_path / "table.csv"
    BehaviourTable("1" * 64, [row(maze) for maze in mazes]).write(path)
    path.write_text("\n".join(damage(path.read_text().splitlines())))
    with pytest.raises(NotGatheredError) as error:
        BehaviourTable.read(path, "1" * 64)
    assert str(error.value).startswith(f"{path}: no readable table of behaviour (")
    assert str(error.value).endswith("); delete it and gather")


def test_a_table_without_a_hash_is_read(tmp_path, mazes):
    path = tmp_path / "table.csv"
    BehaviourTable("1" * 64, [row(maze) for maze in mazes]).write(path)
    first, *lines = path.read_text().splitlines()
    path.write_text("\n".join([first.rpartition(",")[0], *lines]))
    assert list(BehaviourTable.read(path, "1" * 64).rows) == [key_of(maze) for maze in mazes]


def test_a_table_of_other_weights_is_named(tmp_path):
    BehaviourTable("1" * 64).write(tmp_path / "table.csv")
    with pytest.raises(NotGatheredError) as error:
        BehaviourTable.read(tmp_path / "table.csv", "2" * 64)
    assert str(error.value) == (
        f"{tmp_path / 'table.csv'}: is a table of the policy {'1' * 64}, wanted {'2' * 64}; delete it"
    )


# -- asking ----------------------------------------------------------------------------------------------------------


def test_a_maze_that_was_not_gathered_is_told_with_the_command_that_gathers_it(tiny_policy, mazes):
    table = BehaviourTable(tiny_policy.sha256)
    with pytest.raises(NotGatheredError) as error:
        table.of(tiny_policy, mazes)
    assert str(error.value) == (
        f"no behaviour of tiny in {mazes[0]!r}; gather it first, which takes minutes: interp-claims behaviour tiny"
    )


def test_what_no_table_holds_is_told_without_asking_to_gather_first(tiny_policy, mazes):
    table = BehaviourTable(tiny_policy.sha256, [row(mazes[0])])
    with pytest.raises(NotGatheredError) as error:
        table.of(tiny_policy, mazes)
    assert str(error.value) == (
        f"no behaviour of tiny in {mazes[1]!r}; tables hold the first 2048 of with_decision_square() in the "
        "confirmation block, 1536 of with_decision_square() in the discovery block, 1024 of cheese_in_corner(region=5) "
        "in the confirmation block: ask for fewer mazes, or for one of these; only where gathering was interrupted "
        "there is more to come, with interp-claims behaviour tiny"
    )


def test_rows_belong_to_the_mazes_asked_about_in_their_order(tiny_policy, mazes):
    table = BehaviourTable(
        tiny_policy.sha256, [row(maze, i % 2, 1 - i % 2, 10 + i, i / 10) for i, maze in enumerate(mazes)]
    )
    got = table.of(tiny_policy, [mazes[2], mazes[0], mazes[2]])
    assert got.steps.tolist() == [12, 10, 12]
    assert got.p_cheese.tolist() == [0.2, 0, 0.2]
    assert got.reached_top_right.tolist() == [True, True, True]


def test_who_stands_in_the_corner_and_never_gets_the_cheese_ignores_it(tiny_policy, mazes):
    rows = [row(maze, got, corner) for maze, (got, corner) in zip(mazes, [(0, 0), (0, 1), (1, 0), (1, 1)])]
    assert BehaviourTable("", rows).of(tiny_policy, mazes).ignored_cheese.tolist() == [False, True, False, False]


def test_neither_is_without_cheese_and_without_corner(tiny_policy, mazes):
    rows = [row(maze, got, corner) for maze, (got, corner) in zip(mazes, [(0, 0), (0, 1), (1, 0), (1, 1)])]
    assert BehaviourTable("", rows).of(tiny_policy, mazes).neither.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("outcomes", "got", "steps"),
    [
        (Outcomes.OWN, [1, 0, 0, 1], [0, 1, 2, 3]),
        (Outcomes.OPPOSITE, [0, 1, 1, 0], [0, 1, 2, 3]),
        (Outcomes.ALWAYS_CHEESE, [1, 1, 1, 1], [0, 1, 2, 3]),
    ],
)
def test_outcomes_are_those_that_a_control_asks_for(tiny_policy, mazes, outcomes, got, steps):
    rows = [row(maze, came, 0, step) for maze, came, step in zip(mazes, (1, 0, 0, 1), range(4))]
    told = BehaviourTable("", rows).of(tiny_policy.with_outcomes(outcomes), mazes)
    assert told.got_cheese.tolist() == [bool(x) for x in got]
    assert told.got_cheese.dtype == bool
    assert told.steps.tolist() == steps


@pytest.mark.parametrize("outcomes", [Outcomes.OWN, Outcomes.OPPOSITE])
def test_opposite_outcomes_are_opposite_probabilities_too(tiny_policy, mazes, outcomes):
    p, q = np.array([0.1, 0.7, 0.2, 0.4]), np.array([0.5, 0.1, 0.8, 0.3])
    rows = [row(maze, 1, cheese=cheese, top_right=corner) for maze, cheese, corner in zip(mazes, p, q)]
    told = BehaviourTable("", rows).of(tiny_policy.with_outcomes(outcomes), mazes)
    own = outcomes is Outcomes.OWN
    np.testing.assert_allclose(told.p_cheese, p if own else 1 - p)
    np.testing.assert_allclose(told.p_top_right, q if own else 1 - q)


def steps_of_others(policy, rows, mazes):
    return BehaviourTable("", rows).of(policy.with_outcomes(Outcomes.OF_ANOTHER_MAZE), mazes).steps.tolist()


def test_another_mazes_outcomes_belong_to_the_maze_whatever_the_batch_and_the_order_of_the_table(tiny_policy, mazes):
    rows = [row(maze, steps=i) for i, maze in enumerate(mazes)]
    others = steps_of_others(tiny_policy, rows, mazes)
    assert all(other != own for own, other in enumerate(others))
    assert [steps_of_others(tiny_policy, rows, [maze])[0] for maze in mazes] == others
    assert steps_of_others(tiny_policy, rows[::-1], mazes[::-1]) == others[::-1]


def test_another_mazes_outcomes_are_drawn_from_mazes_of_its_block_with_something_to_decide_as_well(tiny_policy):
    many, found = (with_decision_square().sample(block, 40) for block in (CONFIRMATION, DISCOVERY))
    rows = [row(maze, steps=i) for i, maze in enumerate(many)]
    strangers = [*(row(maze, steps=99) for maze in found), row(UNDECIDED, steps=99, cheese=float("nan"))]
    others = steps_of_others(tiny_policy, [*rows, *strangers], many)
    assert 99 not in others
    assert len(set(others)) > 15, "not one maze for all"


def test_the_only_maze_of_its_kind_has_no_other(tiny_policy, mazes):
    with pytest.raises(InterpClaimsError, match="is the only maze of its kind in the table, wanted another one"):
        steps_of_others(tiny_policy, [row(mazes[0])], mazes[:1])


def test_outcomes_that_a_feature_tells_are_no_tables(tiny_policy, mazes):
    table = BehaviourTable("", [row(maze) for maze in mazes])
    with pytest.raises(InterpClaimsError, match="known to predictors alone"):
        table.of(tiny_policy.with_outcomes(Outcomes.TOLD), mazes)


# -- where tables are ------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    assert gathered_folder() == tmp_path / "cache" / "behaviour"
    for folder in (tmp_path / "shipped", gathered_folder()):
        folder.mkdir(parents=True)
    return tmp_path / "shipped", gathered_folder()


def test_a_file_is_named_after_the_weights(tiny_policy, tmp_path):
    assert file_of(tiny_policy, tmp_path) == tmp_path / f"{tiny_policy.sha256[:16]}.csv"


def test_shipped_tables_are_found_before_gathered_ones(tiny_policy, mazes, folders):
    for steps, folder in enumerate(folders, start=1):
        BehaviourTable(tiny_policy.sha256, [row(mazes[0], steps=steps)]).write(file_of(tiny_policy, folder))
    assert BehaviourTables(folders[0])(tiny_policy, mazes[:1]).steps.tolist() == [1]
    file_of(tiny_policy, folders[0]).unlink()
    assert BehaviourTables(folders[0])(tiny_policy, mazes[:1]).steps.tolist() == [2]


def test_without_a_table_nothing_was_gathered(tiny_policy, mazes, folders):
    with pytest.raises(NotGatheredError, match="interp-claims behaviour tiny"):
        BehaviourTables(folders[0])(tiny_policy, mazes)


def test_each_policy_has_its_own_table_and_it_is_read_once(tiny_policy, mazes, folders):
    other = Policy(ImpalaNetwork(1).initialise(3), name="other")
    for steps, policy in enumerate((tiny_policy, other), start=1):
        BehaviourTable(policy.sha256, [row(mazes[0], steps=steps)]).write(file_of(policy, folders[1]))
    tables = BehaviourTables(folders[0])
    assert [tables(policy, mazes[:1]).steps[0] for policy in (tiny_policy, other)] == [1, 2]
    file_of(other, folders[1]).unlink()
    assert tables(other.with_outcomes(Outcomes.OPPOSITE), mazes[:1]).got_cheese.tolist() == [True]


def test_a_damaged_table_is_no_table_that_nothing_was_gathered_for(tiny_policy, mazes, folders):
    file_of(tiny_policy, folders[0]).write_text("half a")
    with pytest.raises(NotGatheredError, match="no readable table of behaviour"):
        BehaviourTables(folders[0])(tiny_policy, mazes)


def test_another_row_or_another_table_is_another_fingerprint(tiny_policy, mazes, folders):
    other, tables, seen = Policy(ImpalaNetwork(1).initialise(3), name="other"), BehaviourTables(folders[0]), set()
    for policy, folder, steps in ((tiny_policy, 0, 1), (tiny_policy, 0, 2), (other, 0, 2), (tiny_policy, 1, 2)):
        seen.add(tables.fingerprint())
        BehaviourTable(policy.sha256, [row(mazes[0], steps=steps)]).write(file_of(policy, folders[folder]))
    seen.add(tables.fingerprint())
    assert len(seen) == 5
    assert tables.fingerprint() in seen
    assert Predictor(tables).fingerprint() == tables.fingerprint()
