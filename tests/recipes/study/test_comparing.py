"""A cell is compared with its own anchor, over all of its training seeds, and corrected for the number of cells."""

from __future__ import annotations

import pytest

from millwright.evaluation.statistics import difference, fisher, holm
from millwright.recipes.study.cells import CELLS
from millwright.recipes.study.comparing import make_rows


def make_file(successes, episodes=100, **more):
    played = {
        "episodes": episodes,
        "successes": successes,
        "reached": min(episodes, successes + 1),
        "failures": {"miss": episodes - successes},
        "final_distance_mm": 10.0,
        "final_wrist_distance_mm": 200.0,
        "min_distance_mm": 5.0,
    }
    return {"played": played, "aim": {"own_mm_p50": 4.0}, "parameters": 1, "samples": 10, "minutes": 1.0, **more}


NAMES = ("reference", "mended", "reference--token", "reference--clean", "mended--crop")
ROWS = {
    row["name"]: row
    for row in make_rows(
        [CELLS[name] for name in NAMES],
        {
            "reference": {
                seed: make_file(won, eyes={"grey": make_file(seed)["played"]}) for seed, won in enumerate((99, 98, 97))
            },
            "reference--token": {0: make_file(60)},
            "reference--clean": {0: make_file(96), 1: make_file(95)},
            "mended--crop": {0: make_file(1)},
        },
    )
}


def test_training_seeds_are_pooled_and_each_is_told():
    row = ROWS["reference"]
    assert (row["successes"], row["episodes"]) == (294, 300)
    assert row["by_training_seed"] == {"0": [99, 100], "1": [98, 100], "2": [97, 100]}
    assert row["failures"] == {"miss": 6}
    assert row["eyes"] == {"grey": [3, 300]}


def test_an_effect_is_the_cell_minus_its_anchor_with_an_exact_test_corrected_for_all():
    token, clean = ROWS["reference--token"], ROWS["reference--clean"]
    assert token["effect"] == pytest.approx(0.6 - 0.98)
    assert token["effect_interval"] == list(difference(294, 300, 60, 100))
    plain = [fisher(294, 300, 60, 100), fisher(294, 300, 191, 200)]
    assert (token["p_holm"], clean["p_holm"]) == holm(plain)
    assert token["reached_effect"] == pytest.approx(61 / 100 - 297 / 300)
    assert token["reached_effect_interval"] == list(difference(297, 300, 61, 100))


def test_a_cell_without_its_anchor_is_told_but_not_compared_and_one_without_a_file_is_left_out():
    assert "effect" not in ROWS["mended--crop"]
    assert "effect" not in ROWS["reference"]
    assert "mended" not in ROWS
