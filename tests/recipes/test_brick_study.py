"""brick-study records what its cells need, trains and measures each once, and sums up all that is there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from millwright.core.errors import OptionError, RecipeError, UnknownNameError
from millwright.datasets.dataset import Dataset
from millwright.policies.bundle import load_bundle
from millwright.recipes import BrickStudy
from millwright.recipes.study import ceilings, cells, jobs, setup

TINY = BrickStudy(
    only="reference,mended,mended--joints", minutes=1, samples=256, training_seeds=1, seeds="5000:5001",
    aimed=1, looked=1, scale=0.004, workers=1,
)  # fmt: skip


def shorten(patch):
    """Episodes of a second, ceilings of the expert alone, one way to take away eyes."""
    patch.setattr(ceilings, "PLAYED", {})
    patch.setattr(setup, "SECONDS", 1.0)
    patch.setattr(jobs, "EYES", ("grey",))


def find_work(out, job):
    """Where a job was trained: its name and a digest of its setup."""
    (folder,) = (out / "work").glob(f"{job}-????????")
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brick-study")
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        TINY.run(folder)
    return folder


@pytest.fixture(autouse=True)
def short(monkeypatch):
    shorten(monkeypatch)


def test_each_kind_of_recording_is_made_once_with_as_many_scenes_as_its_cells_need(out):
    assert {path.name for path in (out / "recordings").iterdir()} == {"perturbed", "clean-fisheye-tracked"}
    assert [row.seed for row in Dataset(out / "recordings" / "perturbed").episodes] == [0, 1]
    clean = Dataset(out / "recordings" / "clean-fisheye-tracked")
    assert [row.seed for row in clean.episodes] == [0]
    assert clean.episodes[0].provenance["policy"] == "expert"


def test_each_cell_has_its_file_and_the_summary_a_row(out):
    summary = json.loads((out / "summary.json").read_text())
    rows = {row["name"]: row for row in summary["rows"]}
    assert set(rows) == {"reference", "mended", "mended--joints"}
    row = rows["mended--joints"]
    assert (row["episodes"], row["samples"], row["aim"]["plans"]) == (1, 256, 12)
    assert {"effect", "effect_interval", "p_holm"} <= set(row)
    assert rows["reference"]["eyes"] == {"grey": [0, 1]}
    assert summary["ceilings"]["rows"][0]["who"] == "expert"
    assert "only" not in summary["fields"]


def test_a_cell_s_bundle_answers_in_its_own_representation(out):
    joints = load_bundle(find_work(out, "mended--joints-seed-0") / "mended--joints")
    assert joints.action.shape == (7,)
    assert load_bundle(find_work(out, "reference-seed-0") / "reference").action.name == "hand_target"


def test_what_was_run_is_not_run_again_and_other_cells_join_it(out):
    files = {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    again = replace(TINY, only="reference").run(out)
    assert {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()} == files
    assert len(again["rows"]) == 3


def test_other_scenes_are_played_by_what_was_trained(out):
    weights = find_work(out, "reference-seed-0") / "reference" / "model.safetensors"
    made = weights.stat().st_mtime_ns
    rows = replace(TINY, only="reference", seeds="5001:5003").run(out)["rows"]
    assert [(row["name"], row["episodes"]) for row in rows] == [("reference", 2)]
    assert weights.stat().st_mtime_ns == made


def test_a_cell_that_is_set_up_otherwise_is_trained_anew(out, monkeypatch):
    reference = cells.CELLS["reference"]
    changed = replace(reference, setup=replace(reference.setup, jitter=not reference.setup.jitter))
    monkeypatch.setitem(cells.CELLS, "reference", changed)
    before = find_work(out, "reference-seed-0")
    replace(TINY, only="reference").run(out)
    trained = set((out / "work").glob("reference-seed-0-*"))
    assert len(trained) == 2
    assert before in trained


def test_fields_that_decide_a_cell_may_not_change(out):
    with pytest.raises(RecipeError, match=r"samples was 256, is 512"):
        replace(TINY, samples=512).run(out)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"only": "refrence"}, UnknownNameError),
        ({"seeds": "7"}, OptionError),
        ({"aimed": 0}, OptionError),
        ({"looked": 0}, OptionError),
        ({"minutes": 0.0}, OptionError),
        ({"only": "reference--1000", "scale": 6.0}, OptionError),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_made(fields, error, tmp_path):
    with pytest.raises(error):
        replace(TINY, **fields).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_training_seeds_repeat_only_the_cells_on_which_claims_rest():
    plan = replace(TINY, only="reference*", training_seeds=3).make_plan(None)
    repeated = [job.cell.name for job in plan.jobs if job.seed == 2]
    assert repeated[0] == "reference"
    assert "reference--mask" not in repeated
    assert [job.seed for job in plan.jobs] == sorted(job.seed for job in plan.jobs)
