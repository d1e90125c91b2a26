"""Numbers by square and by offset: each where it belongs, nothing where there is none."""

import numpy as np
import pytest

from interp_claims.pictures import PictureError, plot_heatmap


def shown(image):
    """The numbers of an image by (row, column)."""
    left, _, bottom, _ = image.get_extent()
    grid = np.ma.filled(image.get_array(), np.nan)
    found = {}
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            found[round(row + bottom + 0.5), round(column + left + 0.5)] = float(value)
    return found


def test_numbers_lie_on_their_squares(ax, drawn):
    values = {square: float(i) for i, square in enumerate(drawn.free_squares) if i != 3}
    plot_heatmap(values, maze=drawn, ax=ax, label="P(visited)")
    assert shown(ax.images[-1]) == values
    assert ax.images[-1].get_clim() == (0.0, float(len(values)))
    assert [other.get_ylabel() for other in ax.get_figure().axes[1:]] == ["P(visited)"]
    assert ax.get_title() == "maze of seed 7"


def test_offsets_have_ticks_and_say_what_they_count(ax):
    values = {(row, column): row - 2.0 * column for row in (-2, 0, 1) for column in (-1, 2)}
    plot_heatmap(values, ax=ax, label="effect")
    assert shown(ax.images[-1]) == values
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.5, 2.5), (-2.5, 1.5))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("columns to the right (tiles)", "rows up (tiles)")
    assert ax.images[-1].get_clim() == (-6.0, 6.0), "equally far from 0"


def test_limits_and_colours_can_be_chosen(ax):
    plot_heatmap({(0, 0): 3.0}, ax=ax, limits=(0, 1), cmap="viridis", colorbar=False)
    assert (ax.images[0].get_clim(), ax.images[0].get_cmap().name) == ((0, 1), "viridis")
    assert len(ax.get_figure().axes) == 1
    plot_heatmap({(0, 0): 3.0}, ax=ax, colorbar=False)
    assert ax.images[-1].get_clim() == (2.5, 3.5)


def test_undefined_numbers_are_refused(ax, drawn):
    with pytest.raises(PictureError, match=r"heatmap: got 1 numbers, not finite at \[\(1, 2\)\]; leave out what is"):
        plot_heatmap({(1, 2): float("nan")}, ax=ax)
    with pytest.raises(PictureError, match=r"heatmap: got 0 numbers"):
        plot_heatmap({}, ax=ax)
    with pytest.raises(PictureError, match=r"heatmap: got the squares \[\(-1, 2\)\], wanted rows and columns from 0"):
        plot_heatmap({(-1, 2): 1.0}, maze=drawn, ax=ax)
