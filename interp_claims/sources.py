"""The sources that claims are taken from."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Source:
    """A publication, or a place in one.

    Attributes:
        title: its title and year.
        where: how to find it.
        place: the section, figure or comment, or empty.
    """

    title: str
    where: str
    place: str = ""

    def section(self, place: str) -> Source:
        """A named section, figure or comment of this source."""
        return dataclasses.replace(self, place=place)

    def __str__(self) -> str:
        return f"{self.title}{f', “{self.place}”' if self.place else ''} ({self.where})"


POST = Source("Understanding and controlling a maze-solving policy network, 2023", "LessWrong, 11 March 2023")
TOP_RIGHT_POST = Source(
    "Maze-solving agents: Add a top-right vector, make the agent go to the top-right, 2023", "LessWrong, 31 March 2023"
)
STATISTICS_POST = Source("Behavioural statistics for a maze-solving agent, 2023", "LessWrong, 20 April 2023")
PAPER = Source("Understanding and Controlling a Maze-Solving Policy Network, 2023", "arXiv 2310.08043")
CODE = Source("procgen-tools, 2023", "the authors' code")
#: What the suite itself rests on.
INVARIANTS = Source("Invariants of interp-claims", "this project's documentation")
PROCGEN = Source("Leveraging Procedural Generation to Benchmark Reinforcement Learning, 2020", "arXiv 1912.01588")
REVIEWS = Source("Reviews of “Understanding and Controlling a Maze-Solving Policy Network”, 2023", "OpenReview")
COMMENT = Source("Predictions about a maze-solving agent, in the comments, 2023", "LessWrong, March 2023")
