"""Rigid poses: unit quaternions are wxyz, `pose_a_in_b` is (7,) xyz + wxyz, matrices are 4x4 homogeneous."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def matrix_from_quaternion(quaternion: ArrayLike) -> Floats:
    """Rotation matrix (3, 3) of a unit quaternion (4,) wxyz."""
    w, x, y, z = (float(v) for v in np.asarray(quaternion, dtype=np.float64))
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_matrix(matrix: ArrayLike) -> Floats:
    """Unit quaternion (4,) wxyz, w >= 0, of a rotation matrix (3, 3). Shepperd's method: the largest pivot."""
    m = np.asarray(matrix, dtype=np.float64)
    diagonal = np.array([m[0, 0] + m[1, 1] + m[2, 2], m[0, 0], m[1, 1], m[2, 2]])
    pivot = int(np.argmax(diagonal))
    if pivot == 0:
        q = np.array([1 + diagonal[0], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    else:
        i = pivot - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.empty(4)
        q[0] = m[k, j] - m[j, k]
        q[1 + i] = 1 + m[i, i] - m[j, j] - m[k, k]
        q[1 + j] = m[j, i] + m[i, j]
        q[1 + k] = m[k, i] + m[i, k]
    q /= np.linalg.norm(q)
    return -q if q[0] < 0 else q


def compose_quaternions(a: ArrayLike, b: ArrayLike) -> Floats:
    """Hamilton product a * b of quaternions (4,) wxyz: first rotate by b, then by a."""
    aw, ax, ay, az = (float(v) for v in np.asarray(a))
    bw, bx, by, bz = (float(v) for v in np.asarray(b))
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


def quaternion_from_yaw(yaw: float) -> Floats:
    """Rotation by `yaw` rad about the vertical axis, (4,) wxyz."""
    return np.array([math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)])


def yaw_from_quaternion(quaternion: ArrayLike) -> float:
    """Heading of the rotated x axis in the horizontal plane, rad in (-pi, pi]."""
    w, x, y, z = (float(v) for v in np.asarray(quaternion))
    return math.atan2(2 * (x * y + z * w), 1 - 2 * (y * y + z * z))


def quaternion_of_hand(yaw: float) -> Floats:
    """A hand that points straight down (its z axis) with its x axis at heading `yaw` rad, (4,) wxyz."""
    return np.array([0.0, math.cos(yaw / 2), math.sin(yaw / 2), 0.0])


def wrap_angle(angle: float, period: float = 2 * math.pi) -> float:
    """`angle` moved by whole periods into [-period / 2, period / 2), rad."""
    return (angle + period / 2) % period - period / 2


def matrix_from_pose(pose: ArrayLike) -> Floats:
    """Homogeneous matrix (4, 4) of a pose (7,) xyz + wxyz."""
    values = np.asarray(pose, dtype=np.float64)
    matrix = np.eye(4)
    matrix[:3, :3] = matrix_from_quaternion(values[3:])
    matrix[:3, 3] = values[:3]
    return matrix


def pose_from_matrix(matrix: ArrayLike) -> Floats:
    """Pose (7,) xyz + wxyz of a homogeneous matrix (4, 4)."""
    m = np.asarray(matrix, dtype=np.float64)
    return np.concatenate([m[:3, 3], quaternion_from_matrix(m[:3, :3])])


def invert_matrix(matrix: Floats) -> Floats:
    """Inverse of a rigid transform (4, 4)."""
    inverse = np.eye(4)
    inverse[:3, :3] = matrix[:3, :3].T
    inverse[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return inverse


def rotation_vector(matrix: Floats) -> Floats:
    """Axis times angle (3,) rad of a rotation matrix (3, 3); the angle is in [0, pi]."""
    w, *axis = quaternion_from_matrix(matrix)
    vector = np.array(axis)
    sine = float(np.linalg.norm(vector))
    return 2 * vector if sine < 1e-9 else vector / sine * (2 * math.atan2(sine, w))
