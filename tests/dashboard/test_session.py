"""The control thread: commands, phases, verdicts, and what may go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import pytest

from millwright.core.errors import ServiceError, UnknownNameError
from millwright.dashboard.commands import Answer, Choose, Run, Shuffle, Stop
from millwright.dashboard.session import Session
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.stage import Stage
from tests.dashboard.toy_table import POLICIES, STAGE, ToyJudge, ToyTable, make_session, project


@pytest.fixture
def session() -> Iterator[Session]:
    session = make_session()
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    yield session
    session.close()


def wait_for(session: Session, wanted: Callable[[Snapshot], bool], timeout_s: float = 10.0) -> Snapshot:
    """The first snapshot seen that is as wanted."""
    until = time.monotonic() + timeout_s
    version, now = session.snapshots.version, session.snapshots.value
    while not wanted(now):
        newest = session.snapshots.wait(version, until - time.monotonic())
        assert newest is not None, f"not within {timeout_s} s; the last was {now.phase!r}, {now.message!r}"
        version, now = newest
    return now


def ask(session: Session, command: Any) -> Answer:
    return session.submit(command).result(timeout=5)


def choose(session: Session, name: str) -> None:
    assert ask(session, Choose(name)).ok
    wait_for(session, lambda now: now.phase == "ready" and now.message != f"loading {name} …")


def test_naming_a_brick_picks_it_and_the_verdict_is_counted(session: Session) -> None:
    answer = ask(session, Run({"target": "green"}))
    assert (answer.ok, answer.target) == (True, "green")
    done = wait_for(session, lambda now: now.phase == "finished")
    assert done.outcome is not None
    assert done.outcome.verdict.success
    assert done.outcome.target == "green"
    assert done.outcome.privileged
    assert (done.tallies["expert"].successes, done.tallies["expert"].episodes) == (1, 1)
    assert len(done.trace) == done.step


def test_a_click_on_the_shown_scene_picks_the_brick_under_it(session: Session) -> None:
    now = session.snapshots.value
    u, v = project(now.positions[4], "overhead", None)
    answer = ask(session, Run({"click": {"camera": "overhead", "u": u, "v": v}}, now.scene))
    assert (answer.ok, answer.target) == (True, "blue")
    assert wait_for(session, lambda now: now.phase == "finished").outcome.target == "blue"


def test_a_click_on_nothing_is_refused_in_the_environments_words_and_harms_nothing(session: Session) -> None:
    before = session.snapshots.value
    answer = ask(session, Run({"click": {"camera": "overhead", "u": 0.02, "v": 0.02}}, before.scene))
    assert not answer.ok
    assert "no brick within 40 mm" in answer.text
    after = wait_for(session, lambda now: now.phase == "ready" and now.scene > before.scene)
    assert (after.state == before.state).all()
    assert not after.tallies
    assert ask(session, Run({"target": "red"})).ok


def test_a_click_aimed_at_a_scene_that_is_gone_is_refused(session: Session) -> None:
    old = session.snapshots.value.scene
    assert ask(session, Shuffle(7)).ok
    answer = ask(session, Run({"click": {"camera": "overhead", "u": 0.5, "v": 0.4}}, old))
    assert (answer.ok, answer.text) == (False, "the picture was changing; click again")


def test_a_click_while_the_verdict_is_on_show_puts_the_scene_back(session: Session) -> None:
    ask(session, Run({"target": "red"}))
    scene = wait_for(session, lambda now: now.phase == "finished").scene
    answer = ask(session, Run({"click": {"camera": "overhead", "u": 0.5, "v": 0.5}}, scene))
    assert (answer.ok, answer.text) == (False, "the scene was put back; click again")
    assert session.snapshots.value.phase == "ready"


def test_the_start_scene_comes_back_by_itself_and_the_verdict_stays(session: Session) -> None:
    start = session.snapshots.value
    ask(session, Run({"target": "red"}))
    wait_for(session, lambda now: now.phase == "finished")
    again = wait_for(session, lambda now: now.phase == "ready")
    assert (again.state == start.state).all()
    assert again.outcome is not None
    assert again.target is None


def test_while_running_every_command_but_stop_is_refused_at_once(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    for command in (Run({"target": "blue"}), Shuffle(), Choose("expert")):
        asked = time.perf_counter()
        answer = ask(session, command)
        assert (answer.ok, answer.text) == (False, "busy: press Stop first")
        assert time.perf_counter() - asked < 1.0  # the episode would run for four seconds
    assert ask(session, Stop()).ok


def test_stop_ends_the_episode_without_counting_it(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    wait_for(session, lambda now: now.step == 3)
    assert ask(session, Stop()).ok
    now = wait_for(session, lambda now: now.message == "stopped; not counted")
    assert now.phase == "ready"
    assert not now.tallies
    assert ask(session, Stop()).text == "nothing is running"


def test_lifting_another_brick_is_told_as_the_wrong_one(session: Session) -> None:
    choose(session, "wrong")
    ask(session, Run({"target": "red"}))
    done = wait_for(session, lambda now: now.phase == "finished")
    assert done.outcome.verdict.failure == "wrong_object"
    assert done.tallies["wrong"].episodes == 1


def test_an_action_that_is_not_finite_breaks_off_the_episode_and_the_next_goes_well(session: Session) -> None:
    choose(session, "poisoned")
    assert ask(session, Run({"target": "red"})).ok
    now = wait_for(session, lambda now: "nothing was executed" in now.message)
    assert now.phase == "ready"
    assert not now.tallies
    choose(session, "expert")
    ask(session, Run({"target": "red"}))
    assert wait_for(session, lambda now: now.phase == "finished").outcome.verdict.success


def test_a_policy_that_cannot_be_loaded_says_why_and_the_others_still_can(session: Session) -> None:
    assert ask(session, Choose("missing")).ok
    now = wait_for(session, lambda now: "could not be loaded" in now.message)
    assert now.message == "missing could not be loaded: no such file: weights"
    assert not ask(session, Run({"target": "red"})).ok
    choose(session, "still")
    assert ask(session, Run({"target": "red"})).ok


def test_an_unknown_policy_is_refused_with_the_names_there_are(session: Session) -> None:
    answer = ask(session, Choose("expret"))
    assert not answer.ok
    assert "did you mean 'expert'" in answer.text
    with pytest.raises(UnknownNameError, match=r"unknown policy .nobody.* expert, still"):
        make_session(policy="nobody")


def test_shuffle_shows_the_scene_of_the_seed(session: Session) -> None:
    assert ask(session, Shuffle(42)).ok
    now = session.snapshots.value
    env = ToyTable()
    env.reset(seed=42)
    assert now.seed == 42
    assert (now.state == env.scene_state()).all()
    assert ask(session, Shuffle()).ok
    assert 5000 <= session.snapshots.value.seed < 10000


def test_control_keeps_its_rate_and_says_how_late_it_was(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    now = wait_for(session, lambda now: now.step == 30)
    assert 9 < now.pace.rate_hz < 15.5  # 15 where nothing else runs
    assert now.pace.worst_late_ms >= now.pace.late_ms >= 0


def test_a_policy_that_thinks_too_long_shows_in_the_rate(session: Session) -> None:
    choose(session, "slow")
    ask(session, Run({"target": "red"}))
    now = wait_for(session, lambda now: now.step == 12)
    assert now.pace.rate_hz < 10.5


def test_closing_stops_a_running_episode() -> None:
    session = make_session(policy="still")
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    ask(session, Run({"target": "red"}))
    started = time.monotonic()
    session.close()
    assert time.monotonic() - started < 2
    assert session.snapshots.value.phase == "ready"


def test_a_scene_that_cannot_be_built_is_a_service_error() -> None:
    def fail() -> gymnasium.Env:
        raise OSError("no meshes")

    with pytest.raises(ServiceError, match="no meshes"):
        Session(Stage(fail, ToyJudge, POLICIES)).start()


def test_a_scene_that_breaks_ends_the_driving_and_says_why() -> None:
    class Brittle(ToyTable):
        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            if seed == 13:
                raise RuntimeError("out of bricks")
            return super().reset(seed=seed, options=options)

    session = Session(Stage(Brittle, ToyJudge, STAGE.policies))
    session.start()
    session.submit(Shuffle(13))
    now = wait_for(session, lambda now: now.phase == "failed")
    assert now.message == "the scene broke: out of bricks"
    assert ask(session, Run()).text == now.message
    session.close()
