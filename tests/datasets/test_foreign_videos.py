"""Cut out of other tools' videos, depth stays depth, and frames that refer to later ones keep their order."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, editing, record, validate
from millwright.datasets.editing import parse_numbers
from millwright.datasets.importing.conversion import import_dataset
from millwright.datasets.importing.source import Wishes
from millwright.datasets.video import Encoding
from tests.datasets.editing import edit_info, edit_rows
from tests.datasets.players import CAMERA, FPS, MakePlay
from tests.datasets.test_cameras import DEPTH_INFO, EXTRA, add_pictures, make_pictures

LENGTHS = (6, 7, 8)
VIDEO = "videos/{}/chunk-000/file-000.mp4"
DEPTH = "observation.images.depth"
SECOND_ON = Wishes(drop=parse_numbers("0"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three episodes, of 6, 7 and 8 frames."""
    return record(MakePlay(), range(3), tmp_path / "data", fps=FPS)


def join_reordered(codes: np.ndarray, codec: str, pixels: str, options: dict[str, str], whole: bool) -> bytes:
    """As LeRobot writes it: each episode encoded by itself, with frames that refer to later ones, then joined."""
    sink = io.BytesIO()
    lengths = (sum(LENGTHS),) if whole else LENGTHS
    with av.open(sink, "w", format="mp4") as joined:
        stream, before = None, 0
        for length in lengths:
            part = io.BytesIO()
            with av.open(part, "w", format="mp4") as container:
                made = container.add_stream(codec, rate=FPS, options=options)
                made.height, made.width, made.pix_fmt = *codes.shape[1:3], pixels
                for plane in codes[before : before + length]:
                    frame = av.VideoFrame.from_ndarray(plane, format="gray12le" if codes.ndim == 3 else "rgb24")
                    container.mux(made.encode(frame))
                container.mux(made.encode(None))
            with av.open(io.BytesIO(part.getvalue())) as source:
                video = source.streams.video[0]
                stream = stream or joined.add_stream_from_template(video, opaque=True)
                shift = round(before / FPS / video.time_base)
                for packet in source.demux(video):
                    if packet.size:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        joined.mux(packet)
            before += length
    return sink.getvalue()


def add_depth(root: Path, whole: bool = False) -> np.ndarray:
    """Depth in a video beside the camera; its codes."""
    codes = (np.arange(21 * 32 * 48) * 7 % 4096).reshape(21, 32, 48).astype(np.uint16)
    options = {"x265-params": "lossless=1:log-level=error:bframes=2:b-adapt=0:open-gop=0", "g": "30"}
    path = root / VIDEO.format(DEPTH)
    path.parent.mkdir(parents=True)
    path.write_bytes(join_reordered(codes, "libx265", "gray12le", options, whole))
    row = {"dtype": "video", "shape": [32, 48, 1], "names": ["height", "width", "channels"], "info": DEPTH_INFO}
    edit_info(root, lambda info: info["features"].update({DEPTH: row}))
    _place_episodes(root, DEPTH)
    return codes


def _place_episodes(root: Path, camera: str) -> None:
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    ends = np.cumsum(LENGTHS) / FPS
    columns = {"chunk_index": [0] * 3, "file_index": [0] * 3, "from_timestamp": [0.0, *ends[:-1]], "to_timestamp": ends}
    for name, values in columns.items():
        table = table.append_column(f"videos/{camera}/{name}", pa.array(values))
    pq.write_table(table, path)


def test_depth_is_cut_without_loss_and_its_statistics_are_metres(root: Path, tmp_path: Path) -> None:
    add_depth(root)
    depth = Dataset(root).frames(DEPTH)
    assert "videos as they were" in import_dataset(root, tmp_path / "out", wishes=SECOND_ON)[0]
    out = Dataset(tmp_path / "out")
    np.testing.assert_array_equal(out.frames(DEPTH), depth[6:])
    np.testing.assert_array_equal(out.film(1, DEPTH), depth[13:])
    assert out.stats[DEPTH].mean.shape == (1, 1, 1)
    sample = np.concatenate([out.film(index, DEPTH)[::4, ::2, ::2].ravel() for index in range(2)]).astype(np.float64)
    assert out.stats[DEPTH].mean.item() == pytest.approx(sample.mean())
    assert out.stats[DEPTH].q90.item() == pytest.approx(np.quantile(sample, 0.9))
    assert not [finding for finding in validate(tmp_path / "out") if DEPTH in str(finding)]


