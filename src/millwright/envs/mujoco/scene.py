"""Parts of MuJoCo scenes: the world with its table, the UR5e, the parallel gripper, cameras."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from millwright.geometry.poses import Floats, quaternion_from_matrix
from millwright.robots import ur5e
from millwright.robots.jaws import (
    KNUCKLE_M,
    KNUCKLE_THICKNESS_M,
    PAD_HALF_WIDTH_M,
    PAD_THICKNESS_M,
    ROOT_HALF_WIDTH_M,
    ROOT_M,
    ROOT_THICKNESS_M,
    TIP_M,
    TIP_THICKNESS_M,
)

BOX, CAPSULE, CYLINDER, MESH, PLANE = (
    mujoco.mjtGeom.mjGEOM_BOX,
    mujoco.mjtGeom.mjGEOM_CAPSULE,
    mujoco.mjtGeom.mjGEOM_CYLINDER,
    mujoco.mjtGeom.mjGEOM_MESH,
    mujoco.mjtGeom.mjGEOM_PLANE,
)
GROUP_PLAIN, GROUP_HANDSOME, GROUP_COLLISION = 0, 1, 3
"""Drawn for policies and people; drawn for people only; drawn for nobody."""

SERVO_FREQUENCY_RAD_S = 80.0
SERVO_INERTIA: Floats = np.array([1.5, 2.5, 1.1, 0.18, 0.15, 0.12])
"""Joint-space inertia around the work pose (kg m^2, armature included): what makes the servos critically damped."""
ARMATURE: Floats = np.array([0.2, 0.2, 0.2, 0.1, 0.1, 0.1])

RIGID_SOLREF, RIGID_SOLIMP = (0.0085, 1.0), (0.99, 0.999, 0.001, 0.5, 2.0)
"""Contacts that do not give: MuJoCo's default lets a pressed fingertip sink millimetres into a light part."""
PAD_FRICTION = (1.5, 0.02, 0.0001)
PAD_SOLREF, PAD_SOLIMP = (0.0085, 1.0), (0.95, 0.995, 0.001, 0.5, 2.0)
PAD_HALF_HEIGHT_M, LIP_RECESS_M = 0.0075, 0.0003
"""The lip at the tip lies that far behind the pad."""
FINGER_FORCE_N = 15.0


def make_world(timestep_s: float) -> mujoco.MjSpec:
    """An empty world with light and the solver settings under which small parts stay in the jaws."""
    spec = mujoco.MjSpec()
    option = spec.option
    option.timestep = timestep_s
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10.0
    option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    spec.compiler.degree = False
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    spec.visual.map.znear = 0.01
    spec.visual.quality.shadowsize = 2048
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 14, 4
    spec.stat.extent, spec.stat.center = 1.0, [0.4, 0, 0.2]
    light = spec.worldbody.add_light(name="lamp", pos=[0.9, 0.7, 1.8], dir=[-0.3, -0.4, -1.0])
    light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    light.diffuse, light.specular = [0.55, 0.55, 0.52], [0.2, 0.2, 0.2]
    return spec


def add_table(spec: mujoco.MjSpec, center: Sequence[float], half: Sequence[float], rgba: Sequence[float]) -> None:
    """A table whose top is the plane z = 0 (`center`, `half`: x, y in m), on a floor."""
    body = spec.worldbody.add_body(name="table", pos=[*center, -0.02])
    top = body.add_geom(name="table", type=BOX, size=[*half, 0.02], rgba=[*rgba], friction=[0.8, 0.005, 0.0001])
    make_rigid(top)
    floor = spec.worldbody.add_geom(name="floor", type=PLANE, size=[4, 4, 0.1], pos=[0, 0, -0.75])
    floor.rgba, floor.group, floor.contype, floor.conaffinity = [0.5, 0.53, 0.57, 1], GROUP_HANDSOME, 0, 0


def make_rigid(geom: mujoco.MjsGeom) -> None:
    """Its contacts with other rigid geoms do not give."""
    geom.solref, geom.solimp = RIGID_SOLREF, RIGID_SOLIMP


