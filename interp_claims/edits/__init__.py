"""Edits: values that change activations during a forward pass."""

from interp_claims.edits.channels import (
    clamp,
    fill_channels,
    mean_ablate,
    replace_channels,
    resample,
    scale_channels,
    zero_ablate,
)
from interp_claims.edits.edit import Edit, EditError, Sequence, no_op
from interp_claims.edits.smoothing import smooth_negatives
from interp_claims.edits.vectors import Vector, add, cheese_vector, noise_like, subtract, top_right_vector

__all__ = [
    "Edit",
    "EditError",
    "Sequence",
    "Vector",
    "add",
    "cheese_vector",
    "clamp",
    "fill_channels",
    "mean_ablate",
    "no_op",
    "noise_like",
    "replace_channels",
    "resample",
    "scale_channels",
    "smooth_negatives",
    "subtract",
    "top_right_vector",
    "zero_ablate",
]
