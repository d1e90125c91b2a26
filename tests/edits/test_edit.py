"""What holds for every edit: values that compare by content, print, compose, and write into nothing they are given."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_claims.edits import (
    EditError,
    Sequence,
    Vector,
    add,
    cheese_vector,
    clamp,
    mean_ablate,
    no_op,
    replace_channels,
    resample,
    subtract,
    zero_ablate,
)
from interp_claims.edits.edit import NoOp, as_channels, channels_text
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import Observations
from interp_claims.policies import DEFAULT_LAYER, LayerError, Policy, Rows

OTHER_LAYER = "embedder.block2.res2.resadd_out"
SQUARES = [(3, 4), (12, 12), (20, 7), (9, 18)]


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def vector(*, seed=0, layer=DEFAULT_LAYER, shape=(32, 16, 16)):
    return Vector(layer, noise(*shape, seed=seed), "noise")


def vector_per_maze(mazes, *, seed=0):
    return Vector(DEFAULT_LAYER, noise(len(mazes), 32, 16, 16, seed=seed), "noise", tuple(mazes))


def donors_for(positions, mazes):
    return Observations(tuple(mazes[i % len(mazes)] for i in range(len(positions))), positions.owners, len(mazes))


#: One of every kind; each is made anew from the policy, the positions, their mazes and other mazes.
KINDS = {
    "no_op": lambda p, at, mazes, others: no_op(DEFAULT_LAYER),
    "no_op of several layers": lambda p, at, mazes, others: no_op(DEFAULT_LAYER, OTHER_LAYER),
    "add": lambda p, at, mazes, others: add(vector()),
    "add at another layer": lambda p, at, mazes, others: add(vector(layer=OTHER_LAYER, shape=(32, 16, 16))),
    "add another vector": lambda p, at, mazes, others: add(vector(seed=1)),
    "add twice": lambda p, at, mazes, others: add(vector(), 2),
    "subtract": lambda p, at, mazes, others: subtract(vector()),
    "add per maze": lambda p, at, mazes, others: add(vector_per_maze(mazes)),
    "subtract the cheese vector": lambda p, at, mazes, others: subtract(cheese_vector(p, mazes)),
    "clamp": lambda p, at, mazes, others: clamp([1, 2], SQUARES, 5.5),
    "clamp other channels": lambda p, at, mazes, others: clamp([1, 3], SQUARES, 5.5),
    "clamp other squares": lambda p, at, mazes, others: clamp([1, 2], SQUARES[::-1], 5.5),
    "clamp to another value": lambda p, at, mazes, others: clamp([1, 2], SQUARES, 5.0),
    "clamp to a value per channel": lambda p, at, mazes, others: clamp([1, 2], SQUARES, [5.5, -1]),
    "clamp at another layer": lambda p, at, mazes, others: clamp([1, 2], SQUARES, 5.5, layer=OTHER_LAYER),
    "clamp channels per maze": lambda p, at, mazes, others: clamp(np.arange(8).reshape(4, 2), SQUARES, 5.5),
    "replace": lambda p, at, mazes, others: replace_channels([1, 2], noise(32, 16, 16), per="all"),
    "replace by a constant": lambda p, at, mazes, others: replace_channels([1, 2], noise(32, 1, 1), per="all"),
    "replace per maze": lambda p, at, mazes, others: replace_channels([1], noise(4, 32, 16, 16), per="maze"),
    "replace per observation": lambda p, at, mazes, others: replace_channels(
        [1], noise(len(at), 32, 16, 16), per="observation"
    ),
    "resample": lambda p, at, mazes, others: resample(p, [3, 9], donors_for(at, others)),
    "zero_ablate": lambda p, at, mazes, others: zero_ablate(p, [3, 9]),
    "zero_ablate other channels": lambda p, at, mazes, others: zero_ablate(p, [3, 8]),
    "mean_ablate": lambda p, at, mazes, others: mean_ablate(p, [3, 9], others),
    "a sequence": lambda p, at, mazes, others: add(vector()).then(zero_ablate(p, [3])),
    "the sequence the other way": lambda p, at, mazes, others: zero_ablate(p, [3]).then(add(vector())),
}


@pytest.fixture
def make(policy, positions, few_mazes, donor_mazes):
    return lambda kind: KINDS[kind](policy, positions, few_mazes, donor_mazes)


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_edits_made_alike_are_equal_and_hash_alike(make, kind):
    one, again = make(kind), make(kind)
    assert one is not again
    assert one == again
    assert hash(one) == hash(again)
    assert one.sha256 == again.sha256
    assert {one: "found"}[again] == "found"


def test_edits_that_differ_in_anything_are_unequal(make):
    edits = [make(kind) for kind in KINDS]
    assert len(set(edits)) == len(edits)
    assert len({edit.sha256 for edit in edits}) == len(edits)
    assert all((a == b) == (a is b) for a in edits for b in edits)
    assert all(edit != str(edit) for edit in edits)


def test_edits_differ_by_content_and_not_by_name():
    renamed = Vector(DEFAULT_LAYER, vector().values.clone(), "something else")
    assert add(renamed) == add(vector())
    source = noise(32, 1, 1)
    assert replace_channels(1, source, per="all", name="x") == replace_channels(1, source, per="all", name="y")
    assert replace_channels(1, noise(4, 32, 1, 1), per="maze") != replace_channels(
        1, noise(4, 32, 1, 1), per="observation"
    )


@given(st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4), st.integers(0, 3))
@settings(derandomize=True, database=None, deadline=None)
def test_every_single_value_counts_in_the_comparison(values, which):
    def edit(numbers):
        return add(Vector("fc_policy_out", torch.tensor(numbers), "v"))

    other = list(values)
    other[which] += 1
    assert edit(values) == edit(list(values))
    assert edit(values) != edit(other)
    reshaped = Vector("fc_policy_out", torch.tensor(values).reshape(2, 2), "v")
    assert add(reshaped) != edit(values)


def test_edits_of_two_kinds_are_unequal_even_with_the_same_content():
    class OtherNoOp(NoOp):
        pass

    one, other = NoOp((DEFAULT_LAYER,)), OtherNoOp((DEFAULT_LAYER,))
    assert one != other
    assert one.sha256 != other.sha256
    assert Sequence([one, other]) != Sequence([other, one]), "a sequence tells them apart too"


def test_edits_print_as_the_call_that_makes_them(policy, few_mazes, donor_mazes):
    at = DEFAULT_LAYER
    squares = SQUARES
    printed = {
        no_op(at): f"no_op('{at}')",
        no_op(at, "embedder.fc_out"): f"no_op('{at}', 'embedder.fc_out')",
        add(vector()): f"add(noise, at {at})",
        add(vector(), 2.5): f"add(noise, 2.5 times, at {at})",
        add(vector(), -2.5): f"subtract(noise, 2.5 times, at {at})",
        subtract(cheese_vector(policy, few_mazes)): f"subtract(cheese vector, at {at})",
        subtract(vector(), 0.05): f"subtract(noise, 0.05 times, at {at})",
        subtract(vector(), -1): f"add(noise, at {at})",
        subtract(cheese_vector(policy, few_mazes).measured_on(donor_mazes)): (
            f"subtract(cheese vector of another maze, at {at})"
        ),
        add(cheese_vector(policy, few_mazes).mean()): f"add(mean cheese vector of 4 mazes, at {at})",
        clamp(55, [(3, 4)], 5.5): f"clamp(channel 55 to +5.5 on square (3, 4), at {at})",
        clamp([5, 7], squares, [5.5, -1]): f"clamp(channels 5, 7 to +5.5, -1 on a square per maze (4), at {at})",
        clamp(np.arange(8).reshape(4, 2), squares, 2.345): (
            f"clamp(2 channels per maze to +2.35 on a square per maze (4), at {at})"
        ),
        zero_ablate(policy, [3, 1], layer=OTHER_LAYER): f"zero_ablate(channels 3, 1, at {OTHER_LAYER})",
        mean_ablate(policy, 3, donor_mazes): f"mean_ablate(channel 3, at {at})",
        resample(policy, 3, Observations.one_each(few_mazes)): f"resample(channel 3, at {at})",
        replace_channels(3, noise(32, 1, 1), per="all"): f"replace(channel 3, at {at})",
        add(vector()).then(no_op(at)).then(subtract(vector(), 3)): (
            f"add(noise, at {at}), then no_op('{at}'), then subtract(noise, 3 times, at {at})"
        ),
    }
    for edit, text in printed.items():
        assert str(edit) == repr(edit) == text


# -- nothing is written into -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_writes_into_neither_the_activation_nor_itself(make, positions, kind):
    edit = make(kind)
    before = edit.sha256
    activation, rows = noise(len(positions), 32, 16, 16, seed=9), Rows(torch.arange(21), torch.tensor(positions.owners))
    given_to_it = activation.clone()
    for layer in edit.layers:
        changed = edit.apply(layer, given_to_it, rows)
        assert torch.equal(given_to_it, activation)
        assert changed.shape == activation.shape
        assert changed.data_ptr() != given_to_it.data_ptr(), "a new tensor"
        changed.fill_(99)
    del edit.__dict__["sha256"]
    assert edit.sha256 == before, "writing into the result does not write into the edit"


@pytest.mark.parametrize("kind", KINDS)
def test_the_policy_answers_the_same_before_and_after_an_edit(policy, make, positions, few_mazes, kind):
    edit = make(kind)
    logits, acts = policy.logits(positions), policy.activations(positions, DEFAULT_LAYER)
    edited = policy.edited(edit).logits(positions)
    assert np.array_equal(edited, logits) == kind.startswith("no_op"), "only a no-op shows in no answer"
    assert np.array_equal(policy.logits(positions), logits)
    assert torch.equal(policy.activations(positions, DEFAULT_LAYER), acts)
    assert np.array_equal(policy.edited(no_op(DEFAULT_LAYER)).logits(positions), logits)
    assert np.array_equal(policy.edited(edit).logits(positions), edited), "and the edit acts the same again"


def test_one_edit_may_be_given_to_several_policies(policy, network, positions):
    edit = add(vector())
    other = Policy(network, name="of the same weights")
    assert np.array_equal(policy.edited(edit).logits(positions), other.edited(edit).logits(positions))


# -- composition -----------------------------------------------------------------------------------------------------


def test_a_sequence_applies_edits_of_one_layer_in_order(policy, positions, assert_acts_as):
    shift = Vector(DEFAULT_LAYER, torch.ones(32, 16, 16), "one")

    def silence_then_add(x):
        x[:, [3, 4]] = 0
        return x + 1

    def add_then_silence(x):
        x = x + 1
        x[:, [3, 4]] = 0
        return x

    silence = zero_ablate(policy, [3, 4])
    assert_acts_as(silence.then(add(shift)), DEFAULT_LAYER, silence_then_add)
    assert_acts_as(add(shift).then(silence), DEFAULT_LAYER, add_then_silence)
    one, other = (
        policy.edited(edit).logits(positions) for edit in (silence.then(add(shift)), add(shift).then(silence))
    )
    assert np.abs(one - other).max() > 1e-2


def test_adding_and_subtracting_the_same_vector_is_nothing(policy, positions):
    there_and_back = add(vector(), 0.5).then(subtract(vector(), 0.5))
    np.testing.assert_allclose(policy.edited(there_and_back).logits(positions), policy.logits(positions), atol=1e-4)


def test_sequences_are_flat_however_they_are_nested():
    a, b, c, d = (add(vector(seed=i)) for i in range(4))
    flat = Sequence([a, b, c, d])
    assert flat.edits == (a, b, c, d)
    for nested in (a.then(b).then(c).then(d), a.then(b.then(c.then(d))), Sequence([a.then(b), Sequence([c, d])])):
        assert nested == flat
        assert nested.edits == flat.edits
    assert flat != Sequence([a, b, d, c])
    assert flat != Sequence([a, b, c])


def test_a_sequence_names_each_layer_once_and_every_edit_is_checked(policy, positions):
    sequence = no_op("embedder.fc_out").then(no_op(DEFAULT_LAYER, "embedder.fc_out")).then(no_op(OTHER_LAYER))
    assert sequence.layers == ("embedder.fc_out", DEFAULT_LAYER, OTHER_LAYER)
    misfit = add(Vector(DEFAULT_LAYER, torch.zeros(3), "short"))
    for edit in (no_op(DEFAULT_LAYER).then(misfit), misfit.then(no_op(DEFAULT_LAYER))):
        with pytest.raises(EditError, match=r"^add\(short, at .*\): the vector has shape \(3,\)"):
            policy.edited(edit).logits(positions)
    with pytest.raises(LayerError, match="no activation is called 'embedder'"):
        policy.edited(no_op(DEFAULT_LAYER).then(no_op("embedder"))).logits(positions)


def test_a_sequence_of_nothing_is_refused():
    with pytest.raises(EditError) as caught:
        Sequence([])
    assert str(caught.value) == (
        "sequence: got no edits, wanted at least one; use no_op(layer) for an edit that does nothing"
    )


def test_a_no_op_of_no_layer_is_refused():
    with pytest.raises(EditError, match=r"^no_op: got no layer, wanted at least one, for example DEFAULT_LAYER$"):
        no_op()


def test_edit_errors_are_value_errors_of_this_library():
    assert issubclass(EditError, InterpClaimsError)
    assert issubclass(EditError, ValueError)


# -- the same edit with other vectors or channels --------------------------------------------------------------------


def test_map_vectors_exchanges_vectors_and_nothing_else(policy):
    one, other = vector(), vector(seed=5)
    seen = []

    def exchange(v):
        seen.append(v)
        return other

    silence = zero_ablate(policy, [3])
    assert add(one, 2).map_vectors(exchange) == add(other, 2)
    assert subtract(one).map_vectors(exchange) == subtract(other)
    assert all(v is one for v in seen)
    sequence = subtract(one, 3).then(silence).then(add(one)).then(no_op(DEFAULT_LAYER))
    expected = subtract(other, 3).then(silence).then(add(other)).then(no_op(DEFAULT_LAYER))
    assert sequence.map_vectors(exchange) == expected
    for edit in (silence, clamp(1, SQUARES, 2), no_op(DEFAULT_LAYER)):
        assert edit.map_vectors(lambda v: pytest.fail("it has no vector")) is edit


def test_map_channels_exchanges_channels_and_nothing_else(policy, positions, few_mazes):
    seen = []

    def next_ones(channels, layer):
        seen.append((channels.tolist(), layer))
        return channels + 1

    assert clamp([1, 4], SQUARES, [2, 3]).map_channels(next_ones) == clamp([2, 5], SQUARES, [2, 3])
    table = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])
    assert clamp(table, SQUARES, 2, layer=OTHER_LAYER).map_channels(next_ones) == clamp(
        table + 1, SQUARES, 2, layer=OTHER_LAYER
    )
    source = noise(4, 32, 16, 16)
    replaced = replace_channels([3, 9], source, per="maze", name="swap").map_channels(next_ones)
    assert replaced == replace_channels([4, 10], source, per="maze")
    assert str(replaced) == f"swap(channels 4, 10, at {DEFAULT_LAYER})"
    assert seen == [([1, 4], DEFAULT_LAYER), (table.tolist(), OTHER_LAYER), ([3, 9], DEFAULT_LAYER)]
    sequence = zero_ablate(policy, 3).then(add(vector())).then(clamp(1, SQUARES, 2))
    assert sequence.map_channels(next_ones) == zero_ablate(policy, 4).then(add(vector())).then(clamp(2, SQUARES, 2))
    for edit in (add(vector()), no_op(DEFAULT_LAYER)):
        assert edit.map_channels(lambda *_: pytest.fail("it has no channels")) is edit


def test_channels_may_become_a_row_per_maze(policy, positions):
    table = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])
    per_maze = clamp([0, 9], SQUARES, [2, 3]).map_channels(lambda channels, layer: table)
    assert per_maze == clamp(table, SQUARES, [2, 3])
    assert np.array_equal(
        policy.edited(per_maze).logits(positions), policy.edited(clamp(table, SQUARES, [2, 3])).logits(positions)
    )


@pytest.mark.parametrize("bad", [[-1], [2, 2], []])
def test_channels_that_cannot_be_are_refused_from_a_map_too(policy, bad):
    for edit in (clamp(1, SQUARES, 2), zero_ablate(policy, 1)):
        with pytest.raises(EditError, match=r"^channels: got "):
            edit.map_channels(lambda channels, layer: np.array(bad, dtype=int))


# -- channels --------------------------------------------------------------------------------------------------------

channel_lists = st.lists(st.integers(0, 127), min_size=1, max_size=6, unique=True)


@given(channel_lists)
@settings(derandomize=True, database=None, deadline=None)
def test_channels_may_be_given_in_any_form_and_keep_their_order(channels):
    for form in (channels, tuple(channels), iter(channels), np.array(channels), np.array(channels, dtype=np.uint8)):
        array = as_channels(form)
        assert array.dtype == np.int64
        assert array.tolist() == channels
    assert as_channels(np.array([channels, channels[::-1]])).tolist() == [channels, channels[::-1]]


def test_a_single_channel_may_be_given_as_a_number():
    assert as_channels(55).tolist() == [55]


@given(channel_lists, st.integers(-130, -1), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_negative_channel_never_means_all_of_them(channels, negative, data):
    channels.insert(data.draw(st.integers(0, len(channels))), negative)
    with pytest.raises(EditError) as caught:
        as_channels(channels)
    assert str(caught.value) == f"channels: got {negative}, wanted 0 or more; name all channels to mean all of them"
    with pytest.raises(EditError, match="wanted 0 or more"):
        as_channels(np.array([channels, sorted(channels)]))


@given(channel_lists, st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_channel_given_twice_is_refused(channels, data):
    twice = data.draw(st.permutations([*channels, data.draw(st.sampled_from(channels))]))
    with pytest.raises(EditError) as caught:
        as_channels(twice)
    assert str(caught.value) == f"channels: got {list(twice)}, wanted each only once"
    with pytest.raises(EditError, match="wanted each only once"):
        as_channels(np.array([range(200, 200 + len(twice)), twice]))


@pytest.mark.parametrize(
    "channels", [[], np.zeros((0, 2), int), [5.0], ["55"], [True], np.zeros((1, 2, 3), int), np.array([0.5])], ids=repr
)
def test_channels_that_are_no_whole_numbers_are_refused(channels):
    with pytest.raises(EditError, match=r"wanted one or more whole numbers, or a row of them per maze$"):
        as_channels(channels)


@pytest.mark.parametrize("channels", [5.0, [[1, 2], [3]], None], ids=repr)
def test_channels_in_a_form_that_cannot_be_read_are_refused_as_clearly(channels):
    with pytest.raises(EditError, match=r"^channels: got "):
        as_channels(channels)


def test_a_single_channel_may_come_out_of_an_array():
    assert as_channels(np.arange(60)[55]).tolist() == [55]


def test_channels_print_as_numbers_or_as_how_many_per_maze():
    assert channels_text(np.array([7])) == "channel 7"
    assert channels_text(np.array([9, 7])) == "channels 9, 7"
    assert channels_text(np.array([[1, 2, 3], [4, 5, 6]])) == "3 channels per maze"
