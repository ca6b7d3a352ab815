"""Stages: what an answer's time goes into, on the server and on the robot's side."""

from __future__ import annotations

import math
from collections.abc import Mapping

SERVER = ("decode", "queue", "plan", "encode")
"""An observation is read, waits for its turn, is planned with; the chunk is written."""
REMOTE = ("encode", "network", *(f"server_{stage}" for stage in SERVER), "decode")
"""Of a plan that a server made, in the order of time. `network` is the way there and back, and what gRPC itself
takes."""


def read_stages(told: Mapping[str, float]) -> dict[str, float]:
    """The server's seconds by stage; what is none of its stages, or no length of time, is passed over."""
    spent = {stage: told[stage] for stage in SERVER if stage in told}
    return {stage: took_s for stage, took_s in spent.items() if 0 <= took_s < math.inf}


def tell_stages(encode_s: float, away_s: float, decode_s: float, server: Mapping[str, float]) -> dict[str, float]:
    """A plan's seconds by stage, as `REMOTE` names them.

    Args:
        encode_s, decode_s: on the robot's side.
        away_s: from the request to the answer.
        server: of that time the server's own stages, as far as it told them. The rest is the network's.
    """
    network_s = max(0.0, away_s - sum(server.values()))
    theirs = {f"server_{stage}": server[stage] for stage in SERVER if stage in server}
    return {"encode": encode_s, "network": network_s, **theirs, "decode": decode_s}
