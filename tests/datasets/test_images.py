"""What pictures in parquet files show is looked at like what videos show."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millwright.datasets import Dataset, editing, layout, record, validate
from tests.datasets import clean
from tests.datasets.editing import DATA, edit_info, edit_json, edit_table
from tests.datasets.faults import blacken, blur, freeze
from tests.datasets.players import CAMERA, FPS

PICTURES, DEPTH = "observation.images.table", "observation.images.far"
EPISODE, FRAME = 2, 7


def store(pixels: np.ndarray, kind: str) -> dict[str, Any]:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, kind)
    return {"bytes": sink.getvalue(), "path": None}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four episodes of 24 frames, colours and depth as files in rows, as LeRobot keeps them; without videos."""
    folder = tmp_path_factory.mktemp("images")
    root = record(clean.MakePlay(), range(4), folder / "videos", fps=FPS, features=clean.FEATURES)
    frames = Dataset(root).frames(CAMERA)
    depth = np.roll(np.linspace(300, 900, 8 * 9, dtype=np.uint16).reshape(8, 9), 1)
    column = pa.array([store(frame, "PNG") for frame in frames])
    planes = pa.array([store(np.roll(depth, number), "TIFF") for number in range(len(frames))])
    axes = ["height", "width", "channels"]
    rows = {
        PICTURES: {"dtype": "image", "shape": [32, 48, 3], "names": axes},
        DEPTH: {
            "dtype": "image",
            "shape": [8, 9, 1],
            "names": axes,
            "info": {"is_depth_map": True, "depth_unit": "mm"},
        },
    }
    edit_info(root, lambda info: info["features"].update(rows))
    edit_table(root, DATA, lambda table: table.append_column(PICTURES, column).append_column(DEPTH, planes))
    editing.drop_features(root, folder / "images", [CAMERA])
    return folder / "images"


def edit_pictures(root: Path, change: Callable[[np.ndarray], object]) -> None:
    frames = Dataset(root).frames(PICTURES).copy()
    change(frames)
    column = pa.array([store(frame, "PNG") for frame in frames])
    edit_table(root, DATA, lambda table: table.set_column(table.column_names.index(PICTURES), PICTURES, column))


def test_nothing_is_wrong_with_the_sound_one(sound: Path) -> None:
    assert validate(sound) == []


@pytest.mark.parametrize(("code", "change"), [("MW311", blacken), ("MW312", freeze), ("MW313", blur)])
def test_what_spoils_learning_is_found_where_it_is(
    sound: Path, tmp_path: Path, code: str, change: Callable[[np.ndarray], object]
) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    edit_pictures(root, change)
    (finding,) = validate(root)
    assert (finding.code, finding.episode, finding.frame, finding.file) == (code, EPISODE, FRAME, DATA)


def test_a_damaged_picture_does_not_hide_what_is_wrong_with_other_episodes(sound: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    edit_pictures(root, blacken)

    def damage(table: pa.Table) -> pa.Table:
        rows = table[PICTURES].to_pylist()
        rows[3]["bytes"] = rows[3]["bytes"][:-30]
        return table.set_column(table.column_names.index(PICTURES), PICTURES, pa.array(rows))

    edit_table(root, DATA, damage)
    found = [(finding.code, finding.episode, finding.frame) for finding in validate(root)]
    assert found == [("MW306", 0, 3), ("MW311", EPISODE, FRAME)]


def test_depth_without_values_and_statistics_of_other_pictures_are_found(sound: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))

    def empty(table: pa.Table) -> pa.Table:
        rows = table[DEPTH].to_pylist()
        rows[30] = store(np.zeros((8, 9), np.uint16), "TIFF")
        return table.set_column(table.column_names.index(DEPTH), DEPTH, pa.array(rows))

    edit_table(root, DATA, empty)
    edit_json(root, layout.STATS, lambda stats: stats[PICTURES].update(mean=[[[0.9]]] * 3))
    found = [(finding.code, finding.episode, finding.frame) for finding in validate(root)]
    assert found == [("MW314", 1, 6), ("MW404", None, None)]
