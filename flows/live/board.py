"""What is known of the children of a live run, for its status line.  Threads write it and read it as they like."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Board:
    """`told`: the last facts of each child; `trouble`: what is wrong with a child that is not running, if anything.

    `restarts`: how often each was started again.
    """

    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)

    def fact(self, child: str, name: str, otherwise: Any = None) -> Any:
        """One of the facts that a child told last."""
        return self.told.get(child, {}).get(name, otherwise)
