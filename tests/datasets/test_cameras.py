"""Folders of other tools: depth, pictures in parquet files, text, nested columns, rows grouped otherwise."""

from __future__ import annotations

import io
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, layout, record, validate, video
from millwright.datasets.cameras import check_picture, make_cameras, read_picture
from millwright.datasets.layout import Place
from tests.datasets.editing import DATA, edit_info, edit_table
from tests.datasets.players import FPS, MakePlay

EXTRA = "observation.images.extra"
DEPTH_INFO = {"is_depth_map": True, "video.depth_min": 0.01, "video.depth_max": 10.0, "video.shift": 3.5}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two episodes, of 6 and 7 frames."""
    return record(MakePlay(), range(2), tmp_path, fps=FPS)


def add_column(root: Path, name: str, values: pa.Array, row: dict) -> None:
    edit_info(root, lambda info: info["features"].update({name: row}))
    edit_table(root, DATA, lambda table: table.append_column(name, values))


def add_pictures(root: Path, pictures: list[Image.Image | None], kind: str, info: dict | None = None) -> None:
    """As LeRobot stores them: the bytes of a file in each row."""

    def store(picture: Image.Image | None) -> dict:
        sink = io.BytesIO()
        if picture is not None:
            picture.save(sink, kind)
        return {"bytes": sink.getvalue() or None, "path": "frame.png"}

    column = pa.array([store(picture) for picture in pictures])
    add_column(root, EXTRA, column, {"dtype": "image", "shape": [5, 4, 3], "names": ["h", "w", "c"], "info": info})


def make_pictures(number: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)) for _ in range(number)]


def test_pictures_in_a_parquet_file_are_frames_like_any_other(root: Path) -> None:
    pictures = make_pictures(13)
    add_pictures(root, pictures, "PNG")
    dataset = Dataset(root)
    assert dataset.features[EXTRA].is_image
    assert EXTRA in dataset.cameras
    np.testing.assert_array_equal(dataset.frames(EXTRA), np.stack(pictures))
    np.testing.assert_array_equal(dataset.film(1, EXTRA), np.stack(pictures[6:]))
    assert EXTRA not in dataset.episode(0)


def spoil(content: bytes, how: str) -> bytes:
    middle = len(content) // 2
    return content[:middle] if how == "cut" else content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize("frame", [0, 8, 12])
def test_a_damaged_picture_is_found_and_named(root: Path, how: str, frame: int) -> None:
    add_pictures(root, make_pictures(13), "PNG")

    def damage(table: pa.Table) -> pa.Table:
        rows = table[EXTRA].to_pylist()
        rows[frame]["bytes"] = spoil(rows[frame]["bytes"], how)
        return table.set_column(table.column_names.index(EXTRA), EXTRA, pa.array(rows))

    edit_table(root, DATA, damage)
    (found,) = [finding for finding in validate(root) if finding.code == "MW306"]
    episode, first = (0, 0) if frame < 6 else (1, 6)
    assert (found.episode, found.frame, found.file) == (episode, frame - first, DATA)
    assert found.cause == f"{EXTRA} holds a damaged picture (1 of its {6 + episode} frames are such)"
    if how == "cut":
        with pytest.raises(DatasetError, match=rf"file-000.parquet: a damaged picture in row {frame} of {EXTRA}"):
            Dataset(root).film(episode, EXTRA)


def test_a_picture_of_another_size_is_found_rather_than_stretched(root: Path) -> None:
    add_pictures(root, [*make_pictures(9), Image.new("RGB", (1, 1)), *make_pictures(3)], "PNG")
    (found,) = [finding for finding in validate(root) if finding.code == "MW306"]
    assert found.cause == f"{EXTRA} holds a picture of 1 x 1, not 5 x 4 (1 of its 7 frames are such)"
    with pytest.raises(DatasetError, match="a picture of 1 x 1, not 5 x 4, in row 9"):
        Dataset(root).frames(EXTRA)


def test_a_missing_picture_is_found(root: Path) -> None:
    add_pictures(root, [*make_pictures(9), None, *make_pictures(3)], "PNG")
    (found,) = [finding for finding in validate(root) if finding.code == "MW306"]
    assert (found.episode, found.frame, found.cause) == (1, 3, f"{EXTRA} holds no picture (1 of its 7 frames are such)")
    assert "MW306" not in {finding.code for finding in validate(root, look=False)}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_whatever_is_damaged_in_a_picture_is_a_damaged_picture(kind: str) -> None:
    rng = np.random.default_rng(0)
    sink = io.BytesIO()
    shape, dtype = ((5, 4, 3), "uint8") if kind == "PNG" else ((5, 4, 1), "float32")
    pixels = rng.integers(0, 255, shape).astype(dtype)
    Image.fromarray(pixels if kind == "PNG" else pixels[..., 0]).save(sink, kind)
    content = sink.getvalue()
    whole = read_picture({"bytes": content}, shape, dtype)
    for _ in range(400):
        damaged = bytearray(content[: rng.integers(1, len(content) + 1)])
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        try:
            check_picture({"bytes": bytes(damaged)}, shape, dtype)
        except DatasetError:
            continue
        if kind == "PNG":  # TIFF has no checksums
            np.testing.assert_array_equal(read_picture({"bytes": bytes(damaged)}, shape, dtype), whole)


def test_a_row_without_a_picture_is_named(root: Path) -> None:
    add_pictures(root, [*make_pictures(9), None, *make_pictures(3)], "PNG")
    with pytest.raises(DatasetError, match=f"no picture in row 9 of {EXTRA}"):
        Dataset(root).frames(EXTRA)


def test_depth_pictures_of_whole_numbers_are_millimetres(root: Path) -> None:
    depth = np.arange(13 * 20, dtype=np.uint16).reshape(13, 5, 4) * 7
    add_pictures(root, [Image.fromarray(picture) for picture in depth], "TIFF", {"is_depth_map": True})
    dataset = Dataset(root)
    assert (dataset.features[EXTRA].dtype, dataset.features[EXTRA].unit) == ("float32", "m")
    np.testing.assert_allclose(dataset.frames(EXTRA)[..., 0], depth / 1000, rtol=1e-6)


def encode_codes(codes: np.ndarray) -> bytes:
    """A lossless video of 12-bit codes, as LeRobot writes depth."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as container:
        stream = container.add_stream("hevc", rate=FPS, options={"x265-params": "lossless=1:log-level=error", "g": "2"})
        stream.height, stream.width, stream.pix_fmt = *codes.shape[1:], "gray12le"
        for plane in codes:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(plane, format="gray12le")))
        container.mux(stream.encode(None))
    return sink.getvalue()


