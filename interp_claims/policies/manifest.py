"""The policies that ship with the suite, and loading a policy by name or by file."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Optional

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.agreement import Agreement
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.checkpoints import file_sha256, identity, load_network
from interp_claims.policies.network import ImpalaNetwork
from interp_claims.policies.policy import Policy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Of the same width: the first other policy that ships, else an untrained one.
ANOTHER = "another"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_REGION = re.compile(r"region([1-9]\d?)")
_UNTRAINED = re.compile(r"untrained-scale([1-9]\d?)-seed(0|[1-9]\d{0,8})")


class ManifestError(InterpClaimsError):
    """A policy that is not listed, or whose file is not the one that was listed."""


def check_name(name: str) -> None:
    """Raise :class:`ManifestError` unless a policy may be listed under this name."""
    if not _NAME.fullmatch(name):
        raise ManifestError(f"policy name: got {name!r}, wanted letters, digits, '_' and '-' alone; rename the file")
    if name in ("all", ANOTHER) or _REGION.fullmatch(name) or name.startswith("untrained"):
        raise ManifestError(
            f"policy name: got {name!r}, which means other policies; rename the file (not all, {ANOTHER}, region5 and "
            "the like, or untrained…)"
        )


@dataclasses.dataclass(frozen=True)
class Entry:
    """One shipped policy.

    Attributes:
        name: what ``--policy`` takes.
        file: file name beside the manifest.
        file_sha256: sha-256 of the file.
        sha256: the policy's identity, see :func:`interp_claims.policies.identity`.
        scale: its width multiplier.
        seed: of its training.
        region: it was trained with the cheese in the top-right ``region`` x ``region`` corner; 25 means anywhere.
        origin: who made it and how.
        licence: an SPDX identifier.
        card: file name of its model card.
        seeds_of: what it is one seed of: entries that say the same differ in nothing but the seed.
    """

    name: str
    file: str
    file_sha256: str
    sha256: str
    scale: int
    seed: int
    region: int
    origin: str
    licence: str
    card: str
    seeds_of: str = ""


class Manifest:
    """The table of shipped policies.

    Args:
        path: a ``policies.toml``; the policies' files lie beside it.
        loaded: where several processes agree on what they load, or None for one that is alone.
        together: names and files that policies are asked for by in one run. Checkpoints among them that are called
            like another get the beginning of their hash added to their names.
    """

    def __init__(self, path: Path, loaded: Optional[Agreement] = None, together: Sequence[str] = ()) -> None:
        self.path = path
        self.loaded = loaded
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            self.default = str(data["default"])
            self.entries = {name: Entry(name=name, **fields) for name, fields in data["policies"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"{path}: no readable manifest of policies ({error!r}); restore it") from error
        if self.default not in self.entries:
            raise ManifestError(f"{path}: the default policy {self.default!r} is not among {sorted(self.entries)}")
        called = {self._called(which) for which in self.names(list(together))}
        self._ambiguous = {name for name, count in Counter(name for name, _ in called).items() if count > 1}

    def _called(self, which: str) -> tuple[str, str]:
        """What a policy is called as long as its weights are not known, and what it is loaded from."""
        if which in self.entries or _UNTRAINED.fullmatch(which):
            return which, which
        return Path(which).stem, str(Path(which).resolve())

    def names(self, wanted: list[str]) -> list[str]:
        """Names and files, each once: ``all`` and ``region5`` written out, the default put in for none."""
        written_out: list[str] = []
        for want in wanted or [self.default]:
            meant = list(self.entries) if want == "all" else [entry.name for entry in self._of_region(want)]
            written_out += sorted(meant, key=list(self.entries).index) or [want]
        return list(dict.fromkeys(written_out))

    def check(self, wanted: list[str]) -> None:
        """Raise :class:`ManifestError` unless each is a name that policies have or a checkpoint file."""
        for which in wanted:
            known = which in (*self.entries, "all") or _UNTRAINED.fullmatch(which) or self._of_region(which)
            if not known and not Path(which).is_file():
                raise self._unknown(which)

    def _of_region(self, which: str, scale: int = 0) -> list[Entry]:
        """The entries that ``region5`` and the like may mean, the best first: same width, seeds of a set, low seed."""
        region = _REGION.fullmatch(which)
        entries = [entry for entry in self.entries.values() if region and entry.region == int(region[1])]
        return sorted(entries, key=lambda e: (e.scale != scale, not e.seeds_of, e.seed, e.name))

    def _unknown(self, which: str) -> ManifestError:
        return ManifestError(
            f"policy {which!r}: neither a checkpoint file (.pth, .pt, .safetensors) nor one of "
            f"{', '.join(sorted(self.entries))}; 'all' means all of these, 'region5' those of one region, "
            "'untrained-scale4-seed0' an untrained one"
        )

    def load(
        self,
        which: str,
        device: str = "cpu",
        cache: Optional[ActivationCache] = None,
        precision: str = "float32",
    ) -> Policy:
        """Load a policy.

        Args:
            which: a name in this manifest, ``untrained-scale4-seed0`` and the like, or a checkpoint file.
            device: where to run it.
            cache: where to keep activations.
            precision: what it computes in, ``"float32"`` or ``"bfloat16"``.

        Raises:
            ManifestError: no such policy, or its file or weights are not those listed.
            CheckpointError: the file is no usable checkpoint.
            ReplacedError: another process of the run loaded other weights from it.
        """
        policy = self._load(which, device=device, cache=cache, precision=precision)
        if self.loaded is not None:
            self.loaded.note(which, policy.name, policy.sha256)
        policy.loaded_as = which
        policy.find_related = lambda name: self.load(self._name_of_related(name, policy), device, cache, precision)
        return policy

    def identity_of(self, which: str, policy: Policy) -> str:
        """What :func:`related` would load beside a policy, without loading it.

        The identity of a listed policy, the hash of a checkpoint's file, and for others the name, which says all of an
        untrained one.
        """
        name = self._name_of_related(which, policy)
        if name in self.entries:
            return self.entries[name].sha256
        return file_sha256(Path(name)) if Path(name).is_file() else name

    def _name_of_related(self, which: str, policy: Policy) -> str:
        if which == ANOTHER:
            others = [e.name for e in self.entries.values() if e.scale == policy.scale and e.sha256 != policy.sha256]
            return others[0] if others else f"untrained-scale{policy.scale}-seed1"
        of_region = self._of_region(which, policy.scale)
        return of_region[0].name if of_region else which

    def _load(self, which: str, **options: Any) -> Policy:
        if which in self.entries:
            return self._load_listed(self.entries[which], options)
        untrained = _UNTRAINED.fullmatch(which)
        if untrained:
            return Policy(ImpalaNetwork(int(untrained[1])).initialise(int(untrained[2])), name=which, **options)
        if Path(which).suffix in (".pth", ".pt", ".safetensors") or Path(which).exists():
            policy = Policy(load_network(which), name=Path(which).stem, **options)
            listed = {entry.sha256: entry.name for entry in self.entries.values()}
            taken = policy.name in self.entries or policy.name in self._ambiguous
            own = f"{policy.name}-{policy.sha256[:8]}" if taken else policy.name
            policy.name = listed.get(policy.sha256, own)
            return policy
        raise self._unknown(which)

    def _load_listed(self, entry: Entry, options: dict[str, Any]) -> Policy:
        path = self.path.parent / entry.file
        if path.is_file() and (found := file_sha256(path)) != entry.file_sha256:
            raise ManifestError(f"{path}: sha-256 is {found}, listed is {entry.file_sha256}; restore the file")
        policy = Policy(load_network(path), name=entry.name, **options)
        if policy.sha256 != entry.sha256:
            raise ManifestError(f"{path}: the weights hash to {policy.sha256}, listed is {entry.sha256}")
        return policy


def related(policy: Policy, which: str) -> Policy:
    """Another policy on the same device, kept with ``policy`` so that it is loaded once.

    Args:
        policy: a policy that :meth:`Manifest.load` gave.
        which: what :meth:`Manifest.load` takes, ``region1``: the shipped policy of that region, of the same width if
            there is one, of the lowest seed; or ``another``: see :data:`ANOTHER`.

    Raises:
        ManifestError: there is no such policy, or ``policy`` was made without a manifest.
    """
    if which not in policy.relatives:
        if policy.find_related is None:
            raise ManifestError(f"{policy!r} was made without a manifest, so that {which!r} cannot be found for it")
        policy.relatives[which] = policy.find_related(which)
        policy.relatives[which].role_set = policy.role_set
    return policy.relatives[which]


def is_untrained(name: str) -> bool:
    """Whether a policy's name is one by which an untrained one is made, such as ``untrained-scale4-seed0``."""
    return _UNTRAINED.fullmatch(name) is not None


def untrained_identities(scales: Iterable[int], seeds: Sequence[int] = (0, 1)) -> set[str]:
    """The identities of untrained policies of some widths; by default of the seeds that controls take."""
    return {identity(ImpalaNetwork(s).initialise(seed).state_dict()) for s in set(scales) for seed in seeds}


def untrained_like(policy: Policy, seed: int = 0) -> Policy:
    """An untrained policy of the same width on the same device, kept with the policy so that it is made once."""
    name = f"untrained-scale{policy.scale}-seed{seed}"
    if name not in policy.relatives:
        network = ImpalaNetwork(policy.scale).initialise(seed)
        forward = policy.forward
        policy.relatives[name] = Policy(
            network, name=name, device=str(forward.device), cache=forward.cache, precision=forward.precision
        )
        policy.relatives[name].role_set = policy.role_set
    return policy.relatives[name]
