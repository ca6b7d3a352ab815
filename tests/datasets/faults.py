"""Faults to plant into the clean dataset of `clean.py`: five episodes of 24 frames, `splits` train 0:4 and test 4:5."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from millwright.datasets import layout
from millwright.datasets.recording import write_recording
from tests.datasets import clean
from tests.datasets.clean import DEPTH, FRAMES
from tests.datasets.editing import (
    DATA,
    EPISODES,
    VIDEO,
    edit_column,
    edit_frames,
    edit_info,
    edit_json,
    edit_rows,
    edit_table,
    retime,
    truncate,
)  # fmt: skip
from tests.datasets.players import CAMERA, FPS

SECOND, FRAME = 2, 7
AT = SECOND * FRAMES + FRAME


@dataclass(frozen=True)
class Planted:
    """A fault, how it gets in, and where it must be found."""

    code: str
    plant: Callable[[Path], object]
    episode: int | None = None
    frame: int | None = None
    file: str | None = None
    also: frozenset[str] = frozenset()
    """Codes of what follows from it."""
    mended: bool = True
    """A fixed copy has it no more, and no other fault instead."""


def at(values: np.ndarray, new: object) -> None:
    values[AT] = new


def whole(values: np.ndarray, new: object) -> None:
    values[SECOND * FRAMES : (SECOND + 1) * FRAMES] = new


def drop_metadata(root: Path) -> None:
    table = pq.read_table(root / layout.TASKS)
    pq.write_table(table.replace_schema_metadata(None), root / layout.TASKS)


def lose_texts(root: Path) -> None:
    pq.write_table(pq.read_table(root / layout.TASKS).select(["task_index"]), root / layout.TASKS)


def gap_in_tasks(table: pa.Table) -> pa.Table:
    return table.set_column(0, "task_index", pa.array([0, 1, 3]))


def null_task(root: Path) -> None:
    def change(table: pa.Table) -> pa.Table:
        values = table["task_index"].to_pylist()
        values[AT] = None
        return table.set_column(table.column_names.index("task_index"), "task_index", pa.array(values, pa.int64()))

    edit_table(root, DATA, change)


def widen_action(table: pa.Table) -> pa.Table:
    column = table["action"].combine_chunks().cast(pa.list_(pa.float64(), 3))
    return table.set_column(table.column_names.index("action"), "action", column)


def damage(path: Path) -> None:
    """Overwrite the middle of what the frames are stored in."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 2000
    content[start : start + 3000] = bytes(range(250)) * 12
    path.write_bytes(content)


def blur(frames: np.ndarray) -> None:
    frame = frames[AT].astype(float)
    for _ in range(12):
        frame = sum(np.roll(frame, shift, axis) for shift in (-1, 0, 1) for axis in (0, 1)) / 6
    frames[AT] = frame


def freeze(frames: np.ndarray) -> None:
    frames[AT : AT + 12] = frames[AT - 1]


def blacken(frames: np.ndarray) -> None:
    frames[AT : AT + 3] = 0


def repeat(root: Path, episode: int) -> None:
    """Make `episode` frame by frame the same as episode 0."""
    for name in pq.read_schema(root / DATA).names:
        if name not in ("timestamp", "frame_index", "episode_index", "index", "task_index"):
            edit_column(
                root, name, lambda v: v.__setitem__(slice(episode * FRAMES, (episode + 1) * FRAMES), v[:FRAMES])
            )
    for name in ("task_index",):
        edit_column(root, name, lambda v: v.__setitem__(slice(episode * FRAMES, (episode + 1) * FRAMES), v[:FRAMES]))
    keys = ("tasks", "success", "failure")
    edit_rows(root, lambda rows: rows[episode].update({key: rows[0][key] for key in keys}))


