"""Policies: the IMPALA network, checkpoints, forward passes under an edit, roles."""

from interp_claims.policies.agreement import ReplacedError
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.checkpoints import (
    CheckpointError,
    file_sha256,
    identity,
    load_network,
    read_metadata,
    save_network,
)
from interp_claims.policies.devices import DeviceMemoryError
from interp_claims.policies.forward import ActivationEdit, OverflowingNetworkError, Rows
from interp_claims.policies.manifest import Manifest, ManifestError, related, untrained_like
from interp_claims.policies.network import DEFAULT_LAYER, RESIDUAL_LAYERS, ImpalaNetwork, LayerError, cell_of
from interp_claims.policies.policy import Policy, layers_to_edit, once_per_policy
from interp_claims.policies.receptive import reachable_cells
from interp_claims.policies.roles import RoleError, Roles, discover_roles, roles_of

__all__ = [
    "DEFAULT_LAYER",
    "RESIDUAL_LAYERS",
    "ActivationCache",
    "ActivationEdit",
    "CheckpointError",
    "DeviceMemoryError",
    "ImpalaNetwork",
    "LayerError",
    "Manifest",
    "ManifestError",
    "OverflowingNetworkError",
    "Policy",
    "ReplacedError",
    "RoleError",
    "Roles",
    "Rows",
    "cell_of",
    "discover_roles",
    "file_sha256",
    "identity",
    "layers_to_edit",
    "load_network",
    "once_per_policy",
    "reachable_cells",
    "read_metadata",
    "related",
    "roles_of",
    "save_network",
    "untrained_like",
]
