"""Streaming to a Rerun viewer: what is driven arrives there, and nobody who drives ever waits for it."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rerun.chunk import RrdReader

from millwright import cli
from millwright.core.episode import Episode
from millwright.core.errors import ServiceError
from millwright.dashboard.newest import Newest
from millwright.dashboard.rerun_stream import PORT, RerunStream, find_viewer
from millwright.dashboard.snapshot import Snapshot
from tests.evaluation.toy_view import ToyView
from tests.toys import MakePlay, ReachEnv


class SlowView(ToyView):
    """Takes a second for every picture."""

    def render(self, state: Any, camera: str) -> np.ndarray:
        time.sleep(1.0)
        return super().render(state, camera)


def make_no_view() -> ToyView:
    raise RuntimeError("no view today")


@pytest.fixture(scope="module")
def episode() -> Episode:
    return MakePlay()()(3)


@pytest.fixture
def listener() -> Iterator[str]:
    """Somebody who answers at an address and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A Rerun viewer without a window that saves what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    spec = find_spec("rerun_cli")
    assert spec
    assert spec.submodule_search_locations
    program, file = Path(spec.submodule_search_locations[0]) / "rerun", tmp_path / "live.rrd"
    command = [str(program), "--save", str(file), "--bind", "127.0.0.1", "--port", str(port)]
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    quiet = {**os.environ, **home, "CI": "1", "RERUN_ANALYTICS": "0"}  # a first session, and nothing is reported home
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"127.0.0.1:{port}"
    wait_for(lambda: is_there(address))
    yield address, file
    process.terminate()
    process.wait()


def is_there(address: str) -> bool:
    try:
        return bool(find_viewer(address))
    except ServiceError:
        return False


def wait_for(condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def read_steps(file: Path) -> dict[str, list[int]]:
    """Name of the recording -> steps that have arrived; none while half a message stands at the end of the file."""
    with warnings.catch_warnings(), suppress(RuntimeError):
        warnings.simplefilter("ignore")  # the file is still being written
        reader = RrdReader(file)
        found = {}
        for entry in reader.recordings():
            chunks = [chunk for chunk in reader.stream(store=entry) if chunk.entity_path == "/distance_mm"]
            rows = [row["step"] for chunk in chunks for row in chunk.to_record_batch().to_pylist()]
            found[entry.recording_id.split(" ", 1)[1]] = sorted(rows)
        return found
    return {}


def test_every_episode_arrives_as_a_recording_of_its_own(episode: Episode, viewer: tuple[str, Path]) -> None:
    address, file = viewer
    snapshots = Newest(Snapshot())
    stream = RerunStream(ToyView, snapshots, address, ReachEnv().features)
    for number in (1, 2):
        for step in episode.steps[:3]:
            snapshots.put(Snapshot(episode=number, target="red", policy="expert", newest_step=step))
            snapshots.put(Snapshot(episode=number, target="red", policy="expert", newest_step=step, message="again"))
            name = f"{number:03d} red (expert)"
            wait_for(lambda name=name, index=step.index: file.exists() and index in read_steps(file).get(name, []))
    stream.close()
    wait_for(lambda: len(read_steps(file)) == 2)
    assert read_steps(file) == {"001 red (expert)": [0, 1, 2], "002 red (expert)": [0, 1, 2]}


def test_whoever_publishes_never_waits(episode: Episode, listener: str) -> None:
    snapshots = Newest(Snapshot())
    stream = RerunStream(SlowView, snapshots, listener)
    started = time.monotonic()
    for number in range(200):
        snapshots.put(Snapshot(episode=number, newest_step=episode.steps[0]))
    assert time.monotonic() - started < 0.5
    stream.close()


def test_the_dashboard_goes_on_when_the_stream_dies(
    episode: Episode, listener: str, caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = Newest(Snapshot())
    stream = RerunStream(make_no_view, snapshots, listener)
    stream._process.join(timeout=30)
    with caplog.at_level(logging.WARNING):
        snapshots.put(Snapshot(episode=1, newest_step=episode.steps[0]))
        wait_for(lambda: "goes on without it" in caplog.text)
    stream.close()


def test_an_address_may_be_short_or_whole(listener: str) -> None:
    assert find_viewer(listener) == f"rerun+http://{listener}/proxy"
    assert find_viewer(f"rerun+http://{listener}/proxy") == f"rerun+http://{listener}/proxy"


def test_a_viewer_that_is_not_there_is_told_how_to_be_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--port", "0", "--rerun", "127.0.0.1:1"]) == 2
    assert "no Rerun viewer answers at 127.0.0.1:1" in capsys.readouterr().err
    with pytest.raises(ServiceError, match=rf"one is 127\.0\.0\.1:{PORT}"):
        find_viewer("127.0.0.1:none")
