"""A fixed copy has none of what can be mended without inventing data, keeps what is sound, and says what it did."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, validate
from millwright.datasets.fixing import fix
from tests.datasets.faults import FAULTS
from tests.datasets.players import CAMERA
from tests.datasets.test_validation import find_reference, sound

__all__ = ["sound"]  # the fixture


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.mended])
def test_a_fixed_copy_is_sound_and_says_what_was_done(sound: Path, tmp_path: Path, name: str) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    FAULTS[name].plant(root)
    said = "\n".join(fix(root, tmp_path / "fixed", validate(root, find_reference)))
    assert FAULTS[name].code in said or "left out" in said
    assert validate(tmp_path / "fixed", find_reference) == [], said


@pytest.mark.parametrize("name", ["a timestamp off the grid", "a variable frame rate", "a mean of other frames"])
def test_fixing_touches_nothing_else(sound: Path, tmp_path: Path, name: str) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    FAULTS[name].plant(root)
    fix(root, tmp_path / "fixed", validate(root, find_reference))
    before, after = Dataset(sound), Dataset(tmp_path / "fixed")
    for feature in before.features.values():
        if not feature.is_image:
            np.testing.assert_array_equal(after.column(feature.name), before.column(feature.name))
    np.testing.assert_array_equal(after.frames(CAMERA), before.frames(CAMERA))
    assert [row.verdict for row in after.episodes] == [row.verdict for row in before.episodes]
    assert after.stats["action"].to_json() == before.stats["action"].to_json()


def test_only_the_episodes_that_are_lost_are_left_out(sound: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    FAULTS["a video that ends early"].plant(root)
    said = fix(root, tmp_path / "fixed", validate(root, find_reference))
    assert [row.seed for row in Dataset(tmp_path / "fixed").episodes] == [0, 1, 2, 3]
    assert [sentence for sentence in said if sentence.startswith("episode 4 left out: videos/")]


def test_where_nothing_can_be_read_nothing_is_written(sound: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    FAULTS["a data file is gone"].plant(root)
    with pytest.raises(DatasetError, match="no episode is left"):
        fix(root, tmp_path / "fixed", validate(root, find_reference))
    assert not (tmp_path / "fixed").exists()
