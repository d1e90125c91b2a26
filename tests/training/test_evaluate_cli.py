"""``python -m interp_claims.training.evaluate``: what is measured, kept, printed and refused."""

import hashlib
import json
import re

import pytest

from interp_claims.measures.evaluation import Cell, Outcome, Where
from interp_claims.policies import ImpalaNetwork, identity, save_network
from interp_claims.training import Recipe, evaluate

IN, OFF = Where.IN_DISTRIBUTION, Where.OFF_DISTRIBUTION
WANTED = [(IN, 3), (IN, 5), (OFF, 7)]
MARKS = "# Policies\n\n<!-- evaluation: begin -->\n{}<!-- evaluation: end -->\n\nMore – of it.\n"  # noqa: RUF001


def made_up(policy, region, cells, count):
    """Cells that differ by policy, size and the number of mazes."""
    for where, size in cells:
        share = int(policy.sha256[:2], 16) / 256
        yield Cell(where, size, {Outcome.CHEESE: count - 1, Outcome.NEITHER: 1}, 4 * count, share, share * size, 0.5)


@pytest.fixture
def measured(request, monkeypatch):
    """Three cells instead of twenty-two, made up where no test asks for ``real_measures``.

    Keeps what was measured, and can be told to be interrupted once, after so many cells.
    """
    real = evaluate.evaluate if "real_measures" in request.fixturenames else made_up

    def measure(policy, region, cells, count):
        for cell in cells:
            if len(measure.log) == measure.interrupted_after:
                measure.interrupted_after = None
                raise KeyboardInterrupt
            measure.log.append((policy.sha256[:6], region, *cell, count))
            yield from real(policy, region, [cell], count)

    measure.interrupted_after, measure.log = None, []
    monkeypatch.setattr(evaluate, "evaluate", measure)
    monkeypatch.setattr(evaluate, "cells_wanted", lambda region: WANTED[: 2 if region == 25 else 3])
    return measure


@pytest.fixture
def real_measures():
    """Asked for by the tests that really measure."""


@pytest.fixture
def manifest(tmp_path):
    """A manifest of one small policy, ``listed``, trained with the cheese anywhere."""
    network = ImpalaNetwork(1).initialise(7)
    path = tmp_path / "listed.safetensors"
    save_network(network, path)
    entry = {
        "file": path.name,
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sha256": identity(network.state_dict()),
        "scale": 1,
        "seed": 7,
        "region": 25,
        "origin": "drawn",
        "licence": "MIT",
        "card": "none.md",
    }
    lines = ['default = "listed"', "[policies.listed]", *(f"{name} = {json.dumps(v)}" for name, v in entry.items())]
    (tmp_path / "policies.toml").write_text("\n".join(lines))
    return tmp_path / "policies.toml"


@pytest.fixture
def real_plot():
    """Asked for by the tests that look at the plot; it takes its time."""


@pytest.fixture
def command_line(request, tmp_path, manifest, measured, capsys, monkeypatch):
    """Runs the command line: exit status, standard output, and standard error with its line ends taken away."""
    if "real_plot" not in request.fixturenames:
        monkeypatch.setattr(evaluate, "plot_evaluations", lambda evaluations, path: path.write_bytes(b"a plot"))

    def run(*arguments, count="1"):
        options = ["--out", str(tmp_path / "out"), "--manifest", str(manifest), "--mazes-per-size", count]
        status = evaluate.main([*map(str, arguments), *options])
        captured = capsys.readouterr()
        return status, captured.out, " ".join(captured.err.split())

    return run


@pytest.fixture
def mine(tmp_path):
    """A checkpoint of a seed."""

    def save(seed=0, name="mine", **options):
        path = tmp_path / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        save_network(ImpalaNetwork(1).initialise(seed), path, **options)
        return path

    return save


def kept(tmp_path, name="mine"):
    return json.loads((tmp_path / "out" / f"{name}.json").read_text())


def short_sha(seed):
    return identity(ImpalaNetwork(1).initialise(seed).state_dict())[:6]


# -- measuring and keeping -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("real_plot", "real_measures")
def test_every_cell_is_measured_kept_and_shown(command_line, tmp_path, measured, mine):
    status, shown, errors = command_line(mine())
    assert (status, errors) == (0, "")
    assert measured.log == [(short_sha(0), 5, *cell, 1) for cell in WANTED]
    data = kept(tmp_path)
    sha256 = identity(ImpalaNetwork(1).initialise(0).state_dict())
    cells = [Cell.from_dict(cell) for cell in data.pop("cells")]
    assert data == {"schema": 1, "policy": "mine", "sha256": sha256, "scale": 1, "region": 5, "mazes_per_size": 1}
    assert [(cell.where, cell.size, sum(cell.outcomes.values())) for cell in cells] == [(*cell, 1) for cell in WANTED]
    assert "mine, in distribution (region 5), 1 mazes a size" in shown
    assert "mine, off distribution (region 5), 1 mazes a size" in shown
    assert re.search(rf"^ *7 .* {cells[2].entropy:.2f} ", shown, re.MULTILINE)
    plot = tmp_path / "out" / "evaluation.png"
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert " ".join(shown.split()).endswith(f"written: {plot} and mine.json beside it")