_LINK_COLORS = {
    "blue": (0.42, 0.62, 0.75, 1),
    "black": (0.1, 0.1, 0.11, 1),
    "grey": (0.3, 0.31, 0.33, 1),
    "light": (0.84, 0.85, 0.86, 1),
}
_LINK_LOOKS = {
    "base": (("base_vis_0", "black"), ("base_vis_1", "grey")),
    "shoulder_link": (("shoulder_vis_0", "blue"), ("shoulder_vis_1", "black"), ("shoulder_vis_2", "grey")),
    "upper_arm_link": (
        ("upperarm_vis_0", "light"),
        ("upperarm_vis_1", "black"),
        ("upperarm_vis_2", "grey"),
        ("upperarm_vis_3", "blue"),
    ),
    "forearm_link": (
        ("forearm_vis_0", "blue"),
        ("forearm_vis_1", "light"),
        ("forearm_vis_2", "black"),
        ("forearm_vis_3", "grey"),
    ),
    "wrist_1_link": (("wrist1_vis_0", "black"), ("wrist1_vis_1", "blue"), ("wrist1_vis_2", "grey")),
    "wrist_2_link": (("wrist2_vis_0", "black"), ("wrist2_vis_1", "blue"), ("wrist2_vis_2", "grey")),
    "wrist_3_link": (("wrist3_vis", "light"),),
}
_INERTIAS = {  # mass kg, centre m, principal inertia kg m^2: as in robosuite's model of the arm
    "shoulder_link": (3.7, (0, 0, 0), (0.0103, 0.0103, 0.0067)),
    "upper_arm_link": (8.393, (0, 0, 0.2125), (0.1339, 0.1339, 0.0151)),
    "forearm_link": (2.275, (0, 0, 0.196), (0.0312, 0.0312, 0.0041)),
    "wrist_1_link": (1.219, (0, 0.127, 0), (0.0026, 0.0026, 0.0022)),
    "wrist_2_link": (1.219, (0, 0, 0.1), (0.0026, 0.0026, 0.0022)),
    "wrist_3_link": (0.1889, (0, 0.0772, 0), (0.00013, 0.0001, 0.0001)),
}
_CAPSULES = {  # what the links collide with: from, to, radius (m)
    "upper_arm_link": ((0, 0, 0), (0, 0, 0.425), 0.055),
    "forearm_link": ((0, 0, 0), (0, 0, 0.392), 0.042),
    "wrist_2_link": ((0, -0.02, 0.1), (0, 0.02, 0.1), 0.038),
}


def add_ur5e(spec: mujoco.MjSpec) -> mujoco.MjsBody:
    """The arm at the world's origin with one position servo a joint; returns the flange body."""
    body = spec.worldbody.add_body(name="base")
    _dress(spec, body, "base")
    for joint, inertia, armature, torque in zip(
        ur5e.JOINTS, SERVO_INERTIA, ARMATURE, ur5e.TORQUE_LIMITS_N_M, strict=True
    ):
        body = body.add_body(name=joint.body, pos=joint.pose_in_parent[:3], quat=joint.pose_in_parent[3:], gravcomp=1.0)
        body.mass, body.ipos, body.inertia = _INERTIAS[joint.body]
        body.explicitinertial = True
        limits = ur5e.POSITION_LIMITS_RAD[ur5e.JOINT_NAMES.index(joint.name)]
        body.add_joint(name=joint.name, axis=joint.axis, limited=True, range=limits, armature=armature)
        _dress(spec, body, joint.body)
        servo = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        stiffness, damping = SERVO_FREQUENCY_RAD_S**2 * inertia, 2 * SERVO_FREQUENCY_RAD_S * inertia
        servo.set_to_position(kp=stiffness, kv=damping)
        servo.forcelimited, servo.forcerange = True, [-torque, torque]
    pose = ur5e.POSE_FLANGE_IN_WRIST_3
    return body.add_body(name="flange", pos=pose[:3], quat=pose[3:], gravcomp=1.0)


def _dress(spec: mujoco.MjSpec, body: mujoco.MjsBody, link: str) -> None:
    for mesh, color in _LINK_LOOKS[link]:
        spec.add_mesh(name=mesh, file=str(ur5e.ASSETS / f"{mesh}.stl"))
        geom = body.add_geom(type=MESH, meshname=mesh, rgba=_LINK_COLORS[color], group=GROUP_HANDSOME, mass=0)
        geom.contype = geom.conaffinity = 0
    if link in _CAPSULES:
        start, end, radius = _CAPSULES[link]
        geom = body.add_geom(name=f"{link}_hull", type=CAPSULE, fromto=[*start, *end], size=[radius, 0, 0], mass=0)
        geom.group = GROUP_COLLISION


@dataclass(frozen=True)
class WristCamera:
    """Where the wrist camera sits in the hand frame: beside the tool axis, leaning towards it."""

    beside_m: float = 0.07
    above_m: float = 0.12
    lean_deg: float = 10.0

    def pose_in_hand(self) -> Floats:
        """Pose (4, 4) of the camera (graphics frame: x right, y up, -z forward) in the hand frame."""
        lean = math.radians(self.lean_deg)
        forward = np.array([-math.sin(lean), 0.0, math.cos(lean)])
        right = np.array([0.0, 1.0, 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(-forward, right), -forward], axis=1)
        pose[:3, 3] = [self.beside_m, 0.0, -self.above_m]
        return pose


