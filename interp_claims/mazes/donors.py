"""Mazes that lend activations to another maze: drawn by that maze's own seed, from a pool set apart for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from interp_claims.mazes.geometry import euclidean
from interp_claims.mazes.maze import Maze, MazeError, Square
from interp_claims.mazes.observations import Observations
from interp_claims.mazes.sampling import DONORS, SamplingError, level, maze_rng

#: How many levels of the donors' block are drawn from.
POOL = 4096
_TRIES = 20_000
#: A cheese vector may still work this many tiles away, so "elsewhere" is farther than that.
NEARBY_TILES = 2.0


def draw_donor(maze: Maze, purpose: str, accept: Callable[[Maze], bool]) -> Maze:
    """A level of the donors' pool that satisfies ``accept``; the same for a given maze and purpose, always.

    Raises:
        SamplingError: none of 20,000 draws was accepted.
    """
    rng = maze_rng(maze, purpose)
    for _ in range(_TRIES):
        donor = level(DONORS.first + int(rng.integers(POOL)))
        if accept(donor):
            return donor
    raise SamplingError(f"{purpose}: no donor for {maze!r} among {_TRIES} draws; ask for something less rare")


def _cheese(maze: Maze) -> Square:
    if maze.cheese is None:
        raise MazeError(f"{maze!r} has no cheese to compare with a donor's; filter for mazes with cheese")
    return maze.cheese


def other_mazes(
    mazes: Sequence[Maze], fits: Callable[[Maze, Maze], bool] = lambda donor, maze: True
) -> tuple[Maze, ...]:
    """For each maze another one, as stock procgen makes it, its cheese more than two tiles from this one's.

    Args:
        mazes: the mazes.
        fits: whether a donor will do for a maze, besides.
    """

    def elsewhere(maze: Maze) -> Callable[[Maze], bool]:
        return lambda donor: euclidean(_cheese(donor), _cheese(maze)) > NEARBY_TILES and fits(donor, maze)

    return tuple(draw_donor(maze, "other maze", elsewhere(maze)) for maze in mazes)


def mazes_with_cheese_at_offset(mazes: Sequence[Maze], tiles: int) -> tuple[Maze, ...]:
    """For each maze another one with its cheese moved to ``tiles`` (rounded) from where this one's cheese lies."""

    def choices(donor: Maze, cheese: Square) -> list[Square]:
        return [s for s in donor.free_squares if round(euclidean(s, cheese)) == tiles and s != donor.start]

    def moved(maze: Maze) -> Maze:
        cheese, purpose = _cheese(maze), f"cheese {tiles} tiles away"
        donor = draw_donor(maze, purpose, lambda donor: bool(choices(donor, cheese)))
        squares = choices(donor, cheese)
        return donor.with_cheese(squares[maze_rng(maze, f"square of the {purpose}").integers(len(squares))])

    return tuple(map(moved, mazes))


def donor_pairs(mazes: Sequence[Maze]) -> tuple[tuple[Maze, Maze], ...]:
    """For each maze one donor maze twice: with its cheese on the same square as this maze's, and where it was.

    The two differ in nothing but the cheese, which lies on the donor's start in neither: where the mouse stands on the
    cheese, the episode is over. Source: "Randomly resampling channel activations from other mazes", in "Understanding
    and controlling a maze-solving policy network" (2023), with one donor for all channels.
    """

    def has_room(square: Square) -> Callable[[Maze], bool]:
        def fits(donor: Maze) -> bool:
            return bool(donor.free[square]) and donor.cheese != square and donor.start not in (square, donor.cheese)

        return fits

    donors = [draw_donor(maze, "resampling", has_room(_cheese(maze))) for maze in mazes]
    return tuple((donor.with_cheese(maze.cheese), donor) for maze, donor in zip(mazes, donors))


def donor_observations(donors: Sequence[Maze], observations: Observations) -> Observations:
    """One donor observation for each observation of the mazes it lends to.

    The mouse stands on the same square where the donor has it free of wall and cheese, else at the donor's start.

    Args:
        donors: one per maze of the batch.
        observations: what the policy will be asked about.
    """
    if len(donors) != observations.num_mazes:
        raise MazeError(f"donors: got {len(donors)} for {observations.num_mazes} mazes, wanted one for each")
    placed = []
    for owner, maze in zip(observations.owners, observations.mazes):
        donor = donors[owner]
        stands = (
            donor.free[maze.mouse] and maze.mouse != donor.cheese
        )  # with the mouse on the cheese, the episode is over
        square = maze.mouse if stands else donor.start
        placed.append(donor.with_mouse(square, maze.facing))
    return Observations(tuple(placed), observations.owners, observations.num_mazes)
