"""The JSON of a run: written whole or not at all, read back as it was, and nothing else taken for it."""

import dataclasses
import json
import os

import pytest

import interp_claims
from interp_claims.report.results_json import ResultsError, read_results, write_results
from interp_claims.results import ENGINE_VERSION, ClaimResult, ControlResult

RESULT = ClaimResult(
    claim="claims/test_b.py::test_it[size]",
    number=11,
    kind="sampled",
    sentence="It is “so”.",
    source="a source",
    policy="one",
    policy_sha256="1" * 64,
    verdict="supported",
    effect=0.1 + 0.2,
    interval=(1 / 3, 2 / 3),
    threshold=0.2,
    statement="mean at least 0.2",
    mazes=64,
    budget=1024,
    alpha=0.001,
    controls=(ControlResult("no-op", "null", "refuted", 0.0, (-0.1, 0.1), 475, True),),
    against=((1_100_000_001, -0.5), (1_100_000_002, 0.0)),
    seconds=1.25,
)
UNIVERSAL = dataclasses.replace(
    RESULT, claim="claims/test_a.py::test_it", number=None, kind="universal", policy=None, policy_sha256=None,
    verdict="refuted", effect=None, interval=None, alpha=None, controls=(), against=(), counterexample="a\nb",
)  # fmt: skip


def test_results_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "new" / "folder" / "results.json"
    write_results(path, [RESULT, UNIVERSAL])
    assert read_results(path) == [UNIVERSAL, RESULT]
    write_results(path, [])
    assert read_results(path) == []


def test_results_are_sorted_by_claim_and_policy(tmp_path):
    other = dataclasses.replace(RESULT, policy="another")
    for results in ([RESULT, UNIVERSAL, other], [other, RESULT, UNIVERSAL]):
        write_results(tmp_path / "results.json", results)
        assert read_results(tmp_path / "results.json") == [UNIVERSAL, other, RESULT]


@pytest.mark.parametrize("exploratory", [False, True])
def test_the_file_says_what_made_it_and_whether_it_counts(tmp_path, exploratory):
    write_results(tmp_path / "results.json", [UNIVERSAL, dataclasses.replace(RESULT, exploratory=exploratory)])
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["exploratory"] is exploratory
    assert content["interp_claims"] == interp_claims.__version__
    assert content["engine"] == ENGINE_VERSION
    assert content["claims"][1]["interval"] == list(RESULT.interval)
    assert {"python", "numpy", "schema"} <= set(content)


def test_a_crash_while_writing_leaves_the_old_results(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    write_results(path, [RESULT])
    before = path.read_bytes()

    def crash(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(OSError, match="disk full"):
            write_results(path, [UNIVERSAL])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_results_of_another_schema_are_refused(tmp_path):
    path = tmp_path / "results.json"
    write_results(path, [RESULT])
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": content["schema"] + 1}))
    with pytest.raises(ResultsError) as error:
        read_results(path)
    assert str(error.value) == (
        f"{path}: has schema {content['schema'] + 1}, wanted {content['schema']}; run the claims again"
    )


def whole(**changes):
    content = {"schema": 1, "claims": [RESULT.to_dict()]}
    return json.dumps({**content, **changes})


def entry(**changes):
    return whole(claims=[{**RESULT.to_dict(), **changes}])


@pytest.mark.parametrize(
    "text",
    [
        "",
        whole()[:-30],
        "[]",
        "null",
        '"schema"',
        "{}",
        '{"schema": 1}',
        whole(claims=None),
        whole(claims=[1]),
        whole(claims=["x"]),
        whole(claims=[{}]),
        entry(new=1),
        entry(controls=None),
        entry(controls=[{"name": "no-op"}]),
        entry(interval=[1]),
    ],
    ids=range(15),
)
def test_a_file_that_holds_no_results_is_named(tmp_path, text):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ResultsError) as error:
        read_results(path)
    assert str(error.value).startswith(f"{path}: no results (")
    assert str(error.value).endswith("); write them with pytest claims/ --claims-json")


def test_a_file_that_is_no_text_or_a_folder_is_named(tmp_path):
    path = tmp_path / "results.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultsError, match=r"results\.json: no results \(UnicodeDecodeError"):
        read_results(path)
    with pytest.raises(ResultsError, match="no results"):
        read_results(tmp_path)


def test_whole_results_are_taken(tmp_path):
    (tmp_path / "results.json").write_text(whole())
    assert read_results(tmp_path / "results.json") == [RESULT]
