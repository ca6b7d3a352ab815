"""SceneView: what an environment lends to those who draw its scenes."""

from __future__ import annotations

from typing import Any, Protocol, cast

from numpy.typing import ArrayLike, NDArray

from millwright.core.errors import OptionError
from millwright.geometry.cameras import Camera
from millwright.geometry.poses import Floats
from millwright.geometry.solids import Solid

PICTURE = "observation.images."
"""What the names of observed pictures begin with; the camera's name follows."""


class SceneView(Protocol):
    """Draws scenes from a state alone; `viewer_factory()` of an environment makes one.

    A camera that the policy looks through bears the name of its picture, `wrist` for `observation.images.wrist`.
    """

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras."""

    def find_solids(self, state: ArrayLike) -> tuple[Solid, ...]:
        """Everything that is to be seen, in the frames of `find_poses`: what it looks like stays so for an episode."""

    def lens(self, camera: str) -> Camera:
        """How a camera projects."""

    def render(self, state: ArrayLike, camera: str) -> NDArray[Any]:
        """The picture, RGB uint8 (height, width, 3)."""

    def project(self, state: ArrayLike, camera: str, points: ArrayLike) -> Floats:
        """Base-frame points (n, 3) m as fractions (n, 2) of the picture; NaN behind the camera."""

    def find_poses(self, state: ArrayLike) -> dict[str, Floats]:
        """Pose (7,) xyz m + wxyz of every frame in the base frame."""

    def find_camera(self, state: ArrayLike, camera: str) -> Floats:
        """Pose (4, 4) of a camera's optical frame in the base frame."""

    def state_of(self, facts: Any) -> Floats:
        """The state of the scene that facts tell of."""

    def find_hands(self, actions: ArrayLike) -> Floats:
        """Poses (n, 7) of the hand, xyz m + wxyz, if it did these actions (n, dof)."""

    def close(self) -> None:
        """Free what draws."""


def make_view(env: Any) -> SceneView:
    """What draws an environment's scenes.

    Raises:
        OptionError: it lends nothing that could.
    """
    bare = env.unwrapped
    if not hasattr(bare, "viewer_factory"):
        raise OptionError(f"{type(bare).__name__} has no viewer_factory(), so its scenes cannot be drawn")
    return cast(SceneView, bare.viewer_factory()())
