"""A dream beside a drive: chosen, adjusted while driving, told to pages, and refused where there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from millwright.cli.demo import make_stage
from millwright.core.errors import BundleError, UnknownNameError
from millwright.dashboard.commands import Dream, Run
from millwright.dashboard.dreaming import Dreams
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.session import Session
from millwright.dashboard.stage import Stage
from millwright.policies import dreamer
from tests.dashboard.test_driving import SHORT
from tests.dashboard.test_server import Client
from tests.dashboard.test_session import ask, choose, wait_for
from tests.dashboard.toy_table import make_session
from tests.policies.driving import make_driving_bundle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "dreamer"
    make_driving_bundle(world="mdn-rnn").save(folder)
    return folder


@pytest.fixture(scope="module")
def dashboard(folder: Path) -> Iterator[Dashboard]:
    stage, first = make_stage("car-racing", str(folder), {**SHORT, "image_size": 64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dreamer, "BEGINS_S", 0.0)
        yield from open_dashboard(stage, first)


def open_dashboard(stage: Stage, first: str | None) -> Iterator[Dashboard]:
    with start_dashboard(lambda: Session(stage, first, seed=5003, hold_s=0.2), port=0) as dashboard:
        wait_for(dashboard.session, lambda now: now.phase == "ready" and now.policy == "dreamer", 60)
        yield dashboard


@pytest.fixture
def session(dashboard: Dashboard) -> Session:
    wait_for(dashboard.session, lambda now: now.phase == "ready", 60)
    return dashboard.session


def test_a_bundle_with_a_world_model_dreams_by_itself_and_pages_are_told_every_step(
    dashboard: Dashboard, session: Session
) -> None:
    with Client(dashboard) as client:
        assert client.hello["dreamers"] == ["dreamer", "dream-driving"]
        assert client.hello["ahead"] == [1, 5, 15, 50, None]
        before = client.until(phase="ready", driving=True)["dream"]
        assert (before["of"], set(before["pictures"])) == ("dreamer", {"road"})
        assert (before["world"], before["draws"]) == ("mdn-rnn", True)  # or the page would lock its temperature
        points: list[list[float]] = []
        assert client.ask(do="dream", ahead=5, temperature=0.5, dropout=False)["ok"]
        assert client.ask(do="run")["ok"]
        while client.status["phase"] != "finished":
            message = client.read()
            if message["type"] == "status":
                points[message["trace"]["from"] :] = message["trace"]["dreams"]
        told = client.status["dream"]
        assert (told["world"], told["draws"], told["temperature"]) == ("mdn-rnn", True, 0.5)
        assert all(told["pictures"][name].startswith("data:image/png") for name in ("road", "rebuilt", "dreamed"))
        assert len(points) == len(client.trace) == client.status["step"]
        assert [point[7] for point in points[:8]] == [0, 1, 2, 3, 4, 5, 1, 2]
        reached = [point[6] for point in points]
        assert reached[0] == 0
        assert reached[-1] == client.status["gauges"]["tiles"] - 2  # on which the car stands at the start


def test_a_dream_is_adjusted_while_it_runs_and_its_dreamer_is_not_changed(session: Session) -> None:
    choose(session, "rule")
    assert session.submit(Run()).result(timeout=30).ok
    wait_for(session, lambda now: now.step > 2)
    assert ask(session, Dream(changes={"eyes": "dream", "ahead": None})).ok
    assert ask(session, Dream(of="")).text == "busy: press Stop first"
    told = wait_for(session, lambda now: now.phase == "finished", 60).dream
    assert (told.eyes, told.ahead) == ("dream", None)
    assert told.age > 5


def test_nobody_dreams_where_nobody_is_chosen_and_none_beside_who_sees_the_truth(session: Session) -> None:
    choose(session, "expert")
    assert session.submit(Run()).result(timeout=30).ok
    done = wait_for(session, lambda now: now.phase == "finished", 60)
    assert not done.dream_trace
    assert set(done.dream.pictures) == {"road"}
    wait_for(session, lambda now: now.phase == "ready", 60)
    assert ask(session, Dream(of="")).text == "nothing dreams"
    assert ask(session, Dream(of="dreamer")).ok


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"of": "drimmer"}, "did you mean 'dreamer'"),
        ({"of": 3}, "of is the name of a bundle"),
        ({"ahead": 0}, "goes on for a step at least"),
        ({"ahead": True}, "ahead is steps, or null"),
        ({"temperature": 9}, "a temperature is 0 to 3, got 9"),
        ({"eyes": "raod"}, "did you mean 'road'"),
        ({"drpout": False}, "did you mean 'dropout'"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_with_what_would(
    dashboard: Dashboard, session: Session, wish, reason
) -> None:
    with Client(dashboard) as client:
        client.until(driving=True)
        answer = client.ask(do="dream", **wish)
        assert not answer["ok"]
        assert reason in answer["text"]


def test_bundles_without_a_world_model_and_damaged_ones_are_told(folder: Path, tmp_path: Path) -> None:
    for name in ("other", "damaged"):
        shutil.copytree(folder, tmp_path / name)
    manifest = tmp_path / "other" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "network": "act"}))
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"nothing")
    (tmp_path / "damaged" / "config.json").write_bytes(b"[]")
    dreams = Dreams({"other": tmp_path / "other", "damaged": tmp_path / "damaged"})
    assert dreams.of == "damaged"  # its manifest promises a world model
    assert dreams.tell().world == ""
    with pytest.raises(BundleError, match="other has no world model, so it dreams of nothing"):
        dreams.choose("other")
    with pytest.raises(BundleError, match="damaged"):
        dreams.choose("damaged")
    with pytest.raises(UnknownNameError, match="other, damaged"):
        dreams.choose("third")


def test_where_things_are_picked_nothing_dreams() -> None:
    session = make_session()
    session.start()
    try:
        wait_for(session, lambda now: now.phase == "ready")
        assert "nothing is driven here" in ask(session, Dream(of="")).text
    finally:
        session.close()
