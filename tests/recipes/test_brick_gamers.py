"""brick-gamers plays everybody everywhere, goes on where it was stopped, and counts what it saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from millwright.catalog import TASKS
from millwright.core.errors import OptionError, RecipeError, UnknownNameError
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.recipes import BrickGamers
from millwright.recipes.brick_gamers import ORDINARY, Battery, Outcome

TASK = TASKS["brick-table"]
CHEATS = {*TASK.baselines, *TASK.gamers}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Notes what would be played; `drop` fools the counter-example, the expert succeeds."""
    notes: list[tuple[str, str, int]] = []

    def pretend(battery: Battery, env: object, name: str, start: str, seed: int) -> Outcome:
        notes.append((name, start, seed))
        won = name == "expert"
        fooled = ("height-alone",) if name in ("drop", "expert") else ()
        return Outcome(name, start, name != "nothing", won, None if won else "slip", fooled)

    monkeypatch.setattr(Battery, "_play", pretend)
    return notes


def test_one_scene_gives_every_cheat_and_every_start_nothing_and_the_expert_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks
    rows = BrickGamers(seeds="7400:7401", pair_seeds="0:1", workers=1).run(tmp_path)["rows"]
    assert {row["policy"]: row["successes"] for row in rows if row["start"] == ORDINARY} == {
        "expert": 1,
        **dict.fromkeys(CHEATS, 0),
    }
    starts = {row["start"]: row for row in rows if row["start"] != ORDINARY}
    assert set(starts) == set(TASK.starts)
    assert not any(row["successes"] for row in starts.values())
    assert starts["in-air"]["fooled"] == {"height-alone": 1}
    assert starts["in-air"]["failures"] == {"timeout": 1}
    assert {row["policy"] for row in rows if row["privileged"]} == {"expert", *TASK.gamers}


def test_every_cheat_meets_every_start_in_the_scenes_of_pairs_only(played, tmp_path: Path) -> None:
    BrickGamers(seeds="7400:7402", pair_seeds="7401:7402", workers=1).run(tmp_path)
    pairs = {(name, start) for name, start, seed in played if start != ORDINARY and seed == 7401}
    assert pairs == {(name, start) for name in CHEATS for start in TASK.starts}
    alone = {(name, start) for name, start, seed in played if start != ORDINARY and seed == 7400}
    assert alone == {("nothing", start) for start in TASK.starts}


def test_summary_counts_episodes_failures_and_who_was_fooled(played, tmp_path: Path) -> None:
    summary = BrickGamers(seeds="7400:7403", pair_seeds="0:1", workers=1).run(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    (row,) = [row for row in summary["rows"] if row["policy"] == "drop"]
    assert (row["episodes"], row["successes"], row["failures"]) == (3, 0, {"slip": 3})
    assert row["fooled"] == {"height-alone": 3}
    assert row["interval"][0] == 0
    assert summary["judge"] == "SustainedLift"
    assert summary["provenance"]["machine"]


def test_scenes_that_were_played_are_not_played_again(played, tmp_path: Path) -> None:
    first = BrickGamers(seeds="7400:7402", pair_seeds="0:1", workers=1).run(tmp_path)
    played.clear()
    assert BrickGamers(seeds="7400:7402", pair_seeds="0:1", workers=1).run(tmp_path)["rows"] == first["rows"]
    assert not played
    BrickGamers(seeds="7400:7403", pair_seeds="7400:7401", workers=1).run(tmp_path)
    assert {seed for *_, seed in played} == {7400, 7402}  # one has more to play now, one is new


def test_scene_of_other_sources_is_played_again(played, tmp_path: Path) -> None:
    BrickGamers(seeds="7400:7401", pair_seeds="0:1", workers=1).run(tmp_path)
    file = tmp_path / "scenes" / "7400.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "claim": "older"}))
    played.clear()
    BrickGamers(seeds="7400:7401", pair_seeds="0:1", workers=1).run(tmp_path)
    assert {seed for *_, seed in played} == {7400}


@pytest.mark.parametrize("fields", [{"seeds": "5"}, {"pair_seeds": "9:3"}])
def test_seeds_that_are_none_are_refused_before_anything_is_made(fields, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="A:B"):
        BrickGamers(**fields).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("env", "variant"), [(env, variant) for env, task in TASKS.items() for variant in ("", *task.variants)]
)
def test_every_environment_and_every_variant_has_its_battery(played, env: str, variant: str, tmp_path: Path) -> None:
    summary = BrickGamers(env=env, variant=variant, seeds="7400:7401", workers=1).run(tmp_path)
    task = TASKS[env]
    assert {row["policy"] for row in summary["rows"]} == {task.labeller, *task.gamers, *task.baselines}
    assert {row["start"] for row in summary["rows"]} == {ORDINARY, *task.starts}
    assert all(set(row["fooled"]) == set(task.counter_examples) for row in summary["rows"])
    assert (summary["env"], summary["variant"]) == (env, variant)
    assert f"--env {env}" in summary["provenance"]["command"]


def test_folder_of_one_environment_is_not_filled_with_scenes_of_another(played, tmp_path: Path) -> None:
    BrickGamers(seeds="7400:7401", workers=1).run(tmp_path)
    before = (tmp_path / "scenes" / "7400.json").read_text()
    with pytest.raises(RecipeError, match="env was 'brick-table', is 'brick-clear'"):
        BrickGamers(env="brick-clear", seeds="7400:7401", workers=1).run(tmp_path)
    with pytest.raises(RecipeError, match="variant"):
        BrickGamers(variant="clutter", seeds="7400:7401", workers=1).run(tmp_path)
    assert (tmp_path / "scenes" / "7400.json").read_text() == before


@pytest.mark.parametrize(
    ("fields", "listed"), [({"env": "brick-wall"}, "brick-clear"), ({"variant": "piles"}, "clutter")]
)
def test_wrong_environment_or_variant_is_refused_with_a_list(fields, listed: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=listed):
        BrickGamers(**fields).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()