def test_nothing_is_measured_twice(command_line, tmp_path, measured, mine):
    path = mine()
    _, first, _ = command_line(path)
    before = kept(tmp_path)
    status, again, _ = command_line(path)
    assert status == 0
    assert len(measured.log) == 3
    assert again == first
    assert kept(tmp_path) == before


def test_other_weights_of_the_same_name_are_measured_anew(command_line, tmp_path, measured, mine):
    command_line(mine(0))
    command_line(mine(1))
    assert [entry[0] for entry in measured.log] == [short_sha(0)] * 3 + [short_sha(1)] * 3
    assert kept(tmp_path)["sha256"].startswith(short_sha(1))


@pytest.mark.parametrize(
    ("options", "count"), [(("--region", "6"), "1"), ((), "2")], ids=["another region", "more mazes"]
)
def test_other_settings_are_measured_anew(command_line, tmp_path, measured, mine, options, count):
    command_line(mine())
    status, *_ = command_line(mine(), *options, count=count)
    assert status == 0
    assert len(measured.log) == 6
    assert {entry[1] for entry in measured.log[3:]} == {6 if options else 5}
    assert kept(tmp_path)["mazes_per_size"] == int(count)


def test_an_interrupted_evaluation_goes_on_where_it_stopped(command_line, tmp_path, measured, mine):
    measured.interrupted_after = 2
    status, shown, errors = command_line(mine())
    assert (status, shown, errors) == (130, "", "interrupted; the same command goes on")
    assert [(cell["where"], cell["size"]) for cell in kept(tmp_path)["cells"]] == [(w.value, s) for w, s in WANTED[:2]]
    first = kept(tmp_path)["cells"]
    status, *_ = command_line(mine())
    assert status == 0
    assert [entry[2:4] for entry in measured.log] == WANTED
    assert kept(tmp_path)["cells"][:2] == first


def test_cells_are_kept_in_order_whatever_was_measured_first(command_line, tmp_path, mine):
    command_line(mine())
    path = tmp_path / "out" / "mine.json"
    data = kept(tmp_path)
    path.write_text(json.dumps({**data, "cells": data["cells"][2:]}))
    command_line(mine())
    assert kept(tmp_path) == data


@pytest.mark.parametrize(
    "change",
    [
        lambda data: "",
        lambda data: json.dumps(data)[:-20],
        lambda data: "[]",
        lambda data: json.dumps({**data, "cells": 3}),
        lambda data: json.dumps({name: value for name, value in data.items() if name != "sha256"}),
        lambda data: json.dumps({**data, "cells": [{**data["cells"][0], "where": "nowhere"}]}),
        lambda data: json.dumps({**data, "cells": [{**data["cells"][0], "colour": "red"}]}),
    ],
    ids=["empty", "cut", "a list", "no cells", "no identity", "a cell of nowhere", "a cell with more"],
)
def test_a_damaged_file_is_named_and_left_as_it_is(command_line, tmp_path, measured, mine, change):
    command_line(mine())
    path = tmp_path / "out" / "mine.json"
    path.write_text(change(kept(tmp_path)))
    content = path.read_text()
    status, _, errors = command_line(mine())
    assert status == 2
    assert errors.startswith(f"interp_claims.training.evaluate: {path}: no readable evaluation (")
    assert errors.endswith("); delete it to measure anew")
    assert path.read_text() == content
    assert len(measured.log) == 3


# -- which region --------------------------------------------------------------------------------------------------


def made_with(region):
    return {"training": json.dumps({"recipe": Recipe(region=region).to_dict()})}


@pytest.mark.parametrize("asked", [(), ("--region", "9")])
def test_a_checkpoint_that_tells_its_region_is_believed(command_line, measured, mine, asked):
    command_line(mine(metadata=made_with(3)), *asked)
    assert {entry[1] for entry in measured.log} == {3}


@pytest.mark.parametrize(
    "metadata",
    [{"training": "{}"}, {"training": "by hand"}, {"training": "[]"}, {"training": '{"recipe": {"region": "x"}}'}, {}],
    ids=str,
)
def test_where_a_checkpoint_tells_nothing_it_is_as_asked(command_line, measured, mine, metadata):
    status, *_ = command_line(mine(metadata=metadata), "--region", "6")
    assert status == 0
    assert {entry[1] for entry in measured.log} == {6}


