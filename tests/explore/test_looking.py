"""What is shown: the numbers of the library's own measures."""

import base64
import dataclasses

import numpy as np
import pytest
import torch

from interp_claims.edits import clamp, no_op
from interp_claims.explore import EditChoice
from interp_claims.explore.looking import edited_activation, field_batches, first_look, look_at, scene_of
from interp_claims.mazes import Facing, Observations, paint
from interp_claims.measures import decide, vector_fields
from interp_claims.policies import DEFAULT_LAYER, cell_of

CLAMP = EditChoice("clamp", DEFAULT_LAYER, (3,), (12, 11), 40.0)


@pytest.fixture
def policy(explorer):
    return explorer.policy("region5-seed0-scale2")


@pytest.fixture
def edited(policy, state):
    return dataclasses.replace(state, edits=(CLAMP,)), policy.edited(clamp([3], [(12, 11)], 40.0))


def values(text):
    return np.frombuffer(base64.b64decode(text), np.float32)


def test_the_decision_is_that_of_the_measure(policy, edited):
    state, under_edit = edited
    decision = first_look(scene_of(policy, state))["decision"]
    assert decision["square"] == [12, 11]
    for name, asked in (("before", policy), ("after", under_edit)):
        wanted = decide(asked, [state.maze])
        assert decision[name] == {
            "cheese": pytest.approx(wanted.cheese[0]),
            "top_right": pytest.approx(wanted.top_right[0]),
            "other": pytest.approx(wanted.other[0], abs=1e-12),
        }
    assert decision["before"] != decision["after"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda maze: maze.without_cheese(), "The maze has no cheese."),
        (lambda maze: maze.with_cheese((14, 13)), "The ways to the cheese and to the top-right corner do not part"),
        (lambda maze: maze.with_free((12, 11), False), "No paths join the start square, the cheese and the top-right "),
        (lambda maze: maze.with_free((14, 14), False), "The top-right corner is a wall."),
        (
            lambda maze: maze.with_mouse((12, 12)).with_free(maze.start, False),
            "The start square, bottom left, is a wall.",
        ),
    ],
)
def test_where_there_is_no_decision_the_reason_is_said(policy, state, change, expected):
    look = first_look(scene_of(policy, dataclasses.replace(state, maze=change(state.maze))))
    assert look["decision"]["why_not"].startswith(expected)


@pytest.mark.parametrize("facing", Facing)
def test_the_field_is_that_of_the_measure_nearest_the_mouse_first(policy, edited, facing):
    state, under_edit = edited
    maze = state.maze.with_mouse((12, 13), facing)
    scene = scene_of(policy, dataclasses.replace(state, maze=maze))
    batches = list(field_batches(scene))
    rows = [row for squares in batches for row in look_at(scene, squares)["rows"]]
    assert max(map(len, batches)) <= policy.forward.chunk
    assert [row[:2] for row in rows[:2]] == [[12, 13], [12, 12]]
    for column, asked in ((2, policy), (3, under_edit)):
        field = vector_fields(asked, [maze], facing)[0]
        got = {tuple(row[:2]): row[column] for row in rows}
        assert set(got) == set(field.squares)
        np.testing.assert_allclose([got[square] for square in field.squares], field.probabilities, atol=2e-6)


def test_without_an_edit_there_is_no_after(policy, state):
    scene = scene_of(policy, state)
    look = first_look(scene)
    assert "after" not in look["decision"] and "after" not in look["mouse"]
    assert look["edit"] == {"text": "", "problem": ""}
    assert len(look["activations"]["strongest"]) == 8
    assert all(row[3] is None for row in look_at(scene, scene.squares)["rows"])
    assert all(one["after"] is None for one in look["activations"]["maps"])


def test_the_mouse_is_asked_where_it_is(policy, state):
    maze = state.maze.with_mouse((12, 13), Facing.RIGHT)
    mouse = first_look(scene_of(policy, dataclasses.replace(state, maze=maze)))["mouse"]["before"]
    there = Observations.one_each([maze])
    p = policy.direction_probabilities(there)[0]
    assert mouse["value"] == pytest.approx(policy.values(there)[0])
    assert mouse["entropy"] == pytest.approx(-(p * np.log(p)).sum())


