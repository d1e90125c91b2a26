"""Writing a report: three files, each whole or as it was, and folders that cannot be written to are named."""

import dataclasses
import os

import pytest
from test_summary import IDENTITY, RESULT

from interp_claims.files import FileError
from interp_claims.report.folder import check_folder
from interp_claims.report.results_json import ResultsError, write_results
from interp_claims.report.written import write_report


@pytest.fixture
def results(tmp_path):
    write_results(tmp_path / "results.json", [RESULT, IDENTITY], {"one": "five"}, ["one"])
    return tmp_path / "results.json"


def written(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_page_summary_and_results_lie_side_by_side(results, tmp_path):
    page = write_report(results, tmp_path / "new" / "folder", {}, notes={})
    files = written(page.parent)
    assert set(files) == {"index.html", "summary.md", "results.json"}
    assert files["results.json"] == results.read_bytes()
    assert page.name == "index.html"
    assert files["index.html"].startswith(b"<!DOCTYPE html>")


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    first, second = (written(write_report(results, tmp_path / name, {}, notes={}).parent) for name in "ab")
    assert first == second


def test_results_that_lie_there_already_stay(results):
    before = results.stat().st_mtime_ns
    write_report(results, results.parent, {}, notes={})
    assert results.stat().st_mtime_ns == before


def test_results_of_an_older_version_are_read_too(results, tmp_path):
    import json

    content = json.loads(results.read_text())
    for entry in content["claims"]:
        del entry["scale"], entry["bounds"]
    del content["matrix"]
    results.write_text(json.dumps(content))
    assert "not in the results" in write_report(results, tmp_path / "out", {}, notes={}).read_text()


def test_what_holds_no_results_is_named_and_nothing_is_written(tmp_path):
    (tmp_path / "wrong.json").write_text("{}")
    with pytest.raises(ResultsError, match=r"wrong\.json: no results"):
        write_report(tmp_path / "wrong.json", tmp_path / "out", {}, notes={})
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(FileError) as error:
            check_folder(folder)
        assert str(error.value) == f"{folder}: {tmp_path / 'file'} is a file, wanted a folder; choose another"


def test_a_page_that_is_a_folder_is_named(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(FileError, match=r"index\.html: is a folder, wanted room for a file; choose another folder"):
        check_folder(tmp_path)


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="nothing can be written to"):
        check_folder(tmp_path / "new")


def test_a_full_disk_leaves_the_old_page(results, tmp_path, monkeypatch):
    write_report(results, tmp_path / "out", {}, notes={})
    before = written(tmp_path / "out")
    write_results(results, [dataclasses.replace(RESULT, verdict="refuted")])

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(FileError, match="No space left on device"):
            write_report(results, tmp_path / "out", {}, notes={})
    assert written(tmp_path / "out") == before
