"""The network against a second implementation of the architecture, and runs that stop, resume and are edited."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional

from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import Maze
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, LayerError, cell_of, load_network
from interp_claims.policies.network import LOGITS, VALUE

LAYERS = ImpalaNetwork(1).layers
WIDTHS = (64, 128, 128)


def published_parameters():
    """Names and shapes in the published maze checkpoints, spelt out."""
    shapes = {}

    def conv(name, width_in, width):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (width, width_in, 3, 3), (width,)

    for number, width_in, width in zip((1, 2, 3), (3, *WIDTHS), WIDTHS):
        conv(f"embedder.block{number}.conv", width_in, width)
        for res in ("res1", "res2"):
            for layer in ("conv1", "conv2"):
                conv(f"embedder.block{number}.{res}.{layer}", width, width)
    for name, width_in, width in (("embedder.fc", 128 * 8 * 8, 256), ("fc_policy", 256, 15), ("fc_value", 256, 1)):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (width, width_in), (width,)
    return shapes


def second_implementation(weights, x):
    """Every activation by name, from a state dict alone."""
    seen = {}

    def conv(name, x):
        return functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    for block in ("embedder.block1", "embedder.block2", "embedder.block3"):
        x = seen[f"{block}.conv_out"] = conv(f"{block}.conv", x)
        x = seen[f"{block}.maxpool_out"] = functional.max_pool2d(x, 3, 2, 1)
        for res in (f"{block}.res1", f"{block}.res2"):
            first = seen[f"{res}.relu1_out"] = x.clamp(min=0)
            second = seen[f"{res}.conv1_out"] = conv(f"{res}.conv1", first)
            third = seen[f"{res}.relu2_out"] = second.clamp(min=0)
            fourth = seen[f"{res}.conv2_out"] = conv(f"{res}.conv2", third)
            x = seen[f"{res}.resadd_out"] = x + fourth
    x = seen["embedder.relu3_out"] = x.clamp(min=0)
    x = seen["embedder.flatten_out"] = x.reshape(len(x), -1)
    x = seen["embedder.fc_out"] = linear("embedder.fc", x)
    x = seen["embedder.relufc_out"] = x.clamp(min=0)
    seen[LOGITS] = linear("fc_policy", x)
    seen[VALUE] = linear("fc_value", x)
    return seen


def resume_points():
    """For each activation the one to resume from, read off the picture of the architecture rather than its graph."""
    expected, last = {}, None
    for name in second_implementation(ImpalaNetwork(1).state_dict(), torch.zeros(1, 3, 64, 64)):
        inside_a_branch = ".res" in name and not name.endswith("resadd_out")
        last = last if inside_a_branch or name in (LOGITS, VALUE) else name
        expected[name] = last
    return expected


@pytest.fixture(scope="module")
def network(make_network):
    return make_network()


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def whole_run(network, pictures):
    with torch.no_grad():
        return network.run(pictures, keep=LAYERS)


def test_parameters_are_named_and_shaped_as_in_the_published_checkpoints():
    network = ImpalaNetwork()
    assert {name: tuple(p.shape) for name, p in network.state_dict().items()} == published_parameters()
    assert sum(p.numel() for p in network.parameters()) == 3_653_136


@torch.no_grad()
def test_the_default_layer_has_the_32768_activations_of_the_literature():
    assert DEFAULT_LAYER == "embedder.block2.res1.resadd_out"
    value = ImpalaNetwork().run(torch.zeros(1, 3, 64, 64), until=DEFAULT_LAYER)[DEFAULT_LAYER]
    assert value.shape == (1, 128, 16, 16)
    assert value.numel() == 32_768


@torch.no_grad()
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_every_activation_equals_that_of_a_second_implementation(make_network, pictures, scale):
    network = make_network(seed=scale, scale=scale)
    expected = second_implementation(network.state_dict(), pictures)
    got = network.run(pictures, keep=network.layers)
    assert list(network.layers) == list(expected)
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@torch.no_grad()
def test_a_trained_network_on_rendered_mazes_equals_the_second_implementation(real_checkpoint, few_mazes, render):
    network, x = load_network(real_checkpoint), render(few_mazes)
    logits, value = network(x)
    expected = second_implementation(network.state_dict(), x)
    assert logits.std() > 0.5, "a trained network prefers some actions"
    torch.testing.assert_close(logits, expected[LOGITS], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(value, expected[VALUE], rtol=1e-4, atol=1e-4)


def test_every_parameter_reaches_the_logits_or_the_value(make_network, pictures):
    network = make_network()
    logits, value = network(pictures)
    (logits.square().sum() + value.square().sum()).backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


@torch.no_grad()
@pytest.mark.parametrize("layer", LAYERS)
def test_resuming_gives_what_a_whole_run_gives(network, whole_run, layer):
    start = network.resume_point(layer)
    resumed = network.run(whole_run[start], start=start)
    assert set(resumed) == {LOGITS, VALUE}
    assert torch.equal(resumed[LOGITS], whole_run[LOGITS])
    assert torch.equal(resumed[VALUE], whole_run[VALUE])


@torch.no_grad()
@pytest.mark.parametrize("layer", LAYERS)
def test_an_edit_acts_the_same_in_a_resumed_run_as_in_a_whole_one(network, pictures, whole_run, layer):
    noise = torch.randn(whole_run[layer].shape, generator=torch.Generator().manual_seed(7))

    def edit(name, value):
        return value + noise if name == layer else value

    start = network.resume_point(layer)
    whole = network.run(pictures, edit=edit)
    resumed = network.run(whole_run[start], start=start, edit=edit)
    for head in (LOGITS, VALUE):
        assert torch.equal(resumed[head], whole[head])
        other_head = {LOGITS, VALUE} - {head}
        assert torch.equal(whole[head], whole_run[head]) == (layer in other_head), "an edit changes what lies after it"


@pytest.mark.parametrize(("layer", "expected"), resume_points().items())
def test_the_resume_point_is_the_latest_activation_that_suffices(network, layer, expected):
    assert network.resume_point(layer) == expected
    between = network.layers[network.position(expected) + 1 : network.position(layer) + 1]
    if layer not in (LOGITS, VALUE):
        for later in between:
            shape = network.run(torch.zeros(1, 3, 64, 64), until=later)[later].shape
            with pytest.raises(KeyError):
                network.run(torch.zeros(shape), start=later)


@torch.no_grad()
def test_until_gives_that_activation_and_computes_nothing_after_it(network, pictures, whole_run):
    visited = []

    def note(name, value):
        visited.append(name)
        return value

    result = network.run(pictures, until=DEFAULT_LAYER, edit=note)
    assert set(result) == {DEFAULT_LAYER}
    assert torch.equal(result[DEFAULT_LAYER], whole_run[DEFAULT_LAYER])
    assert visited == list(LAYERS[: LAYERS.index(DEFAULT_LAYER) + 1])


@torch.no_grad()
def test_keep_gives_further_activations_beside_the_outputs(network, pictures, whole_run):
    kept = ("embedder.block1.res1.relu2_out", "embedder.block3.maxpool_out", "embedder.fc_out")
    result = network.run(pictures, keep=kept)
    assert set(result) == {*kept, LOGITS, VALUE}
    expected = second_implementation(network.state_dict(), pictures)
    for name in kept:
        torch.testing.assert_close(result[name], expected[name], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_keep_gives_activations_as_they_are_after_the_edit(network, whole_run):
    start, later = "embedder.block2.maxpool_out", "embedder.block2.res1.relu1_out"
    result = network.run(whole_run[start], start=start, keep=(start, later), edit=lambda _, value: value * 0 + 2)
    assert (result[start] == 2).all()
    assert (result[later] == 2).all()


@torch.no_grad()
def test_an_edit_sees_each_activation_once_in_the_order_of_the_layers(network, pictures, whole_run):
    def visits(value, **how):
        visited = []

        def note(name, value):
            visited.append((name, tuple(value.shape)))
            return value

        network.run(value, edit=note, **how)
        return visited

    everything = [(name, tuple(whole_run[name].shape)) for name in LAYERS]
    assert visits(pictures) == everything
    assert visits(whole_run[DEFAULT_LAYER], start=DEFAULT_LAYER) == everything[LAYERS.index(DEFAULT_LAYER) :]


@torch.no_grad()
def test_a_run_writes_into_none_of_its_activations(network, pictures):
    copies = {}

    def copy(name, value):
        copies[name] = value.clone()
        return value

    given = pictures.clone()
    kept = network.run(given, edit=copy, keep=LAYERS)
    assert torch.equal(given, pictures)
    for name in LAYERS:
        assert torch.equal(kept[name], copies[name]), name


@pytest.mark.parametrize(
    "ask",
    [
        lambda network, name: network.position(name),
        lambda network, name: network.resume_point(name),
        lambda network, name: network.run(torch.zeros(1, 3, 64, 64), until=name),
        lambda network, name: network.run(torch.zeros(1, 128, 16, 16), start=name),
    ],
    ids=["position", "resume_point", "until", "start"],
)
def test_an_unknown_layer_is_answered_with_the_names_that_are_near(network, ask):
    with pytest.raises(LayerError) as caught:
        ask(network, "block2.res1.resadd_out")
    assert str(caught.value).startswith("no activation is called 'block2.res1.resadd_out'; did you mean ")
    assert f"'{DEFAULT_LAYER}'" in str(caught.value)
    assert isinstance(caught.value, InterpClaimsError)
    assert isinstance(caught.value, KeyError)


def test_a_layer_that_is_near_none_is_answered_with_where_to_look(network):
    with pytest.raises(LayerError) as caught:
        network.position("zzzz")
    assert str(caught.value) == "no activation is called 'zzzz'; see network.layers"


def test_an_unknown_layer_to_keep_is_refused(network, pictures):
    with pytest.raises(LayerError):
        network.run(pictures, keep=("embedder.block2.res1.readd_out",))


def test_a_run_until_before_its_start_is_refused(network, whole_run):
    with pytest.raises((LayerError, ValueError)):
        network.run(whole_run[DEFAULT_LAYER], start=DEFAULT_LAYER, until="embedder.block1.conv_out")


def test_initialising_with_a_seed_gives_the_same_weights_whatever_was_drawn_before():
    first = ImpalaNetwork(1).initialise(3).state_dict()
    torch.rand(17)
    reused = ImpalaNetwork(1).initialise(8)
    again, other = ImpalaNetwork(1).initialise(3).state_dict(), reused.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert all(not torch.equal(first[name], other[name]) for name in first if name.endswith("weight"))
    reused.initialise(3)
    assert all(torch.equal(first[name], value) for name, value in reused.state_dict().items())


def test_initialising_leaves_the_global_random_state_alone():
    network = ImpalaNetwork(1)
    before = torch.get_rng_state()
    network.initialise(0)
    assert torch.equal(before, torch.get_rng_state())


def test_making_a_network_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    ImpalaNetwork(1)
    assert torch.equal(before, torch.get_rng_state())


def test_fresh_weights_are_distributed_as_before_training():
    network = ImpalaNetwork(1).initialise(0)
    assert all((p == 0).all() for name, p in network.named_parameters() if name.endswith("bias"))
    rows = network.fc_policy.weight.double()
    torch.testing.assert_close(rows @ rows.T, 1e-4 * torch.eye(15, dtype=torch.float64), rtol=0, atol=1e-9)
    assert network.fc_value.weight.norm().item() == pytest.approx(1, abs=1e-5)
    for name, weight in network.named_parameters():
        if name.startswith("embedder") and name.endswith("weight"):
            outputs, inputs = weight.shape[:2]
            limit = math.sqrt(6 / ((inputs + outputs) * weight[0, 0].numel()))
            assert 0.95 * limit < weight.abs().max() <= limit, name
            assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1), name


@torch.no_grad()
def test_a_fresh_network_prefers_no_action(few_mazes, render):
    logits, _ = ImpalaNetwork(1).initialise(0)(render(few_mazes))
    assert logits.softmax(dim=1).sub(1 / 15).abs().max() < 0.01


SQUARES = list(product(range(25), range(25)))


@pytest.mark.parametrize("resolution", [8, 16, 32, 64])
def test_the_cell_of_a_square_holds_its_middle_with_rows_counted_from_the_top(resolution):
    for row, column in SQUARES:
        from_top, from_left = Fraction(2 * (24 - row) + 1, 2), Fraction(2 * column + 1, 2)
        pixels_per_cell = Fraction(64, resolution)
        expected = tuple(math.floor(middle * Fraction(64, 25) / pixels_per_cell) for middle in (from_top, from_left))
        assert cell_of((row, column), resolution) == expected


def test_the_cell_at_the_default_layer_is_the_published_formula():
    for row, column in SQUARES:
        published = math.floor((24 - row + 0.5) * 64 / 25 / 4), math.floor((column + 0.5) * 64 / 25 / 4)
        assert cell_of((row, column)) == published


def test_a_cheese_is_drawn_where_its_cell_is(render):
    """The pixels that a cheese changes lie around the middle of the cell's 4 x 4 pixels."""
    open_maze = Maze(np.ones((25, 25), dtype=bool), 25, (0, 0))
    squares = [(3, 20), (20, 3), (24, 24), (0, 12), (12, 12), (24, 0), (7, 9)]
    without = render([open_maze])[0]
    for square, picture in zip(squares, render([open_maze.with_cheese(square) for square in squares])):
        rows, columns = np.nonzero((picture - without).abs().amax(dim=0).numpy() > 0.1)
        row, column = cell_of(square)
        assert abs(rows.mean() + 0.5 - 4 * (row + 0.5)) <= 2.6, square
        assert abs(columns.mean() + 0.5 - 4 * (column + 0.5)) <= 2.6, square
