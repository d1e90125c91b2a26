"""Edits: values that change activations during a forward pass."""

from interp_claims.edits.channels import clamp, mean_ablate, replace_channels, resample, zero_ablate
from interp_claims.edits.edit import Edit, EditError, Sequence, no_op
from interp_claims.edits.vectors import Vector, add, cheese_vector, subtract

__all__ = [
    "Edit",
    "EditError",
    "Sequence",
    "Vector",
    "add",
    "cheese_vector",
    "clamp",
    "mean_ablate",
    "no_op",
    "replace_channels",
    "resample",
    "subtract",
    "zero_ablate",
]
