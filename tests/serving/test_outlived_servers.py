"""Evaluations whose server goes away in the middle, comes back, or comes back as another one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from millwright import cli
from millwright.catalog import Player
from millwright.core.errors import AwayError, RemoteError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory
from millwright.evaluation.result import Result, load_result
from millwright.evaluation.suite import evaluate
from millwright.policies.network_planner import NetworkPlanner
from millwright.serving.engine import Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.policies.driving import make_driving_bundle, make_view

OPTIONS, SEEDS = {"max_steps": 40}, range(5000, 5003)
TICKS = 11
"""Of an episode, the last of which is not executed."""


class Driver(NetworkPlanner):
    """Says when it has planned so often."""

    def __init__(self, seed: int = 0) -> None:
        bundle = make_driving_bundle(seed)
        digest = bundle.make_manifest().id
        super().__init__(bundle.network, bundle.pipeline, bundle.inputs, bundle.action, bundle.rate_hz, digest=digest)
        self.left, self.reached = 0, threading.Event()

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        self.left -= 1
        if self.left == 0:
            self.reached.set()
        return super().plan(observations, memories)


class Host:
    """A server on one port that can go away and come back."""

    def __init__(self) -> None:
        self.driver = Driver()
        self.server = self._serve(0)
        self.address = f"grpc://{self.server.addresses.grpc}"

    def _serve(self, port: int) -> PolicyServer:
        return PolicyServer(Setup((Served("driver", self.driver, "car-racing"),), port=port))

    def come_back(self, seed: int = 0) -> None:
        self.driver = Driver(seed)
        self.server = self._serve(int(self.address.rpartition(":")[2]))

    @contextmanager
    def goes(self, after: int, *back: int) -> Iterator[None]:
        """Goes away after so many plans; with a seed, comes back with the driver of that."""
        self.driver.left = after

        def go() -> None:
            assert self.driver.reached.wait(60)
            self.server.close()
            for seed in back:
                self.come_back(seed)

        thread = threading.Thread(target=go)
        thread.start()
        yield
        thread.join(60)


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.server.close()


@pytest.fixture(scope="module")
def undisturbed() -> Result:
    host = Host()
    try:
        return play(Player("car-racing", OPTIONS, host.address))
    finally:
        host.server.close()


def play(player: Player, **how: Any) -> Result:
    return evaluate(player.pin(), SEEDS, progress=False, **how)


def tell(result: Result) -> list[Any]:
    """All that neither time nor interruptions touch."""
    kept = [{name: row.metrics[name] for name in ("return", "steps")} for row in result.episodes]
    return [(row.seed, row.success, row.failure, metrics) for row, metrics in zip(result.episodes, kept, strict=True)]


def test_a_server_that_comes_back_costs_its_episode_a_replay_and_no_verdict(host: Host, undisturbed: Result) -> None:
    with host.goes(TICKS + TICKS // 2, 0):
        result = play(Player("car-racing", OPTIONS, host.address, patience_s=60))
    assert tell(result) == tell(undisturbed)
    replays = [episode.metrics.get("replays", 0.0) for episode in result.episodes]
    assert replays[1] >= 1
    assert replays[::2] == [0.0, 0.0]
    assert "replays" not in undisturbed.episodes[1].metrics


def test_a_server_that_comes_back_with_another_bundle_is_not_waited_for(host: Host) -> None:
    with host.goes(TICKS + TICKS // 2, 1), pytest.raises(RemoteError, match="serves another bundle") as caught:
        play(Player("car-racing", OPTIONS, host.address, patience_s=60))
    assert not isinstance(caught.value, AwayError)


def test_a_swap_in_the_middle_of_an_episode_is_no_episode_of_either(host: Host) -> None:
    robot = RemotePlanner(host.address)
    _, memories = robot.plan([make_view(0)], [None])
    host.server.swap(Served("driver", Driver(1), "car-racing"))
    with pytest.raises(AwayError, match="remembers nothing of this robot"):
        robot.plan([make_view(1)], memories)
    with pytest.raises(RemoteError, match="serves another bundle"):
        robot.plan([make_view(0)], [None])


def test_whoever_connects_later_is_told_of_another_bundle_too(host: Host) -> None:
    player = Player("car-racing", OPTIONS, host.address).pin()
    assert player.describe()["policy_digest"] == host.driver.digest
    host.server.swap(Served("driver", Driver(1), "car-racing"))
    assert player.describe()["policy_digest"] == host.driver.digest
    with pytest.raises(RemoteError, match="serves another bundle"):
        player()
    assert replace(player, digests={}).pin().digests == {"policy": Driver(1).digest}


def test_what_was_judged_is_kept_and_the_same_command_goes_on_from_there(
    host: Host, undisturbed: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for drawn in ("reduce.write_film", "reduce.write_strip", "report.write_report"):
        monkeypatch.setattr(f"millwright.evaluation.{drawn}", lambda *what: None)
    seeds = f"{SEEDS.start}:{SEEDS.stop}"
    command = ["evaluate", "car-racing", "--policy", host.address, "--seeds", seeds, "--workers", "1"]
    command += ["--env.max-steps", str(OPTIONS["max_steps"]), "--patience-s", "0"]
    with host.goes(TICKS + TICKS // 2):
        assert cli.main([*command, "--report", str(tmp_path)]) == 2
    assert "the same command goes on from there" in capsys.readouterr().err
    host.come_back()
    host.driver.left = 1000
    assert cli.main([*command, "--report", str(tmp_path)]) == 0
    assert 1000 - host.driver.left == 2 * TICKS
    result = load_result(tmp_path / "result.json")
    assert [(row["seed"], row["metrics"]["return"]) for row in result["verdicts"]] == [
        (row.seed, row.metrics["return"]) for row in undisturbed.episodes
    ]


def test_without_a_folder_the_error_says_how_nothing_would_be_lost(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "car-racing", "--policy", host.address, "--seeds", "5000:5002", "--workers", "1"]
    with host.goes(TICKS // 2):
        assert cli.main([*words, "--env.max-steps", "40", "--patience-s", "0"]) == 2
    assert "with --report DIR it would be kept" in capsys.readouterr().err
    assert cli.main([*words, "--patience-s", "-1"]) == 2
    assert "--patience-s is seconds, 0 or more" in capsys.readouterr().err
