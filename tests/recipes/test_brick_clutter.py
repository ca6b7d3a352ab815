"""brick-clutter demonstrates in piles, is shown in them, and lets the expert label what its policy visits."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.catalog import Player
from millwright.core.errors import OptionError
from millwright.recipes import BrickClutter, demonstrated, rounds


def test_it_demonstrates_in_piles_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = []
    monkeypatch.setattr(demonstrated, "record_scenes", lambda player, scenes, *_: recorded.append((player, scenes)))
    BrickClutter(episodes=3).record(tmp_path)
    ((player, scenes),) = recorded
    assert player.env_options["clutter"]
    assert not player.env_options["hard"]
    assert player.policy == "expert-nudged"
    assert scenes == range(3)
    assert BrickClutter.evaluated == {"clutter": True}


def test_rounds_record_what_the_policy_visits_and_go_on_from_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded, trained = [], []

    def record(player: Player, scenes: range, folder: Path, workers: int) -> None:
        recorded.append((Path(player.policy).name, player.labelled, scenes))

    def train(recipe: BrickClutter, dataset: Path, out: Path, bundle: Path, start: Path | None = None) -> None:
        trained.append((recipe.samples, bundle.name, start and start.name))
        bundle.mkdir(parents=True)
        (bundle / "manifest.json").touch()

    monkeypatch.setattr(rounds, "record_scenes", record)
    monkeypatch.setattr(BrickClutter, "train", train)
    recipe = BrickClutter(episodes=3, rounds=2, round_episodes=2, samples=300, round_samples=200)
    for _ in range(2):  # run again, it does nothing more
        recipe.learn(tmp_path / "dataset", tmp_path, tmp_path / "brick-clutter")
        assert recorded == [
            ("expert-nudged", True, range(3)),
            ("round-0", True, range(3, 5)),
            ("round-1", True, range(5, 7)),
        ]
        assert trained == [(300, "round-0", None), (200, "round-1", "round-0"), (200, "brick-clutter", "round-1")]


def test_rounds_never_add_to_a_dataset_of_the_users(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"--dataset give --rounds 0"):
        BrickClutter(dataset=str(tmp_path)).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scenes_of_rounds_that_are_not_to_be_trained_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"0:5000"):
        BrickClutter(seed=6).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_hard_episodes_are_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--hard-episodes at 0"):
        BrickClutter(hard_episodes=3).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()
