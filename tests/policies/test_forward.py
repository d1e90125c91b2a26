"""Forward passes: the same answers however observations are split, ordered, cached or edited."""

import gc

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interp_claims.edits import Edit, add, no_op, zero_ablate
from interp_claims.edits.vectors import Vector
from interp_claims.mazes import Observations, simulator
from interp_claims.policies import DEFAULT_LAYER, ActivationCache, ImpalaNetwork, LayerError, Policy
from interp_claims.policies import forward as forward_module
from interp_claims.policies.devices import DeviceError
from interp_claims.policies.forward import Forward, OverflowingNetworkError, PrecisionError
from interp_claims.policies.network import LOGITS, VALUE

EARLY, LATE = "embedder.block1.res1.relu2_out", "embedder.block3.res2.resadd_out"


class Probe(Edit):
    """An edit made for a test: does what it is told with each chunk."""

    def __init__(self, what, layers=(DEFAULT_LAYER,), check=None):
        self.what, self._layers, self.check_what = what, layers, check

    @property
    def layers(self):
        return self._layers

    def apply(self, layer, activation, rows):
        return self.what(layer, activation, rows)

    def check_fit(self, shapes, observations):
        if self.check_what is not None:
            self.check_what(shapes, observations)

    def content(self):
        return [str(id(self.what))]

    def __str__(self):
        return "probe"


def per_row(layer):
    """An edit that adds to each row a pattern that depends on its observation and on its maze."""

    def what(_, activation, rows):
        amount = rows.observations.double().cos() + 3 * (rows.owners + 1).double().sin()
        return activation + amount.float().reshape(-1, *[1] * (activation.ndim - 1))

    return Probe(what, (layer,))


def per_maze(layer):
    """The same, depending on the maze only."""

    def what(_, activation, rows):
        amount = (rows.owners + 1).double().sin().float()
        return activation * (1 + amount.reshape(-1, *[1] * (activation.ndim - 1)))

    return Probe(what, (layer,))


def part_of(observations, indices):
    return Observations(
        tuple(observations.mazes[i] for i in indices),
        tuple(observations.owners[i] for i in indices),
        observations.num_mazes,
    )


def assert_same(got, wanted):
    np.testing.assert_array_equal(got[0], wanted[0])
    np.testing.assert_array_equal(got[1], wanted[1])


@pytest.fixture(scope="module")
def network(make_network):
    return make_network()


@pytest.fixture
def forward(network):
    return Forward(network)


@pytest.fixture
def rows_run(network, monkeypatch):
    """How many rows each run of the network began with, by where it started and ended."""
    runs, run = [], ImpalaNetwork.run

    def note(self, value, *, start="observation", until=None, **how):
        runs.append((start, until, len(value)))
        return run(self, value, start=start, until=until, **how)

    monkeypatch.setattr(ImpalaNetwork, "run", note)
    return runs


# -- what is computed ------------------------------------------------------------------------------------------------


def test_outputs_are_those_of_the_network_on_the_rendered_pixels(forward, network, positions, render):
    logits, values = forward.outputs(positions)
    assert (logits.dtype, logits.shape) == (np.float32, (len(positions), 15))
    assert (values.dtype, values.shape) == (np.float32, (len(positions),))
    with torch.no_grad():
        direct = network(render(positions.mazes))
    assert logits.std(axis=0).min() > 1e-3, "the observations are told apart"
    np.testing.assert_allclose(logits, direct[0].numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(values, direct[1][:, 0].numpy(), rtol=1e-5, atol=1e-5)


def test_activations_of_every_layer_are_those_of_the_network_on_the_rendered_pixels(network, positions, render):
    with torch.no_grad():
        direct = network.run(render(positions.mazes), keep=network.layers)
    forward = Forward(network)
    for layer in network.layers:
        got = forward.activations(positions, layer)
        assert got.dtype == torch.float32
        assert tuple(got.shape[1:]) == forward.shapes[layer]
        torch.testing.assert_close(got, direct[layer], rtol=1e-4, atol=1e-5, msg=lambda m, n=layer: f"{n}: {m}")


@pytest.mark.parametrize("layer", ["embedder.block1.conv_out", EARLY, DEFAULT_LAYER, LATE, "embedder.fc_out", VALUE])
def test_activations_of_pictures_that_are_no_mazes_are_those_of_the_network(small_policy, network, layer):
    pixels = np.random.default_rng(0).integers(0, 256, (19, 64, 64, 3), dtype=np.uint8)
    got = small_policy.activations_of_pixels(pixels, layer)
    with torch.no_grad():
        direct = network.run(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255, until=layer)[layer]
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, direct, rtol=1e-4, atol=1e-5)
    assert torch.equal(small_policy.activations_of_pixels(pixels[[7]], layer), got[[7]])
    assert torch.equal(small_policy.activations_of_pixels(pixels[::-1], layer), got.flip(0))


