"""An explorer over small networks, one for all tests, and states of its page."""

import pytest
from shown_policies import MANIFEST, SMALL, TRAINED

from interp_claims.explore import Explorer, State, make_app
from interp_claims.mazes import Maze
from interp_claims.policies import DEFAULT_LAYER, Manifest


@pytest.fixture(scope="session")
def explorer():
    made = Explorer(Manifest(MANIFEST), [TRAINED, SMALL], cache_bytes=100_000_000)
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(explorer):
    return make_app(explorer).test_client()


@pytest.fixture
def parting():
    """A maze with its decision square at (12, 11): up to the cheese, right to the corner."""
    return Maze.from_text(
        """
        C.#..
        #.#.#
        .....
        .####
        M....
        """
    )


@pytest.fixture
def state(parting):
    return State(TRAINED, parting, layer=DEFAULT_LAYER, channels=(3, 0, 1, 2))