def test_activations_are_those_at_the_mouse_before_and_after(policy, edited):
    state, _ = edited
    shown = first_look(scene_of(policy, state))["activations"]
    there = policy.activations(Observations.one_each([state.maze]), DEFAULT_LAYER)[0].numpy()
    side = there.shape[-1]
    assert (shown["side"], shown["strongest"]) == (side, [3]), "no other channel changes"
    assert shown["marks"] == {"mouse": cell_of(state.maze.mouse), "cheese": cell_of(state.maze.cheese)}
    for one in shown["maps"]:
        channel = one["channel"]
        np.testing.assert_array_equal(values(one["before"]), there[channel].ravel())
        after = there[channel].copy()
        if channel == 3:
            after[cell_of((12, 11))] = 40.0
        np.testing.assert_array_equal(values(one["after"]), after.ravel())
        assert one["clamped"] == ([cell_of((12, 11))] if channel == 3 else [])


def test_an_edit_shows_downstream_and_not_upstream(policy, state):
    edit = clamp([3], [(12, 11)], 40.0)
    before, after = "embedder.block2.conv_out", "embedder.block3.res1.resadd_out"
    there = Observations.one_each([state.maze])
    assert torch.equal(edited_activation(policy, state.maze, edit, before), policy.activations(there, before)[0])
    changed = edited_activation(policy, state.maze, edit, after)
    assert not torch.allclose(changed, policy.activations(there, after)[0])
    assert torch.allclose(
        edited_activation(policy, state.maze, no_op(DEFAULT_LAYER), after),
        policy.activations(there, after)[0],
        atol=1e-5,
    )


@pytest.mark.parametrize("layer", ["embedder.block1.conv_out", "embedder.block2.res1.conv1_out", "embedder.relu3_out"])
def test_any_layer_with_height_and_width_can_be_edited_and_shown(policy, state, layer):
    edit = EditChoice("clamp", layer, (0,), (12, 11), 3.0)
    chosen = dataclasses.replace(state, layer=layer, channels=(0,), edits=(edit,))
    shown = first_look(scene_of(policy, chosen))["activations"]
    after = values(shown["maps"][0]["after"]).reshape(shown["side"], -1)
    assert after[cell_of((12, 11), shown["side"])] == 3.0


def test_no_layer_shows_no_activations(policy, state):
    assert first_look(scene_of(policy, dataclasses.replace(state, layer="", channels=())))["activations"] is None


def test_the_picture_is_what_the_policy_sees(policy, state):
    look = first_look(scene_of(policy, state))
    picture = np.frombuffer(base64.b64decode(look["picture"]), np.uint8).reshape(64, 64, 3)
    np.testing.assert_array_equal(picture, paint([state.maze])[0])
    assert look["total"] == len(state.maze.free_squares) - 1


def test_edits_that_cannot_act_leave_the_rest_to_be_seen(policy, state):
    chosen = dataclasses.replace(
        state, maze=state.maze.without_cheese(), edits=(EditChoice("cheese", DEFAULT_LAYER, number=-1.0),)
    )
    scene = scene_of(policy, chosen)
    look = first_look(scene)
    assert look["edit"]["problem"].startswith("cheese vector: the mazes [0] have no cheese")
    assert "after" not in look["mouse"] and look["mouse"]["before"]
    assert all(row[3] is None for row in look_at(scene, scene.squares)["rows"])


def test_edits_that_overflow_are_a_problem_of_the_edits(policy, state):
    layers = ["embedder.block1.conv_out"] * 4 + ["embedder.block1.maxpool_out"] * 16
    edits = tuple(EditChoice("scale", layer, tuple(range(32)), number=100.0) for layer in layers)
    scene = scene_of(policy, dataclasses.replace(state, edits=edits))
    assert scene.edit is None and "has NaN or infinite values, wanted finite ones" in scene.problem