@pytest.mark.parametrize("layer", [EARLY, DEFAULT_LAYER, LATE, LOGITS])
def test_a_picture_of_a_maze_has_the_activations_of_the_maze(small_policy, positions, layer):
    pixels = simulator().render(positions.mazes)
    got = small_policy.activations_of_pixels(pixels, layer)
    assert small_policy.forward.observations_run == 0, "nothing is kept of pictures"
    assert torch.equal(got, small_policy.activations(positions, layer))


def test_an_edit_of_every_layer_is_one_of_the_network_on_the_rendered_pixels(network, positions, render):
    chosen = part_of(positions, range(20))
    for layer in network.layers:
        edit = per_row(layer)
        rows = forward_module.Rows(torch.arange(20), torch.tensor(chosen.owners))
        with torch.no_grad():
            direct = network.run(
                render(chosen.mazes),
                edit=lambda name, x, edit=edit, rows=rows: edit.apply(name, x, rows) if name in edit.layers else x,
            )
        got = Forward(network).outputs(chosen, edit)
        np.testing.assert_allclose(got[0], direct[LOGITS].numpy(), rtol=1e-4, atol=1e-4, err_msg=layer)
        np.testing.assert_allclose(got[1], direct[VALUE][:, 0].numpy(), rtol=1e-4, atol=1e-4, err_msg=layer)


def test_activations_of_an_unknown_layer_are_refused(forward, positions):
    with pytest.raises(LayerError, match=r"no activation is called 'resadd'; "):
        forward.activations(positions, "resadd")


def test_an_edit_of_an_unknown_layer_is_refused(forward, positions):
    with pytest.raises(LayerError, match=r"did you mean 'embedder\.block2\.res1\.resadd_out'"):
        forward.outputs(positions, no_op("embedder.block2.res1.resadd"))


def test_shapes_cannot_be_changed_from_outside(forward):
    forward.shapes.clear()
    assert forward.shapes[DEFAULT_LAYER] == (32, 16, 16)


# -- splits, orders, duplicates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit", [None, no_op(EARLY), per_maze(EARLY), per_maze(DEFAULT_LAYER), per_maze(LATE)], ids=lambda e: str(e)
)
@given(data=st.data())
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_answers_are_bit_identical_however_observations_are_ordered_and_split(network, positions, edit, data):
    whole = Forward(network).outputs(positions, edit)
    order = data.draw(st.permutations(range(len(positions))), label="order")
    cuts = data.draw(st.sets(st.integers(1, len(order) - 1), max_size=4), label="cuts")
    shared = Forward(network) if data.draw(st.booleans(), label="one cache for all parts") else None
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(order)]):
        part = order[first:last]
        got = (shared or Forward(network)).outputs(part_of(positions, part), edit)
        assert_same(got, (whole[0][part], whole[1][part]))


@pytest.mark.parametrize("layer", [EARLY, DEFAULT_LAYER, LATE, "embedder.flatten_out", "embedder.fc_out", LOGITS])
def test_activations_are_bit_identical_however_observations_are_ordered_and_split(network, positions, layer):
    whole = Forward(network).activations(positions, layer)
    order = np.random.default_rng(1).permutation(len(positions))
    for part in (order[:3], order[3:20], order[20:]):
        assert torch.equal(Forward(network).activations(part_of(positions, part), layer), whole[torch.tensor(part)])


def test_an_observation_asked_for_twice_is_answered_twice(forward, positions):
    twice = [4, 4, 20, 4, 20]
    expected = Forward(forward.network).outputs(positions)
    assert_same(forward.outputs(part_of(positions, twice)), (expected[0][twice], expected[1][twice]))
    acts = forward.activations(part_of(positions, twice), DEFAULT_LAYER)
    assert torch.equal(acts[0], acts[1])
    assert torch.equal(acts[2], acts[4])
    assert not torch.equal(acts[1], acts[2])


