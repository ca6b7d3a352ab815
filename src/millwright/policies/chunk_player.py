"""ChunkPlayer: the policy that plays a planner's chunks, some actions of each, and blends where they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import ActionError, ExpiredPlanError, OptionError
from millwright.core.features import Feature, Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.core.policy import Action, Policy
from millwright.policies.world_memory import tell_done

Actions = NDArray[np.float32]  # (length, dof)
Blend = Callable[[Actions, Actions, NDArray[np.float32]], Actions]
"""(old, new, weight of the new (length, 1)) -> actions between the two."""

EXECUTE, BLEND = 2, 1
"""How chunks are usually played: so many actions of each, and the old one fades out over so many ticks."""


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


def blend_motion(old: Actions, new: Actions, weight: NDArray[np.float32]) -> Actions:
    """Linear, but the gripper's sign (the last column) is the one that weighs more."""
    blended = blend_linear(old, new, weight)
    blended[:, -1] = np.where(weight[:, 0] < 0.5, old[:, -1], new[:, -1])
    return blended


BLENDS: dict[str, Blend] = {"hand_target": blend_hand, "hand_motion": blend_motion}
"""Action feature -> how to blend it; linear where there is no row."""


def choose_mix(action: Feature) -> Blend:
    """How actions of this feature are blended."""
    return BLENDS.get(action.name, blend_linear)


def fade(old: Actions, new: Actions, blend: int, mix: Blend) -> Actions:
    """`new` with `old`, what another chunk has for the same ticks, fading out over its first `blend`."""
    ticks = min(blend, len(old), len(new))
    if not ticks:
        return new
    weight = np.arange(1, ticks + 1, dtype=np.float32)[:, None] / np.float32(ticks + 1)
    return np.concatenate((mix(old[:ticks], new[:ticks], weight), new[ticks:]))


def check_chunk(chunk: Chunk, action: Feature, observed_s: float) -> Chunk:
    """The chunk, observed at `observed_s` by the player's time and expiring as long after that as it says.

    Raises:
        ActionError: it is empty, or holds something else than `action` declares.
    """
    if not len(chunk):
        raise ActionError("the planner gave an empty chunk; a chunk must hold at least one action")
    if chunk.actions.shape[1:] != action.shape:
        found = chunk.actions.shape[1:]
        raise ActionError(f"the planner declares actions of shape {action.shape}, its chunk has {found}")
    lifetime_s = chunk.expires_at_s - chunk.observed_at_s
    return replace(chunk, observed_at_s=observed_s, expires_at_s=observed_s + lifetime_s)


def refuse_expired(chunk: Chunk, now_s: float, execute: int) -> None:
    """A chunk must not be played beyond its time.

    Raises:
        ExpiredPlanError: it has expired.
    """
    if now_s > chunk.expires_at_s:
        raise ExpiredPlanError(
            f"the chunk observed at {chunk.observed_at_s:.3f} s expired at {chunk.expires_at_s:.3f} s, "
            f"now is {now_s:.3f} s: plan more often (execute={execute}) or let chunks live longer"
        )


def refuse_nothing(execute: int, blend: int) -> None:
    """Playing nothing of a chunk is an error.

    Raises:
        OptionError: `execute` below 1 or `blend` below 0.
    """
    if execute < 1 or blend < 0:
        raise OptionError(f"execute must be at least 1 and blend at least 0, got {execute} and {blend}")


class ChunkPlayer(Policy):
    """Plays the first `execute` actions of a chunk, then asks for the next, one action a tick.

    Args:
        planner: where chunks come from; its memory is kept here and handed back to it.
        execute: actions played of each chunk.
        blend: ticks at the start of a chunk over which the rest of the old one fades out; 0: none.
        name: what results call this policy.
    """

    def __init__(self, planner: Planner, execute: int = EXECUTE, blend: int = BLEND, name: str = "policy") -> None:
        refuse_nothing(execute, blend)
        self.planner = planner
        self.execute = execute
        self.blend = blend
        self.name = name
        self._mix = choose_mix(planner.action)
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
        self._tick += 1  # time goes on where no plan comes, too
        if self._chunk is None or self._played >= min(self.execute, len(self._chunk)):
            self._chunk = self._next_chunk(observation, now_s)
            self._played = 0
        refuse_expired(self._chunk, now_s, self.execute)
        action: Action = self._chunk.actions[self._played]
        self._played += 1
        return action

    def tell_done(self, action: Action) -> None:
        self._memory = tell_done(self.planner, self._memory, action)

    def _next_chunk(self, observation: Observation, now_s: float) -> Chunk:
        chunks, memories = self.planner.plan([observation], [self._memory])
        chunk, self._memory = check_chunk(chunks[0], self.planner.action, now_s), memories[0]
        rest = chunk.actions[:0] if self._chunk is None else self._chunk.actions[self._played :]
        return replace(chunk, actions=fade(rest, chunk.actions, self.blend, self._mix))