def test_a_depth_video_reads_in_metres(tmp_path: Path) -> None:
    metres = np.linspace(0.01, 10, 5 * 32 * 48).reshape(5, 32, 48)
    low, high = math.log(0.01 + 3.5), math.log(10 + 3.5)
    codes = np.rint((np.log(metres + 3.5) - low) / (high - low) * 4095).astype(np.uint16)
    path = tmp_path / "depth.mp4"
    path.write_bytes(encode_codes(codes))
    row = {"dtype": "video", "shape": [32, 48, 1], "names": ["height", "width", "channels"], "info": DEPTH_INFO}
    camera = make_cameras({"fps": FPS, "features": {"depth": row}})["depth"]
    out = np.empty((3, *camera.feature.shape), camera.feature.dtype)
    camera.read(path, 2, out)
    step_m = (high - low) / 4095 * 13.5
    assert np.abs(out[..., 0] - metres[2:]).max() <= step_m
    assert camera.feature.unit == "m"


@pytest.mark.parametrize(
    ("shape", "names"), [([3, 32, 48], ["channels", "height", "width"]), ([3, 32, 48], list("chw"))]
)
def test_channels_may_come_first_in_the_metadata(root: Path, shape: list[int], names: list[str]) -> None:
    before = Dataset(root)
    camera = before.cameras[0]
    edit_info(root, lambda info: info["features"][camera].update(shape=shape, names=names))
    assert Dataset(root).features[camera].shape == (32, 48, 3)
    np.testing.assert_array_equal(Dataset(root).frames(camera), before.frames(camera))


@pytest.mark.parametrize("size", [1, 5, 100])
def test_an_episode_reads_the_same_however_its_rows_are_grouped(root: Path, size: int) -> None:
    before = [Dataset(root).episode(index) for index in range(2)]
    pq.write_table(pq.read_table(root / DATA), root / DATA, row_group_size=size)
    for index, columns in enumerate(before):
        after = Dataset(root).episode(index)
        assert list(after) == list(columns)
        for name, values in columns.items():
            np.testing.assert_array_equal(after[name], values)


def test_text_and_nested_columns_read_as_they_are(root: Path) -> None:
    grids = np.arange(13 * 6, dtype=np.float32).reshape(13, 2, 3)
    nested = pa.array(grids.tolist(), pa.list_(pa.list_(pa.float32())))
    add_column(root, "observation.nested", nested, {"dtype": "float32", "shape": [2, 3], "names": None})
    notes = [f"note {number}" for number in range(13)]
    add_column(root, "observation.note", pa.array(notes), {"dtype": "string", "shape": [1], "names": None})
    dataset = Dataset(root)
    np.testing.assert_array_equal(dataset.column("observation.nested"), grids)
    assert dataset.column("observation.note")[:, 0].tolist() == notes
    assert dataset.episode(1)["observation.note"][:, 0].tolist() == notes[6:]


def test_names_of_values_are_found_where_lerobot_puts_them(root: Path) -> None:
    names = {"motors": ["a", "b", "c"]}
    edit_info(root, lambda info: info["features"]["action"].update(names=names, info=None))
    assert Dataset(root).features["action"].names == ("a", "b", "c")


def test_a_frame_that_was_joined_a_tick_early_is_not_skipped(tmp_path: Path) -> None:
    frames = np.stack([np.full((16, 16, 3), 20 * n, np.uint8) for n in range(8)])
    path, early = tmp_path / "levels.mp4", tmp_path / "early.mp4"
    path.write_bytes(video.encode(frames, FPS))
    with av.open(str(path)) as source, av.open(str(early), "w") as sink:
        stream = sink.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.time_base = Fraction(1, 1000 * FPS)
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            packet.stream, packet.time_base = stream, stream.time_base
            packet.pts = packet.dts = 1000 * number - (number >= 4)
            sink.mux(packet)
    decoded = np.zeros((2, 16, 16, 3), np.uint8)
    video.decode(early, 4, FPS, decoded)
    assert np.abs(decoded.astype(int) - frames[4:6]).max() < 10


def test_rows_are_counted_within_each_file(tmp_path: Path) -> None:
    record(MakePlay(), range(3), tmp_path, fps=FPS)
    dataset = Dataset(record(MakePlay(), range(5), tmp_path, fps=FPS))
    assert (tmp_path / Place(0, 1).path(layout.DATA)).exists()
    for row in dataset.episodes:
        values = dataset.episode(row.index)["action"]
        np.testing.assert_array_equal(values, dataset.column("action")[row.start : row.stop])