def test_the_same_picture_in_two_mazes_of_the_batch_gets_each_mazes_own_edit(forward, positions):
    maze = positions.mazes[0]
    logits = forward.outputs(Observations.one_each([maze, maze]), per_maze(DEFAULT_LAYER))[0]
    assert np.abs(logits[0] - logits[1]).max() > 1e-3


@pytest.mark.parametrize("edit", [None, no_op(DEFAULT_LAYER)], ids=str)
def test_no_observations_give_no_answers(forward, edit):
    nothing = Observations((), (), 3)
    logits, values = forward.outputs(nothing, edit)
    assert (logits.shape, values.shape) == ((0, 15), (0,))
    assert forward.observations_run == 0


@pytest.mark.parametrize("layer", [DEFAULT_LAYER, LOGITS])
def test_no_observations_have_no_activations(forward, layer):
    assert forward.activations(Observations((), (), 0), layer).shape == (0, *forward.shapes[layer])


@pytest.mark.parametrize("at_once", [1, 5, 16, 36, 37])
@pytest.mark.parametrize("layer", [EARLY, DEFAULT_LAYER])
def test_long_requests_are_cut_without_a_trace(network, positions, monkeypatch, at_once, layer):
    unedited = Forward(network).outputs(positions)
    edited = Forward(network).outputs(positions, per_row(layer))
    monkeypatch.setattr(forward_module, "_OBSERVATIONS_AT_ONCE", at_once)
    assert_same(Forward(network).outputs(positions), unedited)
    assert_same(Forward(network).outputs(positions, per_row(layer)), edited)


