"""Policies: the IMPALA network, checkpoints, forward passes under an edit, roles."""

from interp_claims.policies.checkpoints import CheckpointError, file_sha256, identity, load_network, save_network
from interp_claims.policies.forward import ActivationCache, ActivationEdit, Rows
from interp_claims.policies.network import DEFAULT_LAYER, ImpalaNetwork, LayerError
from interp_claims.policies.policy import Policy

__all__ = [
    "DEFAULT_LAYER",
    "ActivationCache",
    "ActivationEdit",
    "CheckpointError",
    "ImpalaNetwork",
    "LayerError",
    "Policy",
    "Rows",
    "file_sha256",
    "identity",
    "load_network",
    "save_network",
]
