"""Memories of planners belong to the instruction under which they were made."""

from millwright.core.planner import forget_others


def test_what_was_remembered_under_another_instruction_is_forgotten_robot_by_robot():
    same, other = {"said": ("lift it", 1), "seen": 2}, {"said": ("leave it", 1), "seen": 3}
    told = [{"task": "lift it"}] * 3
    assert forget_others(told, [same, other, None], {"task": "said"}) == [same, None, None]
    assert forget_others(told, [same, other, None], {}) == [same, other, None]
