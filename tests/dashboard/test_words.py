"""Asking in words: they decide what is meant, and where they mean nothing the answer says what is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from millwright.core.judging import Verdict
from millwright.dashboard.commands import CommandError, Run, Shuffle, parse_command
from millwright.dashboard.server import start_dashboard
from millwright.dashboard.session import Session
from millwright.dashboard.snapshot import Scenery
from tests.dashboard.test_server import Client
from tests.dashboard.test_session import ask, choose, wait_for
from tests.dashboard.toy_table import make_session
from tests.dashboard.toy_words import WORDS


@pytest.fixture
def session() -> Iterator[Session]:
    session = make_session(WORDS, seed=5002)
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    yield session
    session.close()


def test_words_decide_what_is_lifted_and_are_told_to_the_policy(session: Session) -> None:
    assert session.snapshots.value.scenery.names[0] == "blue brick"
    answer = ask(session, Run({"instruction": "up with the red one"}))
    assert (answer.ok, answer.target) == (True, "red brick")
    done = wait_for(session, lambda now: now.phase == "finished")
    assert done.outcome is not None
    assert (done.outcome.target, done.outcome.task) == ("red brick", "up with the red one")
    assert done.outcome.verdict.success
    assert done.box is None


def test_words_that_fit_nothing_are_answered_with_what_there_is_and_harm_nothing(session: Session) -> None:
    answer = ask(session, Run({"instruction": "lift the green brick"}))
    assert not answer.ok
    assert answer.text.endswith("on the table: blue brick, violet brick, red brick, orange brick")
    now = wait_for(session, lambda now: now.phase == "ready" and now.message != "")
    assert now.message == answer.text
    assert not now.tallies
    assert ask(session, Run({"instruction": "lift the blue brick"})).ok


def test_without_words_the_scene_tells_what_to_lift(session: Session) -> None:
    assert ask(session, Run()).target == "blue brick"
    assert wait_for(session, lambda now: now.phase == "running").task == "lift the blue brick"


def test_another_scene_has_other_things_and_other_examples(session: Session) -> None:
    assert ask(session, Shuffle(5003)).ok
    now = session.snapshots.value
    assert now.scenery.names[0] == "violet brick"
    assert now.scenery.examples[0] == "lift the violet brick"
    assert now.positions.shape == (4, 3)


def test_where_things_are_clicked_words_are_refused() -> None:
    session = make_session()
    session.start()
    wait_for(session, lambda now: now.phase == "ready")
    choose(session, "still")
    answer = ask(session, Run({"instruction": "lift the red brick"}))
    assert (answer.ok, answer.text) == (False, "here things are asked for by a click or a name, not in words")
    session.close()


def test_a_page_is_told_the_scenery_whenever_that_changes() -> None:
    with start_dashboard(lambda: make_session(WORDS), port=0) as dashboard, Client(dashboard) as client:
        assert client.hello["by_words"]
        first = client.read_until("scenery")
        assert first["examples"][0] == "lift the yellow brick"
        client.until(driving=True, phase="ready")
        client.socket.send('{"do": "shuffle", "seed": 5001}')
        client.socket.send('{"do": "shuffle", "seed": 5004}')
        while client.read_until("scenery")["objects"][0]["name"] != "red brick":
            pass


def test_names_of_the_facts_in_a_verdict_become_those_on_show() -> None:
    scenery = Scenery(("red ball", "blue cube"), ("#f00", "#00f"), (2, 0))
    verdict = Verdict(False, "wrong_object", {"other_disturbed": "cube 1", "collision": None, "held_s": 0.5})
    renamed = scenery.rename(verdict, ("cube 1", "cube 2", "ball 1"))
    assert renamed.evidence == {"other_disturbed": "blue cube", "collision": None, "held_s": 0.5}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("  ", "an instruction is a text"),
        (3, "is a text"),
        ("\0\1", "is a text"),
        ("x" * 301, "at most 300 characters"),
    ],
)
def test_words_that_are_none_or_too_many_are_refused(said: object, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        parse_command({"do": "run", "instruction": said}, ())


def test_what_is_around_the_words_is_cut_off() -> None:
    assert parse_command({"do": "run", "instruction": " lift it\n"}, ()) == Run({"instruction": "lift it"})
