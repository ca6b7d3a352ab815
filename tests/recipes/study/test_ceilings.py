"""Labels of states cannot hold a brick, whoever learns them; and a wrist never gets within 10 cm of what it picks."""

from __future__ import annotations

import pytest

from millwright.recipes.study.ceilings import PLAYED, Ceilings, aim_expert, summarise


@pytest.fixture(scope="module")
def rows():
    play = Ceilings()
    return {row["who"]: row for row in summarise([outcome for seed in (9300, 9301) for outcome in play()(seed)])}


def test_a_label_of_states_does_not_pick_in_the_scene_it_was_recorded_in_and_one_of_commands_does(rows):
    successes = {who: rows[who]["successes"] for who in PLAYED}
    assert successes == {
        "what hand and fingers were told": 2,
        "the same, fingers clipped to 5 mm": 2,
        "action[t] = state[t+1]": 0,
        "action[t] = state[t]": 0,
        "action[t] = state[t], fingers as told": 2,
        "the same, fingers clipped to 5 mm, as the report's": 2,
    }


def test_the_wrist_of_who_picks_every_brick_never_comes_within_ten_centimetres_of_it(rows):
    expert = rows["expert"]
    assert expert["successes"] == 2
    assert expert["final_tip_mm"] < 10
    assert 180 < expert["nearest_wrist_mm"] < expert["final_wrist_mm"] + 1
    assert expert["nearest_their_wrist_mm"] > 250
    assert expert["wrist_within_100_mm"] == expert["their_wrist_within_100_mm"] == 0


def test_who_goes_through_the_motions_without_the_brick_ends_where_the_report_s_policies_did(rows):
    assert 300 < rows["action[t] = state[t]"]["final_wrist_mm"] < 400


def test_the_expert_s_plans_end_at_their_bricks_but_its_first_actions_hardly_differ():
    aimed = aim_expert(range(9300, 9301))
    assert aimed["hits"] == aimed["plans"] == 12
    assert aimed["end_ratio"] == pytest.approx(1, abs=0.1)
    assert aimed["first_ratio"] < 0.35
