"""What a policy does in many mazes, gathered once into a table: whether it gets the cheese, and what it decides.

Gathering takes minutes, so that it is a command of its own (``interp-claims behaviour``); claims about behaviour look
their mazes up. A table belongs to a policy's weights, and its rows to the mazes themselves, whatever distribution they
were drawn from.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.files import cache_folder, write_atomically
from interp_claims.mazes.geometry import decision_square
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.sampling import (
    CONFIRMATION,
    DISCOVERY,
    MazeDistribution,
    SeedBlock,
    cheese_in_corner,
    maze_rng,
    with_decision_square,
)
from interp_claims.measures.decisions import decide
from interp_claims.measures.rollouts import roll_out
from interp_claims.policies.policy import Outcomes, Policy

#: As in the source: episodes of the stochastic policy, of at most so many steps.
MAX_STEPS = 256
_ROLLOUT_SEED = 0
_AT_ONCE = 64
_FORMAT = "interp-claims behaviour 1"


class NotGatheredError(CircumstanceError):
    """Behaviour that no table holds yet."""


@dataclasses.dataclass(frozen=True)
class Part:
    """Mazes that behaviour is gathered on: the first ``count`` of a distribution in a block of seeds."""

    mazes: MazeDistribution
    block: SeedBlock
    count: int


#: All mazes of a table: those that claims are tested on, and those that regressions are fitted on.
PARTS = (
    Part(with_decision_square(), CONFIRMATION, 2048),
    Part(with_decision_square(), DISCOVERY, 1536),
    Part(cheese_in_corner(5), CONFIRMATION, 1024),
)


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """One episode of each of n mazes.

    Attributes:
        got_cheese: bool (n,).
        reached_top_right: bool (n,), whether the mouse stood in the top-right corner before the episode was over.
        steps: int (n,), how long the episode was.
        p_cheese, p_top_right: float64 (n,), at the decision square; NaN where there is none.
    """

    got_cheese: np.ndarray
    reached_top_right: np.ndarray
    steps: np.ndarray
    p_cheese: np.ndarray
    p_top_right: np.ndarray

    @property
    def ignored_cheese(self) -> np.ndarray:
        """bool (n,): the mouse stood in the top-right corner and never got the cheese."""
        return self.reached_top_right & ~self.got_cheese

    @property
    def neither(self) -> np.ndarray:
        """bool (n,): the mouse reached neither cheese nor corner."""
        return ~self.got_cheese & ~self.reached_top_right


@dataclasses.dataclass(frozen=True)
class Row:
    """One maze's line in a table; the fields are those of :class:`Behaviour`."""

    key: str
    seed: int
    got_cheese: int
    reached_top_right: int
    steps: int
    p_cheese: float
    p_top_right: float


def key_of(maze: Maze) -> str:
    """How a table names a maze."""
    return maze.key[:8].hex()


