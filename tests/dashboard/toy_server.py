"""A server of a policy for the toy table, and a stage on which it drives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.dashboard.stage import Stage
from millwright.policies.chunk_player import ChunkPlayer
from millwright.serving.engine import Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.dashboard.toy_table import HZ, ToyJudge, ToyTable


class Hovering(Planner):
    """Stays where it is, open; `digest` tells one from another."""

    def __init__(self, digest: str = "first") -> None:
        self.inputs = Features(Feature("observation.environment_state", (6,)))
        self.action, self.rate_hz, self.digest = Feature("action", (4,)), float(HZ), digest

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        actions = np.tile(np.array([0, 0, 0, 0.05], np.float32), (4, 1))
        return [Chunk(actions, self.rate_hz) for _ in observations], [None] * len(observations)


def serve(port: int = 0, digest: str = "first") -> PolicyServer:
    return PolicyServer(Setup((Served("hovering", Hovering(digest)),), port=port))


def play_from(address: str) -> ChunkPlayer:
    return ChunkPlayer(RemotePlanner(address, answer_s=2), name=address)


def make_stage(address: str) -> Stage:
    policies = {address: partial(play_from, address)}
    return Stage(ToyTable, ToyJudge, policies, "Toy table", server=address)
