"""Files: derived data goes where it is told to, and nobody reads half a file."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import platformdirs
import pytest

from interp_claims.files import cache_folder, write_atomically


def test_derived_data_goes_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"


@pytest.mark.parametrize("unset", ["empty", "missing"])
def test_derived_data_else_goes_to_the_users_cache(monkeypatch, unset):
    if unset == "empty":
        monkeypatch.setenv("INTERP_CLAIMS_CACHE", "")
    else:
        monkeypatch.delenv("INTERP_CLAIMS_CACHE")
    assert cache_folder() == Path(platformdirs.user_cache_dir("interp-claims", appauthor=False))
    assert cache_folder().is_absolute()


def test_tests_never_touch_the_users_cache(cache_of_the_tests):
    assert cache_folder() == cache_of_the_tests


def test_a_file_is_written_anew_or_replaced(tmp_path):
    path = tmp_path / "a.json"
    write_atomically(path, "first, and quite a bit longer")
    assert path.read_text() == "first, and quite a bit longer"
    write_atomically(path, "second")
    assert path.read_text() == "second"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_written_as_they_are(tmp_path, kind):
    content = bytes(range(256)) * 9 + b"\r\n"
    write_atomically(tmp_path / "a.bin", kind(content))
    assert (tmp_path / "a.bin").read_bytes() == content
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


def test_line_ends_are_written_as_they_are(tmp_path):
    write_atomically(tmp_path / "a.txt", "one\ntwo\r\n")
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo\r\n"


@pytest.mark.parametrize("crash", [OSError("disk full"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, crash):
    path = tmp_path / "a.json"
    write_atomically(path, "old")

    def fail(*_):
        raise crash

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(type(crash)):
            write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_the_old_bytes_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_atomically(path, b"old")

    def full(_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="disk full"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "a.json"
    contents = [json.dumps([letter] * 20_000) for letter in "ab"]
    write_atomically(path, contents[0])
    done = threading.Event()

    def write():
        for i in range(150):
            write_atomically(path, contents[i % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(path.read_text())
    writer.join()
    assert seen <= set(contents)
    assert seen


def test_two_writers_do_not_get_in_each_others_way(tmp_path):
    path = tmp_path / "a.json"
    contents = [letter * 100_000 for letter in "abcd"]

    def write(text):
        for _ in range(30):
            write_atomically(path, text)

    writers = [threading.Thread(target=write, args=(text,)) for text in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_file_is_never_taken_for_a_finished_one(tmp_path, monkeypatch):
    during = []
    monkeypatch.setattr(os, "replace", lambda *_: during.extend(tmp_path.glob("*.json")))
    write_atomically(tmp_path / "a.json", "text")
    assert not during


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_has_the_permissions_of_any_other_new_file(tmp_path):
    write_atomically(tmp_path / "a.json", "text")
    (tmp_path / "b.json").write_text("text")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.json", "b.json")}
    assert len(modes) == 1


@pytest.mark.skipif(os.name != "posix", reason="locales of POSIX")
def test_files_are_utf_8_in_every_locale(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    program = "import sys; from pathlib import Path; from interp_claims.files import write_atomically\n"
    program += f"write_atomically(Path({str(path)!r}), '\\u201cso\\u201d')"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("LC_ALL", "POSIX")
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=60)
    assert path.read_bytes() == "“so”".encode()
