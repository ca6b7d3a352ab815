"""SceneLog: writes steps of an episode into a Rerun recording, the whole scene with them.

Entities: `world/scene/FRAME` what is there, `world/hand`, `world/plan`, `world/label` and `world/way` where the hand
is, wants to go, should go and has been, `world/touch` what the pads touch, `world/CAMERA/image` the pictures in their
cameras; `observation/..`, `action`, `executed_action`, `distance_mm`, `contacts`, `force_n` numbers; `verdict` words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import rerun as rr

from millwright.core.episode import Step
from millwright.core.facts import GraspFacts
from millwright.core.features import Features
from millwright.core.judging import Verdict
from millwright.evaluation.measures import PROMPT
from millwright.evaluation.scene_view import PICTURE, SceneView
from millwright.geometry.cameras import Camera, Pinhole
from millwright.geometry.poses import Floats, matrix_from_pose, pose_from_matrix
from millwright.geometry.solids import Box, Mesh, shade_flat

STEP, TIME = "step", "time"
"""Names of the two time lines: ticks, and seconds of simulated time."""
PLAN, LABEL, WAY, PROMPTED, TOUCH = (255, 196, 0), (64, 200, 255), (120, 120, 130), (0, 230, 80), (255, 60, 60)
CONTACTS = ("left pad on target", "right pad on target", "pads on another", "robot collides")
SERIES = [(47, 111, 221), (217, 65, 47), (31, 157, 91), (217, 138, 0), (138, 79, 211), (15, 143, 163), (90, 90, 90)]
JPEG_QUALITY = 85
FRUSTUM_M = 0.05


class SceneLog:
    """Logs steps, one after the other, to wherever the recording goes: a file, or a viewer that runs.

    Args:
        recording: a stream with its sink set.
        view: of the environment that is played.
        features: names of the columns of observations and actions, where they are known.
    """

    def __init__(self, recording: rr.RecordingStream, view: SceneView, features: Features | None = None) -> None:
        self._recording, self._view = recording, view
        self._features = features or Features()
        self._named: set[str] = set()
        self._frames: tuple[str, ...] = ()
        self._way: list[Floats] = []

    def log_scene(self, facts: Any) -> None:
        """What stays as it is in the episode that these facts are of: solids, in frames that every step places."""
        solids = self._view.find_solids(self._view.state_of(facts))
        self._frames = tuple(dict.fromkeys(solid.frame for solid in solids))
        self._log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        self._log("world/hand", rr.TransformAxes3D(0.04), static=True)
        boxes, meshes = defaultdict(list), defaultdict(list)
        for solid in solids:
            if isinstance(solid, Box):
                boxes[solid.frame].append(solid)
            elif isinstance(solid, Mesh):
                meshes[solid.frame].append(solid)
        for frame, parts in boxes.items():
            self._log(f"world/scene/{frame}/boxes", _make_boxes(parts), static=True)
        for frame, pieces in meshes.items():
            self._log(f"world/scene/{frame}/mesh", _make_mesh(pieces), static=True)

    def log_step(self, step: Step) -> None:
        """One tick: what was seen, known, intended and done, and what the judge thinks of it so far."""
        if step.index == 0:
            self._way = []
        self._recording.set_time(STEP, sequence=step.index)
        self._recording.set_time(TIME, duration=step.time_s)
        state = self._view.state_of(step.facts)
        poses = self._view.find_poses(state)
        for frame in self._frames:
            self._log(f"world/scene/{frame}", _make_transform(poses[frame]))
        self._log_pictures(step, state)
        self._log_plans(step)
        self._log_numbers(step)
        if isinstance(step.facts, GraspFacts):
            self._log_grasp(step.facts)
        self._log("verdict", rr.TextDocument(write_verdict(step.verdict), media_type=rr.MediaType.MARKDOWN))

    # ---------------------------------------------------------------- parts of a step

    def _log_pictures(self, step: Step, state: Floats) -> None:
        """What the policy saw, pixel by pixel, with the prompt's box; the other cameras' pictures are drawn."""
        seen = {name.removeprefix(PICTURE): value for name, value in step.observation.items() if PICTURE in name}
        for camera in dict.fromkeys((*self._view.cameras, *seen)):
            if camera in self._view.cameras:
                lens, pose = self._view.lens(camera), self._view.find_camera(state, camera)
                picture = seen[camera] if camera in seen else self._view.render(state, camera)
                self._log(f"world/{camera}", _make_transform(pose_from_matrix(pose)))
                if isinstance(lens, Pinhole):  # Rerun knows no fisheye: its picture is shown without rays
                    self._log(f"world/{camera}/image", _make_pinhole(lens, picture))
            else:
                picture = seen[camera]
            if picture.shape[-1] == 1:
                self._log(f"world/{camera}/image", rr.DepthImage(picture[..., 0], meter=1.0))
                continue
            image = rr.Image(picture) if camera in seen else rr.Image(picture).compress(JPEG_QUALITY)
            self._log(f"world/{camera}/image", image)
        for camera in [*seen][:1]:  # the prompt is in the first picture observed
            self._log(f"world/{camera}/image/prompt", _make_prompt(step.observation.get(PROMPT), seen[camera]))

    def _log_plans(self, step: Step) -> None:
        planned = None if step.plan is None else step.plan.actions
        labelled = None if step.label is None else step.label.plan
        for name, actions, color in (("plan", planned, PLAN), ("label", labelled, LABEL)):
            path = np.zeros((0, 3)) if actions is None else self._view.find_hands(actions)[:, :3]
            self._log(f"world/{name}/line", rr.LineStrips3D([path] if len(path) else [], colors=[color], radii=0.0015))
            self._log(f"world/{name}/targets", rr.Points3D(path, colors=[color], radii=0.003))

    def _log_numbers(self, step: Step) -> None:
        for name, value in step.observation.items():
            if isinstance(value, np.ndarray) and value.ndim == 1:
                self._log_series(name, value)
        self._log_series("executed_action", step.action)
        if step.label is not None:
            self._log_series("action", step.label.action)
        if "distance_m" in step.verdict.evidence:
            self._log("distance_mm", rr.Scalars([1e3 * float(step.verdict.evidence["distance_m"])]))

    def _log_grasp(self, facts: GraspFacts) -> None:
        hand = matrix_from_pose(facts.hand_pose)
        self._log("world/hand", _make_transform(facts.hand_pose))
        self._way.append(facts.hand_pose[:3])
        self._log("world/way", rr.LineStrips3D([np.array(self._way)], colors=[WAY], radii=0.001))
        pads = hand[:3, 3] + np.outer([0.5, -0.5], facts.opening_m * hand[:3, 1])  # left, right
        touches = [(pads[pad], facts.names[index]) for index, pad in np.argwhere(facts.pad_contacts)]
        where, what = [place for place, _ in touches], [name for _, name in touches]
        self._log("world/touch", rr.Points3D(where, labels=what, colors=[TOUCH], radii=0.006))
        left, right = facts.pad_contacts[facts.target]
        another = np.delete(facts.pad_contacts, facts.target, axis=0).any()
        self._log_series("contacts", np.array([left, right, another, facts.robot_collision]), CONTACTS)
        self._log("force_n", rr.Scalars([facts.max_contact_force_n]))

    def _log_series(self, name: str, values: Any, columns: tuple[str, ...] = ()) -> None:
        entity = name.replace(".", "/")
        feature = self._features.get("action" if name == "executed_action" else name)
        columns = columns or (feature.names if feature else ())
        if columns and entity not in self._named:
            self._log(entity, rr.SeriesLines(names=list(columns), colors=SERIES[: len(columns)]), static=True)
            self._named.add(entity)
        self._log(entity, rr.Scalars(np.asarray(values, dtype=np.float64)))

    def _log(self, entity: str, value: rr.AsComponents, static: bool = False) -> None:
        self._recording.log(entity, value, static=static, strict=True)


def write_verdict(verdict: Verdict) -> str:
    """A verdict as Markdown: what it would be if the episode ended now, and what that rests on."""
    head = "success" if verdict.success else f"no success so far: {verdict.failure}"
    return f"# {head}\n\n{write_table(verdict.evidence)}"


def write_table(rows: Mapping[str, Any]) -> str:
    """Names and values as a table in Markdown."""
    lines = [f"| {name} | {'–' if value is None else value} |" for name, value in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines])


def _make_transform(pose: Floats) -> rr.Transform3D:
    w, x, y, z = pose[3:]
    return rr.Transform3D(translation=pose[:3], quaternion=rr.Quaternion(xyzw=[x, y, z, w]))


def _make_pinhole(lens: Camera, picture: Any) -> rr.Pinhole:
    height, width = picture.shape[:2]
    assert isinstance(lens, Pinhole)
    return rr.Pinhole(
        focal_length=lens.focal * height, width=width, height=height, image_plane_distance=FRUSTUM_M,
        camera_xyz=rr.ViewCoordinates.RDF,
    )  # fmt: skip


def _make_prompt(box: Any, picture: Any) -> rr.Boxes2D:
    """The box in pixels; none while it is not in view."""
    if box is None or len(box) < 5 or not box[4]:
        return rr.Boxes2D(mins=np.zeros((0, 2)), sizes=np.zeros((0, 2)))
    size = np.array([picture.shape[1], picture.shape[0]])
    low, high = box[:2] * size, box[2:4] * size
    return rr.Boxes2D(mins=[low], sizes=[high - low], colors=[PROMPTED])


def _make_boxes(boxes: list[Box]) -> rr.Boxes3D:
    return rr.Boxes3D(
        centers=[box.pose_in_frame[:3] for box in boxes],
        half_sizes=[box.half_sizes for box in boxes],
        quaternions=[rr.Quaternion(xyzw=np.roll(box.pose_in_frame[3:], -1)) for box in boxes],
        colors=[_to_bytes(box.color) for box in boxes],
        fill_mode=rr.components.FillMode.Solid,
    )


def _make_mesh(meshes: list[Mesh]) -> rr.Mesh3D:
    """All of them as one, flat shaded."""
    corners, normals, colors = [], [], []
    for mesh in meshes:
        points, directions = shade_flat(mesh.vertices, mesh.faces)
        pose = matrix_from_pose(mesh.pose_in_frame)
        corners.append(points @ pose[:3, :3].T + pose[:3, 3])
        normals.append(directions @ pose[:3, :3].T)
        colors.append(np.tile(_to_bytes(mesh.color), (len(points), 1)))
    return rr.Mesh3D(
        vertex_positions=np.concatenate(corners).astype(np.float32),
        vertex_normals=np.concatenate(normals).astype(np.float32),
        vertex_colors=np.concatenate(colors),
    )


def _to_bytes(color: tuple[float, float, float]) -> Any:
    return np.round(255 * np.array(color)).astype(np.uint8)
