"""Lifting by instruction, tiny: record, make scenes up, train, evaluate, take up again, play the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from millwright.catalog import make_env, make_judge, make_policy
from millwright.core.loop import run_episode
from millwright.datasets.dataset import Dataset
from millwright.policies.bundle import load_bundle
from millwright.recipes import LiftChoice


class Brief(LiftChoice):
    """Episodes that end before anything can be lifted."""

    evaluated: ClassVar[Mapping[str, Any]] = {"words": "unseen", "max_steps": 15}


TINY = Brief(episodes=1, samples=256, seeds="5000:5001", workers=1, encoder="hashed", pictures=50)


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lift-choice")
    TINY.run(folder)
    return folder


def test_it_leaves_a_dataset_a_bundle_with_its_parts_on_the_card_and_a_report(choice) -> None:
    assert Dataset(choice / "dataset").features["label.plan"].shape == (10, 7)
    bundle = load_bundle(choice / "lift-choice")
    assert (bundle.action.name, bundle.action.shape, bundle.rate_hz) == ("hand_motion", (7,), 20)
    card = (choice / "lift-choice" / "card.md").read_text()
    assert all(f"| {part} |" in card for part in ("vision", "fusion", "decoder", "hashed (not in the bundle)"))
    result = json.loads((choice / "summary.json").read_text())["result"]
    assert (result["env"], result["episodes"], result["in_turn"]["scenes"]) == ("lift-choice", 1, 1)
    assert result["held_out_pairs"]["episodes"] == 1
    assert all(
        said in card
        for said in ("every object named in turn", "`pairs` unseen", "in-turn.json", "`report-pairs/result.json`")
    )


def test_made_up_scenes_name_every_object_and_are_not_made_again(choice) -> None:
    with np.load(choice / "imagined" / "00000.npz") as shard:
        pictures, number, plans = (shard[name] for name in ("observation.images.wrist", "picture", "label.plan"))
    assert pictures.shape == (50, 96, 96, 3)
    counts = np.bincount(number)
    assert (len(counts), counts.min(), counts.max()) == (50, 2, 4)
    first = plans[number == 0]
    assert not any(np.array_equal(first[0], other) for other in first[1:])
    made = (choice / "imagined" / "00000.npz").stat().st_mtime_ns
    TINY.run(choice)
    assert (choice / "imagined" / "00000.npz").stat().st_mtime_ns == made


def test_the_bundle_plays_and_hears_what_it_is_told(choice) -> None:
    env, judge = make_env("lift-choice", max_steps=3), make_judge("lift-choice")
    policy = make_policy("lift-choice", str(choice / "lift-choice"))
    words = {"instruction": "now go for the red one"}
    episode = run_episode(env, policy, judge, 5000, options=words)
    assert episode.steps[0].observation["task"] == words["instruction"]
    assert np.abs(episode.steps[0].action[6]) == 1
    env.close()