def test_every_chunk_has_the_same_size_and_names_the_rows_it_holds(forward, positions):
    acts = forward.activations(positions, DEFAULT_LAYER)
    owners, chunks = torch.tensor(positions.owners), []

    def check(layer, activation, rows):
        assert layer == DEFAULT_LAYER
        assert torch.equal(activation, acts[rows.observations]), "rows name the observations they hold"
        assert torch.equal(rows.owners, owners[rows.observations])
        assert rows.observations.dtype == rows.owners.dtype == torch.int64
        chunks.append(rows.observations.tolist())
        return activation

    forward.outputs(positions, Probe(check))
    assert [len(chunk) for chunk in chunks] == [forward.chunk] * -(-37 // forward.chunk)
    rows = [row for chunk in chunks for row in chunk]
    assert rows[:37] == list(range(37))
    assert set(rows[37:]) <= set(range(37))


def test_an_edit_is_only_shown_the_layers_it_changes(forward, positions):
    seen = []

    def note(layer, activation, rows):
        seen.append((layer, tuple(activation.shape[1:])))
        return activation

    forward.outputs(part_of(positions, [0]), Probe(note, (LATE, EARLY)))
    assert seen == [(layer, forward.shapes[layer]) for layer in (EARLY, LATE)], "in the order of the computation"


# -- the cache -------------------------------------------------------------------------------------------------------


def test_activations_up_to_a_layer_are_computed_once_for_all_edits_and_the_unedited_run(
    forward, positions, few_mazes, rows_run
):
    distinct = len({maze.key for maze in positions.mazes})
    forward.outputs(positions)
    assert [run for run in rows_run if run[0] == "observation"]
    rows_run.clear()
    forward.outputs(positions, no_op(DEFAULT_LAYER))
    forward.outputs(positions, per_row(DEFAULT_LAYER))
    forward.outputs(positions, per_maze("embedder.block2.res2.relu1_out"))
    forward.activations(positions, DEFAULT_LAYER)
    forward.activations(positions, "embedder.block2.res2.conv2_out")
    assert {run[0] for run in rows_run} == {DEFAULT_LAYER}
    assert forward.observations_run == distinct


def test_activations_of_a_later_layer_start_from_the_cached_one(forward, positions, rows_run):
    forward.outputs(positions)
    rows_run.clear()
    forward.outputs(positions, no_op(LATE))
    forward.outputs(positions, per_row(LATE))
    assert {run[0] for run in rows_run} == {DEFAULT_LAYER, LATE}
    assert [run for run in rows_run if run[0] == DEFAULT_LAYER] == (
        [(DEFAULT_LAYER, LATE, forward.chunk)] * -(-37 // forward.chunk)
    )


def test_only_new_observations_are_computed(forward, positions, rows_run):
    forward.outputs(part_of(positions, range(20)))
    assert forward.observations_run == 20
    rows_run.clear()
    forward.outputs(part_of(positions, [*range(10, 24), 3, 22]))
    assert forward.observations_run == 24
    assert len(rows_run) == 2, "one chunk up to the layer, one from there on"


def test_answers_given_again_cost_nothing(forward, positions, rows_run):
    first = forward.outputs(positions)
    rows_run.clear()
    assert_same(forward.outputs(positions), first)
    assert rows_run == []


@pytest.mark.parametrize("rows_kept", [0, 1, 7, 40])
def test_however_little_is_kept_the_answers_are_the_same(network, positions, rows_kept):
    expected = {layer: Forward(network).outputs(positions, per_row(layer)) for layer in (EARLY, DEFAULT_LAYER, LATE)}
    forward = Forward(network, cache=ActivationCache(max_bytes=rows_kept * 32 * 16 * 16 * 4))
    assert_same(forward.outputs(positions), Forward(network).outputs(positions))
    for layer in (DEFAULT_LAYER, EARLY, LATE, DEFAULT_LAYER):
        assert_same(forward.outputs(positions, per_row(layer)), expected[layer])
        assert torch.equal(forward.activations(positions, layer), Forward(network).activations(positions, layer))


def test_the_cache_keeps_what_was_used_last():
    rows = {name: torch.full((10,), float(i)) for i, name in enumerate("abcd")}
    cache = ActivationCache(max_bytes=3 * 40)
    for name in "abc":
        cache.put((1, name, b""), rows[name])
    assert cache.get((1, "a", b"")) is rows["a"], "a is used again, so that b is now the oldest"
    cache.put((1, "d", b""), rows["d"])
    assert {name for name in "abcd" if cache.get((1, name, b"")) is not None} == {"a", "c", "d"}
    assert cache.get((2, "a", b"")) is None
    assert cache.get((1, "a", b"x")) is None


def test_putting_the_same_thing_twice_does_not_count_twice():
    cache = ActivationCache(max_bytes=3 * 40)
    for _ in range(5):
        for name in "abc":
            cache.put((1, name, b""), torch.zeros(10))
    assert all(cache.get((1, name, b"")) is not None for name in "abc")


def test_a_cache_with_room_for_nothing_still_keeps_the_last():
    cache = ActivationCache(max_bytes=0)
    cache.put((1, "a", b""), torch.zeros(10))
    cache.put((1, "b", b""), torch.ones(10))
    assert cache.get((1, "a", b"")) is None
    assert cache.get((1, "b", b"")) is not None


def test_the_cache_holds_no_more_memory_than_it_may(network, positions):
    cache = ActivationCache(max_bytes=10 * 32 * 16 * 16 * 4)
    forward = Forward(network, cache=cache)
    for i in range(12):
        forward.activations(part_of(positions, [i]), DEFAULT_LAYER)
    gc.collect()
    storages = {row.untyped_storage().data_ptr(): row.untyped_storage().nbytes() for row in cache._rows.values()}
    assert sum(storages.values()) <= cache.max_bytes


def test_networks_that_share_a_cache_do_not_mix(make_network, positions):
    cache = ActivationCache()
    networks = [make_network(seed) for seed in (0, 1)]
    sharing = [Forward(network, cache=cache) for network in networks]
    for layer in (DEFAULT_LAYER, LATE, EARLY):
        for forward, network in zip(sharing, networks):
            alone = Forward(network)
            assert_same(forward.outputs(positions), alone.outputs(positions))
            assert_same(forward.outputs(positions, per_row(layer)), alone.outputs(positions, per_row(layer)))
            assert torch.equal(forward.activations(positions, layer), alone.activations(positions, layer))


def test_a_network_does_not_inherit_the_cache_entries_of_one_that_is_gone(make_network, positions):
    cache, one = ActivationCache(), part_of(positions, [0, 20])
    networks = [make_network(seed) for seed in (0, 1)]
    gone = Forward(networks[0], cache=cache)
    gone.outputs(one)
    place = id(gone)
    del gone
    others = [Forward(networks[1], cache=cache)]
    while id(others[-1]) != place and len(others) < 100:
        others.append(Forward(networks[1], cache=cache))
    if id(others[-1]) != place:
        pytest.skip("the freed place was not used again")
    assert_same(others[-1].outputs(one), Forward(networks[1]).outputs(one))


# -- no harm done ----------------------------------------------------------------------------------------------------


def fail(*_):
    raise ZeroDivisionError("on purpose")


@pytest.mark.parametrize("layer", [EARLY, DEFAULT_LAYER, LATE, LOGITS])
@pytest.mark.parametrize("asked_before", [True, False])
def test_an_edit_that_raises_leaves_no_trace(network, positions, layer, asked_before):
    expected, forward = Forward(network).outputs(positions), Forward(network)
    if asked_before:
        forward.outputs(positions)
    calls = []

    def fail_in_the_second_chunk(_, activation, rows):
        calls.append(rows)
        return fail() if len(calls) == 2 else activation * 0 + 3

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        forward.outputs(positions, Probe(fail_in_the_second_chunk, (layer,)))
    assert len(calls) == 2
    assert_same(forward.outputs(positions), expected)
    assert_same(forward.outputs(positions, no_op(layer)), expected)


def test_an_edit_whose_check_raises_is_never_applied(forward, positions):
    with pytest.raises(ZeroDivisionError):
        forward.outputs(positions, Probe(lambda *_: pytest.fail("applied"), check=fail))
    assert forward.observations_run == 0


@pytest.mark.parametrize("layer", [EARLY, "embedder.block2.maxpool_out", DEFAULT_LAYER, LATE, "embedder.flatten_out"])
def test_even_an_edit_that_writes_in_place_leaves_what_is_kept_unharmed(network, positions, layer):
    forward, expected = Forward(network), Forward(network).outputs(positions)
    acts = forward.activations(positions, layer).clone()
    forward.outputs(positions, Probe(lambda _, activation, rows: activation.fill_(9), (layer,)))
    assert torch.equal(forward.activations(positions, layer), acts)
    assert_same(forward.outputs(positions), expected)
    assert_same(forward.outputs(positions, no_op(layer)), expected)


@torch.inference_mode()
@pytest.mark.parametrize("layer", [EARLY, DEFAULT_LAYER, LATE, "embedder.flatten_out", LOGITS])
def test_what_a_caller_does_to_an_answer_stays_with_the_caller(forward, positions, layer):
    expected = Forward(forward.network).activations(positions, layer)
    forward.activations(positions, layer).fill_(7)
    assert torch.equal(forward.activations(positions, layer), expected)
    logits, values = forward.outputs(positions)
    kept = logits.copy(), values.copy()
    logits[:], values[:] = 7, 7
    assert_same(forward.outputs(positions), kept)


def test_asking_does_not_touch_the_weights_or_their_gradients(forward, positions):
    before = {name: value.clone() for name, value in forward.network.state_dict().items()}
    forward.outputs(positions, per_row(EARLY))
    forward.activations(positions, LATE)
    for name, parameter in forward.network.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.grad is None


def test_edits_of_several_layers_all_act(network, positions):
    """The sum of what they do: each is exact where the network behind it is linear."""
    edits = [
        add(Vector("embedder.fc_out", torch.linspace(-1, 1, 256), "slope"), 2.0),
        add(Vector(LOGITS, torch.arange(15.0), "ramp")),
        zero_ablate(Policy(network, name="x"), range(0, 256, 2), layer="embedder.relufc_out"),
    ]
    sequence = edits[0].then(edits[1]).then(edits[2])
    hidden = Forward(network).activations(positions, "embedder.fc_out") + 2 * torch.linspace(-1, 1, 256)
    hidden = hidden.clamp(min=0) * (torch.arange(256) % 2)
    with torch.no_grad():
        expected = network.fc_policy(hidden) + torch.arange(15.0)
    logits, values = Forward(network).outputs(positions, sequence)
    np.testing.assert_allclose(logits, expected.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(values, network.fc_value(hidden)[:, 0].numpy(), rtol=1e-5, atol=1e-5)


def test_a_policy_answers_alike_before_and_after_other_policies_were_made_of_its_network(network, positions):
    policy = Policy(network, name="first")
    before = policy.logits(positions)
    others = [Policy(network, name=f"another {i}") for i in range(3)]
    fresh = [other.logits(positions) for other in others]
    assert all(np.array_equal(logits, before) for logits in [*fresh, policy.logits(positions)])


def test_a_network_whose_numbers_overflow_says_so_instead_of_answering(positions):
    network = ImpalaNetwork(1).initialise(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e12)
    forward = Forward(network)
    for ask in (
        lambda: forward.outputs(positions),
        lambda: forward.activations(positions, LATE),
        lambda: forward.activations_of_pixels(np.full((1, 64, 64, 3), 200, np.uint8), LATE),
    ):
        with pytest.raises(OverflowingNetworkError, match="has NaN or infinite values, wanted finite"):
            ask()


# -- bfloat16 --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_bfloat16(network):
    return Forward(network, precision="bfloat16")


def test_bfloat16_says_nearly_what_float32_says(network, in_bfloat16, positions):
    exact, rough = Forward(network).outputs(positions), in_bfloat16.outputs(positions)
    spread = exact[0].std(axis=0).max()
    assert 0 < np.abs(exact[0] - rough[0]).max() < 0.2 * spread
    assert rough[0].dtype == rough[1].dtype == np.float32
    assert network.dtype == torch.float32, "the network it was made from is as it was"


def test_in_bfloat16_too_an_edit_that_does_nothing_changes_no_bit(in_bfloat16, positions):
    for layer in (EARLY, DEFAULT_LAYER, LATE):
        assert_same(in_bfloat16.outputs(positions, no_op(layer)), in_bfloat16.outputs(positions))


def test_in_bfloat16_edits_and_askers_see_float32(in_bfloat16, positions):
    seen = []

    def note(layer, activation, rows):
        seen.append(activation.dtype)
        return activation + 1

    changed = in_bfloat16.outputs(positions, Probe(note, (DEFAULT_LAYER,)))
    assert set(seen) == {torch.float32}
    assert np.abs(changed[0] - in_bfloat16.outputs(positions)[0]).max() > 0
    for layer in (EARLY, DEFAULT_LAYER, "embedder.block2.res2.conv2_out", LATE, "embedder.fc_out"):
        assert in_bfloat16.activations(positions, layer).dtype == torch.float32


@pytest.mark.parametrize("device", ["gpu", "mps", "meta"])
def test_another_device_is_refused(network, device):
    with pytest.raises(DeviceError, match=f"device: got '{device}', wanted cpu, cuda or cuda:N"):
        Forward(network, device)


def test_another_precision_is_refused(network):
    with pytest.raises(PrecisionError, match="precision: got 'float16', wanted float32 or bfloat16"):
        Forward(network, precision="float16")


def test_an_earlier_layer_that_is_kept_saves_beginning_anew(forward, positions, rows_run):
    one_each = Observations.one_each([positions.mazes[i] for i in (0, 6, 25, 30)])
    expected = {layer: Forward(forward.network).activations(one_each, layer) for layer in forward.network.layers}
    rows_run.clear()
    for layer in forward.network.layers:
        assert torch.equal(forward.activations(one_each, layer), expected[layer]), layer
    starts = [start for start, _, _ in rows_run]
    assert starts.count("observation") == 1
    ends = ("embedder.block1.res1.resadd_out", DEFAULT_LAYER, "embedder.block3.res1.resadd_out")
    before = ("embedder.block1.maxpool_out", "embedder.block2.maxpool_out", "embedder.block3.maxpool_out")
    assert all((start, end) in [run[:2] for run in rows_run] for start, end in zip(before, ends))


def test_where_an_earlier_layer_is_kept_for_some_observations_only_all_begin_anew(forward, positions, rows_run):
    first, both = (Observations.one_each([positions.mazes[i] for i in which]) for which in ((0,), (0, 6)))
    forward.activations(first, "embedder.block1.maxpool_out")
    rows_run.clear()
    got = forward.activations(both, "embedder.block1.res1.resadd_out")
    assert [run[0] for run in rows_run] == ["observation"]
    assert torch.equal(got, Forward(forward.network).activations(both, "embedder.block1.res1.resadd_out"))
