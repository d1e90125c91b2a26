"""Pictures on the page: the right ones, small, the same every time, with words for those who cannot see them."""

import base64
import dataclasses
import io

import numpy as np
from PIL import Image
from results_for_pages import MAZE, field

from interp_claims.mazes import Maze
from interp_claims.measures import VectorField, field_squares
from interp_claims.report.html.images import field_images
from interp_claims.running.evidence import PicturedMaze

EDITED = PicturedMaze(1, "typical", 0.5, ("subtract(v)",), field(0), field(1))


def opened(image):
    assert image.uri.startswith("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(image.uri.split(",")[1])))


def test_there_is_one_before_one_after_and_the_difference():
    images = field_images(EDITED)
    assert [image.caption for image in images] == ["unedited", "under the edit", "difference"]
    assert len({image.uri for image in images}) == 3
    assert {opened(image).size for image in images} == {(image.pixels, image.pixels) for image in images}


def test_with_several_edits_the_first_is_shown_too():
    images = field_images(dataclasses.replace(EDITED, edits=("a", "b"), first=field(2)))
    assert [image.caption for image in images] == [
        "unedited", "under the first edit", "under the last edit", "difference that the last edit makes"
    ]  # fmt: skip


def test_without_an_edit_there_is_the_field_alone_and_without_fields_nothing():
    alone = dataclasses.replace(EDITED, edits=(), edited=None)
    assert [image.caption for image in field_images(alone)] == ["what the policy does"]
    assert field_images(dataclasses.replace(alone, unedited=None)) == ()


def test_the_same_fields_give_the_same_bytes():
    assert field_images(EDITED) == field_images(EDITED)


def test_pictures_of_the_largest_mazes_are_small():
    rng = np.random.default_rng(0)
    maze = Maze.from_text("\n".join("." * 25 for _ in range(24)) + "\nM" + "." * 24)  # an arrow on all 625 squares
    squares = field_squares(maze)
    full = VectorField(maze, squares, rng.dirichlet(np.ones(5) * 0.3, len(squares)))
    other = VectorField(maze, squares, rng.dirichlet(np.ones(5) * 0.3, len(squares)))
    for image in field_images(dataclasses.replace(EDITED, unedited=full, edited=other)):
        assert len(image.uri) < 80_000
        assert image.pixels == 393


def test_words_say_what_there_is_to_see():
    before, after = field(0), field(0)
    decision = before.squares.index((12, 10))
    before.probabilities[decision] = [0.1, 0.1, 0.1, 0.7, 0.0]
    after.probabilities[decision] = [0.1, 0.1, 0.7, 0.1, 0.0]
    unedited, _, difference = field_images(dataclasses.replace(EDITED, unedited=before, edited=after))
    where = "Maze of 5 by 5 tiles, cheese on column 5, row 3. "
    assert unedited.description == (
        f"{where}On the decision square column 1, row 3 the likeliest direction is right, with probability 0.70."
    )
    assert difference.description == (
        f"{where}The probabilities change by more than 0.1 (total variation) on 1 of 16 squares, most on column 1, row "
        "3: 0.60. On the decision square: 0.60."
    )


def test_mazes_that_fall_apart_or_have_no_squares_are_pictured_all_the_same():
    apart = Maze.from_text("..C\n###\nM..")
    squares = field_squares(apart)
    fields = VectorField(apart, squares, np.full((len(squares), 5), 0.2))
    assert len(field_images(dataclasses.replace(EDITED, unedited=fields, edited=fields))) == 3
    none = MAZE.with_cheese(None)
    empty = VectorField(none, (), np.empty((0, 5)))
    (image,) = field_images(dataclasses.replace(EDITED, edits=(), unedited=empty, edited=None))
    assert image.description == "Maze of 5 by 5 tiles; no square to stand on."
