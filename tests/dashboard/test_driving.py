"""Driving in the dashboard: the session on the real environment, and the keys of whoever has the wheel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from millwright.cli.demo import make_stage
from millwright.dashboard.commands import Run
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.session import Session
from tests.dashboard.test_server import Client
from tests.dashboard.test_session import choose, wait_for

SHORT = {"max_steps": 60, "image_size": 32}


def make_driving(policy: str = "rule", **options: int) -> Session:
    stage, first = make_stage("car-racing", policy, {**SHORT, **options})
    return Session(stage, first, seed=5003, hold_s=0.3)


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    with start_dashboard(make_driving, port=0) as dashboard:
        wait_for(dashboard.session, lambda now: now.phase == "ready" and now.policy == "rule", 60)
        yield dashboard


@pytest.fixture
def session(dashboard: Dashboard) -> Session:
    wait_for(dashboard.session, lambda now: now.phase == "ready", 60)
    return dashboard.session


def test_a_rule_drives_and_the_page_is_told_speed_tiles_and_return(session: Session) -> None:
    choose(session, "rule")
    answer = session.submit(Run()).result(timeout=30)
    assert (answer.ok, answer.text) == (True, "driving")
    done = wait_for(session, lambda now: now.phase == "finished", 60)
    assert done.gauges["tiles"] > 5
    assert done.gauges["num_tiles"] > 200
    assert done.gauges["speed_m_s"] > 20
    assert done.outcome is not None
    assert done.outcome.verdict.failure == "slow"
    assert len(done.trace) == done.step
    assert max(speed for _, speed in done.trace) > 20
    assert not wait_for(session, lambda now: now.phase == "ready").gauges


def test_who_has_the_wheel_drives_by_keys_and_lets_go_when_leaving(dashboard: Dashboard, session: Session) -> None:
    choose(session, "human")
    with Client(dashboard) as first, Client(dashboard) as second:
        assert first.hello["drives"]
        assert first.hello["traced"]["title"] == "Speed"
        assert [camera["name"] for camera in first.hello["cameras"]] == ["window", "front"]
        first.until(driving=True, browsers=2)
        assert first.ask(do="keys", held=["up"])["ok"]
        assert first.ask(do="run")["ok"]
        assert second.ask(do="keys", held=["down"])["text"] == "you are watching; another browser drives"
        while not first.status["gauges"].get("throttle"):
            first.read()
        assert session.keys is not None
        assert session.keys.now == {"up"}
        assert first.ask(do="hand over")["ok"]
        assert not session.keys.now
        first.until(phase="finished")
        assert first.status["gauges"]["brake"] == 0


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ({"do": "keys", "held": "up"}, 'keys are {"held": ["left", "up"]}'),
        ({"do": "keys", "held": ["space"]}, "keys to drive with are left, right, up, down; got space"),
        ({"do": "run", "click": {"camera": "window", "u": 0.5, "v": 0.5}}, "unknown reset option 'click'"),
    ],
)
def test_what_cannot_be_done_with_a_car_is_refused(dashboard: Dashboard, session: Session, command, reason) -> None:
    choose(session, "rule")
    with Client(dashboard) as client:
        client.until(driving=True)
        answer = client.ask(**command)
        assert not answer["ok"]
        assert reason in answer["text"]


def test_ticks_are_as_long_as_the_environments_options_make_them() -> None:
    stage, _ = make_stage("car-racing", "human", {"repeat": 2})
    policy = stage.policies["human"]()
    assert stage.drive is not None
    stage.drive.keys.hold(["right"])
    usual = make_stage("car-racing", "human", {})[0]
    assert usual.drive is not None
    usual.drive.keys.hold(["right"])
    assert policy.act({})[0] == pytest.approx(usual.policies["human"]().act({})[0] / 2)
