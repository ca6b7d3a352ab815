"""write_replay: an episode as a file for the Rerun viewer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rerun as rr
import rerun.blueprint as rrb

from millwright.core.episode import Episode
from millwright.core.features import Features, Observation
from millwright.evaluation.scene_log import TIME, SceneLog, write_table
from millwright.evaluation.scene_view import PICTURE, SceneView

APPLICATION = "millwright"
PLANS = ("world/plan/**", "world/label/**")
"""Drawn into the pictures too."""
EYE, LOOK_TARGET = (1.2, -0.65, 0.65), (0.42, 0.0, 0.15)
"""From where the scene is seen at first, m in the base frame."""


def write_replay(episode: Episode, view: SceneView, path: Path, features: Features | None = None) -> None:
    """Write an episode as an `.rrd`, whole or not at all.

    Args:
        episode: played or recorded; its steps hold facts.
        view: of its environment.
        features: names of the columns of observations and actions, where they are known.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        with rr.RecordingStream(APPLICATION, recording_id=path.stem) as recording:
            recording.set_log_tick_enabled(False)
            recording.set_log_time_enabled(False)
            recording.save(draft, default_blueprint=make_layout(view, episode.steps[0].observation))
            recording.send_recording_name(path.stem)
            about = rr.TextDocument(describe_episode(episode), media_type=rr.MediaType.MARKDOWN)
            recording.log("episode", about, static=True, strict=True)
            log = SceneLog(recording, view, features)
            log.log_scene(episode.steps[0].facts)
            for step in episode.steps:
                log.log_step(step)
            recording.disconnect()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def describe_episode(episode: Episode) -> str:
    """What was played, by whom, and how it ended, as Markdown."""
    ended = "success" if episode.verdict.success else str(episode.verdict.failure)
    rows: Mapping[str, Any] = {
        "task": episode.task,
        "seed": episode.seed,
        **episode.provenance,
        "steps": len(episode),
        "time": f"{episode.duration_s:.2f} s",
        **{name: f"{value:.4g}" for name, value in episode.metrics.items()},
    }
    return f"# {ended}\n\n{write_table(rows)}"


def make_layout(view: SceneView, observation: Observation) -> rrb.Blueprint:
    """What the viewer shows at first: the scene, the pictures, the numbers and the verdict."""
    seen = [name.removeprefix(PICTURE) for name in observation if name.startswith(PICTURE)]
    pictures = [
        rrb.Spatial2DView(name=camera, origin=f"world/{camera}/image", contents=["$origin/**", *PLANS])
        for camera in dict.fromkeys((*seen, *view.cameras))
    ]
    numbers: list[rrb.View | rrb.Container] = [
        _plot("distance to the target, mm", "distance_mm"),
        _plot("contacts", "contacts"),
        _plot("largest contact force, N", "force_n"),
        rrb.Tabs(_plot("state", "observation/state"), _plot("action", "executed_action"), _plot("label", "action")),
    ]
    words = rrb.Tabs(
        rrb.TextDocumentView(name="verdict", origin="verdict"), rrb.TextDocumentView(name="episode", origin="episode")
    )
    eye = rrb.EyeControls3D(position=EYE, look_target=LOOK_TARGET)
    scene = rrb.Spatial3DView(name="scene", origin="world", eye_controls=eye)
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(scene, words, row_shares=[3, 1]),
            rrb.Vertical(*pictures),
            rrb.Vertical(*numbers),
            column_shares=[5, 3, 4],
        ),
        rrb.TimePanel(timeline=TIME, state="collapsed"),
        collapse_panels=True,
    )


def _plot(name: str, origin: str) -> rrb.TimeSeriesView:
    return rrb.TimeSeriesView(name=name, origin=origin, plot_legend=rrb.PlotLegend(corner=rrb.Corner2D.RightTop))
