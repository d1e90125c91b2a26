"""Clamping cells and replacing channels, against the same done by hand; and what does not fit."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp_claims.edits import (
    EditError,
    Vector,
    add,
    clamp,
    mean_ablate,
    replace_channels,
    resample,
    zero_ablate,
)
from interp_claims.mazes import CONFIRMATION, REGISTERED, Observations, simulator, stock_mazes
from interp_claims.policies import DEFAULT_LAYER, LayerError, Rows

WIDE, FLAT = "embedder.block1.res2.resadd_out", "embedder.fc_out"
SQUARES = [(3, 4), (12, 12), (20, 7), (9, 18)]
TABLE = np.array([[1, 2], [3, 4], [5, 1], [7, 8]])
FEW_EXAMPLES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def cell(square, resolution=16):
    """The published formula, rows flipped."""
    per_cell = 64 // resolution
    return math.floor((24 - square[0] + 0.5) * 64 / 25 / per_cell), math.floor((square[1] + 0.5) * 64 / 25 / per_cell)


def rows_of(owners):
    """A chunk whose observations are not numbered from 0."""
    return Rows(torch.arange(len(owners)) + 2, torch.tensor(owners))


squares_on_the_board = st.tuples(st.integers(0, 24), st.integers(0, 24))
some_owners = st.lists(st.integers(0, 3), min_size=1, max_size=5)
some_channels = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True)


# -- clamping --------------------------------------------------------------------------------------------------------


@given(data=st.data())
@FEW_EXAMPLES
def test_a_clamp_sets_one_cell_of_its_channels_per_row_and_nothing_else(data):
    owners = data.draw(some_owners, label="owners")
    squares = data.draw(st.lists(squares_on_the_board, min_size=4, max_size=4), label="squares")
    channels = data.draw(some_channels, label="channels")
    resolution = data.draw(st.sampled_from([8, 16]), label="resolution")
    count = data.draw(st.sampled_from([1, len(channels)]), label="how many values")
    values = data.draw(st.lists(st.floats(-9, 9, width=32), min_size=count, max_size=count), label="values")
    table = data.draw(st.none() | st.lists(some_channels.map(sorted), min_size=4, max_size=4), label="table")
    if table is not None and len({len(row) for row in table}) == 1 and count in (1, len(table[0])):
        channels = np.array(table)
    activation = noise(len(owners), 6, resolution, resolution)
    expected = activation.clone()
    for i, owner in enumerate(owners):
        row, column = cell(squares[owner], resolution)
        for k, channel in enumerate(channels[owner] if isinstance(channels, np.ndarray) else channels):
            expected[i, channel, row, column] = values[k % count]
    got = clamp(channels, squares, values).apply(DEFAULT_LAYER, activation, rows_of(owners))
    assert torch.equal(got, expected)


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, WIDE, "embedder.block3.res1.relu1_out"])
def test_a_clamp_acts_on_the_square_of_each_observations_maze(positions, policy, assert_acts_as, layer):
    resolution = policy.shape(layer)[-1]

    def by_hand(x):
        for i, owner in enumerate(positions.owners):
            row, column = cell(SQUARES[owner], resolution)
            x[i, 5, row, column], x[i, 2, row, column] = 40, -30
        return x

    assert_acts_as(clamp([5, 2], SQUARES, [40, -30], layer=layer), layer, by_hand)


def test_a_clamp_may_have_other_channels_for_each_maze(positions, assert_acts_as):
    def by_hand(x):
        for i, owner in enumerate(positions.owners):
            x[(i, TABLE[owner].tolist(), *cell(SQUARES[owner]))] = 40
        return x

    assert_acts_as(clamp(TABLE, SQUARES, 40), DEFAULT_LAYER, by_hand)


def test_squares_that_share_a_cell_are_clamped_alike(policy, positions):
    one, other = clamp(3, [(10, 0)] * 4, 50), clamp(3, [(10, 1)] * 4, 50)
    assert cell((10, 0)) == cell((10, 1)) != cell((10, 2))
    assert one != other
    alike = [policy.edited(edit).logits(positions) for edit in (one, other)]
    assert np.array_equal(*alike)
    assert not np.array_equal(policy.edited(clamp(3, [(10, 2)] * 4, 50)).logits(positions), alike[0])


@pytest.mark.parametrize("values", [float("nan"), [1, float("inf")], [], [1, 2, 3], [[1, 2]], [[1], [2]]], ids=repr)
def test_a_clamp_wants_one_finite_value_or_one_per_channel(values):
    with pytest.raises(EditError) as caught:
        clamp([1, 2], SQUARES, values)
    assert str(caught.value) == f"clamp: got values {values!r} for 2 channels, wanted one or as many, finite"


def test_a_clamp_wants_squares():
    with pytest.raises(EditError, match=r"^clamp: got no squares, wanted one per maze$"):
        clamp(1, [], 2)


@pytest.mark.parametrize("layer", [FLAT, "embedder.flatten_out", "fc_policy_out"])
def test_a_clamp_wants_a_layer_with_height_and_width(policy, positions, layer):
    with pytest.raises(EditError) as caught:
        policy.edited(clamp(1, SQUARES, 2, layer=layer)).logits(positions)
    assert str(caught.value) == (
        f"clamp(channel 1 to +2 on a square per maze (4), at {layer}): {layer} has shape {policy.shape(layer)}, "
        "wanted one with height and width"
    )


@pytest.mark.parametrize("count", [1, 3, 21])
def test_a_clamp_wants_one_square_per_maze(policy, positions, count):
    edit = clamp(1, (SQUARES * 6)[:count], 2)
    with pytest.raises(EditError) as caught:
        policy.edited(edit).logits(positions)
    assert str(caught.value) == (
        f"{edit}: has one value per maze for {count}, but the policy is asked about 4; make it from the same mazes"
    )


@pytest.mark.parametrize("square", [(25, 3), (3, 25), (-1, 3), (3, -1), (30, 30)])
def test_a_clamp_of_a_square_off_the_board_is_refused(policy, positions, square):
    with pytest.raises(EditError):
        policy.edited(clamp(1, [square, *SQUARES[1:]], 5)).logits(positions)


def test_a_single_square_instead_of_one_per_maze_is_refused():
    with pytest.raises(EditError, match="square"):
        clamp(1, (3, 4), 5)


# -- replacing -------------------------------------------------------------------------------------------------------


@given(data=st.data())
@FEW_EXAMPLES
def test_replacing_puts_the_sources_channels_in_the_place_of_the_rows_own(data):
    owners = data.draw(some_owners, label="owners")
    rows = rows_of(owners)
    per = data.draw(st.sampled_from(["all", "maze", "observation"]), label="per")
    size = data.draw(st.sampled_from([1, 3]), label="height and width of the source")
    channels = data.draw(some_channels, label="channels")
    table = data.draw(st.none() | st.lists(some_channels, min_size=4, max_size=4), label="table")
    if table is not None and len({len(row) for row in table}) == 1:
        channels = np.array(table)
    source = noise(*{"all": (), "maze": (4,), "observation": (9,)}[per], 6, size, size, seed=2)
    activation = noise(len(owners), 6, 3, 3)
    expected = activation.clone()
    for i, owner in enumerate(owners):
        chosen = {"all": source, "maze": source[owner], "observation": source[2 + i] if per == "observation" else None}
        for channel in channels[owner] if isinstance(channels, np.ndarray) else channels:
            expected[i, channel] = chosen[per][channel]
    got = replace_channels(channels, source, per=per).apply(DEFAULT_LAYER, activation, rows)
    assert torch.equal(got, expected)


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, WIDE, FLAT])
@pytest.mark.parametrize("per", ["all", "maze", "observation"])
def test_replaced_channels_are_those_of_all_of_the_maze_or_of_the_observation(
    policy, positions, assert_acts_as, layer, per
):
    entries = {"all": (), "maze": (4,), "observation": (len(positions),)}[per]
    source = 3 * noise(*entries, *policy.shape(layer))
    channels = [9, 0, 5]
    owners = torch.tensor(positions.owners)

    def by_hand(x):
        full = {"all": lambda: source.expand(x.shape), "maze": lambda: source[owners], "observation": lambda: source}
        for channel in channels:
            x[:, channel] = full[per]()[:, channel]
        return x

    assert_acts_as(replace_channels(channels, source, per=per, layer=layer), layer, by_hand)


def test_replacing_may_take_other_channels_for_each_maze(positions, assert_acts_as):
    def by_hand(x):
        for i, owner in enumerate(positions.owners):
            x[i, TABLE[owner].tolist()] = 4
        return x

    edit = replace_channels(TABLE, torch.full((32, 1, 1), 4.0), per="all")
    assert_acts_as(edit, DEFAULT_LAYER, by_hand)


def test_replacing_channels_by_their_own_values_changes_nothing(policy, positions):
    own = policy.activations(positions, DEFAULT_LAYER)
    edit = replace_channels(range(32), own, per="observation")
    assert np.array_equal(policy.edited(edit).logits(positions), policy.logits(positions))


def test_what_to_replace_by_is_named(positions):
    with pytest.raises(EditError, match=r"^per: got 'mazes', wanted one of 'all', 'maze', 'observation'$"):
        replace_channels(1, noise(32, 1, 1), per="mazes")


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_replacement_with_values_that_are_not_finite_is_refused(broken):
    source = torch.zeros(32, 16, 16)
    source[1, 2, 3] = broken
    with pytest.raises(EditError, match=r"^swap: the replacement has NaN or infinite values$"):
        replace_channels(5, source, per="all", name="swap")


@pytest.mark.parametrize(
    ("per", "shape", "found"),
    [
        ("all", (31, 16, 16), (31, 16, 16)),
        ("all", (1, 16, 16), (1, 16, 16)),
        ("all", (32, 8, 16), (32, 8, 16)),
        ("all", (32,), (32,)),
        ("all", (4, 32, 16, 16), (4, 32, 16, 16)),
        ("maze", (32, 16, 16), (16, 16)),
        ("maze", (4, 1, 1, 1), (1, 1, 1)),
        ("observation", (21, 32, 16), (32, 16)),
    ],
)
def test_a_replacement_of_another_shape_is_refused_rather_than_broadcast(policy, positions, per, shape, found):
    with pytest.raises(EditError) as caught:
        policy.edited(replace_channels(0, torch.zeros(shape), per=per)).logits(positions)
    assert str(caught.value) == (
        f"replace(channel 0, at {DEFAULT_LAYER}): the replacement has shape {found}, "
        f"but {DEFAULT_LAYER} has shape (32, 16, 16)"
    )


@pytest.mark.parametrize(
    ("per", "count", "asked", "what"),
    [("maze", 3, 4, "mazes"), ("maze", 21, 4, "mazes"), ("observation", 4, 21, "observations")],
)
def test_a_replacement_for_each_of_other_mazes_or_observations_is_refused(policy, positions, per, count, asked, what):
    with pytest.raises(EditError) as caught:
        policy.edited(replace_channels(0, torch.zeros(count, 32, 1, 1), per=per)).logits(positions)
    assert str(caught.value) == (
        f"replace(channel 0, at {DEFAULT_LAYER}): has one value per {per} for {count}, but the policy is asked about "
        f"{asked}; make it from the same {what}"
    )


def test_a_float64_replacement_acts_as_its_float32_values_or_is_refused(policy, positions):
    source = noise(32, 1, 1)
    expected = policy.edited(replace_channels(3, source, per="all")).logits(positions)
    try:
        got = policy.edited(replace_channels(3, source.double(), per="all")).logits(positions)
    except EditError:
        return
    np.testing.assert_allclose(got, expected, atol=1e-5)


# -- channels that do not exist --------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [32, 127])
@pytest.mark.parametrize(
    "make", [lambda policy, c: clamp(c, SQUARES, 5), lambda policy, c: zero_ablate(policy, c)], ids=["clamp", "replace"]
)
def test_a_channel_beyond_the_layers_width_is_refused(policy, positions, make, channel):
    edit = make(policy, [3, channel])
    with pytest.raises(EditError) as caught:
        policy.edited(edit).logits(positions)
    assert str(caught.value) == f"{edit}: channel {channel} does not exist; {DEFAULT_LAYER} has channels 0 to 31"


def test_the_last_channel_exists(policy, positions, assert_acts_as):
    def by_hand(x):
        x[:, 31] = 0
        return x

    assert_acts_as(zero_ablate(policy, 31), DEFAULT_LAYER, by_hand)


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_a_row_of_channels_for_each_maze_is_wanted(policy, positions, rows):
    table = np.arange(2 * rows).reshape(rows, 2)
    for edit in (clamp(table, SQUARES, 5), zero_ablate(policy, table)):
        with pytest.raises(EditError) as caught:
            policy.edited(edit).logits(positions)
        assert str(caught.value) == (
            f"{edit}: has one value per maze for {rows}, but the policy is asked about 4; make it from the same mazes"
        )


@pytest.mark.parametrize("channels", [-1, [3, -1], [3, 3], []], ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda policy, mazes, c: clamp(c, SQUARES, 5),
        lambda policy, mazes, c: replace_channels(c, noise(32, 1, 1), per="all"),
        lambda policy, mazes, c: resample(policy, c, Observations.one_each(mazes)),
        lambda policy, mazes, c: zero_ablate(policy, c),
        lambda policy, mazes, c: mean_ablate(policy, c, mazes),
    ],
    ids=["clamp", "replace", "resample", "zero_ablate", "mean_ablate"],
)
def test_negative_repeated_or_no_channels_are_refused_when_the_edit_is_made(policy, few_mazes, make, channels):
    with pytest.raises(EditError, match=r"^channels: got "):
        make(policy, few_mazes, channels)


# -- resampling and ablating -----------------------------------------------------------------------------------------


def direct_activations(network, mazes, layer):
    with torch.no_grad():
        pictures = torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2) / 255
        return network.run(pictures, until=layer)[layer]


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, WIDE, FLAT])
def test_resampled_channels_take_each_observations_own_donors_values(
    policy, network, positions, donor_mazes, assert_acts_as, layer
):
    mazes = [donor_mazes[i % 4].with_mouse(donor_mazes[i % 4].free_squares[i]) for i in range(len(positions))]
    donors = Observations(tuple(mazes), positions.owners, positions.num_mazes)
    values = direct_activations(network, mazes, layer)
    channels = list(range(0, 16))

    def by_hand(x):
        x[:, channels] = values[:, channels]
        return x

    assert_acts_as(resample(policy, channels, donors, layer), layer, by_hand)


def test_resampling_every_channel_of_a_whole_cut_answers_as_for_the_donors(policy, positions, donor_mazes):
    donors = Observations(
        tuple(donor_mazes[i % 4] for i in range(len(positions))), positions.owners, positions.num_mazes
    )
    edit = resample(policy, range(32), donors)
    np.testing.assert_array_equal(policy.edited(edit).logits(positions), policy.logits(donors))


def test_resampling_from_the_observations_themselves_changes_nothing(policy, positions):
    edit = resample(policy, [1, 5, 9], positions)
    assert np.array_equal(policy.edited(edit).logits(positions), policy.logits(positions))


def test_resampling_takes_unedited_activations(policy, positions):
    edited = policy.edited(add(Vector("embedder.block1.conv_out", noise(16, 64, 64), "noise")))
    assert resample(edited, [1, 5], positions) == resample(policy, [1, 5], positions)


@pytest.mark.parametrize("count", [1, 4, 20, 22])
def test_one_donor_for_each_observation_is_wanted(policy, positions, donor_mazes, count):
    donors = Observations.one_each((donor_mazes * 6)[:count])
    with pytest.raises(EditError) as caught:
        policy.edited(resample(policy, 3, donors)).logits(positions)
    assert str(caught.value) == (
        f"resample(channel 3, at {DEFAULT_LAYER}): has one value per observation for {count}, but the policy is asked "
        "about 21; make it from the same observations"
    )


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, WIDE, FLAT])
def test_zero_ablated_channels_are_zero(policy, assert_acts_as, layer):
    def by_hand(x):
        x[:, [0, 3, 9]] = 0
        return x

    assert_acts_as(zero_ablate(policy, [0, 3, 9], layer), layer, by_hand)


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, WIDE, FLAT])
def test_mean_ablated_channels_are_their_mean_over_cells_and_mazes(policy, network, donor_mazes, assert_acts_as, layer):
    at_start = [maze.with_mouse(maze.start) for maze in donor_mazes]
    moved = [maze.with_mouse(maze.top_right) for maze in donor_mazes]
    values = direct_activations(network, at_start, layer)
    channels = list(range(0, 16, 3))

    def by_hand(x):
        for channel in channels:
            x[:, channel] = sum(values[i, channel].mean() for i in range(4)) / 4
        return x

    assert_acts_as(mean_ablate(policy, channels, moved, layer), layer, by_hand)


def test_mean_ablation_takes_unedited_activations(policy, donor_mazes):
    edited = policy.edited(add(Vector("embedder.block1.conv_out", noise(16, 64, 64), "noise")))
    assert mean_ablate(edited, [1, 5], donor_mazes) == mean_ablate(policy, [1, 5], donor_mazes)


def test_mean_ablation_wants_mazes_to_take_the_mean_over(policy):
    with pytest.raises(EditError, match=r"^mean_ablate: got no mazes, wanted at least one to take the mean over$"):
        mean_ablate(policy, 3, [])


@pytest.mark.parametrize(
    "make",
    [
        lambda policy, mazes, layer: zero_ablate(policy, 3, layer),
        lambda policy, mazes, layer: mean_ablate(policy, 3, mazes, layer),
        lambda policy, mazes, layer: resample(policy, 3, Observations.one_each(mazes), layer),
        lambda policy, mazes, layer: policy.edited(clamp(3, SQUARES, 5, layer)).logits(Observations.one_each(mazes)),
        lambda policy, mazes, layer: policy.edited(replace_channels(3, noise(32, 1, 1), per="all", layer=layer)).logits(
            Observations.one_each(mazes)
        ),
    ],
    ids=["zero_ablate", "mean_ablate", "resample", "clamp", "replace"],
)
def test_a_layer_that_does_not_exist_is_answered_with_names_that_are_near(policy, few_mazes, make):
    with pytest.raises(LayerError, match=r"did you mean '.*embedder\.block2\.res1\.resadd_out'"):
        make(policy, few_mazes, "block2.res1.resadd")


@pytest.mark.parametrize("block", [CONFIRMATION, REGISTERED], ids=lambda block: block.name)
def test_the_constant_of_an_ablation_is_never_taken_from_the_mazes_that_claims_are_tested_on(policy, block):
    tested = stock_mazes().sample(block, 1)
    with pytest.raises(EditError, match=f"got mazes that claims are tested on .seed {tested[0].seed}.; use discovery"):
        mean_ablate(policy, 3, tested)