class BehaviourTable:
    """The rows of one policy.

    Args:
        policy_sha256: the policy's identity.
        rows: its rows, in the order in which they were gathered.
    """

    def __init__(self, policy_sha256: str, rows: Sequence[Row] = ()) -> None:
        self.policy_sha256 = policy_sha256
        self.rows = {row.key: row for row in rows}
        self._alike: dict[tuple[str, bool, int], list[str]] = {}

    def missing(self, parts: Optional[Sequence[Part]] = None) -> list[Maze]:
        """The mazes that are still to be gathered, of all parts or of some."""
        wanted = {key_of(maze): maze for part in parts or PARTS for maze in part.mazes.sample(part.block, part.count)}
        return [maze for key, maze in wanted.items() if key not in self.rows]

    def gather(self, policy: Policy, mazes: Sequence[Maze]) -> Iterator[int]:
        """Add the rows of some mazes, batch by batch; yields how many were added."""
        for first in range(0, len(mazes), _AT_ONCE):
            batch = mazes[first : first + _AT_ONCE]
            for row in _measured(policy, batch):
                self.rows[row.key] = row
            yield len(batch)

    def of(self, policy: Policy, mazes: Sequence[Maze]) -> Behaviour:
        """The behaviour in some mazes; a control may have the policy answer with other outcomes than its own.

        Raises:
            NotGatheredError: a maze is not in the table.
            InterpClaimsError: the outcomes are to be told by a feature, of which a table knows nothing.
        """
        if policy.outcomes is Outcomes.TOLD:
            raise InterpClaimsError("behaviour: outcomes that a feature tells are known to predictors alone; ask one")
        keys = [key_of(maze) for maze in mazes]
        absent = [maze for maze, key in zip(mazes, keys) if key not in self.rows]
        if absent:
            raise NotGatheredError(self._what_to_do(policy, absent[0]))
        if policy.outcomes is Outcomes.OF_ANOTHER_MAZE:
            keys = [self._another_key(maze) for maze in mazes]
        rows = [self.rows[key] for key in keys]
        got = np.array([row.got_cheese for row in rows], dtype=bool)
        p_cheese = np.array([row.p_cheese for row in rows], dtype=np.float64)
        p_top_right = np.array([row.p_top_right for row in rows], dtype=np.float64)
        if policy.outcomes is Outcomes.OPPOSITE:
            got, p_cheese, p_top_right = ~got, 1 - p_cheese, 1 - p_top_right
        if policy.outcomes is Outcomes.ALWAYS_CHEESE:
            got = np.ones_like(got)
        return Behaviour(
            got,
            np.array([row.reached_top_right for row in rows], dtype=bool),
            np.array([row.steps for row in rows], dtype=np.int64),
            p_cheese,
            p_top_right,
        )

    def _another_key(self, maze: Maze) -> str:
        """The row of another maze, drawn by this one's seed: of the same block, and with a decision square or without.

        Raises:
            InterpClaimsError: there is none.
        """
        own = key_of(maze)
        kind = _kind(self.rows[own])
        known = (*kind, len(self.rows))  # more may be gathered
        if known not in self._alike:
            self._alike[known] = sorted(key for key, row in self.rows.items() if _kind(row) == kind)
        others = self._alike[known]
        if len(others) < 2:
            raise InterpClaimsError(
                f"behaviour: {maze!r} is the only maze of its kind in the table, wanted another one"
            )
        place = int(maze_rng(maze, "another maze's outcomes").integers(len(others) - 1))
        return others[place + (place >= bisect_left(others, own))]

    def _what_to_do(self, policy: Policy, absent: Maze) -> str:
        """What to say about a maze that is not in the table: to gather helps only while the table is not complete."""
        command = f"interp-claims behaviour {policy.loaded_as}"
        if not self.rows:
            return f"no behaviour of {policy.name} in {absent!r}; gather it first, which takes minutes: {command}"
        held = ", ".join(f"{part.count} of {part.mazes} in the {part.block.name} block" for part in PARTS)
        return (
            f"no behaviour of {policy.name} in {absent!r}; tables hold the first {held}: ask for fewer mazes, or for "
            f"one of these; only where gathering was interrupted there is more to come, with {command}"
        )

    def write(self, path: Path) -> None:
        """Write the table as CSV, with the policy's identity and a hash of all other lines in the first one."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([field.name for field in dataclasses.fields(Row)])
        writer.writerows(dataclasses.astuple(row) for row in self.rows.values())
        lines = text.getvalue().splitlines()
        write_atomically(path, "\n".join([f"{_FORMAT},{self.policy_sha256},{_sha256(lines)}", *lines]) + "\n")

    @classmethod
    def read(cls, path: Path, policy_sha256: str) -> BehaviourTable:
        """The table of a file.

        Raises:
            NotGatheredError: the file is no table, or one of other weights.
        """
        try:
            first, *lines = path.read_text(encoding="utf-8").splitlines()
            name, sha256, *hashed = first.split(",")
            if name != _FORMAT:
                raise ValueError(f"its format is {name!r}, wanted {_FORMAT!r}")
            if hashed and hashed != [_sha256(lines)]:  # tables of earlier versions have no hash
                raise ValueError("its lines do not hash to what the first one says: it was changed or cut short")
            table = cls(sha256, [_row(row) for row in csv.reader(lines[1:])])
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise NotGatheredError(f"{path}: no readable table of behaviour ({error}); delete it and gather") from error
        if sha256 != policy_sha256:
            raise NotGatheredError(f"{path}: is a table of the policy {sha256}, wanted {policy_sha256}; delete it")
        return table


def _sha256(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _row(fields: Sequence[str]) -> Row:
    key, *numbers = fields
    return Row(key, *map(int, numbers[:4]), *map(float, numbers[4:]))


def _kind(row: Row) -> tuple[str, bool]:
    """The block of seeds of a row's maze, and whether it has a decision square."""
    block = next((block.name for block in (CONFIRMATION, DISCOVERY) if row.seed in block), "")
    return block, not math.isnan(row.p_cheese)


def _measured(policy: Policy, mazes: Sequence[Maze]) -> Iterator[Row]:
    rollouts = roll_out(policy, mazes, seed=_ROLLOUT_SEED, max_steps=MAX_STEPS)
    deciding = [i for i, maze in enumerate(mazes) if decision_square(maze) is not None]
    decisions = np.full((len(mazes), 2), np.nan)
    if deciding:
        decision = decide(policy, [mazes[i] for i in deciding])
        decisions[deciding] = np.column_stack([decision.cheese, decision.top_right])
    for maze, rollout, (cheese, top_right) in zip(mazes, rollouts, decisions):
        yield Row(
            key_of(maze),
            maze.seed if maze.seed is not None else -1,
            int(rollout.got_cheese),
            int(rollout.steps_to_top_right is not None),
            rollout.steps,
            round(float(cheese), 6),
            round(float(top_right), 6),
        )


class BehaviourTables:
    """Where tables are: those that ship with the suite, and those gathered by the user.

    Args:
        shipped: folder of the tables that ship.
    """

    def __init__(self, shipped: Path) -> None:
        self.shipped = shipped
        self._loaded: dict[str, BehaviourTable] = {}

    def of(self, policy: Policy) -> BehaviourTable:
        """The table of a policy; empty if nothing was gathered.

        Raises:
            NotGatheredError: its file is damaged.
        """
        if policy.sha256 not in self._loaded:
            paths = [file_of(policy, folder) for folder in (self.shipped, gathered_folder())]
            found = next((path for path in paths if path.is_file()), None)
            table = BehaviourTable(policy.sha256) if found is None else BehaviourTable.read(found, policy.sha256)
            self._loaded[policy.sha256] = table
        return self._loaded[policy.sha256]

    def fingerprint(self) -> str:
        """The hash of all tables, shipped and gathered: whatever is looked up in them depends on nothing else."""
        digest = hashlib.sha256()
        for folder in (self.shipped, gathered_folder()):
            for path in sorted(folder.glob("*.csv")):
                digest.update(f"{path.name}\n".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def __call__(self, policy: Policy, mazes: Sequence[Maze]) -> Behaviour:
        """What a policy did in some mazes."""
        return self.of(policy).of(policy, mazes)


def gathered_folder() -> Path:
    """Where the user's tables are kept."""
    return cache_folder() / "behaviour"


def file_of(policy: Policy, folder: Path) -> Path:
    """The file of a policy's table in a folder."""
    return folder / f"{policy.sha256[:16]}.csv"
