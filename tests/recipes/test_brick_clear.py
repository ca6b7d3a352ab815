"""brick-clear records, trains, clears tables, and does none of it twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from millwright.catalog import Player, make_policy
from millwright.core.workers import map_seeds
from millwright.datasets.dataset import Dataset
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.policies.bundle import load_bundle
from millwright.recipes import scenes
from millwright.recipes.brick_clear import BrickClear, clear_tables, describe_tables

FEW = {"image_size": 32, "max_steps": 75}


class Hasty(BrickClear):
    """Hardly begins a pick: what is tried here is not the policy."""

    evaluated = {"max_steps": 4}  # noqa: RUF012


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch):
    monkeypatch.setattr(
        LensRenderer, "render", lambda self, *_: np.zeros((self._lens.height, self._lens.width, 3), np.uint8)
    )


def test_expert_clears_a_table_within_the_limits_and_the_table_is_kept(tmp_path, monkeypatch):
    first = clear_tables(Player("brick-clear", FEW, "expert"), range(7500, 7501), 1, tmp_path)
    assert first["successes"] == first["picks"] == 12
    assert first["tables"]["cleared"] == 1
    assert first["cycle_time_s_mean"] < 4
    assert first["max_joint_acceleration_rad_s2"] <= 5 + 1e-6
    assert len({pick["target"] for pick in first["scenes_by_seed"]["7500"]}) == 12
    text = describe_tables(first)
    assert "single picks: 12/12" in text
    assert "5.00 of 5.00 rad/s^2" in text
    asked = []
    monkeypatch.setattr(
        scenes, "map_seeds", lambda work, seeds, workers: asked.append(seeds) or map_seeds(work, seeds, workers)
    )
    again = clear_tables(Player("brick-clear", FEW, "expert"), range(7500, 7501), 1, tmp_path)
    assert asked == [[]]
    assert again["scenes_by_seed"] == first["scenes_by_seed"]


def test_recipe_leaves_a_bundle_that_reads_the_place_and_a_summary_of_tables(tmp_path):
    Hasty(episodes=2, samples=1280, seeds="5000:5001", workers=1).run(tmp_path)
    recorded = Dataset(tmp_path / "dataset").episodes[0].provenance["env_options"]
    assert recorded == {"hard": False, "restless": True, "underway": True}
    bundle = load_bundle(tmp_path / "brick-clear")
    assert (bundle.env, bundle.judge) == ("brick-clear", "place")
    assert "observation.place" in bundle.inputs
    make_policy("brick-clear", str(tmp_path / "brick-clear"))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["result"]["scenes"] == 1
    assert summary["result"]["tables"]["cleared"] == 0