def add_gripper(spec: mujoco.MjSpec, flange: mujoco.MjsBody, camera: WristCamera, fov_y_deg: float) -> None:
    """Parallel jaws with wedge fingers on one axis (like the UMI gripper), their servo, and the wrist camera."""
    tip = ur5e.FINGERTIP_OFFSET_M
    grey, dark = [0.32, 0.33, 0.35, 1], [0.12, 0.12, 0.13, 1]
    palm = flange.add_body(name="palm", gravcomp=1.0)
    palm.add_geom(
        name="palm", type=BOX, size=[0.03, 0.045, 0.03], pos=[0, 0, 0.045], rgba=grey, mass=0.5, group=GROUP_COLLISION
    )
    for size, pos, color in (
        ([0.032, 0.047, 0.02], [0, 0, 0.03], dark),
        ([0.026, 0.06, 0.011], [0, 0, 0.064], grey),
        ([0.02, 0.02, 0.014], [0.052, 0, 0.05], dark),
    ):
        geom = palm.add_geom(type=BOX, size=size, pos=pos, rgba=color, mass=0, group=GROUP_HANDSOME)
        geom.contype = geom.conaffinity = 0
    _add_wedge_mesh(spec)
    _add_finger(palm, "left", [1, 0, 0, 0])
    _add_finger(palm, "right", [0, 0, 0, 1])
    equality = spec.add_equality(name="jaws", type=mujoco.mjtEq.mjEQ_JOINT, name1="right_finger", name2="left_finger")
    equality.data[:2], equality.objtype = [0.0, 1.0], mujoco.mjtObj.mjOBJ_JOINT
    servo = spec.add_actuator(name="gripper", target="left_finger", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    servo.set_to_position(kp=1500.0, kv=60.0)
    servo.forcelimited, servo.forcerange = True, [-FINGER_FORCE_N, FINGER_FORCE_N]
    hand = palm.add_site(name="hand", pos=[0, 0, tip], group=4)
    pose = camera.pose_in_hand()
    palm.add_camera(
        name="wrist", pos=pose[:3, 3] + [0, 0, tip], quat=quaternion_from_matrix(pose[:3, :3]), fovy=fov_y_deg
    )
    spec.add_sensor(
        name="force", type=mujoco.mjtSensor.mjSENS_FORCE, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=hand.name
    )
    spec.add_sensor(
        name="torque", type=mujoco.mjtSensor.mjSENS_TORQUE, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=hand.name
    )


def _add_finger(palm: mujoco.MjsBody, side: str, quaternion: Sequence[float]) -> None:
    """A wedge that slides along y, a soft pad on its inner face and a rigid lip below it that meets things first."""
    dark, orange = [0.12, 0.12, 0.13, 1], [0.93, 0.45, 0.1, 1]
    finger = palm.add_body(name=f"{side}_finger", pos=[0, 0, ur5e.FINGERTIP_OFFSET_M], quat=quaternion, gravcomp=1.0)
    finger.add_joint(
        name=f"{side}_finger", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 1, 0], limited=True,
        range=[-0.001, ur5e.MAX_OPENING_M / 2 + 0.001], damping=5.0, armature=0.05,
    )  # fmt: skip
    make_rigid(finger.add_geom(name=f"{side}_wedge", type=MESH, meshname="wedge", rgba=orange, mass=0.05))
    depth = (TIP_THICKNESS_M - LIP_RECESS_M) / 2
    lip = finger.add_geom(name=f"{side}_lip", type=BOX, rgba=orange, mass=0.005)
    lip.size, lip.pos = [PAD_HALF_WIDTH_M, depth, 0.0015], [0, TIP_THICKNESS_M - depth, TIP_M - 0.0015]
    make_rigid(lip)
    pad = finger.add_geom(name=f"{side}_pad", type=BOX, rgba=dark, mass=0.01)
    pad.size = [PAD_HALF_WIDTH_M, PAD_THICKNESS_M / 2, PAD_HALF_HEIGHT_M]
    pad.pos = [0, PAD_THICKNESS_M / 2, TIP_M - 0.003 - PAD_HALF_HEIGHT_M]
    pad.friction, pad.condim, pad.priority = PAD_FRICTION, 4, 1
    pad.solref, pad.solimp = PAD_SOLREF, PAD_SOLIMP


def _add_wedge_mesh(spec: mujoco.MjSpec) -> None:
    """A finger: thin at the tip so that it fits between neighbours, thick at the root; its inner face is flat."""
    inner, width = PAD_THICKNESS_M, PAD_HALF_WIDTH_M
    sections = (
        (TIP_M, inner, TIP_THICKNESS_M, width),
        (KNUCKLE_M, inner, KNUCKLE_THICKNESS_M, width),
        (ROOT_M, inner, ROOT_THICKNESS_M, ROOT_HALF_WIDTH_M),
    )
    points = [(x, y, z) for z, inner, outer, half in sections for x in (-half, half) for y in (inner, outer)]
    spec.add_mesh(name="wedge", uservert=np.array(points).ravel())


def add_look_at_camera(
    spec: mujoco.MjSpec, name: str, position: Sequence[float], target: Sequence[float], fov_y_deg: float
) -> None:
    """A fixed camera at `position` that looks at `target` (m), its image upright."""
    backward = np.array(position) - np.array(target)
    backward /= np.linalg.norm(backward)
    right = np.cross([0.0, 0.0, 1.0], backward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(backward, right), backward], axis=1)
    spec.worldbody.add_camera(name=name, pos=position, quat=quaternion_from_matrix(rotation), fovy=fov_y_deg)
