"""The receptive field: the bound is what changes in networks that let everything through, and holds for all others."""

import numpy as np
import pytest
import torch

from interp_claims.errors import InterpClaimsError
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, LayerError, reachable_cells

#: Each row and each column of the picture once, besides its corners and middle.
PIXELS = [(0, 0), (0, 63), (63, 0), (63, 63), (31, 32), *((i, (37 * i + 11) % 64) for i in range(64))]


def changed_cells(network, pictures, pixels):
    """Per layer with height and width, which cells differ in any channel once a pixel of a picture is changed."""
    layers = network.layers[: network.position("embedder.relu3_out") + 1]
    other = pictures.clone()
    for picture, (row, column) in zip(other, pixels):
        picture[:, row, column] = 1 - picture[:, row, column]
    with torch.no_grad():
        before, after = (network.run(x, until=layers[-1], keep=layers) for x in (pictures, other))
    return {layer: (before[layer] - after[layer]).abs().amax(dim=1).numpy() for layer in layers}


@pytest.fixture(scope="module")
def let_through():
    """What really changes in a network of positive weights, where a black picture leaves every activation at zero."""
    network = ImpalaNetwork(1).double()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 0.01)
    return network, changed_cells(network, torch.zeros(len(PIXELS), 3, 64, 64, dtype=torch.float64), PIXELS)


@pytest.mark.parametrize("layer", ImpalaNetwork(1).layers[:-6])
def test_the_bound_is_exactly_what_changes_where_all_weights_are_positive(let_through, layer):
    network, changed = let_through
    assert changed[layer].ndim == 3
    for pixel, cells in zip(PIXELS, changed[layer] > 0):
        assert np.array_equal(reachable_cells(network, pixel, layer), cells), pixel


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_beyond_the_bound_changes_in_any_network(make_network, seed):
    network = make_network(seed).double()
    pixels = PIXELS[:5] + PIXELS[5 + seed :: 8]
    pictures = torch.rand(len(pixels), 3, 64, 64, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    for layer, change in changed_cells(network, pictures, pixels).items():
        bound = np.stack([reachable_cells(network, pixel, layer) for pixel in pixels])
        assert change[~bound].max(initial=0) < 1e-12
        assert change[bound].max() > 1e-3


def test_a_corner_pixel_reaches_at_most_six_by_six_cells_and_no_pixel_more_than_twelve_by_twelve():
    network = ImpalaNetwork(1)

    def shape(pixel):
        cells = reachable_cells(network, pixel, DEFAULT_LAYER)
        return int(cells.any(axis=1).sum()), int(cells.any(axis=0).sum())

    assert shape((0, 0)) == (6, 6)
    assert shape((63, 63)) == (5, 5), "poolings with stride 2 start at the top left"
    assert (shape((0, 63)), shape((63, 0))) == ((6, 5), (5, 6))
    assert max(shape((i, 63 - i)) for i in range(64))[0] == 12
    assert max(max(shape((i, i))) for i in range(64)) == 12


def test_the_bound_does_not_depend_on_the_weights_or_the_width():
    small, wide = ImpalaNetwork(1), ImpalaNetwork(4)
    for pixel in PIXELS[::7]:
        assert np.array_equal(reachable_cells(small, pixel, DEFAULT_LAYER), reachable_cells(wide, pixel, DEFAULT_LAYER))


@pytest.mark.parametrize("layer", ImpalaNetwork(1).layers[-5:])
def test_a_layer_without_height_and_width_has_no_cells(layer):
    with pytest.raises(LayerError) as error:
        reachable_cells(ImpalaNetwork(1), (0, 0), layer)
    assert str(error.value) == f"{layer!r} has no height and width; choose one of the three blocks' activations"


def test_an_unknown_layer_is_answered_as_everywhere():
    with pytest.raises(LayerError, match=r"no activation is called 'embedder\.block2'; did you mean"):
        reachable_cells(ImpalaNetwork(1), (0, 0), "embedder.block2")


@pytest.mark.parametrize("pixel", [(64, 0), (0, 64), (-1, 5), (5, -1)])
def test_a_pixel_must_be_in_the_picture(pixel):
    with pytest.raises(InterpClaimsError) as error:
        reachable_cells(ImpalaNetwork(1), pixel, DEFAULT_LAYER)
    assert str(error.value) == f"pixel: got {pixel}, wanted row and column from 0 to 63"
