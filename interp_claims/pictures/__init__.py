"""Pictures of mazes and of what a policy does in them, as matplotlib axes: for notebooks and reports.

Every function takes ``ax``, or makes axes of its own, and gives the axes back. Squares are drawn with their middle at
(column, row), so that row 0 is at the bottom, and only the part of the world that the maze fills is shown.
"""

from interp_claims.pictures.canvas import PictureError
from interp_claims.pictures.fields import plot_difference, plot_vector_field
from interp_claims.pictures.heatmaps import plot_heatmap
from interp_claims.pictures.layers import plot_activations
from interp_claims.pictures.mazes import plot_maze

__all__ = [
    "PictureError",
    "plot_activations",
    "plot_difference",
    "plot_heatmap",
    "plot_maze",
    "plot_vector_field",
]