def test_depth_stays_as_it_is_where_colours_are_encoded_anew(root: Path, tmp_path: Path) -> None:
    add_depth(root)
    editing.encode_anew(root, tmp_path / "out", Encoding(crf=40))
    np.testing.assert_array_equal(Dataset(tmp_path / "out").frames(DEPTH), Dataset(root).frames(DEPTH))
    features = json.loads((tmp_path / "out/meta/info.json").read_text())["features"]
    assert features[DEPTH]["info"] == DEPTH_INFO
    assert features[CAMERA]["info"]["video.crf"] == 40
    editing.drop_features(root, tmp_path / "less", [CAMERA])
    with pytest.raises(DatasetError, match="no videos in colour"):
        editing.encode_anew(tmp_path / "less", tmp_path / "x", Encoding())


def test_depth_that_cannot_be_cut_is_refused(root: Path, tmp_path: Path) -> None:
    add_depth(root, whole=True)
    with pytest.raises(DatasetError, match=r"depth of frames 6 to 12 cannot be cut out.*leave the camera out"):
        import_dataset(root, tmp_path / "out", wishes=SECOND_ON)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("whole", [False, True])
def test_frames_that_refer_to_later_ones_are_cut_or_said_to_be_encoded_anew(
    root: Path, tmp_path: Path, whole: bool
) -> None:
    frames = np.stack([np.full((32, 48, 3), 30 + 9 * number, np.uint8) for number in range(21)])
    options = {"g": "30", "x264-params": "scenecut=0:b-adapt=0:bframes=2:b-pyramid=0"}
    content = join_reordered(frames, "libx264", "yuv420p", options, whole)
    (root / VIDEO.format(CAMERA)).write_bytes(content)
    with av.open(io.BytesIO(content)) as source:
        times = [packet.pts for packet in source.demux(video=0) if packet.size]
    assert times != sorted(times)
    edit_rows(root, lambda rows: [row.pop(f"levels/{CAMERA}", None) for row in rows])
    before = Dataset(root).frames(CAMERA)
    notes = import_dataset(root, tmp_path / "out", wishes=SECOND_ON)
    told = editing.select(root, tmp_path / "some", lambda entry: entry.position > 0)
    assert told[1] == f"videos of episodes: {0 if whole else 2} copied as they were, {2 if whole else 0} encoded anew"
    after = Dataset(tmp_path / "out").frames(CAMERA)
    if whole:
        assert "2 videos of episodes encoded anew" in notes[1]
        assert np.abs(after.astype(int) - before[6:]).max() <= 4
    else:
        assert notes == ["rows and videos as they were; counts and statistics made anew"]
        np.testing.assert_array_equal(after, before[6:])


def test_pictures_in_parquet_files_have_statistics(root: Path, tmp_path: Path) -> None:
    pictures = make_pictures(21)
    add_pictures(root, pictures, "PNG")
    editing.drop_features(root, tmp_path / "out", [CAMERA])
    out = Dataset(tmp_path / "out")
    sample = np.concatenate([out.film(index, EXTRA)[::4, ::2, ::2].reshape(-1, 3) for index in range(3)]) / 255
    np.testing.assert_allclose(out.stats[EXTRA].mean.ravel(), sample.mean(0))
    np.testing.assert_allclose(out.stats[EXTRA].q90.ravel(), np.quantile(sample, 0.9, axis=0))
    assert out.stats[EXTRA].count.item() == 21
    assert not [finding for finding in validate(tmp_path / "out") if finding.code == "MW402"]
