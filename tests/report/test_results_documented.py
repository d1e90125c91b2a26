"""docs/results.md tells of every field of the file that is written, of its type, and of no other."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from test_summary import IDENTITY, RESULT

from interp_claims.report.results_json import read_results, write_results
from interp_claims.results import SCHEMA_VERSION, ClaimResult, Comparison, ControlResult

DOCUMENT = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
TYPES = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
COMPARED = Comparison("c", "older", "2" * 64, "regressed", -0.2, (-0.3, -0.1), 40, 0.05, "mechanism", "supported")
FULL = dataclasses.replace(
    RESULT, threshold=0.2, alpha=0.001, scores=((1, 0.5),), against=((1, 0.5),), bounds=(-1.0, 1.0), unmeasurable=3,
    comparison=COMPARED, loaded_as="nets/one.pth", distribution="stock_mazes()", code_sha256="3" * 64,
)  # fmt: skip


def documented(heading):
    """The types of the fields in the table under a heading, by name."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)[1]
    return {
        name: kinds.split(" or ") for name, kinds in re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", section, re.MULTILINE)
    }


@pytest.fixture
def content(tmp_path):
    rows = [FULL, IDENTITY, dataclasses.replace(FULL, policy="two")]
    write_results(tmp_path / "results.json", rows, {"one": "five", "two": "five"}, ["one"])
    return json.loads((tmp_path / "results.json").read_text())


def agree(heading, *values):
    fields = documented(heading)
    for value in values:
        assert list(value) == list(fields), heading
        for name, kinds in fields.items():
            assert any(TYPES[kind](value[name]) for kind in kinds), (heading, name, value[name])


def test_every_field_is_documented_with_its_type_and_no_other(content):
    agree("The file", content)
    agree("`matrix`", content["matrix"])
    agree("A result", *content["claims"])
    agree("A control", *(control for result in content["claims"] for control in result["controls"]))
    agree("A comparison", *(result["comparison"] for result in content["claims"] if result["comparison"]))
    assert [set(entry) for entry in content["matrix"]["claims"]] == [{"claim", "verdicts", "counts"}]


def test_the_tables_are_those_of_the_classes():
    for heading, kind in (("A result", ClaimResult), ("A control", ControlResult), ("A comparison", Comparison)):
        assert list(documented(heading)) == [field.name for field in dataclasses.fields(kind)]


def test_the_document_is_that_of_this_schema():
    assert f"**Schema {SCHEMA_VERSION}.**" in DOCUMENT
    assert f"of this file: {SCHEMA_VERSION}" in DOCUMENT


def test_fields_that_were_added_need_not_be_there(tmp_path, content):
    for entry in content["claims"]:
        for name in ("scale", "bounds", "loaded_as", "slow", "command", "distribution", "code_sha256"):
            del entry[name]
    (tmp_path / "older.json").write_text(json.dumps(content))
    older = read_results(tmp_path / "older.json")
    assert [(r.scale, r.bounds, r.loaded_as, r.slow, r.command) for r in older] == [(None, None, None, False, "")] * 3
    assert [(r.distribution, r.code_sha256) for r in older] == [(None, None)] * 3
