"""Merged, split, filtered, shortened and encoded anew, a dataset stays valid, and knows where it comes from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from millwright.core.errors import DatasetError, OptionError, UnknownNameError
from millwright.datasets import Dataset, editing, record, validate
from millwright.datasets.lineage import compute_content_digest
from millwright.datasets.video import Encoding
from tests.datasets import clean
from tests.datasets.faults import repeat
from tests.datasets.players import CAMERA, DECLARED, FPS, MakePlay
from tests.datasets.test_validation import find_reference, sound

__all__ = ["sound"]  # the fixture


COPIED = "videos of episodes: 5 copied as they were, 0 encoded anew"


def read_info(root: Path) -> dict:
    return json.loads((root / "meta/info.json").read_text())


def seeds(root: Path) -> list[int]:
    return [row.seed for row in Dataset(root).episodes]


def select(root: Path, out: Path, **wishes: object) -> list[int]:
    asked = {"verdict": None, "seeds": None, "split": None, "drop": None} | wishes
    told = editing.select(root, out, editing.make_keep(root, **asked))
    count = len(seeds(out))
    assert told[0].startswith(f"kept {count} of ")
    assert told[1] == f"videos of episodes: {count} copied as they were, 0 encoded anew"
    assert validate(out, find_reference) == []
    return seeds(out)


def test_a_merged_dataset_holds_every_frame_of_both_and_tells_their_digests(sound: Path, tmp_path: Path) -> None:
    other = record(clean.MakePlay(), range(5, 8), tmp_path / "other", fps=FPS, features=clean.FEATURES)
    assert editing.merge([sound, other], tmp_path / "both") == [
        "videos of episodes: 8 copied as they were, 0 encoded anew"
    ]
    assert validate(tmp_path / "both", find_reference) == []
    assert seeds(tmp_path / "both") == [0, 1, 2, 3, 5, 6, 7, 4]
    assert read_info(tmp_path / "both")["splits"] == {"train": "0:7", "test": "7:8"}
    whole = Dataset(record(clean.MakePlay(), range(8), tmp_path / "whole", fps=FPS, features=clean.FEATURES))
    merged = Dataset(tmp_path / "both")
    for index, seed in enumerate(seeds(merged.root)):
        np.testing.assert_array_equal(merged.film(index, CAMERA), whole.film(seed, CAMERA))
        for name, column in whole.episode(seed).items():
            np.testing.assert_array_equal(merged.episode(index)[name], column)
    lineage = read_info(merged.root)["lineage"]
    assert lineage["operation"] == "merge"
    assert [source["digest"] for source in lineage["sources"]] == [
        compute_content_digest(root) for root in (sound, other)
    ]
    assert [source["episodes"] for source in lineage["sources"]] == ["0:5", "0:3"]


def test_what_is_there_already_is_merged_once(sound: Path, tmp_path: Path) -> None:
    assert editing.merge([sound, sound], tmp_path / "both") == ["left out: 5 episodes that are there already", COPIED]
    assert seeds(tmp_path / "both") == seeds(sound)


def test_datasets_of_other_features_are_not_merged(sound: Path, tmp_path: Path) -> None:
    other = record(MakePlay(), range(2), tmp_path / "other", fps=FPS, features=DECLARED)
    with pytest.raises(DatasetError, match=r"differ: .*label\.plan|differ: .*facts"):
        editing.merge([sound, other], tmp_path / "both")
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize(("test", "expected"), [(None, 1), (lambda entry: entry.known["seed"] in (1, 3), 2)])
def test_a_split_tells_training_from_testing(sound: Path, tmp_path: Path, test: object, expected: int) -> None:
    told = editing.split(sound, tmp_path / "split", test, share=0.2, seed=3)
    splits = {"train": f"0:{5 - expected}", "test": f"{5 - expected}:5"}
    assert told == [f"train: episodes {splits['train']}", f"test: episodes {splits['test']}", COPIED]
    assert read_info(tmp_path / "split")["splits"] == splits
    assert sorted(seeds(tmp_path / "split")) == seeds(sound)
    assert validate(tmp_path / "split", find_reference) == []
    if test is not None:
        assert seeds(tmp_path / "split") == [0, 2, 4, 1, 3]


@pytest.mark.parametrize(("share", "seed"), [(-0.3, 0), (float("nan"), 0), (float("inf"), 0), (1.0, 0), (0.2, -1)])
def test_a_share_that_is_none_is_refused(sound: Path, tmp_path: Path, share: float, seed: int) -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        editing.split(sound, tmp_path / "out", share=share, seed=seed)
    assert not (tmp_path / "out").exists()


def test_a_split_without_one_of_its_sides_is_refused(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="0 of 5 episodes"):
        editing.split(sound, tmp_path / "split", lambda entry: False)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"verdict": "success"}, [1, 2, 4]),
        ({"verdict": "failure"}, [0, 3]),
        ({"verdict": "low"}, [0, 3]),
        ({"seeds": range(1, 4)}, [1, 2, 3]),
        ({"split": "test"}, [4]),
        ({"drop": "0,2:4"}, [1, 4]),
        ({"verdict": "success", "drop": "1"}, [2, 4]),
    ],
)
def test_a_filter_keeps_what_was_asked_for(sound: Path, tmp_path: Path, wishes: dict, expected: list[int]) -> None:
    assert select(sound, tmp_path / "some", **wishes) == expected


def test_bad_wishes_say_what_would_do(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'test'"):
        select(sound, tmp_path / "out", split="tset")
    with pytest.raises(OptionError, match="3:9,12 is meant"):
        select(sound, tmp_path / "out", drop="3-9")
    with pytest.raises(UnknownNameError, match="verdicts: success, failure, low"):
        select(sound, tmp_path / "out", verdict="collision")
    with pytest.raises(DatasetError, match="no episode is left"):
        select(sound, tmp_path / "out", verdict="success", seeds=range(1))
    with pytest.raises(DatasetError, match="give a folder that is new"):
        select(sound, sound, verdict="success")
    assert not (tmp_path / "out").exists()


def test_a_dropped_feature_is_gone_everywhere_and_the_rest_is_as_it_was(sound: Path, tmp_path: Path) -> None:
    assert editing.drop_features(sound, tmp_path / "less", [clean.DEPTH, CAMERA]) == []
    assert validate(tmp_path / "less", find_reference) == []
    before, after = Dataset(sound), Dataset(tmp_path / "less")
    assert set(before.features) - set(after.features) == {clean.DEPTH, CAMERA}
    assert not (after.root / "videos").exists()
    np.testing.assert_array_equal(after.column("action"), before.column("action"))
    with pytest.raises(DatasetError, match=r"cannot drop moood; features that can go: .*action"):
        editing.drop_features(sound, tmp_path / "out", ["moood"])


@pytest.mark.parametrize(
    "encoding", [Encoding(crf=35, gop=12, preset="veryfast"), Encoding(scale=0.5), Encoding("av1", 30, preset="12")]
)
def test_encoded_anew_the_pictures_are_the_same_but_for_the_codec(
    sound: Path, tmp_path: Path, encoding: Encoding
) -> None:
    told = editing.encode_anew(sound, tmp_path / "anew", encoding)
    assert told == ["videos of episodes: 0 copied as they were, 5 encoded anew"]
    assert validate(tmp_path / "anew", find_reference) == []
    before, after = Dataset(sound), Dataset(tmp_path / "anew")
    frames = after.frames(CAMERA)
    assert frames.shape == (len(before), *(int(size * encoding.scale) for size in (32, 48)), 3)
    if encoding.scale == 1:
        assert np.abs(frames.astype(int) - before.frames(CAMERA)).mean() < 12
    assert read_info(tmp_path / "anew")["features"][CAMERA]["info"]["video.codec"] == encoding.codec


def test_recording_into_an_edited_dataset_keeps_its_lineage(sound: Path, tmp_path: Path) -> None:
    select(sound, tmp_path / "some", verdict="success")
    record(clean.MakePlay(), [1, 6], tmp_path / "some", fps=FPS, features=clean.FEATURES)
    assert seeds(tmp_path / "some") == [1, 2, 4, 6]
    assert validate(tmp_path / "some", find_reference) == []
    assert read_info(tmp_path / "some")["lineage"]["operation"] == "filter"


def test_edits_of_edits_remember_the_first(sound: Path, tmp_path: Path) -> None:
    select(sound, tmp_path / "one", verdict="success")
    select(tmp_path / "one", tmp_path / "two", seeds=range(2, 5))
    (source,) = read_info(tmp_path / "two")["lineage"]["sources"]
    assert source["lineage"]["sources"][0]["digest"] == compute_content_digest(sound)


def test_duplicates_are_found_across_what_is_merged(sound: Path, tmp_path: Path) -> None:
    double = Path(shutil.copytree(sound, tmp_path / "double"))
    repeat(double, 3)
    assert editing.merge([double, sound], tmp_path / "both") == ["left out: 5 episodes that are there already", COPIED]
    assert len(Dataset(tmp_path / "both").episodes) == 5
