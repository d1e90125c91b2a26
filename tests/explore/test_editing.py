"""Edits chosen on the page: they are those of the library, and the code shown for them makes the same."""

import dataclasses

import pytest

import interp_claims.edits as edits
import interp_claims.mazes as mazes
from interp_claims.explore import EditChoice, InputError
from interp_claims.explore.editing import check_against, edit_code, edit_of
from interp_claims.mazes import MazeError
from interp_claims.policies import DEFAULT_LAYER

FC = "embedder.fc_out"
CHOICES = [
    EditChoice("cheese", DEFAULT_LAYER, number=-1.0),
    EditChoice("cheese", FC, number=0.5),
    EditChoice("corner", DEFAULT_LAYER, number=2.0),
    EditChoice("clamp", DEFAULT_LAYER, (3, 5), (12, 11), 5.5),
    EditChoice("zero", FC, (3, 200)),
    EditChoice("mean", DEFAULT_LAYER, (3,)),
    EditChoice("scale", DEFAULT_LAYER, (0, 1), number=-0.25),
    EditChoice("resample", DEFAULT_LAYER, (7,), number=17),
]


@pytest.fixture
def policy(explorer):
    return explorer.policy("region5-seed0-scale2")


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"{choice.kind}-{choice.layer}")
def test_the_code_that_is_shown_makes_the_edit_that_acts(policy, state, choice):
    made = edit_of(policy, dataclasses.replace(state, edits=(choice,)))
    names = {**vars(mazes), **vars(edits)}
    assert eval(edit_code(choice), names, {"policy": policy, "maze": state.maze}) == made
    assert made.layers == (choice.layer,)


def test_several_edits_act_in_order(policy, state):
    both = edit_of(policy, dataclasses.replace(state, edits=(CHOICES[3], CHOICES[6])))
    one, other = (edit_of(policy, dataclasses.replace(state, edits=(choice,))) for choice in (CHOICES[3], CHOICES[6]))
    assert both == one.then(other) != other.then(one)
    assert edit_of(policy, state) is None


def test_an_edit_that_the_maze_does_not_allow_says_so(policy, state):
    bare = dataclasses.replace(state, maze=state.maze.without_cheese(), edits=(CHOICES[0],))
    with pytest.raises(MazeError, match="have no cheese"):
        edit_of(policy, bare)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"layer": "nowhere"}, "layer shown: got 'nowhere', wanted one of embedder.block1.conv_out, "),
        ({"layer": FC}, f"layer shown: got '{FC}', wanted one of "),
        (
            {"channels": (64,)},
            f"channels shown: got channel 64, wanted 0 to 63, which are those of {DEFAULT_LAYER} in ",
        ),
        ({"edits": (EditChoice("zero", "x", (1,)),)}, "edit 1, its layer: got 'x', wanted one of "),
        ({"edits": (EditChoice("clamp", FC, (1,), (3, 3), 1.0),)}, f"edit 1, its layer: got '{FC}', wanted one of "),
        (
            {"edits": (CHOICES[0], EditChoice("zero", FC, (256,)))},
            "edit 2, its channels: got channel 256, wanted 0 to ",
        ),
    ],
)
def test_layers_and_channels_that_the_policy_has_not_are_refused(policy, state, changes, expected):
    with pytest.raises(InputError) as error:
        check_against(policy, dataclasses.replace(state, **changes))
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize("layer", ["fc_policy_out", "fc_value_out"])
def test_the_heads_are_not_edited(policy, state, layer):
    with pytest.raises(InputError, match="its layer"):
        check_against(policy, dataclasses.replace(state, edits=(EditChoice("zero", layer, (0,)),)))
