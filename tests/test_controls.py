"""Controls: what each does to the edits it is given, on real edits of a small policy, maze by maze."""

import functools

import numpy as np
import pytest
import torch
from scipy import stats

from interp_claims.controls import (
    Control,
    always_cheese,
    another_mazes_outcomes,
    another_mazes_vector,
    another_policy,
    cheese_channels_instead,
    cheese_unseen,
    first_undone,
    layers_silenced,
    matched_noise,
    negated,
    no_op,
    nudge,
    opposite_outcomes,
    own_mazes_vector,
    positives_dropped,
    random_channels,
    random_channels_like,
    replaced_throughout,
    replacements_undone,
    second_undone,
    straight_to,
    told_by_the_feature,
    untrained,
)
from interp_claims.edits import (
    EditError,
    add,
    cheese_vector,
    clamp,
    fill_channels,
    replace_channels,
    resample,
    scale_channels,
    smooth_negatives,
    subtract,
    zero_ablate,
)
from interp_claims.edits.channels import ClampSquares, ReplaceChannels
from interp_claims.edits.edit import NoOp, Sequence
from interp_claims.edits.vectors import AddVector, Vector
from interp_claims.mazes import (
    DISCOVERY,
    Direction,
    Observations,
    donor_observations,
    donor_pairs,
    drawn_target,
    other_mazes,
    reachable_squares,
    stock_mazes,
)
from interp_claims.measures import normalised_path_probability
from interp_claims.policies import (
    DEFAULT_LAYER,
    ImpalaNetwork,
    ManifestError,
    Policy,
    discover_roles,
    layers_to_edit,
    roles,
    roles_of,
)
from interp_claims.policies.policy import Outcomes

EARLY, LATE = "embedder.block1.res2.resadd_out", "embedder.block3.res1.resadd_out"
SAME_SHAPE = "embedder.block2.res2.resadd_out"
CONTROLS = [untrained, no_op, nudge, another_mazes_vector, matched_noise, random_channels]
EDIT_CONTROLS = CONTROLS[1:]
MORE_EDIT_CONTROLS = [own_mazes_vector, negated, layers_silenced, cheese_channels_instead]
OTHERS = [
    *(opposite_outcomes, another_mazes_outcomes, always_cheese, cheese_unseen),
    *(first_undone, second_undone, positives_dropped),
    *(told_by_the_feature, replaced_throughout, replacements_undone, straight_to(lambda maze: maze.top_right)),
]


