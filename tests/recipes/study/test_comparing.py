"""A cell is compared with its own anchor, over all of its training seeds, and corrected for the number of cells."""

from __future__ import annotations

import pytest

from millwright.evaluation.statistics import difference, fisher, holm, mcnemar, paired_difference, sign_flip
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
        "succeeded": list(range(successes)),
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


def test_an_effect_is_the_cell_minus_its_anchor_over_the_training_seeds_of_both():
    token, clean = ROWS["reference--token"], ROWS["reference--clean"]
    assert token["effect"] == pytest.approx(0.60 - 0.99)
    assert token["effect_by_training_seed"] == {"0": pytest.approx(-0.39)}
    assert token["effect_interval"] == list(paired_difference(60, 39, 0, 1))
    assert clean["effect"] == pytest.approx((96 + 95 - 99 - 98) / 200)
    assert list(clean["effect_by_training_seed"]) == ["0", "1"]


def test_the_test_is_exact_over_scenes_and_corrected_for_all():
    plain = [mcnemar(39, 0), sign_flip([-1, -2, -2, -1])]
    assert [ROWS[f"reference--{name}"]["p"] for name in ("token", "clean")] == pytest.approx(plain)
    assert [ROWS[f"reference--{name}"]["p_holm"] for name in ("token", "clean")] == pytest.approx(holm(plain))


def test_scenes_played_with_three_training_seeds_count_once():
    names = ("reference", "reference--token")
    seeds = {name: {seed: make_file(won) for seed in range(3)} for name, won in zip(names, (99, 93), strict=True)}
    once = {name: {0: files[0]} for name, files in seeds.items()}
    three, one = (make_rows([CELLS[name] for name in names], files)[1] for files in (seeds, once))
    assert three["episodes"] == 3 * one["episodes"]
    for key in ("effect", "effect_interval", "p", "p_holm", "reached_effect", "reached_effect_interval", "reached_p"):
        assert three[key] == pytest.approx(one[key])


def test_reaching_is_compared_by_the_mean_over_training_seeds():
    token, clean = ROWS["reference--token"], ROWS["reference--clean"]
    assert token["reached_effect"] == pytest.approx(0.61 - 1.0)
    assert token["reached_effect_interval"] == list(difference(100, 100, 61, 100))
    assert clean["reached_p"] == fisher(round(99.5), 100, round(96.5), 100)


def test_a_cell_whose_training_seeds_its_anchor_has_not_is_not_compared():
    names = ("reference", "reference--token")
    rows = make_rows([CELLS[name] for name in names], {names[0]: {1: make_file(9)}, names[1]: {0: make_file(9)}})
    assert "effect" not in rows[1]


def test_a_cell_without_its_anchor_is_told_but_not_compared_and_one_without_a_file_is_left_out():
    assert "effect" not in ROWS["mended--crop"]
    assert "effect" not in ROWS["reference"]
    assert "mended" not in ROWS
