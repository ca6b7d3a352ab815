"""HeightAlone calls anything high a success, which is what it is kept for."""

from __future__ import annotations

from millwright.core.judging import judge_facts
from millwright.judges import HeightAlone, SustainedLift
from tests.judges.lifts import make_free, make_lift


def test_object_that_nobody_touches_succeeds_by_being_high():
    facts = [make_free(tick, 0.3) for tick in range(2)]
    assert judge_facts(HeightAlone(), facts).success
    assert not judge_facts(SustainedLift(), facts).success


def test_object_that_lies_on_the_table_fails():
    judge = HeightAlone()
    verdict = judge_facts(judge, [make_free(0, 0.0)])
    assert verdict.failure == "timeout"
    assert judge.metrics() == verdict.evidence == {"best_height_m": 0.012}
    assert not judge.decided


def test_once_is_enough_and_is_forgotten_by_a_reset():
    judge = HeightAlone()
    assert judge_facts(judge, [make_free(0, 0.0), make_free(1, 0.2), make_free(2, 0.0)]).success
    assert not judge_facts(judge, make_lift()[:2]).success