@pytest.fixture(scope="module", autouse=True)
def roles_from_few_mazes(tmp_path_factory):
    """Roles are found on few mazes, and kept where no other test finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path_factory.mktemp("few")))
        patch.setattr(roles, "discover_roles", functools.partial(discover_roles, mazes=16))
        yield


def lively_policy(seed):
    """A small policy whose answers depend on everything before them."""
    network = ImpalaNetwork(1).initialise(seed)
    with torch.no_grad():
        network.fc_policy.weight.normal_(0, 0.2, generator=torch.Generator().manual_seed(seed))
    return Policy(network, name="small")


@pytest.fixture(scope="module")
def policy():
    return lively_policy(1)


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 6)


@pytest.fixture(scope="module")
def shown(mazes):
    return Observations.at_squares(mazes, [reachable_squares(maze, maze.start)[::9] for maze in mazes])


@pytest.fixture(scope="module")
def targets(mazes):
    return [drawn_target(maze) for maze in mazes]


@pytest.fixture(scope="module")
def edits(policy, mazes, shown, targets):
    """One edit of every kind, and two of several parts."""
    vector = cheese_vector(policy, mazes)
    _, elsewhere = zip(*donor_pairs(mazes))
    single = {
        "subtract": subtract(vector),
        "add": add(cheese_vector(policy, mazes, EARLY), 0.5),
        "clamp": clamp([4, 9], targets, [5.5, 2.3]),
        "zero": zero_ablate(policy, range(12)),
        "resample": resample(policy, [0, 3, 8], donor_observations(elsewhere, shown)),
    }
    return {
        **single,
        "several": single["subtract"].then(single["clamp"]).then(single["add"]).then(single["zero"]),
        "layers": clamp(2, targets, 40.0, LATE).then(add(vector, 2)),
    }


def replaced(control, policy, mazes, edit):
    """What a control makes of an edit."""
    return control.apply(policy, mazes).edited(edit).edit


# -- the untrained policy --------------------------------------------------------------------------------------------


def test_the_untrained_policy_has_fresh_weights_of_the_same_width(policy, mazes):
    other = untrained.apply(policy, mazes)
    assert other.scale == policy.scale
    assert other.sha256 == lively_like_fresh().sha256 != policy.sha256
    wide = untrained.apply(Policy(ImpalaNetwork(2).initialise(3), name="wide"), mazes)
    assert wide.scale == 2


def lively_like_fresh():
    return Policy(ImpalaNetwork(1).initialise(0), name="fresh")


def test_the_untrained_policy_has_roles_of_its_own_found_by_the_same_procedure(policy, mazes):
    other = untrained.apply(policy, mazes)
    assert roles_of(other) == roles.discover_roles(lively_like_fresh())
    assert roles_of(other) != roles_of(policy)


def test_the_untrained_policy_is_given_the_edits_as_they_are(policy, mazes, edits):
    for edit in edits.values():
        assert replaced(untrained, policy, mazes, edit) == edit


# -- no edit at all --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["subtract", "add", "clamp", "zero", "resample", "several", "layers"])
def test_under_the_no_op_control_there_is_no_edit(policy, mazes, shown, edits, kind):
    before = policy.logits(shown)
    assert np.abs(policy.edited(edits[kind]).logits(shown) - before).max() > 1e-3
    nothing = no_op.apply(policy, mazes).edited(edits[kind])
    assert nothing.edit.layers == ()
    assert np.array_equal(nothing.logits(shown), before)
    assert np.array_equal(policy.edited(NoOp(edits[kind].layers)).logits(shown), before), "nor would it matter"


def test_what_the_no_op_control_keeps_from_being_used_is_not_measured(policy, mazes, shown, monkeypatch):
    before = policy.logits(shown)
    monkeypatch.setattr(type(policy.forward), "activations", None)
    edit = subtract(cheese_vector(policy, mazes))
    assert np.array_equal(no_op.apply(policy, mazes).edited(edit).logits(shown), before)
    with pytest.raises(TypeError):
        policy.edited(edit).logits(shown)


def test_edits_given_one_after_the_other_are_all_replaced(policy, mazes, shown, edits):
    nothing = no_op.apply(policy, mazes).edited(edits["subtract"]).edited(edits["clamp"]).unedited.edited(edits["zero"])
    assert np.array_equal(nothing.logits(shown), policy.logits(shown))
    twice = no_op.apply(policy, mazes).edited(edits["subtract"]).edited(edits["clamp"])
    assert np.array_equal(twice.logits(shown), policy.logits(shown))


def test_a_nudge_adds_a_hundredth_everywhere_after_the_edit(policy, mazes, shown, edits):
    shape = policy.shape(DEFAULT_LAYER)
    by_hand = edits["zero"].then(add(Vector(DEFAULT_LAYER, torch.full(shape, 0.01), "by hand")))
    nudged = nudge.apply(policy, mazes).edited(edits["zero"]).logits(shown)
    assert np.array_equal(nudged, policy.edited(by_hand).logits(shown))
    assert not np.array_equal(nudged, policy.edited(edits["zero"]).logits(shown))


# -- another maze's vector -------------------------------------------------------------------------------------------


def test_another_mazes_vector_is_the_vector_measured_on_the_other_maze(policy, mazes, shown):
    others = other_mazes(mazes)
    for layer, coefficient in ((DEFAULT_LAYER, -1.0), (EARLY, 0.5)):
        edit = AddVector(cheese_vector(policy, mazes, layer), coefficient)
        measured = cheese_vector(policy, others, layer)
        got = replaced(another_mazes_vector, policy, mazes, edit)
        assert got.coefficient == coefficient
        assert torch.equal(got.vector.values, measured.values)
        assert not torch.equal(got.vector.values, edit.vector.values)
        by_hand = AddVector(Vector(layer, measured.values, "by hand", tuple(mazes)), coefficient)
        logits = another_mazes_vector.apply(policy, mazes).edited(edit).logits(shown)
        assert np.array_equal(logits, policy.edited(by_hand).logits(shown))


def test_another_mazes_vector_does_not_depend_on_the_rest_of_the_batch(policy, mazes):
    def values(batch):
        return replaced(another_mazes_vector, policy, batch, subtract(cheese_vector(policy, batch))).vector.values

    together = values(mazes)
    torch.testing.assert_close(values(mazes[::-1]), together.flip(0), rtol=0, atol=1e-6)
    torch.testing.assert_close(values(mazes[2:3]), together[2:3], rtol=0, atol=1e-6)


def test_the_mazes_of_the_vector_count_and_not_those_of_the_batch(policy, mazes):
    edit = subtract(cheese_vector(policy, mazes[::-1]))
    got = replaced(another_mazes_vector, policy, mazes, edit)
    torch.testing.assert_close(got.vector.values, cheese_vector(policy, other_mazes(mazes[::-1])).values)


@pytest.mark.parametrize("shared", [True, False])
def test_a_vector_that_does_not_know_how_it_was_made_has_none_of_another_maze(policy, mazes, shared):
    vector = cheese_vector(policy, mazes)
    unknown = vector.mean() if shared else vector.with_values(vector.values * 2, "doubled vector")
    name = "mean cheese vector of 6 mazes" if shared else "doubled vector"
    with pytest.raises(EditError) as error:
        replaced(another_mazes_vector, policy, mazes, subtract(unknown))
    assert str(error.value) == f"{name}: does not know how to measure itself on other mazes; give it a recipe"


# -- noise -----------------------------------------------------------------------------------------------------------


def noise_for(policy, mazes, vector):
    return replaced(matched_noise, policy, mazes, subtract(vector)).vector


def test_noise_has_the_norm_of_each_mazes_vector_and_nothing_else_of_it(policy, mazes):
    vector = cheese_vector(policy, mazes)
    noise = noise_for(policy, mazes, vector)
    assert noise.layer == vector.layer
    assert noise.mazes == vector.mazes
    np.testing.assert_allclose(noise.norms(), vector.norms(), rtol=1e-5)
    assert np.ptp(vector.norms()) > 0.1, "the norms differ from maze to maze"
    flat = torch.cat([noise.values, vector.values]).flatten(1).double().numpy()
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    assert np.abs(flat @ flat.T - np.eye(len(flat)))[: len(mazes)].max() < 6 / np.sqrt(flat.shape[1])


def test_noise_is_gaussian(policy, mazes):
    values = noise_for(policy, mazes, cheese_vector(policy, mazes)).values.flatten(1).double().numpy()
    for row in values:
        assert stats.kstest(row / row.std(), "norm").pvalue > 1e-4


def test_noise_belongs_to_its_maze_whatever_the_batch(policy, mazes):
    together = noise_for(policy, mazes, cheese_vector(policy, mazes)).values
    again = noise_for(policy, mazes, cheese_vector(policy, mazes)).values
    backwards = noise_for(policy, mazes[::-1], cheese_vector(policy, mazes[::-1])).values
    alone = noise_for(policy, mazes[3:4], cheese_vector(policy, mazes[3:4])).values
    assert torch.equal(again, together)
    torch.testing.assert_close(backwards, together.flip(0), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(alone, together[3:4], rtol=1e-4, atol=1e-6)


def test_noise_for_one_vector_for_all_mazes_has_its_norm(policy, mazes, shown):
    mean = cheese_vector(policy, mazes).mean()
    noise = noise_for(policy, mazes, mean)
    assert noise.values.shape == mean.values.shape
    assert noise.norms() == pytest.approx(mean.norms(), rel=1e-5)
    cosine = torch.nn.functional.cosine_similarity(noise.values.flatten(), mean.values.flatten(), dim=0)
    assert abs(float(cosine)) < 6 / np.sqrt(mean.values.numel())
    assert np.isfinite(policy.edited(subtract(noise)).logits(shown)).all()


def test_noise_for_one_vector_for_all_mazes_does_not_depend_on_the_batch(policy, mazes):
    mean = cheese_vector(policy, mazes).mean()
    assert torch.equal(noise_for(policy, mazes, mean).values, noise_for(policy, mazes[3:], mean).values)


def test_the_noises_for_two_vectors_of_a_maze_are_not_the_same(policy, mazes):
    first, second = (cheese_vector(policy, mazes, layer) for layer in (DEFAULT_LAYER, SAME_SHAPE))
    noises = replaced(matched_noise, policy, mazes, subtract(first).then(subtract(second))).edits
    flat = [noise.vector.values.flatten(1) for noise in noises]
    cosines = torch.nn.functional.cosine_similarity(*flat, dim=1)
    assert cosines.abs().max() < 6 / np.sqrt(flat[0].shape[1])


def test_noise_in_the_place_of_no_vector_is_none(policy, mazes):
    vector = cheese_vector(policy, mazes)
    nothing = noise_for(policy, mazes, vector.with_values(torch.zeros_like(vector.values), "zero"))
    assert not nothing.values.any()


# -- random channels -------------------------------------------------------------------------------------------------


def test_random_channels_are_neither_the_edits_nor_cheese_channels_and_each_mazes_own(policy, mazes, targets):
    cheese = set(roles_of(policy).cheese_channels)
    own = [channel for channel in range(32) if channel not in cheese][:5]
    edit = clamp(own, targets, np.arange(5.0))
    got = replaced(random_channels, policy, mazes, edit)
    assert got.channels.shape == (len(mazes), 5)
    assert all(len(set(row)) == 5 for row in got.channels.tolist())
    assert not set(got.channels.ravel().tolist()) & {*cheese, *own}
    assert len({tuple(row) for row in got.channels.tolist()}) == len(mazes)
    assert (got.squares, got.values.tolist(), got.layer) == (edit.squares, edit.values.tolist(), edit.layer)


def test_the_random_channels_of_a_maze_do_not_depend_on_the_rest_of_the_batch(policy, mazes, targets):
    together = replaced(random_channels, policy, mazes, clamp([4, 9], targets, 5.5)).channels
    backwards = replaced(random_channels, policy, mazes[::-1], clamp([4, 9], targets[::-1], 5.5)).channels
    alone = replaced(random_channels, policy, mazes[2:3], clamp([4, 9], targets[2:3], 5.5)).channels
    assert np.array_equal(backwards, together[::-1])
    assert np.array_equal(alone, together[2:3])


def test_nor_do_they_where_each_maze_has_channels_of_its_own(policy, mazes, targets):
    own = np.arange(2 * len(mazes)).reshape(-1, 2)
    together = replaced(random_channels, policy, mazes, clamp(own, targets, 5.5)).channels
    apart = [
        replaced(random_channels, policy, [maze], clamp(own[i : i + 1], targets[i : i + 1], 5.5)).channels
        for i, maze in enumerate(mazes)
    ]
    assert np.array_equal(np.concatenate(apart), together)


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, LATE])
def test_every_other_channel_may_be_drawn_and_cheese_channels_are_those_of_their_layer_alone(policy, layer):
    many = stock_mazes().sample(DISCOVERY, 300)
    edit = clamp(1, [maze.start for maze in many], 1.0, layer)
    drawn = replaced(random_channels, policy, many, edit).channels.ravel()
    excluded = {1} | (set(roles_of(policy).cheese_channels) if layer == DEFAULT_LAYER else set())
    counts = np.bincount(drawn, minlength=32)
    assert set(np.flatnonzero(counts == 0)) == excluded
    assert stats.chisquare(counts[counts > 0]).pvalue > 1e-4


def test_resampled_channels_are_replaced_by_other_resampled_ones(policy, mazes, shown, edits):
    edit = edits["resample"]
    moved = random_channels.apply(policy, mazes).edited(edit)
    assert torch.equal(moved.edit.source, edit.source)
    (_, elsewhere) = zip(*donor_pairs(mazes))
    channels = moved.edit.channels
    assert channels.shape == (len(mazes), 3)
    for maze in (0, len(mazes) - 1):
        mine = [i for i, owner in enumerate(shown.owners) if owner == maze]
        alone = Observations(tuple(shown.mazes[i] for i in mine), (0,) * len(mine), 1)
        by_hand = resample(policy, channels[maze], donor_observations(elsewhere[maze : maze + 1], alone))
        np.testing.assert_allclose(moved.logits(shown)[mine], policy.edited(by_hand).logits(alone), atol=1e-5)


def test_there_must_be_enough_other_channels(policy, mazes, targets):
    cheese = roles_of(policy).cheese_channels
    most = (32 - len(cheese)) // 2
    others = [channel for channel in range(32) if channel not in cheese]
    replaced(random_channels, policy, mazes, clamp(others[:most], targets, 1.0))
    with pytest.raises(EditError) as error:
        replaced(random_channels, policy, mazes, clamp(others[: most + 1], targets, 1.0))
    left = len(others) - most - 1
    assert str(error.value) == f"random channels: {DEFAULT_LAYER} has only {left} others, wanted {most + 1}"


def test_where_no_mazes_are_known_channels_are_drawn_once_for_all(policy, targets):
    edit = clamp([3, 7], targets, 1.0)
    got = replaced(random_channels, policy, (), edit)
    assert got.channels.shape == (2,)
    assert not set(got.channels.tolist()) & {3, 7, *roles_of(policy).cheese_channels}
    assert replaced(random_channels, policy, (), edit) == got


def test_where_no_mazes_are_known_a_vectors_own_count(policy, mazes):
    vector = cheese_vector(policy, mazes)
    for control in (matched_noise, another_mazes_vector):
        assert replaced(control, policy, (), subtract(vector)) == replaced(control, policy, mazes, subtract(vector))
    mean = noise_for(policy, (), vector.mean())
    assert torch.equal(mean.values, noise_for(policy, mazes, vector.mean()).values)


def test_random_channels_may_be_drawn_for_channels_without_an_edit(policy, mazes, targets):
    cheese = roles_of(policy).cheese_channels
    own = [channel for channel in range(32) if channel not in cheese][:4]
    drawn = random_channels_like(policy, own, mazes)
    assert drawn.shape == (len(mazes), 4)
    assert not set(drawn.ravel().tolist()) & {*cheese, *own}
    assert all(len(set(row)) == 4 for row in drawn.tolist())
    assert np.array_equal(random_channels_like(policy, own, mazes[::-1]), drawn[::-1])
    assert np.array_equal(random_channels_like(policy, own, mazes[2:3]), drawn[2:3])
    assert np.array_equal(drawn, replaced(random_channels, policy, mazes, clamp(own, targets, 1.0)).channels)
    assert random_channels_like(policy, [cheese[0]], mazes).shape == (len(mazes), 1)


# -- other outcomes, another sight -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "outcomes"),
    [
        (opposite_outcomes, Outcomes.OPPOSITE),
        (another_mazes_outcomes, Outcomes.OF_ANOTHER_MAZE),
        (always_cheese, Outcomes.ALWAYS_CHEESE),
        (told_by_the_feature, Outcomes.TOLD),
    ],
    ids=str,
)
def test_a_control_of_outcomes_changes_nothing_else(policy, mazes, shown, edits, control, outcomes):
    other = control.apply(policy, mazes)
    assert (other.outcomes, other.sha256, other.edit) == (outcomes, policy.sha256, None)
    assert np.array_equal(other.logits(shown), policy.logits(shown))
    assert other.edited(edits["clamp"]).edit is edits["clamp"]


def test_a_policy_that_does_not_see_the_cheese_answers_as_if_there_were_none(policy, mazes, shown):
    blind = cheese_unseen.apply(policy, mazes)
    without = Observations(tuple(maze.without_cheese() for maze in shown.mazes), shown.owners, shown.num_mazes)
    assert np.array_equal(blind.logits(shown), policy.logits(without))
    assert not np.array_equal(blind.logits(shown), policy.logits(shown))
    assert torch.equal(blind.activations(shown, EARLY), policy.activations(without, EARLY))
    assert not cheese_vector(blind, mazes).values.any(), "a cheese makes no difference to it"
    assert roles_of(blind) == roles_of(policy)


def test_a_mouse_that_goes_straight_to_a_square_takes_the_path_there_and_no_other(policy, mazes, targets):
    by_seed = {maze.seed: target for maze, target in zip(mazes, targets)}
    straight = straight_to(lambda maze: by_seed[maze.seed]).apply(policy, mazes)
    assert normalised_path_probability(straight, mazes, targets).tolist() == [1.0] * len(mazes)
    assert normalised_path_probability(straight.edited(clamp(0, targets, 5.0)), mazes, targets).tolist() == [1.0] * 6
    back = [reachable_squares(maze, maze.start)[-1] for maze in mazes]
    assert set(normalised_path_probability(straight, mazes, back).tolist()) <= {0.0, 1.0}
    assert normalised_path_probability(straight, mazes, back).min() == 0
    there = Observations.one_each([maze.with_mouse(target) for maze, target in zip(mazes, targets)])
    assert straight.direction_probabilities(there).argmax(axis=1).tolist() == [Direction.STAY] * len(mazes)
    assert normalised_path_probability(policy, mazes, targets).max() < 1


def test_replacements_are_widened_to_their_whole_layer_and_other_edits_are_as_they_were(policy, mazes, shown, targets):
    flat, one = fill_channels(policy, 3, -0.25), clamp(3, targets, 5.0)
    throughout = replaced_throughout.apply(policy, mazes)
    everything = fill_channels(policy, range(32), -0.25)
    assert throughout.edited(Sequence((flat, one))).edit == Sequence((everything, one))
    assert throughout.edited(one).edit == Sequence((one,))
    assert np.array_equal(throughout.edited(one).logits(shown), policy.edited(one).logits(shown))
    filled = throughout.edited(flat).logits(shown)
    assert np.ptp(filled, axis=0).max() < 1e-5, "nothing of the maze is left"


def test_edits_that_replace_channels_are_undone_and_others_are_as_they_were(policy, mazes, shown, targets):
    flat, one = fill_channels(policy, 3, -0.25), clamp(3, targets, 5.0)
    undone = replacements_undone.apply(policy, mazes)
    assert undone.edited(one).edit == one
    for edit in (flat, Sequence((flat, one))):
        assert not np.array_equal(policy.edited(edit).logits(shown), policy.logits(shown))
        assert np.array_equal(undone.edited(edit).logits(shown), policy.logits(shown)), "the clamp in it as well"


def test_of_two_edits_in_sequence_one_is_left_and_single_edits_are_as_they_were(policy, mazes, edits):
    first, second = edits["subtract"], edits["zero"]
    for control, left in ((first_undone, second), (second_undone, first)):
        undone = control.apply(policy, mazes)
        assert undone.edited(Sequence((first, second))).edit == Sequence((left,))
        assert undone.edited(first).edit == first


def test_positive_values_are_dropped_where_negative_ones_were_meant(policy, mazes, shown, targets):
    dropped = positives_dropped.apply(policy, mazes)
    wanted = scale_channels([3, 5], 0, negative=1)
    for edit in (scale_channels([3, 5], 1, negative=0), smooth_negatives([3, 5])):
        assert dropped.edited(edit).edit == wanted
        assert not np.array_equal(dropped.edited(edit).logits(shown), policy.edited(edit).logits(shown))
    other = clamp(3, targets, 5.0)
    assert dropped.edited(other).edit == other


# -- other vectors ---------------------------------------------------------------------------------------------------


def test_the_mazes_own_vector_is_measured_on_the_mazes_of_the_batch(policy, mazes):
    lent = cheese_vector(policy, other_mazes(mazes), EARLY)
    edit = AddVector(Vector(EARLY, lent.values, "lent", tuple(mazes)), -0.5)
    got = replaced(own_mazes_vector, policy, mazes, edit)
    assert torch.equal(got.vector.values, cheese_vector(policy, mazes, EARLY).values)
    assert not torch.equal(got.vector.values, edit.vector.values)
    assert (got.coefficient, got.vector.layer, got.vector.mazes) == (-0.5, EARLY, tuple(mazes))


def test_the_mazes_own_vector_takes_the_place_of_one_for_all_too(policy, mazes):
    mean = cheese_vector(policy, other_mazes(mazes)).mean()
    got = replaced(own_mazes_vector, policy, mazes, subtract(mean))
    assert torch.equal(got.vector.values, cheese_vector(policy, mazes).values)


def test_negated_adds_what_was_subtracted(policy, mazes, shown, edits):
    vector = cheese_vector(policy, mazes)
    got = negated.apply(policy, mazes).edited(subtract(vector)).logits(shown)
    assert np.array_equal(got, policy.edited(add(vector)).logits(shown))
    assert not np.array_equal(got, policy.edited(subtract(vector)).logits(shown))
    turned = replaced(negated, policy, mazes, edits["several"]).edits
    assert [part == was for part, was in zip(turned, edits["several"].edits)] == [False, True, False, True]
    assert turned[0].vector.name == "negative of the cheese vector"


# -- whole layers, cheese channels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["subtract", "zero", "layers"])
def test_the_layers_of_an_edit_are_silenced_after_it(policy, mazes, shown, edits, kind):
    silenced = layers_silenced.apply(policy, mazes).edited(edits[kind])
    assert set(silenced.edit.layers) == set(edits[kind].layers)
    by_hand = policy
    for layer in edits[kind].layers:
        by_hand = by_hand.edited(zero_ablate(policy, range(policy.shape(layer)[0]), layer))
    assert np.array_equal(silenced.logits(shown), by_hand.logits(shown))
    assert np.ptp(silenced.logits(shown), axis=0).max() < 1e-5, "nothing of the maze is left"
    assert np.ptp(policy.edited(edits[kind]).logits(shown), axis=0).max() > 1e-2


def test_every_layer_that_may_be_edited_may_be_silenced(policy, mazes, shown):
    for layer in layers_to_edit(policy)[::9]:
        edit = add(Vector(layer, torch.zeros(policy.shape(layer)), "nothing"))
        assert np.isfinite(layers_silenced.apply(policy, mazes).edited(edit).logits(shown)).all()


def test_an_edit_moves_to_as_many_cheese_channels_the_clearest_first(policy, mazes, targets):
    cheese = roles_of(policy).cheese_channels
    others = [channel for channel in range(32) if channel not in cheese]
    for count in range(1, len(cheese) + 1):
        edit = clamp(others[:count], targets, np.arange(1.0, count + 1))
        got = replaced(cheese_channels_instead, policy, mazes, edit)
        assert got == clamp(cheese[:count], targets, np.arange(1.0, count + 1))
    table = np.arange(2 * len(mazes)).reshape(-1, 2)
    assert replaced(cheese_channels_instead, policy, mazes, zero_ablate(policy, table)) == zero_ablate(
        policy, cheese[:2]
    )


@pytest.mark.parametrize(("count", "layer"), [(4, DEFAULT_LAYER), (1, LATE)])
def test_there_must_be_as_many_cheese_channels_and_at_that_layer(policy, mazes, targets, count, layer):
    cheese = roles_of(policy).cheese_channels
    assert len(cheese) == 3
    with pytest.raises(EditError) as error:
        replaced(cheese_channels_instead, policy, mazes, clamp(range(count), targets, 1.0, layer))
    assert str(error.value) == f"cheese channels: wanted {count} at {layer}, found {cheese}"


# -- another policy --------------------------------------------------------------------------------------------------


def test_another_policy_is_the_one_of_that_name_loaded_once(mazes):
    policy, other = lively_policy(1), lively_policy(2)
    asked = []
    policy.find_related = lambda name: asked.append(name) or other
    control = another_policy("region1")
    assert control.name == "region1"
    assert control.apply(policy, mazes) is control.apply(policy, mazes[:1]) is other
    assert asked == ["region1"]


def test_a_policy_without_a_manifest_has_no_other(policy, mazes):
    with pytest.raises(ManifestError, match="was made without a manifest, so that 'region1' cannot be found for it"):
        another_policy("region1").apply(policy, mazes)


# -- all of them -----------------------------------------------------------------------------------------------------


def test_every_part_of_a_sequence_is_replaced(policy, mazes, edits):
    parts = Sequence([edits["subtract"], edits["clamp"], edits["add"], edits["zero"]]).edits
    assert parts == edits["several"].edits

    noisy = replaced(matched_noise, policy, mazes, edits["several"]).edits
    assert [type(part) for part in noisy] == [AddVector, ClampSquares, AddVector, ReplaceChannels]
    assert [part == was for part, was in zip(noisy, parts)] == [False, True, False, True]
    assert noisy[0] == replaced(matched_noise, policy, mazes, parts[0])
    assert noisy[2] == replaced(matched_noise, policy, mazes, parts[2])

    lent = replaced(another_mazes_vector, policy, mazes, edits["several"]).edits
    assert [part == was for part, was in zip(lent, parts)] == [False, True, False, True]
    assert lent[0] == replaced(another_mazes_vector, policy, mazes, parts[0])
    assert lent[2] == replaced(another_mazes_vector, policy, mazes, parts[2])

    moved = replaced(random_channels, policy, mazes, edits["several"]).edits
    assert [part == was for part, was in zip(moved, parts)] == [True, False, True, False]
    assert moved[1] == replaced(random_channels, policy, mazes, parts[1])
    assert moved[3] == replaced(random_channels, policy, mazes, parts[3])


@pytest.mark.parametrize("control", [*CONTROLS, *MORE_EDIT_CONTROLS, *OTHERS], ids=str)
def test_no_control_changes_the_policy_it_is_given(mazes, shown, control):
    policy = lively_policy(2)
    vector = cheese_vector(policy, mazes)
    edit = subtract(vector)
    before, under_edit = policy.logits(shown), policy.edited(edit).logits(shown)
    sha256, values = edit.sha256, vector.values.clone()
    control.apply(policy, mazes).edited(edit).logits(shown)
    assert (policy.edit, policy.outcomes) == (None, Outcomes.OWN)
    assert np.array_equal(policy.logits(shown), before)
    assert policy.edited(edit).edit is edit, "later edits are not replaced"
    assert np.array_equal(policy.edited(edit).logits(shown), under_edit)
    assert torch.equal(vector.values, values)
    assert edit.sha256 == sha256


@pytest.mark.parametrize("control", [*EDIT_CONTROLS, *MORE_EDIT_CONTROLS], ids=str)
def test_an_edit_of_another_make_is_refused(policy, mazes, control):
    class Strange:
        layers = (DEFAULT_LAYER,)

        def __repr__(self):
            return "strange()"

    with pytest.raises(EditError) as error:
        control.apply(policy, mazes).edited(Strange())
    assert str(error.value) == "control: got strange(), wanted an edit of interp_claims.edits"


def test_edits_without_what_a_control_changes_stay_as_they_are(policy, mazes, targets, edits):
    assert replaced(random_channels, policy, mazes, edits["subtract"]) == edits["subtract"]
    filled = replace_channels([1], torch.ones(32, 1, 1), per="all")
    assert replaced(cheese_channels_instead, policy, mazes, edits["subtract"]) == edits["subtract"]
    for control in (another_mazes_vector, matched_noise, own_mazes_vector, negated):
        assert replaced(control, policy, mazes, edits["clamp"]) == edits["clamp"]
        assert replaced(control, policy, mazes, filled) == filled


def test_a_control_prints_as_its_name():
    every = [*CONTROLS, *MORE_EDIT_CONTROLS, *OTHERS]
    assert [str(control) for control in every] == [control.name for control in every]
    assert len({control.name for control in every}) == len(every)
    assert str(Control("mine", lambda policy, mazes: policy)) == "mine"
