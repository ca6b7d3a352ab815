"""How long after an anomaly arrived the command loop had sent its first command on the way to rest. Prints JSON.

python benchmarks/bench_watchdog.py [--anomalies 10000] [--arms 4] [--load 2]

Each anomaly meets a moving arm. It arrives when its setpoint is sent, when its force is there to be read, or, of a
missed heartbeat or a flood of setpoints, when it has lasted as long as it may. `--load` processes that only count run
beside it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Any

import numpy as np

from millwright.geometry.poses import Floats
from millwright.robots import ur5e
from millwright.robots.limits import Envelope
from millwright.serving.command_loop import Arm, CommandLoop
from millwright.serving.watchdog import Beat

BEAT = Beat(command_hz=250.0, setpoint_hz=50.0, heartbeat_s=0.1)
TICKS, STEP_RAD = 2, 0.001
"""Setpoints before each anomaly, and the way from one to the next."""
MAX_FORCE_N, HELP_S = 40.0, 5.0
KINDS = ("not_finite", "limit", "force", "heartbeat", "flood")


class SharedArm(Arm):
    """Goes where it is sent. Where it is and the force (N) at its wrist are memory that another process shares.

    Also its own factory: shared memory can be inherited by a process, and be sent to none.
    """

    def __init__(self, shared: SynchronizedArray[float]) -> None:
        self.shared = shared

    def __call__(self) -> Arm:
        return self

    def read(self) -> tuple[Floats, Floats | None]:
        *joints, force_n = self.shared
        return np.array(joints), np.array([force_n, 0, 0, 0, 0, 0])

    def send(self, joints: Floats) -> None:
        self.shared[:-1] = joints.tolist()


def make_envelope() -> Envelope:
    return Envelope(ur5e.make_limits(), max_force_n=MAX_FORCE_N)


def count_forever() -> None:
    while True:
        sum(range(10_000))


def inject(loop: CommandLoop, shared: SynchronizedArray[float], kind: str) -> float:
    """Set an arm in motion, do what halts it, and give the seconds from then to the first command on the way to rest.

    Not a number, where another reason came first.
    """
    place = np.array(shared[:-1])
    step = STEP_RAD * np.where(place > ur5e.SEED_JOINTS, -1.0, 1.0)
    for tick in range(TICKS):
        sent_s = time.monotonic()
        loop.send(place + (tick + 1) * step)
        time.sleep(1 / BEAT.setpoint_hz)
    arrived_s = time.monotonic()
    if kind == "not_finite":
        loop.send(np.full(len(place), np.nan))
    elif kind == "limit":
        loop.send(place + 2.0)
    elif kind == "force":
        shared[-1] = 2 * MAX_FORCE_N
    elif kind == "heartbeat":
        arrived_s = sent_s + BEAT.heartbeat_s
    else:
        arrived_s += BEAT.heartbeat_s
    while loop.halted is None:
        if time.monotonic() > arrived_s + HELP_S:
            raise SystemExit(f"{kind}: the arm was not halted within {HELP_S:g} s")
        if kind == "flood":
            loop.send(place + TICKS * step)
        else:
            time.sleep(0.001)
    shared[-1] = 0.0
    halted = loop.halted
    return halted.commanded_s - arrived_s if halted.why == kind else float("nan")


def drive(anomalies: int) -> tuple[dict[str, list[float]], int]:
    """Seconds from arrival to the first command, of so many anomalies of one arm, and how often others came first."""
    shared = multiprocessing.get_context("spawn").Array("d", [*ur5e.SEED_JOINTS, 0.0])
    took_s: dict[str, list[float]] = {kind: [] for kind in KINDS}
    early = 0
    with CommandLoop(SharedArm(shared), make_envelope, BEAT) as loop:
        for kind in itertools.islice(itertools.cycle(KINDS), anomalies):
            while not np.isfinite(seconds := inject(loop, shared, kind)):
                early += 1
                loop.reset()
            took_s[kind].append(seconds)
            loop.reset()
    return took_s, early


def measure(anomalies: int, arms: int) -> dict[str, Any]:
    """Milliseconds, all kinds together and each; arms side by side, each with its own loop."""
    with ThreadPoolExecutor(arms) as pool:
        driven = list(pool.map(drive, [anomalies // arms] * arms))
    took_s = {kind: [seconds for one, _ in driven for seconds in one[kind]] for kind in KINDS}
    every = [seconds for kind in KINDS for seconds in took_s[kind]]
    return {
        "anomalies": len(every),
        "halted_early": sum(early for _, early in driven),
        "stop_ms": summarise(every),
        **{f"{kind}_ms": summarise(seconds) for kind, seconds in took_s.items()},
    }


def summarise(seconds: list[float]) -> dict[str, float]:
    """Of milliseconds."""
    p50, p99, p999 = 1e3 * np.percentile(seconds, [50, 99, 99.9])
    return {name: round(float(v), 3) for name, v in zip(("p50", "p99", "p99_9"), (p50, p99, p999), strict=True)} | {
        "max": round(1e3 * max(seconds), 3)
    }


def main() -> None:
    """Inject anomalies one after the other, beside so many busy processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anomalies", type=int, default=10_000)
    parser.add_argument("--arms", type=int, default=4)
    parser.add_argument("--load", type=int, default=2)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=count_forever, daemon=True) for _ in range(arguments.load)]
    for process in busy:
        process.start()
    try:
        measured = measure(arguments.anomalies, arguments.arms)
    finally:
        load = os.getloadavg()
        for process in busy:
            process.terminate()
    about = {
        "command_hz": BEAT.command_hz,
        "setpoint_hz": BEAT.setpoint_hz,
        "heartbeat_s": BEAT.heartbeat_s,
        "arms": arguments.arms,
    }
    about |= {"busy_processes": arguments.load}
    print(json.dumps({**about, "load_average": [round(one, 2) for one in load], **measured}, indent=2))


if __name__ == "__main__":
    main()
