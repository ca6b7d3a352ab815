"""Where a plan's time went is told once a plan, and a server that went is asked anew."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from millwright.core.episode import Step
from millwright.core.judging import Verdict
from millwright.core.planner import Chunk
from millwright.dashboard.commands import Run
from millwright.dashboard.latency import Latency
from millwright.serving.stages import REMOTE
from tests.dashboard.test_session import ask, wait_for
from tests.dashboard.toy_server import make_stage, serve
from tests.dashboard.toy_table import make_session

CHUNK = Chunk(np.zeros((4, 4), np.float32), 15.0)
STEP = Step(0, 0.0, {}, None, np.zeros(4, np.float32), None, 0.0, CHUNK, Verdict(True, None), {"policy_s": 0.002})


def test_a_plan_is_told_once_and_one_of_this_machine_by_what_its_tick_took() -> None:
    first = Latency().follow(STEP)
    assert (first.plans, first.stages) == (1, {"plan": 0.002})
    assert first.follow(replace(STEP, index=1)) is first
    again = first.follow(replace(STEP, index=2, plan=replace(CHUNK, observed_at_s=0.1, timings={"network": 0.001})))
    assert (again.plans, again.stages) == (2, {"network": 0.001})
    assert again.follow(replace(STEP, index=3, plan=None)) is again
    assert again.follow(STEP).plans == 3, "the next episode's first plan is of the same time"


def test_a_server_that_went_breaks_the_episode_off_and_the_next_run_asks_whoever_is_there() -> None:
    server = serve()
    port = int(server.addresses.grpc.rpartition(":")[2])
    address = f"grpc://{server.addresses.grpc}"
    session = make_session(make_stage(address))
    try:
        session.start()
        wait_for(session, lambda now: now.phase == "ready" and now.policy == address)
        assert ask(session, Run({})).ok
        now = wait_for(session, lambda now: now.latency.plans > 1)
        assert tuple(now.latency.stages) == REMOTE
        server.close()
        told = "the episode broke off: grpc://"
        wait_for(session, lambda now: now.phase == "ready" and now.message.startswith(told))
        refused = ask(session, Run({}))
        assert not refused.ok
        assert f"could not be loaded: {address}" in refused.text
        assert session.snapshots.value.policy == address, "it stays chosen"
        before = session.snapshots.value.latency.plans
        with serve(port, "second"):
            until_s = time.monotonic() + 20
            while not ask(session, Run({})).ok and time.monotonic() < until_s:  # until the channel tries again
                time.sleep(0.1)
            wait_for(session, lambda now: now.phase == "running" and now.latency.plans > before)
    finally:
        session.close()
        server.close()
