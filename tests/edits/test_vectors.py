"""Vectors and adding them: exact arithmetic, the cheese vector and its identity at the start square."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp_claims.edits import EditError, Vector, add, cheese_vector, no_op, noise_like, subtract, top_right_vector
from interp_claims.mazes import (
    CONFIRMATION,
    DISCOVERY,
    REGISTERED,
    Maze,
    MazeError,
    Observations,
    simulator,
    size_between,
    stock_mazes,
)
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.policies import DEFAULT_LAYER, LayerError, Rows

LAYERS = ["embedder.block1.res1.relu2_out", DEFAULT_LAYER, "embedder.block3.res2.resadd_out", "embedder.fc_out"]


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def vector_per_maze(policy, mazes, layer=DEFAULT_LAYER, **options):
    return Vector(layer, noise(len(mazes), *policy.shape(layer), **options), "noise", tuple(mazes))


# -- arithmetic ------------------------------------------------------------------------------------------------------


@given(data=st.data(), coefficient=st.floats(-10, 10, width=32))
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_each_row_gets_the_vector_of_its_own_maze(few_mazes, data, coefficient):
    owners = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=6), label="owners")
    activation, values = noise(len(owners), 2, 3, 3, seed=1), noise(4, 2, 3, 3, seed=2)
    vector = Vector(DEFAULT_LAYER, values, "v", tuple(few_mazes))
    rows = Rows(torch.arange(len(owners)), torch.tensor(owners))
    added = add(vector, coefficient).apply(DEFAULT_LAYER, activation, rows)
    subtracted = subtract(vector, coefficient).apply(DEFAULT_LAYER, activation, rows)
    for i, owner in enumerate(owners):
        change = np.float32(coefficient) * values[owner].numpy()
        np.testing.assert_allclose(added[i].numpy(), activation[i].numpy() + change, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(subtracted[i].numpy(), activation[i].numpy() - change, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("coefficient", [1.0, -0.7])
def test_a_vector_per_maze_is_added_to_the_observations_of_its_maze(
    policy, positions, few_mazes, assert_acts_as, layer, coefficient
):
    vector = vector_per_maze(policy, few_mazes, layer)
    owners = torch.tensor(positions.owners)
    assert_acts_as(add(vector, coefficient), layer, lambda x: x + coefficient * vector.values[owners])
    assert_acts_as(subtract(vector, coefficient), layer, lambda x: x - coefficient * vector.values[owners])


@pytest.mark.parametrize("layer", LAYERS)
def test_a_vector_for_all_is_added_to_every_observation(policy, assert_acts_as, layer):
    vector = Vector(layer, noise(*policy.shape(layer)), "noise")
    assert_acts_as(add(vector, 0.5), layer, lambda x: x + 0.5 * vector.values)


def test_the_coefficient_is_one_unless_given(policy, few_mazes):
    vector = vector_per_maze(policy, few_mazes)
    assert add(vector) == add(vector, 1)
    assert subtract(vector) == subtract(vector, 1) == add(vector, -1)


def test_adding_nothing_changes_nothing(policy, positions, few_mazes):
    vector = vector_per_maze(policy, few_mazes)
    assert np.array_equal(policy.edited(add(vector, 0)).logits(positions), policy.logits(positions))


def test_a_float64_vector_acts_as_its_float32_values_or_is_refused(policy, positions):
    values = noise(*policy.shape(DEFAULT_LAYER))
    expected = policy.edited(add(Vector(DEFAULT_LAYER, values, "v"))).logits(positions)
    try:
        got = policy.edited(add(Vector(DEFAULT_LAYER, values.double(), "v"))).logits(positions)
    except EditError:
        return
    np.testing.assert_allclose(got, expected, atol=1e-5)


# -- what does not fit -----------------------------------------------------------------------------------------------


def test_a_vector_for_each_of_other_mazes_is_refused(policy, positions, few_mazes, donor_mazes):
    for mazes in (few_mazes[:3], (*few_mazes, *donor_mazes)):
        edit = add(vector_per_maze(policy, mazes))
        with pytest.raises(EditError) as caught:
            policy.edited(edit).logits(positions)
        assert str(caught.value) == (
            f"{edit}: has one value per maze for {len(mazes)}, but the policy is asked about 4; "
            "make it from the same mazes"
        )


@pytest.mark.parametrize("shape", [(32, 16), (16, 16, 32), (31, 16, 16), (1, 32, 16, 16), (32, 1, 1), ()])
def test_a_vector_of_another_shape_is_refused_rather_than_broadcast(policy, positions, shape):
    with pytest.raises(EditError) as caught:
        policy.edited(add(Vector(DEFAULT_LAYER, torch.zeros(shape), "v"))).logits(positions)
    assert str(caught.value) == (
        f"add(v, at {DEFAULT_LAYER}): the vector has shape {shape}, but {DEFAULT_LAYER} has shape (32, 16, 16)"
    )


def test_a_vector_per_maze_of_another_shape_is_refused(policy, positions, few_mazes):
    vector = Vector(DEFAULT_LAYER, torch.zeros(4, 32, 16), "v", tuple(few_mazes))
    with pytest.raises(EditError, match=r"the vector has shape \(32, 16\), but .* has shape \(32, 16, 16\)$"):
        policy.edited(add(vector)).logits(positions)


def test_a_vector_of_a_layer_that_does_not_exist_is_refused(policy, positions):
    with pytest.raises(LayerError, match=r"did you mean 'embedder\.block2\.res1\.resadd_out'"):
        policy.edited(add(Vector("block2.res1.resadd_out", torch.zeros(32, 16, 16), "v"))).logits(positions)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_a_vector_with_values_that_are_not_finite_is_refused(broken):
    values = torch.zeros(32, 16, 16)
    values[3, 4, 5] = broken
    with pytest.raises(EditError, match=r"^broken one: has NaN or infinite values$"):
        Vector(DEFAULT_LAYER, values, "broken one")


@pytest.mark.parametrize("coefficient", [float("nan"), float("inf")])
def test_a_coefficient_that_is_not_finite_is_refused(coefficient):
    vector = Vector(DEFAULT_LAYER, torch.zeros(32, 16, 16), "v")
    for edit in (add, subtract):
        with pytest.raises(EditError, match=r"^coefficient: got -?(nan|inf), wanted a finite number$"):
            edit(vector, coefficient)


def test_as_many_vectors_as_mazes_are_wanted(few_mazes):
    with pytest.raises(EditError, match=r"^v: got 3 vectors for 4 mazes, wanted as many$"):
        Vector(DEFAULT_LAYER, torch.zeros(3, 32, 16, 16), "v", tuple(few_mazes))


# -- vectors as values -----------------------------------------------------------------------------------------------


def test_norms_and_means_are_over_each_mazes_vector(policy, few_mazes):
    vector = vector_per_maze(policy, few_mazes)
    values = vector.values.numpy()
    assert vector.per_maze
    norms = vector.norms()
    assert norms.shape == (4,)
    np.testing.assert_allclose(norms, [np.sqrt(np.square(v).sum()) for v in values], rtol=1e-5)
    mean = vector.mean()
    np.testing.assert_allclose(mean.values.numpy(), sum(values) / 4, atol=1e-6)
    assert (mean.layer, mean.per_maze, mean.mazes, mean.name) == (DEFAULT_LAYER, False, None, "mean noise of 4 mazes")
    assert mean.norms().shape == ()
    np.testing.assert_allclose(mean.norms(), np.sqrt(np.square(sum(values) / 4).sum()), rtol=1e-5)
    assert mean.mean() is mean


@pytest.mark.parametrize("block", [CONFIRMATION, REGISTERED], ids=lambda block: block.name)
def test_vectors_of_mazes_that_claims_are_tested_on_have_no_mean(policy, few_mazes, block):
    (tested,) = stock_mazes().sample(block, 1)
    vector = vector_per_maze(policy, (*few_mazes, tested.without_cheese()))
    with pytest.raises(EditError) as error:
        vector.mean()
    assert str(error.value) == (
        f"mean noise: got mazes that claims are tested on (seed {tested.seed}); use discovery mazes"
    )


def test_norms_of_tiny_and_of_huge_vectors_are_those_of_their_numbers():
    for size in (1e-30, 1e30):
        vector = Vector(DEFAULT_LAYER, torch.full((32, 16, 16), size), "v")
        assert float(vector.norms()) == pytest.approx(size * np.sqrt(32 * 16 * 16), rel=1e-6)


def test_a_mean_vector_may_be_given_to_any_number_of_mazes(policy, few_mazes, donor_mazes):
    mean = vector_per_maze(policy, few_mazes).mean()
    for mazes in (donor_mazes[:1], (*few_mazes, *donor_mazes)):
        assert policy.edited(add(mean)).logits(Observations.at_start(mazes)).shape == (len(mazes), 15)


def test_other_values_keep_the_place_and_forget_the_recipe(policy, few_mazes, donor_mazes):
    vector = cheese_vector(policy, few_mazes)
    other = vector.with_values(noise(*vector.values.shape), "noise")
    assert (other.layer, other.mazes, other.name) == (vector.layer, vector.mazes, "noise")
    assert torch.equal(other.values, noise(*vector.values.shape))
    with pytest.raises(
        EditError, match=r"^noise: does not know how to measure itself on other mazes; give it a recipe$"
    ):
        other.measured_on(donor_mazes)
    with pytest.raises(EditError, match=r"^short: got shape \(3,\), wanted \(4, 32, 16, 16\)$"):
        vector.with_values(torch.zeros(3), "short")


def test_a_vector_cannot_be_changed(policy, few_mazes):
    vector = cheese_vector(policy, few_mazes)
    with pytest.raises(AttributeError):
        vector.layer = "embedder.fc_out"


# -- the cheese vector -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_the_cheese_vector_is_activations_with_the_cheese_minus_without_at_the_start(policy, few_mazes, network, layer):
    moved = [maze.with_mouse(maze.top_right) for maze in few_mazes]
    at_start = [maze.with_mouse(maze.start) for maze in few_mazes]

    @torch.no_grad()
    def run(mazes):
        pictures = torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2) / 255
        return network.run(pictures, until=layer)[layer]

    vector = cheese_vector(policy, moved, layer)
    expected = run(at_start) - run([maze.with_cheese(None) for maze in at_start])
    assert (vector.layer, vector.name, vector.mazes) == (layer, "cheese vector", tuple(moved))
    assert expected.flatten(1).abs().amax(dim=1).min() > 1e-2, "every cheese shows in the activations"
    torch.testing.assert_close(vector.values, expected, rtol=1e-4, atol=1e-5)


def test_the_cheese_vector_is_that_of_the_unedited_policy(policy, few_mazes):
    edited = policy.edited(add(Vector("embedder.block1.conv_out", noise(16, 64, 64), "noise")))
    assert torch.equal(cheese_vector(edited, few_mazes).values, cheese_vector(policy, few_mazes).values)


def test_the_cheese_vector_does_not_depend_on_the_mazes_beside_it(policy, few_mazes):
    whole = cheese_vector(policy, few_mazes).values
    assert torch.equal(cheese_vector(policy, few_mazes[::-1]).values, whole.flip(0))
    assert torch.equal(cheese_vector(policy, few_mazes[2:3]).values, whole[2:3])


def test_a_maze_without_cheese_has_no_cheese_vector(policy, few_mazes):
    mazes = [maze.without_cheese() if i in (1, 3) else maze for i, maze in enumerate(few_mazes)]
    with pytest.raises(MazeError) as caught:
        cheese_vector(policy, mazes)
    assert str(caught.value) == "cheese vector: the mazes [1, 3] have no cheese; filter for mazes with cheese"
    with pytest.raises(MazeError, match=r"the mazes \[1, 3\] have no cheese"):
        cheese_vector(policy, few_mazes).measured_on(mazes)


def test_a_cheese_vector_measured_on_other_mazes_is_theirs_for_ours(policy, few_mazes, donor_mazes, positions):
    ours, theirs = cheese_vector(policy, few_mazes), cheese_vector(policy, donor_mazes)
    borrowed = ours.measured_on(donor_mazes)
    assert torch.equal(borrowed.values, theirs.values)
    assert not torch.equal(borrowed.values, ours.values)
    assert (borrowed.mazes, borrowed.layer) == (ours.mazes, ours.layer)
    assert borrowed.name == "cheese vector of another maze"
    assert subtract(borrowed) == subtract(theirs)
    assert torch.equal(borrowed.measured_on(few_mazes).values, ours.values), "and back"
    policy.edited(subtract(borrowed)).logits(positions)


@pytest.mark.parametrize("count", [0, 3, 8])
def test_as_many_other_mazes_as_own_ones_are_wanted(policy, few_mazes, donor_mazes, count):
    with pytest.raises(EditError, match=rf"^cheese vector: got {count} other mazes, wanted 4$"):
        cheese_vector(policy, few_mazes).measured_on((*donor_mazes, *few_mazes)[:count])


def test_a_vector_for_all_cannot_be_measured_on_other_mazes(policy, few_mazes, donor_mazes):
    with pytest.raises(EditError, match="does not know how to measure itself on other mazes; give it a recipe"):
        cheese_vector(policy, few_mazes).mean().measured_on(donor_mazes)


@given(st.lists(perfect_mazes(cheese=True), min_size=1, max_size=6))
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=8,
    suppress_health_check=list(HealthCheck),
)
def test_subtracting_the_cheese_vector_at_the_start_square_is_taking_the_cheese_away(real_policy, mazes):
    observations = Observations.at_start(mazes)
    without = Observations.at_start([maze.without_cheese() for maze in mazes])
    subtracted = real_policy.edited(subtract(cheese_vector(real_policy, mazes)))
    np.testing.assert_allclose(
        subtracted.action_probabilities(observations), real_policy.action_probabilities(without), atol=1e-5, rtol=0
    )
    np.testing.assert_allclose(subtracted.logits(observations), real_policy.logits(without), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_identity_at_the_start_square_holds_at_every_layer_of_a_whole_cut(policy, few_mazes, layer):
    """At a layer that everything later depends on; inside a residual branch the skip still carries the cheese."""
    vector = cheese_vector(policy, few_mazes, layer)
    observations = Observations.at_start(few_mazes)
    got = policy.edited(subtract(vector)).action_probabilities(observations)
    without = policy.action_probabilities(Observations.at_start([maze.without_cheese() for maze in few_mazes]))
    alike = np.abs(got - without).max() <= 1e-5
    assert alike == (policy.forward.network.resume_point(layer) == layer)
    assert np.abs(policy.action_probabilities(observations) - without).max() > 1e-4


def test_the_identity_shows_on_a_trained_network_that_sees_the_cheese(real_policy):
    """A maze where taking the cheese away matters, so that the identity above is no identity of equals."""
    maze = Maze.from_text("..C\n.##\nM..")
    with_cheese = real_policy.action_probabilities(Observations.at_start([maze]))
    without = real_policy.action_probabilities(Observations.at_start([maze.without_cheese()]))
    assert np.abs(with_cheese - without).max() > 0.5
    subtracted = real_policy.edited(subtract(cheese_vector(real_policy, [maze])))
    np.testing.assert_allclose(
        subtracted.action_probabilities(Observations.at_start([maze])), without, atol=1e-5, rtol=0
    )


def test_no_mazes_have_no_cheese_vectors(policy):
    assert cheese_vector(policy, []).values.shape == (0, 32, 16, 16)


def test_edits_without_a_vector_do_not_need_mazes(policy, few_mazes):
    assert policy.edited(no_op(DEFAULT_LAYER)).logits(Observations.at_start(few_mazes)).shape == (4, 15)


# -- the top-right vector --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def framed_mazes():
    """Mazes that leave a frame to open a way in."""
    return size_between(3, 23).sample(DISCOVERY, 4)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_top_right_vector_is_activations_with_a_way_opened_minus_without(policy, framed_mazes, network, layer):
    moved = [maze.with_mouse(maze.top_right) for maze in framed_mazes]
    at_start = [maze.with_mouse(maze.start) for maze in framed_mazes]

    def opened(maze):
        free = maze.free.copy()
        free[maze.top_right[0] :, maze.top_right[1]] = True
        free[24, maze.top_right[1] :] = True
        return Maze(free, 25, maze.start, maze.cheese, theme=maze.theme)

    @torch.no_grad()
    def run(mazes):
        pictures = torch.from_numpy(simulator().render(mazes)).permute(0, 3, 1, 2) / 255
        return network.run(pictures, until=layer)[layer]

    vector = top_right_vector(policy, moved, layer)
    expected = run([opened(maze) for maze in at_start]) - run(at_start)
    assert (vector.layer, vector.name, vector.mazes) == (layer, "top-right vector", tuple(moved))
    assert expected.flatten(1).abs().amax(dim=1).min() > 1e-2, "every way shows in the activations"
    torch.testing.assert_close(vector.values, expected, rtol=1e-4, atol=1e-5)


def test_the_top_right_vector_wants_no_cheese_and_none_beside_it(policy, framed_mazes):
    whole = top_right_vector(policy, framed_mazes).values
    assert torch.equal(top_right_vector(policy, framed_mazes[2:3]).values, whole[2:3])
    without = top_right_vector(policy, [maze.without_cheese() for maze in framed_mazes]).values
    assert without.shape == whole.shape


def test_a_maze_that_fills_the_picture_has_no_top_right_vector(policy, framed_mazes):
    (full,) = size_between(25, 25).sample(DISCOVERY, 1)
    with pytest.raises(MazeError) as caught:
        top_right_vector(policy, [*framed_mazes, full])
    assert str(caught.value) == f"{full!r} fills the picture: no way to its top-right corner is left to open"
    with pytest.raises(MazeError, match="fills the picture"):
        top_right_vector(policy, framed_mazes).measured_on([full] * 4)


def test_a_top_right_vector_measured_on_other_mazes_is_theirs(policy, framed_mazes):
    ours = top_right_vector(policy, framed_mazes)
    borrowed = ours.measured_on(framed_mazes[::-1])
    assert torch.equal(borrowed.values, ours.values.flip(0))
    assert borrowed.name == "top-right vector of another maze"


# -- noise -----------------------------------------------------------------------------------------------------------


def test_noise_has_each_mazes_norm_and_belongs_to_its_seed(policy, few_mazes):
    vector = cheese_vector(policy, few_mazes)
    drawn = noise_like(vector)
    np.testing.assert_allclose(drawn.norms(), vector.norms(), rtol=1e-5)
    assert (drawn.layer, drawn.mazes, drawn.recipe) == (vector.layer, vector.mazes, None)
    assert drawn.name == "noise with the norm of the cheese vector"
    torch.testing.assert_close(noise_like(cheese_vector(policy, few_mazes[::-1])).values, drawn.values.flip(0))
    torch.testing.assert_close(noise_like(cheese_vector(policy, few_mazes[1:2])).values, drawn.values[1:2])


def test_the_noises_of_two_kinds_of_vector_differ_in_direction(policy, few_mazes):
    vector = cheese_vector(policy, few_mazes)
    renamed = vector.with_values(vector.values, "other vector")
    one, other = noise_like(vector).values.flatten(1), noise_like(renamed).values.flatten(1)
    assert torch.nn.functional.cosine_similarity(one, other).abs().max() < 0.1


def test_noise_for_one_vector_for_all_is_drawn_once(policy, few_mazes):
    mean = cheese_vector(policy, few_mazes).mean()
    assert torch.equal(noise_like(mean).values, noise_like(mean).values)
    assert noise_like(mean).norms() == pytest.approx(float(mean.norms()), rel=1e-5)
