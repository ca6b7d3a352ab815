"""Recording by hand: a person drives track by track, and what is kept is a dataset like any other."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from millwright import cli
from millwright.catalog import make_judge
from millwright.cli import by_hand as cli_by_hand
from millwright.dashboard import by_hand
from millwright.datasets.dataset import Dataset
from millwright.datasets.episodes import load_episode
from millwright.policies import arrow_keys
from tests.dashboard.test_server import Client

SEEDS = range(5, 7)


def record_in_background(out: Path, monkeypatch: pytest.MonkeyPatch, max_steps: int) -> tuple[threading.Thread, Any]:
    """A recording that runs, and its dashboard as soon as it is there."""
    urls: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(by_hand, "GLANCE_S", 0.1)
    monkeypatch.setattr(arrow_keys, "FORGOTTEN_S", 60.0)  # a busy machine takes its time from one message to the next
    monkeypatch.setattr(cli_by_hand, "say", lambda text, end="": urls.put(text))
    options = {"max_steps": max_steps, "image_size": 32}
    arguments = ("car-racing", SEEDS, out, 0, options, False)
    thread = threading.Thread(target=cli_by_hand.record_by_hand, args=arguments, daemon=True)
    thread.start()
    return thread, SimpleNamespace(url=urls.get(timeout=60))


def wait_until(dashboard: Any, text: str) -> None:
    """Until a track is ready and the note says so; a busy machine takes its time to write a drive down."""
    until = time.monotonic() + 60
    while True:
        status = httpx.get(f"{dashboard.url}/api/status", timeout=30).json()
        if text in status["note"] and status["phase"] == "ready":
            return
        assert time.monotonic() < until, status["note"]
        time.sleep(0.05)


def test_what_a_person_drives_is_kept_track_by_track_and_what_is_stopped_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, dashboard = record_in_background(tmp_path / "data", monkeypatch, max_steps=100)
    with Client(dashboard) as client:
        wait_until(dashboard, "Recording: track 5, drive 1 of 2, for ")
        client.until(policy="human", driving=True)
        for command in ({"do": "shuffle", "seed": 9}, {"do": "policy", "name": "rule"}):
            assert "the tracks come in turn" in client.ask(**command)["text"]
        assert client.ask(do="run")["ok"]
        assert client.ask(do="stop")["ok"]
        wait_until(dashboard, "track 5, drive 1 of 2")
        assert client.ask(do="keys", held=["up", "left"])["ok"]
        assert client.ask(do="run")["ok"]
        wait_until(dashboard, "drive 2 of 2")
        assert client.ask(do="keys", held=[])["ok"]
        assert client.ask(do="run")["ok"]
        thread.join(timeout=60)
    assert not thread.is_alive()
    dataset = Dataset(tmp_path / "data")
    episodes = [load_episode(dataset, number, make_judge("car-racing")) for number in range(2)]
    assert [episode.seed for episode in episodes] == [5, 6]
    assert [len(episode) for episode in episodes] == [26, 26]
    assert episodes[0].provenance["policy"] == "human"
    assert episodes[0].provenance["env_options"] == {"max_steps": 100, "image_size": 32}
    steering, throttle, _ = episodes[0].steps[4].action
    assert steering < 0 < throttle
    assert not episodes[1].steps[4].action.any()


def test_a_drive_of_less_than_two_steps_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_hand, "LEAST_STEPS", 7)
    thread, dashboard = record_in_background(tmp_path / "data", monkeypatch, max_steps=20)
    with Client(dashboard) as client:
        wait_until(dashboard, "drive 1 of 2")
        assert client.ask(do="run")["ok"]
        wait_until(dashboard, "A drive of 6 step")
        monkeypatch.setattr(by_hand, "LEAST_STEPS", 2)
        for seed in SEEDS:
            wait_until(dashboard, f"track {seed}, drive")
            assert client.ask(do="run")["ok"]
        thread.join(timeout=60)
    assert len(Dataset(tmp_path / "data").episodes) == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["brick-table"], "environments in which human drives: car-racing"),
        (["car-racing", "--label"], "leave them out with human"),
        (["car-racing", "--perturb"], "leave them out with human"),
        (["car-racing", "--env.max_stps", "3"], "did you mean 'max_steps'"),
    ],
)
def test_what_cannot_be_recorded_by_hand_is_refused_before_anything_opens(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["record", *argv, "--policy", "human", "--seeds", "0:2", "--out", str(tmp_path / "data")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
