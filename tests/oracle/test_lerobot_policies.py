"""LeRobot's own policies behind our wire: the same answers as in their own loop, and episodes that are judged."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.against.side import LEROBOT, MISSING, has_lerobot, make_command, run_in_lerobot

from millwright import cli
from millwright.serving.remote import RemotePlanner
from tests.oracle.robots import CAMERAS, DOF, LENGTH, PLAYED, STATE, TICKS, observe

NEEDED = ("grpc_health", "grpc_reflection", "prometheus_client", "transformers")
has_servers = all(list(LEROBOT.glob(f"lib/python3*/site-packages/{name}")) for name in NEEDED)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not has_lerobot(), reason=MISSING),
    pytest.mark.skipif(not has_servers, reason=f"LeRobot's environment lacks one of {', '.join(NEEDED)}: make lerobot"),
]

KINDS = ("act", "diffusion", "smolvla")
CHUNKS = {"act": LENGTH, "diffusion": PLAYED, "smolvla": LENGTH}
"""Actions that LeRobot predicts: Diffusion's are those that it plays."""


@dataclass(frozen=True)
class Case:
    """A policy that is served, and what LeRobot's own loop gave."""

    kind: str
    address: str
    own: Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("policies")
    words: list[object] = []
    for kind in KINDS:
        words += ["make", kind, root / kind, ",", "play", kind, root / kind, root / f"{kind}.npz", ","]
    run_in_lerobot("tests.oracle.policies_side", words, root / "home")
    return root


def serve(folder: Path, kind: str, play: str) -> Iterator[str]:
    renamed = [f"{ours}={theirs}" for ours, theirs in CAMERAS.items() if ours != theirs]
    words = ["serve-lerobot", folder / kind, "--env", "lift", "--action", "hand_motion", "--port", 0]
    command, settings = make_command("millwright", [*words, "--play", play, "--rename", *renamed], folder / "home")
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = next((found for line in server.stdout if (found := re.search(r"grpc://\S+", line))), None)
        assert found, "the server ended before it served"
        yield found[0]
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


@pytest.fixture(scope="module", params=KINDS)
def chunks(request: pytest.FixtureRequest, folder: Path) -> Iterator[Case]:
    for address in serve(folder, request.param, "chunk"):
        yield Case(request.param, address, np.load(folder / f"{request.param}.npz"))


@pytest.fixture(scope="module", params=KINDS)
def ticks(request: pytest.FixtureRequest, folder: Path) -> Iterator[Case]:
    for address in serve(folder, request.param, "tick"):
        yield Case(request.param, address, np.load(folder / f"{request.param}.npz"))


def ask(planner: RemotePlanner, robot: int = 0) -> np.ndarray:
    """What a robot is answered tick by tick, (ticks, length, dof)."""
    memory: Any = None
    answers = []
    for tick in range(TICKS):
        (chunk,), (memory,) = planner.plan([observe(robot, tick)], [memory])
        answers.append(chunk.actions)
    return np.stack(answers)


def test_a_chunk_over_the_wire_is_lerobots_own(chunks: Case) -> None:
    answers = ask(RemotePlanner(chunks.address))
    assert answers.shape == (TICKS, CHUNKS[chunks.kind], DOF)
    np.testing.assert_allclose(answers, chunks.own["chunks"], atol=1e-5)
    assert np.ptp(answers[:, 0], 0).min() > 1e-3  # it looks at what it is shown


def test_a_tick_over_the_wire_is_lerobots_own(ticks: Case) -> None:
    answers = ask(RemotePlanner(ticks.address))
    np.testing.assert_allclose(answers[:, 0], ticks.own["ticks"], atol=1e-5)


def test_robots_that_are_planned_for_together_get_what_each_gets_alone(chunks: Case) -> None:
    planner = RemotePlanner(chunks.address)
    seen = [observe(robot, 0) for robot in range(3)]
    together, _ = planner.plan(seen, [None] * 3)
    for chunk, observation in zip(together, seen, strict=True):
        alone, _ = planner.plan([observation], [None])
        np.testing.assert_allclose(chunk.actions, alone[0].actions, atol=1e-4)


def test_a_server_tells_the_policy_in_our_terms(chunks: Case) -> None:
    planner = RemotePlanner(chunks.address)
    assert set(planner.inputs) == {*CAMERAS, STATE, *(["task"] if chunks.kind == "smolvla" else [])}
    assert planner.inputs.images == tuple(CAMERAS)
    assert (planner.action.name, planner.action.shape, planner.rate_hz) == ("hand_motion", (DOF,), 20)


def test_it_is_judged_like_any_policy(ticks: Case, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    words = ["evaluate", "lift", "--policy", ticks.address, "--seeds", "5000:5002", "--workers", "1"]
    assert cli.main([*words, "--json", str(file)]) == 0
    result = json.loads(file.read_text())
    assert (result["episodes"], result["successes"]) == (2, 0)
    assert result["provenance"]["policy_digest"] == RemotePlanner(ticks.address).digest
