"""The explorer's inside: which policies, which mazes, and many requests at once."""

import dataclasses
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from shown_policies import MANIFEST, SMALL, TRAINED

from interp_claims.errors import InterpClaimsError
from interp_claims.explore import EditChoice, Explorer, InputError, State
from interp_claims.explore import explorer as module
from interp_claims.explore.explorer import ClosedError
from interp_claims.mazes import Facing, decision_square, level
from interp_claims.policies import DEFAULT_LAYER, Manifest, ManifestError


def whole(answers):
    return list(answers)


def test_the_policies_of_the_command_line_come_first_and_those_that_ship_follow(explorer):
    names = list(explorer.policies)
    assert names[:2] == [TRAINED, SMALL]
    assert set(Manifest(MANIFEST).entries) <= set(names) and len(set(names)) == len(names)


def test_files_are_called_by_their_names_each_once(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(MANIFEST.parent / f"{TRAINED}.safetensors", tmp_path / folder / "mine.safetensors")
    files = [str(tmp_path / folder / "mine.safetensors") for folder in "ab"]
    explorer = Explorer(Manifest(MANIFEST), files)
    assert [*explorer.policies][:2] == ["mine", "mine-2"]
    assert explorer.policy("mine-2").loaded_as == files[1]
    explorer.close()


def test_a_policy_that_there_is_not_is_refused_before_anything_starts():
    with pytest.raises(ManifestError, match="neither a checkpoint file"):
        Explorer(Manifest(MANIFEST), ["nothing.pth"])


@pytest.mark.parametrize(
    "name", ["nothing", "../fixtures/region5-seed0-scale2.safetensors", "untrained-scale9-seed0", ""]
)
def test_only_the_policies_that_were_named_can_be_loaded(explorer, name):
    with pytest.raises(InputError, match=r"^policy: got .*, wanted one of region5-seed0-scale2, untrained-"):
        explorer.policy(name)


def test_a_policy_is_described_by_its_layers(explorer):
    described = explorer.describe(SMALL)
    assert (described["scale"], described["default_layer"]) == (1, DEFAULT_LAYER)
    layers = {layer["name"]: layer for layer in described["layers"]}
    assert layers[DEFAULT_LAYER] == {"name": DEFAULT_LAYER, "shape": [32, 16, 16], "residual": True}
    assert not layers["embedder.block1.conv_out"]["residual"] and "fc_policy_out" not in layers


def test_new_mazes_are_levels(explorer):
    assert explorer.new_maze(17) == level(17)
    sized = explorer.new_maze(18, 9)
    assert sized.size == 9 and sized.seed >= 18 and sized == level(sized.seed)
    assert all(level(seed).size != 9 for seed in range(18, sized.seed))


def test_where_no_level_of_a_size_follows_the_seed_that_is_said(explorer):
    wanted = r"^maze seed: got 2147483646, wanted one that a level of size 3 follows; choose a smaller seed$"
    assert level(2147483646).size != 3
    with pytest.raises(InputError, match=wanted):
        explorer.new_maze(2147483646, 3)


def test_the_page_starts_with_a_decision(explorer):
    start = explorer.start()
    assert start.policy == TRAINED and decision_square(start.maze) is not None
    assert State.from_fragment(start.to_fragment()) == start


def test_what_is_needed_at_once_comes_first_then_the_field_then_the_end(explorer, state):
    answers = whole(explorer.answers(state.to_fragment()))
    kinds = [answer["type"] for answer in answers]
    assert kinds == ["first"] + ["field"] * (len(kinds) - 2) + ["done"]
    assert (
        sum(len(answer.get("rows", ())) for answer in answers)
        == answers[0]["total"]
        == len(state.maze.free_squares) - 1
    )
    assert [answer["type"] for answer in explorer.answers(state.to_fragment(), field=False)] == ["first", "done"]


def test_a_request_ends_when_a_later_one_of_the_same_page_has_come(explorer, state):
    earlier = explorer.answers(state.to_fragment(), tab="a", turn=1)
    assert next(earlier)["type"] == "first"
    elsewhere = explorer.answers(state.to_fragment(), tab="b", turn=9)
    assert next(earlier)["type"] == "field", "another page has turns of its own"
    later = explorer.answers(state.to_fragment(), tab="a", turn=2)
    assert [answer["type"] for answer in earlier] == ["outdated"]
    for answers in (later, elsewhere):
        assert whole(answers)[-1]["type"] == "done"


def test_the_pages_that_are_remembered_are_not_without_end(explorer, state, monkeypatch):
    monkeypatch.setattr(module, "_MOST_TABS", 3)
    for tab in range(9):
        whole(explorer.answers(state.to_fragment(), tab=str(tab), field=False))
    assert list(explorer._latest) == ["6", "7", "8"]


def test_an_error_in_the_middle_is_told_and_ends_the_answer(explorer, state, monkeypatch):
    answers = explorer.answers(state.to_fragment())
    next(answers)

    def broken(*_):
        raise InputError("it", "this", "that", "mend it")

    monkeypatch.setattr(module, "look_at", broken)
    assert list(answers) == [{"type": "problem", "message": "it: got this, wanted that; mend it"}]


def test_requests_at_once_get_the_answers_that_they_would_get_alone(explorer, state):
    """Two networks, three mazes and two edits, asked for by eight threads, while a fresh explorer is asked in turn."""
    clamp = EditChoice("clamp", DEFAULT_LAYER, (3,), (12, 11), 9.0)
    vector = EditChoice("cheese", DEFAULT_LAYER, number=-1.0)
    mazes = [state.maze, state.maze.with_cheese((12, 14)), state.maze.with_mouse((12, 12), Facing.RIGHT)]
    states = [
        dataclasses.replace(state, policy=name, maze=maze, edits=(edit,)).to_fragment()
        for name in (TRAINED, SMALL)
        for maze in mazes
        for edit in (clamp, vector)
    ]
    alone = Explorer(Manifest(MANIFEST), [TRAINED, SMALL])
    wanted = [whole(alone.answers(one)) for one in states]
    alone.close()
    fresh = Explorer(Manifest(MANIFEST), [TRAINED, SMALL])
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda one: whole(fresh.answers(one)), [*states, *states]))
    fresh.close()
    assert got == [*wanted, *wanted]


def test_everything_is_asked_by_one_thread(explorer):
    names = {explorer.ask(lambda: threading.current_thread().name) for _ in range(5)}
    assert len(names) == 1 and names != {threading.current_thread().name}


def test_an_explorer_that_was_closed_answers_no_more_and_says_so():
    explorer = Explorer(Manifest(MANIFEST), [SMALL])
    begun, go_on, errors = threading.Event(), threading.Event(), []

    def busy():
        begun.set()
        go_on.wait(60)

    def asking(function):
        try:
            explorer.ask(function)
        except InterpClaimsError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=asking, args=(function,)) for function in (busy, int)]
    threads[0].start()
    begun.wait(60)
    threads[1].start()
    while not explorer._thread._work_queue.qsize():
        time.sleep(0.01)
    explorer.close()
    go_on.set()
    for thread in threads:
        thread.join()
    assert errors == ["the explorer is ending; start it again"], "the one that waited; the other was answered"
    with pytest.raises(ClosedError):
        explorer.ask(int)
