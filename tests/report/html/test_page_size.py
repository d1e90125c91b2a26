"""The size of a page: forty claims with pictures fit into five megabytes, so that it can be sent."""

import dataclasses
import functools

import numpy as np
from results_for_pages import measured

from interp_claims.mazes import CONFIRMATION, with_decision_square
from interp_claims.measures import VectorField, field_squares
from interp_claims.report.html import page
from interp_claims.running.evidence import Evidence, PicturedMaze

CLAIMS, PICTURED, MOST_BYTES = 40, 3, 5_000_000
MAZES = 6  # different ones, which the claims share
SOURCE = "    return p_cheese(policy.edited(add(vector)), mazes) - p_cheese(policy, mazes)  # and so on\n" * 15


def field(maze, ways, sure):
    """A field that goes one way on each square, with some probability."""
    probabilities = np.full((len(ways), 5), (1 - sure)[:, None] / 4)
    probabilities[np.arange(len(ways)), ways] = sure
    return VectorField(maze, field_squares(maze), probabilities.round(4))


def pictured(maze, rng):
    """A maze in which an edit changes what happens on a third of the squares."""
    count = len(field_squares(maze))
    ways, sure = rng.integers(4, size=count), rng.uniform(0.7, 1, size=count)
    edited = np.where(rng.random(count) < 1 / 3, rng.integers(5, size=count), ways)
    fields = field(maze, ways, sure), field(maze, edited, rng.uniform(0.3, 1, size=count))
    return PicturedMaze(maze.seed, "typical", 0.5, ("subtract(v)",), *fields)


def test_forty_claims_with_pictures_take_five_megabytes_at_most(saved, evidence, monkeypatch):
    rng = np.random.default_rng(0)
    mazes = [pictured(maze, rng) for maze in with_decision_square().sample(CONFIRMATION, MAZES)]
    monkeypatch.setattr(page, "field_images", functools.cache(page.field_images))  # drawn once, put in many times
    result = measured()
    path = page.evidence_path(result)
    monkeypatch.setattr(page, "evidence_path", lambda _: path)
    definition = dataclasses.replace(evidence.definition, source=SOURCE)
    results, known = [], {}
    for number in range(CLAIMS):
        claim = f"claims/test_a.py::test_claim_{number}_has_a_name_of_some_length[size]"
        results.append(dataclasses.replace(result, claim=claim, number=number))
        chosen = tuple(mazes[(PICTURED * number + i) % MAZES] for i in range(PICTURED))
        known[claim, "one"] = Evidence(definition, chosen)
    text = page.render_page(saved(*results), known, notes={})
    assert text.count("<img ") == CLAIMS * PICTURED * 3
    assert len(text.encode()) <= MOST_BYTES
