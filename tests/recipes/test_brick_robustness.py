"""brick-robustness plays one policy under every condition, and the expert where the world is another one for it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from millwright.catalog import find_bundle
from millwright.core.errors import OptionError, RecipeError, UnknownNameError
from millwright.envs.brick_table import BrickTableOptions
from millwright.recipes.brick_robustness import CONDITIONS, BrickRobustness, compute_mean

TINY = BrickRobustness(only="twins,bump", seeds="5000:5001", workers=1)


@pytest.fixture(scope="module", autouse=True)
def no_reports():
    """Reports are tried elsewhere, and draw for long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("millwright.evaluation.report.write_report", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    TINY.run(folder)
    return folder


def test_every_condition_is_one_that_the_environment_knows():
    for condition in CONDITIONS.values():
        BrickTableOptions(**condition.options)
        assert condition.kind in ("reference", "perturbation", "trouble")
    assert CONDITIONS["latency"].latency_s == (0.1, 0.25)


def test_every_line_is_a_file_and_the_summary_counts_them(out):
    summary = json.loads((out / "summary.json").read_text())
    assert [row["condition"] for row in summary["perturbations"]] == ["twins", "bump"]
    for row in summary["perturbations"]:
        figure = json.loads((out / "figures" / f"brick-pick-{row['condition']}.json").read_text())
        assert figure["provenance"]["env_options"] == dict(CONDITIONS[row["condition"]].options)
        assert (row["successes"], row["episodes"]) == (figure["successes"], 1)
        assert row["expert"]["successes"] == 1
    assert summary["provenance"]["policy_digest"]
    assert str(out) not in json.dumps(summary)


def test_the_expert_plays_in_those_worlds_alone_that_differ_for_it(out):
    experts = {file.stem for file in (out / "figures").glob("expert*.json")}
    assert experts == {"expert", "expert-bump"}


def test_the_mean_is_that_of_the_perturbations_alone():
    rows = [{"kind": kind, "rate": rate} for kind, rate in (("trouble", 0.0), ("perturbation", 0.5))]
    assert compute_mean([*rows, {"kind": "perturbation", "rate": 1.0}]) == 0.75
    assert compute_mean(rows[:1]) is None


def test_run_again_plays_nothing_again(out):
    films = [*out.glob("reports/*/films/*.mp4")]
    before = [film.stat().st_mtime_ns for film in films]
    assert len(before) == 4
    replace(TINY, only="bump").run(out)
    assert [film.stat().st_mtime_ns for film in films] == before


def test_a_folder_begun_for_one_policy_is_not_taken_up_for_another(out, tmp_path):
    other = shutil.copytree(find_bundle("brick-pick"), tmp_path / "other")
    with pytest.raises(RecipeError, match=r"policy was 'brick-pick', is '.*other'"):
        replace(TINY, policy=str(other)).run(out)


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"only": "twin"}, UnknownNameError, "did you mean 'twins'"),
        ({"seeds": "7"}, OptionError, "A:B"),
        ({"policy": "brick-pock"}, UnknownNameError, "brick-pick"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_made(fields, error, says, tmp_path):
    with pytest.raises(error, match=says):
        replace(TINY, **fields).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_names_of_conditions_may_stand_apart(tmp_path, monkeypatch):
    played = []
    monkeypatch.setattr(BrickRobustness, "_evaluate", lambda self, out, name, player: played.append(name) or {})
    monkeypatch.setattr("millwright.recipes.brick_robustness.compute_mean", lambda rows: None)
    monkeypatch.setattr("millwright.recipes.brick_robustness.make_table", str)
    replace(TINY, only=" twins, bump ,", expert=False).run(tmp_path)
    assert played == ["brick-pick-twins", "brick-pick-bump"]


@pytest.mark.parametrize("policy", ["expert", "nothing"])
def test_policy_that_plays_no_chunks_is_refused_before_anything_is_played(policy, tmp_path):
    with pytest.raises(OptionError, match=rf"{policy} plays no chunks.*brick-pick"):
        replace(TINY, policy=policy).run(tmp_path / "new")
    assert not (tmp_path / "new").exists()
