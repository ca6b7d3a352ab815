"""The folder is what LeRobot v3.0 expects, down to types of columns and times of frames."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, layout, record, validate
from millwright.datasets.layout import Place
from tests.datasets.players import CAMERA, DECLARED, FPS, MakePlay

NUM_FRAMES = {seed: 6 + seed % 3 for seed in range(5)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three episodes, then two more: two data files, two videos, two tables of episodes."""
    folder = tmp_path_factory.mktemp("dataset")
    record(MakePlay(), range(3), folder, fps=FPS, features=DECLARED, robot_type="made-up")
    return record(MakePlay(), range(5), folder, fps=FPS, features=DECLARED, robot_type="made-up")


def test_the_files_lie_where_lerobot_looks(root: Path) -> None:
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {layout.LOCK}
    pairs = [f"{kind}/chunk-000/file-00{n}.{end}" for n in range(2) for kind, end in [
        ("data", "parquet"), ("meta/episodes", "parquet"), (f"videos/{CAMERA}", "mp4")
    ]]  # fmt: skip
    assert files == {"meta/info.json", "meta/stats.json", "meta/tasks.parquet", *pairs}


def test_info_json_has_every_required_key(root: Path) -> None:
    info = json.loads((root / "meta/info.json").read_text())
    features = info.pop("features")
    assert info == {
        "codebase_version": "v3.0",
        "fps": FPS,
        "robot_type": "made-up",
        "total_episodes": 5,
        "total_frames": sum(NUM_FRAMES.values()),
        "total_tasks": 2,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "splits": {"train": "0:5"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }
    assert features["timestamp"] == {"dtype": "float32", "shape": [1], "names": None, "info": {"unit": "s"}}
    for name in ("frame_index", "episode_index", "index", "task_index"):
        assert features[name] == {"dtype": "int64", "shape": [1], "names": None}
    assert features["observation.state"]["names"] == ["j0", "j1", "opening"]
    assert features["label.plan"] == {"dtype": "float32", "shape": [32], "names": None, "info": {"shape": [4, 8]}}
    video = features[CAMERA]
    assert (video["dtype"], video["shape"], video["names"]) == ("video", [32, 48, 3], ["height", "width", "channels"])
    keys = {"height", "width", "codec", "pix_fmt", "fps", "channels", "g", "crf"}
    assert {f"video.{key}" for key in keys} | {"has_audio", "is_depth_map"} <= set(video["info"])
    assert all("/" not in name for name in features)


@pytest.mark.parametrize("file", [0, 1])
def test_data_columns_are_scalars_or_flat_lists_of_fixed_size_one_row_group_an_episode(root: Path, file: int) -> None:
    path = root / Place(0, file).path(layout.DATA)
    features = json.loads((root / "meta/info.json").read_text())["features"]
    schema = pq.read_schema(path)
    assert set(schema.names) == {name for name, row in features.items() if row["dtype"] != "video"}
    for name in schema.names:
        kind = pa.type_for_alias(features[name]["dtype"])
        size = features[name]["shape"][0]
        assert schema.field(name).type == (kind if size == 1 else pa.list_(kind, size)), name
    metadata = pq.ParquetFile(path).metadata
    lengths = list(NUM_FRAMES.values())[:3] if file == 0 else list(NUM_FRAMES.values())[3:]
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == lengths
    assert {metadata.row_group(0).column(n).compression for n in range(metadata.num_columns)} == {"SNAPPY"}


def test_times_and_indices_restart_or_go_on_as_they_should(root: Path) -> None:
    dataset = Dataset(root)
    frame = np.concatenate([np.arange(length) for length in NUM_FRAMES.values()])
    np.testing.assert_array_equal(dataset.column("frame_index")[:, 0], frame)
    np.testing.assert_array_equal(dataset.column("timestamp")[:, 0], (frame / FPS).astype(np.float32))
    np.testing.assert_array_equal(dataset.column("index")[:, 0], np.arange(len(frame)))
    episodes = np.repeat(np.arange(5), list(NUM_FRAMES.values()))
    np.testing.assert_array_equal(dataset.column("episode_index")[:, 0], episodes)
    np.testing.assert_array_equal(dataset.column("task_index")[:, 0], episodes % 2)


def test_tasks_are_the_index_of_a_pandas_frame(root: Path) -> None:
    frame = pd.read_parquet(root / "meta/tasks.parquet")
    assert frame.index.name == "task"
    assert list(frame.index) == ["pick brick 0", "pick brick 1"]
    assert list(frame.columns) == ["task_index"]
    assert list(frame["task_index"]) == [0, 1]
    assert frame["task_index"].dtype == np.int64


def test_the_table_of_episodes_has_lerobots_columns_and_ours(root: Path) -> None:
    tables = [pq.read_table(path) for path in sorted((root / "meta/episodes").rglob("*.parquet"))]
    assert tables[0].schema.equals(tables[1].schema)
    table = pa.concat_tables(tables)
    assert table["episode_index"].to_pylist() == list(range(5))
    assert table["length"].to_pylist() == list(NUM_FRAMES.values())
    assert table["tasks"].to_pylist() == [[f"pick brick {seed % 2}"] for seed in range(5)]
    assert table["data/file_index"].to_pylist() == table["meta/episodes/file_index"].to_pylist() == [0, 0, 0, 1, 1]
    assert table["dataset_from_index"].to_pylist() == [0, 6, 13, 21, 27]
    assert table["dataset_to_index"].to_pylist() == [6, 13, 21, 27, 34]
    assert table[f"videos/{CAMERA}/from_timestamp"].to_pylist() == [0, 6 / FPS, 13 / FPS, 0, 6 / FPS]
    assert table[f"videos/{CAMERA}/to_timestamp"].to_pylist() == [6 / FPS, 13 / FPS, 21 / FPS, 6 / FPS, 13 / FPS]
    types = {name: table.schema.field(name).type for name in table.column_names}
    integers = ["episode_index", "length", "data/chunk_index", f"videos/{CAMERA}/file_index", "seed"]
    assert {types[name] for name in integers} == {pa.int64()}
    assert types[f"videos/{CAMERA}/from_timestamp"] == types[f"videos/{CAMERA}/to_timestamp"] == pa.float64()
    assert types["tasks"] == pa.list_(pa.string())
    assert (types["success"], types["failure"], types["verdict"]) == (pa.bool_(), pa.string(), pa.string())
    assert types["stats/action/mean"] == pa.list_(pa.float64())
    assert types["stats/action/count"] == pa.list_(pa.int64())
    assert types[f"stats/{CAMERA}/q99"] == pa.list_(pa.list_(pa.list_(pa.float64())))
    for column in ("seed", "success", "failure", "verdict", "metrics", "provenance"):
        assert column in types


def test_statistics_have_the_shapes_that_lerobot_wants(root: Path) -> None:
    stats = json.loads((root / "meta/stats.json").read_text())
    assert set(stats) == set(Dataset(root).features)
    for name, row in stats.items():
        assert set(row) == {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}
        assert row["count"] == [sum(NUM_FRAMES.values())]
        size = json.loads((root / "meta/info.json").read_text())["features"][name]["shape"][0]
        assert np.shape(row["mean"]) == ((3, 1, 1) if name == CAMERA else (size,))
    assert 0 <= np.min(stats[CAMERA]["min"]) < np.max(stats[CAMERA]["max"]) <= 1


@pytest.mark.parametrize(("file", "seeds"), [(0, (0, 1, 2)), (1, (3, 4))])
def test_video_frames_lie_on_the_grid_at_a_constant_rate(root: Path, file: int, seeds: tuple[int, ...]) -> None:
    with av.open(str(root / Place(0, file).path(layout.VIDEO, CAMERA))) as container:
        stream = container.streams.video[0]
        count = sum(NUM_FRAMES[seed] for seed in seeds)
        assert stream.average_rate == stream.guessed_rate == FPS
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.duration * stream.time_base == Fraction(count, FPS)
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert [packet.pts * packet.time_base for packet in packets] == [Fraction(n, FPS) for n in range(count)]
    assert [packet.dts for packet in packets] == [packet.pts for packet in packets]
    starts = np.cumsum([0, *(NUM_FRAMES[seed] for seed in seeds)])
    keys = {n for n, packet in enumerate(packets) if packet.is_keyframe}
    assert keys >= set(starts[:-1].tolist())
    assert max(np.diff(sorted(keys))) <= 2


def test_files_roll_over_before_they_grow_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "DATA_FILE_MB", 0.02)
    monkeypatch.setattr(layout, "VIDEO_FILE_MB", 0.01)
    monkeypatch.setattr(layout, "FILES_PER_CHUNK", 2)
    dataset = Dataset(record(MakePlay(), range(8), tmp_path, fps=FPS))
    assert (tmp_path / "data/chunk-001/file-000.parquet").exists()
    assert (tmp_path / f"videos/{CAMERA}/chunk-001/file-000.mp4").exists()
    assert validate(tmp_path) == []
    whole = Dataset(record(MakePlay(), range(8), tmp_path / "whole", fps=FPS))
    np.testing.assert_array_equal(dataset.frames(CAMERA), whole.frames(CAMERA))
    np.testing.assert_array_equal(dataset.column("label.plan"), whole.column("label.plan"))


