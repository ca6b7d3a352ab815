"""brick-dagger trains three arms on the same scenes and compares them; whatever was done is not done again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from millwright.catalog import Player
from millwright.core.errors import OptionError
from millwright.datasets.dataset import Dataset
from millwright.policies.bundle import load_bundle, load_manifest
from millwright.recipes import BrickDagger

TINY = BrickDagger(demonstrations=2, rounds=1, episodes=1, samples=512, beta=0.5, seeds="5000:5001", workers=1)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brick-dagger")
    TINY.run(folder)
    return folder


def test_all_arms_record_the_same_scenes_and_the_expert_labels_them(out):
    for arm, driver in {"clean": "expert", "perturbed": "expert-perturbed", "dagger": "round-0"}.items():
        data = Dataset(out / f"data-{arm}")
        assert [row.seed for row in data.episodes] == [0, 1, 2]
        assert data.episodes[-1].provenance["policy"] == driver
        assert data.features["label.plan"].shape == (16, 8)
    rows = Dataset(out / "data-dagger").episodes
    assert [row.provenance["policy"] for row in rows] == ["expert", "expert", "round-0"]
    assert [row.provenance.get("beta") for row in rows] == [None, None, 0.5]


def test_what_is_driven_by_the_policy_is_labelled_with_what_the_expert_would_have_done(out):
    data = Dataset(out / "data-dagger")
    last = data.find_row(2)
    done, told = (data.column(name)[last.start : last.stop] for name in ("executed_action", "action"))
    assert abs(done - told).max() > 0.01


def test_dagger_goes_on_from_the_weights_and_in_the_units_of_the_round_before(out):
    before, after = load_bundle(out / "rounds" / "round-0"), load_bundle(out / "dagger")
    assert after.lineage["start"] == load_manifest(out / "rounds" / "round-0").id
    assert after.lineage["episodes"] == 3
    assert before.pipeline.to_files() == after.pipeline.to_files()
    old, new = (bundle.network.state_dict() for bundle in (before, after))
    moved = max(float((new[name] - old[name]).abs().max()) for name in old)
    assert 0 < moved < 0.1  # two small steps


def test_every_two_arms_are_compared_and_rounds_are_counted(out):
    summary = json.loads((out / "summary.json").read_text())
    assert summary["provenance"]["command"].startswith("millwright run brick-dagger --")
    assert set(summary["results"]) == {"clean", "dagger", "perturbed"}
    pairs = [(row["a"], row["b"]) for row in summary["comparisons"]]
    assert pairs == [("clean", "dagger"), ("clean", "perturbed"), ("dagger", "perturbed")]
    assert all(row["p_corrected"] >= row["p_value"] for row in summary["comparisons"])
    assert summary["rounds"][0] == {"round": 0, "seeds": "0:2", "beta": 1.0, "episodes": 2, "successes": 2}
    assert (summary["rounds"][1]["seeds"], summary["rounds"][1]["beta"]) == ("2:3", 0.5)


def test_run_again_repeats_nothing(out):
    files = [*out.glob("*/model.safetensors"), *out.glob("data-*/data/**/*.parquet"), *out.glob("report-*/films/*.mp4")]
    before = [file.stat().st_mtime_ns for file in files]
    assert len(files) >= 9
    TINY.run(out)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_scenes_that_are_not_to_be_trained_on_are_refused_before_anything_is_made(tmp_path):
    with pytest.raises(OptionError, match=r"4800:5001.*0:5000"):
        replace(TINY, seed=8, demonstrations=200).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_player_says_who_else_drove():
    assert Player("brick-table", policy="nothing", beta=0.5).describe()["beta"] == 0.5
