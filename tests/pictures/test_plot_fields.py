"""Fields: an arrow on every square, as long as the probabilities say, and how two fields differ."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from interp_claims.mazes import Direction
from interp_claims.measures import VectorField, field_squares
from interp_claims.pictures import PictureError, plot_difference, plot_vector_field


def field(maze, **by_square):
    """A field that stands still everywhere, but for some squares with their probabilities by direction."""
    squares = field_squares(maze)
    probabilities = np.zeros((len(squares), 5))
    probabilities[:, Direction.STAY] = 1
    for place, directions in by_square.items():
        row = squares.index(tuple(map(int, place.removeprefix("at").split("_"))))
        probabilities[row] = 0
        for name, value in directions.items():
            probabilities[row, Direction[name]] = value
    return VectorField(maze, squares, probabilities)


def arrows(ax):
    (quiver,) = [artist for artist in ax.collections if isinstance(artist, Quiver)]
    hidden = np.broadcast_to(np.ma.getmaskarray(np.ma.array(quiver.U, mask=quiver.Umask)), quiver.U.shape)
    ends = zip(quiver.Y, quiver.X, np.where(hidden, np.nan, quiver.V), np.where(hidden, np.nan, quiver.U))
    return {(int(row), int(column)): (float(up), float(right)) for row, column, up, right in ends}


def test_arrows_stand_on_their_squares_and_are_as_long_as_the_probabilities_say(ax, drawn):
    shown = field(drawn, at12_10={"RIGHT": 0.75, "LEFT": 0.25}, at14_11={"UP": 0.2, "DOWN": 0.5, "STAY": 0.3})
    plot_vector_field(shown, ax=ax)
    found = arrows(ax)
    assert set(found) == set(field_squares(drawn))
    assert found[12, 10] == pytest.approx((0.0, 0.5))
    assert found[14, 11] == pytest.approx((-0.3, 0.0))
    assert found[10, 10] == (0.0, 0.0)
    (quiver,) = [artist for artist in ax.collections if isinstance(artist, Quiver)]
    assert (quiver.pivot, quiver.angles, quiver.scale_units) == ("middle", "xy", "xy")
    assert 0.8 < 1 / quiver.scale < 1, "a probability of 1 is nearly as long as a tile"


def test_the_key_says_how_long_a_probability_of_1_is(ax, drawn):
    plot_vector_field(field(drawn), ax=ax)
    assert ax.get_xlabel() == "an arrow across its whole tile: probability 1"
    FigureCanvasAgg(ax.figure).draw()
    assert ax.xaxis.label.get_window_extent().y0 >= 0, "within the figure"
    bare = plot_vector_field(field(drawn), ax=Figure().add_subplot(), key=False, title="")
    assert bare.get_xlabel() == ""
    assert bare.get_title() == ""


def test_a_difference_is_after_minus_before(ax, drawn):
    before = field(drawn, at12_10={"RIGHT": 0.75, "LEFT": 0.25})
    after = field(drawn, at12_10={"LEFT": 1.0}, at10_10={"UP": 0.01, "STAY": 0.99})
    plot_difference(before, after, ax=ax)
    found = arrows(ax)
    assert found[12, 10] == pytest.approx((0.0, -1.5))
    assert np.isnan(found[10, 10]).all(), "changes that are too small to see leave no dot"
    shades = ax.images[1]
    left, _, bottom, _ = shades.get_extent()
    grid = np.ma.filled(shades.get_array(), np.nan)
    assert grid[round(12 - bottom - 0.5), round(10 - left - 0.5)] == pytest.approx(0.75), "total variation"
    assert grid[round(10 - bottom - 0.5), round(10 - left - 0.5)] == pytest.approx(0.01)
    assert np.isnan(grid[round(13 - bottom - 0.5), round(11 - left - 0.5)]), "walls have no shade"
    assert shades.get_clim() == (0.0, 1.0)
    assert [other.get_ylabel() for other in ax.get_figure().axes[1:]] == ["total variation"]


def test_going_both_ways_instead_of_standing_still_is_seen_in_the_shade(ax, drawn):
    plot_difference(field(drawn), field(drawn, at12_10={"LEFT": 0.5, "RIGHT": 0.5}), ax=ax, colorbar=False)
    assert np.nanmax(np.ma.filled(ax.images[1].get_array(), np.nan)) == 1.0
    assert len(ax.get_figure().axes) == 1


def test_fields_on_other_squares_are_refused(ax, drawn):
    other = field(drawn.without_cheese())
    with pytest.raises(PictureError) as error:
        plot_difference(field(drawn), other, ax=ax)
    assert str(error.value) == (
        "fields: got one on 17 squares and one on 18 others, wanted both on the same; make them with vector_fields "
        "from mazes with the same walls and cheese"
    )


def test_a_field_without_squares_is_a_maze(ax, drawn):
    empty = VectorField(drawn, (), np.empty((0, 5)))
    plot_difference(empty, empty, ax=ax)
    assert arrows(ax) == {}