@pytest.mark.parametrize(
    "sign",
    ["meta/episodes.jsonl", "data/chunk-000/episode_000000.parquet", "data/episode_chunk_000/episode_000.parquet"],
)
@pytest.mark.parametrize("version", ["v2.1", None])
def test_an_older_layout_is_refused_by_reader_and_recorder(tmp_path: Path, sign: str, version: str | None) -> None:
    (tmp_path / sign).parent.mkdir(parents=True)
    (tmp_path / sign).touch()
    if version:
        (tmp_path / "meta").mkdir(exist_ok=True)
        (tmp_path / "meta/info.json").write_text(json.dumps({"codebase_version": version, "fps": 10}))
    for attempt in (lambda: Dataset(tmp_path), lambda: record(MakePlay(), [0], tmp_path, fps=FPS)):
        with pytest.raises(DatasetError, match=rf"{version or 'v1 or v2'}.*reads v3\.0.*convert_dataset_v21_to_v30"):
            attempt()


def test_a_broken_info_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    info = tmp_path / "meta/info.json"
    info.parent.mkdir()
    info.write_text("{")
    for attempt in (lambda: Dataset(tmp_path), lambda: record(MakePlay(), [0], tmp_path, fps=FPS)):
        with pytest.raises(DatasetError, match=r"info\.json is no JSON"):
            attempt()
    assert info.read_text() == "{"


def test_validate_names_what_is_wrong(root: Path, tmp_path: Path) -> None:
    assert validate(root) == []
    assert "no dataset in" in str(validate(tmp_path)[0])
    record(MakePlay(), range(3), tmp_path, fps=FPS)
    info = tmp_path / "meta/info.json"
    info.write_text(info.read_text().replace('"total_frames": 21', '"total_frames": 20'))
    (tmp_path / f"videos/{CAMERA}/chunk-000/file-000.mp4").unlink()
    problems = "\n".join(map(str, validate(tmp_path)))
    assert "total_frames is 20, the files hold 21" in problems
    assert "file-000.mp4: episode 0 is to be in it, and it is missing" in problems