def rename_task(root: Path, text: str) -> None:
    """Let the instruction of the episodes 2 (green) be `text`."""
    edit_table(root, layout.TASKS, lambda t: t.set_column(1, "task", pa.array([*t["task"].to_pylist()[:2], text])))
    edit_rows(root, lambda rows: rows[2].update(tasks=[text]))


def shift_span(rows: list[dict], by_s: float) -> None:
    for end in ("from", "to"):
        rows[SECOND][f"videos/{CAMERA}/{end}_timestamp"] += by_s


def spread_image(stats: dict) -> None:
    stats[CAMERA] = {key: (np.array(value) * 255).tolist() for key, value in stats[CAMERA].items()}


def copy_state(root: Path) -> None:
    state: list[np.ndarray] = []
    edit_column(root, "observation.state", lambda values: state.append(values.copy()))
    edit_column(root, "action", lambda values: values.__setitem__(slice(None), state[0]))


def add_damaged_picture(root: Path) -> None:
    """Pictures in the rows of the data, one of them with another byte in its middle."""
    rng, rows = np.random.default_rng(0), []
    for number in range(5 * FRAMES):
        sink = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(sink, "PNG")
        content = bytearray(sink.getvalue())
        if number == AT:
            content[len(content) // 2] ^= 16
        rows.append({"bytes": bytes(content), "path": None})
    row = {"dtype": "image", "shape": [6, 8, 3], "names": ["height", "width", "channels"]}
    edit_info(root, lambda info: info["features"].update({"observation.images.table": row}))
    edit_table(root, DATA, lambda table: table.append_column("observation.images.table", pa.array(rows)))


FAULTS: dict[str, Planted] = {
    "info.json is gone": Planted("MW101", lambda r: (r / layout.INFO).unlink(), mended=False),
    "info.json is half": Planted("MW101", lambda r: truncate(r / layout.INFO), mended=False),
    "an older layout": Planted(
        "MW101", lambda r: edit_info(r, lambda i: i.update(codebase_version="v2.1")), mended=False
    ),
    "a key of info.json is missing": Planted(
        "MW102", lambda r: edit_info(r, lambda i: i.pop("splits")), file=layout.INFO
    ),
    "frames are counted wrongly": Planted(
        "MW103", lambda r: edit_info(r, lambda i: i.update(total_frames=7)), file=layout.INFO
    ),
    "tasks.parquet is gone": Planted("MW104", lambda r: (r / layout.TASKS).unlink(), file=layout.TASKS),
    "the text is no index": Planted("MW104", drop_metadata, file=layout.TASKS),
    "the texts are lost": Planted("MW104", lose_texts, file=layout.TASKS),
    "a gap in the task indices": Planted(
        "MW105", lambda r: edit_table(r, layout.TASKS, gap_in_tasks), file=layout.TASKS, also=frozenset({"MW208"})
    ),
    "a gap in the episodes' numbers": Planted(
        "MW106",
        lambda r: edit_rows(r, lambda rows: [row.update(episode_index=n + (n > 1)) for n, row in enumerate(rows)]),
        2,
    ),
    "an episode begins elsewhere": Planted(
        "MW107", lambda r: edit_rows(r, lambda rows: rows[SECOND].update(dataset_from_index=40)), SECOND
    ),
    "a task that is in no table": Planted(
        "MW108",
        lambda r: edit_rows(r, lambda rows: rows[SECOND].update(tasks=["pick up the green brick, please"])),
        SECOND,
    ),
    "a data file without its footer": Planted("MW109", lambda r: truncate(r / DATA), file=DATA, mended=False),
    "a table of episodes without its footer": Planted(
        "MW109",
        lambda r: truncate(r / EPISODES),
        file=EPISODES,
        also=frozenset({"MW103", "MW111", "MW112"}),
        mended=False,
    ),
    "a data file is gone": Planted("MW110", lambda r: (r / DATA).unlink(), 0, file=DATA, mended=False),
    "a video is gone": Planted("MW110", lambda r: (r / VIDEO).unlink(), 0, file=VIDEO, mended=False),
    "a file too many": Planted(
        "MW111",
        lambda r: shutil.copy(r / DATA, r / "data/chunk-000/file-007.parquet"),
        file="data/chunk-000/file-007.parquet",
    ),
    "splits overlap": Planted(
        "MW112", lambda r: edit_info(r, lambda i: i.update(splits={"train": "0:4", "test": "3:5"})), 3, file=layout.INFO
    ),
    "a split beyond the end": Planted(
        "MW112", lambda r: edit_info(r, lambda i: i.update(splits={"train": "0:9"})), file=layout.INFO
    ),
    "a recorder was killed": Planted("MW113", lambda r: write_recording(clean.make_episode(9), r, FPS, clean.FEATURES)),
    "a column too many": Planted(
        "MW201", lambda r: edit_table(r, DATA, lambda t: t.append_column("mood", t["next.reward"])), file=DATA
    ),
    "a column is missing": Planted(
        "MW202", lambda r: edit_table(r, DATA, lambda t: t.drop_columns(["executed_action"])), file=DATA, mended=False
    ),
    "a column of another type": Planted("MW203", lambda r: edit_table(r, DATA, widen_action), file=DATA, mended=False),
    "a timestamp off the grid": Planted(
        "MW204", lambda r: edit_column(r, "timestamp", lambda v: at(v, 0.48)), SECOND, FRAME, DATA
    ),
    "a frame is counted twice": Planted(
        "MW205", lambda r: edit_column(r, "frame_index", lambda v: at(v, 6)), SECOND, FRAME, DATA
    ),
    "the index leaps": Planted("MW206", lambda r: edit_column(r, "index", lambda v: at(v, 999)), SECOND, FRAME, DATA),
    "a frame of another episode": Planted(
        "MW207", lambda r: edit_column(r, "episode_index", lambda v: at(v, 3)), SECOND, FRAME, DATA
    ),
    "a task index is missing": Planted(
        "MW208", null_task, SECOND, FRAME, DATA, also=frozenset({"MW403", "MW404", "MW405"})
    ),
    "another task's index": Planted(
        "MW208", lambda r: edit_column(r, "task_index", lambda v: at(v, 0)), SECOND, FRAME, DATA
    ),
    "rows are lost": Planted(
        "MW209",
        lambda r: edit_table(r, DATA, lambda t: t.slice(0, 100)),
        file=DATA,
        also=frozenset({"MW403", "MW404", "MW405"}),
    ),
    "an action that is no number": Planted(
        "MW210", lambda r: edit_column(r, "action", lambda v: at(v, np.nan)), SECOND, FRAME, DATA
    ),
    "a video without its index": Planted("MW301", lambda r: truncate(r / VIDEO), 0, file=VIDEO, mended=False),
    "a video damaged in the middle": Planted("MW301", lambda r: damage(r / VIDEO), file=VIDEO, mended=False),
    "a variable frame rate": Planted("MW302", lambda r: retime(r, lambda n: n + (n > AT)), SECOND, FRAME + 1, VIDEO),
    "a video that ends early": Planted("MW303", lambda r: edit_frames(r, lambda f: f[: 4 * FRAMES + 3]), 4, 3, VIDEO),
    "a span that is off by a millisecond": Planted(
        "MW304", lambda r: edit_rows(r, lambda rows: shift_span(rows, 0.001)), SECOND, file=VIDEO
    ),
    "a span that is off by a frame": Planted(
        "MW304", lambda r: edit_rows(r, lambda rows: shift_span(rows, 1 / FPS)), SECOND, file=VIDEO
    ),
    "a video of another size": Planted(
        "MW305", lambda r: edit_frames(r, lambda f: f[:, :24]), file=VIDEO, also=frozenset({"MW404"}), mended=False
    ),
    "a picture with another byte": Planted(
        "MW306", add_damaged_picture, SECOND, FRAME, DATA, also=frozenset({"MW402"})
    ),
    "black frames": Planted("MW311", lambda r: edit_frames(r, blacken), SECOND, FRAME, VIDEO, mended=False),
    "frozen frames": Planted("MW312", lambda r: edit_frames(r, freeze), SECOND, FRAME, VIDEO, mended=False),
    "a blurred frame": Planted("MW313", lambda r: edit_frames(r, blur), SECOND, FRAME, VIDEO, mended=False),
    "depth that is mostly invalid": Planted(
        "MW314",
        lambda r: edit_column(r, DEPTH, lambda v: v[AT].__setitem__(slice(9), 0)),
        SECOND,
        FRAME,
        DATA,
        mended=False,
    ),
    "stats.json is gone": Planted("MW401", lambda r: (r / layout.STATS).unlink(), file=layout.STATS),
    "a feature without statistics": Planted(
        "MW402", lambda r: edit_json(r, layout.STATS, lambda s: s.pop("action")), file=layout.STATS
    ),
    "a count of other frames": Planted(
        "MW403", lambda r: edit_json(r, layout.STATS, lambda s: s["action"].update(count=[7])), file=layout.STATS
    ),
    "a mean of other frames": Planted(
        "MW404",
        lambda r: edit_json(r, layout.STATS, lambda s: s["action"]["mean"].__setitem__(1, 0.2)),
        file=layout.STATS,
    ),
    "a median of other frames": Planted(
        "MW405",
        lambda r: edit_json(r, layout.STATS, lambda s: s["action"]["q50"].__setitem__(1, 0.3)),
        file=layout.STATS,
    ),
    "statistics of pictures in 0 to 255": Planted(
        "MW404", lambda r: edit_json(r, layout.STATS, spread_image), file=layout.STATS, also=frozenset({"MW403"})
    ),
    "a joint that was not recorded": Planted(
        "MW501", lambda r: edit_column(r, "action", lambda v: v[:, 1].fill(0.5)), mended=False
    ),
    "an episode that stands still": Planted(
        "MW502", lambda r: edit_column(r, "action", lambda v: whole(v, 0.1)), SECOND, 0, DATA, mended=False
    ),
    "an action out of its range": Planted(
        "MW503",
        lambda r: edit_column(r, "action", lambda v: whole(v, v[SECOND * FRAMES : (SECOND + 1) * FRAMES] + 3)),
        SECOND,
        0,
        DATA,
        mended=False,
    ),
    "an action that jumps": Planted(
        "MW504",
        lambda r: edit_column(r, "action", lambda v: v[AT].__setitem__(1, -0.99)),
        SECOND,
        FRAME,
        DATA,
        mended=False,
    ),
    "the state logged as action": Planted("MW505", copy_state, mended=False),
    "no instruction": Planted("MW601", lambda r: rename_task(r, " "), SECOND, mended=False),
    "an object that is not there": Planted(
        "MW602", lambda r: rename_task(r, "pick up the purple brick"), SECOND, mended=False
    ),
    "another object than the target": Planted(
        "MW603",
        lambda r: (
            edit_column(r, "facts.target", lambda v: whole(v, 0)),
            edit_rows(r, lambda rows: rows[SECOND].update(success=False, failure="low")),
        ),
        SECOND,
        mended=False,
    ),
    "a verdict that the judge contradicts": Planted(
        "MW604", lambda r: edit_rows(r, lambda rows: rows[0].update(success=True, failure=None)), 0, mended=False
    ),
    "an episode in two splits": Planted("MW605", lambda r: repeat(r, 4), 4),
    "an episode twice": Planted("MW606", lambda r: repeat(r, 3), 3),
    "a success with a failure": Planted(
        "MW607", lambda r: edit_rows(r, lambda rows: rows[1].update(failure="low")), 1, mended=False
    ),
}
