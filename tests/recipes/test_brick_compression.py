"""brick-compression trains on ever smaller videos of one recording; what was done is not done again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from millwright.core.errors import OptionError, UnknownNameError
from millwright.datasets.dataset import Dataset
from millwright.recipes import BrickCompression
from millwright.recipes.brick_pick import IMAGE

TINY = BrickCompression(
    only="as-recorded, h264-crf51, half-crf33", episodes=2, samples=256, seeds="5000:5001", workers=1
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brick-compression")
    TINY.run(folder)
    return folder


def test_worse_and_smaller_pictures_take_fewer_bytes_and_hold_the_same_frames(out):
    rows = json.loads((out / "summary.json").read_text())["ladder"]
    assert [row["rung"] for row in rows] == ["as-recorded", "h264-crf51", "half-crf33"]
    assert [row["image_size"] for row in rows] == [128, 128, 64]
    recorded, worst, half = (row["video_bytes_an_episode"] for row in rows)
    assert max(worst, half) < recorded / 3
    assert all(row["episodes"] == 1 for row in rows)
    frames = [
        len(Dataset(folder)) for folder in (out / "recorded", out / "h264-crf51/dataset", out / "half-crf33/dataset")
    ]
    assert len(set(frames)) == 1
    assert Dataset(out / "half-crf33" / "dataset").features[IMAGE].shape == (64, 64, 3)


def test_a_second_run_encodes_and_trains_nothing_anew(out, monkeypatch):
    before = (out / "summary.json").read_text()
    monkeypatch.setattr("millwright.recipes.brick_compression.encode_anew", None)
    monkeypatch.setattr("millwright.recipes.brick_pick.fit", None)
    TINY.run(out)
    assert json.loads(before)["ladder"] == json.loads((out / "summary.json").read_text())["ladder"]


def test_rungs_of_an_earlier_run_stay_in_the_summary(out):
    replace(TINY, only="half-crf33").run(out)
    summary = json.loads((out / "summary.json").read_text())
    assert [row["rung"] for row in summary["ladder"]] == ["as-recorded", "h264-crf51", "half-crf33"]
    command = "millwright run brick-compression --episodes 2 --samples 256 --seeds 5000:5001"
    assert summary["provenance"]["command"] == command


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"only": "h264"}, UnknownNameError),
        ({"seeds": "9:5"}, OptionError),
        ({"episodes": 0}, OptionError),
        ({"workers": 0}, OptionError),
        ({"samples": 0}, OptionError),
    ],
)
def test_wrong_fields_are_refused_before_anything_is_recorded(tmp_path, changes, error):
    with pytest.raises(error):
        replace(TINY, **changes).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
