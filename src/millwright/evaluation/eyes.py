"""Control arms that ask whether a policy uses its eyes: the picture is replaced, all else is left."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Episode
from millwright.core.errors import FeatureError, MillwrightError
from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Policy, Privileged

Film = NDArray[np.uint8]  # (time, height, width, 3)
CAMERA = "observation.images.wrist"


class Blindfold(Policy):
    """A policy whose pictures come from elsewhere. It never forwards facts.

    Raises:
        MillwrightError: the policy is privileged; it sees the truth, so its eyes cannot be tested.
    """

    arm = "blindfold"

    def __init__(self, policy: Policy, camera: str = CAMERA) -> None:
        if isinstance(policy, Privileged):
            raise MillwrightError(f"{policy.name} is privileged: it sees the truth, so its eyes cannot be tested")
        self._policy, self._camera = policy, camera
        self.name = f"{policy.name} ({self.arm})"

    def reset(self, seed: int) -> None:
        self._policy.reset(seed)

    def act(self, observation: Observation) -> Action:
        if self._camera not in observation:
            raise FeatureError(f"no image {self._camera!r}; observed: {', '.join(observation)}")
        picture = self._replace(observation[self._camera])
        return self._policy.act({**observation, self._camera: picture})

    @abstractmethod
    def _replace(self, image: Film) -> Film:
        """The picture to see instead of `image`, of the same shape."""

    @property
    def plan(self) -> Chunk | None:
        return self._policy.plan

    def close(self) -> None:
        self._policy.close()


class GreyEyes(Blindfold):
    """Sees a constant grey of brightness 128. Out of distribution: also train a policy on grey images."""

    arm = "grey image"

    def _replace(self, image: Film) -> Film:
        return np.full_like(image, 128)


class OtherEyes(Blindfold):
    """Sees, tick by tick, the film of another scene; its last picture stays when it is over.

    Args:
        films: seed of a scene -> what the camera saw there, (time, height, width, 3) uint8. Which one is
            shown is drawn from the episode's seed, never the scene of that seed itself.

    Raises:
        MillwrightError: the policy is privileged, or fewer than two films are given.
    """

    arm = "another scene's image"

    def __init__(self, policy: Policy, films: Mapping[int, Film], camera: str = CAMERA) -> None:
        super().__init__(policy, camera)
        if len(films) < 2:
            raise MillwrightError(f"another scene's image needs films of at least two scenes, got {len(films)}")
        self._films, self._tick = dict(films), 0

    def reset(self, seed: int) -> None:
        super().reset(seed)
        others = sorted(scene for scene in self._films if scene != seed)
        self._film = self._films[others[np.random.default_rng(seed).integers(len(others))]]
        self._tick = 0

    def _replace(self, image: Film) -> Film:
        picture: Film = self._film[min(self._tick, len(self._film) - 1)]
        self._tick += 1
        if picture.shape != image.shape:
            raise FeatureError(f"{self._camera} has shape {image.shape}, the other scene's film {picture.shape}")
        return picture


def collect_films(play: Callable[[int], Episode], seeds: Sequence[int], camera: str = CAMERA) -> dict[int, Film]:
    """Play `seeds` and return what the camera saw in each, for `OtherEyes`. Use seeds that are not evaluated."""
    return {seed: np.stack([step.observation[camera] for step in play(seed).steps]) for seed in seeds}
