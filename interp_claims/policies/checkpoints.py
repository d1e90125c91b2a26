"""Checkpoint files: reading them without running anything they contain, and saying clearly what is wrong with one."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, Optional

import safetensors
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from interp_claims.errors import InterpClaimsError
from interp_claims.files import write_atomically
from interp_claims.mazes.actions import NUM_ACTIONS
from interp_claims.policies.network import ImpalaNetwork

_FIRST_CONV = "embedder.block1.conv.weight"


class CheckpointError(InterpClaimsError, ValueError):
    """A file that is no usable checkpoint of the maze policy; the message names the file."""


def load_network(path: Path | str) -> ImpalaNetwork:
    """The network of a checkpoint, on the CPU, in float32.

    Args:
        path: a ``.safetensors`` file, or a ``.pth`` / ``.pt`` file of train-procgen-pytorch holding a state dict or
            ``{"model_state_dict": ...}``. The width (``scale``) is read off the weights.

    Raises:
        CheckpointError: the file is missing, damaged, holds anything but weights, or does not fit the architecture.
    """
    path = Path(path)
    if not path.is_file():
        _fail(path, "no such file" if not path.exists() else "a folder", "a file", "check the path")
    weights = _read(path)
    scale = _scale(path, weights)
    with torch.device("meta"):  # shapes alone: a file must not make us build a network of any size
        expected = ImpalaNetwork(scale)
    _check_fits(path, weights, expected)
    network = ImpalaNetwork(scale)
    network.load_state_dict({name: weight.to(torch.float32) for name, weight in weights.items()})
    return network.eval()


def save_network(
    network: ImpalaNetwork,
    path: Path | str,
    *,
    dtype: torch.dtype = torch.float32,
    metadata: Optional[Mapping[str, str]] = None,
) -> None:
    """Write the weights as ``.safetensors``.

    Args:
        network: the network.
        path: the file; it is there whole or not at all.
        dtype: of the stored weights; float16 halves the file.
        metadata: texts by name to keep in the file, for example how the network was made.

    Raises:
        CheckpointError: a weight is too large for ``dtype``.
    """
    weights = {name: weight.detach().cpu().contiguous().to(dtype) for name, weight in network.state_dict().items()}
    broken = [name for name, weight in weights.items() if not torch.isfinite(weight).all()]
    if broken:
        _fail(Path(path), f"values that {dtype} cannot hold in {_some(broken)}", "finite weights", "save as float32")
    data = safetensors.torch.save(weights, dict(metadata) if metadata is not None else None)
    write_atomically(Path(path), data)


def read_metadata(path: Path | str) -> dict[str, str]:
    """The texts that :func:`save_network` put into a ``.safetensors`` file; empty if there are none.

    Raises:
        CheckpointError: the file is no readable safetensors file.
    """
    try:
        with safetensors.safe_open(str(path), framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        _fail(Path(path), f"no readable safetensors file ({error})", "a whole one", "copy or download it again")


def identity(weights: Mapping[str, Tensor]) -> str:
    """A policy's identity: sha-256 over its tensors in the order of their names, each as name, shape, float32 bytes.

    Name and shape are one line of text each (``name``, then the dimensions separated by commas); the values follow as
    little-endian float32, so that the file format, its compression and its precision beyond float32 play no part.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        weight = weights[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name}\n{','.join(map(str, weight.shape))}\n".encode())
        digest.update(weight.numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def file_sha256(path: Path | str) -> str:
    """The sha-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _fail(path: Path, found: str, expected: str, remedy: str) -> NoReturn:
    raise CheckpointError(f"{path}: found {found}; expected {expected}. {remedy[0].upper()}{remedy[1:]}.")


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        loaded: Any = _read_safetensors(path)
    elif path.suffix in (".pth", ".pt"):
        loaded = _read_torch(path)
    else:
        _fail(path, f"a file ending in {path.suffix!r}", ".safetensors, .pth or .pt", "rename or convert it")
    if isinstance(loaded, Mapping) and "model_state_dict" in loaded:
        loaded = loaded["model_state_dict"]
    if not isinstance(loaded, Mapping):
        _fail(path, f"a {type(loaded).__name__}", "a state dict", "save model.state_dict()")
    others = [f"{name}: {type(value).__name__}" for name, value in loaded.items() if not isinstance(value, Tensor)]
    if others:
        _fail(path, f"entries that are no tensors: {_some(others)}", "only tensors", "save model.state_dict()")
    odd = [str(name) for name, value in loaded.items() if value.layout != torch.strided or value.is_meta]
    if odd:
        _fail(path, f"tensors without plain values: {_some(odd)}", "dense tensors", "save model.state_dict()")
    larger = [str(name) for name, value in loaded.items() if value.untyped_storage().nbytes() < value.nbytes]
    if larger:  # a few bytes that are to be read as gigabytes
        _fail(
            path, f"tensors that repeat fewer stored values: {_some(larger)}", "every value stored", "clone them first"
        )
    return {str(name): value for name, value in loaded.items()}


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        _fail(path, f"no readable safetensors file ({error})", "a whole one", "copy or download it again")


def _read_torch(path: Path) -> Any:
    _check_unpacks_to_itself(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the pickle's age; what matters is raised
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if zipfile.is_zipfile(path):
            named = re.search(r"GLOBAL ([\w.]+)", str(error))
            what = f" ({named[1]})" if named else ""
            _fail(
                path,
                f"objects other than weights, which were not run{what}",
                "tensors only",
                "if you trust its origin, load it there and save model.state_dict() alone",
            )
        _fail(path, "no readable PyTorch file (its pickle was refused or is damaged, and was not run)",
              "a whole one holding tensors only", "copy it again, or save model.state_dict() alone")  # fmt: skip
    except Exception as error:  # torch.load raises many kinds of errors for damaged files
        _fail(
            path,
            f"no readable PyTorch file ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})",
            "a whole one",
            "copy or download it again",
        )


def _check_unpacks_to_itself(path: Path) -> None:
    """Refuse an archive that holds more than its own size: PyTorch packs nothing, and unpacks whatever is packed."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # no archive, or a damaged one, of which PyTorch will tell
    if unpacked > (size := path.stat().st_size):
        _fail(path, f"{size} bytes that unpack to {unpacked}", "a file as PyTorch saves it", "save it with torch.save")


def _scale(path: Path, weights: Mapping[str, Tensor]) -> int:
    first = weights.get(_FIRST_CONV)
    if first is None:
        _fail(
            path,
            f"no tensor {_FIRST_CONV!r} among {_some(weights)}",
            "an IMPALA network of train-procgen-pytorch",
            "other architectures cannot be tested by these claims",
        )
    if first.ndim != 4 or first.shape[0] < 16 or first.shape[0] % 16 or tuple(first.shape[1:]) != (3, 3, 3):
        _fail(
            path,
            f"{_FIRST_CONV} of shape {tuple(first.shape)}",
            "(16 * scale, 3, 3, 3) with a whole scale",
            "other architectures cannot be tested by these claims",
        )
    return int(first.shape[0]) // 16


def _check_fits(path: Path, weights: Mapping[str, Tensor], network: ImpalaNetwork) -> None:
    wanted = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
    head = weights.get("fc_policy.weight")
    if head is not None and head.ndim == 2 and head.shape[0] != NUM_ACTIONS:
        _fail(
            path,
            f"a policy head with {head.shape[0]} actions",
            f"{NUM_ACTIONS}, procgen's actions",
            "use a checkpoint trained on procgen with its full action space",
        )
    missing, extra = sorted(set(wanted) - set(weights)), sorted(set(weights) - set(wanted))
    if missing or extra:
        parts = [f"{word} {_some(names)}" for word, names in (("missing", missing), ("extra", extra)) if names]
        _fail(
            path,
            f"{len(weights)} tensors, {' and '.join(parts)}",
            f"the {len(wanted)} of a scale-{network.scale} IMPALA network",
            "rename or drop tensors to match",
        )
    for name, shape in wanted.items():
        if tuple(weights[name].shape) != shape:
            _fail(
                path,
                f"{name} of shape {tuple(weights[name].shape)}",
                f"{shape} for scale {network.scale}",
                "other architectures cannot be tested by these claims",
            )
        if not weights[name].is_floating_point():
            _fail(path, f"{name} of {weights[name].dtype}", "floating-point weights", "save unquantised weights")
    broken = [name for name in wanted if not torch.isfinite(weights[name].to(torch.float32)).all()]
    if broken:
        _fail(path, f"NaN or infinite values in {_some(broken)}", "finite weights", "use an earlier checkpoint")


def _some(names: Any, most: int = 4) -> str:
    listed = [f"{name!r}" for name in list(names)[:most]] or ["no tensors"]
    return ", ".join(listed) + (f" and {len(names) - most} more" if len(names) > most else "")
