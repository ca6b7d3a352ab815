"""A folder belongs to the fields it was begun with; scenes to train on are never scenes to be judged on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from millwright.core.errors import OptionError, RecipeError
from millwright.recipes import BrickPick
from millwright.recipes.recipe import StageClock, claim_folder, keep_alone

BEGUN = BrickPick(episodes=2, seed=1)


@pytest.mark.parametrize("change", [{"episodes": 3}, {"blind": True}, {"seed": 2}, {"lr": 1e-3}, {"dataset": "data"}])
def test_a_folder_begun_with_other_fields_is_refused_and_the_field_is_named(change, tmp_path: Path) -> None:
    claim_folder(BEGUN, tmp_path)
    before = (tmp_path / "fields.json").read_text()
    ((name, value),) = change.items()
    with pytest.raises(RecipeError, match=rf"{name} was {getattr(BEGUN, name)!r}, is {value!r}\).*another --out"):
        replace(BEGUN, **change).run(tmp_path)
    assert (tmp_path / "fields.json").read_text() == before
    assert not (tmp_path / "dataset").exists()


def test_other_scenes_to_evaluate_and_other_workers_may_take_a_folder_up_again(tmp_path: Path) -> None:
    claim_folder(BEGUN, tmp_path / "new")
    claim_folder(replace(BEGUN, seeds="6000:6001", workers=1), tmp_path / "new")
    assert json.loads((tmp_path / "new" / "fields.json").read_text())["episodes"] == 2


def test_a_folder_whose_own_files_are_damaged_says_what_to_do(tmp_path: Path) -> None:
    claim_folder(BEGUN, tmp_path)
    for name in ("fields.json", "stages.json"):
        (tmp_path / name).write_text('{"seed": ')
    with pytest.raises(RecipeError, match=r"fields\.json cannot be read.*another --out"):
        claim_folder(BEGUN, tmp_path)
    with pytest.raises(RecipeError, match=r"stages\.json cannot be read.*delete it"):
        StageClock(tmp_path / "stages.json")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seed": 8, "episodes": 250}, "4800:5050.*0:5000"),
        ({"episodes": 5001}, "0:5001"),
        ({"seed": 4, "hard_episodes": 200}, "4900:5100"),
        ({"seed": -1}, "-600:-200"),
        ({"episodes": 2501, "hard_episodes": 1}, "2500 default ones"),
        ({"episodes": 0}, "nothing to train on"),
    ],
)
def test_scenes_that_are_not_to_be_trained_on_are_refused(fields, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        BrickPick(**fields).find_scenes()


def test_demonstrations_of_both_layouts_have_seeds_of_their_own() -> None:
    assert BrickPick(seed=2, episodes=3, hard_episodes=4).find_scenes() == (range(1200, 1203), range(3700, 3704))
    assert BrickPick(dataset="data", episodes=0).find_scenes() == (range(0), range(0))


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with keep_alone(tmp_path / "out"):
        (tmp_path / "out" / "steps.txt").write_text("1")
        with pytest.raises(RecipeError, match="another run goes on"), keep_alone(tmp_path / "out"):
            raise AssertionError("it was let in")
    with keep_alone(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "steps.txt").is_file()


def test_a_run_that_is_refused_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OptionError), keep_alone(tmp_path / "out"):
        raise OptionError("no such thing")
    assert not (tmp_path / "out").exists()
