"""ChunkPlayer: the policy that plays a planner's chunks, some actions of each, and blends where they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import ActionError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.core.policy import Action, Policy

Actions = NDArray[np.float32]  # (length, dof)
Blend = Callable[[Actions, Actions, NDArray[np.float32]], Actions]
"""(old, new, weight of the new (length, 1)) -> actions between the two."""


def blend_linear(old: Actions, new: Actions, weight: NDArray[np.float32]) -> Actions:
    """Component by component: right for joints, positions, openings, commands."""
    return old + weight * (new - old)


def blend_hand(old: Actions, new: Actions, weight: NDArray[np.float32]) -> Actions:
    """Linear, but the quaternion (columns 3 to 7) goes the short way and keeps length 1."""
    sign = np.where(np.sum(old[:, 3:7] * new[:, 3:7], 1, keepdims=True) < 0, -1, 1).astype(np.float32)
    facing = np.concatenate((new[:, :3], sign * new[:, 3:7], new[:, 7:]), 1)
    blended = blend_linear(old, facing, weight)
    blended[:, 3:7] /= np.linalg.norm(blended[:, 3:7], axis=1, keepdims=True)
    return blended


BLENDS: dict[str, Blend] = {"hand_target": blend_hand}
"""Action feature -> how to blend it; linear where there is no row."""


class ChunkPlayer(Policy):
    """Plays the first `execute` actions of a chunk, then asks for the next, one action a tick.

    Args:
        planner: where chunks come from; its memory is kept here and handed back to it.
        execute: actions played of each chunk.
        blend: ticks at the start of a chunk over which the rest of the old one fades out; 0: none.
        name: what results call this policy.
    """

    def __init__(self, planner: Planner, execute: int = 4, blend: int = 0, name: str = "policy") -> None:
        if execute < 1 or blend < 0:
            raise ValueError(f"execute must be at least 1 and blend at least 0, got {execute} and {blend}")
        self.planner = planner
        self.execute = execute
        self.blend = blend
        self.name = name
        self._mix = BLENDS.get(planner.action.name, blend_linear)
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._chunk: Chunk | None = None
        self._memory: Memory = None
        self._played = 0
        self._tick = 0

    @property
    def plan(self) -> Chunk | None:
        """The chunk being played from the last action on."""
        if self._chunk is None:
            return None
        return replace(self._chunk, actions=self._chunk.actions[self._played - 1 :])

    def act(self, observation: Observation) -> Action:
        """The next action.

        Raises:
            ActionError: the planner gave a chunk that is empty, of the wrong shape, or has expired.
        """
        now_s = self._tick / self.planner.rate_hz
        if self._chunk is None or self._played >= min(self.execute, len(self._chunk)):
            self._chunk = self._next_chunk(observation, now_s)
            self._played = 0
        if now_s > self._chunk.expires_at_s:
            raise ActionError(
                f"the chunk observed at {self._chunk.observed_at_s:.3f} s expired at {self._chunk.expires_at_s:.3f} s, "
                f"now is {now_s:.3f} s: plan more often (execute={self.execute}) or let chunks live longer"
            )
        action: Action = self._chunk.actions[self._played]
        self._played += 1
        self._tick += 1
        return action

    def _next_chunk(self, observation: Observation, now_s: float) -> Chunk:
        chunks, memories = self.planner.plan([observation], [self._memory])
        chunk, self._memory = chunks[0], memories[0]
        if not len(chunk):
            raise ActionError("the planner gave an empty chunk; a chunk must hold at least one action")
        if chunk.actions.shape[1:] != self.planner.action.shape:
            declared, found = self.planner.action.shape, chunk.actions.shape[1:]
            raise ActionError(f"the planner declares actions of shape {declared}, its chunk has {found}")
        lifetime_s = chunk.expires_at_s - chunk.observed_at_s
        return replace(chunk, actions=self._faded(chunk.actions), observed_at_s=now_s, expires_at_s=now_s + lifetime_s)

    def _faded(self, new: Actions) -> Actions:
        """`new` with the rest of the chunk played so far fading out at its start."""
        old = new[:0] if self._chunk is None else self._chunk.actions[self._played :]
        ticks = min(self.blend, len(old), len(new))
        if not ticks:
            return new
        weight = np.arange(1, ticks + 1, dtype=np.float32)[:, None] / np.float32(ticks + 1)
        return np.concatenate((self._mix(old[:ticks], new[:ticks], weight), new[ticks:]))
