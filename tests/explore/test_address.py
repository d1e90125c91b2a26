"""The state in the address: it comes back as it was, and what cannot be one is refused with a reason."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp_claims.explore import EditChoice, InputError, State
from interp_claims.explore.state import KINDS, RANGES, maze_fragment
from interp_claims.mazes import Facing, level
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.policies import DEFAULT_LAYER

CHANNELS = st.lists(st.integers(0, 127), min_size=1, max_size=12, unique=True).map(tuple)


@st.composite
def edits(draw):
    kind = draw(st.sampled_from(sorted(KINDS)))
    fields = KINDS[kind]
    number = None
    for field in fields:
        if field == "seed":
            number = draw(st.integers(*map(int, RANGES[field])))
        elif field in RANGES:
            number = draw(st.integers(-19_000_000, 19_000_000)) / 1e6
    return EditChoice(
        kind,
        draw(st.sampled_from([DEFAULT_LAYER, "embedder.fc_out"])),
        draw(CHANNELS) if "channels" in fields else (),
        draw(st.tuples(st.integers(0, 24), st.integers(0, 24))) if "square" in fields else None,
        number,
    )


@given(
    perfect_mazes(loops=True),
    st.lists(edits(), max_size=8).map(tuple),
    CHANNELS,
    st.sampled_from(["before", "after", "difference"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.none() | st.integers(0, 2**31 - 2),
)
def test_a_state_comes_back_from_its_address(maze, chosen, channels, view, policy, seed):
    maze = dataclasses.replace(maze, seed=seed, theme=dataclasses.replace(maze.theme, background_offset=0.25))
    state = State(policy, maze, chosen, DEFAULT_LAYER, channels, view)
    text = state.to_fragment()
    assert text.isascii()
    assert State.from_fragment(text) == state
    assert State.from_fragment(text).to_fragment() == text


def test_a_level_comes_back_with_its_floor_to_the_last_bit(few_mazes):
    for maze in few_mazes:
        state = State("a", maze)
        assert State.from_fragment(state.to_fragment()).maze == maze == level(maze.seed)


def test_the_address_is_readable(state):
    clamp = EditChoice("clamp", DEFAULT_LAYER, (55,), (12, 13), 5.5)
    scale = EditChoice("scale", "embedder.fc_out", (3, 4, 5, 9), None, -0.5)
    maze = state.maze.with_mouse((10, 12), Facing.RIGHT)
    text = dataclasses.replace(state, maze=maze, edits=(clamp, scale), view="after").to_fragment()
    assert text == (
        "p=region5-seed0-scale2&z=5&g=_D6tgA&m=10.12.R&c=14.10&t=0_0"
        "&e=clamp~embedder.block2.res1.resadd_out~55~12.13~5.5&e=scale~embedder.fc_out~3-5.9~-0.5"
        "&l=embedder.block2.res1.resadd_out&k=3.0-2&w=after"
    )
    assert maze_fragment(maze) == "z=5&g=_D6tgA&m=10.12.R&c=14.10&t=0_0"


def test_what_may_be_missing_has_its_usual_value():
    state = State.from_fragment("p=a&z=3&g=_4A&m=11.11.L")
    assert (state.maze.cheese, state.maze.seed, state.maze.theme.background_index) == (None, None, 0)
    assert (state.edits, state.layer, state.channels, state.view) == ((), "", (), "before")


GOOD = {"p": "a", "z": "3", "g": "_4A", "m": "11.11.L"}
MOUSE_ON_WALL = "mouse: got square (11, 11), a wall, wanted a free square; open it, or put the mouse elsewhere"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"z": "4"}, "maze size: got 4, wanted an odd number from 3 to 25; choose another size"),
        ({"z": "27"}, "maze size: got '27', wanted a whole number from 3 to 25; enter one of these"),
        ({"g": "_4"}, "walls: got 1 bytes, wanted 3 x 3 walls of base64; use a link from the page, whole"),
        ({"g": "!"}, "walls: got '!', wanted 3 x 3 walls of base64; use a link from the page"),
        ({"g": "f4A"}, MOUSE_ON_WALL),
        ({"m": "11.11"}, "where the mouse looks: got '11', wanted one of L, R; choose one"),
        (
            {"m": "11.30.L"},
            "mouse: got '11.30', wanted row.column, both from 0 to 24, such as 12.7; click a square of ",
        ),
        ({"m": "0.0.L"}, "mouse: got square (0, 0), a wall, wanted a free square; open it, or put the mouse elsewhere"),
        ({"c": "0.0"}, "cheese: got square (0, 0), a wall, wanted a free square; open it, or put the cheese elsewhere"),
        ({"s": "-1"}, "maze seed: got '-1', wanted a whole number from 0 to 2147483646; enter one of these"),
        ({"t": "3"}, "floor: got '3', wanted a picture and an offset, such as 3_0.25; choose a floor"),
        ({"t": "9_0"}, "floor picture: got '9', wanted a whole number from 0 to 8; enter one of these"),
        ({"t": "1_2"}, "offset of the floor picture: got '2', wanted a number from 0 to 1 with at most 12 decimal"),
        ({"w": "x"}, "view: got 'x', wanted one of before, after, difference; choose one"),
        ({"k": "0-11.12"}, "channels shown: got 13 channels, wanted at most 12; name fewer channels"),
        ({"e": "noise~x"}, "edit 1, its kind: got 'noise', wanted one of cheese, corner, clamp, zero, mean, scale, "),
        (
            {"e": "clamp~x~3"},
            "edit 1: got 'clamp~x~3', wanted clamp~layer~channels~square~value; choose the edit again",
        ),
        ({"e": "zero~x~"}, "edit 1, its channels: got none, wanted one channel or more; name one"),
        ({"e": "cheese~x~99"}, "edit 1, its coefficient: got '99', wanted a number from -20 to 20 with at most 6"),
        ({"e": "clamp~x~3~1.1~nan"}, "edit 1, its value: got 'nan', wanted a number from -1000 to 1000 with at most"),
        ({"e": "resample~x~3~1.5"}, "edit 1, its seed: got '1.5', wanted a whole number from 0 to 2147483646; enter "),
        ({"q": "1"}, "state: got the field 'q', wanted the fields p, z, g, m, c, t, s, l, k, w, e; leave it out"),
        ({"g": None}, "state: got no field g, wanted the fields p, z, g and m; use a link from the page"),
    ],
)
def test_what_is_no_state_is_refused_with_a_reason(changes, expected):
    fields = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(InputError) as error:
        State.from_fragment("&".join(f"{key}={value}" for key, value in fields.items()))
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize("text", [None, 3, ["p=a"], "", "p", "é", "x" * 9000, "p=a&p=b&z=3&g=_4A&m=11.11.L", "&" * 50])
def test_what_is_not_even_an_address_is_refused(text):
    with pytest.raises(InputError) as error:
        State.from_fragment(text)
    assert ": got " in str(error.value) and ", wanted " in str(error.value)


def test_too_many_edits_are_refused():
    text = "p=a&z=3&g=_4A&m=11.11.L" + "&e=zero~x~3" * 9
    with pytest.raises(InputError, match=r"^edits: got 9, wanted at most 8; take some away$"):
        State.from_fragment(text)
