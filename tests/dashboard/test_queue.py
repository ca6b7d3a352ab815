"""Where a table is cleared, picks wait for each other, and the scene stays as the last one left it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from millwright.dashboard.commands import Choose, Clear, Run, Shuffle, Stop
from millwright.dashboard.session import Session
from millwright.dashboard.waiting import Waiting
from tests.dashboard.test_session import ask, choose, wait_for
from tests.dashboard.toy_table import CLEARING, NAMES, make_session, project


@pytest.fixture
def session() -> Iterator[Session]:
    session = make_session(CLEARING, hold_s=0.2)
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    yield session
    session.close()


def click(session: Session, brick: int) -> Run:
    now = session.snapshots.value
    u, v = project(now.positions[brick], "overhead", None)
    return Run({"click": {"camera": "overhead", "u": u, "v": v}}, now.scene)


def test_what_is_clicked_meanwhile_waits_and_is_picked_afterwards(session: Session) -> None:
    assert ask(session, Run({"target": "red"})).ok
    answer = ask(session, click(session, 4))
    assert (answer.ok, answer.text, answer.target) == (True, "blue waits", "blue")
    assert ask(session, Run({"target": "green"})).text == "green waits"
    assert session.snapshots.value.queue == ("blue", "green")
    wait_for(session, lambda now: now.target == "blue" and now.queue == ("green",))
    done = wait_for(session, lambda now: now.tallies.get("expert") is not None and now.tallies["expert"].episodes == 3)
    assert done.tallies["expert"].successes == 3
    assert done.queue == ()


def test_the_scene_stays_as_a_pick_left_it_until_another_is_asked_for(session: Session) -> None:
    ask(session, Run({"target": "red"}))
    wait_for(session, lambda now: now.phase == "finished")
    later = wait_for(session, lambda now: now.phase == "ready")
    assert later.positions[0, 2] > 0.05
    answer = ask(session, Run({"target": "red"}))
    assert (answer.ok, answer.text) == (False, "red is gone")
    assert ask(session, Shuffle(later.seed)).ok
    assert session.snapshots.value.positions[0, 2] == 0


def test_nothing_waits_twice(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    assert ask(session, Run({"target": "blue"})).ok
    for name in ("blue", "red"):
        assert ask(session, Run({"target": name})).text == f"{name} has its turn already"
    assert session.snapshots.value.queue == ("blue",)


def test_a_click_on_nothing_is_refused_while_something_runs_and_harms_nothing(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    answer = ask(session, Run({"click": {"camera": "overhead", "u": 0.02, "v": 0.02}}))
    assert not answer.ok
    assert "no brick within 40 mm" in answer.text
    assert session.snapshots.value.phase == "running"


def test_stop_empties_the_queue_and_leaves_the_scene(session: Session) -> None:
    choose(session, "still")
    ask(session, Run({"target": "red"}))
    ask(session, Run({"target": "blue"}))
    assert ask(session, Stop()).ok
    now = wait_for(session, lambda now: now.message == "stopped; not counted")
    assert (now.phase, now.queue, dict(now.tallies)) == ("ready", (), {})
    assert ask(session, Choose("expert")).ok  # nothing goes on by itself


def test_everything_is_put_away_with_one_command(session: Session) -> None:
    assert ask(session, Clear()).text == f"{len(NAMES)} to go"
    done = wait_for(session, lambda now: now.tallies.get("expert") is not None and now.tallies["expert"].episodes == 6)
    assert done.tallies["expert"].successes == 6
    wait_for(session, lambda now: now.phase == "ready")
    assert ask(session, Clear()).text == "nothing is left on the table"


def test_a_failed_pick_does_not_hold_up_the_others(session: Session) -> None:
    choose(session, "wrong")
    ask(session, Run({"target": "red"}))
    ask(session, Run({"target": "green"}))
    done = wait_for(session, lambda now: now.tallies.get("wrong") is not None and now.tallies["wrong"].episodes == 2)
    assert done.tallies["wrong"].successes == 0


def test_a_table_without_a_tray_knows_no_queue() -> None:
    session = make_session()
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    assert not ask(session, Clear()).ok
    session.close()


def test_waiting_keeps_the_order_and_names_each_once() -> None:
    waiting = Waiting()
    assert waiting.add("b", {"target": "b"})
    assert not waiting.add("b", {})
    waiting.fill(["a", "b", "c"])
    assert waiting.names == ("b", "a", "c")
    assert waiting.take() == ("b", {"target": "b"})
    waiting.empty()
    assert waiting.names == ()
