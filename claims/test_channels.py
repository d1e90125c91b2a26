"""Channels halfway through the network."""

import numpy as np
from hypothesis import strategies as st

from interp_claims.claims import universal_claim
from interp_claims.mazes import simulator
from interp_claims.mazes.strategies import perfect_mazes
from interp_claims.policies import DEFAULT_LAYER, reachable_cells
from interp_claims.sources import POST

pixels = st.tuples(st.integers(0, 63), st.integers(0, 63))


@universal_claim(number=27, source=POST.section("Randomly resampling, footnote 10"), maze=perfect_mazes(), pixel=pixels)
def test_a_pixel_reaches_only_the_cells_that_the_architecture_lets_it_reach(policy, maze, pixel):
    """Changing one pixel changes activations only in the 6 x 6 (corner) to 12 x 12 (centre) cells around it."""
    picture = simulator().render([maze])[0]
    changed = picture.copy()
    changed[pixel] = 255 - changed[pixel]
    before, after = policy.activations_of_pixels(np.stack([picture, changed]), DEFAULT_LAYER).cpu().numpy()
    reached = (abs(after - before) > 1e-5).any(axis=0)
    assert not (reached & ~reachable_cells(policy.forward.network, pixel, DEFAULT_LAYER)).any()
