"""Lifting in the dashboard's session: the real environment, asked in words, with the names of what lies there."""

from __future__ import annotations

from millwright.cli.demo import make_stage
from millwright.dashboard.commands import Run
from millwright.dashboard.session import Session
from tests.dashboard.test_session import wait_for


def test_the_expert_lifts_what_the_words_mean_and_other_words_are_answered_with_what_is_there() -> None:
    stage, first = make_stage("lift-choice", "expert", {"image_size": 32})
    session = Session(stage, first, seed=5000)
    session.start()
    try:
        now = wait_for(session, lambda now: now.phase == "ready" and now.policy == "expert", 60)
        assert now.scenery.names == ("red ball", "purple cube", "red cube")
        assert now.positions.shape == (3, 3)
        refused = session.submit(Run({"instruction": "lift the cube"})).result(timeout=60)
        assert (
            refused.text == "'lift the cube' fits 2 things: purple cube, red cube; say which by colour, shape or place"
        )
        accepted = session.submit(Run({"instruction": "up with the purple block!"})).result(timeout=60)
        assert (accepted.ok, accepted.target) == (True, "purple cube")
        done = wait_for(session, lambda now: now.phase == "finished", 120)
        assert done.outcome is not None
        assert done.outcome.verdict.success
        assert done.outcome.task == "up with the purple block!"
    finally:
        session.close()
