"""Replays, read back with Rerun's own reader: everything is there, on one time line, where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rerun.chunk import RrdReader

from millwright.core.episode import Episode
from millwright.core.errors import OptionError
from millwright.evaluation.replay import write_replay
from millwright.evaluation.scene_log import CONTACTS
from millwright.evaluation.scene_view import make_view
from millwright.geometry.cameras import Fisheye
from tests.evaluation.toy_view import ToyView
from tests.toys import SIZE, MakePlay, ReachEnv


def read(path: Path, entity: str, component: str) -> Iterator[tuple[int | None, Any]]:
    """(step, value) of a component, in order; step None for what does not change."""
    rows = []
    for chunk in RrdReader(path).stream():
        if chunk.entity_path == f"/{entity}":
            table = chunk.to_record_batch()
            if component in table.schema.names:
                rows += [(row.get("step"), row[component]) for row in table.to_pylist()]
    return iter(sorted(rows, key=lambda row: row[0] or 0))


@pytest.fixture(scope="module")
def episode() -> Episode:
    return MakePlay()()(3)


@pytest.fixture(scope="module")
def path(episode: Episode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("replay") / "episode.rrd"
    write_replay(episode, ToyView(), file, ReachEnv().features)
    return file


def test_every_step_is_on_both_time_lines(episode: Episode, path: Path) -> None:
    rows = []
    for chunk in RrdReader(path).stream():
        if chunk.entity_path == "/distance_mm":
            rows += chunk.to_record_batch().to_pylist()
    times = {row["step"]: row["time"].total_seconds() for row in rows}
    assert times == pytest.approx({step.index: step.time_s for step in episode.steps}, abs=1e-6)
    assert {name for chunk in RrdReader(path).stream() for name in chunk.timeline_names} == {"step", "time"}


def test_things_have_their_colours_and_their_poses_over_time(episode: Episode, path: Path) -> None:
    ((when, boxes),) = read(path, "world/scene/red/boxes", "Boxes3D:half_sizes")
    assert when is None
    assert np.allclose(boxes, [[0.05, 0.05, 0.02]])
    ((_, colors),) = read(path, "world/scene/red/boxes", "Boxes3D:colors")
    assert colors == [0xFF0000FF]
    ((_, corners),) = read(path, "world/scene/tool/mesh", "Mesh3D:vertex_positions")
    assert np.allclose(corners, np.eye(3))
    hands = [place for _, (place,) in read(path, "world/scene/tool", "Transform3D:translation")]
    assert np.allclose(hands, [step.facts.hand_pose[:3] for step in episode.steps], atol=1e-6)


def test_the_picture_is_what_the_policy_saw_in_a_camera_that_projects_as_its_lens(episode: Episode, path: Path) -> None:
    pictures = [np.frombuffer(bytes(data), np.uint8) for _, (data,) in read(path, "world/wrist/image", "Image:buffer")]
    seen = [step.observation["observation.images.wrist"] for step in episode.steps]
    assert all(np.array_equal(one, other.ravel()) for one, other in zip(pictures, seen, strict=True))
    (columns, *_) = [value for _, (value,) in read(path, "world/wrist/image", "Pinhole:image_from_camera")]
    matrix = np.array(columns).reshape(3, 3).T
    point = np.array([0.1, -0.2, 1.5])
    u, v = ToyView().lens("wrist").project(point)[0] * SIZE
    assert np.allclose((matrix @ point)[:2] / point[2], [u, v], atol=1e-4)


def test_cameras_that_the_policy_does_not_have_are_drawn(episode: Episode, tmp_path: Path) -> None:
    view = ToyView()
    write_replay(episode, view, tmp_path / "drawn.rrd")
    assert view.drawn == len(episode)
    assert len([*read(tmp_path / "drawn.rrd", "world/overhead/image", "EncodedImage:blob")]) == len(episode)


def test_a_fisheye_has_its_picture_but_no_pinhole(episode: Episode, tmp_path: Path) -> None:
    write_replay(episode, ToyView(Fisheye(320, 320, 155.0)), tmp_path / "fisheye.rrd")
    assert not [*read(tmp_path / "fisheye.rrd", "world/wrist/image", "Pinhole:image_from_camera")]
    assert len([*read(tmp_path / "fisheye.rrd", "world/wrist/image", "Image:buffer")]) == len(episode)


def test_the_prompt_box_lies_in_pixels_and_is_gone_while_it_is_out_of_view(episode: Episode, tmp_path: Path) -> None:
    hidden = {**episode.steps[1].observation, "observation.environment_state": np.zeros(6, np.float32)}
    steps = (episode.steps[0], replace(episode.steps[1], observation=hidden))
    write_replay(replace(episode, steps=steps), ToyView(), tmp_path / "box.rrd")
    rows = [centers for _, centers in read(tmp_path / "box.rrd", "world/wrist/image/prompt", "Boxes2D:centers")]
    box = episode.steps[0].observation["observation.environment_state"]
    assert np.allclose(rows[0], [(box[:2] + box[2:4]) / 2 * SIZE], atol=1e-4)
    assert rows[1] == []


def test_the_plan_is_a_line_of_where_the_hand_would_go(episode: Episode, path: Path) -> None:
    plans = [strip for _, (strip,) in read(path, "world/plan/line", "LineStrips3D:strips")]
    assert len(plans) == len(episode)
    for strip, step in zip(plans, episode.steps, strict=True):
        assert step.plan is not None
        assert np.allclose(strip, ToyView().find_hands(step.plan.actions)[:, :3], atol=1e-5)


def test_numbers_bear_the_names_of_their_columns(episode: Episode, path: Path) -> None:
    ((_, names),) = read(path, "observation/state", "SeriesLines:names")
    assert names == ["x", "y"]
    states = [value for _, value in read(path, "observation/state", "Scalars:scalars")]
    assert np.allclose(states, [step.observation["observation.state"] for step in episode.steps])
    actions = [value for _, value in read(path, "executed_action", "Scalars:scalars")]
    assert np.allclose(actions, [step.action for step in episode.steps])


def test_contacts_tell_which_pad_touches_what(episode: Episode, tmp_path: Path) -> None:
    touching = replace(episode.steps[0].facts, pad_contacts=np.array([[True, False]]), opening_m=0.04)
    write_replay(
        replace(episode, steps=(replace(episode.steps[0], facts=touching),)), ToyView(), tmp_path / "touch.rrd"
    )
    ((_, labels),) = read(tmp_path / "touch.rrd", "world/touch", "Points3D:labels")
    ((_, places),) = read(tmp_path / "touch.rrd", "world/touch", "Points3D:positions")
    assert labels == ["red"]
    assert np.allclose(places, [[0, 0.02, 0]])  # the left pad: half the opening along y
    ((_, names),) = read(tmp_path / "touch.rrd", "contacts", "SeriesLines:names")
    assert tuple(names) == CONTACTS
    ((_, values),) = read(tmp_path / "touch.rrd", "contacts", "Scalars:scalars")
    assert values == [1, 0, 0, 0]


def test_the_verdict_is_told_at_every_step_with_its_evidence(episode: Episode, path: Path) -> None:
    words = [text for _, (text,) in read(path, "verdict", "TextDocument:text")]
    assert len(words) == len(episode)
    assert words[0].startswith("# no success so far: timeout")
    assert words[-1].startswith("# success")
    assert "distance_m" in words[0]
    ((when, (about,)),) = read(path, "episode", "TextDocument:text")
    assert when is None
    assert "| seed | 3 |" in about


def test_the_viewer_is_told_how_to_lay_it_out(path: Path) -> None:
    (layout,) = RrdReader(path).blueprints()
    assert layout.application_id == "millwright"


def test_a_replay_that_breaks_off_leaves_no_file(episode: Episode, tmp_path: Path) -> None:
    class Broken(ToyView):
        def render(self, state: Any, camera: str) -> np.ndarray:
            raise RuntimeError("no light")

    with pytest.raises(RuntimeError, match="no light"):
        write_replay(episode, Broken(), tmp_path / "broken.rrd")
    assert not [*tmp_path.iterdir()]


def test_an_environment_that_lends_no_view_is_refused() -> None:
    with pytest.raises(OptionError, match="ReachEnv has no viewer_factory"):
        make_view(ReachEnv())


def test_depth_that_the_policy_saw_is_told_as_depth(episode: Episode, tmp_path: Path) -> None:
    depth = np.full((8, 8, 1), 0.4, np.float32)
    steps = [replace(s, observation={**s.observation, "observation.images.far": depth}) for s in episode.steps]
    write_replay(replace(episode, steps=tuple(steps)), ToyView(), tmp_path / "depth.rrd")
    assert len([*read(tmp_path / "depth.rrd", "world/far/image", "DepthImage:buffer")]) == len(steps)