def test_a_listed_policy_has_the_region_of_the_manifest(command_line, tmp_path, measured):
    status, shown, _ = command_line("listed", "untrained-scale1-seed0")
    assert status == 0
    assert [entry[1] for entry in measured.log] == [25, 25, 5, 5, 5]
    assert kept(tmp_path, "listed")["region"] == 25
    assert "listed, off distribution" not in shown
    assert " ".join(shown.split()).endswith("listed.json, untrained-scale1-seed0.json beside it")


def test_all_are_those_of_the_manifest(command_line, tmp_path):
    assert command_line("all")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["evaluation.png", "listed.json"]


@pytest.mark.parametrize(
    ("policies", "folder"),
    [(["all"], "evaluation"), (["listed"], "evaluation"), (["mine"], "work/evaluation"),
     (["all", "mine"], "work/evaluation"), (["untrained-scale1-seed0"], "work/evaluation")],
)  # fmt: skip
def test_the_plot_that_ships_is_replaced_by_one_of_all_shipped_policies_alone(
    tmp_path, manifest, measured, mine, monkeypatch, policies, folder
):
    monkeypatch.setattr(evaluate, "plot_evaluations", lambda evaluations, path: path.write_bytes(b"a plot"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    named = [str(mine()) if policy == "mine" else policy for policy in policies]
    assert evaluate.main([*named, "--manifest", str(manifest), "--mazes-per-size", "1"]) == 0
    assert list(tmp_path.rglob("evaluation.png")) == [tmp_path / folder / "evaluation.png"]


def test_checkpoints_of_one_name_are_kept_apart(command_line, tmp_path, mine):
    paths = [mine(seed, name) for seed, name in ((0, "a/mine"), (1, "b/mine"))]
    assert command_line(*paths)[0] == 0
    kept_under = sorted(path.stem for path in (tmp_path / "out").glob("*.json"))
    assert len(kept_under) == 2
    assert all(name.startswith("mine-") for name in kept_under)


# -- Markdown ------------------------------------------------------------------------------------------------------


def test_the_table_is_written_between_its_marks_and_the_rest_is_kept(command_line, tmp_path, mine):
    readme = tmp_path / "README.md"
    readme.write_text(MARKS.format("old\ntable\n"), encoding="utf-8")
    command_line(mine(), "listed", "--markdown", readme)
    first = readme.read_text(encoding="utf-8")
    _, table, _ = re.split(r"<!-- evaluation: begin -->\n|<!-- evaluation: end -->", first)
    assert first == MARKS.format(table)
    assert [line.split(" | ")[0] for line in table.splitlines()][2:] == ["| `mine`", "| `listed`"]
    assert "old" not in table
    command_line(mine(), "listed", "--markdown", readme)
    assert readme.read_text(encoding="utf-8") == first


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "# Policies\n",
        "<!-- evaluation: begin -->\n",
        "<!-- evaluation: end -->\n<!-- evaluation: begin -->\n",
    ],
    ids=["no file", "empty", "no marks", "one mark", "the wrong way round"],
)
def test_a_file_without_marks_is_refused_and_left_as_it_is(command_line, tmp_path, mine, text):
    readme = tmp_path / "README.md"
    if text is not None:
        readme.write_text(text)
    status, _, errors = command_line(mine(), "--markdown", readme)
    assert status == 2
    assert errors.startswith("interp_claims.training.evaluate: ")
    assert (
        f"{readme}: found no pair of marks, wanted '<!-- evaluation: begin -->' and '<!-- evaluation: end -->' on "
        "lines of their own around"
    ) in errors
    assert (readme.read_text() if readme.exists() else None) == text


# -- what is refused -----------------------------------------------------------------------------------------------


def test_an_unknown_policy_is_named_before_anything_is_measured(command_line, tmp_path, measured, mine):
    status, _, errors = command_line(mine(), "nobody")
    assert status == 2
    assert errors.startswith("interp_claims.training.evaluate: policy 'nobody': neither a checkpoint file")
    assert measured.log == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", ["0", "-1", "10001"])
def test_a_number_of_mazes_out_of_range_is_refused(command_line, measured, mine, count):
    status, _, errors = command_line(mine(), count=count)
    assert status == 2
    assert errors == f"interp_claims.training.evaluate: --mazes-per-size: got {count}, wanted 1 to 10,000"


@pytest.mark.usefixtures("real_measures")
@pytest.mark.parametrize("region", ["0", "26"])
def test_a_region_that_there_is_not_is_refused(command_line, tmp_path, mine, region):
    status, _, errors = command_line(mine(), "--region", region)
    assert status == 2
    assert errors == f"interp_claims.training.evaluate: region: got {region}, wanted 1 to 25"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["mine", "--mazes-per-size", "few"], ["mine", "--colour"]], ids=" ".join)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        evaluate.main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m interp_claims.training.evaluate" in capsys.readouterr().err


def test_outcomes_are_written_by_their_names(command_line, tmp_path, mine):
    command_line(mine())
    assert all(set(cell["outcomes"]) == {o.value for o in Outcome} for cell in kept(tmp_path)["cells"])
