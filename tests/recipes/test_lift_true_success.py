"""lift-true-success plays everybody in the same scenes to the end, and asks every judge of the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millwright.catalog import TO_THE_END, Player, make_env
from millwright.core.errors import OptionError, UnknownNameError
from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle, load_bundle
from millwright.recipes import Lift, LiftTrueSuccess
from millwright.recipes.lift import CAMERAS, POSE, STATE, TASK
from millwright.recipes.lift_true_success import OURS, TRAINED, WHO, Asked, regress
from tests.recipes.test_lift import make_raw


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network that learned nothing yet."""
    network, pipeline, _ = Lift(encoder="hashed").prepare(make_raw())
    features = make_env("lift").unwrapped.features
    observed = Features(
        *(features[name] for name in (*CAMERAS.values(), POSE, STATE)), Feature(TASK, (1,), dtype="string")
    )
    motion = Feature("hand_motion", (7,), names=tuple("xyzabcg"))
    folder = tmp_path_factory.mktemp("bundles") / "lift"
    Bundle(network, pipeline, observed, motion, 20, "lift", "lift").save(folder)
    return folder


def plan(folder: Path, seed: int) -> np.ndarray:
    env = make_env("lift")
    observation, _ = env.reset(seed=seed)
    chunks, _ = load_bundle(folder).planner().plan([observation], [None])
    return np.asarray(chunks[0].actions)


def test_who_regressed_plans_the_mean_of_the_labels_whatever_it_sees_and_never_closes(bundle, tmp_path) -> None:
    regressed = regress(bundle, tmp_path / "regressed")
    first, second = plan(regressed, 7400), plan(regressed, 7401)
    assert np.array_equal(first, second)
    assert not np.array_equal(plan(bundle, 7400), plan(bundle, 7401))
    assert first[:, :6] == pytest.approx(make_raw()["label.plan"][..., :6].mean(0), abs=1e-5)
    assert (first[:, 6] == -1).all()


def test_the_reports_test_calls_nothing_a_success_at_once_and_ours_asks_for_a_lift() -> None:
    options = {"image_size": 32}
    players = {name: Player("lift", options, name, linger=TO_THE_END) for name in ("nothing", "expert")}
    nothing, expert = Asked(players)()(7400)
    assert nothing["judges"] == {OURS: False, "height-alone": False, "height-from-floor": True}
    assert not any(nothing["stages"].values())
    assert nothing["reward"] == 0
    assert all(expert["judges"].values())
    assert all(expert["stages"].values())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Notes the scenes that would be played."""
    notes: list[int] = []

    def pretend(self: Asked) -> Any:
        def play(seed: int) -> list[dict[str, Any]]:
            notes.append(seed)
            won = {name: name in (TRAINED, "expert") for name in self.players}
            return [
                {
                    "policy": name,
                    "judges": {OURS: won[name], "height-alone": True},
                    "stages": {"lifts": won[name]},
                    "reward": 2.0,
                }
                for name in self.players
            ]

        return play

    monkeypatch.setattr(Asked, "__call__", pretend)
    return notes


def test_a_row_a_policy_counts_every_judge_and_stage_and_a_second_run_plays_what_is_missing(bundle, asked, tmp_path):
    made = LiftTrueSuccess(policy=str(bundle), seeds="7400:7402", workers=1).run(tmp_path / "out")
    rows = {row["policy"]: row for row in made["rows"]}
    assert list(rows) == list(WHO)
    assert rows["nothing"]["successes"] == {OURS: 0, "height-alone": 2}
    assert rows[TRAINED]["successes"] == {OURS: 2, "height-alone": 2}
    assert rows[TRAINED]["stages"] == {"lifts": 2}
    assert rows["random"]["intervals"][OURS] == pytest.approx([0, 0.6576], abs=1e-3)
    assert rows["random"]["reward_mean"] == 2.0
    LiftTrueSuccess(policy=str(bundle), seeds="7401:7404", workers=1).run(tmp_path / "out")
    assert asked == [7400, 7401, 7402, 7403]


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"seeds": "9"}, OptionError, "A:B"),
        ({"env": "brick-table"}, UnknownNameError, "lift-choice"),
        ({"policy": "nowhere/bundle"}, UnknownNameError, "no bundle at nowhere/bundle"),
        ({"policy": "expert"}, OptionError, "bundle"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is_made(fields, error, says, tmp_path) -> None:
    with pytest.raises(error, match=says):
        LiftTrueSuccess(**fields).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
