"""Every object is named once in the same scene, and scenes are counted as clusters."""

from millwright.catalog import Namer, Player
from millwright.evaluation.naming import Named, count_named

RIGHT, WRONG = Named("red cube", "lift it", True, None), Named("blue ball", "grab it", False, "wrong_object")


def test_right_ones_are_counted_by_scene_and_failures_by_kind():
    counts = count_named({7: [RIGHT, RIGHT], 8: [RIGHT, WRONG, WRONG]})
    assert (counts["scenes"], counts["scenes_all_right"], counts["trials"], counts["successes"]) == (2, 1, 5, 3)
    assert counts["failures"] == {"wrong_object": 2}
    low, high = counts["interval"]
    assert counts["rate"] == 0.6
    assert 0 <= low < 0.6 < high <= 1


def test_each_object_of_a_scene_is_named_once_in_other_words():
    named = Namer(Player("lift-choice", {"max_steps": 2, "image_size": 32}, "nothing"))()(5003)
    assert len({one.target for one in named}) == len(named) >= 2
    assert len({one.said for one in named}) == len(named)
    assert not any(one.success for one in named)
