"""The whole path, tiny: record, train, evaluate, report, resume, play the bundle."""

from __future__ import annotations

import json
import shutil

import pytest

from millwright.catalog import make_env, make_judge, make_policy
from millwright.core.errors import BundleError
from millwright.core.loop import run_episode
from millwright.datasets.dataset import Dataset
from millwright.policies.bundle import load_bundle, load_manifest
from millwright.recipes import BrickPick, BrickRobust

TINY = BrickPick(episodes=2, hard_episodes=1, samples=2560, seeds="5000:5002", workers=1)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brick-pick")
    TINY.run(folder)
    return folder


def test_recipe_leaves_a_dataset_a_bundle_a_report_and_a_summary(out):
    dataset = Dataset(out / "dataset")
    assert [episode.seed for episode in dataset.episodes] == [0, 1, 2500]
    assert load_manifest(out / "brick-pick").lineage["dataset"] == dataset.digest
    assert "brick-pick" in (out / "report" / "report.html").read_text()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["result"]["episodes"] == 2
    assert set(summary["seconds"]) == {"record", "train", "evaluate"}


def test_card_of_the_bundle_holds_the_result_what_was_recorded_and_the_energy(out):
    card, result = (
        (out / "brick-pick" / "card.md").read_text(),
        json.loads((out / "report" / "result.json").read_text()),
    )
    assert f"{result['successes']}/2 episodes" in card
    assert "2 episodes of `expert-perturbed` with `restless`\n" in card
    assert "1 episode of `expert-perturbed` with `hard`, `restless`\n" in card
    assert "- One light" in card
    assert "grid's places" not in card, "the hard layout was recorded too"
    spent = json.loads((out / "training" / "fit.json").read_text())["cpu_seconds"]
    assert load_manifest(out / "brick-pick").lineage["cpu_seconds"] == pytest.approx(spent, abs=0.1)
    assert " kWh, estimated: " in card


def test_brick_robust_demonstrates_and_judges_with_troubles_and_remembers_what_was_clicked(tmp_path):
    BrickRobust(episodes=1, hard_episodes=0, samples=1280, seeds="5000:5001", workers=1).run(tmp_path)
    recorded = Dataset(tmp_path / "dataset").episodes[0].provenance["env_options"]
    troubles = {"bump": True, "miscalibrated": True, "click_noise": 0.4}
    assert recorded == {"hard": False, "restless": True, "randomise": True, "sizes": True, **troubles}
    assert load_bundle(tmp_path / "brick-robust").network.remembered == ("crop",)
    command = json.loads((tmp_path / "summary.json").read_text())["result"]["provenance"]["command"]
    assert command.endswith("--env.bump true --env.miscalibrated true --env.click_noise 0.4")


def test_run_again_repeats_nothing(out):
    made = (out / "brick-pick" / "model.safetensors").stat().st_mtime_ns
    before = (out / "report" / "episodes.jsonl").read_text()
    TINY.run(out)
    assert (out / "brick-pick" / "model.safetensors").stat().st_mtime_ns == made
    assert (out / "report" / "episodes.jsonl").read_text() == before


def test_bundle_is_refused_by_an_environment_it_was_not_made_for(out):
    manifest = json.loads((out / "brick-pick" / "manifest.json").read_text())
    elsewhere = out / "elsewhere"
    shutil.copytree(out / "brick-pick", elsewhere)
    (elsewhere / "manifest.json").write_text(json.dumps({**manifest, "env": "warehouse"}))
    with pytest.raises(BundleError, match="made for 'warehouse', not for 'brick-table'"):
        make_policy("brick-table", str(elsewhere))


def test_bundle_drives_the_arm_and_shows_its_plan(out):
    env = make_env("brick-table", max_steps=6)
    policy = make_policy("brick-table", str(out / "brick-pick"))
    episode = run_episode(env, policy, make_judge("brick-table"), 5000)
    plan = episode.steps[0].plan
    assert plan is not None
    assert plan.actions.shape == (16, 8)
    assert plan.digest == load_manifest(out / "brick-pick").id
    assert episode.provenance["privileged"] is False
    env.close()
