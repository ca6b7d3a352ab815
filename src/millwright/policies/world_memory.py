"""What a planner's memory of a robot holds of a world model: read, and told what was really done."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from millwright.core.planner import Memory, Planner

LATENT, MEMORY, CONTROLS, BEGUN = "latent", "memory", "controls", "begun"
"""What is kept of the last tick: what was seen, what came before it, what was done, and whether there was one."""


class World(NamedTuple):
    """Where a robot's world model is."""

    latent: NDArray[np.float32]  # (latent,): what the last picture was encoded as, and the numbers beside it
    hidden: NDArray[np.float32]  # (memory,): what came before it


@runtime_checkable
class Keeps(Protocol):
    """A planner whose memories tell by name what is kept of the last tick."""

    def read_kept(self, memory: Memory, name: str) -> NDArray[np.float32] | None:
        """None: nothing of that name."""

    def put_kept(self, memory: Memory, name: str, value: NDArray[np.float32]) -> Memory:
        """The memory with that in place of what it kept by the name, which is of the same shape."""


def read_world(planner: Planner, memory: Memory) -> World | None:
    """What the memory holds of a world model; None: nothing."""
    if not isinstance(planner, Keeps):
        return None
    latent, hidden = (planner.read_kept(memory, name) for name in (LATENT, MEMORY))
    return None if latent is None or hidden is None else World(latent, hidden)


def tell_done(planner: Planner, memory: Memory, done: NDArray[np.float32]) -> Memory:
    """The memory of a robot that did `done`, whatever was planned; of a planner that keeps no such thing, as it was."""
    if not isinstance(planner, Keeps):
        return memory
    kept = planner.read_kept(memory, CONTROLS)
    return memory if kept is None else planner.put_kept(memory, CONTROLS, done.reshape(kept.shape))
